package feature

import (
	"fmt"
	"slices"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// totals are counts, sums and sums of squares over windows: what a row adds when
// it enters, it takes away when it leaves.
type totals struct {
	of      []total
	outputs []totalOutput
	// squared is how many totals are squared; cells and squares hold the totals.
	squared int
	cells   []cell
	squares []uint256
	// byColumn and byWindow are the totals as rows enter and leave: those of one
	// column, and of one window, after another.
	byColumn, byWindow [][]total
}

// A total is of one column over one window, or of nothing but the number of rows
// where the column is negative. It has a place among the cells and, if it is
// squared, one among the squares.
type total struct {
	column, window int
	length         int64
	place          int
	squared        bool
	square         int
}

type cell struct {
	count int64
	sum   int128
}

// A totalOutput is a feature that is made from a total, by its index.
type totalOutput struct {
	total, feature int
	name           string
	function       summary
}

// A summary says what a feature tells of a total.
type summary int

const (
	countOf summary = iota
	sumOf
	meanOf
	deviationOf
)

// want adds a feature, with the total that it is made from.
func (t *totals) want(name string, function summary, column, window int, length int64, feature int) {
	i := slices.IndexFunc(t.of, func(o total) bool { return o.column == column && o.window == window })
	if i < 0 {
		i = len(t.of)
		t.of = append(t.of, total{column: column, window: window, length: length, place: i})
	}
	if function == deviationOf && !t.of[i].squared {
		t.of[i].squared, t.of[i].square = true, t.squared
		t.squared++
	}
	t.outputs = append(t.outputs, totalOutput{total: i, feature: feature, name: name, function: function})
}

// arrange sees to the order in which rows enter and leave so many windows.
func (t *totals) arrange(windows int) {
	t.byColumn, t.byWindow = nil, make([][]total, windows)
	columns := map[int]int{}
	for _, o := range t.of {
		i, ok := columns[o.column]
		if !ok {
			i = len(t.byColumn)
			columns[o.column] = i
			t.byColumn = append(t.byColumn, nil)
		}
		t.byColumn[i] = append(t.byColumn[i], o)
		t.byWindow[o.window] = append(t.byWindow[o.window], o)
	}
}

func (t *totals) begin() {
	t.cells = append(t.cells[:0], make([]cell, len(t.of))...)
	t.squares = append(t.squares[:0], make([]uint256, t.squared)...)
}

func (t *totals) enter(rows *table, row int, moment int64) error {
	event := rows.events[row]
	for _, list := range t.byColumn {
		var v int128
		if column := list[0].column; column >= 0 {
			if !rows.valid(column, row) {
				continue
			}
			v = rows.decimal(column, row)
		}
		for i := range list {
			o := &list[i]
			if moment != event && moment >= after(event, o.length) {
				continue
			}
			cell := &t.cells[o.place]
			cell.count++
			fits := cell.sum.add(v)
			if o.squared {
				fits = t.squares[o.square].add(v.square()) && fits
			}
			if !fits {
				return fmt.Errorf("%w: the numbers in a window are too large to be summed exactly", dataset.ErrData)
			}
		}
	}
	return nil
}

func (t *totals) leave(rows *table, row, window int) {
	list := t.byWindow[window]
	for i := range list {
		o := &list[i]
		cell := &t.cells[o.place]
		if o.column < 0 {
			cell.count--
			continue
		}
		if !rows.valid(o.column, row) {
			continue
		}
		v := rows.decimal(o.column, row)
		cell.count--
		cell.sum.sub(v)
		if o.squared {
			t.squares[o.square].sub(v.square())
		}
	}
}

func (t *totals) read(into []*builder, i int, _ int64) error {
	for o := range t.outputs {
		output := &t.outputs[o]
		cell, feature := &t.cells[output.total], into[output.feature]
		switch output.function {
		case countOf:
			feature.set(i, float64(cell.count))
		case sumOf:
			feature.set(i, cell.sum.float64())
		case meanOf:
			if cell.count > 0 {
				feature.set(i, cell.sum.float64()/float64(cell.count))
			}
		case deviationOf:
			if cell.count < 2 {
				continue
			}
			v, ok := deviation(cell.count, cell.sum, t.squares[t.of[output.total].square])
			if !ok {
				return fmt.Errorf("%w: feature %s: the numbers in a window are too large for an exact standard deviation", dataset.ErrData, output.name)
			}
			feature.set(i, v)
		}
	}
	return nil
}
