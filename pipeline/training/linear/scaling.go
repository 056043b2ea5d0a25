package linear

import (
	"math"
	"sync"

	"github.com/linecook-ml/linecook/pipeline/feature"
)

// stripes is how many parts the rows are cut into to sum the curvature. Like
// blockRows it is part of the result's bits.
const stripes = 8

// scaling is a change of variables under which the loss is nearly round where
// the walk starts: with L the Cholesky factor of the curvature there, weights =
// L⁻ᵀ·u. L-BFGS then needs tens of evaluations where it would need hundreds, and
// reaches its end on columns of very different size and on levels that few rows
// have (Nocedal and Wright, Numerical Optimization, 2nd ed., section 5.1, call
// it preconditioning). It changes the way, not the place the way leads to.
type scaling struct {
	size   int
	factor []float64 // L, lower triangle, row-major size × size
}

// newScaling factors curvature·XᵀX/n + penalty, the second derivative of the
// loss where all weights are 0 and every row is predicted alike. X has a last
// column of ones for the intercept, which is not penalised.
func newScaling(matrix feature.Matrix, curvature, penalty float64) *scaling {
	size := len(matrix.Columns) + 1
	s := &scaling{size: size, factor: secondMoments(matrix)}
	for i := range size {
		for j := range i + 1 {
			s.factor[i*size+j] *= curvature / float64(matrix.Rows)
		}
		if i < size-1 {
			s.factor[i*size+i] += penalty
		}
	}
	s.cholesky()
	return s
}

// secondMoments is the lower triangle of XᵀX, summed in a fixed order.
func secondMoments(matrix feature.Matrix) []float64 {
	size := len(matrix.Columns) + 1
	parts := make([][]float64, stripes)
	var workers sync.WaitGroup
	for stripe := range parts {
		workers.Go(func() {
			part := make([]float64, size*size)
			row := make([]float64, size)
			row[size-1] = 1
			for r := stripe * matrix.Rows / stripes; r < (stripe+1)*matrix.Rows/stripes; r++ {
				copy(row, matrix.Row(r))
				for i, value := range row {
					if value == 0 { // most cells of encoded levels
						continue
					}
					products := part[i*size : i*size+i+1]
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
		for i, value := range part {
			sum[i] += value
		}
	}
	return sum
}

// cholesky replaces the lower triangle by its factor. A pivot that rounding has
// eaten (a column that others explain entirely) is set to a small part of the
// diagonal: any positive value gives a valid change of variables.
func (s *scaling) cholesky() {
	const smallest = 1e-10
	n, a := s.size, s.factor
	for j := range n {
		diagonal := a[j*n+j]
		pivot := diagonal
		for k := range j {
			pivot -= float64(a[j*n+k] * a[j*n+k])
		}
		root := math.Sqrt(math.Max(pivot, smallest*diagonal))
		a[j*n+j] = root
		for i := j + 1; i < n; i++ {
			value := a[i*n+j]
			for k := range j {
				value -= float64(a[i*n+k] * a[j*n+k])
			}
			a[i*n+j] = value / root
		}
	}
}

// weights writes L⁻ᵀ·u into x.
func (s *scaling) weights(x, u []float64) {
	n, l := s.size, s.factor
	for i := n - 1; i >= 0; i-- {
		value := u[i]
		for k := i + 1; k < n; k++ {
			value -= float64(l[k*n+i] * x[k])
		}
		x[i] = value / l[i*n+i]
	}
}

// variables writes Lᵀ·x, the inverse of weights, into u.
func (s *scaling) variables(u, x []float64) {
	n, l := s.size, s.factor
	for i := range n {
		var value float64
		for k := i; k < n; k++ {
			value += float64(l[k*n+i] * x[k])
		}
		u[i] = value
	}
}

// gradient replaces g, a gradient by the weights, with L⁻¹·g, the gradient by
// the variables.
func (s *scaling) gradient(g []float64) {
	n, l := s.size, s.factor
	for i := range n {
		value := g[i]
		for k := range i {
			value -= float64(l[i*n+k] * g[k])
		}
		g[i] = value / l[i*n+i]
	}
}
