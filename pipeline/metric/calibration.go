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
func Reliability(y, p []float64) ([]Bin, error) {
	if _, err := checkProbabilities("reliability", y, p); err != nil {
		return nil, err
	}
	var bins []Bin
	for _, rows := range groups(p, 1) {
		var predicted float64
		bin := Bin{N: len(rows)}
		for _, row := range rows {
			predicted += p[row]
			if y[row] == 1 {
				bin.Positives++
			}
		}
		bins = append(bins, bin.finish(predicted))
	}
	return bins, nil
}

func (b Bin) finish(predicted float64) Bin {
	b.MeanPredicted = predicted / float64(b.N)
	b.ObservedRate = float64(b.Positives) / float64(b.N)
	b.Low, b.High = wilson(b.Positives, b.N, normalQuantile)
	return b
}

// CalibrationError is the expected calibration error over the bins of
// Reliability: the mean, weighted by rows, of |mean predicted − observed rate|
// (Naeini, Cooper and Hauskrecht 2015, there with bins of equal width).
//
// Its interval is conservative: it holds for every rate that lies in its bin's
// Wilson interval when those intervals together have coverage Level
// (Bonferroni). The value itself is biased upwards on few rows, where chance
// alone parts prediction and rate.
func CalibrationError(y, p []float64) (Estimate, error) {
	const name = "calibration_error"
	positives, err := checkProbabilities(name, y, p)
	if err != nil {
		return Estimate{}, err
	}
	bins, err := Reliability(y, p)
	if err != nil {
		return Estimate{}, err
	}
	estimate := Estimate{Metric: name, Level: Level, N: len(y), Positives: positives}
	z := math.Sqrt2 * math.Erfinv(1-(1-Level)/float64(len(bins)))
	for _, bin := range bins {
		weight := float64(bin.N) / float64(len(y))
		low, high := wilson(bin.Positives, bin.N, z)
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
// Wilson for the observed rate, the mean prediction being known. It is undefined
// where no label is positive.
func CalibrationRatio(y, p []float64) (Estimate, error) {
	const name = "calibration_ratio"
	positives, err := checkProbabilities(name, y, p)
	if err != nil {
		return Estimate{}, err
	}
	if positives == 0 {
		return Estimate{}, fmt.Errorf("%s is %w where none of %d labels is positive", name, ErrUndefined, len(y))
	}
	expected := sum(p) / float64(len(p))
	rate := float64(positives) / float64(len(y))
	low, high := wilson(positives, len(y), normalQuantile)
	return Estimate{
		Metric: name, Value: expected / rate, Low: expected / high, High: expected / low,
		Level: Level, N: len(y), Positives: positives,
	}, nil
}
