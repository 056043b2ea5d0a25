package validation

import (
	"regexp"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/profile"
)

// plainColumn is an expression that is a column and nothing else.
var plainColumn = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// outlines are what the columns of a source looked like in training, as far as
// the profile shows them: it describes features, and only a feature that is a
// column as it stands tells of the column.
func outlines(c *pipeline.Config, p *profile.Profile, source string) contract.Outlines {
	if p == nil {
		return nil
	}
	known := contract.Outlines{}
	for _, d := range c.Features {
		of, text := c.Observations.Source, d.Expression
		if d.Lookup != nil {
			of, text = d.Lookup.Source, d.Lookup.Value
		}
		if of != source || d.Aggregate != nil || !plainColumn.MatchString(text) {
			continue
		}
		for i := range p.Features {
			if f := &p.Features[i]; f.Name == d.Name && f.Numeric != nil && f.Present() > 0 {
				known[text] = outline(f.Numeric)
			}
		}
	}
	return known
}

func outline(n *profile.Numbers) contract.Outline {
	return contract.Outline{Min: n.Min, Low: quantile(n, 0.1), Median: quantile(n, 0.5), High: quantile(n, 0.9), Max: n.Max}
}

// quantile is the upper edge of the bin in which a quantile lies. The bins are
// deciles, so for tenths it is the quantile itself.
func quantile(n *profile.Numbers, q float64) float64 {
	total, below := 0, 0
	for _, count := range n.Counts {
		total += count
	}
	for i, count := range n.Counts {
		below += count
		if float64(below) >= q*float64(total) && i < len(n.Edges) {
			return n.Edges[i]
		}
	}
	return n.Max
}
