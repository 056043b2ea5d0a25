package feature

import (
	"fmt"
	"slices"
	"strings"
)

// An aggregateGroup is the aggregates over the same rows with the same keys,
// whatever their windows: they share one pass.
type aggregateGroup struct {
	match
	source, known string
	spans         []span
	summands      []string
	totals        []total
	deviations    []deviation
}

// A span says during which decision times a row counts. Of a plain span that
// is the window, once the row is known. A distinct span leaves out what rows
// with the same value cover before; a last span ends early, when n later rows
// have become known.
type span struct {
	window Duration
	form   string // "", "distinct" or "last"
	value  string // SQL, for distinct and last
	n      int    // for last
}

// A total is the running total of one summand over one kind of span, by index,
// and of how many rows that is. Only what is asked for is worked out.
type total struct {
	span, summand   int
	summed, counted bool
}

// aggregates compiles each group of aggregates to running totals of changes.
//
// A row counts at decision time t when event ≤ t, known ≤ t and event > t −
// window; that is, while t is in [max(event, known), event + window). So each
// row adds itself at the start of that span and takes itself away at its end.
// The observations are laid into this stream of changes, each behind the
// changes of its own moment, and read off the running total. Totals are
// integers or DECIMALs, which are exact in any order; and as the changes of
// each key add up to nothing, one total can run through all keys, which costs
// DuckDB a third of what PARTITION BY does. The cost is a sort, however wide
// the windows.
//
// Distinct counts spans of which those with the same value do not overlap. Last
// rests on this: of two rows, the later one by event never leaves the window
// first. So a row is among the latest n from when it is known until the n-th of
// the rows after it is, and never again.
func (c *compiler) aggregates() error {
	groups, err := c.aggregateGroups()
	if err != nil {
		return err
	}
	for i, g := range groups {
		reach := g.spans[0].window
		for _, s := range g.spans {
			if s.window.Duration > reach.Duration {
				reach = s.window
			}
		}
		err := c.exec(fmt.Sprintf(`CREATE OR REPLACE TABLE %[1]s AS
WITH known AS (
  SELECT %[2]s%[3]s AS e, %[4]s AS k, %[5]s FROM %[6]s
), counting AS (
  SELECT *, greatest(e, k) AS starts, %[7]s FROM known WHERE %[8]se IS NOT NULL AND k IS NOT NULL
), spans AS (
  SELECT %[9]sstarts, %[10]s FROM counting
), changes AS (
  %[11]s
  UNION ALL SELECT %[12]s%[13]s AS t, %[14]s, NULL, %[15]s FROM %[16]s WHERE %[13]s IS NOT NULL
), running AS (
  SELECT %[14]s, %[17]s FROM changes WHERE %[8]strue
  WINDOW stream AS (ORDER BY %[9]st, %[14]s NULLS FIRST ROWS UNBOUNDED PRECEDING)
)
SELECT %[18]s FROM (SELECT %[19]s FROM running WHERE %[14]s IS NOT NULL)`,
			g.table(i), g.there(), colEvent, g.known, strings.Join(g.values(), ", "),
			c.within(g.source, g.known, reach), strings.Join(g.ends(), ", "), g.present(),
			g.keys(), strings.Join(g.shapes(), ", "), strings.Join(g.changes(), "\n  UNION ALL "),
			g.here(), colDecided, colID, strings.Join(g.nothing(-1, ""), ", "), ObservationsTable,
			strings.Join(g.running(), ", "), strings.Join(g.results(), ", "), strings.Join(g.steps(), ", ")))
		if err != nil {
			return err
		}
	}
	return nil
}

func (g *aggregateGroup) table(i int) string { return fmt.Sprintf("%saggregate_%d", ReservedPrefix, i) }

// values are the summands v0, v1, ... and the values u of spans.
func (g *aggregateGroup) values() []string {
	var columns []string
	for j, summand := range g.summands {
		columns = append(columns, fmt.Sprintf("%s AS v%d", summand, j))
	}
	for i, s := range g.spans {
		if s.form != "" {
			columns = append(columns, fmt.Sprintf("%s AS u%d", s.value, i))
		}
	}
	return columns
}

// ends are when rows leave the windows.
func (g *aggregateGroup) ends() []string {
	columns := make([]string, len(g.spans))
	for i, s := range g.spans {
		columns[i] = fmt.Sprintf("e + %s AS ends%d", s.window.interval(), i)
	}
	return columns
}

// shapes are the spans' final starts and ends, and the summands.
func (g *aggregateGroup) shapes() []string {
	var columns []string
	for i, s := range g.spans {
		switch s.form {
		case "distinct":
			columns = append(columns, fmt.Sprintf("ends%[1]d, greatest(starts, max(ends%[1]d) OVER (PARTITION BY %[2]su%[1]d ORDER BY starts ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS %[3]s",
				i, g.keys(), g.start(i)))
		case "last":
			partition := strings.TrimSuffix(g.keys(), ", ")
			if partition != "" {
				partition = "PARTITION BY " + partition
			}
			columns = append(columns, fmt.Sprintf("least(ends%[1]d, list_extract(min(CASE WHEN u%[1]d IS NOT NULL THEN starts END, %[2]d) OVER (%[3]s ORDER BY e DESC, k DESC, u%[1]d DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), %[2]d)) AS ends%[1]d",
				i, s.n, partition))
		default:
			columns = append(columns, fmt.Sprintf("ends%d", i))
		}
	}
	for j := range g.summands {
		columns = append(columns, fmt.Sprintf("v%d", j))
	}
	return columns
}

// start is the column in which span i starts: most share one.
func (g *aggregateGroup) start(i int) string {
	if g.spans[i].form == "distinct" {
		return fmt.Sprintf("starts%d", i)
	}
	return "starts"
}

// changes are queries for what rows add at the start of their spans, and take
// away at each of their ends: d is the change of the count.
func (g *aggregateGroup) changes() []string {
	var starts, queries []string
	for i := range g.spans {
		if !slices.Contains(starts, g.start(i)) {
			starts = append(starts, g.start(i))
		}
	}
	for _, start := range starts {
		cells := make([]string, len(g.totals))
		for k, total := range g.totals {
			cells[k] = fmt.Sprintf("NULL AS c%d", k)
			if g.start(total.span) == start {
				cells[k] = fmt.Sprintf("CASE WHEN %s < ends%d THEN v%d END AS c%d", start, total.span, total.summand, k)
			}
		}
		queries = append(queries, fmt.Sprintf("SELECT %s%s AS t, NULL::BIGINT AS %s, 1 AS d, %s FROM spans", g.keys(), start, colID, strings.Join(cells, ", ")))
	}
	for i := range g.spans {
		queries = append(queries, fmt.Sprintf("SELECT %sends%d, NULL, -1, %s FROM spans WHERE %s < ends%d",
			g.keys(), i, strings.Join(g.nothing(i, "-v%d"), ", "), g.start(i), i))
	}
	return queries
}

// nothing is NULL for every total but those over span i, which have the summand
// in the given form.
func (g *aggregateGroup) nothing(i int, form string) []string {
	cells := make([]string, len(g.totals))
	for k, total := range g.totals {
		cells[k] = "NULL"
		if total.span == i {
			cells[k] = fmt.Sprintf(form, total.summand)
		}
	}
	return cells
}

// running are the totals at each change and observation: n0, v0, ...
func (g *aggregateGroup) running() []string {
	var columns []string
	for k, total := range g.totals {
		if total.counted {
			columns = append(columns, fmt.Sprintf("sum(CASE WHEN c%[1]d IS NOT NULL THEN d END) OVER stream AS n%[1]d", k))
		}
		if total.summed {
			columns = append(columns, fmt.Sprintf("sum(c%[1]d) OVER stream AS v%[1]d", k))
		}
	}
	return columns
}

// results are the columns of the group's table, and steps those that they are
// worked out from, one from the other.
func (g *aggregateGroup) results() []string {
	columns := []string{colID}
	for k, total := range g.totals {
		if total.counted {
			columns = append(columns, fmt.Sprintf("n%d", k))
		}
		if total.summed {
			columns = append(columns, fmt.Sprintf("v%d", k))
		}
	}
	for i := range g.deviations {
		columns = append(columns, fmt.Sprintf("s%d", i))
	}
	return columns
}

func (g *aggregateGroup) steps() []string {
	columns := []string{"*"}
	for i, d := range g.deviations {
		columns = append(columns, d.steps(i)...)
	}
	return columns
}

func (c *compiler) aggregateGroups() ([]*aggregateGroup, error) {
	var groups []*aggregateGroup
	for _, d := range c.plan.Definitions {
		if d.Aggregate == nil || d.Aggregate.extreme() {
			continue
		}
		m, known, err := c.meet(d)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(groups, func(g *aggregateGroup) bool {
			return g.source == d.Aggregate.Source && slices.Equal(g.by, m.by) && g.known == known
		})
		if i < 0 {
			i = len(groups)
			groups = append(groups, &aggregateGroup{match: m, source: d.Aggregate.Source, known: known})
			c.joins = append(c.joins, groups[i].table(i))
		}
		c.outputs[d.Name] = groups[i].output(d.Aggregate, fmt.Sprintf("j%d.", slices.Index(c.joins, groups[i].table(i))))
	}
	return groups, nil
}

// output is the SQL of a feature from the group's table. It makes the totals
// that the feature needs.
func (g *aggregateGroup) output(a *Aggregate, table string) string {
	// A span is equal to another whatever words its window was given in.
	s := span{window: Duration{Duration: a.Window.Duration}}
	number := embed(a.Of) + "::DECIMAL(38, 9)"
	var summand string
	switch {
	case a.Function == "rate":
		summand = embed(a.Of) + "::BOOLEAN::INTEGER"
	case a.Function == "count" && a.Of == "":
		summand = "1"
	case a.Function == "count":
		summand = "CASE WHEN " + embed(a.Of) + " THEN 1 END"
	case a.Function == "distinct":
		s.form, s.value = a.Function, embed(a.Of)
		summand = "CASE WHEN " + s.value + " IS NOT NULL THEN 1 END"
	case a.Function == "last":
		s.form, s.value, s.n = a.Function, number, a.N
		summand = number
	default:
		summand = number
	}
	switch a.Function {
	case "count", "distinct":
		return fmt.Sprintf("coalesce(%sn%d, 0)", table, g.total(s, summand, false, true))
	case "sum":
		return fmt.Sprintf("coalesce(%sv%d, 0)", table, g.total(s, summand, true, false))
	case "stddev":
		return fmt.Sprintf("%ss%d", table, g.deviation(s, summand))
	default:
		k := g.total(s, summand, true, true)
		return fmt.Sprintf("CASE WHEN %[1]sn%[2]d > 0 THEN %[1]sv%[2]d::DOUBLE / %[1]sn%[2]d::DOUBLE END", table, k)
	}
}

// total is the index of a running total, which it makes if need be.
func (g *aggregateGroup) total(s span, summand string, summed, counted bool) int {
	t := total{span: index(&g.spans, s), summand: index(&g.summands, summand)}
	k := slices.IndexFunc(g.totals, func(o total) bool { return o.span == t.span && o.summand == t.summand })
	if k < 0 {
		k = len(g.totals)
		g.totals = append(g.totals, t)
	}
	g.totals[k].summed = g.totals[k].summed || summed
	g.totals[k].counted = g.totals[k].counted || counted
	return k
}

// index finds an item in a list, to which it adds it if need be.
func index[T comparable](list *[]T, item T) int {
	i := slices.Index(*list, item)
	if i < 0 {
		i = len(*list)
		*list = append(*list, item)
	}
	return i
}
