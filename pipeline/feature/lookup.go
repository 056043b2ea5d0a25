package feature

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// A lookupGroup is the lookups that ask for the same row.
type lookupGroup struct {
	drawing
	lookups lookups
}

// lookups works out each group of lookups in a sweep. A row is seen from when
// it is known, be its event later.
func (c *compiler) lookups() error {
	groups, err := c.lookupGroups()
	if err != nil {
		return err
	}
	for i, g := range groups {
		if err := c.sweepLookups(fmt.Sprintf("%slookup_%d", ReservedPrefix, i), g); err != nil {
			return err
		}
	}
	return nil
}

func (c *compiler) sweepLookups(table string, g *lookupGroup) (err error) {
	drawn, err := c.draw(table, g.drawing, "k")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drawn.close()) }()
	known, err := drawn.rows(table, func(_, known int64) int64 { return known })
	if err != nil {
		return err
	}
	s := sweep{entering: known, states: []state{&g.lookups}}
	return s.over(c.times, drawn.keys)
}

func (c *compiler) lookupGroups() ([]*lookupGroup, error) {
	var groups []*lookupGroup
	for _, d := range c.plan.Definitions {
		if d.Lookup == nil {
			continue
		}
		drawn, err := c.drawing(d)
		if err != nil {
			return nil, err
		}
		drawn.reach = d.Lookup.Within
		within := d.Lookup.Within.Microseconds()
		i := slices.IndexFunc(groups, func(g *lookupGroup) bool { return g.same(drawn) && g.lookups.within == within })
		if i < 0 {
			i = len(groups)
			groups = append(groups, &lookupGroup{drawing: drawn, lookups: lookups{within: within}})
		}
		g, kind := groups[i], numberColumn
		if d.Type == Categorical {
			kind = textColumn
		}
		column := g.column(embed(d.Lookup.Value)+"::"+d.sqlType(), kind)
		g.lookups.outputs = append(g.lookups.outputs, lookupOutput{column: column, text: kind == textColumn, into: c.builders[d.Name]})
	}
	return groups, nil
}

// lookups are the values of one row for each key: of the rows that are known
// the latest by event, and of these the one known last. Where that is not one
// row, each value is the greatest.
type lookups struct {
	within  int64
	outputs []lookupOutput
	best    []datedRow
	// numbers or texts of the best row, key by key.
	numbers []float64
	texts   []string
	present []bool
}

type datedRow struct {
	event, known int64
	found        bool
}

// A lookupOutput is a feature that is a column of the rows.
type lookupOutput struct {
	column int
	text   bool
	into   *builder
}

func (l *lookups) begin(keys int) {
	l.best = make([]datedRow, keys)
	l.numbers = make([]float64, keys*len(l.outputs))
	l.texts = make([]string, keys*len(l.outputs))
	l.present = make([]bool, keys*len(l.outputs))
}

func (l *lookups) enter(r *rows) error {
	key := r.key()
	best, row := &l.best[key], datedRow{r.event(), r.known(), true}
	// Rows enter in the order in which they become known.
	if best.found && row.event < best.event {
		return nil
	}
	tied := *best == row
	*best = row
	for o, output := range l.outputs {
		at := int(key)*len(l.outputs) + o
		present := r.valid(output.column)
		if tied && !present {
			continue
		}
		if output.text {
			text := ""
			if present {
				text = r.text(output.column)
			}
			if !tied || !l.present[at] || text > l.texts[at] {
				l.texts[at] = text
			}
		} else if number := r.number(output.column); !tied || !l.present[at] || number > l.numbers[at] || math.IsNaN(number) {
			// NaN is greater than all, as it is for DuckDB.
			l.numbers[at] = number
		}
		l.present[at] = present
	}
	return nil
}

func (l *lookups) leave(*rows, int) {}

func (l *lookups) read(key int32, i int, t int64) error {
	if best := l.best[key]; !best.found || after(best.event, l.within) < t {
		return nil
	}
	for o, output := range l.outputs {
		at := int(key)*len(l.outputs) + o
		switch {
		case !l.present[at]:
		case output.text:
			output.into.text(i, l.texts[at])
		default:
			output.into.number(i, l.numbers[at])
		}
	}
	return nil
}
