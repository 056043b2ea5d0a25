package feature_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/linecook-ml/linecook/pipeline/feature"
)

// summary is a program that says, for every observation, which rows it was given
// and which of their late columns were filled in.
func summary(p feature.Program) (feature.Exit, error) {
	read := func(name string) ([][]string, error) {
		text, err := os.ReadFile(filepath.Join(p.Folder, name))
		if err != nil {
			return nil, err
		}
		return csv.NewReader(strings.NewReader(string(text))).ReadAll()
	}
	rows, err := read("inputs/events.csv")
	if err != nil {
		return feature.Exit{}, err
	}
	observations, err := read("observations.csv")
	if err != nil {
		return feature.Exit{}, err
	}
	given := []string{"given"}
	for _, row := range rows[1:] {
		given = append(given, seen(row[2], row[3] != "", row[4] != ""))
	}
	slices.Sort(given[1:])
	var out strings.Builder
	out.WriteString("__id,f\n")
	for _, row := range observations[1:] {
		fmt.Fprintf(&out, "%s,%s of %s\n", row[0], strings.Join(given, " "), row[2])
	}
	return feature.Exit{}, os.WriteFile(filepath.Join(p.Folder, "output.csv"), []byte(out.String()), 0o600)
}

func seen(id string, y, z bool) string { return fmt.Sprintf("%s:%t:%t", id, y, z) }

// For any tables, a command is given exactly the rows that the reference calls
// known at the first decision of the day, and of each the columns known by then.
func TestCommandsAreGivenWhatTheReferenceKnows(t *testing.T) {
	t.Parallel()
	s := session(t, 2)
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, 0)
		w.load(t, s)
		within := rapid.SampledFrom([]string{"30 minutes", "2 hours", "1 day"}).Draw(t, "within")
		ahead := rapid.SampledFrom([]string{"", "30 minutes", "2 hours"}).Draw(t, "ahead")
		input := feature.Input{Source: "events", Columns: []string{"id", "y", "z"}, Within: duration(within)}
		if ahead != "" {
			input.Ahead = duration(ahead)
		}
		plan := w.plan()
		plan.Definitions = []feature.Definition{{Name: "f", Type: feature.Categorical, Command: "own"}}
		plan.Commands = []feature.Command{{Name: "own", Run: []string{"own"}, Version: []string{"own"}, Observation: []string{"id"}, Reads: []feature.Input{input}}}
		plan.Programs = feature.Programs{Scratch: s.Scratch(), Start: func(_ context.Context, p feature.Program) (feature.Exit, error) {
			if strings.HasSuffix(p.Folder, "-version") {
				return feature.Exit{Said: "1"}, nil
			}
			return summary(p)
		}}
		got := build(t, s, plan, feature.Range{})
		first := map[int64]int64{}
		for _, o := range w.observations {
			if o.decided != nil {
				if at, found := first[o.day]; !found || *o.decided < at {
					first[o.day] = *o.decided
				}
			}
		}
		for row, o := range inOrder(w.observations) {
			var want any
			if o.decided != nil {
				at, given := first[o.day], []string{"given"}
				known := func(r *record, late string) bool {
					with := r.knownWith(late)
					return with != nil && *with <= at
				}
				for _, r := range w.events {
					event := r.eventTime()
					if event == nil || !known(r, "") || *event < at-int64(input.Within.Minutes()) || *event > at+int64(input.Ahead.Minutes()) {
						continue
					}
					given = append(given, seen(fmt.Sprint(r.id), r.y != nil && known(r, "y"), r.z != nil && known(r, "z")))
				}
				slices.Sort(given[1:])
				want = fmt.Sprintf("%s of %d", strings.Join(given, " "), o.id)
			}
			if have := cell(&got.Frame.Columns[0], row); !same(have, want) {
				t.Fatalf("observation %d: %v, want %v", o.id, have, want)
			}
		}
	})
}
