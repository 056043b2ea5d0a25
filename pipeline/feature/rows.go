package feature

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// A columnKind is what a column of rows is in Go.
type columnKind int

const (
	decimalColumn columnKind = iota // DECIMAL(38, 9), or DECIMAL(18, 9) where all have room
	numberColumn                    // DOUBLE
	integerColumn                   // BIGINT
	textColumn                      // VARCHAR
	rankColumn                      // any type, whose different values are numbered
)

// A table is rows, column by column. Times are microseconds.
type table struct {
	events, knowns []int64
	columns        []values
}

// values are a column; the slice of its kind is set.
type values struct {
	decimals []dataset.Huge
	numbers  []float64
	integers []int64 // of integers, ranks, and decimals of 18 digits
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
	part := table{t.events[from:to], t.knowns[from:to], make([]values, len(t.columns))}
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

// sql is what is read of a row for a column.
func (c drawnColumn) read(narrow bool) string {
	switch {
	case c.kind == decimalColumn && narrow:
		return c.sql + "::DECIMAL(18, 9)"
	case c.kind == decimalColumn:
		return c.sql + "::DECIMAL(38, 9)"
	}
	return c.sql
}

// table reads the rows of a drawing that a pass has a use for, each into its
// place.
func (c *compiler) table(d *drawing, p *pass, places []int32, n int) (t table, err error) {
	t = table{make([]int64, n), make([]int64, n), make([]values, len(p.columns))}
	columns := []string{"rowid", colEvent, d.known}
	var read []int
	for i, column := range p.columns {
		drawn := d.columns[column]
		t.columns[i] = drawn.room(n, d.narrow)
		if drawn.kind == rankColumn {
			if err := c.rank(d, drawn, places, &t.columns[i]); err != nil {
				return t, err
			}
			continue
		}
		read = append(read, i)
		columns = append(columns, drawn.read(d.narrow))
	}
	missing, texts := make([]sync.Once, len(p.columns)), interned{known: map[string]string{}}
	err = c.scan(sourceTable(d.source), d.condition(c), func(chunk dataset.Chunk) {
		into := make([]int32, chunk.Rows)
		for row, id := range chunk.Integers(0) {
			into[row] = places[id]
		}
		place(t.events, chunk.Integers(1), into)
		place(t.knowns, chunk.Integers(2), into)
		for at, i := range read {
			v := &t.columns[i]
			v.place(chunk, 3+at, into, &texts)
			valid := chunk.Validity(3 + at)
			for row, to := range into {
				if valid.Valid(row) || int(to) >= n {
					continue
				}
				missing[i].Do(func() { v.valid = slices.Repeat([]bool{true}, n) })
				v.valid[to] = false
			}
		}
	}, columns...)
	return t, err
}

// room is a column of n rows, to be filled in.
func (c drawnColumn) room(n int, narrow bool) values {
	switch {
	case c.kind == numberColumn:
		return values{numbers: make([]float64, n)}
	case c.kind == textColumn:
		return values{texts: make([]string, n)}
	case c.kind == decimalColumn && !narrow:
		return values{decimals: make([]dataset.Huge, n)}
	}
	return values{integers: make([]int64, n)}
}

// rank numbers the different values of a column.
func (c *compiler) rank(d *drawing, column drawnColumn, places []int32, v *values) error {
	v.valid = make([]bool, len(v.integers))
	ranks := ReservedPrefix + "ranks"
	if err := c.exec(fmt.Sprintf("CREATE OR REPLACE TABLE %s AS SELECT rowid AS row, dense_rank() OVER (ORDER BY %s) AS rank FROM %s WHERE (%s\n) AND %s IS NOT NULL",
		ranks, column.sql, sourceTable(d.source), d.condition(c), column.sql)); err != nil {
		return err
	}
	err := c.scan(ranks, "", func(chunk dataset.Chunk) {
		numbers := chunk.Integers(1)
		for i, row := range chunk.Integers(0) {
			if at := int(places[row]); at < len(v.integers) {
				v.integers[at], v.valid[at] = numbers[i], true
			}
		}
	}, "row", "rank")
	if err != nil {
		return err
	}
	return c.exec("DROP TABLE " + ranks)
}

// place puts a chunk's values into their places.
func (v *values) place(chunk dataset.Chunk, column int, places []int32, texts *interned) {
	switch {
	case v.numbers != nil:
		place(v.numbers, chunk.Numbers(column), places)
	case v.texts != nil:
		place(v.texts, texts.all(chunk, column), places)
	case v.decimals != nil:
		place(v.decimals, chunk.Huges(column), places)
	default:
		place(v.integers, chunk.Integers(column), places)
	}
}

// place puts values into their places. Those beyond the end have none.
func place[T any](into, values []T, places []int32) {
	for i, at := range places {
		if int(at) < len(into) {
			into[at] = values[i]
		}
	}
}

// interned are texts that are kept once where they are equal.
type interned struct {
	lock  sync.Mutex
	known map[string]string
}

// all are the texts of a column.
func (t *interned) all(chunk dataset.Chunk, column int) []string {
	t.lock.Lock()
	defer t.lock.Unlock()
	texts, valid := make([]string, chunk.Rows), chunk.Validity(column)
	for row := range texts {
		if !valid.Valid(row) {
			continue
		}
		cell := &chunk.Texts(column)[row]
		text, ok := t.known[cell.View()]
		if !ok {
			text = strings.Clone(cell.View())
			t.known[text] = text
		}
		texts[row] = text
	}
	return texts
}
