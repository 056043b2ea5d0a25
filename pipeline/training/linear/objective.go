package linear

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/linecook-ml/linecook/pipeline/feature"
)

// blockRows is the size of the blocks that are summed apart. It is part of the
// result's bits: another size sums in another order.
const blockRows = 4096

// A family is what tells one generalised linear model from another (McCullagh
// and Nelder, Generalized Linear Models, 2nd ed. 1989).
type family struct {
	// loss is that of a label at a margin, and its slope by the margin.
	loss func(margin, y float64) (loss, slope float64)
	// link is the margin at which a mean is predicted, curvature the second
	// derivative of the loss there.
	link, curvature func(mean float64) float64
}

// objective computes the penalised mean loss and its gradient in scaled
// variables u. It remembers the last u, because an optimizer asks for the two
// one after the other.
type objective struct {
	family
	matrix  feature.Matrix
	y       []float64
	penalty float64 // of ½‖w‖² beside the mean loss
	scaling *scaling

	evaluations int
	lastU       []float64
	lastLoss    float64
	lastGrad    []float64

	x         []float64   // the weights at u, then the intercept
	blockLoss []float64   // a sum for each block
	blockGrad [][]float64 // a sum for each block and element of x
}

// newObjective is scaled for a walk that starts at zero weights and the
// prediction of the base.
func newObjective(f family, matrix feature.Matrix, y []float64, base, penalty float64) *objective {
	size := len(matrix.Columns) + 1
	blocks := (matrix.Rows + blockRows - 1) / blockRows
	o := &objective{
		family:    f,
		matrix:    matrix,
		y:         y,
		penalty:   penalty,
		scaling:   newScaling(matrix, f.curvature(base), penalty),
		lastGrad:  make([]float64, size),
		x:         make([]float64, size),
		blockLoss: make([]float64, blocks),
		blockGrad: make([][]float64, blocks),
	}
	for block := range o.blockGrad {
		o.blockGrad[block] = make([]float64, size)
	}
	return o
}

func (o *objective) value(u []float64) float64 {
	loss, _ := o.at(u)
	return loss
}

func (o *objective) gradient(gradient, u []float64) {
	_, last := o.at(u)
	copy(gradient, last)
}

// at gives the loss and its gradient; the gradient is valid until the next call.
func (o *objective) at(u []float64) (float64, []float64) {
	if o.lastU != nil && slices.Equal(o.lastU, u) {
		return o.lastLoss, o.lastGrad
	}
	o.lastU = append(o.lastU[:0], u...)
	o.evaluations++
	o.scaling.weights(o.x, u)
	o.sumBlocks()

	n := float64(o.matrix.Rows)
	var loss, squares float64
	clear(o.lastGrad)
	for block, blockGrad := range o.blockGrad {
		loss += o.blockLoss[block]
		for j, g := range blockGrad {
			o.lastGrad[j] += g
		}
	}
	for j := range o.lastGrad {
		o.lastGrad[j] /= n
	}
	for j, weight := range o.x[:len(o.matrix.Columns)] {
		squares += float64(weight * weight)
		o.lastGrad[j] += float64(o.penalty * weight)
	}
	o.scaling.gradient(o.lastGrad)
	o.lastLoss = loss/n + float64(0.5*o.penalty*squares)
	return o.lastLoss, o.lastGrad
}

// sumBlocks fills the sums of every block. Workers take blocks as they come;
// each block's sums are its own, so that it does not matter who computes them.
func (o *objective) sumBlocks() {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(o.blockGrad)) {
		workers.Go(func() {
			for {
				block := int(next.Add(1)) - 1
				if block >= len(o.blockGrad) {
					return
				}
				o.sumBlock(block)
			}
		})
	}
	workers.Wait()
}

func (o *objective) sumBlock(block int) {
	cols := len(o.matrix.Columns)
	weights, intercept := o.x[:cols], o.x[cols]
	gradient := o.blockGrad[block]
	clear(gradient)
	var loss float64
	for i := block * blockRows; i < min((block+1)*blockRows, o.matrix.Rows); i++ {
		row := o.matrix.Row(i)
		margin := intercept + dot(weights, row)
		value, slope := o.loss(margin, o.y[i])
		loss += value
		for j, value := range row {
			gradient[j] += float64(slope * value)
		}
		gradient[cols] += slope
	}
	o.blockLoss[block] = loss
}

// dot sums in four lanes, which lets the processor overlap the additions; the
// order is fixed, and no product is fused with a sum.
func dot(a, b []float64) float64 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float64
	j := 0
	for ; j+4 <= len(a); j += 4 {
		s0 += float64(a[j] * b[j])
		s1 += float64(a[j+1] * b[j+1])
		s2 += float64(a[j+2] * b[j+2])
		s3 += float64(a[j+3] * b[j+3])
	}
	for ; j < len(a); j++ {
		s0 += float64(a[j] * b[j])
	}
	return (s0 + s1) + (s2 + s3)
}
