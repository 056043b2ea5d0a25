package feature

import (
	"runtime"
	"slices"
)

// A drawing is the rows of a source, with their times, that features are made
// from: all that go through the same rows in the same order.
type drawing struct {
	source, known string
	// early says that rows are seen from when they are known, be their event
	// later; else they are from when both have come.
	early bool
	// prompt says that each row is known at its event.
	prompt  bool
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

// draw works out the features that are made of other rows.
func (c *compiler) draw() error {
	for _, d := range c.drawings {
		blocks, err := c.read(d)
		if err != nil {
			return err
		}
		for i := range d.passes {
			if err := c.pass(d, i, blocks); err != nil {
				return err
			}
			// What a pass leaves is as large as what the next one takes.
			runtime.GC()
		}
	}
	return nil
}

// arrange arranges the features into as few readings and sweeps as there can be.
func (c *compiler) arrange() error {
	for _, d := range c.plan.Definitions {
		c.builders[d.Name] = newBuilder(d)
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
				return err
			}
			used = append(used, columns...)
		}
		known, err := c.known(source, used)
		if err != nil {
			return err
		}
		early := d.Lookup != nil
		i := slices.IndexFunc(c.drawings, func(o *drawing) bool { return o.source == name && o.known == known && o.early == early })
		if i < 0 {
			i = len(c.drawings)
			c.drawings = append(c.drawings, &drawing{source: name, known: known, early: early, prompt: known == colKnown && source.KnownAt == source.EventTime})
		}
		drawn := c.drawings[i]
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
		p := drawn.passes[j]
		feature := len(p.features)
		p.features = append(p.features, c.builders[d.Name])
		if early {
			p.lookup(d, feature, column)
		} else {
			p.aggregate(d, feature, column)
		}
	}
	return nil
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
