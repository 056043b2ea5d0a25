package training

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/metric"
)

// minSliceRows is the fewest rows of a slice that is evaluated: below it the
// interval of any rate is wider than the differences one would act on.
const minSliceRows = 100

// evaluate says how the scores of the later rows compare with what happened.
func (l *line) evaluate(train, test *feature.Snapshot, scores []float64) (*evaluation.Report, error) {
	r := &evaluation.Report{
		Format:       evaluation.Format,
		Slices:       []evaluation.Slice{},
		Task:         l.in.Config.Estimator.Task(),
		Training:     decisions(train),
		Period:       decisions(test),
		GapSeconds:   int64(l.in.Config.Split.Gap.Duration / time.Second),
		TrainingRows: int64(train.Frame.Rows),
		Rows:         int64(test.Frame.Rows),
		Split:        l.split, CrossValidation: l.crossValidation, Leakage: l.leakage,
		Contract: evaluation.Contract{Checks: int64(l.result.Validation.Checks()), Rows: l.result.Validation.Rows()},
		Honesty: evaluation.Honesty{
			StaticPassed:    l.result.Validation.Honest == len(l.in.Config.Features),
			FeaturesChecked: int64(l.result.Validation.Honest),
			Dynamic:         l.certificate,
		},
	}
	var err error
	days := metric.NumberDays(test.Partition)
	if r.Estimates, err = l.estimates(test.Label, scores, days); err != nil {
		return nil, fmt.Errorf("evaluate: %w", err)
	}
	if r.Reliability, r.Residuals, err = metric.Diagnose(r.Task, test.Label, scores, days); err != nil {
		return nil, fmt.Errorf("evaluate: %w", err)
	}
	for _, name := range l.in.Config.Evaluation.Slices {
		if err := l.slice(r, name, test, scores, days); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// estimates works out each metric that the configuration names.
func (l *line) estimates(labels, scores []float64, days metric.Days) ([]metric.Estimate, error) {
	var all []metric.Estimate
	for _, name := range l.in.Config.Evaluation.Metrics {
		m, err := metric.Lookup(name)
		if err != nil {
			return nil, err
		}
		estimate, err := m.Compute(labels, scores, days)
		if err != nil {
			return nil, err
		}
		all = append(all, estimate)
	}
	return all, nil
}

// slice adds the levels of a categorical feature that have enough rows of both
// outcomes to be judged.
func (l *line) slice(r *evaluation.Report, name string, test *feature.Snapshot, scores []float64, days metric.Days) error {
	column, ok := test.Frame.Column(name)
	if !ok {
		return fmt.Errorf("the slice %s is not a feature", name)
	}
	rows := map[string][]int{}
	for i := range test.Frame.Rows {
		if level, present := column.Text(i); present {
			rows[level] = append(rows[level], i)
		}
	}
	levels := slices.Clone(column.Levels)
	slices.Sort(levels)
	for _, level := range levels {
		if len(rows[level]) < minSliceRows {
			continue
		}
		estimates, err := l.estimates(take(test.Label, rows[level]), take(scores, rows[level]), days.Of(rows[level]))
		if errors.Is(err, metric.ErrUndefined) {
			continue
		}
		if err != nil {
			return fmt.Errorf("evaluate slice %s=%s: %w", name, level, err)
		}
		r.Slices = append(r.Slices, evaluation.Slice{Feature: name, Level: level, Estimates: estimates})
	}
	return nil
}

func take(values []float64, rows []int) []float64 {
	taken := make([]float64, len(rows))
	for i, row := range rows {
		taken[i] = values[row]
	}
	return taken
}

// decisions is the period from the first decision to just after the last.
// Snapshots are in the order of their decisions.
func decisions(s *feature.Snapshot) evaluation.Period {
	return evaluation.Period{From: s.DecidedAt[0], To: s.DecidedAt[len(s.DecidedAt)-1].Add(time.Microsecond)}
}
