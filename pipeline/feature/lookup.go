package feature

import "math"

// lookup adds a lookup to a pass.
func (p *pass) lookup(d Definition, feature int, column func(sql string, kind columnKind) int) {
	kind := numberColumn
	if d.Type == Categorical {
		kind = textColumn
	}
	p.lookups.outputs = append(p.lookups.outputs, lookupOutput{
		column: column(embed(d.Lookup.Value)+"::"+d.sqlType(), kind), text: kind == textColumn,
		within: d.Lookup.Within.Microseconds(), feature: feature,
	})
}

// lookups are the values of one row: of the rows that are known the latest by
// event, and of these the one known last. Where that is not one row, each value
// is the greatest.
type lookups struct {
	outputs []lookupOutput
	best    datedRow
	// numbers or texts of the best row.
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
	column  int
	text    bool
	within  int64
	feature int
}

func (l *lookups) begin() {
	l.best = datedRow{}
	if l.present == nil {
		l.numbers, l.texts, l.present = make([]float64, len(l.outputs)), make([]string, len(l.outputs)), make([]bool, len(l.outputs))
	}
}

func (l *lookups) enter(t *table, row int, _ int64) error {
	best := datedRow{t.events[row], t.known(row), true}
	// Rows enter in the order in which they become known.
	if l.best.found && best.event < l.best.event {
		return nil
	}
	tied := l.best == best
	l.best = best
	for o, output := range l.outputs {
		present := t.valid(output.column, row)
		if tied && !present {
			continue
		}
		if output.text {
			text := ""
			if present {
				text = t.columns[output.column].texts[row]
			}
			if !tied || !l.present[o] || text > l.texts[o] {
				l.texts[o] = text
			}
		} else if number := t.columns[output.column].numbers[row]; !tied || !l.present[o] || number > l.numbers[o] || math.IsNaN(number) {
			// NaN is greater than all, as it is for DuckDB.
			l.numbers[o] = number
		}
		l.present[o] = present
	}
	return nil
}

func (l *lookups) leave(*table, int, int) {}

func (l *lookups) read(into []*builder, i int, t int64) error {
	if !l.best.found {
		return nil
	}
	for o, output := range l.outputs {
		switch {
		case !l.present[o] || after(l.best.event, output.within) < t:
		case output.text:
			into[output.feature].text(i, l.texts[o])
		default:
			into[output.feature].set(i, l.numbers[o])
		}
	}
	return nil
}
