package feature

import (
	"fmt"
	"slices"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// totals are counts, sums and sums of squares over windows: what a row adds when
// it enters, it takes away when it leaves.
type totals struct {
	// windows are lengths in microseconds, and of each the totals over it.
	windows []int64
	of      [][]total
	outputs []totalOutput
	// width and squared are how many totals a key has, and how many of them are
	// squared; cells and squares hold them key by key, and by window, as rows
	// leave one window at a time.
	width, squared int
	cells          []cell
	squares        []uint256
}

// A total is of one column, or of nothing but the number of rows where that is
// negative. It has a place among its key's cells and, if it is squared, one
// among its squares.
type total struct {
	column        int
	squared       bool
	place, square int
}

type cell struct {
	count int64
	sum   int128
}

// A totalOutput is a feature that is made from a window's total, by its index.
type totalOutput struct {
	name, function string
	window, total  int
	place, square  int
	into           *builder
}

// want adds a feature, with the total that it is made from.
func (t *totals) want(d Definition, window, column int, into *builder) {
	for len(t.of) <= window {
		t.of = append(t.of, nil)
	}
	i := slices.IndexFunc(t.of[window], func(o total) bool { return o.column == column })
	if i < 0 {
		i = len(t.of[window])
		t.of[window] = append(t.of[window], total{column: column})
	}
	if d.Aggregate.Function == "stddev" {
		t.of[window][i].squared = true
	}
	t.outputs = append(t.outputs, totalOutput{name: d.Name, function: d.Aggregate.Function, window: window, total: i, into: into})
}

// arrange gives each total its place, over all windows.
func (t *totals) arrange(windows []int64) {
	t.windows = windows
	t.of = append(t.of, make([][]total, len(t.windows)-len(t.of))...)
	for _, list := range t.of {
		for i := range list {
			list[i].place = t.width
			t.width++
			if list[i].squared {
				list[i].square = t.squared
				t.squared++
			}
		}
	}
	for i := range t.outputs {
		output := &t.outputs[i]
		total := t.of[output.window][output.total]
		output.place, output.square = total.place, total.square
	}
}

func (t *totals) begin(keys int) {
	t.cells = make([]cell, keys*t.width)
	t.squares = make([]uint256, keys*t.squared)
}

func (t *totals) enter(r *rows) error {
	key := int(r.key())
	for w, list := range t.of {
		if r.time >= after(r.event(), t.windows[w]) {
			continue
		}
		for _, total := range list {
			cell := &t.cells[key*t.width+total.place]
			if total.column < 0 {
				cell.count++
				continue
			}
			if !r.valid(total.column) {
				continue
			}
			cell.count++
			v := r.decimal(total.column)
			fits := cell.sum.add(v)
			if total.squared {
				fits = t.squares[key*t.squared+total.square].add(v.square()) && fits
			}
			if !fits {
				return fmt.Errorf("%w: the numbers in a window are too large to be summed exactly", dataset.ErrData)
			}
		}
	}
	return nil
}

func (t *totals) leave(r *rows, window int) {
	key := int(r.key())
	for _, total := range t.of[window] {
		cell := &t.cells[key*t.width+total.place]
		if total.column < 0 {
			cell.count--
			continue
		}
		if !r.valid(total.column) {
			continue
		}
		cell.count--
		v := r.decimal(total.column)
		cell.sum.sub(v)
		if total.squared {
			t.squares[key*t.squared+total.square].sub(v.square())
		}
	}
}

func (t *totals) read(key int32, i int, _ int64) error {
	cells := t.cells[int(key)*t.width:][:t.width]
	for o := range t.outputs {
		output := &t.outputs[o]
		cell := &cells[output.place]
		switch output.function {
		case "count":
			output.into.number(i, float64(cell.count))
		case "sum":
			output.into.number(i, cell.sum.float64())
		case "stddev":
			if cell.count < 2 {
				continue
			}
			v, ok := deviation(cell.count, cell.sum, t.squares[int(key)*t.squared+output.square])
			if !ok {
				return fmt.Errorf("%w: feature %s: the numbers in a window are too large for an exact standard deviation", dataset.ErrData, output.name)
			}
			output.into.number(i, v)
		default: // mean, rate
			if cell.count > 0 {
				output.into.number(i, cell.sum.float64()/float64(cell.count))
			}
		}
	}
	return nil
}
