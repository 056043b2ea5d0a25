package feature

import "math"

// lookup adds a lookup to a pass.
func (p *pass) lookup(d Definition, into *builder, column func(sql string, kind columnKind) int) {
	kind := numberColumn
	if d.Type == Categorical {
		kind = textColumn
	}
	p.lookups.outputs = append(p.lookups.outputs, lookupOutput{
		column: column(embed(d.Lookup.Value)+"::"+d.sqlType(), kind), text: kind == textColumn,
		within: d.Lookup.Within.Microseconds(), into: into,
	})
}

// lookups are the values of one row for each key: of the rows that are known
// the latest by event, and of these the one known last. Where that is not one
// row, each value is the greatest.
type lookups struct {
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
	within int64
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
	best := l.best[key]
	if !best.found {
		return nil
	}
	for o, output := range l.outputs {
		at := int(key)*len(l.outputs) + o
		switch {
		case !l.present[at] || after(best.event, output.within) < t:
		case output.text:
			output.into.text(i, l.texts[at])
		default:
			output.into.number(i, l.numbers[at])
		}
	}
	return nil
}
