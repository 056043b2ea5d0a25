package metric

import (
	"fmt"
	"math"
	"slices"
)

// RMSE is the root of the mean squared error, in the units of the label. Its
// interval is the root of that of the mean.
func RMSE(y, p []float64, days Days) (Estimate, error) {
	const name = "rmse"
	if err := checkPairs(name, y, p, days); err != nil {
		return Estimate{}, err
	}
	estimate, err := ofMean(name, squaredErrors(y, p), days)
	if err != nil {
		return Estimate{}, err
	}
	estimate.Value, estimate.Low, estimate.High = math.Sqrt(estimate.Value), math.Sqrt(estimate.Low), math.Sqrt(estimate.High)
	return estimate, nil
}

// MAE is the mean absolute error, in the units of the label. Its interval is
// that of a mean.
func MAE(y, p []float64, days Days) (Estimate, error) {
	const name = "mae"
	if err := checkPairs(name, y, p, days); err != nil {
		return Estimate{}, err
	}
	return ofMean(name, absoluteErrors(y, p), days)
}

func absoluteErrors(y, p []float64) []float64 {
	deviations := make([]float64, len(y))
	for i := range y {
		deviations[i] = math.Abs(p[i] - y[i])
	}
	return deviations
}

// R2 is the coefficient of determination: 1 less the sum of squared errors over
// that of predicting the mean of these labels. It is at most 1, and below 0
// where that mean would have done better. It is undefined where all labels are
// equal.
//
// The interval is that of a ratio of two means by linearisation (Cochran,
// Sampling Techniques, 3rd ed. 1977, section 2.11); that the mean of the labels
// is estimated too changes it by less than the order of 1/n.
func R2(y, p []float64, days Days) (Estimate, error) {
	const name = "r2"
	if err := checkPairs(name, y, p, days); err != nil {
		return Estimate{}, err
	}
	if !slices.ContainsFunc(y, func(label float64) bool { return label != y[0] }) {
		return Estimate{}, fmt.Errorf("%s is %w where all %d labels are %v", name, ErrUndefined, len(y), y[0])
	}
	n := float64(len(y))
	errors, spread := squaredErrors(y, p), spreads(y)
	total := sum(spread)
	if total == 0 {
		return Estimate{}, fmt.Errorf("%s is %w where the %d labels differ by no more than rounding", name, ErrUndefined, len(y))
	}
	ratio := sum(errors) / total
	var squares float64
	shares := make([]float64, len(errors))
	for i := range errors {
		deviation := errors[i] - float64(ratio*spread[i])
		squares += float64(deviation * deviation)
		shares[i] = deviation / total
	}
	half := days.half(math.Sqrt(squares/(n-1)/n)/(total/n), shares)
	if !finite(ratio + half) {
		return Estimate{}, fmt.Errorf("%s: the labels or errors of %d rows are too large to add up", name, len(y))
	}
	estimate := days.mark(Estimate{
		Metric: name, Value: 1 - ratio, Low: 1 - ratio - half, High: math.Min(1, 1-ratio+half),
		Level: Level, N: len(y),
	})
	if ratio == 0 {
		estimate.Warnings = append(estimate.Warnings, "every prediction is its label, as a leaked label would make it")
	}
	return estimate, nil
}

// spreads are the squared errors of predicting the mean of the labels.
func spreads(y []float64) []float64 {
	mean := sum(y) / float64(len(y))
	spread := make([]float64, len(y))
	for i := range y {
		spread[i] = (y[i] - mean) * (y[i] - mean)
	}
	return spread
}

// PoissonDeviance is the mean of 2·(y·ln(y/p) − y + p), twice the distance in
// log likelihood from a model that knows each count (McCullagh and Nelder,
// Generalized Linear Models, 2nd ed. 1989, section 2.3). It suits counts, whose
// spread grows with their mean. Its interval is that of a mean. Labels must not
// be below 0; it is undefined where a prediction is not above 0.
func PoissonDeviance(y, p []float64, days Days) (Estimate, error) {
	const name = "poisson_deviance"
	if err := checkPairs(name, y, p, days); err != nil {
		return Estimate{}, err
	}
	for i := range y {
		switch {
		case y[i] < 0:
			return Estimate{}, fmt.Errorf("%s: the label in row %d is %v, and a count is not below 0", name, i+1, y[i])
		case p[i] <= 0:
			return Estimate{}, fmt.Errorf("%s is %w where a prediction is not above 0; that of row %d is %v", name, ErrUndefined, i+1, p[i])
		}
	}
	return ofMean(name, poissonLosses(y, p), days)
}

func poissonLosses(y, p []float64) []float64 {
	losses := make([]float64, len(y))
	for i := range y {
		losses[i] = 2 * (p[i] - y[i])
		if y[i] > 0 {
			losses[i] += 2 * float64(y[i]*logRatio(y[i], p[i]))
		}
		// A label that is predicted exactly may lose the last bit.
		losses[i] = math.Max(0, losses[i])
	}
	return losses
}

// logRatio is ln(a/b) of numbers above 0, also where the ratio has no room.
func logRatio(a, b float64) float64 {
	if ratio := a / b; ratio > 0 && finite(ratio) {
		return math.Log(ratio)
	}
	return math.Log(a) - math.Log(b)
}

// A ResidualBin is a group of rows with neighbouring predictions, and how far
// from those their labels lay. A residual is the label less the prediction.
type ResidualBin struct {
	N             int     `json:"n"`
	MeanPredicted float64 `json:"mean_predicted"`
	MeanResidual  float64 `json:"mean_residual"`
	// Low and High are the interval of MeanResidual at Level, that of a mean.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// P10 and P90 are residuals below which, including themselves, a tenth and
	// nine tenths of the rows lie.
	P10 float64 `json:"p10"`
	P90 float64 `json:"p90"`
}

// Diagnose shows where predictions are off: the reliability of probabilities, or
// the residuals of numbers, as the task has it. The other is empty.
func Diagnose(task Task, y, p []float64, days Days) (reliability []Bin, residuals []ResidualBin, err error) {
	if task == Regression {
		residuals, err = Residuals(y, p, days)
		return []Bin{}, residuals, err
	}
	reliability, err = Reliability(y, p, days)
	return reliability, []ResidualBin{}, err
}

// Residuals cuts the rows into at most ten groups of about equal size in order
// of their prediction, for a residual plot. Rows with the same prediction are
// never parted, and each group has at least two rows.
func Residuals(y, p []float64, days Days) ([]ResidualBin, error) {
	const name = "residuals"
	if err := checkPairs(name, y, p, days); err != nil {
		return nil, err
	}
	var bins []ResidualBin
	for _, rows := range groups(p, 2) {
		n := float64(len(rows))
		var predicted float64
		residuals := make([]float64, len(rows))
		for i, row := range rows {
			predicted += p[row]
			residuals[i] = y[row] - p[row]
		}
		mean := sum(residuals) / n
		half := days.Of(rows).half(math.Sqrt(variance(residuals)/n), deviations(residuals))
		if !finite(predicted) || !finite(mean+half) || !finite(mean-half) {
			return nil, fmt.Errorf("%s: the errors of %d rows are too large to add up", name, len(rows))
		}
		slices.Sort(residuals)
		bins = append(bins, ResidualBin{
			N: len(rows), MeanPredicted: predicted / n, MeanResidual: mean, Low: mean - half, High: mean + half,
			P10: quantile(residuals, 1), P90: quantile(residuals, 9),
		})
	}
	return bins, nil
}

// quantile is the value below which, including itself, so many tenths of sorted
// values lie (type 1 of Hyndman and Fan 1996: a value that occurs).
func quantile(sorted []float64, tenths int) float64 {
	return sorted[(tenths*len(sorted)+9)/10-1]
}
