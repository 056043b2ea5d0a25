// Package encode fits the prepare state of a bundle.
//
//  1. Each feature of the training frame is looked at alone, in row order.
//  2. A numeric one gives its median, then the mean and the standard deviation
//     of the column whose gaps the median has filled.
//  3. A categorical one gives its levels in order of their text; rare ones are
//     folded together.
//  4. The result is a feature.Encoding, which can be applied but not fitted.
package encode

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/linecook-ml/linecook/pipeline/feature"
)

const (
	// MinLevelRows is how many training rows a level needs for a matrix column
	// of its own. Rarer levels share one: a weight learnt from fewer rows says
	// more about those rows than about the level.
	MinLevelRows = 20
	// MaxLevels is how many columns one feature may become. More is an
	// identifier (a tail number, a customer), not a category.
	MaxLevels = 1000
)

// ErrFeature means that the training values of a feature cannot be encoded.
var ErrFeature = errors.New("fit encoding: feature")

// Fit learns the encoding of every column of a training frame, in the frame's
// order. A feature without any value in training, or with more than MaxLevels
// levels, is ErrFeature and names it.
func Fit(frame feature.Frame) (*feature.Encoding, error) {
	if err := frame.Validate(); err != nil {
		return nil, fmt.Errorf("fit encoding: %w", err)
	}
	if frame.Rows == 0 {
		return nil, errors.New("fit encoding: the training frame has no rows")
	}
	encoding := &feature.Encoding{Version: feature.EncodingVersion}
	for i := range frame.Columns {
		column := &frame.Columns[i]
		fitted := feature.ColumnEncoding{Name: column.Name, Kind: column.Kind}
		var err error
		if column.Kind == feature.Numeric {
			fitted.Numeric, err = fitNumeric(column.Numbers)
		} else {
			fitted.Categorical, err = fitCategorical(column)
		}
		if err != nil {
			return nil, fmt.Errorf("%w %q: %w", ErrFeature, column.Name, err)
		}
		encoding.Features = append(encoding.Features, fitted)
	}
	if err := encoding.Validate(); err != nil {
		return nil, fmt.Errorf("fit encoding: %w", err)
	}
	return encoding, nil
}

func fitNumeric(numbers []float64) (*feature.NumericEncoding, error) {
	present := make([]float64, 0, len(numbers))
	for _, number := range numbers {
		if !math.IsNaN(number) {
			present = append(present, number)
		}
	}
	if len(present) == 0 {
		return nil, noValue(len(numbers))
	}
	slices.Sort(present)
	fitted := &feature.NumericEncoding{
		Impute:           median(present),
		MissingIndicator: len(present) < len(numbers),
	}
	if present[0] == present[len(present)-1] {
		fitted.Center, fitted.Scale = present[0], 1
		return fitted, nil
	}
	fitted.Center, fitted.Scale = standardize(numbers, fitted.Impute)
	if math.IsInf(fitted.Scale, 0) || math.IsNaN(fitted.Scale) {
		return nil, errors.New("its values are too large for a standard deviation; drop the feature or change its unit")
	}
	return fitted, nil
}

func median(sorted []float64) float64 {
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	// Halving first cannot overflow.
	return sorted[middle-1]/2 + sorted[middle]/2
}

// standardize is the mean and population standard deviation, summed in row
// order so that the same rows always give the same bits. A column that is
// constant up to rounding has scale 1; the bound is scikit-learn's
// (preprocessing/_data.py, _is_constant_feature; Chan, Golub and LeVeque 1983).
func standardize(numbers []float64, impute float64) (center, scale float64) {
	n := float64(len(numbers))
	var sum float64
	for _, number := range numbers {
		sum += filled(number, impute)
	}
	center = sum / n
	var squares float64
	for _, number := range numbers {
		deviation := filled(number, impute) - center
		squares += float64(deviation * deviation)
	}
	variance := squares / n
	const epsilon = 0x1p-52
	rounding := float64(n * center * epsilon)
	if !math.IsInf(variance, 0) && variance <= float64(n*epsilon*variance)+float64(rounding*rounding) {
		return center, 1
	}
	return center, math.Sqrt(variance)
}

func filled(number, impute float64) float64 {
	if math.IsNaN(number) {
		return impute
	}
	return number
}

func fitCategorical(column *feature.Column) (*feature.CategoricalEncoding, error) {
	counts := make([]int, len(column.Levels))
	missing := 0
	for _, code := range column.Codes {
		if code == feature.MissingCode {
			missing++
		} else {
			counts[code]++
		}
	}
	if missing == len(column.Codes) {
		return nil, noValue(len(column.Codes))
	}
	fitted := &feature.CategoricalEncoding{Unseen: feature.UnseenZeros, MissingIndicator: missing > 0}
	for code, level := range column.Levels {
		switch {
		case counts[code] >= MinLevelRows:
			fitted.Levels = append(fitted.Levels, level)
		case counts[code] > 0:
			fitted.Folded = append(fitted.Folded, level)
		}
	}
	if len(fitted.Levels) > MaxLevels {
		return nil, fmt.Errorf("it has %d levels of %d rows or more where %d are allowed; drop the feature or group its levels",
			len(fitted.Levels), MinLevelRows, MaxLevels)
	}
	if len(fitted.Folded) > 0 {
		fitted.Unseen = feature.UnseenOther
	}
	slices.Sort(fitted.Levels)
	slices.Sort(fitted.Folded)
	return fitted, nil
}

func noValue(rows int) error {
	return fmt.Errorf("none of the %d training rows has a value; drop the feature or repair its source", rows)
}
