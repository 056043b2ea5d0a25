package metric

import (
	"fmt"
	"math"
)

// probabilityFloor keeps the log loss of a certain and wrong prediction finite:
// scikit-learn's eps for float64 since 1.2.
const probabilityFloor = 0x1p-52

// LogLoss is the mean of −log of the probability given to what happened, in
// nats. Its interval is that of a mean. It exists on rows of one class.
func LogLoss(y, p []float64, days Days) (Estimate, error) {
	const name = "log_loss"
	positives, err := checkProbabilities(name, y, p, days)
	if err != nil {
		return Estimate{}, err
	}
	losses, clipped := logLosses(y, p)
	estimate, err := ofMean(name, losses, days)
	if err != nil {
		return Estimate{}, err
	}
	estimate.Positives = positives
	if clipped > 0 {
		estimate.Warnings = append(estimate.Warnings, fmt.Sprintf(
			"%d rows had probability 0 of what happened, whose loss is infinite and was counted as %.1f", clipped, -math.Log(probabilityFloor)))
	}
	return estimate, nil
}

// logLosses is the loss of each row, and how many were infinite.
func logLosses(y, p []float64) (losses []float64, clipped int) {
	losses = make([]float64, len(y))
	for i, probability := range p {
		bounded := min(max(probability, probabilityFloor), 1-probabilityFloor)
		if y[i] == 1 {
			losses[i] = -math.Log(bounded)
		} else {
			losses[i] = -math.Log1p(-bounded)
		}
		if (y[i] == 1 && probability == 0) || (y[i] == 0 && probability == 1) {
			clipped++
		}
	}
	return losses, clipped
}

// Brier is the mean squared difference of probability and outcome (Brier 1950).
// Its interval is that of a mean. It exists on rows of one class.
func Brier(y, p []float64, days Days) (Estimate, error) {
	const name = "brier"
	positives, err := checkProbabilities(name, y, p, days)
	if err != nil {
		return Estimate{}, err
	}
	estimate, err := ofMean(name, squaredErrors(y, p), days)
	if err != nil {
		return Estimate{}, err
	}
	estimate.Positives = positives
	return estimate, nil
}

func squaredErrors(y, p []float64) []float64 {
	deviations := make([]float64, len(y))
	for i := range y {
		deviations[i] = (p[i] - y[i]) * (p[i] - y[i])
	}
	return deviations
}
