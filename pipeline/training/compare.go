package training

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// A Champion is the bundle that the new one is compared with.
type Champion struct {
	Version, BundleID string
	// Stage is where it serves.
	Stage string
	// Task is what it predicts.
	Task metric.Task
	// Trained is the period whose rows it was fitted to.
	Trained evaluation.Period
	// Observations are those of its own definitions.
	Observations feature.Observations
	// Predict builds the champion's own features of the observations in range, as
	// its own definitions say, and scores them.
	Predict func(ctx context.Context, session *dataset.Session, within feature.Range) (*feature.Snapshot, []float64, error)
}

// compare has the champion score the very rows that the evaluation is on, and
// takes the paired differences. Where that would not be honest there is no
// comparison, and a finding says why.
func (l *line) compare(ctx context.Context, o *observations, test []int, scores []float64) error {
	c := l.in.Champion
	if c == nil {
		return nil
	}
	l.step(fmt.Sprintf("compare with version %s, which serves on %s", c.Version, c.Stage))
	theirs, reason := l.champion(ctx, o, test)
	if err := ctx.Err(); err != nil {
		return err
	}
	var differences []evaluation.SliceDifference
	if reason == "" {
		var err error
		if differences, err = l.differences(o.Select(test), scores, theirs); err != nil {
			return err
		}
		if len(differences) == 0 {
			reason = "no metric of evaluation.metrics has a paired difference"
		}
	}
	if reason != "" {
		l.step("not compared: " + reason)
		l.result.Findings = append(l.result.Findings, report.Finding{
			Code: "training/not-compared", Severity: report.Warning, Position: l.in.Config.At("evaluation"),
			Message: fmt.Sprintf("version %s, which serves on %s, cannot be compared with on the same rows: %s", c.Version, c.Stage, reason),
			Remedy:  "a stage that requires champion_not_worse will deny this version while that one serves there",
		})
		return nil
	}
	l.result.Evaluation.Comparison = &evaluation.Comparison{
		Version: c.Version, BundleID: c.BundleID, Stage: c.Stage, Trained: c.Trained,
		Period: l.result.Evaluation.Period, Rows: l.result.Evaluation.Rows, Differences: differences,
	}
	return nil
}

// champion is what the champion predicts for the rows of the evaluation, or the
// reason why it cannot be asked. Rows that it was fitted to would flatter it.
func (l *line) champion(ctx context.Context, o *observations, test []int) (scores []float64, reason string) {
	c, ours := l.in.Champion, l.in.Config.Observations
	if task := l.in.Config.Estimator.Task(); c.Task != task {
		return nil, fmt.Sprintf("it is for %s, and this version for %s", c.Task, task)
	}
	if first := o.DecidedAt[test[0]]; first.Before(c.Trained.To) {
		return nil, fmt.Sprintf("it was trained on rows up to %s, and the evaluation begins at %s", c.Trained.To.Format(time.DateOnly), first.Format(time.DateOnly))
	}
	if byKey, copies := o.overlap(division{train: o.decidedIn(c.Trained), test: test}); len(byKey)+len(copies) > 0 {
		return nil, fmt.Sprintf("%d of the %d rows were in the period that it was trained on too, under the same key or as copies", len(byKey)+len(copies), len(test))
	}
	// The order of rows follows from these, so that the same rows are found at the
	// same places.
	if c.Observations.Source != ours.Source || c.Observations.Partition != ours.Partition || c.Observations.DecisionTime != ours.DecisionTime || !slices.Equal(c.Observations.Key, ours.Key) {
		return nil, "its observations have another source, key, partition or decision time"
	}
	snapshot, all, err := c.Predict(ctx, l.session, feature.Range{From: l.periods.evaluateFrom, To: l.periods.lastDay})
	if err != nil {
		return nil, dataset.FirstLine(err)
	}
	place := map[int]int{}
	var period []int
	for i, partition := range o.Partition {
		if partition >= l.periods.evaluateFrom {
			place[i] = len(period)
			period = append(period, i)
		}
	}
	if !sameRows(snapshot, o.Select(period)) {
		return nil, fmt.Sprintf("it sees other observations or outcomes in the same period: %d of them, and this version %d", snapshot.Frame.Rows, len(period))
	}
	scores = make([]float64, len(test))
	for i, row := range test {
		scores[i] = all[place[row]]
	}
	return scores, ""
}

// sameRows compares everything about observations but their features.
func sameRows(a, b *feature.Snapshot) bool {
	return slices.Equal(a.Partition, b.Partition) &&
		slices.EqualFunc(a.DecidedAt, b.DecidedAt, time.Time.Equal) &&
		slices.EqualFunc(a.LabelKnownAt, b.LabelKnownAt, time.Time.Equal) &&
		slices.EqualFunc(a.Label, b.Label, func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) })
}

// differences are those of every metric that has one, for all rows and for the
// slices that the evaluation has.
func (l *line) differences(test *feature.Snapshot, ours, theirs []float64) ([]evaluation.SliceDifference, error) {
	var all []evaluation.SliceDifference
	days := metric.NumberDays(test.Partition)
	add := func(slice string, labels, ours, theirs []float64, days metric.Days) error {
		for _, name := range l.in.Config.Evaluation.Metrics {
			d, err := metric.Compare(name, labels, ours, theirs, days)
			if errors.Is(err, metric.ErrUnpaired) || errors.Is(err, metric.ErrUndefined) {
				continue
			}
			if err != nil {
				return fmt.Errorf("compare with the champion: %w", err)
			}
			all = append(all, evaluation.SliceDifference{Slice: slice, Difference: d})
		}
		return nil
	}
	if err := add("", test.Label, ours, theirs, days); err != nil {
		return nil, err
	}
	for _, slice := range l.result.Evaluation.Slices {
		column, found := test.Frame.Column(slice.Feature)
		if !found {
			continue
		}
		var rows []int
		for i := range test.Frame.Rows {
			if level, present := column.Text(i); present && level == slice.Level {
				rows = append(rows, i)
			}
		}
		if err := add(slice.Name(), take(test.Label, rows), take(ours, rows), take(theirs, rows), days.Of(rows)); err != nil {
			return nil, err
		}
	}
	return all, nil
}
