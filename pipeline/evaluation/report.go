// Package evaluation is the record of how a model did on rows later than those
// it was trained on: the member of a bundle that the gate and the next
// challenger read.
//
//  1. Training fills in a Report: the periods, the estimates with their
//     intervals, for all rows and by slice, the reliability of probabilities or
//     the residuals of numbers, how rows were divided and parameters chosen, and
//     what the contract, honesty and leakage checks found.
//  2. Write checks it and encodes it as canonical JSON.
//  3. Read decodes it, and refuses what Write would not have written.
//
// A Report states facts. Whether they are good enough is the policy's to say.
package evaluation

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/metric"
)

// Format names the form of a Report. What a reader does not know it refuses.
const Format = "linecook.evaluation/v1"

// A Report is the evaluation of one bundle. All times are UTC.
type Report struct {
	Format string      `json:"format"`
	Task   metric.Task `json:"task"`
	// Training is the period whose rows were fitted to, Period the one whose
	// rows were predicted and compared.
	Training Period `json:"training"`
	Period   Period `json:"period"`
	// GapSeconds is the pause that the split promised between the two.
	GapSeconds int64 `json:"gap_seconds"`
	// TrainingRows and Rows count the labelled rows of each period.
	TrainingRows int64             `json:"training_rows"`
	Rows         int64             `json:"rows"`
	Estimates    []metric.Estimate `json:"estimates"`
	Slices       []Slice           `json:"slices"`
	// Reliability is of classification, Residuals of regression; the other is empty.
	Reliability []metric.Bin         `json:"reliability"`
	Residuals   []metric.ResidualBin `json:"residuals"`
	Split       Split                `json:"split"`
	// CrossValidation is nil where the parameters were given and not chosen.
	CrossValidation *CrossValidation `json:"cross_validation,omitempty"`
	Leakage         Leakage          `json:"leakage"`
	Contract        Contract         `json:"contract"`
	Honesty         Honesty          `json:"honesty"`
	// Comparison is with the champion on the rows of Period; nil where none was
	// made.
	Comparison *Comparison `json:"comparison,omitempty"`
}

// A Period is half open: From is in it and To is not.
type Period struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// A Slice holds the estimates over the rows whose Feature has the Level.
type Slice struct {
	Feature   string            `json:"feature"`
	Level     string            `json:"level"`
	Estimates []metric.Estimate `json:"estimates"`
}

// Name is the slice as pipeline.yaml names it: feature=level.
func (s Slice) Name() string { return s.Feature + "=" + s.Level }

// Contract is what holding the training data against its contracts found.
type Contract struct {
	Checks int64 `json:"checks"`
	Errors int64 `json:"errors"`
	Rows   int64 `json:"rows"`
}

// Honesty is the certificate that no feature knew the future.
type Honesty struct {
	// StaticPassed says that the check of the features' definitions, by the
	// known-at times of what they read, found nothing.
	StaticPassed    bool  `json:"static_passed"`
	FeaturesChecked int64 `json:"features_checked"`
	// Dynamic is what the experiment found, see package honesty.
	Dynamic Certificate `json:"dynamic"`
}

// Write encodes a report as canonical JSON. Format and the zone of times are
// filled in; nil lists are written as empty ones.
func Write(r Report) ([]byte, error) {
	r = r.normal()
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("write the evaluation: %w", err)
	}
	data, err := canonical.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("write the evaluation: %w", err)
	}
	return data, nil
}

// Read decodes what Write wrote, and refuses every other text.
func Read(data []byte) (Report, error) {
	var r Report
	if err := canonical.Unmarshal(data, &r); err != nil {
		return Report{}, fmt.Errorf("read the evaluation: %w", err)
	}
	if r.Format != Format {
		return Report{}, fmt.Errorf("read the evaluation: its form is %q and this linecook reads %q; use the linecook that wrote it, or train again", r.Format, Format)
	}
	again, err := Write(r)
	if err != nil {
		return Report{}, fmt.Errorf("read the evaluation: %w", err)
	}
	if !bytes.Equal(again, data) {
		return Report{}, fmt.Errorf("read the evaluation: the text is not as linecook writes it, with every key of the form %s and no other; train again, do not edit it", Format)
	}
	return r, nil
}

func (r Report) normal() Report {
	r.Format = Format
	r.Training, r.Period = r.Training.utc(), r.Period.utc()
	r.Honesty.Dynamic = r.Honesty.Dynamic.normal()
	if r.Estimates == nil {
		r.Estimates = []metric.Estimate{}
	}
	slices := make([]Slice, len(r.Slices))
	copy(slices, r.Slices)
	r.Slices = slices
	r.CrossValidation = r.CrossValidation.normal()
	if r.Leakage.Signals == nil {
		r.Leakage.Signals = []Signal{}
	}
	if r.Reliability == nil {
		r.Reliability = []metric.Bin{}
	}
	if r.Residuals == nil {
		r.Residuals = []metric.ResidualBin{}
	}
	r.Comparison = r.Comparison.normal()
	return r
}

func (p Period) utc() Period { return Period{From: p.From.UTC(), To: p.To.UTC()} }

func (r Report) check() error {
	if r.Task != metric.Classification && r.Task != metric.Regression {
		return fmt.Errorf("task is %q; use %q or %q", r.Task, metric.Classification, metric.Regression)
	}
	for _, p := range []struct {
		name   string
		period Period
	}{{"training", r.Training}, {"evaluation", r.Period}} {
		if !p.period.From.Before(p.period.To) || p.period.From.IsZero() {
			return fmt.Errorf("the %s period from %s to %s is empty; give it a beginning and a later end", p.name, p.period.From.Format(time.RFC3339), p.period.To.Format(time.RFC3339))
		}
	}
	for _, c := range []struct {
		name       string
		value, min int64
	}{
		{"gap_seconds", r.GapSeconds, 0}, {"training_rows", r.TrainingRows, 1}, {"rows", r.Rows, 1},
		{"contract checks", r.Contract.Checks, 0}, {"contract errors", r.Contract.Errors, 0}, {"contract rows", r.Contract.Rows, 0},
		{"features_checked", r.Honesty.FeaturesChecked, 0},
	} {
		if c.value < c.min {
			return fmt.Errorf("%s is %d, less than %d", c.name, c.value, c.min)
		}
	}
	if len(r.Estimates) == 0 {
		return fmt.Errorf("it holds no estimate; name at least one metric under evaluation in pipeline.yaml")
	}
	if err := checkEstimates("all rows", r.Estimates); err != nil {
		return err
	}
	if err := r.Split.check(r.Rows); err != nil {
		return err
	}
	if err := r.CrossValidation.check(r.Training); err != nil {
		return err
	}
	if err := r.Leakage.check(); err != nil {
		return err
	}
	if err := r.Honesty.Dynamic.check(r.Honesty.FeaturesChecked); err != nil {
		return err
	}
	if err := r.Comparison.check(r); err != nil {
		return err
	}
	return r.checkParts()
}

func (r Report) checkParts() error {
	seen := map[string]bool{}
	for _, s := range r.Slices {
		switch {
		case strings.TrimSpace(s.Feature) == "":
			return fmt.Errorf("a slice with the level %q names no feature", s.Level)
		case seen[s.Name()]:
			return fmt.Errorf("slice %s is there twice", s.Name())
		}
		seen[s.Name()] = true
		if len(s.Estimates) == 0 {
			return fmt.Errorf("slice %s holds no estimate; leave it out", s.Name())
		}
		if err := checkEstimates("slice "+s.Name(), s.Estimates); err != nil {
			return err
		}
	}
	if r.Task == metric.Regression && len(r.Reliability) > 0 || r.Task == metric.Classification && len(r.Residuals) > 0 {
		return fmt.Errorf("a report of %s holds %d bins of reliability, which is of classification, and %d of residuals, which are of regression", r.Task, len(r.Reliability), len(r.Residuals))
	}
	for i, b := range r.Residuals {
		for _, x := range []float64{b.MeanPredicted, b.MeanResidual, b.Low, b.High, b.P10, b.P90} {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("residual bin %d holds %v, which is not a finite number", i, x)
			}
		}
		if b.N < 2 || b.Low > b.MeanResidual || b.MeanResidual > b.High || b.P10 > b.P90 {
			return fmt.Errorf("residual bin %d of %d rows has the mean %v in %v to %v, and tenths from %v to %v; two rows or more, in that order, are needed", i, b.N, b.MeanResidual, b.Low, b.High, b.P10, b.P90)
		}
	}
	for i, b := range r.Reliability {
		if b.N < 1 || b.Positives < 0 || b.Positives > b.N {
			return fmt.Errorf("reliability bin %d has %d positives of %d rows; leave empty bins out", i, b.Positives, b.N)
		}
		for _, share := range []float64{b.MeanPredicted, b.ObservedRate, b.Low, b.High} {
			if !(share >= 0 && share <= 1) {
				return fmt.Errorf("reliability bin %d has predicted %v and observed %v (%v to %v); all four are shares from 0 to 1", i, b.MeanPredicted, b.ObservedRate, b.Low, b.High)
			}
		}
	}
	return nil
}

func checkEstimates(where string, estimates []metric.Estimate) error {
	seen := map[string]bool{}
	for _, e := range estimates {
		switch {
		case strings.TrimSpace(e.Metric) == "":
			return fmt.Errorf("an estimate for %s names no metric", where)
		case seen[e.Metric]:
			return fmt.Errorf("metric %s for %s is there twice", e.Metric, where)
		case e.N < 1:
			return fmt.Errorf("metric %s for %s was measured on %d rows; leave it out", e.Metric, where, e.N)
		}
		seen[e.Metric] = true
		for _, x := range []float64{e.Value, e.Low, e.High, e.Level} {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("metric %s for %s is %v (%v to %v at level %v), which is not a finite interval; leave it out", e.Metric, where, e.Value, e.Low, e.High, e.Level)
			}
		}
		if e.Low > e.High || e.Level <= 0 || e.Level >= 1 {
			return fmt.Errorf("metric %s for %s has the interval %v to %v at level %v; its low end must not exceed its high end, and its level lies between 0 and 1", e.Metric, where, e.Low, e.High, e.Level)
		}
	}
	return nil
}
