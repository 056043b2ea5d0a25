package contract

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// name says which statistic it is, as in quantile 0.95.
func (d distribution) name() string {
	if d.statistic == "quantile" {
		return "quantile " + number(d.quantile)
	}
	return d.statistic
}

// sql is what DuckDB works out over the values t of the property: one number,
// or for psi the counts of the bins and, last, of all other values.
func (d distribution) sql(t string) []string {
	switch d.statistic {
	case "mean":
		return []string{"avg(" + t + ")"}
	case "stddev":
		return []string{"stddev_pop(" + t + ")"}
	case "quantile":
		return []string{"quantile_cont(CAST(" + t + " AS DOUBLE), " + number(d.quantile) + ")"}
	}
	var counts, known []string
	for i := range d.shares {
		var cond string
		switch {
		case d.levels != nil:
			literal := dataset.Literal(d.levels[i])
			known = append(known, literal)
			cond = t + " = " + literal
		case i == 0:
			cond = t + " <= " + d.edge(0)
		case i == len(d.edges):
			cond = t + " > " + d.edge(i-1)
		default:
			cond = t + " > " + d.edge(i-1) + " AND " + t + " <= " + d.edge(i)
		}
		counts = append(counts, "count(*) FILTER (WHERE "+cond+")")
	}
	if d.levels != nil {
		counts = append(counts, "count(*) FILTER (WHERE "+t+" NOT IN ("+strings.Join(known, ", ")+"))")
	}
	return counts
}

func (d distribution) edge(i int) string {
	return dataset.Literal(strconv.FormatFloat(d.edges[i], 'g', -1, 64)) + "::DOUBLE"
}

// leastShare is the smallest share a bin counts with, as in pipeline/profile:
// that of an empty bin would have an infinite logarithm.
const leastShare = 0.0001

// stability is the population stability index Σ (q−p)·ln(q/p) of counts against
// the reference. What no level of the reference has is one more bin.
func (d distribution) stability(counts []float64) float64 {
	shares := d.shares
	if len(counts) > len(shares) {
		rest := 1.0
		for _, share := range shares {
			rest -= share
		}
		shares = append(slices.Clone(shares), math.Max(rest, 0))
	}
	total, psi := 0.0, 0.0
	for _, n := range counts {
		total += n
	}
	for i, n := range counts {
		if n == 0 && shares[i] == 0 {
			continue
		}
		p, q := math.Max(shares[i], leastShare), math.Max(n/total, leastShare)
		psi += float64((q - p) * math.Log(q/p))
	}
	return psi
}

// checkDistributions works out all statistics in one scan.
func (k *checker) checkDistributions() error {
	type measured struct {
		d        distribution
		rule     *Rule
		property int
		position report.Position
		first, n int
	}
	var rules []measured
	columns := []string{}
	properties := k.contract.object().Properties
	for i := range properties {
		for j := range properties[i].Quality {
			r := &properties[i].Quality[j]
			if r.Type != "custom" || !k.readable(i) {
				continue
			}
			d, _, err := readDistribution(r, &properties[i])
			if err != nil {
				return err
			}
			t := dataset.Identifier(properties[i].Name)
			rules = append(rules, measured{d: d, rule: r, property: i, position: k.contract.place("properties", i, "quality", j), first: len(columns), n: len(d.sql(t)) + 1})
			columns = append(append(columns, d.sql(t)...), "count("+t+")")
		}
	}
	if rules == nil {
		return nil
	}
	values := make([]*float64, len(columns))
	targets := make([]any, len(columns))
	for i := range columns {
		columns[i] = "CAST(" + columns[i] + " AS DOUBLE)"
		targets[i] = &values[i]
	}
	if err := k.session.DB().QueryRowContext(k.ctx, "SELECT "+strings.Join(columns, ", ")+" FROM ("+k.typedRows()+")").Scan(targets...); err != nil {
		return err
	}
	for _, m := range rules {
		k.result.Checks++
		k.judgeDistribution(m.d, m.rule, m.property, m.position, values[m.first:m.first+m.n])
	}
	return nil
}

// readable reports whether some view has values of a property.
func (k *checker) readable(i int) bool {
	return slices.ContainsFunc(k.views, func(v view) bool {
		return v.columns[i].present && v.columns[i].castable && !v.columns[i].ignored
	})
}

func (k *checker) judgeDistribution(d distribution, r *Rule, property int, position report.Position, values []*float64) {
	p := &k.contract.object().Properties[property]
	f := report.Finding{Code: "contract/distribution", Severity: severityOf(r), Position: position, Column: p.Column(), Remedy: ruleRemedy(r)}
	if n := values[len(values)-1]; n == nil || *n == 0 {
		f.Severity = report.Error
		f.Message = fmt.Sprintf("the %s of column %q is unknown: it has no values", d.name(), p.Name)
		k.add(f)
		return
	}
	var x float64
	if d.statistic == "psi" {
		counts := make([]float64, len(values)-1)
		for i := range counts {
			counts[i] = *values[i]
		}
		x = d.stability(counts)
	} else {
		x = *values[0]
	}
	if x >= d.low && x <= d.high {
		return
	}
	f.Message = fmt.Sprintf("the %s of column %q is %s, and the rule says %s", d.name(), p.Name, strconv.FormatFloat(x, 'g', 6, 64), d.limits())
	k.add(f)
}

func (d distribution) limits() string {
	switch {
	case math.IsInf(d.low, -1):
		return "at most " + number(d.high)
	case math.IsInf(d.high, 1):
		return "at least " + number(d.low)
	}
	return fmt.Sprintf("from %s to %s, both included", number(d.low), number(d.high))
}
