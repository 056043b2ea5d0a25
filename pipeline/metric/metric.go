// Package metric says how good predictions are: each figure with the number of
// rows behind it and an interval.
//
//  1. Labels and predictions come in as two columns of the same length, with the
//     days that the rows are of.
//  2. They are checked: at least two rows, finite, labels 0 or 1 where classes
//     are meant, predictions in [0, 1] where probabilities are meant.
//  3. A metric computes its value and its 95 % interval, in row order, so that
//     the same rows give the same bits. The interval is the wider of that of
//     independent rows and that of independent days.
//  4. Where the value does not exist (one class only, no rows) the result is an
//     error that wraps ErrUndefined, never NaN and never a default.
package metric

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Level is the coverage that every interval aims at.
const Level = 0.95

// normalQuantile is the standard normal quantile of (1 + Level)/2.
const normalQuantile = 1.959963984540054

// ErrUndefined says that the rows do not determine the metric. The rows are
// valid; there are too few of them, or of one class only.
var ErrUndefined = errors.New("undefined")

// An Estimate is a metric's value on some rows. Value, Low and High are finite.
type Estimate struct {
	Metric string  `json:"metric"`
	Value  float64 `json:"value"`
	// Low and High bound the interval at Level.
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Level float64 `json:"level"`
	// N is the number of rows; Positives how many have label 1, 0 in regression.
	N         int `json:"n"`
	Positives int `json:"positives"`
	// Days is how many days the rows are of, 0 where nobody said.
	Days     int      `json:"days,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
}

// String is like "roc_auc 0.7011 [0.6987, 0.7035] n=108233".
func (e Estimate) String() string {
	value, low, high := e.Figures()
	return fmt.Sprintf("%s %s [%s, %s] n=%d", e.Metric, value, low, high, e.N)
}

// Figures are the value and its interval for people: four decimals, and one
// fewer for each digit beyond the first that the greatest of them has before its
// point.
func (e Estimate) Figures() (value, low, high string) { return e.figures(4) }

// Short are Figures with one decimal fewer.
func (e Estimate) Short() (value, low, high string) { return e.figures(3) }

func (e Estimate) figures(most int) (value, low, high string) {
	places := decimals(max(math.Abs(e.Value), math.Abs(e.Low), math.Abs(e.High)), most)
	text := func(v float64) string { return strconv.FormatFloat(v, 'f', places, 64) }
	return text(e.Value), text(e.Low), text(e.High)
}

// Figure writes a mean, or another value beside an Estimate, as Short does.
func Figure(value float64) string {
	return strconv.FormatFloat(value, 'f', decimals(math.Abs(value), 3), 64)
}

func decimals(size float64, most int) int {
	for bound := 10.0; most > 0 && size >= bound; bound *= 10 {
		most--
	}
	return most
}

// Task is the kind of prediction a metric judges.
type Task string

// The tasks.
const (
	Classification Task = "classification" // y is 0 or 1, p a probability
	Regression     Task = "regression"     // y and p are numbers
)

// Direction says which values of a metric are good.
type Direction string

// The directions.
const (
	HigherIsBetter Direction = "higher is better"
	LowerIsBetter  Direction = "lower is better"
	OneIsBest      Direction = "one is best"
)

// Cost orders values of a metric: of two, the one with the lower cost is better.
func (d Direction) Cost(value float64) float64 {
	switch d {
	case HigherIsBetter:
		return -value
	case OneIsBest:
		return math.Abs(value - 1)
	default:
		return value
	}
}

// A Metric computes an Estimate from labels y and predictions p of some days.
type Metric struct {
	Name      string
	Task      Task
	Direction Direction
	Compute   func(y, p []float64, days Days) (Estimate, error)
}

var metrics = []Metric{
	{"roc_auc", Classification, HigherIsBetter, ROCAUC},
	{"log_loss", Classification, LowerIsBetter, LogLoss},
	{"brier", Classification, LowerIsBetter, Brier},
	{"calibration_error", Classification, LowerIsBetter, CalibrationError},
	{"calibration_ratio", Classification, OneIsBest, CalibrationRatio},
	{"rmse", Regression, LowerIsBetter, RMSE},
	{"mae", Regression, LowerIsBetter, MAE},
	{"r2", Regression, HigherIsBetter, R2},
	{"poisson_deviance", Regression, LowerIsBetter, PoissonDeviance},
}

// All are the known metrics, in the order in which they are shown.
func All() []Metric {
	return append([]Metric(nil), metrics...)
}

// Lookup finds a metric by its name.
func Lookup(name string) (Metric, error) {
	names := make([]string, len(metrics))
	for i, m := range metrics {
		if m.Name == name {
			return m, nil
		}
		names[i] = m.Name
	}
	return Metric{}, fmt.Errorf("metric %q is not one of: %s", name, strings.Join(names, ", "))
}

// checkPairs refuses columns that no metric can use.
func checkPairs(name string, y, p []float64, days Days) error {
	if len(y) != len(p) {
		return fmt.Errorf("%s: there are %d labels for %d predictions", name, len(y), len(p))
	}
	if days != nil && len(days) != len(y) {
		return fmt.Errorf("%s: there are %d labels and the days of %d", name, len(y), len(days))
	}
	for i := range y {
		if !finite(y[i]) {
			return fmt.Errorf("%s: the label in row %d is %v; leave out rows without a label", name, i+1, y[i])
		}
		if !finite(p[i]) {
			return fmt.Errorf("%s: the prediction in row %d is %v", name, i+1, p[i])
		}
	}
	if len(y) < 2 {
		return fmt.Errorf("%s is %w on %d rows; it needs at least 2", name, ErrUndefined, len(y))
	}
	return nil
}

// checkClasses is checkPairs for labels 0 and 1, which it counts.
func checkClasses(name string, y, p []float64, days Days) (positives int, err error) {
	if err := checkPairs(name, y, p, days); err != nil {
		return 0, err
	}
	for i, label := range y {
		switch label {
		case 0:
		case 1:
			positives++
		default:
			return 0, fmt.Errorf("%s: the label in row %d is %v where 0 or 1 is needed", name, i+1, label)
		}
	}
	return positives, nil
}

// checkProbabilities is checkClasses for predictions in [0, 1].
func checkProbabilities(name string, y, p []float64, days Days) (positives int, err error) {
	positives, err = checkClasses(name, y, p, days)
	if err != nil {
		return 0, err
	}
	for i, probability := range p {
		if probability < 0 || probability > 1 {
			return 0, fmt.Errorf("%s: the prediction in row %d is %v, which is not a probability", name, i+1, probability)
		}
	}
	return positives, nil
}

// ofMean is the estimate of the mean of a loss per row, with the interval of
// the central limit theorem, not below 0 as losses are not.
func ofMean(name string, losses []float64, days Days) (Estimate, error) {
	mean := sum(losses) / float64(len(losses))
	half := days.ofMean(losses)
	if !finite(mean + half) {
		return Estimate{}, fmt.Errorf("%s: the losses of %d rows are too large to add up", name, len(losses))
	}
	return days.mark(Estimate{
		Metric: name, Value: mean, Low: math.Max(0, mean-half), High: mean + half,
		Level: Level, N: len(losses),
	}), nil
}

// Wilson is the interval at Level of the rate of positives among n rows, 1 or
// more.
func Wilson(positives, n int) (low, high float64) {
	return wilson(float64(positives)/float64(n), float64(n), normalQuantile)
}

// wilson is the interval of a rate among rows, of which there need not be a whole
// number (Wilson 1927), at a normal quantile z.
func wilson(rate, rows, z float64) (low, high float64) {
	zz := float64(z * z)
	center := (rate + zz/(2*rows)) / (1 + zz/rows)
	half := z / (1 + zz/rows) * math.Sqrt(rate*(1-rate)/rows+zz/(4*rows*rows))
	// Rounding may push a bound past the rate or out of [0, 1].
	return math.Min(rate, math.Max(0, center-half)), math.Max(rate, math.Min(1, center+half))
}

func finite(x float64) bool {
	return !math.IsNaN(x) && !math.IsInf(x, 0)
}
