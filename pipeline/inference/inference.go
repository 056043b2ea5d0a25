// Package inference is the line cook: it runs every day, and it cannot refit.
//
//  1. Load: the bundle that is on the stage is fetched and verified, and must be
//     the very one that was promoted.
//  2. Check: the partition is held against the bundle's own contracts, and its
//     features against the training's share of missing values.
//  3. Apply: the same point-in-time SQL as in training, the fitted encoders, the
//     model. Nothing is learned.
//  4. Publish: scores go to date=YYYY-MM-DD/, all or nothing. Where the data
//     broke the contract, the last valid scores go there instead, each marked
//     with its reason and age; past the maximum age nothing goes there.
//  5. Record: one run in the ledger says what happened, from what, and why.
//
// The working tree's pipeline.yaml says where the data is now; everything else
// comes from the bundle.
package inference

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/ledger"
	"github.com/linecook-ml/linecook/pipeline/monitoring"
	"github.com/linecook-ml/linecook/pipeline/registry"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/pipeline/validation"
)

// An Input is everything that a scoring run depends on.
type Input struct {
	// Config says where the sources' files are.
	Config *pipeline.Config
	// Home is linecook's folder; scores go below it.
	Home     string
	Registry registry.Registry
	// Confirm is asked before what is on the stage is believed.
	Confirm registry.Confirmation
	Ledger  ledger.Store
	Stage   string
	// Date is the logical date: the partition to score, as 2013-10-01.
	Date string
	// Now is when the run starts, for the record.
	Now                     time.Time
	Actor, Commit, Linecook string
	WorkflowRun             string
}

// ErrCannot means that the line was asked for what it cannot do, and that the
// caller can change that.
var ErrCannot = errors.New("cannot score")

// Score runs the line for one partition of one stage. Broken data is not an
// error: the run's outcome and findings tell of it. An error means that the
// tool failed or was asked for what it cannot do; then nothing was published.
func Score(ctx context.Context, in Input) (ledger.Run, error) {
	day, err := time.Parse(time.DateOnly, in.Date)
	if err != nil {
		return ledger.Run{}, fmt.Errorf("%q is not a date; write it as 2013-10-01", in.Date)
	}
	recipe, err := current(ctx, in)
	if err != nil {
		return ledger.Run{}, err
	}
	serving, err := located(recipe.Config, in.Config)
	if err != nil {
		return ledger.Run{}, err
	}
	s := &shift{
		in: in, day: day, recipe: recipe, config: serving,
		folder: filepath.Join(in.Home, recipe.Config.ScoresFolder(in.Stage)),
		run: ledger.Run{
			Pipeline: recipe.Config.Name, Stage: in.Stage, LogicalDate: in.Date, StartedAt: in.Now,
			Bundle: ledger.Bundle{Name: recipe.Bundle.Manifest.Name, Version: recipe.Bundle.Manifest.Version, ID: recipe.Bundle.ID},
			Actor:  in.Actor, Commit: in.Commit, Linecook: in.Linecook, WorkflowRun: in.WorkflowRun,
		},
	}
	if err := s.work(ctx); err != nil {
		return ledger.Run{}, err
	}
	return in.Ledger.Append(ctx, s.run)
}

// current fetches the bundle that is on the stage.
func current(ctx context.Context, in Input) (*Recipe, error) {
	history, err := in.Registry.History(ctx, in.Config.Name)
	if err != nil {
		return nil, err
	}
	if in.Confirm != nil {
		if err := in.Confirm(ctx, in.Config.Name, history, in.Stage); err != nil {
			return nil, err
		}
	}
	assignment, ok := registry.Current(history, in.Stage)
	if !ok {
		return nil, fmt.Errorf("%w: no bundle of %s is on stage %s; promote one with `linecook promote --to %s`", ErrCannot, in.Config.Name, in.Stage, in.Stage)
	}
	b, _, err := in.Registry.Fetch(ctx, in.Config.Name, assignment.Version)
	if err != nil {
		return nil, err
	}
	if b.ID != assignment.BundleID {
		return nil, fmt.Errorf("%s@v%s is bundle %s, but stage %s was given %s; it is not used",
			in.Config.Name, assignment.Version, b.ID, in.Stage, assignment.BundleID)
	}
	return ReadRecipe(b)
}

// located is the bundle's configuration with the files where they are now.
func located(recipe, now *pipeline.Config) (*pipeline.Config, error) {
	merged := *recipe
	merged.Root, merged.Programs = now.Root, now.Programs
	merged.Sources = append([]pipeline.Source{}, recipe.Sources...)
	for i, source := range merged.Sources {
		here, _, ok := now.Source(source.Name)
		if !ok {
			return nil, fmt.Errorf("%w: %s has no source %s, which the bundle reads; add it with its path", ErrCannot, now.File, source.Name)
		}
		merged.Sources[i].Path, merged.Sources[i].Format = here.Path, here.Format
		merged.Sources[i].Delimiter, merged.Sources[i].Null = here.Delimiter, here.Null
	}
	return &merged, nil
}

// A shift is one scoring run under way.
type shift struct {
	in     Input
	day    time.Time
	recipe *Recipe
	// config is the bundle's, with the files' present places.
	config *pipeline.Config
	// folder holds the date= folders of the stage.
	folder string
	run    ledger.Run
}

func (s *shift) work(ctx context.Context) (err error) {
	stage, err := newStaging(s.folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.Close()) }()
	session, opened, err := s.config.Open(ctx, stage.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	checked, err := validation.Run(ctx, s.config, s.recipe.Contracts, session, opened,
		validation.Scope{Date: s.in.Date, Scoring: true, Profile: s.recipe.Profile})
	if err != nil {
		return err
	}
	s.run.Findings = checked.Findings
	for _, source := range checked.Sources {
		s.run.Inputs = append(s.run.Inputs, ledger.Input{Source: source.Name, Fingerprint: source.Fingerprint, Rows: source.Rows, Files: source.Files})
	}
	if checked.Clean() {
		done, err := s.score(ctx, session, stage)
		if done || err != nil {
			return err
		}
	}
	report.Sort(s.run.Findings)
	return s.carryForward(ctx, checked, stage)
}

// score builds features, predicts and publishes. It returns false where the
// features themselves show that the data is bad; findings then say how.
func (s *shift) score(ctx context.Context, session *dataset.Session, stage *staging) (bool, error) {
	plan, err := s.config.Plan(s.recipe.Contracts, session, false)
	if err != nil {
		return false, err
	}
	snapshot, err := plan.Build(ctx, session.DB(), feature.Day(s.in.Date))
	if dataset.Unreadable(err) {
		f := plan.Unreadable(err, "the features of "+s.in.Date, s.config.At)
		s.find(f.Code, f.Position, f.Message, f.Remedy)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if s.checkFeatures(snapshot); report.HasErrors(s.run.Findings) {
		return false, nil
	}
	scores, err := s.recipe.predict(snapshot.Frame)
	if dataset.Unreadable(err) {
		s.find("feature/out-of-reach", s.config.At("features"),
			fmt.Sprintf("of the observations of %s, in order of their decisions: %s", s.in.Date, err), "see whether that value is a real one, and bound it in the contract")
		return false, nil
	}
	if err != nil {
		return false, err
	}
	earlier, err := s.in.Ledger.Runs(ctx, s.run.Pipeline, s.in.Stage)
	if err != nil {
		return false, err
	}
	counts, drift, findings, err := monitoring.Drift(s.recipe.Config, s.recipe.Profile,
		monitoring.Partition{Date: s.day, Frame: snapshot.Frame, Scores: scores, BundleID: s.run.Bundle.ID}, earlier)
	if err != nil {
		return false, err
	}
	s.run.Counts, s.run.Drift = counts, drift
	s.run.Findings = append(s.run.Findings, findings...)
	report.Sort(s.run.Findings)
	if err := session.AppendColumn(ctx, scoresTable, scores); err != nil {
		return false, err
	}
	output, err := s.publish(ctx, session, stage, s.scoredRows())
	if err != nil {
		return false, err
	}
	s.run.Outcome, s.run.Output = ledger.Scored, output
	return true, nil
}

// checkFeatures holds a partition's features against what the bundle allows.
func (s *shift) checkFeatures(snapshot *feature.Snapshot) {
	if snapshot.TooEarly > 0 {
		s.find("feature/decided-too-early", s.config.At("observations", "decision_time"),
			fmt.Sprintf("%d of %d observations have a decision time before their row was known, or none at all", snapshot.TooEarly, snapshot.Frame.Rows), "")
	}
	for i, definition := range s.config.Features {
		column := snapshot.Frame.Columns[i]
		missing := 0
		for row := range snapshot.Frame.Rows {
			if column.Missing(row) {
				missing++
			}
		}
		share := float64(missing) / float64(max(1, snapshot.Frame.Rows))
		if share > definition.MissingLimit() {
			s.find("feature/missing", s.config.At("features", i),
				fmt.Sprintf("feature %s is missing in %.1f %% of the observations of %s; at most %.1f %% may be", definition.Name, 100*share, s.in.Date, 100*definition.MissingLimit()),
				"see whether its source has arrived; the limit is the feature's max_missing")
		}
	}
}

func (s *shift) find(code string, position report.Position, message, remedy string) {
	s.run.Findings = append(s.run.Findings, report.Finding{
		Code: code, Severity: report.Error, Position: position, Partition: s.in.Date, Message: message, Remedy: remedy,
	})
}
