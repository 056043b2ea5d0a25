package backtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/monitoring"
)

// hindsight is later than all outcomes that the data has.
var hindsight = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// judge compares the published scores with what happened, as far as the data
// knows by now.
func (r *rehearsal) judge(ctx context.Context) error {
	if len(r.files) == 0 {
		return nil
	}
	r.step("compare scores with outcomes")
	outcomes, err := monitoring.Read(ctx, r.in.Config, r.in.Contracts, r.files, hindsight)
	if err != nil {
		return err
	}
	all, carried := newTally(""), newTally("")
	months, days := map[string]*tally{}, map[string]*tally{}
	for i, date := range outcomes.Partition {
		within(days, date).add(outcomes, i)
		if outcomes.Carried[i] {
			carried.add(outcomes, i)
			continue
		}
		all.add(outcomes, i)
		within(months, date[:len("2006-01")]).add(outcomes, i)
	}
	for i := range r.report.Days {
		if t := days[r.report.Days[i].Date]; t != nil {
			r.report.Days[i].Labels = int64(len(t.labels))
			r.report.Days[i].MeanScore, r.report.Days[i].MeanLabel = mean(t.scores), mean(t.labels)
		}
	}
	if r.report.Quality, err = r.quality(all); err != nil {
		return err
	}
	if carried.published > 0 {
		quality, err := r.quality(carried)
		if err != nil {
			return err
		}
		r.report.Carried = &quality
	}
	for _, month := range sortedKeys(months) {
		quality, err := r.quality(months[month])
		if err != nil {
			return err
		}
		r.report.Months = append(r.report.Months, quality)
		r.report.Findings = append(r.report.Findings, monitoring.Performance(r.in.Config, month, quality.Estimates)...)
	}
	return nil
}

// A tally gathers the rows of one period.
type tally struct {
	period    string
	published int64
	days      map[string]bool
	// scores are all that were published; predicted and labels pair up.
	scores, predicted, labels []float64
	// labelled are the days of those.
	labelled []string
}

func newTally(period string) *tally { return &tally{period: period, days: map[string]bool{}} }

func within(tallies map[string]*tally, period string) *tally {
	if tallies[period] == nil {
		tallies[period] = newTally(period)
	}
	return tallies[period]
}

func (t *tally) add(o *monitoring.Outcomes, i int) {
	t.published++
	t.days[o.Partition[i]] = true
	t.scores = append(t.scores, o.Score[i])
	if o.Known[i] {
		t.predicted = append(t.predicted, o.Score[i])
		t.labels = append(t.labels, o.Label[i])
		t.labelled = append(t.labelled, o.Partition[i])
	}
}

// quality estimates the pipeline's metrics over a tally. A metric that its rows
// do not determine is left out, never invented.
func (r *rehearsal) quality(t *tally) (q Quality, err error) {
	q = Quality{
		Period: t.period, Days: len(t.days), Scores: t.published, Labels: int64(len(t.labels)),
		MeanScore: mean(t.predicted), MeanLabel: mean(t.labels),
		Estimates: []metric.Estimate{},
	}
	if len(t.labels) == 0 {
		return q, nil
	}
	days := metric.NumberDays(t.labelled)
	for _, name := range r.in.Config.Evaluation.Metrics {
		m, err := metric.Lookup(name)
		if err != nil {
			return q, err
		}
		estimate, err := m.Compute(t.labels, t.predicted, days)
		if errors.Is(err, metric.ErrUndefined) {
			continue
		}
		if err != nil {
			return q, fmt.Errorf("%s of %s: %w", name, t.period, err)
		}
		q.Estimates = append(q.Estimates, estimate)
	}
	q.Reliability, q.Residuals, err = metric.Diagnose(r.report.Task, t.labels, t.predicted, days)
	if err != nil && !errors.Is(err, metric.ErrUndefined) {
		return q, err
	}
	return q, nil
}

func mean(values []float64) *float64 {
	if len(values) == 0 {
		return nil
	}
	var sum float64
	for _, v := range values {
		sum += v
	}
	sum /= float64(len(values))
	return &sum
}

func sortedKeys(tallies map[string]*tally) []string {
	keys := make([]string, 0, len(tallies))
	for key := range tallies {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
