// Package training is the recipe maker: it runs rarely, and what it learns goes
// into a bundle and nowhere else.
//
//  1. Input: the sources are checked as they were before the cut-off.
//  2. Prepare: a snapshot holds the features of every observation, each as it
//     was known at its own decision time, and an experiment proves it.
//  3. Transform: time splits the snapshot, and no row is on both sides; where
//     there is a choice, rolling origins inside the earlier part choose the
//     parameters; encoders and the estimator are fitted on the earlier part.
//  4. Validate: the later part, never seen, says how good the model is, and how
//     much better or worse than what serves now, on the same rows.
//  5. Everything that scoring needs is written into one bundle.
//
// Only this package and those below it fit anything.
package training

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/pipeline/training/leakage"
	"github.com/linecook-ml/linecook/pipeline/training/linear"
	"github.com/linecook-ml/linecook/pipeline/validation"
)

// An Input is everything that a training run depends on.
type Input struct {
	Config    *pipeline.Config
	Contracts pipeline.Contracts
	// Version is the semantic version of the bundle, without a leading v.
	Version string
	// Until is the cut-off, a date: nothing that happened or became known from
	// that day on is used. Empty means the day after the last partition.
	Until string
	// Champion is what the evaluation is compared with; nil where nothing serves.
	Champion *Champion
	// Code is the commit of the pipeline's repository.
	Code bundle.Code
	// Snapshot is where the feature snapshot goes as a Parquet file; empty for
	// nowhere.
	Snapshot string
	// Linecook is the version of this program.
	Linecook string
	// Progress is told what begins, for people; nil for nobody.
	Progress func(step string)
}

// A Result is a trained bundle, or the findings that prevented it.
type Result struct {
	// Findings hold an error when the data stopped the line; then there is no
	// bundle. With a bundle, they are what people should know about it.
	Findings   []report.Finding
	Validation *validation.Result
	BundleID   string
	Archive    []byte
	Evaluation *evaluation.Report
	Fit        linear.Diagnostics
	TrainRows  int
	Until      string
}

// Train runs the line. An error is a failure of the tool or an unusable
// request; data that breaks its contract comes back as findings.
func Train(ctx context.Context, in Input) (result *Result, err error) {
	step := in.Progress
	if step == nil {
		step = func(string) {}
	}
	step("open the sources")
	session, opened, err := in.Config.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	if in.Until == "" {
		if in.Until, err = dayAfterLast(ctx, in, session); err != nil {
			return nil, err
		}
	}
	// Where the data does not tell its last day, all of it is checked and says why.
	var periods periods
	var scope validation.Scope
	if in.Until != "" {
		if periods, err = split(in.Config.Split, in.Until); err != nil {
			return nil, err
		}
		scope = validation.Scope{Date: periods.lastDay, Earlier: true}
	}
	step("check the contracts")
	checked, err := validation.Run(ctx, in.Config, in.Contracts, session, opened, scope)
	if err != nil {
		return nil, err
	}
	result = &Result{Validation: checked, Until: in.Until, Findings: checked.Findings}
	if !checked.Clean() {
		return result, nil
	}
	if in.Until == "" {
		return nil, fmt.Errorf("source %s does not tell its last partition; give a cut-off with --until", in.Config.Observations.Source)
	}
	l := &line{in: in, session: session, periods: periods, result: result, step: step}
	if err := l.run(ctx); err != nil {
		return nil, err
	}
	report.Sort(result.Findings)
	return result, nil
}

// A line is one training run under way.
type line struct {
	in      Input
	session *dataset.Session
	periods periods
	result  *Result
	step    func(string)
	// certificate is of the proof that the snapshot's features are honest.
	certificate evaluation.Certificate
	// What the evaluation says of how it was come by.
	split           evaluation.Split
	crossValidation *evaluation.CrossValidation
	leakage         evaluation.Leakage
}

func (l *line) run(ctx context.Context) error {
	l.step("build the feature snapshot")
	plan, err := l.in.Config.Plan(l.in.Contracts, l.session, true)
	if err != nil {
		return err
	}
	var snapshot *feature.Snapshot
	if err = plan.Ask(ctx); err == nil {
		snapshot, err = plan.Build(ctx, l.session.DB(), feature.Range{To: l.periods.lastDay})
	}
	if dataset.Unreadable(err) {
		l.refuse(plan.Unreadable(err, "the features", l.in.Config.At))
		return nil
	}
	if err != nil {
		return err
	}
	if snapshot.TooEarly > 0 {
		l.refuse(tooEarly(l.in.Config, snapshot))
		return nil
	}
	// The proof replaces the tables that identities are read from.
	identities, err := plan.Identify(ctx, l.session.DB())
	if err != nil {
		return err
	}
	var keys []feature.Key
	if l.in.Snapshot != "" {
		if keys, err = plan.Keys(ctx, l.session.DB()); err != nil {
			return err
		}
	}
	if honest, err := l.prove(ctx, plan, snapshot); err != nil || !honest {
		return err
	}
	o, err := identified(snapshot, identities)
	if err != nil {
		return err
	}
	d := l.periods.divide(o, o.all())
	train, test := o.Select(d.train), o.Select(d.test)
	refusals, err := l.check(o, d, train, test)
	if err != nil {
		return err
	}
	if len(refusals) > 0 {
		l.refuse(refusals...)
		return nil
	}
	parameters, f, err := l.search(o)
	if err != nil {
		return err
	}
	if f != nil {
		l.refuse(*f)
		return nil
	}
	l.result.TrainRows = train.Frame.Rows
	l.step(fmt.Sprintf("fit %s on %d observations", l.in.Config.Estimator.Kind, train.Frame.Rows))
	fitted, f, err := fit(l.in.Config, train, parameters)
	if err != nil {
		return err
	}
	if f != nil {
		l.refuse(*f)
		return nil
	}
	l.result.Fit = fitted.diagnostics

	l.step(fmt.Sprintf("evaluate on %d later observations", test.Frame.Rows))
	scores, f, err := fitted.predict(l.in.Config, test)
	if err != nil {
		return err
	}
	if f != nil {
		l.refuse(*f)
		return nil
	}
	together, err := leakage.Together(l.in.Config.Estimator.Task(), test.Label, scores)
	if err != nil {
		return err
	}
	if together != nil {
		l.suspect([]leakage.Sign{*together})
	}
	l.result.Evaluation, err = l.evaluate(train, test, scores)
	if errors.Is(err, metric.ErrUndefined) {
		l.refuse(finding("training/undefined-metric", l.in.Config.At("evaluation", "metrics"), err.Error(),
			"choose a later cut-off or a longer holdout, or leave the metric out"))
		return nil
	}
	if err != nil {
		return err
	}
	if l.in.Config.Split.Random != nil {
		l.result.Evaluation.Split.Shuffled, f, err = l.shuffle(o, d, parameters)
		if err != nil {
			return err
		}
		if f != nil {
			l.refuse(*f)
			return nil
		}
	}
	if err := l.compare(ctx, o, d.test, scores); err != nil {
		return err
	}
	l.step("write the bundle")
	members, err := l.members(fitted, train.Frame, scores)
	if err != nil {
		return err
	}
	manifest, err := l.manifest(ctx, snapshot)
	if err != nil {
		return err
	}
	l.result.BundleID, l.result.Archive, err = bundle.Build(manifest, members)
	if err == nil && l.in.Snapshot != "" {
		err = l.keep(ctx, snapshot, keys, d)
	}
	return err
}

func (l *line) manifest(ctx context.Context, snapshot *feature.Snapshot) (bundle.Manifest, error) {
	duck, err := l.session.Version(ctx)
	if err != nil {
		return bundle.Manifest{}, err
	}
	m := bundle.Manifest{
		Name: l.in.Config.Name, Version: l.in.Version, Until: l.in.Until,
		Snapshot: bundle.Snapshot{Digest: snapshot.Digest, Rows: int64(snapshot.Frame.Rows), Columns: len(snapshot.Frame.Columns)},
		Code:     l.in.Code,
		Toolchain: bundle.Toolchain{
			Linecook: l.in.Linecook, Go: runtime.Version(), DuckDB: duck, Platform: runtime.GOOS + "/" + runtime.GOARCH,
		},
	}
	for _, source := range l.result.Validation.Sources {
		m.Sources = append(m.Sources, bundle.SourceFingerprint{
			Name: source.Name, SHA256: source.Fingerprint, Rows: source.Rows, Files: source.Files,
		})
	}
	return m, nil
}

// dayAfterLast is the cut-off that uses all partitions there are, or empty where
// the observations cannot be read.
func dayAfterLast(ctx context.Context, in Input, session *dataset.Session) (string, error) {
	source, _, _ := in.Config.Source(in.Config.Observations.Source)
	table := session.Table(source.Name)
	if table == nil {
		return "", nil
	}
	typed, err := in.Contracts[source.Name].TypedSelect(table)
	if err != nil {
		return "", err
	}
	var last *time.Time
	err = session.DB().QueryRowContext(ctx, fmt.Sprintf("SELECT max(%s) FROM (%s)", dataset.Identifier(source.Partition), typed)).Scan(&last)
	if dataset.Unreadable(err) || (err == nil && last == nil) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find the last partition of source %s: %w", source.Name, err)
	}
	return last.AddDate(0, 0, 1).Format(time.DateOnly), nil
}

// known reports whether a label can be used.
func known(label float64) bool { return !math.IsNaN(label) }
