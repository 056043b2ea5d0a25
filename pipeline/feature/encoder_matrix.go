package feature

import (
	"fmt"
	"math"
)

// A Matrix is what a model reads: one row an observation, one column an encoded
// feature, every value finite.
type Matrix struct {
	// Columns are the names of the columns, in order, distinct.
	Columns []string
	Rows    int
	// Data is row-major: Rows × len(Columns) values.
	Data []float64
}

// Row is the i-th row; it shares its values with the matrix.
func (m Matrix) Row(i int) []float64 {
	cols := len(m.Columns)
	return m.Data[i*cols : (i+1)*cols : (i+1)*cols]
}

// Validate refuses a matrix whose shape is wrong or that holds NaN or infinity.
func (m Matrix) Validate() error {
	cols := len(m.Columns)
	if m.Rows < 0 || len(m.Data) != m.Rows*cols {
		return fmt.Errorf("the matrix holds %d values where %d rows and %d columns need %d",
			len(m.Data), m.Rows, cols, m.Rows*cols)
	}
	if err := distinct(m.Columns); err != nil {
		return fmt.Errorf("the matrix %w", err)
	}
	for i, value := range m.Data {
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return fmt.Errorf("column %q of the matrix is %v in row %d", m.Columns[i%cols], value, i/cols+1)
		}
	}
	return nil
}

func distinct(columns []string) error {
	seen := make(map[string]bool, len(columns))
	for _, column := range columns {
		if seen[column] {
			return fmt.Errorf("has two columns named %q", column)
		}
		seen[column] = true
	}
	return nil
}
