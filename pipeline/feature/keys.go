package feature

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// A match is how the rows of a source meet observations: by equal keys, which
// are called k0, k1, ... in the queries below.
type match struct{ by []string }

// columns are the key's columns in the source, and observed those in the
// observations.
func (m match) columns() []string {
	var names []string
	for _, pair := range m.by {
		there, _ := key(pair)
		names = append(names, there)
	}
	return names
}

func (m match) observed() []string {
	var names []string
	for _, pair := range m.by {
		_, here := key(pair)
		names = append(names, here)
	}
	return names
}

// there and here are the same as SQL, each followed by a comma.
func (m match) there() string { return keyed(m.columns()) }
func (m match) here() string  { return keyed(m.observed()) }

func keyed(names []string) string {
	var all strings.Builder
	for i, name := range names {
		fmt.Fprintf(&all, "%s AS k%d, ", dataset.Identifier(name), i)
	}
	return all.String()
}

// present and equal are conditions, each followed by AND: NULL is no key.
func (m match) present() string { return m.each("k%[1]d IS NOT NULL AND ") }
func (m match) equal() string   { return m.each("o.k%[1]d = s.k%[1]d AND ") }

func (m match) each(condition string) string {
	var all strings.Builder
	for i := range m.by {
		fmt.Fprintf(&all, condition, i)
	}
	return all.String()
}

// keys are the observations' different keys, numbered in no order.
type keys struct {
	match
	// numbering has the keys, or else a table has them.
	numbering *numbering
	table     string
	count     int
	// of are the observations' keys. Where a part of the key is NULL they have
	// none, and where there is no decision.
	of   []int32
	lock sync.Mutex
	// passes is how many passes are still to come that need the keys.
	passes int
}

// integers are the types of DuckDB whose values are equal where they are as
// BIGINT.
var integers = []string{"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}

// keys are those that a match with the rows of a source needs. Keys of integers
// and of texts are numbered here. When values of other types are equal, only
// DuckDB knows.
func (c *compiler) keys(m match, source string) (*keys, error) {
	kinds, ok, err := c.kinds(m, source)
	if err != nil {
		return nil, err
	}
	k := &keys{match: m, table: fmt.Sprintf("%skeys_%d", ReservedPrefix, len(c.numbered))}
	if ok {
		k.numbering = newNumbering(kinds)
	}
	for _, o := range c.numbered {
		if slices.Equal(o.observed(), k.observed()) && (o.numbering != nil) == ok && (!ok || slices.Equal(o.numbering.kinds, kinds)) {
			return o, nil
		}
	}
	c.numbered = append(c.numbered, k)
	if ok {
		return k, c.spans(k)
	}
	return k, c.exec(fmt.Sprintf("CREATE OR REPLACE TABLE %s AS SELECT *, row_number() OVER () - 1 AS g FROM (SELECT DISTINCT %s FROM %s WHERE %s IS NOT NULL) WHERE %s true",
		k.table, strings.TrimSuffix(k.here(), ", "), observed, colDecided, k.present()))
}

// kinds are those of a match's columns, where all are integers or texts.
func (c *compiler) kinds(m match, source string) (kinds []columnKind, ok bool, err error) {
	if len(m.by) == 0 {
		return nil, true, nil
	}
	var columns []string
	for i, there := range m.columns() {
		columns = append(columns, "s."+dataset.Identifier(there), "o."+dataset.Identifier(m.observed()[i]))
	}
	types, err := columnTypes(c.ctx, c.db, columns, fmt.Sprintf("%s s, %s o", c.relations[source], observed))
	if err != nil {
		return nil, false, fmt.Errorf("number the keys: %w", err)
	}
	for pair := range slices.Chunk(types, 2) {
		switch {
		case slices.Contains(integers, pair[0]) && slices.Contains(integers, pair[1]):
			kinds = append(kinds, integerColumn)
		case pair[0] == "VARCHAR" && pair[1] == "VARCHAR":
			kinds = append(kinds, textColumn)
		default:
			return nil, false, nil
		}
	}
	return kinds, true, nil
}

// spans looks up how far the integers of a numbering's keys lie apart, of the
// observations that are decided: the others have no key, and numbers that follow
// from a distance must not reach beyond those that are counted.
func (c *compiler) spans(k *keys) error {
	for i, name := range k.observed() {
		if k.numbering.kinds[i] != integerColumn {
			continue
		}
		var least, greatest int64
		if err := c.db.QueryRowContext(c.ctx, fmt.Sprintf("SELECT coalesce(min(%[1]s), 0)::BIGINT, coalesce(max(%[1]s), 0)::BIGINT FROM %[2]s WHERE %[3]s IS NOT NULL",
			dataset.Identifier(name), observed, colDecided)).Scan(&least, &greatest); err != nil {
			return fmt.Errorf("number the keys: %w", err)
		}
		k.numbering.integers[i] = newIntegerNumbers(least, greatest, int(c.count))
	}
	return nil
}

// read is SQL for what a key is read from: columns of a relation or, by a join,
// its number in the table, which is called something here.
func (k *keys) read(relation, called string, names []string) (columns []string, join string) {
	if k.numbering == nil {
		var equal []string
		for i, name := range names {
			equal = append(equal, fmt.Sprintf("%s.%s = %s.k%d", relation, name, called, i))
		}
		return []string{called + ".g"}, fmt.Sprintf(" LEFT JOIN %s %s ON %s", k.table, called, strings.Join(equal, " AND "))
	}
	for i, name := range names {
		column := relation + "." + name
		if k.numbering.kinds[i] == integerColumn {
			column += "::BIGINT"
		}
		columns = append(columns, column)
	}
	return columns, ""
}

// add numbers the keys of a chunk's rows, side by side with others.
func (k *keys) add(chunk dataset.Chunk, first int) []int32 {
	if k.numbering != nil && k.numbering.grows() {
		k.lock.Lock()
		defer k.lock.Unlock()
	}
	return k.numbers(chunk, first, true)
}

// numbers are the keys of a chunk's rows, whose columns are from one on. A key
// that is not known is added, or is none.
func (k *keys) numbers(chunk dataset.Chunk, first int, add bool) []int32 {
	if k.numbering != nil {
		return k.numbering.number(chunk, first, add)
	}
	numbers, valid := make([]int32, chunk.Rows), chunk.Validity(first)
	for row, number := range chunk.Integers(first) {
		numbers[row] = noKey
		if valid.Valid(row) {
			numbers[row] = int32(number)
		}
	}
	return numbers
}

// decisions reads the observations' decision times and numbers their keys.
func (c *compiler) decisions() error {
	for _, d := range c.drawings {
		for _, p := range d.passes {
			var err error
			if p.keys, err = c.keys(p.match, d.source); err != nil {
				return err
			}
			p.keys.passes++
		}
	}
	columns, joins, firsts := []string{"o.rowid", "o." + colDecided}, "", make([]int, len(c.numbered))
	for i, k := range c.numbered {
		k.of = make([]int32, c.count)
		for i := range k.of[len(c.times):] {
			k.of[len(c.times)+i] = noKey // they have no decision
		}
		firsts[i] = len(columns)
		read, join := k.read("o", fmt.Sprintf("t%d", i), identify(k.observed()))
		columns, joins = append(columns, read...), joins+join
	}
	query := fmt.Sprintf("SELECT %s FROM %s o%s WHERE o.%s IS NOT NULL", strings.Join(columns, ", "), observed, joins, colDecided)
	err := c.stream(query, func(chunk dataset.Chunk) {
		rows := chunk.Integers(0)
		put(c.times, chunk.Integers(1), rows)
		for i, k := range c.numbered {
			put(k.of, k.add(chunk, firsts[i]), rows)
		}
	})
	for _, k := range c.numbered {
		k.count = 1
		for _, number := range k.of {
			k.count = max(k.count, int(number)+1)
		}
	}
	return err
}

// put puts values into rows.
func put[T any](into, values []T, rows []int64) {
	for i, row := range rows {
		into[row] = values[i]
	}
}
