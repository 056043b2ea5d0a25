package model

import (
	"errors"
	"fmt"
	"math"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
)

// KindLinear is the kind of Linear.
const KindLinear = "linear"

// Linear is a fitted linear regression: the prediction, in the label's unit, is
// Intercept + Σ Weights[j]·x[j].
type Linear struct {
	Columns   []string  `json:"columns"`
	Intercept float64   `json:"intercept"`
	Weights   []float64 `json:"weights"`
}

// Kind is KindLinear.
func (m *Linear) Kind() string { return KindLinear }

// ColumnNames are the matrix columns, one for each weight.
func (m *Linear) ColumnNames() []string { return m.Columns }

// Validate refuses a model without columns, with doubled columns, with another
// number of weights than columns, or with a number that is not finite.
func (m *Linear) Validate() error {
	if len(m.Columns) == 0 {
		return errors.New("the model has no columns")
	}
	if len(m.Weights) != len(m.Columns) {
		return fmt.Errorf("the model has %d weights for %d columns", len(m.Weights), len(m.Columns))
	}
	if !finite(m.Intercept) {
		return fmt.Errorf("the intercept is %v", m.Intercept)
	}
	seen := make(map[string]bool, len(m.Columns))
	for i, column := range m.Columns {
		if seen[column] {
			return fmt.Errorf("the model has two columns named %q", column)
		}
		seen[column] = true
		if !finite(m.Weights[i]) {
			return fmt.Errorf("the weight of column %q is %v", column, m.Weights[i])
		}
	}
	return nil
}

// Predict gives the prediction for each row. The same row gives the same bits on
// every processor, whatever rows surround it. A row whose prediction has no room
// in a float64 is dataset.ErrData.
func (m *Linear) Predict(matrix feature.Matrix) ([]float64, error) {
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	if err := checkColumns(m.Columns, matrix.Columns); err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	if err := matrix.Validate(); err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	predictions := make([]float64, matrix.Rows)
	for i := range predictions {
		sum := m.Intercept
		for j, value := range matrix.Row(i) {
			// The conversion keeps the compiler from fusing product and sum,
			// which would change the last bit on some processors.
			sum += float64(m.Weights[j] * value)
		}
		if !finite(sum) {
			return nil, m.outOfReach(matrix, i, fmt.Sprintf("the sum of weights and values is %v", sum))
		}
		predictions[i] = sum
	}
	return predictions, nil
}

// outOfReach is the error about a row whose prediction has no room in a float64.
func (m *Linear) outOfReach(matrix feature.Matrix, row int, what string) error {
	most, largest := "", 0.0
	for j, value := range matrix.Row(row) {
		if part := math.Abs(float64(m.Weights[j] * value)); part > largest {
			most, largest = m.Columns[j], part
		}
	}
	return rangeError(fmt.Sprintf("%s in row %d, and most of it comes from column %q", what, row+1, most))
}

// A rangeError is the fault of a row's numbers.
type rangeError string

func (e rangeError) Error() string { return "predict: " + string(e) }

func (e rangeError) Is(target error) bool { return target == dataset.ErrData }

func finite(x float64) bool {
	return !math.IsNaN(x) && !math.IsInf(x, 0)
}
