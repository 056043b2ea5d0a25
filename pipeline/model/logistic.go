package model

import "github.com/linecook-ml/linecook/pipeline/feature"

// KindLogistic is the kind of Logistic.
const KindLogistic = "logistic"

// Logistic is a fitted logistic regression: the probability of the positive
// class is the sigmoid of Intercept + Σ Weights[j]·x[j].
type Logistic struct {
	Columns   []string  `json:"columns"`
	Intercept float64   `json:"intercept"`
	Weights   []float64 `json:"weights"`
}

// Kind is KindLogistic.
func (m *Logistic) Kind() string { return KindLogistic }

// ColumnNames are the matrix columns, one for each weight.
func (m *Logistic) ColumnNames() []string { return m.Columns }

// Validate refuses what Linear's does.
func (m *Logistic) Validate() error { return (*Linear)(m).Validate() }

// Predict gives the probability of the positive class for each row. The same
// row gives the same bits on every processor, whatever rows surround it.
func (m *Logistic) Predict(matrix feature.Matrix) ([]float64, error) {
	probabilities, err := (*Linear)(m).Predict(matrix)
	for i, margin := range probabilities {
		probabilities[i] = Sigmoid(margin)
	}
	return probabilities, err
}
