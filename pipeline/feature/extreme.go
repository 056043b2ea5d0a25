package feature

import (
	"fmt"
	"slices"
	"strings"
)

// extreme tells the aggregates that cannot be taken back from a running total.
func (a *Aggregate) extreme() bool { return a.Function == "min" || a.Function == "max" }

// An extremeGroup is the minima and maxima over the same rows with the same
// keys and window.
type extremeGroup struct {
	match
	source, known string
	window        Duration
	// numbers are the SQL of what is compared, and functions how.
	numbers, functions []string
}

// extremes compiles each group of minima and maxima to a segment tree.
//
// The observations' distinct keys and decision times are numbered in their
// order. A row counts for the numbers from the first decision at or after the
// start of its span to the last one before its end, which two ASOF JOINs find.
// Such a range is cut into nodes of a binary tree, at most two for each level,
// where node i of level h covers the numbers from i·2ʰ to (i+1)·2ʰ − 1. An
// observation then looks at the one node of each level that covers it. With m
// rows and n observations the cost is that of (m + n)·log n rows, however many
// lie in the windows.
func (c *compiler) extremes() error {
	groups, err := c.extremeGroups()
	if err != nil {
		return err
	}
	for i, g := range groups {
		var values, narrowed []string
		for j, number := range g.numbers {
			values = append(values, fmt.Sprintf("%s AS v%d", number, j))
			narrowed = append(narrowed, fmt.Sprintf("%s(v%[2]d) AS v%[2]d", g.functions[j], j))
		}
		extremes := strings.Join(narrowed, ", ")
		err := c.exec(fmt.Sprintf(`CREATE OR REPLACE TABLE %[1]s AS
WITH asking AS (
  SELECT %[2]s%[3]s AS t, %[4]s FROM %[5]s WHERE %[3]s IS NOT NULL
), numbered AS (
  SELECT *, dense_rank() OVER (ORDER BY %[6]st) - 1 AS p FROM asking WHERE %[7]strue
), o AS (
  SELECT DISTINCT %[6]st, p FROM numbered
), known AS (
  SELECT %[8]s%[9]s AS e, %[10]s AS k, %[11]s FROM %[12]s
), s AS (
  SELECT *, greatest(e, k) AS starts, e + %[13]s AS ends FROM known WHERE %[7]se IS NOT NULL AND k IS NOT NULL
), since AS (
  SELECT s.*, o.p AS first FROM s ASOF JOIN o ON %[14]ss.starts <= o.t WHERE s.starts < s.ends
), ranges AS (
  SELECT s.first, o.p AS last, %[15]s FROM since s ASOF JOIN o ON %[14]ss.ends > o.t WHERE s.first <= o.p GROUP BY ALL
), levels AS (
  SELECT *, unnest(range(0, 2 + floor(log2(last - first + 1))::BIGINT)) AS h FROM ranges
), cut AS (
  SELECT *, (first + (1::BIGINT << h) - 1) >> h AS a, ((last + 1) >> h) - 1 AS z FROM levels
), ends AS (
  SELECT *, unnest([CASE WHEN a %% 2 = 1 THEN a END, CASE WHEN z %% 2 = 0 THEN z END]) AS node FROM cut WHERE a <= z
), nodes AS (
  SELECT h, node, %[15]s FROM ends WHERE node IS NOT NULL GROUP BY h, node
), paths AS (
  SELECT p, unnest(range(0, (SELECT max(h) + 1 FROM nodes))) AS h FROM o
), best AS (
  SELECT p, %[15]s FROM paths JOIN nodes ON nodes.h = paths.h AND nodes.node = paths.p >> paths.h GROUP BY p
)
SELECT numbered.%[4]s, best.* EXCLUDE (p) FROM numbered JOIN best ON best.p = numbered.p`,
			g.table(i), g.here(), colDecided, colID, ObservationsTable, g.keys(), g.present(),
			g.there(), colEvent, g.known, strings.Join(values, ", "), c.within(g.source, g.known, g.window),
			g.window.interval(), g.equal(), extremes))
		if err != nil {
			return err
		}
	}
	return nil
}

func (g *extremeGroup) table(i int) string { return fmt.Sprintf("%sextreme_%d", ReservedPrefix, i) }

func (c *compiler) extremeGroups() ([]*extremeGroup, error) {
	var groups []*extremeGroup
	for _, d := range c.plan.Definitions {
		if d.Aggregate == nil || !d.Aggregate.extreme() {
			continue
		}
		m, known, err := c.meet(d)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(groups, func(g *extremeGroup) bool {
			return g.source == d.Aggregate.Source && slices.Equal(g.by, m.by) && g.known == known && g.window.Duration == d.Aggregate.Window.Duration
		})
		if i < 0 {
			i = len(groups)
			groups = append(groups, &extremeGroup{match: m, source: d.Aggregate.Source, known: known, window: d.Aggregate.Window})
			c.joins = append(c.joins, groups[i].table(i))
		}
		g := groups[i]
		c.outputs[d.Name] = fmt.Sprintf("j%d.v%d", slices.Index(c.joins, g.table(i)), len(g.numbers))
		number := embed(d.Aggregate.Of) + "::DOUBLE"
		g.numbers = append(g.numbers, fmt.Sprintf("CASE WHEN NOT isnan(%[1]s) THEN %[1]s END", number))
		g.functions = append(g.functions, d.Aggregate.Function)
	}
	return groups, nil
}
