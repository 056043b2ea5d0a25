package feature

import (
	"fmt"
	"math"
	"slices"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// totals are counts, sums and sums of squares over windows. What counts for an
// observation is what has entered less what has left, so that each is one
// difference of two running totals.
type totals struct {
	of []total
	// entered and left are running totals in the orders in which rows enter and
	// leave. Where these are one order, so are they.
	entered, left running
}

// A total is of one column over one window, or of nothing but the number of rows
// where the column is negative.
type total struct {
	column, window int
	// squared says that squares are wanted.
	squared bool
	outputs []totalOutput
}

// A totalOutput is a feature that is made from a total.
type totalOutput struct {
	feature  int
	name     string
	function summary
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
func (t *totals) want(name string, function summary, column, window, feature int) {
	i := slices.IndexFunc(t.of, func(o total) bool { return o.column == column && o.window == window })
	if i < 0 {
		i = len(t.of)
		t.of = append(t.of, total{column: column, window: window})
	}
	o := &t.of[i]
	o.squared = o.squared || function == deviationOf
	o.outputs = append(o.outputs, totalOutput{feature, name, function})
}

// arrange puts the totals of a column side by side: they share running totals.
func (t *totals) arrange() {
	slices.SortStableFunc(t.of, func(a, b total) int { return a.column - b.column })
	for i := range t.of {
		for j := range t.of {
			if t.of[i].column == t.of[j].column {
				t.of[i].squared = t.of[i].squared || t.of[j].squared
			}
		}
	}
}

// makes says whether a feature is made from a total.
func (t *totals) makes(feature int) bool {
	return slices.ContainsFunc(t.of, func(o total) bool {
		return slices.ContainsFunc(o.outputs, func(output totalOutput) bool { return output.feature == feature })
	})
}

// over writes the features of all observations of a part, which lie from the
// first one on, in an order of which theirs in the sweep is a permutation.
func (t *totals) over(s *sweep, into []*builder, first int, order []int32) error {
	for i, o := range t.of {
		tardy := s.tardy[o.window]
		// The total before it has the same running totals, if no row is tardy for either.
		shared := i > 0 && t.of[i-1].column == o.column && tardy == nil && s.tardy[t.of[i-1].window] == nil
		left := &t.entered
		if s.byEvent != nil {
			left = &t.left
		}
		if !shared {
			t.entered.over(s.rows, nil, o, tardy)
			if s.byEvent != nil {
				t.left.over(s.rows, s.byEvent, o, tardy)
			}
		}
		for _, output := range o.outputs {
			if err := output.read(into[output.feature], first, order, &t.entered, left, s.seen, s.gone[o.window]); err != nil {
				return err
			}
		}
	}
	return nil
}

// A running total has, for each number of rows, what so many have together.
type running struct {
	// counts are nil where each row counts.
	counts  []int32
	sums    []int192
	squares []uint320
}

// over goes through rows in an order; nil is their own. Tardy ones do not count.
func (r *running) over(rows *table, order []int32, o total, tardy []bool) {
	n := len(rows.events)
	each := tardy == nil && (o.column < 0 || rows.columns[o.column].valid == nil)
	if r.counts = nil; !each {
		r.counts = make([]int32, n+1)
	}
	if o.column >= 0 {
		r.sums = sized(r.sums, n+1)
		r.sums[0] = int192{}
	}
	if o.squared {
		r.squares = sized(r.squares, n+1)
		r.squares[0] = uint320{}
	}
	var (
		count  int32
		sum    int192
		square uint320
	)
	for i := range n {
		row := i
		if order != nil {
			row = int(order[i])
		}
		if each || (tardy == nil || !tardy[row]) && (o.column < 0 || rows.valid(o.column, row)) {
			count++
			if o.column >= 0 {
				v := rows.decimal(o.column, row)
				sum.add(v)
				if o.squared {
					square.add(v.square())
				}
			}
		}
		if !each {
			r.counts[i+1] = count
		}
		if o.column >= 0 {
			r.sums[i+1] = sum
		}
		if o.squared {
			r.squares[i+1] = square
		}
	}
}

// count is how many of those that were seen and are not gone count.
func count(entered, left *running, seen, gone int32) int64 {
	if entered.counts == nil {
		return int64(seen - gone)
	}
	return int64(entered.counts[seen] - left.counts[gone])
}

// read writes the feature of all observations, which see so many rows of which
// so many are gone.
func (o totalOutput) read(into *builder, first int, order []int32, entered, left *running, seen, gone []int32) error {
	for i, at := range order {
		at, seen, gone := first+int(at), seen[i], gone[i]
		n := count(entered, left, seen, gone)
		if o.function == countOf {
			into.set(at, float64(n))
			continue
		}
		sum, fits := entered.sums[seen].minus(&left.sums[gone])
		if !fits {
			return fmt.Errorf("%w: feature %s: the numbers in a window are too large to be summed exactly", dataset.ErrData, o.name)
		}
		v := math.NaN()
		switch {
		case o.function == sumOf:
			v = sum.float64()
		case o.function == meanOf && n > 0:
			v = sum.float64() / float64(n)
		case o.function == deviationOf && n > 1:
			squares, fits := entered.squares[seen].minus(&left.squares[gone])
			if fits {
				v, fits = deviation(n, sum, squares)
			}
			if !fits {
				return fmt.Errorf("%w: feature %s: the numbers in a window are too large for an exact standard deviation", dataset.ErrData, o.name)
			}
		}
		into.set(at, v)
	}
	return nil
}
