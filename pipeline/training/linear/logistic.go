// Package linear fits linear models.
//
// FitRidge solves for its weights at once. FitLogistic and FitPoisson walk to
// them:
//
//  1. The matrix and labels are checked: shapes, finite values, what labels may be.
//  2. Minimised is the mean loss plus a penalty of ½‖w‖², with the intercept free.
//     Of logistic regression that is scikit-learn's C·Σ loss + ½‖w‖², divided by
//     C·n so that tolerances mean the same for any number of rows.
//  3. The loss and its gradient are summed over fixed blocks of rows, in block
//     order, so that the bits do not depend on the number of processors.
//  4. The variables are scaled by the curvature at the start.
//  5. L-BFGS (gonum/optimize) walks until the gradient is small.
//  6. The result is a model and diagnostics of the walk.
package linear

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/model"
)

// LogisticParams are the settings of a logistic regression.
type LogisticParams struct {
	// C is the inverse of the strength of the L2 penalty, above 0, as in
	// scikit-learn.
	C float64
	// MaxIterations bounds the L-BFGS iterations, above 0.
	MaxIterations int
	// Tolerance ends the walk when no element of the gradient is larger, in
	// variables scaled so that the curvature at the start is 1 in every
	// direction: the mean loss is then within about Columns·Tolerance²/2 of its
	// minimum, whatever the units of the columns. Above 0; below 1e-8 rounding
	// of the loss may keep it from being reached.
	Tolerance float64
}

// DefaultLogisticParams has scikit-learn's C, and a tolerance at which
// probabilities agree with the optimum to about 1e-6.
func DefaultLogisticParams() LogisticParams {
	return LogisticParams{C: 1, MaxIterations: 500, Tolerance: 1e-7}
}

// Diagnostics say how the fit went. A fit that did not converge is a model too,
// but not the best one: the caller decides, and must not ignore it.
type Diagnostics struct {
	Rows        int  `json:"rows"`
	Columns     int  `json:"columns"`
	Iterations  int  `json:"iterations"`
	Evaluations int  `json:"evaluations"`
	Converged   bool `json:"converged"`
	// GradientNorm is the largest element of the gradient in scaled variables,
	// whose bound says whether the fit converged.
	GradientNorm float64 `json:"gradient_norm"`
	// Loss is the penalised mean loss of the training rows: log loss in nats, or
	// squared error.
	Loss     float64  `json:"loss"`
	Warnings []string `json:"warnings,omitempty"`
}

// FitLogistic learns a logistic regression. y has one label for each row of the matrix,
// 0 or 1, both present.
func FitLogistic(matrix feature.Matrix, y []float64, params LogisticParams) (*model.Logistic, Diagnostics, error) {
	if err := checkLogistic(matrix, y, params); err != nil {
		return nil, Diagnostics{}, fmt.Errorf("fit logistic regression: %w", err)
	}
	o := newObjective(logistic, matrix, y, mean(y), 1/(params.C*float64(matrix.Rows)))
	diagnostics, err := o.descend(mean(y), params.MaxIterations, params.Tolerance)
	if err != nil {
		return nil, Diagnostics{}, fmt.Errorf("fit logistic regression: %w", err)
	}
	weights, intercept := o.solution()
	fitted := &model.Logistic{Columns: slices.Clone(matrix.Columns), Intercept: intercept, Weights: weights}
	if err := fitted.Validate(); err != nil {
		return nil, Diagnostics{}, fmt.Errorf("fit logistic regression: %w", err)
	}
	return fitted, diagnostics, nil
}

// logistic is the family of classes: the loss is the log loss, in nats.
var logistic = family{
	loss: func(margin, y float64) (loss, slope float64) {
		// With s the margin turned towards the label, the loss is
		// log(1 + e^-s); this form neither overflows nor loses digits.
		e := model.Exp(-math.Abs(margin))
		signed := margin
		if y == 0 {
			signed = -margin
		}
		probability := 1 / (1 + e)
		if margin < 0 {
			probability = e / (1 + e)
		}
		return math.Log1p(e) + math.Max(-signed, 0), probability - y
	},
	link:      func(rate float64) float64 { return math.Log(rate / (1 - rate)) },
	curvature: func(rate float64) float64 { return rate * (1 - rate) },
}

func checkLogistic(matrix feature.Matrix, y []float64, params LogisticParams) error {
	if !(params.C > 0) || math.IsInf(params.C, 1) {
		return fmt.Errorf("the parameter C is %v and must be a number above 0", params.C)
	}
	if err := checkDescent(params.MaxIterations, params.Tolerance); err != nil {
		return err
	}
	if err := checkShape(matrix, y); err != nil {
		return err
	}
	positives := 0
	for row, label := range y {
		switch label {
		case 0:
		case 1:
			positives++
		default:
			return fmt.Errorf("the label in row %d is %v where 0 or 1 is needed", row+1, label)
		}
	}
	if positives == 0 || positives == len(y) {
		return fmt.Errorf("%d of %d training labels are positive; both classes are needed", positives, len(y))
	}
	return nil
}

// checkShape refuses what no linear model can be fitted on.
func checkShape(matrix feature.Matrix, y []float64) error {
	if len(matrix.Columns) == 0 {
		return errors.New("the matrix has no columns")
	}
	if len(y) != matrix.Rows {
		return fmt.Errorf("there are %d labels for %d rows", len(y), matrix.Rows)
	}
	return matrix.Validate()
}
