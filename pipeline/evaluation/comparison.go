package evaluation

import (
	"fmt"
	"math"
	"time"

	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/metric"
)

// A Comparison is of the bundle with the champion of its training: both scored
// the rows of the evaluation, none of which the champion was fitted to.
type Comparison struct {
	// Version and BundleID name the champion, Stage where it served.
	Version  string `json:"version"`
	BundleID string `json:"bundle_id"`
	Stage    string `json:"stage"`
	// Trained is the period whose rows the champion was fitted to.
	Trained Period `json:"trained"`
	// Period and Rows are those of the evaluation.
	Period      Period            `json:"period"`
	Rows        int64             `json:"rows"`
	Differences []SliceDifference `json:"differences"`
}

// A SliceDifference is this bundle less the champion on the rows of a slice,
// which is written feature=level; empty is all rows.
type SliceDifference struct {
	Slice string `json:"slice"`
	metric.Difference
}

func (c *Comparison) normal() *Comparison {
	if c == nil {
		return nil
	}
	n := *c
	n.Trained, n.Period = c.Trained.utc(), c.Period.utc()
	n.Differences = append([]SliceDifference{}, c.Differences...)
	return &n
}

// check holds a comparison against the report that it is part of.
func (c *Comparison) check(r Report) error {
	if c == nil {
		return nil
	}
	if _, err := bundle.ParseVersion(c.Version); err != nil {
		return fmt.Errorf("the comparison is with no version: %w", err)
	}
	switch {
	case !canonical.IsDigest(c.BundleID):
		return fmt.Errorf("the comparison is with the bundle %q, which is no digest", c.BundleID)
	case c.Stage == "":
		return fmt.Errorf("the comparison does not say on which stage the champion served")
	case c.Rows != r.Rows || !c.Period.From.Equal(r.Period.From) || !c.Period.To.Equal(r.Period.To):
		return fmt.Errorf("the comparison is on %d rows, and the evaluation on %d; they must be the same", c.Rows, r.Rows)
	case !c.Trained.From.Before(c.Trained.To) || c.Trained.To.After(c.Period.From):
		return fmt.Errorf("the champion was fitted to rows up to %s, and the comparison begins at %s; it must not begin before", c.Trained.To.Format(time.RFC3339), c.Period.From.Format(time.RFC3339))
	case len(c.Differences) == 0:
		return fmt.Errorf("the comparison holds no difference; leave it out")
	}
	seen := map[string]bool{}
	for _, d := range c.Differences {
		name := d.Metric + " of " + d.Slice
		for _, x := range []float64{d.Value, d.Low, d.High} {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("the difference of %s is %v (%v to %v), which is not a finite interval", name, d.Value, d.Low, d.High)
			}
		}
		if seen[name] || d.Metric == "" || d.N < 1 || int64(d.N) > c.Rows || d.Low > d.Value || d.Value > d.High || d.Level <= 0 || d.Level >= 1 {
			return fmt.Errorf("the difference of %s is %v (%v to %v) at level %v on %d rows, or is there twice", name, d.Value, d.Low, d.High, d.Level, d.N)
		}
		seen[name] = true
	}
	return nil
}
