package registry

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/linecook-ml/linecook/pipeline/registry"
)

// Whatever the clocks said, who served at a moment is who registry.At names.
func TestServingsAgreeWithTheFold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var history []registry.Assignment
		for _, stage := range []string{"prod", "staging"} {
			for i := range rapid.IntRange(0, 5).Draw(t, "events") {
				hour := rapid.IntRange(0, 8).Draw(t, "hour")
				history = append(history, registry.Assignment{
					Name: "flights", Stage: stage, Sequence: i + 1, Version: fmt.Sprintf("1.%d.0", i), At: time.Unix(int64(hour)*3600, 0).UTC(),
				})
			}
		}
		at := time.Unix(int64(rapid.IntRange(-1, 20).Draw(t, "half an hour"))*1800, 0).UTC()
		for _, stage := range []string{"prod", "staging"} {
			want, served := registry.At(history, stage, at)
			var got []string
			for _, s := range servings(history) {
				if s.Stage == stage && !s.From.After(at) && (s.Until == nil || s.Until.After(at)) {
					got = append(got, s.Version)
				}
			}
			if served && (len(got) != 1 || got[0] != want.Version) || !served && len(got) > 0 {
				t.Fatalf("on %s at %s was %q, and it should be %q", stage, at, got, want.Version)
			}
		}
	})
}
