package feature

import (
	"errors"
	"fmt"
	"math"

	"github.com/linecook-ml/linecook/pipeline/canonical"
)

// EncodingVersion is the version of the form in which an Encoding is written.
const EncodingVersion = 1

// An Encoding is the fitted prepare state of a bundle: how feature values become
// the matrix that the model reads. It is fitted by training/encode and can only
// be applied here.
type Encoding struct {
	Version  int              `json:"version"`
	Features []ColumnEncoding `json:"features"`
}

// A ColumnEncoding is the fitted state of one feature. Exactly one of Numeric
// and Categorical is set, the one that Kind names.
type ColumnEncoding struct {
	Name        string               `json:"name"`
	Kind        Kind                 `json:"kind"`
	Numeric     *NumericEncoding     `json:"numeric,omitempty"`
	Categorical *CategoricalEncoding `json:"categorical,omitempty"`
}

// A NumericEncoding makes the column (value − Center) / Scale, where a missing
// value is replaced by Impute, and with MissingIndicator a second column that is
// 1 where the value was missing.
type NumericEncoding struct {
	Impute           float64 `json:"impute"`
	Center           float64 `json:"center"`
	Scale            float64 `json:"scale"`
	MissingIndicator bool    `json:"missing_indicator"`
}

// A CategoricalEncoding makes one column for each of Levels that is 1 where the
// value is that level. A value among Folded, the levels too rare in training for
// a column of their own, is 1 in the column "is other", which exists when
// Folded is not empty.
type CategoricalEncoding struct {
	Levels []string `json:"levels,omitempty"`
	Folded []string `json:"folded,omitempty"`
	// Unseen says what a level does that training never saw.
	Unseen UnseenRule `json:"unseen"`
	// MissingIndicator adds a column that is 1 where the value is missing.
	// Without it a missing value is all zeros.
	MissingIndicator bool `json:"missing_indicator"`
}

// An UnseenRule says how a level is encoded that training never saw. Either way
// it is counted.
type UnseenRule string

// The rules for unseen levels. UnseenOther is what scikit-learn's OneHotEncoder
// calls handle_unknown="infrequent_if_exist".
const (
	UnseenZeros UnseenRule = "zeros" // all columns of the feature are 0
	UnseenOther UnseenRule = "other" // as the folded levels
)

// ReadEncoding reads and validates what WriteEncoding wrote.
func ReadEncoding(data []byte) (*Encoding, error) {
	encoding := new(Encoding)
	if err := canonical.UnmarshalComplete(data, encoding); err != nil {
		return nil, fmt.Errorf("read encoding: %w", err)
	}
	if err := encoding.Validate(); err != nil {
		return nil, fmt.Errorf("read encoding: %w", err)
	}
	return encoding, nil
}

// WriteEncoding validates and encodes; equal encodings give equal bytes.
func WriteEncoding(encoding *Encoding) ([]byte, error) {
	if err := encoding.Validate(); err != nil {
		return nil, fmt.Errorf("write encoding: %w", err)
	}
	return canonical.Marshal(encoding)
}

// Columns are the names of the matrix columns that Apply makes, in order, like
// "temp", "temp is missing", "carrier=UA", "carrier is other".
func (e *Encoding) Columns() []string {
	var columns []string
	for _, feature := range e.Features {
		columns = append(columns, feature.columns()...)
	}
	return columns
}

func (f *ColumnEncoding) columns() []string {
	var columns []string
	var missingIndicator bool
	switch f.Kind {
	case Numeric:
		columns = append(columns, f.Name)
		missingIndicator = f.Numeric.MissingIndicator
	case Categorical:
		for _, level := range f.Categorical.Levels {
			columns = append(columns, f.Name+"="+level)
		}
		if len(f.Categorical.Folded) > 0 {
			columns = append(columns, f.Name+" is other")
		}
		missingIndicator = f.Categorical.MissingIndicator
	}
	if missingIndicator {
		columns = append(columns, f.Name+" is missing")
	}
	return columns
}

// Validate refuses an encoding that could make a wrong or undefined matrix.
func (e *Encoding) Validate() error {
	if e.Version != EncodingVersion {
		return fmt.Errorf("the encoding has version %d; this linecook reads version %d", e.Version, EncodingVersion)
	}
	if len(e.Features) == 0 {
		return errors.New("the encoding has no features")
	}
	names := make(map[string]bool, len(e.Features))
	for i := range e.Features {
		feature := &e.Features[i]
		if feature.Name == "" {
			return fmt.Errorf("feature %d of the encoding has no name", i+1)
		}
		if names[feature.Name] {
			return fmt.Errorf("feature %q is encoded twice", feature.Name)
		}
		names[feature.Name] = true
		if err := feature.validate(); err != nil {
			return fmt.Errorf("feature %q: %w", feature.Name, err)
		}
	}
	if err := distinct(e.Columns()); err != nil {
		return fmt.Errorf("the encoding %w; rename a feature", err)
	}
	return nil
}

func (f *ColumnEncoding) validate() error {
	switch {
	case f.Kind == Numeric && f.Numeric != nil && f.Categorical == nil:
		return f.Numeric.validate()
	case f.Kind == Categorical && f.Categorical != nil && f.Numeric == nil:
		return f.Categorical.validate()
	default:
		return fmt.Errorf("kind %q does not agree with the state that is given", f.Kind)
	}
}

func (n *NumericEncoding) validate() error {
	for _, value := range []float64{n.Impute, n.Center, n.Scale} {
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return fmt.Errorf("impute %v, center %v and scale %v must be finite", n.Impute, n.Center, n.Scale)
		}
	}
	if n.Scale <= 0 {
		return fmt.Errorf("scale %v is not above zero", n.Scale)
	}
	return nil
}

func (c *CategoricalEncoding) validate() error {
	if len(c.Levels)+len(c.Folded) == 0 {
		return errors.New("the encoding has no levels")
	}
	levels := make(map[string]bool, len(c.Levels)+len(c.Folded))
	for _, list := range [][]string{c.Levels, c.Folded} {
		for _, level := range list {
			if levels[level] {
				return fmt.Errorf("level %q is listed twice", level)
			}
			levels[level] = true
		}
	}
	switch {
	case c.Unseen == UnseenZeros:
	case c.Unseen == UnseenOther && len(c.Folded) > 0:
	case c.Unseen == UnseenOther:
		return fmt.Errorf("unseen levels cannot be %q without folded levels", UnseenOther)
	default:
		return fmt.Errorf("the rule %q for unseen levels is neither %q nor %q", c.Unseen, UnseenZeros, UnseenOther)
	}
	return nil
}
