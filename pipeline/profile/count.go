package profile

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/linecook-ml/linecook/pipeline/feature"
)

// A Count is how many rows of some observations fell into each bin of a
// feature's profile. Counts of several partitions add up, so that drift can be
// measured over more than one day without keeping the rows.
type Count struct {
	Feature string `json:"feature"`
	// Rows includes those that have no value, which are in no bin.
	Rows       int   `json:"rows"`
	OutOfRange int   `json:"out_of_range"`
	Bins       []int `json:"bins"`
}

// Tally counts a frame, and the scores of its rows, in the bins of the profile.
// A feature that the frame lacks, or has as another kind, is an error; nil
// scores are not counted.
func Tally(p *Profile, frame feature.Frame, scores []float64) ([]Count, error) {
	if err := frame.Validate(); err != nil {
		return nil, fmt.Errorf("count rows: %w", err)
	}
	var counts []Count
	for i := range p.Features {
		reference := &p.Features[i]
		column, found := frame.Column(reference.Name)
		if !found {
			return nil, fmt.Errorf("count rows: feature %q is not among the columns of the frame", reference.Name)
		}
		if column.Kind != reference.Kind {
			return nil, fmt.Errorf("count rows: feature %q is %s in the frame but was profiled as %s", reference.Name, column.Kind, reference.Kind)
		}
		counts = append(counts, reference.tally(column))
	}
	if scores == nil {
		return counts, nil
	}
	if p.Score == nil {
		return nil, fmt.Errorf("count rows: the profile describes no scores")
	}
	column := feature.NewNumeric(ScoreName, scores)
	if err := column.Validate(); err != nil {
		return nil, fmt.Errorf("count rows: %w", err)
	}
	return append(counts, p.Score.tally(&column)), nil
}

// Add is the counts of two sets of rows together, which must have been counted
// in the same profile.
func Add(a, b []Count) ([]Count, error) {
	if len(a) != len(b) {
		return nil, fmt.Errorf("add counts: %d features and %d", len(a), len(b))
	}
	sum := make([]Count, len(a))
	for i := range a {
		if a[i].Feature != b[i].Feature || len(a[i].Bins) != len(b[i].Bins) {
			return nil, fmt.Errorf("add counts: %q in %d bins and %q in %d", a[i].Feature, len(a[i].Bins), b[i].Feature, len(b[i].Bins))
		}
		sum[i] = Count{Feature: a[i].Feature, Rows: a[i].Rows + b[i].Rows, OutOfRange: a[i].OutOfRange + b[i].OutOfRange, Bins: slices.Clone(a[i].Bins)}
		for bin, n := range b[i].Bins {
			sum[i].Bins[bin] += n
		}
	}
	return sum, nil
}

func (f *Feature) tally(column *feature.Column) Count {
	count := Count{Feature: f.Name, Rows: column.Len()}
	switch {
	case f.Numeric != nil:
		count.Bins, count.OutOfRange = f.Numeric.count(column)
	case f.Categorical != nil:
		count.Bins, count.OutOfRange = f.Categorical.count(column)
	}
	return count
}

func (n *Numbers) count(column *feature.Column) (counts []int, outOfRange int) {
	counts = make([]int, len(n.Counts))
	for _, value := range column.Numbers {
		if math.IsNaN(value) {
			continue
		}
		if value < n.Min || value > n.Max {
			outOfRange++
		}
		counts[sort.SearchFloat64s(n.Edges, value)]++
	}
	return counts, outOfRange
}

func (l *Levels) count(column *feature.Column) (counts []int, outOfRange int) {
	other := len(l.Top)
	counts = make([]int, other+1)
	bins := make(map[string]int, other)
	for bin, level := range l.Top {
		bins[level.Level] = bin
	}
	for row := range column.Codes {
		level, present := column.Text(row)
		if !present {
			continue
		}
		bin, known := bins[level]
		if !known {
			bin = other
		}
		counts[bin]++
	}
	if l.OtherLevels == 0 {
		outOfRange = counts[other]
	}
	return counts, outOfRange
}
