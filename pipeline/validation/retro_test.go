package validation_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/ledger"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/pipeline/validation"
)

const rules = `apiVersion: v3.1.0
kind: DataContract
id: flights
version: 1.0.0
status: active
schema:
  - name: flights
    properties:
      - {name: date, logicalType: date, required: true}
      - {name: distance, logicalType: integer, required: true, logicalTypeOptions: {maximum: 5000}}
      - {name: delay, logicalType: integer, required: true}
`

// flights are four days of flights: one too far on the 2nd, a missing distance on
// the 3rd; the 5th never arrived.
const flights = `date,distance,delay
2013-10-01,100,1
2013-10-02,9000,
2013-10-02,8000,
2013-10-03,,2
2013-10-04,300,
`

// world opens the flights under their contract.
func world(t *testing.T) (*pipeline.Config, pipeline.Contracts, *dataset.Session) {
	t.Helper()
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "flights.csv"), []byte(flights), 0o600); err != nil {
		t.Fatal(err)
	}
	// The delay becomes known after the flight, so no scoring run asked for it.
	c := &pipeline.Config{Name: "flights", Root: root, Sources: []pipeline.Source{{
		Name: "flights", Path: []string{"flights.csv"}, Partition: "date",
		KnownLater: []feature.Later{{Columns: []string{"delay"}}},
	}}}
	parsed, findings := contract.Parse("flights.odcs.yaml", []byte(rules))
	if parsed == nil {
		t.Fatal(findings)
	}
	session, opened, err := dataset.Open(context.Background(), dataset.Options{Root: root}, dataset.Spec{Name: "flights", Paths: []string{"flights.csv"}})
	if err != nil || len(opened) > 0 {
		t.Fatal(opened, err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return c, pipeline.Contracts{"flights": parsed}, session
}

func run(date string, attempt int, outcome ledger.Outcome, rows int64) ledger.Run {
	return ledger.Run{LogicalDate: date, Attempt: attempt, Outcome: outcome, Inputs: []ledger.Input{{Source: "flights", Rows: rows}}}
}

func TestReplayTellsWhatTheRulesWouldHaveStopped(t *testing.T) {
	c, contracts, session := world(t)
	runs := []ledger.Run{
		run("2013-10-01", 1, ledger.Scored, 1), run("2013-10-02", 1, ledger.Scored, 2), run("2013-10-03", 1, ledger.Stopped, 1),
		run("2013-10-04", 1, ledger.CarriedForward, 1), run("2013-10-05", 1, ledger.Stopped, 0), run("2013-10-06", 1, ledger.Scored, 7),
	}
	retro, err := validation.Replay(t.Context(), c, contracts, session, validation.Recorded([][]ledger.Run{runs}, 30))
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, f := range retro.Findings(report.Position{File: "pipeline.yaml", Line: 1}) {
		if f.Severity != report.Info {
			t.Errorf("%+v", f)
		}
		said = append(said, f.Position.String()+" "+f.Code+" "+f.Message)
	}
	want := []string{
		"flights.odcs.yaml:7:5 retro/would-stop this rule (contract/no-rows) would have stopped 1 of the last 6 days: 2013-10-05; 1 of them did not score their own data at the time either",
		"flights.odcs.yaml:10:58 retro/would-stop this rule (contract/required) would have stopped 1 of the last 6 days: 2013-10-03; 1 of them did not score their own data at the time either",
		"flights.odcs.yaml:10:94 retro/would-stop this rule (contract/range) would have stopped 1 of the last 6 days: 2013-10-02",
		"pipeline.yaml:1 retro/replayed of the last 6 days on record (2013-10-01 to 2013-10-06), 3 would stop under these contracts; 1 day stopped or carried forward then, and would pass: 2013-10-04; 1 day not replayable, the data are gone: 2013-10-06",
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
}

func TestReplayIsSilentWhereItKnowsNothing(t *testing.T) {
	c, contracts, session := world(t)
	retro, err := validation.Replay(t.Context(), c, contracts, session, nil)
	if err != nil || retro.Findings(report.Position{})[0].Code != "retro/no-runs" {
		t.Errorf("%+v, %v", retro, err)
	}
	// Without partitions one day cannot be told from another.
	c.Sources[0].Partition = ""
	retro, err = validation.Replay(t.Context(), c, contracts, session, []ledger.Run{run("2013-10-02", 1, ledger.Scored, 2)})
	if err != nil || len(retro.Rules) != 0 || retro.Days[0].Gone == "" || retro.Days[0].Stops {
		t.Errorf("%+v, %v", retro, err)
	}
}

func TestRecordedDays(t *testing.T) {
	staging := []ledger.Run{run("2013-10-01", 1, ledger.Stopped, 1), run("2013-10-02", 1, ledger.Scored, 1), run("2013-10-03", 1, ledger.Scored, 1)}
	prod := []ledger.Run{run("2013-10-02", 1, ledger.Scored, 1), run("2013-10-02", 2, ledger.Stopped, 1)}
	var got []string
	for _, r := range validation.Recorded([][]ledger.Run{staging, prod}, 2) {
		got = append(got, r.LogicalDate+" "+string(r.Outcome))
	}
	// Of a day the last stage counts, and of its attempts the last.
	if want := []string{"2013-10-02 stopped", "2013-10-03 scored"}; !cmp.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if n := len(validation.Recorded([][]ledger.Run{staging, prod}, 30)); n != 3 {
		t.Errorf("%d days", n)
	}
	if n := len(validation.Recorded(nil, 30)); n != 0 {
		t.Errorf("%d days of none", n)
	}
}

func TestListsSayHowMuchTheyLeaveOut(t *testing.T) {
	if got := validation.List(strings.Split(strings.Repeat("a ", 12), " ")[:12]); !strings.HasSuffix(got, " and 2 more") {
		t.Error(got)
	}
}
