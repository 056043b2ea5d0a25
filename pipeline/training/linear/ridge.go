package linear

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"gonum.org/v1/gonum/mat"

	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/model"
)

// RidgeParams are the settings of a ridge regression.
type RidgeParams struct {
	// Alpha is the strength of the L2 penalty, above 0, as in scikit-learn.
	Alpha float64
}

// DefaultRidgeParams has scikit-learn's alpha.
func DefaultRidgeParams() RidgeParams { return RidgeParams{Alpha: 1} }

// solved is the largest element that the gradient at a solution may have, in
// scaled weights and relative to the gradient where all are 0. Rounding leaves
// about 1e-15; a fit beyond this bound is not the optimum.
const solved = 1e-9

// FitRidge learns a ridge regression (Hoerl and Kennard 1970): the weights w and
// the intercept b that minimise Σ(y − b − w·x)² + Alpha·‖w‖², the intercept
// free, as scikit-learn's Ridge does. y has one label for each row.
//
//  1. Columns and labels are centred, which takes the intercept out.
//  2. Their products are summed in fixed stripes of rows, in order, so that the
//     bits do not depend on the number of processors.
//  3. Each weight is scaled so that the normal equations have 1 on their
//     diagonal, which no other scaling betters by more than a factor of the
//     number of columns (van der Sluis 1969).
//  4. The normal equations are solved by Cholesky's factors (gonum/mat), and the
//     solution is corrected once by what it leaves over.
func FitRidge(matrix feature.Matrix, y []float64, params RidgeParams) (*model.Linear, Diagnostics, error) {
	fail := func(err error) (*model.Linear, Diagnostics, error) {
		return nil, Diagnostics{}, fmt.Errorf("fit ridge regression: %w", err)
	}
	if err := checkRidge(matrix, y, params); err != nil {
		return fail(err)
	}
	means := columnMeans(matrix)
	base := mean(y)
	moments := centredMoments(matrix, y, means, base)
	weights, gradient, err := moments.solve(params.Alpha)
	if err != nil {
		return fail(err)
	}
	fitted := &model.Linear{Columns: slices.Clone(matrix.Columns), Intercept: base, Weights: weights}
	for j, weight := range weights {
		fitted.Intercept -= float64(weight * means[j])
	}
	if err := fitted.Validate(); err != nil {
		return fail(err)
	}
	diagnostics := Diagnostics{
		Rows: matrix.Rows, Columns: len(matrix.Columns),
		GradientNorm: gradient, Converged: gradient <= solved,
	}
	if !diagnostics.Converged {
		diagnostics.Warnings = append(diagnostics.Warnings, fmt.Sprintf(
			"rounding left a gradient of %.3g where %.3g is allowed; raise the penalty, or leave out columns that others explain", gradient, solved))
	}
	diagnostics.Loss, err = penalisedError(fitted, matrix, y, params.Alpha)
	if err != nil {
		return fail(err)
	}
	return fitted, diagnostics, nil
}

func checkRidge(matrix feature.Matrix, y []float64, params RidgeParams) error {
	if !(params.Alpha > 0) || math.IsInf(params.Alpha, 1) {
		return fmt.Errorf("the parameter alpha is %v and must be a number above 0", params.Alpha)
	}
	if err := checkShape(matrix, y); err != nil {
		return err
	}
	if matrix.Rows < 2 {
		return fmt.Errorf("%d training rows are too few; at least 2 are needed", matrix.Rows)
	}
	for row, label := range y {
		if math.IsNaN(label) || math.IsInf(label, 0) {
			return fmt.Errorf("the label in row %d is %v", row+1, label)
		}
	}
	return nil
}

// columnMeans is the mean of each column, summed in row order.
func columnMeans(matrix feature.Matrix) []float64 {
	means := make([]float64, len(matrix.Columns))
	for i := range matrix.Rows {
		for j, value := range matrix.Row(i) {
			means[j] += value
		}
	}
	for j := range means {
		means[j] /= float64(matrix.Rows)
	}
	return means
}

// moments are sums over rows of products of centred columns and labels.
type moments struct {
	size    int
	columns []float64 // lower triangle, row-major size × size
	labels  []float64 // a column with the label, for each column
}

func centredMoments(matrix feature.Matrix, y, means []float64, base float64) moments {
	size := len(means)
	parts := make([]moments, stripes)
	var workers sync.WaitGroup
	for stripe := range parts {
		workers.Go(func() {
			part := moments{size: size, columns: make([]float64, size*size), labels: make([]float64, size)}
			row := make([]float64, size)
			for r := stripe * matrix.Rows / stripes; r < (stripe+1)*matrix.Rows/stripes; r++ {
				for j, value := range matrix.Row(r) {
					row[j] = value - means[j]
				}
				label := y[r] - base
				for i, value := range row {
					part.labels[i] += float64(value * label)
					products := part.columns[i*size : i*size+i+1]
					for j := range products {
						products[j] += float64(value * row[j])
					}
				}
			}
			parts[stripe] = part
		})
	}
	workers.Wait()
	sum := parts[0]
	for _, part := range parts[1:] {
		for i, value := range part.columns {
			sum.columns[i] += value
		}
		for i, value := range part.labels {
			sum.labels[i] += value
		}
	}
	return sum
}

// solve gives the weights at which the gradient is 0, and the largest element of
// the gradient that rounding leaves, as solved measures it.
func (m moments) solve(alpha float64) (weights []float64, gradient float64, err error) {
	scale := make([]float64, m.size) // of a weight: 1 over the column's length
	system := mat.NewSymDense(m.size, nil)
	right := mat.NewVecDense(m.size, nil)
	for i := range m.size {
		scale[i] = 1 / math.Sqrt(m.columns[i*m.size+i]+alpha)
		right.SetVec(i, m.labels[i]*scale[i])
	}
	for i := range m.size {
		for j := range i {
			system.SetSym(i, j, m.columns[i*m.size+j]*scale[i]*scale[j])
		}
		system.SetSym(i, i, 1)
	}
	var factor mat.Cholesky
	if !factor.Factorize(system) {
		return nil, 0, fmt.Errorf("columns that explain each other leave no single solution at alpha %v; raise alpha, or leave some of them out", alpha)
	}
	var solution, correction, left mat.VecDense
	residual := func() {
		left.MulVec(system, &solution)
		left.SubVec(right, &left)
	}
	// An ill-conditioned system is reported by what its solution leaves over.
	_ = factor.SolveVecTo(&solution, right)
	residual()
	_ = factor.SolveVecTo(&correction, &left)
	solution.AddVec(&solution, &correction)
	residual()
	weights = make([]float64, m.size)
	for j := range weights {
		weights[j] = solution.AtVec(j) * scale[j]
	}
	if largest := mat.Norm(right, math.Inf(1)); largest > 0 {
		gradient = mat.Norm(&left, math.Inf(1)) / largest
	}
	return weights, gradient, nil
}

// penalisedError is the mean squared error of the training rows plus the penalty
// by row.
func penalisedError(fitted *model.Linear, matrix feature.Matrix, y []float64, alpha float64) (float64, error) {
	predicted, err := fitted.Predict(matrix)
	if err != nil {
		return 0, err
	}
	var loss float64
	for i, value := range predicted {
		loss += float64((y[i] - value) * (y[i] - value))
	}
	for _, weight := range fitted.Weights {
		loss += float64(alpha * weight * weight)
	}
	if math.IsInf(loss, 0) || math.IsNaN(loss) {
		return 0, fmt.Errorf("the squared errors of %d rows are too large to add up; give the label another unit", matrix.Rows)
	}
	return loss / float64(matrix.Rows), nil
}
