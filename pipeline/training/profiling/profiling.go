// Package profiling builds the picture of the training data that a bundle
// carries.
//
//  1. Each feature of the training frame is counted, in row order.
//  2. A numeric one is cut at its deciles, a categorical one at its most
//     frequent levels.
//  3. The scores of rows that were held out are cut the same way.
package profiling

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/profile"
)

const (
	// numericBins is how many bins of equally many rows a number is cut into.
	numericBins = 10
	// topLevels is how many levels are counted one by one.
	topLevels = 50
)

// Build profiles a training frame and the scores of held-out rows. scores may be
// nil; their number need not be that of the frame's rows.
func Build(frame feature.Frame, scores []float64) (*profile.Profile, error) {
	if err := frame.Validate(); err != nil {
		return nil, fmt.Errorf("build profile: %w", err)
	}
	if frame.Rows == 0 {
		return nil, errors.New("build profile: the training frame has no rows")
	}
	built := &profile.Profile{Version: profile.Version}
	for i := range frame.Columns {
		built.Features = append(built.Features, describe(&frame.Columns[i]))
	}
	if scores != nil {
		column := feature.NewNumeric(profile.ScoreName, scores)
		if err := column.Validate(); err != nil {
			return nil, fmt.Errorf("build profile: %w", err)
		}
		score := describe(&column)
		built.Score = &score
	}
	if err := built.Validate(); err != nil {
		return nil, fmt.Errorf("build profile: %w", err)
	}
	return built, nil
}

func describe(column *feature.Column) profile.Feature {
	described := profile.Feature{Name: column.Name, Kind: column.Kind, Rows: column.Len()}
	for row := range column.Len() {
		if column.Missing(row) {
			described.Missing++
		}
	}
	switch {
	case described.Present() == 0:
	case column.Kind == feature.Numeric:
		described.Numeric = describeNumbers(column.Numbers)
	default:
		described.Categorical = describeLevels(column)
	}
	return described
}

// describeNumbers wants at least one number that is present.
func describeNumbers(numbers []float64) *profile.Numbers {
	present := make([]float64, 0, len(numbers))
	for _, number := range numbers {
		if !math.IsNaN(number) {
			present = append(present, number)
		}
	}
	described := &profile.Numbers{}
	described.Mean, described.Std = moments(present)
	slices.Sort(present)
	described.Min, described.Max = present[0], present[len(present)-1]
	described.Edges = deciles(present)
	described.Counts = make([]int, len(described.Edges)+1)
	for _, number := range present {
		bin, _ := slices.BinarySearch(described.Edges, number)
		described.Counts[bin]++
	}
	return described
}

// deciles are the distinct values below which, including themselves, 1 to 9
// tenths of the rows lie (quantiles of type 1 of Hyndman and Fan 1996: values
// that occur). The greatest value is no edge, as no row would lie above it.
func deciles(sorted []float64) []float64 {
	var edges []float64
	for k := 1; k < numericBins; k++ {
		rank := (k*len(sorted) + numericBins - 1) / numericBins
		edge := sorted[rank-1]
		if edge < sorted[len(sorted)-1] && (len(edges) == 0 || edge > edges[len(edges)-1]) {
			edges = append(edges, edge)
		}
	}
	return edges
}

// moments are the mean and population standard deviation, summed in the order
// given.
func moments(numbers []float64) (mean, std float64) {
	n := float64(len(numbers))
	for _, number := range numbers {
		mean += number
	}
	mean /= n
	var squares float64
	for _, number := range numbers {
		squares += float64((number - mean) * (number - mean))
	}
	return mean, math.Sqrt(squares / n)
}

func describeLevels(column *feature.Column) *profile.Levels {
	rows := make([]int, len(column.Levels))
	for _, code := range column.Codes {
		if code != feature.MissingCode {
			rows[code]++
		}
	}
	var counts []profile.LevelCount
	for code, level := range column.Levels {
		if rows[code] > 0 {
			counts = append(counts, profile.LevelCount{Level: level, Rows: rows[code]})
		}
	}
	slices.SortFunc(counts, func(a, b profile.LevelCount) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Level, b.Level))
	})
	described := &profile.Levels{Top: counts}
	if len(counts) > topLevels {
		described.Top = counts[:topLevels]
		described.OtherLevels = len(counts) - topLevels
		for _, level := range counts[topLevels:] {
			described.OtherRows += level.Rows
		}
	}
	return described
}
