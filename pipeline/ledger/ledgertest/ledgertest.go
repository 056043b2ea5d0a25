// Package ledgertest is the one suite that every ledger.Store passes.
package ledgertest

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/ledger"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// Example returns a valid run for date, before it is appended.
func Example(date string) ledger.Run {
	digest, psi := canonical.DigestBytes([]byte(date)), 0.0123
	return ledger.Run{
		Pipeline:    "flight-delay",
		Stage:       "prod",
		LogicalDate: date,
		StartedAt:   time.Date(2013, 10, 1, 6, 0, 0, 123, time.UTC),
		Outcome:     ledger.Scored,
		Bundle:      ledger.Bundle{Name: "flight-delay", Version: "1.0.0", ID: digest},
		Inputs:      []ledger.Input{{Source: "flights", Fingerprint: digest, Rows: 900, Files: 1}},
		Findings: []report.Finding{{
			Code: "contract/late", Severity: report.Warning, Message: "late", Position: report.Position{File: "a.odcs.yaml", Line: 3},
			Count: 2, Samples: []string{"one", "two"},
		}},
		Output:   &ledger.Output{Path: "scores/date=" + date + "/scores.parquet", SHA256: digest, Rows: 900, Carried: 2, WithoutScore: 1, OldestDays: 1},
		Drift:    []ledger.Drift{{Feature: "dep_hour", Status: "measured", PSI: &psi, N: 900}, {Feature: "carrier", Status: "too few rows", N: 900}},
		Actor:    "scheduler",
		Commit:   "26665d9",
		Linecook: "0.1.0",
		// On a runner.
		WorkflowRun: "https://github.com/octo/flights/actions/runs/7/attempts/1",
	}
}

// Run runs the suite. store makes a new, empty store and returns how to open
// it; each call of that gives another handle, as another process would have.
func Run(t *testing.T, store func(t *testing.T) (open func() ledger.Store)) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, open func() ledger.Store)
	}{
		{"an empty ledger", testEmpty},
		{"a run comes back", testAppend},
		{"attempts and order", testOrder},
		{"what is not appended", testRefuses},
		{"several append at once", testRace},
		{"a cancelled context", testCancelled},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, store(t)) })
	}
}

func appended(t *testing.T, s ledger.Store, run ledger.Run) ledger.Run {
	t.Helper()
	got, err := s.Append(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func runs(t *testing.T, s ledger.Store) []ledger.Run {
	t.Helper()
	got, err := s.Runs(t.Context(), "flight-delay", "prod")
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func testEmpty(t *testing.T, open func() ledger.Store) {
	if got := runs(t, open()); len(got) != 0 {
		t.Errorf("it holds %v", got)
	}
	for _, key := range [][2]string{{"../x", "prod"}, {"flight-delay", ""}, {"flight-delay", "a/b"}} {
		if _, err := open().Runs(t.Context(), key[0], key[1]); err == nil {
			t.Errorf("%q passes for a pipeline and a stage", key)
		}
	}
}

func testAppend(t *testing.T, open func() ledger.Store) {
	want := Example("2013-10-01")
	in := want
	in.StartedAt = in.StartedAt.In(time.FixedZone("", 3600))
	got := appended(t, open(), in)
	want.ID, want.Attempt = got.ID, 1
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Append (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]ledger.Run{want}, runs(t, open())); diff != "" {
		t.Errorf("Runs (-want +got)\n%s", diff)
	}
	unnamed := want
	unnamed.ID = ""
	if id, err := canonical.Digest(unnamed); err != nil || id != want.ID {
		t.Errorf("the ID is %s and the digest %s, %v", want.ID, id, err)
	}

	// The least that a record can say.
	least := ledger.Run{
		Pipeline: "flight-delay", Stage: "prod", LogicalDate: "2013-10-02", StartedAt: want.StartedAt,
		Outcome: ledger.Stopped, Reason: "nothing is on the stage", Actor: "scheduler",
		Inputs: []ledger.Input{}, Findings: []report.Finding{},
	}
	got = appended(t, open(), least)
	back := runs(t, open())[1]
	if back.ID != got.ID || back.Outcome != ledger.Stopped || back.Output != nil || back.Bundle != (ledger.Bundle{}) {
		t.Errorf("%+v came back as %+v", got, back)
	}
}

func testOrder(t *testing.T, open func() ledger.Store) {
	s := open()
	for _, date := range []string{"2013-10-02", "2013-09-30", "2013-10-02", "2013-10-01", "2013-10-02"} {
		appended(t, s, Example(date))
	}
	other := Example("2013-10-02")
	other.Stage = "staging"
	if got := appended(t, s, other); got.Attempt != 1 {
		t.Errorf("the first run on another stage is attempt %d", got.Attempt)
	}
	type key struct {
		Date    string
		Attempt int
	}
	var got []key
	ids := map[string]bool{}
	for _, r := range runs(t, open()) {
		got = append(got, key{r.LogicalDate, r.Attempt})
		ids[r.ID] = true
	}
	want := []key{{"2013-09-30", 1}, {"2013-10-01", 1}, {"2013-10-02", 1}, {"2013-10-02", 2}, {"2013-10-02", 3}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if len(ids) != len(want) {
		t.Errorf("%d runs have %d ids", len(want), len(ids))
	}
}

func testRefuses(t *testing.T, open func() ledger.Store) {
	for _, c := range []struct {
		name    string
		change  func(r *ledger.Run)
		message string
	}{
		{"unknown outcome", func(r *ledger.Run) { r.Outcome = "ok" }, `outcome "ok" is unknown`},
		{"no outcome", func(r *ledger.Run) { r.Outcome = "" }, "unknown"},
		{"outcome in another case", func(r *ledger.Run) { r.Outcome = "Scored" }, "unknown"},
		{"scored without output", func(r *ledger.Run) { r.Output = nil }, "needs an output"},
		{"scored without bundle", func(r *ledger.Run) { r.Bundle = ledger.Bundle{} }, "a bundle"},
		{"carried forward without reason", func(r *ledger.Run) { r.Outcome = ledger.CarriedForward }, "a reason"},
		{"carried forward without output", func(r *ledger.Run) { r.Outcome, r.Reason, r.Output = ledger.CarriedForward, "why", nil }, "an output"},
		{"stopped with output", func(r *ledger.Run) { r.Outcome, r.Reason = ledger.Stopped, "why" }, "no output"},
		{"stopped without reason", func(r *ledger.Run) { r.Outcome, r.Output = ledger.Stopped, nil }, "a reason"},
		{"half a bundle", func(r *ledger.Run) { r.Bundle.ID = "" }, "bundle id"},
		{"a bundle's version with v", func(r *ledger.Run) { r.Bundle.Version = "v1.0.0" }, "version"},
		{"date that is none", func(r *ledger.Run) { r.LogicalDate = "2013-02-30" }, "2013-02-30"},
		{"date with a time", func(r *ledger.Run) { r.LogicalDate = "2013-10-01T00:00:00Z" }, "logical date"},
		{"date that leads out", func(r *ledger.Run) { r.LogicalDate = "../2013-10-01" }, "logical date"},
		{"no pipeline", func(r *ledger.Run) { r.Pipeline = "" }, "not a name"},
		{"stage that leads out", func(r *ledger.Run) { r.Stage = "../prod" }, "not a name"},
		{"no start", func(r *ledger.Run) { r.StartedAt = time.Time{} }, "when"},
		{"no actor", func(r *ledger.Run) { r.Actor = "" }, "who"},
		{"output without digest", func(r *ledger.Run) { r.Output = &ledger.Output{Path: "x"} }, "digest"},
		{"negative rows", func(r *ledger.Run) { r.Output.Rows = -1 }, "negative"},
		{"drift that is NaN", func(r *ledger.Run) { *r.Drift[0].PSI = math.NaN() }, "NaN"},
		{"drift that is infinite", func(r *ledger.Run) { *r.Drift[0].PSI = math.Inf(1) }, "Inf"},
		{"an attempt of its own", func(r *ledger.Run) { r.Attempt = 7 }, "assigns"},
		{"an id of its own", func(r *ledger.Run) { r.ID = "x" }, "assigns"},
		{"text that is not UTF-8", func(r *ledger.Run) { r.Findings[0].Message = "\xff" }, "UTF-8"},
	} {
		s := open()
		run := Example("2013-10-01")
		c.change(&run)
		if _, err := s.Append(t.Context(), run); err == nil || !strings.Contains(err.Error(), c.message) {
			t.Errorf("%s: got %v; want an error with %q", c.name, err, c.message)
		}
	}
	if got := runs(t, open()); len(got) != 0 {
		t.Errorf("refused, but appended: %v", got)
	}
}

func testRace(t *testing.T, open func() ledger.Store) {
	const n = 8
	got := make([]ledger.Run, n)
	errs := make([]error, n)
	var wait sync.WaitGroup
	for i := range n {
		s := open()
		wait.Go(func() { got[i], errs[i] = s.Append(t.Context(), Example("2013-10-01")) })
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	stored := runs(t, open())
	if len(stored) != n {
		t.Fatalf("of %d runs, %d were stored", n, len(stored))
	}
	for _, r := range got {
		if r.Attempt < 1 || r.Attempt > n || stored[r.Attempt-1].ID != r.ID {
			t.Errorf("attempt %d was returned and is not what is stored", r.Attempt)
		}
	}
}

func testCancelled(t *testing.T, open func() ledger.Store) {
	s := open()
	appended(t, s, Example("2013-10-01"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Append(ctx, Example("2013-10-02")); !errors.Is(err, context.Canceled) {
		t.Errorf("Append: %v", err)
	}
	if _, err := s.Runs(ctx, "flight-delay", "prod"); !errors.Is(err, context.Canceled) {
		t.Errorf("Runs: %v", err)
	}
	if got := runs(t, s); len(got) != 1 {
		t.Errorf("it holds %d runs", len(got))
	}
}
