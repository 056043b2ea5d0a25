package feature

import (
	"fmt"
	"slices"
	"strings"
)

// A lookupGroup is the lookups that ask for the same row, and so share a join.
type lookupGroup struct {
	lookup      Lookup
	known, ever string
	features    []string
	values      []string
}

// lookups compiles each group of lookups to an ASOF JOIN against the running
// best row.
//
// ASOF alone finds the row that became known last. That is not the latest one
// when an old row is corrected late, so each row first learns, among all rows
// of its key known by then, which has the latest event; ties go to the later
// known-at time and then to the greater values, so that the order is total.
func (c *compiler) lookups() error {
	groups, err := c.lookupGroups()
	if err != nil {
		return err
	}
	for i, group := range groups {
		equal, present, keys := on(group.lookup.By)
		var fields, outputs []string
		for j, value := range group.values {
			fields = append(fields, fmt.Sprintf("'v%d': %s", j, embed(value)))
			outputs = append(outputs, fmt.Sprintf("CASE WHEN s.b.e >= o.%s - %s THEN s.b.v%d END AS v%d",
				colDecided, group.lookup.Within.interval(), j, j))
		}
		table := fmt.Sprintf("%slookup_%d", ReservedPrefix, i)
		err := c.exec(fmt.Sprintf(`CREATE OR REPLACE TABLE %[1]s AS
WITH known AS (
  SELECT %[2]s%[3]s AS k, {'e': %[4]s, 'k': %[3]s, %[5]s} AS r FROM %[6]s
  WHERE %[7]s AND %[4]s IS NOT NULL%[8]s AND %[9]s
), best AS (
  SELECT %[2]sk, max(r) OVER (%[10]sORDER BY k) AS b FROM known
)
SELECT o.%[11]s, %[12]s FROM %[13]s o ASOF JOIN best s ON %[14]so.%[15]s >= s.k`,
			table, list(keys), group.known, colEvent, strings.Join(fields, ", "), sourceTable(group.lookup.Source),
			group.ever, present, reachable(group.known, group.lookup.Within), partitionBy(keys),
			colID, strings.Join(outputs, ", "), ObservationsTable, equal, colDecided))
		if err != nil {
			return err
		}
		for j, name := range group.features {
			c.outputs[name] = fmt.Sprintf("j%d.v%d", len(c.joins), j)
		}
		c.joins = append(c.joins, table)
	}
	return nil
}

func (c *compiler) lookupGroups() ([]*lookupGroup, error) {
	var groups []*lookupGroup
	for _, d := range c.plan.Definitions {
		if d.Lookup == nil {
			continue
		}
		source, _ := c.plan.source(d.Lookup.Source)
		value, err := c.parser.Parse(c.ctx, d.Lookup.Value)
		if err != nil {
			return nil, err
		}
		_, _, keys := on(d.Lookup.By)
		known, ever := source.known(append(value.Columns, keys...))
		i := slices.IndexFunc(groups, func(g *lookupGroup) bool {
			return g.lookup.Source == d.Lookup.Source && slices.Equal(g.lookup.By, d.Lookup.By) &&
				g.lookup.Within.Duration == d.Lookup.Within.Duration && g.known == known
		})
		if i < 0 {
			i = len(groups)
			groups = append(groups, &lookupGroup{lookup: *d.Lookup, known: known, ever: ever})
		}
		groups[i].features = append(groups[i].features, d.Name)
		groups[i].values = append(groups[i].values, d.Lookup.Value)
	}
	return groups, nil
}

// reachable leaves out rows that no observation at hand can see: events before
// the earliest decision's reach, and rows known after the last decision. It
// changes the cost of a query, never its result.
func reachable(known string, reach Duration) string {
	return fmt.Sprintf("%[1]s >= (SELECT min(%[2]s) FROM %[3]s) - %[4]s AND %[5]s <= (SELECT max(%[2]s) FROM %[3]s)",
		colEvent, colDecided, ObservationsTable, reach.interval(), known)
}

// aggregates compiles each aggregate to a running total of changes.
//
// A row counts at decision time t when event ≤ t, known ≤ t and event > t −
// window; that is, while t is in [max(event, known), event + window). So each
// row adds itself at the start of that span and takes itself away at its end,
// and the value at t is the running total of the last change at or before t.
// Totals are integers or DECIMALs, which are exact in any order; the cost is
// a sort, however wide the window.
func (c *compiler) aggregates() error {
	for i, d := range c.plan.Definitions {
		if d.Aggregate == nil {
			continue
		}
		a := d.Aggregate
		source, _ := c.plan.source(a.Source)
		var of Expression
		if a.Of != "" {
			var err error
			if of, err = c.parser.Parse(c.ctx, a.Of); err != nil {
				return err
			}
		}
		equal, present, keys := on(a.By)
		known, ever := source.known(append(of.Columns, keys...))
		table := fmt.Sprintf("%saggregate_%d", ReservedPrefix, i)
		err := c.exec(fmt.Sprintf(`CREATE OR REPLACE TABLE %[1]s AS
WITH spans AS (
  SELECT %[2]sgreatest(%[3]s, %[4]s) AS starts, %[3]s + %[5]s AS ends, %[6]s AS v FROM %[7]s
  WHERE %[8]s AND %[3]s IS NOT NULL%[9]s AND %[15]s
), changes AS (
  SELECT %[2]sstarts AS t, 1 AS n, v FROM spans WHERE v IS NOT NULL AND starts < ends
  UNION ALL
  SELECT %[2]sends, -1, -v FROM spans WHERE v IS NOT NULL AND starts < ends
), totals AS (
  SELECT %[2]st, sum(n) AS n, sum(v) AS v FROM changes GROUP BY %[2]st
), running AS (
  SELECT %[2]st, sum(n) OVER w AS n, sum(v) OVER w AS v FROM totals WINDOW w AS (%[12]sORDER BY t)
)
SELECT o.%[13]s, s.n, s.v FROM %[11]s o ASOF JOIN running s ON %[14]so.%[10]s >= s.t`,
			table, list(keys), colEvent, known, a.Window.interval(), a.summand(), sourceTable(source.Name),
			ever, present, colDecided, ObservationsTable, partitionBy(keys), colID, equal,
			reachable(known, a.Window)))
		if err != nil {
			return err
		}
		alias := fmt.Sprintf("j%d", len(c.joins))
		c.joins = append(c.joins, table)
		c.outputs[d.Name] = map[string]string{
			"count": fmt.Sprintf("coalesce(%s.n, 0)", alias),
			"sum":   fmt.Sprintf("coalesce(%s.v, 0)", alias),
			"rate":  fmt.Sprintf("CASE WHEN %[1]s.n > 0 THEN %[1]s.v::DOUBLE / %[1]s.n::DOUBLE END", alias),
			"mean":  fmt.Sprintf("CASE WHEN %[1]s.n > 0 THEN %[1]s.v::DOUBLE / %[1]s.n::DOUBLE END", alias),
		}[a.Function]
	}
	return nil
}

// summand is the SQL of what a row adds to the total.
func (a Aggregate) summand() string {
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
