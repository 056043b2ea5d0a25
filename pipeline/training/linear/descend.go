package linear

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/optimize"
)

// descend walks from zero weights and the prediction of the base to where the
// gradient is at most the tolerance.
func (o *objective) descend(base float64, maxIterations int, tolerance float64) (Diagnostics, error) {
	result, err := optimize.Minimize(
		optimize.Problem{Func: o.value, Grad: o.gradient},
		o.start(base),
		&optimize.Settings{
			GradientThreshold: tolerance,
			Converger:         optimize.NeverTerminate{},
			MajorIterations:   maxIterations,
			// A line search among rounding errors can go on for ever.
			FuncEvaluations: 2*maxIterations + 100,
		},
		// Without its own threshold, so that the settings' alone decides.
		&optimize.LBFGS{Linesearcher: &optimize.MoreThuente{}, GradStopThreshold: math.NaN()},
	)
	if result == nil {
		return Diagnostics{}, err
	}
	// A line search that cannot improve the last bit ends with an error; whether
	// the place it ended in is good enough is what the gradient says.
	loss, gradient := o.at(result.X)
	diagnostics := Diagnostics{
		Rows:         o.matrix.Rows,
		Columns:      len(o.matrix.Columns),
		Iterations:   result.MajorIterations,
		Evaluations:  o.evaluations,
		GradientNorm: largest(gradient),
		Loss:         loss,
	}
	diagnostics.Converged = diagnostics.GradientNorm <= tolerance
	if !diagnostics.Converged {
		diagnostics.Warnings = append(diagnostics.Warnings, fmt.Sprintf(
			"the fit stopped after %d iterations (%v) at a gradient of %.3g where %.3g is asked for; raise the maximum of iterations, the tolerance, or the penalty",
			result.MajorIterations, result.Status, diagnostics.GradientNorm, tolerance))
	}
	return diagnostics, nil
}

// start is zero weights and the intercept that predicts the base.
func (o *objective) start(base float64) []float64 {
	x := make([]float64, len(o.x))
	x[len(x)-1] = o.link(base)
	u := make([]float64, len(x))
	o.scaling.variables(u, x)
	return u
}

// solution is where the walk has come to.
func (o *objective) solution() (weights []float64, intercept float64) {
	cols := len(o.matrix.Columns)
	return slices.Clone(o.x[:cols]), o.x[cols]
}

func mean(y []float64) float64 {
	var sum float64
	for _, label := range y {
		sum += label
	}
	return sum / float64(len(y))
}

func largest(gradient []float64) float64 {
	var norm float64
	for _, g := range gradient {
		norm = math.Max(norm, math.Abs(g))
	}
	return norm
}

func checkDescent(maxIterations int, tolerance float64) error {
	switch {
	case maxIterations < 1:
		return fmt.Errorf("the maximum of iterations is %d and must be 1 or more", maxIterations)
	case !(tolerance > 0) || math.IsInf(tolerance, 1):
		return fmt.Errorf("the tolerance is %v and must be a number above 0", tolerance)
	}
	return nil
}
