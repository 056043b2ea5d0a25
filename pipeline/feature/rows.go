package feature

import "github.com/linecook-ml/linecook/pipeline/dataset"

// A columnKind is what a column of rows is in Go.
type columnKind int

const (
	decimalColumn columnKind = iota // DECIMAL(38, 9), or DECIMAL(18, 9) where all have room
	numberColumn                    // DOUBLE
	integerColumn                   // BIGINT
	textColumn                      // VARCHAR
)

// A table is rows, column by column. Times are microseconds.
type table struct {
	events []int64
	// knowns are nil where each row is known at its event.
	knowns  []int64
	columns []values
}

func (t *table) known(row int) int64 {
	if t.knowns == nil {
		return t.events[row]
	}
	return t.knowns[row]
}

// values are a column; the slice of its kind is set.
type values struct {
	decimals []dataset.Huge
	numbers  []float64
	integers []int64 // of integers, and of decimals of 18 digits
	texts    []string
	// valid says which are not NULL; it is nil where all are.
	valid []bool
}

// valid says whether a row has a value in a column.
func (t *table) valid(column, row int) bool {
	valid := t.columns[column].valid
	return valid == nil || valid[row]
}

func (t *table) decimal(column, row int) int128 {
	c := &t.columns[column]
	if c.decimals == nil {
		v := c.integers[row]
		return int128{uint64(v), v >> 63}
	}
	v := c.decimals[row]
	return int128{v.Low, v.High}
}

// part is some rows that lie side by side.
func (t *table) part(from, to int) table {
	part := table{t.events[from:to], cut(t.knowns, from, to), make([]values, len(t.columns))}
	for i, v := range t.columns {
		part.columns[i] = values{cut(v.decimals, from, to), cut(v.numbers, from, to), cut(v.integers, from, to), cut(v.texts, from, to), cut(v.valid, from, to)}
	}
	return part
}

func cut[T any](values []T, from, to int) []T {
	if values == nil {
		return nil
	}
	return values[from:to]
}

// reorder makes t the rows of another table in some order. It keeps its room.
func (t *table) reorder(rows table, order []int32) {
	t.events, t.knowns = reordered(t.events, rows.events, order), reordered(t.knowns, rows.knowns, order)
	if t.columns == nil {
		t.columns = make([]values, len(rows.columns))
	}
	for i, v := range rows.columns {
		room := &t.columns[i]
		room.decimals, room.numbers, room.integers = reordered(room.decimals, v.decimals, order), reordered(room.numbers, v.numbers, order), reordered(room.integers, v.integers, order)
		room.texts, room.valid = reordered(room.texts, v.texts, order), reordered(room.valid, v.valid, order)
	}
}

func reordered[T any](room, values []T, order []int32) []T {
	if values == nil {
		return nil
	}
	room = sized(room, len(order))
	for i, from := range order {
		room[i] = values[from]
	}
	return room
}

// newTable has room for n rows with some of the columns of blocks.
func newTable(n int, columns []int, blocks []block) table {
	t := table{events: make([]int64, n), columns: make([]values, len(columns))}
	for _, b := range blocks {
		t.knowns = roomLike(t.knowns, b.knowns, n)
	}
	for i, column := range columns {
		v := &t.columns[i]
		for _, b := range blocks {
			from := b.columns[column]
			v.decimals, v.numbers, v.integers = roomLike(v.decimals, from.decimals, n), roomLike(v.numbers, from.numbers, n), roomLike(v.integers, from.integers, n)
			v.texts, v.valid = roomLike(v.texts, from.texts, n), roomLike(v.valid, from.valid, n)
		}
	}
	return t
}

// roomLike is room for n values, if there are any.
func roomLike[T any](room, values []T, n int) []T {
	if room == nil && values != nil {
		return make([]T, n)
	}
	return room
}

// put puts the rows of a block, and some of their columns, into their places.
// Those whose place is beyond the end have none.
func (t *table) put(rows table, columns []int, places []int32) {
	place(t.events, rows.events, places)
	place(t.knowns, rows.knowns, places)
	for i, column := range columns {
		v, from := &t.columns[i], rows.columns[column]
		place(v.decimals, from.decimals, places)
		place(v.numbers, from.numbers, places)
		place(v.integers, from.integers, places)
		place(v.texts, from.texts, places)
		if from.valid != nil {
			place(v.valid, from.valid, places)
			continue
		}
		for _, at := range places {
			if int(at) < len(v.valid) {
				v.valid[at] = true
			}
		}
	}
}

func place[T any](into, values []T, places []int32) {
	if values == nil {
		return
	}
	for i, at := range places {
		if int(at) < len(into) {
			into[at] = values[i]
		}
	}
}
