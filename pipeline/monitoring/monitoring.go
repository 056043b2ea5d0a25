// Package monitoring compares what is served with what was promised.
//
//  1. On the day: the distance of each feature, and of the scores, from the
//     training profile, over the window of days that ends with it. Above the
//     threshold it is a warning.
//  2. Once labels are known: the scores joined with what happened, month by
//     month. A metric whose whole interval lies outside its bound is a warning.
//
// Nothing here stops a line: that is for contracts, which speak before a score
// is published.
package monitoring

import (
	"fmt"
	"time"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/ledger"
	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/profile"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// DriftCode is the code of a drift warning.
const DriftCode = "monitoring/drift"

// defaultWindow is four weeks: every weekday four times, and some weather.
const defaultWindow = 28 * 24 * time.Hour

// A Partition is what was scored on one day.
type Partition struct {
	Date   time.Time
	Frame  feature.Frame
	Scores []float64
	// BundleID names the bundle that scored.
	BundleID string
}

// Drift adds a partition to the days that the same bundle scored within the
// window before it, and measures how far they all are from the training
// profile. It returns the partition's own counts, for the ledger, and what it
// measured. There is no warning before half of the window has been scored.
func Drift(c *pipeline.Config, trained *profile.Profile, today Partition, earlier []ledger.Run) ([]ledger.Count, []ledger.Drift, []report.Finding, error) {
	window := defaultWindow
	limit := c.Monitoring.Drift
	if limit != nil && limit.Window.Duration > 0 {
		window = limit.Window.Duration
	}
	own, err := profile.Tally(trained, today.Frame, today.Scores)
	if err != nil {
		return nil, nil, nil, err
	}
	total, days := own, 1
	for day := today.Date.Add(24*time.Hour - window); day.Before(today.Date); day = day.AddDate(0, 0, 1) {
		run, ok := ledger.LastScoredOn(earlier, day.Format(time.DateOnly))
		if !ok || run.Bundle.ID != today.BundleID {
			continue
		}
		if total, err = profile.Add(total, fromLedger(run.Counts)); err != nil {
			return nil, nil, nil, fmt.Errorf("the ledger's counts of %s: %w", run.LogicalDate, err)
		}
		days++
	}
	measured, err := profile.Measure(trained, total)
	if err != nil {
		return nil, nil, nil, err
	}
	var drifts []ledger.Drift
	var findings []report.Finding
	ripe := days*2 >= int(window/(24*time.Hour))
	for _, d := range measured {
		drifts = append(drifts, ledger.Drift{Feature: d.Feature, Status: string(d.Status), PSI: d.PSI, N: int64(d.N)})
		if d.Status != profile.Measured || limit == nil || !ripe || *d.PSI <= max(limit.PSI, d.Noise) {
			continue
		}
		findings = append(findings, report.Finding{
			Code: DriftCode, Severity: report.Warning, Partition: today.Date.Format(time.DateOnly), Column: d.Feature,
			Position: c.At("monitoring", "drift", "psi"),
			Message:  fmt.Sprintf("%s has drifted: population stability index %.3f over the last %d scored days, above %.3g", d.Feature, *d.PSI, days, limit.PSI),
			Remedy:   "compare those days with the training profile; if the change is here to stay, retrain",
		})
	}
	return toLedger(own), drifts, findings, nil
}

func fromLedger(counts []ledger.Count) []profile.Count {
	converted := make([]profile.Count, len(counts))
	for i, count := range counts {
		converted[i] = profile.Count(count)
	}
	return converted
}

func toLedger(counts []profile.Count) []ledger.Count {
	converted := make([]ledger.Count, len(counts))
	for i, count := range counts {
		converted[i] = ledger.Count(count)
	}
	return converted
}

// Performance compares estimates over a period with the thresholds. A bound is
// broken only when the whole interval lies beyond it.
func Performance(c *pipeline.Config, period string, estimates []metric.Estimate) []report.Finding {
	var findings []report.Finding
	for i, limit := range c.Monitoring.Performance {
		for _, e := range estimates {
			if e.Metric != limit.Metric {
				continue
			}
			below := limit.Min != nil && e.High < *limit.Min
			above := limit.Max != nil && e.Low > *limit.Max
			if !below && !above {
				continue
			}
			value, low, high := e.Figures()
			findings = append(findings, report.Finding{
				Code: "monitoring/performance", Severity: report.Warning, Partition: period,
				Position: c.At("monitoring", "performance", i),
				Message:  fmt.Sprintf("%s of %s is %s (%s to %s, n %d), beyond its bound", e.Metric, period, value, low, high, e.N),
				Remedy:   "retrain on data up to now, and see what changed in the features that drifted",
			})
		}
	}
	return findings
}
