package feature

import (
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// A drawing is the rows of a source, with their times, that features are made
// from: all that go through the same rows in the same order.
type drawing struct {
	source, known string
	// early says that rows are seen from when they are known, be their event
	// later; else they are from when both have come.
	early   bool
	reach   Duration
	columns []drawnColumn
	// narrow says that decimals have 18 digits, not 38.
	narrow bool
	passes []*pass
}

// A drawnColumn is SQL over a row, with what it is in Go.
type drawnColumn struct {
	sql  string
	kind columnKind
}

// A pass is one sweep through the rows of a drawing, by one key.
type pass struct {
	match
	// columns are those of the drawing that are used, by index.
	columns  []int
	windows  []int64
	totals   totals
	extremes []*extremes
	last     []*lastRows
	distinct []*distinctValues
	lookups  lookups
}

// draw works out the features that are made of other rows.
func (c *compiler) draw() error {
	drawings, err := c.drawings()
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, d := range drawings {
		group.Go(func() error { return c.sweep(fmt.Sprintf("%srows_%d", ReservedPrefix, i), d) })
	}
	return group.Wait()
}

// drawings arranges the features into as few sorts and sweeps as there can be.
func (c *compiler) drawings() ([]*drawing, error) {
	var all []*drawing
	for _, d := range c.plan.Definitions {
		if d.Lookup == nil && d.Aggregate == nil {
			continue
		}
		name, text, reach := d.draws()
		source, _ := c.plan.source(name)
		m := match{by: d.by()}
		used := m.columns()
		if text != "" {
			columns, err := c.columns(source, text)
			if err != nil {
				return nil, err
			}
			used = append(used, columns...)
		}
		known, err := c.known(source, used)
		if err != nil {
			return nil, err
		}
		early := d.Lookup != nil
		i := slices.IndexFunc(all, func(o *drawing) bool { return o.source == name && o.known == known && o.early == early })
		if i < 0 {
			i = len(all)
			all = append(all, &drawing{source: name, known: known, early: early})
		}
		drawn := all[i]
		if reach.Duration > drawn.reach.Duration {
			drawn.reach = reach
		}
		j := slices.IndexFunc(drawn.passes, func(p *pass) bool { return slices.Equal(p.by, m.by) })
		if j < 0 {
			j = len(drawn.passes)
			drawn.passes = append(drawn.passes, &pass{match: m})
		}
		column := func(sql string, kind columnKind) int {
			return index(&drawn.passes[j].columns, index(&drawn.columns, drawnColumn{sql, kind}))
		}
		if early {
			drawn.passes[j].lookup(d, c.builders[d.Name], column)
		} else {
			drawn.passes[j].aggregate(d, c.builders[d.Name], column)
		}
	}
	return all, nil
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

// sweep makes a table of the rows of a drawing, in order of the times from
// which they are seen, and goes through it with all passes side by side. Rows
// that no pass has a use for are left out. The table's columns are the number
// of each pass's key, g0, g1, ...; the event time e; the known-at time k; and
// the columns c0, c1, ...
func (c *compiler) sweep(table string, d *drawing) (err error) {
	byEvent := table + "_by_event"
	defer func() {
		err = errors.Join(err, c.exec("DROP TABLE IF EXISTS "+table, "DROP TABLE IF EXISTS "+byEvent))
	}()
	order, moment := "greatest(s.e, s.k)", func(event, known int64) int64 { return max(event, known) }
	if d.early {
		order, moment = "s.k", func(_, known int64) int64 { return known }
	}
	numbers := make([]keys, len(d.passes))
	var from, inner, outer, asked strings.Builder
	for i, p := range d.passes {
		if numbers[i], err = c.keys(p.match); err != nil {
			return err
		}
		inner.WriteString(p.list(func(j int, there, _ string) string { return fmt.Sprintf("%s AS k%d_%d, ", there, i, j) }))
		fmt.Fprintf(&outer, "coalesce(o%d.g, -1) AS g%d, ", i, i)
		fmt.Fprintf(&from, " LEFT JOIN %s o%d ON %s true", numbers[i].table, i,
			p.list(func(j int, _, _ string) string { return fmt.Sprintf("o%d.k%d = s.k%d_%d AND ", i, j, i, j) }))
		fmt.Fprintf(&asked, " OR o%d.g IS NOT NULL", i)
	}
	outer.WriteString("s.e, s.k")
	fmt.Fprintf(&inner, "%s AS e, %s AS k", colEvent, d.known)
	if d.narrow, err = c.fits(d); err != nil {
		return err
	}
	for i, column := range d.columns {
		fmt.Fprintf(&outer, ", s.c%d", i)
		text := column.sql
		switch {
		case column.kind == decimalColumn && d.narrow:
			text += "::DECIMAL(18, 9)"
		case column.kind == decimalColumn:
			text += "::DECIMAL(38, 9)"
		}
		fmt.Fprintf(&inner, ", %s AS c%d", text, i)
	}
	if err := c.exec(fmt.Sprintf("CREATE OR REPLACE TABLE %s AS SELECT %s FROM (SELECT %s FROM %s WHERE %s) s%s WHERE s.e IS NOT NULL AND s.k IS NOT NULL AND (false%s) ORDER BY %s",
		table, outer.String(), inner.String(), sourceTable(d.source), c.reachable(d.known, d.reach), from.String(), asked.String(), order)); err != nil {
		return err
	}
	late, err := c.late(table)
	if err != nil {
		return err
	}
	if !late {
		byEvent = table
	} else if slices.ContainsFunc(d.passes, func(p *pass) bool { return len(p.windows) > 0 }) {
		if err := c.exec(fmt.Sprintf("CREATE OR REPLACE TABLE %s AS SELECT * FROM %s ORDER BY e", byEvent, table)); err != nil {
			return err
		}
	}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range d.passes {
		group.Go(func() error { return c.pass(d, i, numbers[i], table, byEvent, moment) })
	}
	return group.Wait()
}

// late says whether some row is known after its event.
func (c *compiler) late(table string) (bool, error) {
	var row int
	err := c.db.QueryRowContext(c.ctx, fmt.Sprintf("SELECT 1 FROM %s WHERE k > e LIMIT 1", table)).Scan(&row)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for late rows: %w", err)
	}
	return true, nil
}

// fits says whether all decimals of a drawing have room in 18 digits, nine of
// them before the point. They are then read and kept at half the cost.
func (c *compiler) fits(d *drawing) (bool, error) {
	var conditions []string
	for _, column := range d.columns {
		if column.kind == decimalColumn {
			conditions = append(conditions, fmt.Sprintf("coalesce(max(abs(%s::DOUBLE)) < 999999999, true)", column.sql))
		}
	}
	if len(conditions) == 0 {
		return true, nil
	}
	var fits bool
	err := c.db.QueryRowContext(c.ctx, fmt.Sprintf("SELECT %s FROM %s WHERE %s",
		strings.Join(conditions, " AND "), sourceTable(d.source), c.reachable(d.known, d.reach))).Scan(&fits)
	if err != nil {
		return false, fmt.Errorf("build features: %w", err)
	}
	return fits, nil
}

// pass sweeps through a table, and through its rows in order of their events.
func (c *compiler) pass(d *drawing, i int, numbers keys, table, byEvent string, moment func(event, known int64) int64) (err error) {
	p := d.passes[i]
	columns := []string{fmt.Sprintf("g%d", i), "e", "k"}
	var kinds []columnKind
	for _, column := range p.columns {
		columns = append(columns, fmt.Sprintf("c%d", column))
		kinds = append(kinds, d.columns[column].kind)
	}
	var s sweep
	defer func() { err = errors.Join(err, s.close()) }()
	if s.entering, err = readRows(c.ctx, c.db, table, columns, kinds, d.narrow, moment); err != nil {
		return err
	}
	for _, window := range p.windows {
		leaving, err := readRows(c.ctx, c.db, byEvent, columns, kinds, d.narrow, func(event, _ int64) int64 { return after(event, window) })
		if err != nil {
			return err
		}
		s.leaving = append(s.leaving, leaving)
	}
	s.states = p.states()
	return s.over(c.times, numbers)
}

// states are what the pass keeps.
func (p *pass) states() []state {
	var all []state
	if len(p.lookups.outputs) > 0 {
		all = append(all, &p.lookups)
	}
	if len(p.totals.outputs) > 0 {
		p.totals.windows = p.windows
		all = append(all, &p.totals)
	}
	for _, x := range p.extremes {
		all = append(all, x)
	}
	for _, l := range p.last {
		all = append(all, l)
	}
	for _, d := range p.distinct {
		all = append(all, d)
	}
	return all
}
