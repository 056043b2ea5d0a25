package feature

import (
	"cmp"
	"slices"
)

// extremes are minima or maxima of one column. They keep the rows that are, or
// may become, the extreme of a window: those of which no later row, by event, is
// as extreme. They lie in order of their events, the most extreme first, so that
// the extreme of a window is the first row in it, whatever the window.
type extremes struct {
	column  int
	greater bool
	// longest is the longest window; what has left it is of no more use.
	longest int64
	outputs []windowOutput
	kept    []dated
}

// A dated number is a row's number with its event time.
type dated struct {
	event int64
	value float64
}

// A windowOutput is a feature over one window.
type windowOutput struct {
	window  int64
	feature int
}

func (x *extremes) begin() { x.kept = x.kept[:0] }

func (x *extremes) enter(t *table, at int, _ int64) error {
	if !t.valid(x.column, at) {
		return nil
	}
	row := dated{t.events[at], t.columns[x.column].numbers[at]}
	kept := x.kept
	// The rows from here on are later, or as late.
	from, _ := slices.BinarySearchFunc(kept, row.event, func(k dated, event int64) int { return cmp.Compare(k.event, event) })
	if from < len(kept) && !x.more(row.value, kept[from].value) {
		return nil
	}
	// A row of the same event is less extreme, and so are some before it.
	to := from
	if to < len(kept) && kept[to].event == row.event {
		to++
	}
	for from > 0 && !x.more(kept[from-1].value, row.value) {
		from--
	}
	x.kept = slices.Replace(kept, from, to, row)
	return nil
}

func (x *extremes) more(a, b float64) bool { return a != b && (a > b) == x.greater }

func (x *extremes) leave(*table, int, int) {}

func (x *extremes) read(into []*builder, i int, t int64) error {
	kept := x.kept
	for len(kept) > 0 && after(kept[0].event, x.longest) <= t {
		kept = kept[1:]
	}
	x.kept = kept
	for _, output := range x.outputs {
		at, _ := slices.BinarySearchFunc(kept, t, func(k dated, t int64) int {
			if after(k.event, output.window) <= t {
				return -1
			}
			return 1
		})
		if at < len(kept) {
			into[output.feature].set(i, kept[at].value)
		}
	}
	return nil
}
