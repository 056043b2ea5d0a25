package linear

import (
	"fmt"
	"math"
	"slices"

	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/model"
)

// PoissonParams are the settings of a Poisson regression.
type PoissonParams struct {
	// Alpha is the strength of the L2 penalty beside the mean loss, above 0, as in
	// scikit-learn.
	Alpha float64
	// MaxIterations and Tolerance are those of LogisticParams.
	MaxIterations int
	Tolerance     float64
}

// DefaultPoissonParams has scikit-learn's alpha, and the tolerance of
// DefaultLogisticParams.
func DefaultPoissonParams() PoissonParams {
	return PoissonParams{Alpha: 1, MaxIterations: 500, Tolerance: 1e-7}
}

// FitPoisson learns a regression of counts, whose expected value is e to the sum
// of weights and values: the weights w that minimise half the mean Poisson
// deviance plus ½·Alpha·‖w‖², the intercept free, as scikit-learn's
// PoissonRegressor does. y has one label for each row, none below 0 and not all
// of them 0.
func FitPoisson(matrix feature.Matrix, y []float64, params PoissonParams) (*model.Poisson, Diagnostics, error) {
	fail := func(err error) (*model.Poisson, Diagnostics, error) {
		return nil, Diagnostics{}, fmt.Errorf("fit Poisson regression: %w", err)
	}
	if err := checkPoisson(matrix, y, params); err != nil {
		return fail(err)
	}
	o := newObjective(poisson, matrix, y, mean(y), params.Alpha)
	diagnostics, err := o.descend(mean(y), params.MaxIterations, params.Tolerance*math.Sqrt(mean(y)))
	if err != nil {
		return fail(err)
	}
	weights, intercept := o.solution()
	fitted := &model.Poisson{Columns: slices.Clone(matrix.Columns), Intercept: intercept, Weights: weights}
	if err := fitted.Validate(); err != nil {
		return fail(err)
	}
	return fitted, diagnostics, nil
}

// poisson is the family of counts: half the deviance, less what no weight
// changes.
var poisson = family{
	loss: func(margin, y float64) (loss, slope float64) {
		expected := model.Exp(margin)
		return expected - float64(y*margin), expected - y
	},
	link:      math.Log,
	curvature: func(mean float64) float64 { return mean },
}

func checkPoisson(matrix feature.Matrix, y []float64, params PoissonParams) error {
	if !(params.Alpha > 0) || math.IsInf(params.Alpha, 1) {
		return fmt.Errorf("the parameter alpha is %v and must be a number above 0", params.Alpha)
	}
	if err := checkDescent(params.MaxIterations, params.Tolerance); err != nil {
		return err
	}
	if err := checkShape(matrix, y); err != nil {
		return err
	}
	events := false
	for row, label := range y {
		if !(label >= 0) || math.IsInf(label, 1) {
			return fmt.Errorf("the label in row %d is %v where a count is needed", row+1, label)
		}
		events = events || label > 0
	}
	if !events {
		return fmt.Errorf("none of %d training labels is above 0", len(y))
	}
	return nil
}
