package feature

import (
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

// moment is when a row is seen.
func (d *drawing) moment(event, known int64) int64 {
	if d.early {
		return known
	}
	return max(event, known)
}

// condition is SQL for which rows of the source are drawn on.
func (d *drawing) condition(c *compiler) string {
	return fmt.Sprintf("%s IS NOT NULL AND %s IS NOT NULL AND %s", colEvent, d.known, c.reachable(d.known, d.reach))
}

// draw works out the features that are made of other rows.
func (c *compiler) draw() error {
	drawings, err := c.drawings()
	if err != nil {
		return err
	}
	var group errgroup.Group
	for _, k := range c.numbered {
		group.Go(func() error { return c.number(k) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, d := range drawings {
		if d.narrow, err = c.fits(d); err != nil {
			return err
		}
		for _, p := range d.passes {
			if err := c.pass(d, p); err != nil {
				return err
			}
			// What a pass leaves is as large as what the next one takes.
			runtime.GC()
		}
	}
	return c.dropSources()
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
		k, err := c.keys(m, name)
		if err != nil {
			return nil, err
		}
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
			drawn.passes = append(drawn.passes, &pass{match: m, keys: k})
		}
		column := func(sql string, kind columnKind) int {
			return index(&drawn.passes[j].columns, index(&drawn.columns, drawnColumn{sql, kind}))
		}
		p := drawn.passes[j]
		feature := len(p.features)
		p.features = append(p.features, c.builders[d.Name])
		if early {
			p.lookup(d, feature, column)
		} else {
			p.aggregate(d, feature, column)
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
