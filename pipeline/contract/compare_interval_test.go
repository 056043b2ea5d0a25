package contract

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/linecook-ml/linecook/pipeline/document"
)

// drawRule draws a rule that counts rows, with any operator.
func drawRule(t *rapid.T, label string) Rule {
	r := Rule{Metric: MetricRowCount}
	x := rapid.Float64Range(-2, 12).Draw(t, label)
	if rapid.Bool().Draw(t, label+" whole") {
		x = float64(int(x))
	}
	low := x
	switch rapid.IntRange(0, 7).Draw(t, label+" operator") {
	case 0:
		r.MustBe = document.Plain(number(x))
	case 1:
		r.MustNotBe = document.Plain(number(x))
	case 2:
		r.MustBeGreaterThan = &low
	case 3:
		r.MustBeGreaterOrEqualTo = &low
	case 4:
		r.MustBeLessThan = &low
	case 5:
		r.MustBeLessOrEqualTo = &low
	case 6:
		r.MustBeBetween = []float64{x, x + rapid.Float64Range(0.1, 5).Draw(t, label+" to")}
	case 7:
		r.MustNotBeBetween = []float64{x, x + rapid.Float64Range(0.1, 5).Draw(t, label+" to")}
	}
	return r
}

// Two rules that count rows are compared as if every number of rows were tried.
func TestOperatorsCompareByWhatTheyAllow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := drawRule(t, "before"), drawRule(t, "after")
		was, is, ok := allowedBoth(before, after)
		if !ok {
			t.Fatalf("%+v and %+v cannot be compared", before, after)
		}
		a, _ := operatorOf(&before)
		b, _ := operatorOf(&after)
		tightens, loosens := true, true
		for rows := range 40 {
			x := float64(rows)
			if b.holds(x) && !a.holds(x) {
				tightens = false
			}
			if a.holds(x) && !b.holds(x) {
				loosens = false
			}
		}
		if within(is, was) != tightens || within(was, is) != loosens {
			t.Fatalf("%s to %s: spans %v and %v, tightens %v, loosens %v", a, b, was, is, tightens, loosens)
		}
	})
}

// A share is any number up to 100, so that more than 0 and 1 or more differ
// there, and are the same where rows are counted.
func TestSharesAreNotWholeNumbers(t *testing.T) {
	zero, one := 0.0, 1.0
	above, least := Rule{Metric: MetricNullValues, MustBeGreaterThan: &zero}, Rule{Metric: MetricNullValues, MustBeGreaterOrEqualTo: &one}
	was, is, _ := allowedBoth(above, least)
	if !slices.Equal(was, is) {
		t.Errorf("counted: %v and %v", was, is)
	}
	above.Unit, least.Unit = "percent", "percent"
	was, is, _ = allowedBoth(above, least)
	if !within(is, was) || within(was, is) {
		t.Errorf("shared: %v and %v", was, is)
	}
}
