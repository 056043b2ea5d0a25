package feature

import (
	"errors"
	"fmt"
	"slices"
)

// An aggregateGroup is the aggregates over the same rows with the same keys,
// whatever their functions and windows: they share a sweep.
type aggregateGroup struct {
	drawing
	windows  []int64
	totals   totals
	extremes []*extremes
	last     []*lastRows
	distinct []*distinctValues
}

// aggregates works out each group of aggregates in a sweep.
//
// A row counts at decision time t when event ≤ t, known ≤ t and event > t −
// window; that is, while t is in [max(event, known), event + window).
func (c *compiler) aggregates() error {
	groups, err := c.aggregateGroups()
	if err != nil {
		return err
	}
	for i, g := range groups {
		if err := c.sweepAggregates(fmt.Sprintf("%saggregate_%d", ReservedPrefix, i), g); err != nil {
			return err
		}
	}
	return nil
}

func (c *compiler) sweepAggregates(table string, g *aggregateGroup) (err error) {
	drawn, err := c.draw(table, g.drawing, "greatest(e, k)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drawn.close()) }()
	s := sweep{states: g.states()}
	if s.entering, err = drawn.rows(table, func(event, known int64) int64 { return max(event, known) }); err != nil {
		return err
	}
	if len(g.windows) > 0 {
		if table, err = drawn.byEvent(); err != nil {
			return err
		}
	}
	for _, window := range g.windows {
		leaving, err := drawn.rows(table, func(event, _ int64) int64 { return after(event, window) })
		if err != nil {
			return err
		}
		s.leaving = append(s.leaving, leaving)
	}
	return s.over(c.times, drawn.keys)
}

func (g *aggregateGroup) states() []state {
	var all []state
	if len(g.totals.outputs) > 0 {
		g.totals.windows = g.windows
		all = append(all, &g.totals)
	}
	for _, x := range g.extremes {
		all = append(all, x)
	}
	for _, l := range g.last {
		all = append(all, l)
	}
	for _, d := range g.distinct {
		all = append(all, d)
	}
	return all
}

func (c *compiler) aggregateGroups() ([]*aggregateGroup, error) {
	var groups []*aggregateGroup
	for _, d := range c.plan.Definitions {
		if d.Aggregate == nil {
			continue
		}
		drawn, err := c.drawing(d)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(groups, func(g *aggregateGroup) bool { return g.same(drawn) })
		if i < 0 {
			i = len(groups)
			groups = append(groups, &aggregateGroup{drawing: drawn})
		}
		groups[i].add(d, c.builders[d.Name])
	}
	return groups, nil
}

// add makes what a feature needs a part of the sweep.
func (g *aggregateGroup) add(d Definition, into *builder) {
	a := d.Aggregate
	length := a.Window.Microseconds()
	if a.Window.Duration > g.reach.Duration {
		g.reach = a.Window
	}
	decimal := func(sql string) int { return g.column(sql+"::DECIMAL(38, 9)", decimalColumn) }
	switch a.Function {
	case "min", "max":
		number := embed(a.Of) + "::DOUBLE"
		column := g.column(fmt.Sprintf("CASE WHEN NOT isnan(%[1]s) THEN %[1]s END", number), numberColumn)
		i := slices.IndexFunc(g.extremes, func(x *extremes) bool { return x.column == column && x.greater == (a.Function == "max") })
		if i < 0 {
			i = len(g.extremes)
			g.extremes = append(g.extremes, &extremes{column: column, greater: a.Function == "max"})
		}
		x := g.extremes[i]
		x.longest = max(x.longest, length)
		x.outputs = append(x.outputs, windowOutput{length, into})
		return
	case "last":
		column := decimal(embed(a.Of))
		i := slices.IndexFunc(g.last, func(l *lastRows) bool { return l.column == column && l.n == a.N })
		if i < 0 {
			i = len(g.last)
			g.last = append(g.last, &lastRows{column: column, n: a.N})
		}
		g.last[i].outputs = append(g.last[i].outputs, windowOutput{length, into})
		return
	}
	window := index(&g.windows, length)
	switch {
	case a.Function == "distinct":
		value := embed(a.Of)
		column := g.column(fmt.Sprintf("CASE WHEN %[1]s IS NOT NULL THEN dense_rank() OVER (ORDER BY %[1]s) END", value), integerColumn)
		g.distinct = append(g.distinct, &distinctValues{column: column, window: window, length: length, into: into})
	case a.Function == "rate":
		g.totals.want(d, window, decimal(embed(a.Of)+"::BOOLEAN::INTEGER"), into)
	case a.Function == "count" && a.Of == "":
		g.totals.want(d, window, -1, into)
	case a.Function == "count":
		g.totals.want(d, window, decimal("CASE WHEN "+embed(a.Of)+" THEN 1 END"), into)
	default:
		g.totals.want(d, window, decimal(embed(a.Of)), into)
	}
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
