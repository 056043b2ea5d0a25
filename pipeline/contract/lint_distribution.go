package contract

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// customEngine is the engine whose custom rules linecook runs. Every other
// engine's rules are errors: they cannot be run here, and must not look kept.
const customEngine = "linecook"

// A distribution is the implementation of a custom rule: a statistic of a
// column's values that must lie between bounds.
type distribution struct {
	statistic string
	// low and high are the bounds, both included; infinite where not given.
	low, high float64
	// quantile is from 0 to 1, for the statistic quantile.
	quantile float64
	// edges rise and divide numbers into one more bins, each of which includes its
	// upper edge; levels are texts. shares is the reference, by bin or level.
	edges  []float64
	levels []string
	shares []float64
}

// distributionKeys are the keys of an implementation and the statistics that
// take them; "" stands for all.
var distributionKeys = map[string]string{
	"statistic": "", "minimum": "", "maximum": "",
	"quantile": "quantile", "edges": "psi", "shares": "psi", "levels": "psi",
}

var statistics = []string{"mean", "stddev", "quantile", "psi"}

func (l *linter) customRule(r *Rule, p *Property, path []any) {
	if r.Engine != customEngine {
		l.error("contract/unsupported-rule", "express it with a metric or sql, or with engine: linecook", join(path, "engine"),
			"this engine cannot be run here: %q; a rule that cannot be run must not look kept", r.Engine)
		return
	}
	if p == nil {
		l.error("contract/custom-rule", "move it to a property's quality", path, "a distribution is one of a property's values, and this rule stands at a schema object")
		return
	}
	if r.Unit != "" {
		l.error("contract/unit", "remove it", join(path, "unit"), "a statistic has the unit of its values")
	}
	if _, key, err := readDistribution(r, p); err != nil {
		where := join(path, "implementation")
		if key != "" {
			where = join(where, key)
		}
		l.error("contract/custom-rule", "see docs/contracts.md for its keys", where, "the implementation cannot be run: %v", err)
	}
}

// readDistribution reads a rule's implementation whole; key is where an error
// is.
func readDistribution(r *Rule, p *Property) (d distribution, key string, err error) {
	given, ok := r.Implementation.(map[string]any)
	if !ok {
		return d, "", fmt.Errorf("it must be a mapping with statistic and minimum or maximum")
	}
	d.statistic, _ = given["statistic"].(string)
	if !contains(statistics, d.statistic) {
		return d, "statistic", fmt.Errorf("statistic must be one of %s", strings.Join(statistics, ", "))
	}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		of, known := distributionKeys[key]
		switch {
		case !known:
			return d, key, fmt.Errorf("unknown key %q%s", key, didYouMean(key, slices.Sorted(maps.Keys(distributionKeys))))
		case of != "" && of != d.statistic:
			return d, key, fmt.Errorf("the statistic %s has no %s", d.statistic, key)
		}
	}
	if key, err := d.bounds(given); err != nil {
		return d, key, err
	}
	numeric := p.LogicalType == TypeNumber || p.LogicalType == TypeInteger
	if !numeric && (d.statistic != "psi" || p.LogicalType != TypeString) {
		return d, "statistic", fmt.Errorf("a %s has no %s", p.LogicalType, d.statistic)
	}
	switch d.statistic {
	case "quantile":
		q, ok := realNumber(given["quantile"])
		if !ok || q < 0 || q > 1 {
			return d, "quantile", fmt.Errorf("quantile must be a number from 0 to 1")
		}
		d.quantile = q
	case "psi":
		return d.reference(given, numeric)
	}
	return d, "", nil
}

func (d *distribution) bounds(given map[string]any) (key string, err error) {
	d.low, d.high = math.Inf(-1), math.Inf(1)
	for key, bound := range map[string]*float64{"minimum": &d.low, "maximum": &d.high} {
		value, has := given[key]
		if !has {
			continue
		}
		x, ok := realNumber(value)
		if !ok {
			return key, fmt.Errorf("%s must be a number", key)
		}
		*bound = x
	}
	switch {
	case math.IsInf(d.low, 0) && math.IsInf(d.high, 0):
		return "", fmt.Errorf("it has neither minimum nor maximum, so nothing could break it")
	case d.low > d.high:
		return "minimum", fmt.Errorf("minimum %s is greater than maximum %s: nothing can keep both", number(d.low), number(d.high))
	}
	return "", nil
}

// shareTolerance is how far the shares of a reference may be from 1 together:
// the rounding of a few decimals.
const shareTolerance = 1e-3

// reference reads what the population stability index compares with: shares of
// the bins between edges, or of levels.
func (d distribution) reference(given map[string]any, numeric bool) (distribution, string, error) {
	shares := given["shares"]
	if numeric {
		edges, ok := realNumbers(given["edges"])
		if !ok || len(edges) == 0 || !slices.IsSorted(edges) || len(slices.Compact(slices.Clone(edges))) != len(edges) {
			return d, "edges", fmt.Errorf("edges must be rising numbers")
		}
		d.edges = edges
		if d.shares, ok = realNumbers(shares); !ok || len(d.shares) != len(edges)+1 {
			return d, "shares", fmt.Errorf("shares must be %d numbers, one for each bin between the edges and beyond them", len(edges)+1)
		}
	} else {
		levels, ok := given["levels"].(map[string]any)
		if !ok || len(levels) == 0 || shares != nil || given["edges"] != nil {
			return d, "levels", fmt.Errorf("levels must be a mapping of texts to shares, and stands instead of edges and shares")
		}
		for _, level := range slices.Sorted(maps.Keys(levels)) {
			share, ok := realNumber(levels[level])
			if !ok {
				return d, "levels", fmt.Errorf("the share of %q must be a number", level)
			}
			d.levels, d.shares = append(d.levels, level), append(d.shares, share)
		}
	}
	total := 0.0
	for _, share := range d.shares {
		if share < 0 {
			return d, "", fmt.Errorf("a share is negative")
		}
		total += share
	}
	if total > 1+shareTolerance || (numeric && total < 1-shareTolerance) {
		return d, "", fmt.Errorf("the shares add up to %s, not 1", number(total))
	}
	return d, "", nil
}

func realNumber(v any) (float64, bool) {
	switch x := v.(type) {
	case int64:
		return float64(x), true
	case float64:
		return x, !math.IsNaN(x) && !math.IsInf(x, 0)
	}
	return 0, false
}

func realNumbers(v any) ([]float64, bool) {
	list, ok := v.([]any)
	out := make([]float64, len(list))
	for i, item := range list {
		x, isNumber := realNumber(item)
		ok = ok && isNumber
		out[i] = x
	}
	return out, ok
}
