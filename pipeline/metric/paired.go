package metric

import (
	"errors"
	"fmt"
	"math"
)

// ErrUnpaired says that a metric has no interval for a paired difference.
var ErrUnpaired = errors.New("no paired difference")

// A Difference is a metric of one prediction less that of another, both of the
// same rows. Value, Low and High are finite.
type Difference struct {
	Metric string  `json:"metric"`
	Value  float64 `json:"value"`
	// Low and High bound the interval at Level.
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Level float64 `json:"level"`
	N     int     `json:"n"`
	// Days is how many days the rows are of, 0 where nobody said.
	Days int `json:"days,omitempty"`
}

// Compare is the metric of p less that of q. What makes both predictions of a
// row good or bad together cancels out, so that the interval is narrower than
// the two metrics' own. Like theirs it is the wider of that of rows and that of
// days.
//
//   - roc_auc: the variance of correlated areas (DeLong, DeLong and
//     Clarke-Pearson 1988), from the differences of their components.
//   - log_loss, brier, mae, poisson_deviance: a mean of differences.
//   - r2: a ratio of two means, linearised as for the metric itself.
//   - rmse: the delta method on the two means of squares.
//
// The other metrics are ErrUnpaired: their estimates lean on bins that the two
// predictions do not share.
func Compare(name string, y, p, q []float64, days Days) (Difference, error) {
	m, err := Lookup(name)
	if err != nil {
		return Difference{}, err
	}
	// Each metric's own checks of both columns, and its values.
	first, err := m.Compute(y, p, days)
	if err != nil {
		return Difference{}, err
	}
	second, err := m.Compute(y, q, days)
	if err != nil {
		return Difference{}, err
	}
	d := Difference{Metric: name, Value: first.Value - second.Value, Level: Level, N: len(y), Days: first.Days}
	var half float64
	switch name {
	case "roc_auc":
		half, err = days.ofAreas(y, p, q, first.Positives)
	case "log_loss":
		a, _ := logLosses(y, p)
		b, _ := logLosses(y, q)
		half = days.ofMean(less(a, b))
	case "brier":
		half = days.ofMean(less(squaredErrors(y, p), squaredErrors(y, q)))
	case "mae":
		half = days.ofMean(less(absoluteErrors(y, p), absoluteErrors(y, q)))
	case "poisson_deviance":
		half = days.ofMean(less(poissonLosses(y, p), poissonLosses(y, q)))
	case "r2":
		half = days.ofShare(y, less(squaredErrors(y, q), squaredErrors(y, p)))
	case "rmse":
		half, err = days.ofRoots(squaredErrors(y, p), squaredErrors(y, q), first.Value, second.Value)
	default:
		return Difference{}, fmt.Errorf("%s: %w", name, ErrUnpaired)
	}
	if err != nil {
		return Difference{}, err
	}
	d.Low, d.High = d.Value-half, d.Value+half
	if !finite(d.Low) || !finite(d.High) {
		return Difference{}, fmt.Errorf("%s: the losses of %d rows are too large to compare", name, len(y))
	}
	return d, nil
}

// The following are half the width of an interval.

func (d Days) ofAreas(y, p, q []float64, positives int) (float64, error) {
	negatives := len(y) - positives
	if min(positives, negatives) < 2 {
		return 0, fmt.Errorf("the difference of roc_auc is %w where a class has a single row", ErrUndefined)
	}
	_, a := placementByRow(y, p, positives)
	_, b := placementByRow(y, q, positives)
	m, n := float64(positives), float64(negatives)
	components := less(a, b)
	var ofPositives, ofNegatives []float64
	for row, label := range y {
		if label == 1 {
			ofPositives = append(ofPositives, components[row])
		} else {
			ofNegatives = append(ofNegatives, components[row])
		}
	}
	deviation := math.Sqrt(variance(ofPositives)/(m*n*n) + variance(ofNegatives)/(n*m*m))
	return d.half(deviation, areaShares(y, components, positives)), nil
}

func (d Days) ofRoots(a, b []float64, first, second float64) (float64, error) {
	if first == 0 || second == 0 {
		return 0, fmt.Errorf("the difference of rmse is %w where one of them is 0", ErrUndefined)
	}
	parts := make([]float64, len(a))
	for i := range a {
		parts[i] = float64(a[i]/(2*first)) - float64(b[i]/(2*second))
	}
	return d.ofMean(parts), nil
}

// ofShare is of the mean of gains over the mean spread of the labels.
func (d Days) ofShare(y, gains []float64) float64 {
	spread := spreads(y)
	total := sum(spread)
	ratio := sum(gains) / total
	rest := make([]float64, len(y))
	for i := range rest {
		rest[i] = gains[i] - float64(ratio*spread[i])
	}
	return d.ofMean(rest) / (total / float64(len(y)))
}

func (d Days) ofMean(values []float64) float64 {
	return d.half(math.Sqrt(variance(values)/float64(len(values))), deviations(values))
}

func less(a, b []float64) []float64 {
	differences := make([]float64, len(a))
	for i := range a {
		differences[i] = a[i] - b[i]
	}
	return differences
}
