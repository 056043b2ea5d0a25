package metric

import (
	"fmt"
	"math"
)

// A Bin is a group of rows with neighbouring predictions.
type Bin struct {
	N         int `json:"n"`
	Positives int `json:"positives"`
	// MeanPredicted is what the model expected, ObservedRate what happened.
	MeanPredicted float64 `json:"mean_predicted"`
	ObservedRate  float64 `json:"observed_rate"`
	// Low and High are the Wilson interval of the observed rate at Level.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Reliability cuts the rows into at most ten bins of about equal size in order
// of their prediction, for a reliability diagram. Rows with the same prediction
// are never parted, so that there may be fewer bins.
func Reliability(y, p []float64, days Days) ([]Bin, error) {
	if _, err := checkProbabilities("reliability", y, p, days); err != nil {
		return nil, err
	}
	bins, rows := reliability(y, p, days)
	for i := range bins {
		bins[i].Low, bins[i].High = wilson(bins[i].ObservedRate, rows[i], normalQuantile)
	}
	return bins, nil
}

// reliability has the bins without their intervals, and how many independent rows
// each is worth.
func reliability(y, p []float64, days Days) (bins []Bin, effective []float64) {
	for _, rows := range groups(p, 1) {
		var predicted float64
		bin, labels := Bin{N: len(rows)}, make([]float64, len(rows))
		for i, row := range rows {
			predicted += p[row]
			labels[i] = y[row]
			if y[row] == 1 {
				bin.Positives++
			}
		}
		bin.MeanPredicted = predicted / float64(bin.N)
		bin.ObservedRate = float64(bin.Positives) / float64(bin.N)
		bins = append(bins, bin)
		effective = append(effective, days.Of(rows).effective(bin.ObservedRate, bin.N, deviations(labels)))
	}
	return bins, effective
}

// CalibrationError is the expected calibration error over the bins of
// Reliability: the mean, weighted by rows, of |mean predicted − observed rate|
// (Naeini, Cooper and Hauskrecht 2015, there with bins of equal width).
//
// Its interval is conservative: it holds for every rate that lies in its bin's
// Wilson interval when those intervals together have coverage Level
// (Bonferroni). The value itself is biased upwards on few rows, where chance
// alone parts prediction and rate.
func CalibrationError(y, p []float64, days Days) (Estimate, error) {
	const name = "calibration_error"
	positives, err := checkProbabilities(name, y, p, days)
	if err != nil {
		return Estimate{}, err
	}
	bins, rows := reliability(y, p, days)
	estimate := days.mark(Estimate{Metric: name, Level: Level, N: len(y), Positives: positives})
	z := math.Sqrt2 * math.Erfinv(1-(1-Level)/float64(len(bins)))
	for i, bin := range bins {
		weight := float64(bin.N) / float64(len(y))
		low, high := wilson(bin.ObservedRate, rows[i], z)
		above, below := bin.MeanPredicted-low, high-bin.MeanPredicted
		estimate.Value += float64(weight * math.Abs(bin.MeanPredicted-bin.ObservedRate))
		// The nearest rate in the interval, 0 away if the prediction is inside.
		estimate.Low += float64(weight * math.Max(0, math.Max(-above, -below)))
		estimate.High += float64(weight * math.Max(above, below))
	}
	return estimate, nil
}

// CalibrationRatio is the mean prediction divided by the observed rate: below 1
// the model expects too few positives, above 1 too many. Its interval is that of
// Wilson for the observed rate, the mean prediction being known; what days add to
// it is what the predictions do not explain. It is undefined where no label is
// positive.
func CalibrationRatio(y, p []float64, days Days) (Estimate, error) {
	const name = "calibration_ratio"
	positives, err := checkProbabilities(name, y, p, days)
	if err != nil {
		return Estimate{}, err
	}
	if positives == 0 {
		return Estimate{}, fmt.Errorf("%s is %w where none of %d labels is positive", name, ErrUndefined, len(y))
	}
	expected := sum(p) / float64(len(p))
	rate := float64(positives) / float64(len(y))
	unexplained := make([]float64, len(y))
	for i := range y {
		unexplained[i] = y[i] - float64(p[i]*rate/expected)
	}
	low, high := wilson(rate, days.effective(rate, len(y), deviations(unexplained)), normalQuantile)
	return days.mark(Estimate{
		Metric: name, Value: expected / rate, Low: expected / high, High: expected / low,
		Level: Level, N: len(y), Positives: positives,
	}), nil
}
