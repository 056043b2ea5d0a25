package feature

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// A columnKind is what a column of rows is in Go.
type columnKind int

const (
	decimalColumn columnKind = iota // DECIMAL(38, 9), or DECIMAL(18, 9) where all have room
	numberColumn                    // DOUBLE
	integerColumn                   // BIGINT
	textColumn                      // VARCHAR
)

// rows are rows in order of the times at which they are due, with the one at
// hand.
type rows struct {
	table
	// order is that of the rows, where it is not the table's own.
	order []int32
	// moment is when a row is due; time is that of the row at hand, and the end
	// of all time after the last one.
	moment func(event, known int64) int64
	time   int64
	// due is how many rows have been in hand, and at where the one at hand lies.
	due, at int
}

// A table is rows, column by column.
type table struct {
	keys           []int32
	events, knowns []int64
	columns        []values
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

// newRows takes the first row in hand.
func newRows(t table, order []int32, moment func(event, known int64) int64) *rows {
	r := &rows{table: t, order: order, moment: moment}
	r.next()
	return r
}

// next takes the next row in hand.
func (r *rows) next() {
	if r.due == len(r.events) {
		r.time = never
		return
	}
	r.at = r.due
	if r.order != nil {
		r.at = int(r.order[r.due])
	}
	r.due++
	r.time = r.moment(r.events[r.at], r.knowns[r.at])
}

func (r *rows) key() int64   { return int64(r.keys[r.at]) }
func (r *rows) event() int64 { return r.events[r.at] }
func (r *rows) known() int64 { return r.knowns[r.at] }

// valid says whether the row at hand has a value in a column.
func (r *rows) valid(column int) bool {
	valid := r.columns[column].valid
	return valid == nil || valid[r.at]
}

func (r *rows) decimal(column int) int128 {
	c := &r.columns[column]
	if c.decimals == nil {
		v := c.integers[r.at]
		return int128{uint64(v), v >> 63}
	}
	v := c.decimals[r.at]
	return int128{v.Low, v.High}
}

func (r *rows) number(column int) float64 { return r.columns[column].numbers[r.at] }

func (r *rows) integer(column int) int64 { return r.columns[column].integers[r.at] }

func (r *rows) text(column int) string { return r.columns[column].texts[r.at] }

// byEvent is the order of the rows' events; nil is the table's own.
func (t *table) byEvent() []int32 {
	if slices.IsSorted(t.events) {
		return nil
	}
	order := make([]int32, len(t.events))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(t.events[a], t.events[b]) })
	return order
}

// part is some rows that lie side by side.
func (t *table) part(from, to int) table {
	part := table{t.keys[from:to], t.events[from:to], t.knowns[from:to], slices.Clone(t.columns)}
	for i := range part.columns {
		part.columns[i].cut(from, to)
	}
	return part
}

func (v *values) cut(from, to int) {
	switch {
	case v.decimals != nil:
		v.decimals = v.decimals[from:to]
	case v.numbers != nil:
		v.numbers = v.numbers[from:to]
	case v.integers != nil:
		v.integers = v.integers[from:to]
	case v.texts != nil:
		v.texts = v.texts[from:to]
	}
	if v.valid != nil {
		v.valid = v.valid[from:to]
	}
}

// table reads rows, in the table's order in each part of their keys. The columns
// are the key's number, the event time, the known-at time and those of the given
// kinds, of which narrow decimals have 18 digits.
func (c *compiler) table(name string, columns []string, kinds []columnKind, narrow bool, count int) (t table, p partition, err error) {
	n, p, err := c.partition(name, columns[0], count)
	if err != nil {
		return t, p, err
	}
	t = table{keys: make([]int32, n), events: make([]int64, n), knowns: make([]int64, n), columns: make([]values, len(kinds))}
	var places []int
	next, texts := slices.Clone(p.starts), map[string]string{}
	err = c.each(name, func(chunk dataset.Chunk) {
		places = places[:0]
		for _, number := range chunk.Integers(0) {
			key := int32(number)
			part := p.part(key)
			places = append(places, next[part])
			t.keys[next[part]] = p.within(key)
			next[part]++
		}
		place(&t.events, chunk.Integers(1), places, n)
		place(&t.knowns, chunk.Integers(2), places, n)
		for i, kind := range kinds {
			t.columns[i].place(chunk, 3+i, kind, narrow, places, n, texts)
		}
	}, columns...)
	return t, p, err
}

// partition is that of a table's rows, of which there are n.
func (c *compiler) partition(table, key string, count int) (n int, p partition, err error) {
	p = newPartition(count)
	counts, err := c.db.QueryContext(c.ctx, fmt.Sprintf("SELECT CASE WHEN %[1]s < 0 THEN %[2]d ELSE %[1]s >> %[3]d END AS part, count(*) FROM %[4]s GROUP BY part",
		key, p.part(-1), p.power, table))
	if err != nil {
		return 0, p, fmt.Errorf("count rows by their keys: %w", err)
	}
	defer func() { err = errors.Join(err, counts.Close()) }()
	for counts.Next() {
		var part, rows int
		if err := counts.Scan(&part, &rows); err != nil {
			return 0, p, fmt.Errorf("count rows by their keys: %w", err)
		}
		p.starts[part] = rows
		n += rows
	}
	p.begin()
	return n, p, counts.Err()
}

// place puts a chunk's values into a column of n. Equal texts are kept once.
func (v *values) place(chunk dataset.Chunk, column int, kind columnKind, narrow bool, places []int, n int, known map[string]string) {
	valid := chunk.Validity(column)
	switch {
	case kind == numberColumn:
		place(&v.numbers, chunk.Numbers(column), places, n)
	case kind == textColumn:
		texts := make([]string, chunk.Rows)
		for row, text := range chunk.Texts(column) {
			if !valid.Valid(row) {
				continue
			}
			copied := text.String()
			if _, ok := known[copied]; !ok {
				known[copied] = copied
			}
			texts[row] = known[copied]
		}
		place(&v.texts, texts, places, n)
	case kind == decimalColumn && !narrow:
		place(&v.decimals, chunk.Huges(column), places, n)
	default:
		place(&v.integers, chunk.Integers(column), places, n)
	}
	for row, at := range places {
		if valid.Valid(row) {
			continue
		}
		if v.valid == nil {
			v.valid = slices.Repeat([]bool{true}, n)
		}
		v.valid[at] = false
	}
}

// place puts values into their places among n.
func place[T any](into *[]T, values []T, places []int, n int) {
	if *into == nil {
		*into = make([]T, n)
	}
	all := *into
	for i, at := range places {
		all[at] = values[i]
	}
}
