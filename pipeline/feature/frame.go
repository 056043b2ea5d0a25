package feature

import (
	"errors"
	"fmt"
	"math"
)

// Kind says how the values of a feature are read.
type Kind string

// The kinds of features.
const (
	Numeric     Kind = "numeric"
	Categorical Kind = "categorical"
)

// A Frame is a table of feature values by column: the observations of one
// snapshot or partition, in their total order.
type Frame struct {
	Rows    int
	Columns []Column
}

// A Column holds one feature's value for every row of a frame. Make one with
// NewNumeric or NewCategorical.
type Column struct {
	Name string
	Kind Kind
	// Numbers has one value a row; NaN is missing. Only for Numeric.
	Numbers []float64
	// Codes has one index into Levels a row; -1 is missing. Only for Categorical.
	Codes []int32
	// Levels are the distinct texts of a categorical column. Their order has no
	// meaning.
	Levels []string
}

// MissingCode is the code of a categorical value that is missing.
const MissingCode = -1

// NewNumeric makes a numeric column that keeps numbers; NaN is missing.
func NewNumeric(name string, numbers []float64) Column {
	return Column{Name: name, Kind: Numeric, Numbers: numbers}
}

// NewCategorical makes a categorical column of texts. A row whose present is
// false is missing, whatever its text; present may be nil when none is. The two
// must otherwise have the same length.
func NewCategorical(name string, texts []string, present []bool) Column {
	column := Column{Name: name, Kind: Categorical, Codes: make([]int32, len(texts))}
	codes := map[string]int32{}
	for row, text := range texts {
		if present != nil && !present[row] {
			column.Codes[row] = MissingCode
			continue
		}
		code, known := codes[text]
		if !known {
			code = int32(len(column.Levels))
			codes[text] = code
			column.Levels = append(column.Levels, text)
		}
		column.Codes[row] = code
	}
	return column
}

// Len is the number of rows of the column.
func (c *Column) Len() int {
	if c.Kind == Categorical {
		return len(c.Codes)
	}
	return len(c.Numbers)
}

// Missing says whether the column has no value in the row.
func (c *Column) Missing(row int) bool {
	if c.Kind == Categorical {
		return c.Codes[row] == MissingCode
	}
	return math.IsNaN(c.Numbers[row])
}

// Text is the level of a categorical column in the row, and whether there is one.
func (c *Column) Text(row int) (string, bool) {
	code := c.Codes[row]
	if code == MissingCode {
		return "", false
	}
	return c.Levels[code], true
}

// Column finds a column by its name.
func (f Frame) Column(name string) (*Column, bool) {
	for i := range f.Columns {
		if f.Columns[i].Name == name {
			return &f.Columns[i], true
		}
	}
	return nil, false
}

// Validate refuses a frame whose columns do not agree in length, share a name,
// or are not valid themselves.
func (f Frame) Validate() error {
	names := make(map[string]bool, len(f.Columns))
	for i := range f.Columns {
		column := &f.Columns[i]
		if err := column.Validate(); err != nil {
			return err
		}
		if column.Len() != f.Rows {
			return fmt.Errorf("feature %q has %d rows where the frame has %d", column.Name, column.Len(), f.Rows)
		}
		if names[column.Name] {
			return fmt.Errorf("the frame has two columns named %q", column.Name)
		}
		names[column.Name] = true
	}
	return nil
}

// Validate refuses a column that a computation could misread: one without a
// name or kind, with an infinite number, a code outside the levels, or a level
// listed twice.
func (c *Column) Validate() error {
	if c.Name == "" {
		return errors.New("a column of the frame has no name")
	}
	if err := c.validate(); err != nil {
		return fmt.Errorf("feature %q: %w", c.Name, err)
	}
	return nil
}

func (c *Column) validate() error {
	switch c.Kind {
	case Numeric:
		if c.Codes != nil || c.Levels != nil {
			return errors.New("a numeric column has no codes or levels")
		}
	case Categorical:
		if c.Numbers != nil {
			return errors.New("a categorical column has no numbers")
		}
	default:
		return fmt.Errorf("kind %q is neither %q nor %q", c.Kind, Numeric, Categorical)
	}
	for row, number := range c.Numbers {
		if math.IsInf(number, 0) {
			return fmt.Errorf("the value in row %d is infinite; make it a number or missing", row+1)
		}
	}
	for row, code := range c.Codes {
		if code < MissingCode || int(code) >= len(c.Levels) {
			return fmt.Errorf("the code %d in row %d is not one of %d levels", code, row+1, len(c.Levels))
		}
	}
	levels := make(map[string]bool, len(c.Levels))
	for _, level := range c.Levels {
		if levels[level] {
			return fmt.Errorf("the level %q is listed twice", level)
		}
		levels[level] = true
	}
	return nil
}
