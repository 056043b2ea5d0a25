package feature

import (
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
	// table is where the rows lie.
	table string
}

// A drawnColumn is SQL over a row, with what it is in Go.
type drawnColumn struct {
	sql  string
	kind columnKind
}

// moment is when a row is seen.
func (d *drawing) moment(event, known int64) int64 {
	if d.early {
		return known
	}
	return max(event, known)
}

// A pass is one sweep through the rows of a drawing, by one key.
type pass struct {
	match
	// key is the name of the key's number in the table.
	key     string
	numbers keys
	// columns are those of the drawing that are used, by index.
	columns  []int
	features []*builder
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
		d.table = fmt.Sprintf("%srows_%d", ReservedPrefix, i)
		group.Go(func() error { return c.lay(d) })
	}
	if err := errors.Join(group.Wait(), c.dropSources()); err != nil {
		return err
	}
	for _, d := range drawings {
		for _, p := range d.passes {
			if err := c.pass(d, p); err != nil {
				return err
			}
			// What a pass leaves is as large as what the next one takes.
			runtime.GC()
		}
		if err := c.exec("DROP TABLE " + d.table); err != nil {
			return err
		}
	}
	return nil
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
		drawn.passes[j].features = append(drawn.passes[j].features, c.builders[d.Name])
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

// lay makes the table of a drawing's rows, in order of the times from which they
// are seen. Rows that no pass has a use for are left out. The table's columns
// are the number of each pass's key, g0, g1, ...; the event time e; the known-at
// time k; and the columns c0, c1, ...
func (c *compiler) lay(d *drawing) (err error) {
	order := "greatest(s.e, s.k)"
	if d.early {
		order = "s.k"
	}
	var from, inner, outer, asked strings.Builder
	for i, p := range d.passes {
		p.key = fmt.Sprintf("g%d", i)
		if p.numbers, err = c.keys(p.match); err != nil {
			return err
		}
		inner.WriteString(p.list(func(j int, there, _ string) string { return fmt.Sprintf("%s AS k%d_%d, ", there, i, j) }))
		fmt.Fprintf(&outer, "coalesce(o%d.g, -1) AS %s, ", i, p.key)
		fmt.Fprintf(&from, " LEFT JOIN %s o%d ON %s true", p.numbers.table, i,
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
	return c.exec(fmt.Sprintf("CREATE OR REPLACE TABLE %s AS SELECT %s FROM (SELECT %s FROM %s WHERE %s) s%s WHERE s.e IS NOT NULL AND s.k IS NOT NULL AND (false%s) ORDER BY %s",
		d.table, outer.String(), inner.String(), sourceTable(d.source), c.reachable(d.known, d.reach), from.String(), asked.String(), order))
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

// pass reads a table and sweeps through its parts side by side. Its features are
// part by part until all are there.
func (c *compiler) pass(d *drawing, p *pass) error {
	columns := []string{p.key, "e", "k"}
	var kinds []columnKind
	for _, column := range p.columns {
		columns = append(columns, fmt.Sprintf("c%d", column))
		kinds = append(kinds, d.columns[column].kind)
	}
	all, parts, err := c.table(d.table, columns, kinds, d.narrow, p.numbers.count)
	if err != nil {
		return err
	}
	observed := &p.numbers.observations
	times, of := make([]int64, len(c.times)), make([]int32, len(c.times))
	for i, place := range observed.places {
		if key := observed.keys[i]; key >= 0 {
			times[place], of[place] = c.times[i], observed.within(key)
		}
	}
	for _, into := range p.features {
		into.begin(int(c.count))
	}
	p.totals.arrange(p.windows)
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for part, from := range observed.starts[:len(observed.starts)-1] {
		to := observed.starts[part+1]
		group.Go(func() error {
			if err := c.ctx.Err(); err != nil {
				return err
			}
			rows := all.part(parts.starts[part], parts.starts[part+1])
			s := sweep{entering: newRows(rows, nil, d.moment), states: p.states()}
			var byEvent []int32
			if len(p.windows) > 0 {
				byEvent = rows.byEvent()
			}
			for _, window := range p.windows {
				s.leaving = append(s.leaving, newRows(rows, byEvent, func(event, _ int64) int64 { return after(event, window) }))
			}
			return s.over(from, times[from:to], of[from:to], 1<<observed.power)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	all, times, of = table{}, nil, nil // room for the features' own order
	features := make(chan *builder, len(p.features))
	for _, into := range p.features {
		features <- into
	}
	close(features)
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			var r restorer
			for into := range features {
				r.restore(into, observed)
			}
			return nil
		})
	}
	return group.Wait()
}

// states are what the sweep of a part keeps.
func (p *pass) states() []state {
	var all []state
	if len(p.lookups.outputs) > 0 {
		own := p.lookups
		all = append(all, &own)
	}
	if len(p.totals.outputs) > 0 {
		own := p.totals
		all = append(all, &own)
	}
	for _, x := range p.extremes {
		own := *x
		all = append(all, &own)
	}
	for _, l := range p.last {
		own := *l
		all = append(all, &own)
	}
	for _, d := range p.distinct {
		own := *d
		all = append(all, &own)
	}
	return all
}
