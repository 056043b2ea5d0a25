package reporttest_test

import (
	"slices"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/report/reporttest"
)

// How many texts every sink meets: the whole of the list, and those of our own
// that it does not have.
func TestTheNumbersOfTexts(t *testing.T) {
	listed := reporttest.Listed()
	if len(listed) != 515 {
		t.Errorf("%d texts are listed", len(listed))
	}
	own := slices.DeleteFunc(reporttest.Hostile(), func(text string) bool { return slices.Contains(listed, text) })
	if len(own) < 200 {
		t.Errorf("%d texts are our own", len(own))
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(listed)))
	all := reporttest.Naughty()
	t.Logf("%d texts: %d distinct ones of %d that are listed, and %d of our own", len(all), len(distinct), len(listed), len(own))
	if len(all) != len(distinct)+len(own) {
		t.Errorf("%d texts in all, and not %d and %d", len(all), len(distinct), len(own))
	}
}
