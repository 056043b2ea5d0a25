package feature

import (
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// A match is how the rows of a source meet observations: by equal keys, which
// are called k0, k1, ... in the queries below.
type match struct{ by []string }

// there and here are the key's columns in the source and in the observations,
// each followed by a comma.
func (m match) there() string {
	return m.list(func(i int, there, _ string) string { return fmt.Sprintf("%s AS k%d, ", there, i) })
}

func (m match) here() string {
	return m.list(func(i int, _, here string) string { return fmt.Sprintf("%s AS k%d, ", here, i) })
}

func (m match) keys() string {
	return m.list(func(i int, _, _ string) string { return fmt.Sprintf("k%d, ", i) })
}

// present and equal are conditions, each followed by AND: NULL is no key.
func (m match) present() string {
	return m.list(func(i int, _, _ string) string { return fmt.Sprintf("k%d IS NOT NULL AND ", i) })
}

func (m match) equal() string {
	return m.list(func(i int, _, _ string) string { return fmt.Sprintf("o.k%d = s.k%d AND ", i, i) })
}

func (m match) list(item func(i int, there, here string) string) string {
	var all strings.Builder
	for i, pair := range m.by {
		there, here := key(pair)
		all.WriteString(item(i, dataset.Identifier(there), dataset.Identifier(here)))
	}
	return all.String()
}

// columns are the key's columns in the source.
func (m match) columns() []string {
	var names []string
	for _, pair := range m.by {
		there, _ := key(pair)
		names = append(names, there)
	}
	return names
}

// A lookupGroup is the lookups that ask for the same row, and so share a join.
type lookupGroup struct {
	match
	lookup Lookup
	known  string
	// names and values are the features and their SQL.
	names, values []string
}

// lookups compiles each group of lookups to an ASOF JOIN against the rows that
// were the best when they became known.
//
// ASOF alone finds the row that became known last. That is not the latest one
// when an old row is corrected late, so only those rows stay whose event is as
// late as any of their key known by then. They are then reduced to one for each
// key and known-at time, so that the result is unique.
func (c *compiler) lookups() error {
	groups, err := c.lookupGroups()
	if err != nil {
		return err
	}
	for i, group := range groups {
		var values, greatest, outputs []string
		for j, value := range group.values {
			values = append(values, fmt.Sprintf("%s AS v%d", value, j))
			greatest = append(greatest, fmt.Sprintf("max(v%[1]d) AS v%[1]d", j))
			outputs = append(outputs, fmt.Sprintf("CASE WHEN s.e >= o.t - %s THEN s.v%d END AS v%d", group.lookup.Within.interval(), j, j))
		}
		partition := ""
		if len(group.by) > 0 {
			partition = "PARTITION BY " + strings.TrimSuffix(group.keys(), ", ")
		}
		table := fmt.Sprintf("%slookup_%d", ReservedPrefix, i)
		err := c.exec(fmt.Sprintf(`CREATE OR REPLACE TABLE %[1]s AS
WITH known AS (
  SELECT %[2]s%[3]s AS k, %[4]s AS e, %[5]s FROM %[6]s
), latest AS (
  SELECT *, max(e) OVER (%[7]s ORDER BY k) AS latest FROM known WHERE %[8]se IS NOT NULL AND k IS NOT NULL
), best AS (
  SELECT %[9]sk, e, %[10]s FROM latest WHERE e = latest GROUP BY %[9]sk, e
), o AS (
  SELECT %[11]s%[12]s, %[13]s AS t FROM %[14]s
)
SELECT o.%[12]s, %[15]s FROM o ASOF JOIN best s ON %[16]so.t >= s.k`,
			table, group.there(), group.known, colEvent, strings.Join(values, ", "),
			c.within(group.lookup.Source, group.known, group.lookup.Within),
			partition, group.present(), group.keys(), strings.Join(greatest, ", "),
			group.here(), colID, colDecided, ObservationsTable, strings.Join(outputs, ", "), group.equal()))
		if err != nil {
			return err
		}
		for j, name := range group.names {
			c.outputs[name] = fmt.Sprintf("j%d.v%d", len(c.joins), j)
		}
		c.joins = append(c.joins, table)
	}
	return nil
}

// within is a relation of the rows of a source that are within reach.
func (c *compiler) within(source, known string, reach Duration) string {
	return fmt.Sprintf("(SELECT * FROM %s WHERE %s)", sourceTable(source), c.reachable(known, reach))
}

func (c *compiler) lookupGroups() ([]*lookupGroup, error) {
	var groups []*lookupGroup
	for _, d := range c.plan.Definitions {
		if d.Lookup == nil {
			continue
		}
		m, known, err := c.meet(d)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(groups, func(g *lookupGroup) bool {
			return g.lookup.Source == d.Lookup.Source && slices.Equal(g.by, m.by) &&
				g.lookup.Within.Duration == d.Lookup.Within.Duration && g.known == known
		})
		if i < 0 {
			i = len(groups)
			groups = append(groups, &lookupGroup{match: m, lookup: *d.Lookup, known: known})
		}
		groups[i].names = append(groups[i].names, d.Name)
		groups[i].values = append(groups[i].values, embed(d.Lookup.Value)+"::"+d.sqlType())
	}
	return groups, nil
}

// meet tells how the rows of a definition's source meet observations, and from
// when they are known.
func (c *compiler) meet(d Definition) (match, string, error) {
	name, text, _ := d.draws()
	source, _ := c.plan.source(name)
	m := match{by: d.by()}
	used := m.columns()
	if text != "" {
		columns, err := c.columns(source, text)
		if err != nil {
			return m, "", err
		}
		used = append(used, columns...)
	}
	known, err := c.known(source, used)
	return m, known, err
}

// An aggregateGroup is the aggregates over the same rows with the same keys,
// whatever their windows: they share one pass.
type aggregateGroup struct {
	match
	source, known string
	windows       []Duration
	summands      []string
	totals        []total
}

// A total is the running total of one summand over one window, by index.
type total struct{ window, summand int }

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
func (c *compiler) aggregates() error {
	groups, err := c.aggregateGroups()
	if err != nil {
		return err
	}
	for i, g := range groups {
		var ends, values, running []string
		reach := g.windows[0]
		for w, window := range g.windows {
			ends = append(ends, fmt.Sprintf("%s + %s AS ends%d", colEvent, window.interval(), w))
			if window.Duration > reach.Duration {
				reach = window
			}
		}
		for j, summand := range g.summands {
			values = append(values, fmt.Sprintf("%s AS v%d", summand, j))
		}
		for k := range g.totals {
			running = append(running,
				fmt.Sprintf("sum(CASE WHEN c%[1]d IS NOT NULL THEN d END) OVER stream AS n%[1]d", k),
				fmt.Sprintf("sum(c%[1]d) OVER stream AS v%[1]d", k))
		}
		err := c.exec(fmt.Sprintf(`CREATE OR REPLACE TABLE %[1]s AS
WITH spans AS (
  SELECT %[2]sgreatest(%[3]s, %[4]s) AS starts, %[5]s, %[6]s FROM %[7]s WHERE %[3]s IS NOT NULL AND %[4]s IS NOT NULL
), changes AS (
  %[8]s
  UNION ALL SELECT %[9]s%[10]s AS t, %[11]s, NULL, %[12]s FROM %[13]s WHERE %[10]s IS NOT NULL
), running AS (
  SELECT %[11]s, %[16]s FROM changes WHERE %[14]strue
  WINDOW stream AS (ORDER BY %[15]st, %[11]s NULLS FIRST ROWS UNBOUNDED PRECEDING)
)
SELECT * FROM running WHERE %[11]s IS NOT NULL`,
			g.table(i), g.there(), colEvent, g.known, strings.Join(ends, ", "), strings.Join(values, ", "),
			c.within(g.source, g.known, reach), strings.Join(g.changes(), "\n  UNION ALL "),
			g.here(), colDecided, colID, strings.Join(g.nothing(-1, ""), ", "), ObservationsTable,
			g.present(), g.keys(), strings.Join(running, ", ")))
		if err != nil {
			return err
		}
	}
	return nil
}

func (g *aggregateGroup) table(i int) string { return fmt.Sprintf("%saggregate_%d", ReservedPrefix, i) }

// changes are queries for what rows add at the start of their spans, and take
// away at each of their ends: d is the change of the count.
func (g *aggregateGroup) changes() []string {
	var starts []string
	for k, total := range g.totals {
		starts = append(starts, fmt.Sprintf("CASE WHEN starts < ends%d THEN v%d END AS c%d", total.window, total.summand, k))
	}
	queries := []string{fmt.Sprintf("SELECT %sstarts AS t, NULL::BIGINT AS %s, 1 AS d, %s FROM spans", g.keys(), colID, strings.Join(starts, ", "))}
	for w := range g.windows {
		queries = append(queries, fmt.Sprintf("SELECT %sends%d, NULL, -1, %s FROM spans WHERE starts < ends%d",
			g.keys(), w, strings.Join(g.nothing(w, "-v%d"), ", "), w))
	}
	return queries
}

// nothing is NULL for every total but those over window w, which have the
// summand in the given form.
func (g *aggregateGroup) nothing(w int, form string) []string {
	cells := make([]string, len(g.totals))
	for k, total := range g.totals {
		cells[k] = "NULL"
		if total.window == w {
			cells[k] = fmt.Sprintf(form, total.summand)
		}
	}
	return cells
}

func (c *compiler) aggregateGroups() ([]*aggregateGroup, error) {
	var groups []*aggregateGroup
	for _, d := range c.plan.Definitions {
		if d.Aggregate == nil {
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
		g := groups[i]
		k := g.total(d.Aggregate)
		join := slices.Index(c.joins, g.table(i))
		c.outputs[d.Name] = d.Aggregate.output(fmt.Sprintf("j%d.n%d", join, k), fmt.Sprintf("j%d.v%d", join, k))
	}
	return groups, nil
}

// total is the index of an aggregate's running total, which it makes if need be.
func (g *aggregateGroup) total(a *Aggregate) int {
	summand := a.summand()
	t := total{
		window:  slices.IndexFunc(g.windows, func(w Duration) bool { return w.Duration == a.Window.Duration }),
		summand: slices.Index(g.summands, summand),
	}
	if t.window < 0 {
		t.window = len(g.windows)
		g.windows = append(g.windows, a.Window)
	}
	if t.summand < 0 {
		t.summand = len(g.summands)
		g.summands = append(g.summands, summand)
	}
	if k := slices.Index(g.totals, t); k >= 0 {
		return k
	}
	g.totals = append(g.totals, t)
	return len(g.totals) - 1
}

// summand is the SQL of what a row adds to the total.
func (a *Aggregate) summand() string {
	switch {
	case a.Function == "rate":
		return embed(a.Of) + "::BOOLEAN::INTEGER"
	case a.Function == "count" && a.Of == "":
		return "1"
	case a.Function == "count":
		return "CASE WHEN " + embed(a.Of) + " THEN 1 END"
	default:
		return embed(a.Of) + "::DECIMAL(38, 9)"
	}
}

// output is the SQL of the feature, from how many rows count and their total.
func (a *Aggregate) output(n, v string) string {
	switch a.Function {
	case "count":
		return "coalesce(" + n + ", 0)"
	case "sum":
		return "coalesce(" + v + ", 0)"
	default:
		return fmt.Sprintf("CASE WHEN %[1]s > 0 THEN %[2]s::DOUBLE / %[1]s::DOUBLE END", n, v)
	}
}
