package ledger_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/ledger"
	"github.com/linecook-ml/linecook/pipeline/ledger/ledgertest"
)

// A day whose data is broken may carry forward the scores of a day that was
// really scored, even if a later attempt for that day stopped, but not those of
// a day that carried forward itself.
func ExampleLastScoredOn() {
	runs := []ledger.Run{
		{LogicalDate: "2013-12-28", Attempt: 1, Outcome: ledger.Scored},
		{LogicalDate: "2013-12-28", Attempt: 2, Outcome: ledger.Stopped},
		{LogicalDate: "2013-12-29", Attempt: 1, Outcome: ledger.Stopped},
		{LogicalDate: "2013-12-29", Attempt: 2, Outcome: ledger.Scored},
		{LogicalDate: "2013-12-30", Attempt: 1, Outcome: ledger.CarriedForward},
	}
	for _, date := range []string{"2013-12-28", "2013-12-29", "2013-12-30"} {
		latest, _ := ledger.Latest(runs, date)
		scored, ok := ledger.LastScoredOn(runs, date)
		fmt.Println(date, "is", latest.Outcome, "and was scored by attempt", scored.Attempt, ok)
	}
	// Output:
	// 2013-12-28 is stopped and was scored by attempt 1 true
	// 2013-12-29 is scored and was scored by attempt 2 true
	// 2013-12-30 is carried_forward and was scored by attempt 0 false
}

func TestFoldsDoNotNeedOrder(t *testing.T) {
	runs := []ledger.Run{
		{LogicalDate: "2013-10-02", Attempt: 2, Outcome: ledger.Scored},
		{LogicalDate: "2013-10-01", Attempt: 1, Outcome: ledger.Scored},
		{LogicalDate: "2013-10-02", Attempt: 1, Outcome: ledger.Scored},
	}
	if r, ok := ledger.Latest(runs, "2013-10-02"); !ok || r.Attempt != 2 {
		t.Errorf("latest: %v, %v", r, ok)
	}
	if r, ok := ledger.LastScoredOn(runs, "2013-10-02"); !ok || r.Attempt != 2 {
		t.Errorf("last scored: %v, %v", r, ok)
	}
	if r, ok := ledger.Latest(runs, "2013-10-03"); ok {
		t.Errorf("a date without runs has %v", r)
	}
	if r, ok := ledger.LastScoredOn(nil, "2013-10-03"); ok {
		t.Errorf("an empty ledger has %v", r)
	}
}

// The record's form is part of what others read: a change here is a change of
// format.
func TestRecord(t *testing.T) {
	run := ledgertest.Example("2013-10-01")
	run.Findings = nil
	_, record, err := ledger.Seal(run, 1)
	if err != nil {
		t.Fatal(err)
	}
	digest := run.Bundle.ID
	want := `{"actor":"scheduler","attempt":1,"bundle":{"id":"` + digest + `","name":"flight-delay","version":"1.0.0"},"commit":"26665d9",` +
		`"drift":[{"feature":"dep_hour","n":900,"psi":0.0123,"status":"measured"},{"feature":"carrier","n":900,"psi":null,"status":"too few rows"}],"id":"sha256:`
	if !strings.HasPrefix(string(record), want) {
		t.Errorf("got  %s\nwant %s…", record, want)
	}
	want = `","inputs":[{"files":1,"fingerprint":"` + digest + `","rows":900,"source":"flights"}],"linecook":"0.1.0","logical_date":"2013-10-01","outcome":"scored",` +
		`"output":{"carried":2,"oldest_days":1,"path":"scores/date=2013-10-01/scores.parquet","rows":900,"sha256":"` + digest + `","without_score":1},` +
		`"pipeline":"flight-delay","stage":"prod","started_at":"2013-10-01T06:00:00.000000123Z","workflow_run":"https://github.com/octo/flights/actions/runs/7/attempts/1"}`
	if !strings.HasSuffix(string(record), want) {
		t.Errorf("got  %s\nwant …%s", record, want)
	}
}

// Whichever byte of a record is changed, it is refused.
func TestDecodeRefusesEveryChangedByte(t *testing.T) {
	_, record, err := ledger.Seal(ledgertest.Example("2013-10-01"), 3)
	if err != nil {
		t.Fatal(err)
	}
	if run, err := ledger.Decode(record); err != nil || run.Attempt != 3 {
		t.Fatalf("%+v, %v", run, err)
	}
	for i := range record {
		bit := byte(1) << (i % 8)
		record[i] ^= bit
		if _, err := ledger.Decode(record); !errors.Is(err, ledger.ErrCorrupt) {
			t.Errorf("byte %d, bit %d, %q: %v", i, i%8, record[i], err)
		}
		record[i] ^= bit
	}
	for _, edited := range [][]byte{nil, record[:len(record)-1], append(record, '\n'), append(record, record...), []byte("null"), []byte("{}")} {
		if _, err := ledger.Decode(edited); !errors.Is(err, ledger.ErrCorrupt) {
			t.Errorf("%s: %v", edited, err)
		}
	}
}

// Valid content under a name that is its own digest is still refused when no
// store would have appended it.
func TestDecodeRefusesWhatIsNotARun(t *testing.T) {
	for name, change := range map[string]func(r *ledger.Run){
		"unknown outcome": func(r *ledger.Run) { r.Outcome = "ok" },
		"no date":         func(r *ledger.Run) { r.LogicalDate = "" },
		"no actor":        func(r *ledger.Run) { r.Actor = "" },
	} {
		run := ledgertest.Example("2013-10-01")
		change(&run)
		_, record, err := ledger.Seal(run, 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ledger.Decode(record); !errors.Is(err, ledger.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, record, err := ledger.Seal(ledgertest.Example("2013-10-01"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Decode(record); !errors.Is(err, ledger.ErrCorrupt) {
		t.Errorf("attempt 0: %v", err)
	}
}

func TestCheckRunsFindsWhatIsMissing(t *testing.T) {
	run := func(date string, attempt int) ledger.Run {
		return ledger.Run{LogicalDate: date, Attempt: attempt}
	}
	if _, err := ledger.CheckRuns([]ledger.Run{run("2013-10-02", 1), run("2013-10-01", 2), run("2013-10-01", 1)}); err != nil {
		t.Error(err)
	}
	for name, runs := range map[string][]ledger.Run{
		"the first":  {run("2013-10-01", 2)},
		"one inside": {run("2013-10-01", 1), run("2013-10-01", 3)},
		"one twice":  {run("2013-10-01", 1), run("2013-10-01", 1)},
	} {
		if _, err := ledger.CheckRuns(runs); !errors.Is(err, ledger.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	_, record, err := ledger.Seal(ledgertest.Example("2013-10-01"), 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(record)
	f.Fuzz(func(t *testing.T, record []byte) {
		run, err := ledger.Decode(record)
		if err != nil {
			if !errors.Is(err, ledger.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		if _, again, err := ledger.Seal(run, run.Attempt); err != nil || string(again) != string(record) {
			t.Fatalf("%s became %s, %v", record, again, err)
		}
	})
}
