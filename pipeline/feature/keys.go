package feature

import (
	"errors"
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
	of []int32
}

// integers are the types of DuckDB whose values are equal where they are as
// BIGINT.
var integers = []string{"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}

// keys are those of a match with the rows of a source, not yet numbered. Keys of
// integers and of texts are numbered here. When values of other types are equal,
// only DuckDB knows.
func (c *compiler) keys(m match, source string) (*keys, error) {
	kinds, ok, err := c.kinds(m, source)
	if err != nil {
		return nil, err
	}
	name := m.here()
	if ok {
		name += fmt.Sprint(kinds)
	}
	if found, ok := c.numbered[name]; ok {
		return found, nil
	}
	k := &keys{match: m, table: fmt.Sprintf("%skeys_%d", ReservedPrefix, len(c.numbered))}
	if ok {
		k.numbering = newNumbering(kinds)
	}
	c.numbered[name] = k
	return k, nil
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
	types, err := columnTypes(c.ctx, c.db, columns, fmt.Sprintf("%s s, %s o", sourceTable(source), observed))
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

// number numbers the keys that observations have.
func (c *compiler) number(k *keys) (err error) {
	if k.numbering == nil {
		if err := c.exec(fmt.Sprintf("CREATE OR REPLACE TABLE %s AS SELECT *, row_number() OVER () - 1 AS g FROM (SELECT DISTINCT %s FROM %s) WHERE %s true",
			k.table, strings.TrimSuffix(k.here(), ", "), observed, k.present())); err != nil {
			return err
		}
		if err := c.db.QueryRowContext(c.ctx, "SELECT count(*) FROM "+k.table).Scan(&k.count); err != nil {
			return fmt.Errorf("number the keys: %w", err)
		}
	}
	if err := c.spans(k); err != nil {
		return err
	}
	if k.of, err = c.numbers(k, k.observed(), observed, "true", int(c.count), true); err != nil {
		return err
	}
	if k.numbering != nil {
		k.count = k.numbering.count()
	}
	for i := len(c.times); i < len(k.of); i++ {
		k.of[i] = noKey
	}
	return nil
}

// spans looks up how far the integers of a numbering's keys lie apart.
func (c *compiler) spans(k *keys) error {
	for i, name := range k.observed() {
		if k.numbering == nil || k.numbering.kinds[i] != integerColumn {
			continue
		}
		var least, greatest int64
		if err := c.db.QueryRowContext(c.ctx, fmt.Sprintf("SELECT coalesce(min(%[1]s), 0)::BIGINT, coalesce(max(%[1]s), 0)::BIGINT FROM %[2]s",
			dataset.Identifier(name), observed)).Scan(&least, &greatest); err != nil {
			return fmt.Errorf("number the keys: %w", err)
		}
		k.numbering.integers[i] = newIntegerNumbers(least, greatest, int(c.count))
	}
	return nil
}

// numbers are the keys, by their numbers, of a table's rows, of which there are
// so many. There is none where the observations have no such key, unless it is
// to be added, and where a row does not meet a condition.
func (c *compiler) numbers(k *keys, columns []string, table, condition string, count int, add bool) ([]int32, error) {
	numbers := slices.Repeat([]int32{noKey}, count)
	if k.numbering == nil {
		joined := k.table + "_joined"
		if err := c.exec(fmt.Sprintf("CREATE OR REPLACE TABLE %s AS SELECT row, g FROM (SELECT %srowid AS row FROM %s WHERE %s) s JOIN %s o ON %s true",
			joined, keyed(columns), table, condition, k.table, k.equal())); err != nil {
			return nil, err
		}
		err := c.scan(joined, "", func(chunk dataset.Chunk) {
			found := chunk.Integers(1)
			for i, row := range chunk.Integers(0) {
				numbers[row] = int32(found[i])
			}
		}, "row", "g")
		return numbers, errors.Join(err, c.exec("DROP TABLE "+joined))
	}
	values := []string{"rowid"}
	for i, name := range columns {
		value := dataset.Identifier(name)
		if k.numbering.kinds[i] == integerColumn {
			value += "::BIGINT"
		}
		values = append(values, value)
	}
	var lock sync.Mutex
	return numbers, c.scan(table, condition, func(chunk dataset.Chunk) {
		if add {
			lock.Lock()
			defer lock.Unlock()
		}
		found := k.numbering.number(chunk, 1, add)
		for i, row := range chunk.Integers(0) {
			numbers[row] = found[i]
		}
	}, values...)
}
