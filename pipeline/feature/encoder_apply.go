package feature

import (
	"fmt"
	"math"
	"slices"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// maxUnseenSamples bounds how many unseen levels ApplyStats names.
const maxUnseenSamples = 5

// ApplyStats says what Apply met that training may not have.
type ApplyStats struct {
	Rows int `json:"rows"`
	// Features are in the order of the encoding.
	Features []ColumnStats `json:"features"`
}

// ColumnStats counts the unusual values of one feature.
type ColumnStats struct {
	Name string `json:"name"`
	// Missing is how many rows had no value.
	Missing int `json:"missing"`
	// Unseen is how many rows had a level that training never saw.
	Unseen int `json:"unseen"`
	// UnseenLevels are up to five of those levels, sorted by text.
	UnseenLevels []string `json:"unseen_levels,omitempty"`
}

// Apply makes the matrix of a frame. The frame's columns may be in any order and
// more than are needed; one that is missing or of another kind than it was
// fitted on is an error that names the feature. Every value of the matrix is
// finite; one that is too large once it is scaled is dataset.ErrData.
func (e *Encoding) Apply(frame Frame) (Matrix, ApplyStats, error) {
	if err := e.Validate(); err != nil {
		return Matrix{}, ApplyStats{}, fmt.Errorf("apply encoding: %w", err)
	}
	if err := frame.Validate(); err != nil {
		return Matrix{}, ApplyStats{}, fmt.Errorf("apply encoding: %w", err)
	}
	matrix := Matrix{Columns: e.Columns(), Rows: frame.Rows}
	matrix.Data = make([]float64, frame.Rows*len(matrix.Columns))
	stats := ApplyStats{Rows: frame.Rows}
	offset := 0
	for i := range e.Features {
		fitted := &e.Features[i]
		column, found := frame.Column(fitted.Name)
		if !found {
			return Matrix{}, ApplyStats{}, fmt.Errorf("apply encoding: feature %q is not among the columns of the frame", fitted.Name)
		}
		if column.Kind != fitted.Kind {
			return Matrix{}, ApplyStats{}, fmt.Errorf("apply encoding: feature %q is %s in the frame but was fitted as %s", fitted.Name, column.Kind, fitted.Kind)
		}
		featureStats := ColumnStats{Name: fitted.Name}
		if fitted.Kind == Numeric {
			fitted.Numeric.apply(column, matrix, offset, &featureStats)
		} else {
			fitted.Categorical.apply(column, matrix, offset, &featureStats)
		}
		stats.Features = append(stats.Features, featureStats)
		offset += len(fitted.columns())
	}
	if err := matrix.Validate(); err != nil {
		return Matrix{}, ApplyStats{}, fmt.Errorf("apply encoding: %w: %w", dataset.ErrData, err)
	}
	return matrix, stats, nil
}

func (n *NumericEncoding) apply(column *Column, matrix Matrix, offset int, stats *ColumnStats) {
	for row, value := range column.Numbers {
		cells := matrix.Row(row)[offset:]
		if math.IsNaN(value) {
			stats.Missing++
			value = n.Impute
			if n.MissingIndicator {
				cells[1] = 1
			}
		}
		cells[0] = (value - n.Center) / n.Scale
	}
}

func (c *CategoricalEncoding) apply(column *Column, matrix Matrix, offset int, stats *ColumnStats) {
	// A target is the matrix column of a level, counted from offset; none for
	// a level whose columns are all 0.
	const none = -1
	other := len(c.Levels)
	targets := make(map[string]int, len(c.Levels)+len(c.Folded))
	for i, level := range c.Levels {
		targets[level] = i
	}
	for _, level := range c.Folded {
		targets[level] = other
	}
	unseenTarget := none
	if c.Unseen == UnseenOther {
		unseenTarget = other
	}
	missingTarget := none
	if c.MissingIndicator {
		missingTarget = other
		if len(c.Folded) > 0 {
			missingTarget++
		}
	}

	codeTargets := make([]int, len(column.Levels))
	unseen := make([]bool, len(column.Levels))
	for code, level := range column.Levels {
		target, known := targets[level]
		if !known {
			target, unseen[code] = unseenTarget, true
		}
		codeTargets[code] = target
	}
	met := map[string]bool{}
	for row, code := range column.Codes {
		target := missingTarget
		if code == MissingCode {
			stats.Missing++
		} else {
			target = codeTargets[code]
			if unseen[code] {
				stats.Unseen++
				met[column.Levels[code]] = true
			}
		}
		if target != none {
			matrix.Row(row)[offset+target] = 1
		}
	}
	for level := range met {
		stats.UnseenLevels = append(stats.UnseenLevels, level)
	}
	slices.Sort(stats.UnseenLevels)
	if len(stats.UnseenLevels) > maxUnseenSamples {
		stats.UnseenLevels = stats.UnseenLevels[:maxUnseenSamples]
	}
}
