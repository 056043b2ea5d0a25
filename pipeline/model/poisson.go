package model

import (
	"fmt"

	"github.com/linecook-ml/linecook/pipeline/feature"
)

// KindPoisson is the kind of Poisson.
const KindPoisson = "poisson"

// Poisson is a fitted Poisson regression: the expected count is e to the power
// of Intercept + Σ Weights[j]·x[j].
type Poisson struct {
	Columns   []string  `json:"columns"`
	Intercept float64   `json:"intercept"`
	Weights   []float64 `json:"weights"`
}

// Kind is KindPoisson.
func (m *Poisson) Kind() string { return KindPoisson }

// ColumnNames are the matrix columns, one for each weight.
func (m *Poisson) ColumnNames() []string { return m.Columns }

// Validate refuses what Linear's does.
func (m *Poisson) Validate() error { return (*Linear)(m).Validate() }

// Predict gives the expected count for each row. The same row gives the same
// bits on every processor, whatever rows surround it. A row whose count has no
// room in a float64 is dataset.ErrData.
func (m *Poisson) Predict(matrix feature.Matrix) ([]float64, error) {
	counts, err := (*Linear)(m).Predict(matrix)
	if err != nil {
		return nil, err
	}
	for i, margin := range counts {
		if counts[i] = Exp(margin); !finite(counts[i]) {
			return nil, (*Linear)(m).outOfReach(matrix, i, fmt.Sprintf("the expected count is e to the power of %v, beyond a float64,", margin))
		}
	}
	return counts, nil
}
