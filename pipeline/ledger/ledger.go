// Package ledger is the record of what ran: on which partition, from which
// bundle, with which outcome.
//
//  1. A line finishes a run for one logical date of one stage, however it ends,
//     and hands it over as a Run.
//  2. The store numbers it as the next attempt for that date, names it by the
//     digest of its canonical JSON, and appends it. A run is never changed: a
//     second run of the same date is a second record.
//  3. Readers get the runs in order, each verified against its name. Latest says
//     how a date stands; LastScoredOn finds the scores that a day with broken
//     data may carry forward.
//
// Store is the port. Package dir keeps it in a folder; package ledgertest holds
// the one suite that every adapter passes.
package ledger

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// ErrCorrupt means that a record is not what was appended.
var ErrCorrupt = errors.New("corrupt ledger")

// Outcome says how a run ended.
type Outcome string

// The outcomes; there are no others.
const (
	// Scored: today's data met the contract and was scored.
	Scored Outcome = "scored"
	// CarriedForward: it did not, and the last valid scores were published
	// again, marked.
	CarriedForward Outcome = "carried_forward"
	// Stopped: nothing was published.
	Stopped Outcome = "stopped"
)

// A Run is one execution of a pipeline for one partition.
type Run struct {
	// ID is the digest of the canonical JSON of the other fields; the store
	// computes it.
	ID       string `json:"id,omitempty"`
	Pipeline string `json:"pipeline"`
	Stage    string `json:"stage"`
	// LogicalDate is the partition that the run is for, as YYYY-MM-DD.
	LogicalDate string `json:"logical_date"`
	// Attempt counts the runs for that date on that stage from 1; the store
	// assigns it.
	Attempt   int       `json:"attempt"`
	StartedAt time.Time `json:"started_at"`
	Outcome   Outcome   `json:"outcome"`
	// Reason says why the outcome is not Scored.
	Reason string `json:"reason,omitempty"`
	// Bundle is what was on the stage; zero if nothing was.
	Bundle   Bundle           `json:"bundle,omitzero"`
	Inputs   []Input          `json:"inputs,omitempty"`
	Findings []report.Finding `json:"findings,omitempty"`
	// Output is what was published; nil exactly if the outcome is Stopped.
	Output *Output `json:"output,omitempty"`
	// Counts are the scored rows by the bins of the bundle's profile; Drift is
	// how far those of the monitoring window are from it.
	Counts []Count `json:"counts,omitempty"`
	Drift  []Drift `json:"drift,omitempty"`
	// Actor, Commit and Linecook say who ran it, from which commit of the
	// pipeline's repository, with which linecook; Commit and Linecook may be
	// unknown.
	Actor    string `json:"actor"`
	Commit   string `json:"commit,omitempty"`
	Linecook string `json:"linecook,omitempty"`
	// WorkflowRun is the attempt of GitHub Actions that ran it, as its address, as
	// https://github.com/octo/flights/actions/runs/7/attempts/1; empty elsewhere.
	WorkflowRun string `json:"workflow_run,omitempty"`
}

// A Bundle names what scored.
type Bundle struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	ID      string `json:"id"`
}

// An Input is a source as the run found it.
type Input struct {
	Source      string `json:"source"`
	Fingerprint string `json:"fingerprint"` // digest of the content
	Rows        int64  `json:"rows"`
	Files       int    `json:"files"`
}

// An Output is the file of scores that a run published.
type Output struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"` // "sha256:" and 64 hex digits
	Rows   int64  `json:"rows"`
	// Carried are the rows whose score was carried forward, WithoutScore those
	// that have none.
	Carried      int64 `json:"carried"`
	WithoutScore int64 `json:"without_score"`
	// OldestDays is the age of the oldest carried score; 0 if none is.
	OldestDays int `json:"oldest_days"`
}

// A Count is how many rows fell into each bin of a feature's profile.
type Count struct {
	Feature    string `json:"feature"`
	Rows       int    `json:"rows"`
	OutOfRange int    `json:"out_of_range"`
	Bins       []int  `json:"bins"`
}

// Drift is how far a feature, or the scores, are from the training profile: the
// population stability index over N rows. It is null unless the status is
// measured; a feature that could not be measured is listed all the same.
type Drift struct {
	Feature string   `json:"feature"`
	Status  string   `json:"status"`
	PSI     *float64 `json:"psi"`
	N       int64    `json:"n"`
}

// A Store keeps runs.
type Store interface {
	// Append stores a run as the next attempt for its date, with its ID, and
	// returns it so. Its Attempt and ID must be empty. Runs that are appended at
	// once get different attempts.
	Append(ctx context.Context, run Run) (Run, error)
	// Runs returns the runs of a pipeline on a stage by date and attempt; none
	// is not an error. A record that does not verify is ErrCorrupt.
	Runs(ctx context.Context, pipeline, stage string) ([]Run, error)
}

// Latest returns the last attempt for date.
func Latest(runs []Run, date string) (Run, bool) {
	var latest Run
	for _, r := range runs {
		if r.LogicalDate == date && r.Attempt > latest.Attempt {
			latest = r
		}
	}
	return latest, latest.Attempt > 0
}

// LastScoredOn returns the last attempt for date that scored it: a later one
// that stopped takes nothing away from it.
func LastScoredOn(runs []Run, date string) (Run, bool) {
	var last Run
	for _, r := range runs {
		if r.Outcome == Scored && r.LogicalDate == date && r.Attempt > last.Attempt {
			last = r
		}
	}
	return last, last.Attempt > 0
}

// compare is the order of runs on one stage. Dates have one width, so that
// their text sorts by time.
func compare(a, b Run) int {
	return cmp.Or(cmp.Compare(a.LogicalDate, b.LogicalDate), cmp.Compare(a.Attempt, b.Attempt))
}

// CheckAppend holds a run against what every store asks of it, before it has an
// attempt, and returns it as it is to be stored.
func CheckAppend(run Run) (Run, error) {
	if run.ID != "" || run.Attempt != 0 {
		return Run{}, fmt.Errorf("appending a run for %s: the ledger assigns id and attempt, and this run has %q and %d", run.LogicalDate, run.ID, run.Attempt)
	}
	run.StartedAt = run.StartedAt.UTC().Round(0)
	if err := run.validate(); err != nil {
		return Run{}, fmt.Errorf("appending a run for %s: %w", run.LogicalDate, err)
	}
	return run, nil
}

// CheckKey fails unless pipeline and stage are names.
func CheckKey(pipeline, stage string) error {
	if err := bundle.CheckName("pipeline", pipeline); err != nil {
		return err
	}
	return bundle.CheckName("stage", stage)
}

func (r Run) validate() error {
	if err := CheckKey(r.Pipeline, r.Stage); err != nil {
		return err
	}
	if _, err := time.Parse(time.DateOnly, r.LogicalDate); err != nil {
		return fmt.Errorf("the logical date %q is not a date like 2013-10-01", r.LogicalDate)
	}
	if r.StartedAt.IsZero() {
		return fmt.Errorf("the run does not say when it started")
	}
	if r.Actor == "" {
		return fmt.Errorf("the run does not say who ran it")
	}
	if err := r.validateOutcome(); err != nil {
		return err
	}
	if r.Bundle != (Bundle{}) {
		if err := bundle.CheckName("bundle name", r.Bundle.Name); err != nil {
			return err
		}
		if _, err := bundle.ParseVersion(r.Bundle.Version); err != nil {
			return err
		}
		if !canonical.IsDigest(r.Bundle.ID) {
			return fmt.Errorf("the bundle id %q is not sha256: and 64 hex digits", r.Bundle.ID)
		}
	}
	if o := r.Output; o != nil {
		if o.Path == "" || !canonical.IsDigest(o.SHA256) {
			return fmt.Errorf("the output has the path %q and the digest %q: it needs a path, and sha256: and 64 hex digits", o.Path, o.SHA256)
		}
		if o.Rows < 0 || o.Carried < 0 || o.WithoutScore < 0 || o.OldestDays < 0 {
			return fmt.Errorf("the output %q has a negative count", o.Path)
		}
	}
	return nil
}

func (r Run) validateOutcome() error {
	switch r.Outcome {
	case Scored:
		if r.Output == nil || r.Bundle == (Bundle{}) {
			return fmt.Errorf("a run with the outcome %s needs an output and a bundle", r.Outcome)
		}
	case CarriedForward:
		if r.Output == nil || r.Reason == "" {
			return fmt.Errorf("a run with the outcome %s needs an output and a reason", r.Outcome)
		}
	case Stopped:
		if r.Output != nil || r.Reason == "" {
			return fmt.Errorf("a run with the outcome %s needs a reason and has no output", r.Outcome)
		}
	default:
		return fmt.Errorf("the outcome %q is unknown; known are %s, %s and %s", r.Outcome, Scored, CarriedForward, Stopped)
	}
	return nil
}

// Seal gives a checked run its attempt and its ID and returns it with the
// canonical JSON that stores keep.
func Seal(run Run, attempt int) (Run, []byte, error) {
	run.ID, run.Attempt = "", attempt
	id, err := canonical.Digest(run)
	if err != nil {
		return Run{}, nil, fmt.Errorf("appending a run for %s: %w", run.LogicalDate, err)
	}
	run.ID = id
	record, err := canonical.Marshal(run)
	return run, record, err
}

// Decode is the inverse of Seal; it refuses every record that Seal did not
// write as ErrCorrupt.
func Decode(record []byte) (Run, error) {
	var run Run
	if err := canonical.Unmarshal(record, &run); err != nil {
		return Run{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if err := run.validate(); err != nil {
		return Run{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	sealed, again, err := Seal(run, run.Attempt)
	if err != nil {
		return Run{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if run.Attempt < 1 || !bytes.Equal(again, record) {
		return Run{}, fmt.Errorf("%w: the record says that it is %q and its content is %s: it was changed after it was written", ErrCorrupt, run.ID, sealed.ID)
	}
	return run, nil
}

// CheckRuns sorts the runs of one stage and fails with ErrCorrupt unless each
// date has the attempts 1, 2, 3, … without gap or repetition.
func CheckRuns(runs []Run) ([]Run, error) {
	slices.SortFunc(runs, compare)
	for i, r := range runs {
		want := 1
		if i > 0 && runs[i-1].LogicalDate == r.LogicalDate {
			want = runs[i-1].Attempt + 1
		}
		if r.Attempt != want {
			return nil, fmt.Errorf("%s on %s has attempt %d for %s where %d should stand: a record was removed or added by hand: %w",
				r.Pipeline, r.Stage, r.Attempt, r.LogicalDate, want, ErrCorrupt)
		}
	}
	return runs, nil
}
