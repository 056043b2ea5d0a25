// Package backtest rehearses the production line over history.
//
//  1. Train as of the first day, on nothing later.
//  2. Take the bundle through every gate, up to the last stage. Checks that ask
//     for people, a runner or days on another stage are not judged, and said so.
//  3. Score each day as if it were that day: broken data is carried forward or
//     stops the day, as it would have then.
//  4. Once labels are known, compare the scores with what happened.
//  5. Write down all of it: a Report, as JSON and as one HTML file.
//
// The clock is the rehearsal's own: each run starts at the end of its logical
// date, so that the same data gives the same records.
package backtest

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/inference"
	"github.com/linecook-ml/linecook/pipeline/ledger"
	ledgerdir "github.com/linecook-ml/linecook/pipeline/ledger/dir"
	"github.com/linecook-ml/linecook/pipeline/monitoring"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/registry"
	registrydir "github.com/linecook-ml/linecook/pipeline/registry/dir"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/pipeline/training"
)

// version is what the rehearsed bundle is called.
const version = "0.0.0-backtest"

// An Input is everything that a rehearsal depends on.
type Input struct {
	Config    *pipeline.Config
	Contracts pipeline.Contracts
	// Home is an empty folder for the rehearsal's registry, ledger and scores.
	Home string
	// From and To are the first and last day to score, as 2013-09-01.
	From, To string
	Decider  promotion.Decider
	// Live are the codes of the checks that ask for what a rehearsal has not.
	Live     []string
	Code     bundle.Code
	Linecook string
	// Step is told what begins; Day after each day how many of how many are done.
	Step func(step string)
	Day  func(done, total int, day Day)
}

// Run rehearses. The report is complete even where days stopped or a gate said
// no; an error is a failure of the tool or an unusable request.
func Run(ctx context.Context, in Input) (*Report, error) {
	from, err := time.Parse(time.DateOnly, in.From)
	if err != nil {
		return nil, fmt.Errorf("%q is not a date; write it as 2013-09-01", in.From)
	}
	to, err := time.Parse(time.DateOnly, in.To)
	if err != nil {
		return nil, fmt.Errorf("%q is not a date; write it as 2013-12-31", in.To)
	}
	if to.Before(from) {
		return nil, fmt.Errorf("the last day %s lies before the first, %s", in.To, in.From)
	}
	r := &rehearsal{
		in: in, from: from, to: to,
		registry: registrydir.Open(filepath.Join(in.Home, "registry")),
		ledger:   ledgerdir.Open(filepath.Join(in.Home, "ledger")),
		report: &Report{
			Format: Format, Pipeline: in.Config.Name, Description: in.Config.Description, Task: in.Config.Estimator.Task(), From: in.From, To: in.To,
			Stage:      in.Config.Stages[len(in.Config.Stages)-1].Name,
			Thresholds: thresholdsOf(in.Config),
		},
	}
	trained, err := r.train(ctx)
	if err != nil || !trained {
		return r.report, err
	}
	promoted, err := r.promote(ctx)
	if err != nil || !promoted {
		return r.report, err
	}
	if err := r.score(ctx); err != nil {
		return nil, err
	}
	r.report.Findings = append(r.report.Findings, r.drift()...)
	if err := r.judge(ctx); err != nil {
		return nil, err
	}
	report.Sort(r.report.Findings)
	return r.report, nil
}

// thresholdsOf lists the bounds that pipeline.yaml sets on performance.
func thresholdsOf(c *pipeline.Config) []Threshold {
	var bounds []Threshold
	for _, p := range c.Monitoring.Performance {
		bounds = append(bounds, Threshold{Metric: p.Metric, Min: p.Min, Max: p.Max})
	}
	return bounds
}

// Complete reports whether the rehearsal got as far as scoring.
func (r *Report) Complete() bool { return len(r.Days) > 0 }

// A rehearsal is one backtest under way.
type rehearsal struct {
	in       Input
	from, to time.Time
	registry registry.Registry
	ledger   ledger.Store
	report   *Report
	// files are the published scores, by day.
	files []string
}

// train fits as of the first day and registers the bundle.
func (r *rehearsal) train(ctx context.Context) (bool, error) {
	trained, err := training.Train(ctx, training.Input{
		Config: r.in.Config, Contracts: r.in.Contracts, Version: version, Until: r.in.From,
		Code: r.in.Code, Linecook: r.in.Linecook, Progress: r.in.Step,
	})
	if err != nil {
		return false, err
	}
	r.report.Findings = append(r.report.Findings, trained.Findings...)
	if trained.BundleID == "" {
		return false, nil
	}
	r.report.Evaluation = trained.Evaluation
	opened, err := bundle.OpenBytes(trained.Archive)
	if err != nil {
		return false, err
	}
	r.report.Bundle = Bundle{
		Name: opened.Manifest.Name, Version: opened.Manifest.Version, ID: opened.ID, Until: opened.Manifest.Until,
		TrainingRows: trained.Evaluation.TrainingRows, EvaluationRows: trained.Evaluation.Rows, Snapshot: opened.Manifest.Snapshot.Digest,
	}
	for _, source := range opened.Manifest.Sources {
		r.report.Sources = append(r.report.Sources, ledger.Input{Source: source.Name, Fingerprint: source.SHA256, Rows: source.Rows, Files: source.Files})
	}
	_, err = r.registry.Register(ctx, registry.Registration{
		Name: r.in.Config.Name, Version: version, BundleID: trained.BundleID, RegisteredAt: r.from, Actor: "backtest",
	}, trained.Archive)
	return err == nil, err
}

// promote asks every gate in order and stops at the first that says no.
func (r *rehearsal) promote(ctx context.Context) (bool, error) {
	gates := gatekeeper{r.in.Decider, r.in.Live}
	for _, stage := range r.in.Config.Stages {
		r.step("promote to " + stage.Name)
		decision, _, err := promotion.Promote(ctx, r.registry, r.ledger, gates, r.in.Config.Stages, promotion.Request{
			Pipeline: r.in.Config.Name, Version: version, Stage: stage.Name, At: r.from, Actor: "backtest", Reason: "rehearsal",
			Origin: promotion.Origin{Kind: promotion.OriginRehearsal},
		})
		if err != nil {
			return false, err
		}
		r.report.Decisions = append(r.report.Decisions, Gate{decision, gates.notJudged(stage)})
		if !decision.Allowed {
			return false, nil
		}
	}
	return true, nil
}

// score runs the line for each day.
func (r *rehearsal) score(ctx context.Context) error {
	total := int(r.to.Sub(r.from).Hours()/24) + 1
	r.step(fmt.Sprintf("score %d days", total))
	for day := r.from; !day.After(r.to); day = day.AddDate(0, 0, 1) {
		run, err := inference.Score(ctx, inference.Input{
			Config: r.in.Config, Home: r.in.Home, Registry: r.registry, Ledger: r.ledger,
			Stage: r.report.Stage, Date: day.Format(time.DateOnly), Now: day.AddDate(0, 0, 1),
			Actor: "backtest", Commit: r.in.Code.Commit, Linecook: r.in.Linecook,
		})
		if err != nil {
			return fmt.Errorf("%s: %w", day.Format(time.DateOnly), err)
		}
		r.record(run)
		if r.in.Day != nil {
			r.in.Day(len(r.report.Days), total, r.report.Days[len(r.report.Days)-1])
		}
	}
	return nil
}

// record adds a run to the report.
func (r *rehearsal) record(run ledger.Run) {
	day := Day{Date: run.LogicalDate, Outcome: run.Outcome, Reason: run.Reason, RunID: run.ID}
	totals := &r.report.Totals
	totals.Days++
	switch run.Outcome {
	case ledger.Scored:
		totals.Scored++
	case ledger.CarriedForward:
		totals.CarriedForward++
	default:
		totals.Stopped++
	}
	if output := run.Output; output != nil {
		day.Rows, day.WithoutScore, day.OldestDays = output.Rows, output.WithoutScore, output.OldestDays
		totals.Scores += output.Rows
		totals.CarriedScores += output.Carried
		r.files = append(r.files, filepath.Join(r.in.Home, filepath.FromSlash(output.Path)))
	}
	for _, f := range run.Findings {
		if f.Code == monitoring.DriftCode {
			day.Drifted = append(day.Drifted, f.Column)
		} else {
			r.report.Findings = append(r.report.Findings, f)
		}
	}
	r.report.Days = append(r.report.Days, day)
}

// drift says for each feature on how many days it was above the threshold: a
// season's change would else be said once a day.
func (r *rehearsal) drift() []report.Finding {
	days := map[string][]string{}
	for _, day := range r.report.Days {
		for _, name := range day.Drifted {
			days[name] = append(days[name], day.Date)
		}
	}
	var findings []report.Finding
	for _, name := range slices.Sorted(maps.Keys(days)) {
		dates := days[name]
		findings = append(findings, report.Finding{
			Code: monitoring.DriftCode, Severity: report.Warning, Column: name, Position: r.in.Config.At("monitoring", "drift", "psi"),
			Message: fmt.Sprintf("%s was above the drift threshold on %d of %d scored days, first on %s", name, len(dates), r.report.Totals.Scored, dates[0]),
			Remedy:  "compare those days with the training profile; if the change is here to stay, retrain",
		})
	}
	return findings
}

func (r *rehearsal) step(text string) {
	if r.in.Step != nil {
		r.in.Step(text)
	}
}
