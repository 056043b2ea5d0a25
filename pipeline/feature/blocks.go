package feature

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// A block is rows that were read together, with their keys for each pass.
type block struct {
	table
	place int
	keys  [][]int32
}

// read reads the rows of a drawing that some pass has a use for. Decimals are read
// with 18 digits, at half the cost, unless one has no room in them.
func (c *compiler) read(d *drawing) ([]block, error) {
	d.narrow = true
	blocks, err := c.blocks(d)
	if err != nil && slices.ContainsFunc(d.columns, func(column drawnColumn) bool { return column.kind == decimalColumn }) {
		d.narrow = false
		blocks, err = c.blocks(d)
	}
	return blocks, err
}

func (c *compiler) blocks(d *drawing) (blocks []block, err error) {
	query, firsts := c.query(d)
	var lock sync.Mutex
	texts := interned{known: map[string]string{}}
	err = dataset.Stream(c.ctx, c.db, query, func(place int, chunk dataset.Chunk) {
		b := block{place: place}
		wanted := make([]bool, chunk.Rows)
		for i, p := range d.passes {
			keys := p.keys.numbers(chunk, firsts[i], false)
			for row, key := range keys {
				wanted[row] = wanted[row] || key != noKey
			}
			b.keys = append(b.keys, keys)
		}
		kept := make([]int32, 0, chunk.Rows)
		for row, wanted := range wanted {
			if wanted {
				kept = append(kept, int32(row))
			}
		}
		for i, keys := range b.keys {
			b.keys[i] = reordered(nil, keys, kept)
		}
		at := firsts[len(d.passes)]
		b.events = reordered(nil, chunk.Integers(at), kept)
		if !d.prompt {
			at++
			b.knowns = reordered(nil, chunk.Integers(at), kept)
		}
		for i, column := range d.columns {
			b.columns = append(b.columns, column.values(chunk, at+1+i, d.narrow, kept, &texts))
		}
		lock.Lock()
		defer lock.Unlock()
		blocks = append(blocks, b)
	})
	if err != nil {
		return nil, fmt.Errorf("build features: %w", err)
	}
	// Rows often are in order of time, and then stay so.
	slices.SortFunc(blocks, func(a, b block) int { return cmp.Compare(a.place, b.place) })
	return blocks, nil
}

// query is SQL for the rows of a drawing: the keys' columns of each pass, whose
// first ones it tells, the event time, the known-at time where that is another,
// and the drawing's own columns.
func (c *compiler) query(d *drawing) (query string, firsts []int) {
	var inner, outer []string
	var joins string
	for i, p := range d.passes {
		var names []string
		for j, name := range identify(p.match.columns()) {
			names = append(names, fmt.Sprintf("k%d_%d", i, j))
			inner = append(inner, name+" AS "+names[j])
		}
		columns, join := p.keys.read("s", fmt.Sprintf("t%d", i), names)
		firsts = append(firsts, len(outer))
		outer, joins = append(outer, columns...), joins+join
	}
	firsts = append(firsts, len(outer))
	inner, outer = append(inner, colEvent+" AS e", d.known+" AS k"), append(outer, "s.e")
	if !d.prompt {
		outer = append(outer, "s.k")
	}
	for i, column := range d.columns {
		inner, outer = append(inner, fmt.Sprintf("%s AS c%d", column.read(d.narrow), i)), append(outer, fmt.Sprintf("s.c%d", i))
	}
	return fmt.Sprintf("SELECT %s FROM (SELECT %s FROM %s WHERE %s) s%s WHERE s.e IS NOT NULL AND s.k IS NOT NULL",
		strings.Join(outer, ", "), strings.Join(inner, ", "), c.relations[d.source], c.reachable(d.known, d.reach), joins), firsts
}

// read is SQL for what is read of a row.
func (c drawnColumn) read(narrow bool) string {
	switch {
	case c.kind == decimalColumn && narrow:
		return c.sql + "::DECIMAL(18, 9)"
	case c.kind == decimalColumn:
		return c.sql + "::DECIMAL(38, 9)"
	}
	return c.sql
}

// values are some rows of a chunk's column.
func (c drawnColumn) values(chunk dataset.Chunk, column int, narrow bool, rows []int32, texts *interned) (v values) {
	switch {
	case c.kind == numberColumn:
		v.numbers = reordered(nil, chunk.Numbers(column), rows)
	case c.kind == textColumn:
		v.texts = reordered(nil, texts.all(chunk, column), rows)
	case c.kind == decimalColumn && !narrow:
		v.decimals = reordered(nil, chunk.Huges(column), rows)
	default:
		v.integers = reordered(nil, chunk.Integers(column), rows)
	}
	if valid := chunk.Validity(column); valid != nil {
		v.valid = make([]bool, len(rows))
		for i, row := range rows {
			v.valid[i] = valid.Valid(int(row))
		}
	}
	return v
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
