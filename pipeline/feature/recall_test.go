package feature_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/feature"
)

// A run that would be given the very bytes of an earlier one takes over its
// output; where fresh ones are asked for, every run is made.
func TestRunsOfTheSameBytesAreTakenOver(t *testing.T) {
	s := session(t, 2)
	var runs atomic.Int64
	remember := func(plan feature.Plan, fresh bool) string {
		plan.Programs = feature.Programs{Scratch: s.Scratch(), Known: filepath.Join(s.Scratch(), "known"), Fresh: fresh}
		plan.Programs.Start = func(_ context.Context, p feature.Program) (feature.Exit, error) {
			if len(p.Run) == 2 {
				return feature.Exit{Said: "own 1.0"}, nil
			}
			runs.Add(1)
			return echo(p)
		}
		return build(t, s, plan, feature.Range{}).Digest
	}
	without, changed, other := ordersPlan(), ordersPlan(), ordersPlan()
	without.Sources[1].Select = "SELECT * FROM (" + pricesSQL + ") WHERE price <> 1.5" // which no day has seen
	changed.Sources[1].Select = strings.Replace(pricesSQL, "2.5", "2.6", 1)            // which the second day has
	other.Commands[0].Carried[0].Text += "# another program\n"
	for _, c := range []struct {
		name  string
		plan  feature.Plan
		fresh bool
		runs  int64
	}{
		{"the first time", ordersPlan(), false, 3},
		{"again", ordersPlan(), false, 0},
		{"afresh", ordersPlan(), true, 3},
		{"without what no day has seen", without, false, 0},
		{"with another price", changed, false, 1},
		{"with another program", other, false, 3},
	} {
		runs.Store(0)
		digest := remember(c.plan, c.fresh)
		if runs.Load() != c.runs {
			t.Errorf("%s: %d runs, want %d", c.name, runs.Load(), c.runs)
		}
		if plain, _ := built(t, c.plan, feature.Range{}, echo); plain == nil || plain.Digest != digest {
			t.Errorf("%s: the features are others than without a memory", c.name)
		}
	}
}

// What was wrong once is run again.
func TestBrokenOutputsAreNotTakenOver(t *testing.T) {
	s := session(t, 1)
	plan := ordersPlan()
	right := false
	plan.Programs = feature.Programs{Scratch: s.Scratch(), Known: filepath.Join(s.Scratch(), "known"), Start: func(_ context.Context, p feature.Program) (feature.Exit, error) {
		if right {
			return writes("__id,weight,class\n1,1,x\n2,2,y\n")(p)
		}
		return writes("__id,weight,class\n1,1,x\n")(p)
	}}
	if _, err := plan.Build(t.Context(), s.DB(), feature.Day("2024-03-01")); err == nil {
		t.Fatal("a row is missing, and nobody minds")
	}
	right = true
	if _, err := plan.Build(t.Context(), s.DB(), feature.Day("2024-03-01")); err != nil {
		t.Fatal(err)
	}
}
