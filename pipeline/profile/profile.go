// Package profile holds the picture of the training data that a bundle carries,
// and measures how far other data is from it.
//
//  1. training/profiling builds a Profile from the training frame: counts by
//     decile of a number, counts by level of a category, the share missing.
//  2. Write and Read store it in the bundle, strictly.
//  3. Measure counts a later frame into the same bins and gives each feature's
//     drift, beside what chance alone would give on so many rows.
package profile

import (
	"errors"
	"fmt"
	"math"

	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/feature"
)

// Version is the version of the form in which a Profile is written.
const Version = 1

// ScoreName is the name under which scores are profiled.
const ScoreName = "score"

// A Profile describes a frame by aggregates.
type Profile struct {
	Version int `json:"version"`
	// Features are in the order of the frame.
	Features []Feature `json:"features"`
	// Score describes the model's predictions on rows it was not fitted on;
	// nil where none were given.
	Score *Feature `json:"score,omitempty"`
}

// A Feature describes one column. Numeric or Categorical is set, as Kind says,
// unless every row is missing.
type Feature struct {
	Name        string       `json:"name"`
	Kind        feature.Kind `json:"kind"`
	Rows        int          `json:"rows"`
	Missing     int          `json:"missing"`
	Numeric     *Numbers     `json:"numeric,omitempty"`
	Categorical *Levels      `json:"categorical,omitempty"`
}

// Numbers describes the values of a numeric column that are present.
type Numbers struct {
	Min  float64 `json:"min"`
	Max  float64 `json:"max"`
	Mean float64 `json:"mean"`
	// Std is the population standard deviation.
	Std float64 `json:"std"`
	// Edges rise. Bin i holds the values above Edges[i-1] up to and including
	// Edges[i]; the first and the last bin are open. Counts has one more.
	Edges  []float64 `json:"edges,omitempty"`
	Counts []int     `json:"counts"`
}

// Levels describes the values of a categorical column that are present.
type Levels struct {
	// Top are the most frequent levels, most frequent first, ties by text.
	Top []LevelCount `json:"top"`
	// OtherLevels and OtherRows count what is not among Top.
	OtherLevels int `json:"other_levels"`
	OtherRows   int `json:"other_rows"`
}

// A LevelCount is how many rows had a level.
type LevelCount struct {
	Level string `json:"level"`
	Rows  int    `json:"rows"`
}

// Present is the number of rows that have a value.
func (f *Feature) Present() int { return f.Rows - f.Missing }

// MissingShare is Missing divided by Rows, 0 where there are no rows.
func (f *Feature) MissingShare() float64 { return share(f.Missing, f.Rows) }

// counts are the rows of each bin: the numeric bins, or the top levels and then
// all others.
func (f *Feature) counts() []int {
	switch {
	case f.Numeric != nil:
		return f.Numeric.Counts
	case f.Categorical != nil:
		counts := make([]int, 0, len(f.Categorical.Top)+1)
		for _, level := range f.Categorical.Top {
			counts = append(counts, level.Rows)
		}
		return append(counts, f.Categorical.OtherRows)
	}
	return nil
}

// Read reads and validates what Write wrote.
func Read(data []byte) (*Profile, error) {
	p := new(Profile)
	if err := canonical.UnmarshalComplete(data, p); err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	return p, nil
}

// Write validates and encodes; equal profiles give equal bytes.
func Write(p *Profile) ([]byte, error) {
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("write profile: %w", err)
	}
	return canonical.Marshal(p)
}

// Validate refuses a profile whose numbers contradict each other.
func (p *Profile) Validate() error {
	if p.Version != Version {
		return fmt.Errorf("the profile has version %d; this linecook reads version %d", p.Version, Version)
	}
	if len(p.Features) == 0 {
		return errors.New("the profile has no features")
	}
	names := make(map[string]bool, len(p.Features))
	for i := range p.Features {
		f := &p.Features[i]
		if names[f.Name] {
			return fmt.Errorf("feature %q is profiled twice", f.Name)
		}
		names[f.Name] = true
		if err := f.validate(); err != nil {
			return fmt.Errorf("feature %q: %w", f.Name, err)
		}
	}
	if p.Score != nil {
		if p.Score.Name != ScoreName || p.Score.Kind != feature.Numeric {
			return fmt.Errorf("the score is the numeric column %q, not the %s %q", ScoreName, p.Score.Kind, p.Score.Name)
		}
		if err := p.Score.validate(); err != nil {
			return fmt.Errorf("the score: %w", err)
		}
	}
	return nil
}

func (f *Feature) validate() error {
	switch {
	case f.Name == "":
		return errors.New("it has no name")
	case f.Kind != feature.Numeric && f.Kind != feature.Categorical:
		return fmt.Errorf("kind %q is neither %q nor %q", f.Kind, feature.Numeric, feature.Categorical)
	case f.Rows < 0 || f.Missing < 0 || f.Missing > f.Rows:
		return fmt.Errorf("%d of %d rows cannot be missing", f.Missing, f.Rows)
	case (f.Numeric != nil) != (f.Kind == feature.Numeric && f.Present() > 0),
		(f.Categorical != nil) != (f.Kind == feature.Categorical && f.Present() > 0):
		return fmt.Errorf("kind %q and %d values do not agree with the description that is given", f.Kind, f.Present())
	}
	if f.Numeric != nil {
		if err := f.Numeric.validate(); err != nil {
			return err
		}
	}
	if f.Categorical != nil {
		if err := f.Categorical.validate(); err != nil {
			return err
		}
	}
	total := 0
	for _, count := range f.counts() {
		if count < 0 || count > f.Present()-total {
			return fmt.Errorf("the counts do not add up to %d rows", f.Present())
		}
		total += count
	}
	if total != f.Present() {
		return fmt.Errorf("the counts add up to %d rows where %d have a value", total, f.Present())
	}
	return nil
}

func (n *Numbers) validate() error {
	for _, value := range append([]float64{n.Min, n.Max, n.Mean, n.Std}, n.Edges...) {
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return fmt.Errorf("%v is not a finite number", value)
		}
	}
	if n.Min > n.Max || n.Std < 0 {
		return fmt.Errorf("minimum %v, maximum %v and standard deviation %v contradict each other", n.Min, n.Max, n.Std)
	}
	for i := 1; i < len(n.Edges); i++ {
		if n.Edges[i] <= n.Edges[i-1] {
			return fmt.Errorf("the edges do not rise at %v", n.Edges[i])
		}
	}
	if len(n.Counts) != len(n.Edges)+1 {
		return fmt.Errorf("there are %d counts for %d edges", len(n.Counts), len(n.Edges))
	}
	return nil
}

func (l *Levels) validate() error {
	if l.OtherLevels < 0 || (l.OtherLevels == 0) != (l.OtherRows == 0) {
		return fmt.Errorf("%d other levels cannot have %d rows", l.OtherLevels, l.OtherRows)
	}
	seen := make(map[string]bool, len(l.Top))
	for _, level := range l.Top {
		if seen[level.Level] {
			return fmt.Errorf("level %q is counted twice", level.Level)
		}
		seen[level.Level] = true
	}
	return nil
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
