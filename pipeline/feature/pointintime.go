package feature

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// A match is how the rows of a source meet observations: by equal keys, which
// are called k0, k1, ... in the queries below.
type match struct{ by []string }

// there and here are the key's columns in the source and in the observations,
// each followed by a comma.
func (m match) there() string {
	return m.list(func(i int, there, _ string) string { return fmt.Sprintf("%s AS k%d, ", there, i) })
}

func (m match) here() string {
	return m.list(func(i int, _, here string) string { return fmt.Sprintf("%s AS k%d, ", here, i) })
}

// present and equal are conditions, each followed by AND: NULL is no key.
func (m match) present() string {
	return m.list(func(i int, _, _ string) string { return fmt.Sprintf("k%d IS NOT NULL AND ", i) })
}

func (m match) equal() string {
	return m.list(func(i int, _, _ string) string { return fmt.Sprintf("o.k%d = s.k%d AND ", i, i) })
}

func (m match) list(item func(i int, there, here string) string) string {
	var all strings.Builder
	for i, pair := range m.by {
		there, here := key(pair)
		all.WriteString(item(i, dataset.Identifier(there), dataset.Identifier(here)))
	}
	return all.String()
}

// columns are the key's columns in the source.
func (m match) columns() []string {
	var names []string
	for _, pair := range m.by {
		there, _ := key(pair)
		names = append(names, there)
	}
	return names
}

// A drawing says which rows a sweep goes through: those of a source, by which
// keys, from when they are known, how far back, and with which columns.
type drawing struct {
	match
	source, known string
	reach         Duration
	columns       []string
	kinds         []columnKind
}

// drawing is the rows that a feature is made from, without columns and reach.
func (c *compiler) drawing(d Definition) (drawing, error) {
	name, text, _ := d.draws()
	source, _ := c.plan.source(name)
	drawn := drawing{match: match{by: d.by()}, source: name}
	used := drawn.match.columns()
	if text != "" {
		columns, err := c.columns(source, text)
		if err != nil {
			return drawn, err
		}
		used = append(used, columns...)
	}
	var err error
	drawn.known, err = c.known(source, used)
	return drawn, err
}

func (d *drawing) same(o drawing) bool {
	return d.source == o.source && d.known == o.known && slices.Equal(d.by, o.by)
}

// column is the index of a column, given as SQL over a row, which it adds if
// need be.
func (d *drawing) column(sql string, kind columnKind) int {
	i := index(&d.columns, sql)
	if i == len(d.kinds) {
		d.kinds = append(d.kinds, kind)
	}
	return i
}

// keys are the observations' different keys, numbered in no order.
type keys struct {
	table string
	count int
	// of is the number of each observation's key, by the observation's
	// identifier less one; it is negative where a part of the key is NULL.
	of []int32
}

// keys numbers the keys that observations have.
func (c *compiler) keys(m match) (keys, error) {
	if found, ok := c.numbered[m.here()]; ok {
		return found, nil
	}
	k := keys{table: fmt.Sprintf("%skeys_%d", ReservedPrefix, len(c.numbered)), count: 1, of: make([]int32, c.count)}
	if len(m.by) == 0 {
		c.numbered[m.here()] = k
		return k, c.exec(fmt.Sprintf("CREATE OR REPLACE TABLE %s AS SELECT 0::BIGINT AS g", k.table))
	}
	asked := ReservedPrefix + "asked"
	if err := c.exec(
		fmt.Sprintf("CREATE OR REPLACE TABLE %s AS SELECT *, row_number() OVER () - 1 AS g FROM (SELECT DISTINCT %s FROM %s) WHERE %s true",
			k.table, strings.TrimSuffix(m.here(), ", "), ObservationsTable, m.present()),
		fmt.Sprintf("CREATE OR REPLACE TABLE %s AS SELECT s.id, o.g FROM (SELECT %s AS id, %s FROM %s) s JOIN %s o ON %s true",
			asked, colID, strings.TrimSuffix(m.here(), ", "), ObservationsTable, k.table, m.equal()),
	); err != nil {
		return k, err
	}
	if err := c.db.QueryRowContext(c.ctx, "SELECT count(*) FROM "+k.table).Scan(&k.count); err != nil {
		return k, fmt.Errorf("number the keys: %w", err)
	}
	for i := range k.of {
		k.of[i] = -1
	}
	err := c.each(asked, func(chunk dataset.Chunk) {
		numbers := chunk.Integers(1)
		for row, id := range chunk.Integers(0) {
			k.of[id-1] = int32(numbers[row])
		}
	}, "*")
	c.numbered[m.here()] = k
	return k, errors.Join(err, c.exec("DROP TABLE "+asked))
}

// drawn are tables of the rows of a drawing: the number of the key, called g,
// the event time e, the known-at time k, and the columns.
type drawn struct {
	drawing
	keys
	c      *compiler
	tables []string
	read   []*rows
}

// draw makes a table of the rows of a drawing that have a key that observations
// have, and times; order is SQL over e and k.
func (c *compiler) draw(table string, d drawing, order string) (*drawn, error) {
	k, err := c.keys(d.match)
	if err != nil {
		return nil, err
	}
	var inner, outer strings.Builder
	for i, column := range d.columns {
		fmt.Fprintf(&inner, ", %s AS c%d", column, i)
		fmt.Fprintf(&outer, ", c%d", i)
	}
	return &drawn{drawing: d, keys: k, c: c, tables: []string{table}}, c.exec(fmt.Sprintf(`CREATE OR REPLACE TABLE %s AS
SELECT o.g, s.e, s.k%s
FROM (SELECT %s%s AS e, %s AS k%s FROM %s WHERE %s) s JOIN %s o ON %s true
WHERE s.e IS NOT NULL AND s.k IS NOT NULL ORDER BY %s`,
		table, outer.String(), d.there(), colEvent, d.known, inner.String(), sourceTable(d.source), c.reachable(d.known, d.reach),
		k.table, d.equal(), order))
}

// rows are the rows of a table of these, due at their moments.
func (d *drawn) rows(table string, moment func(event, known int64) int64) (*rows, error) {
	r, err := readRows(d.c.ctx, d.c.db, table, d.kinds, moment)
	if err == nil {
		d.read = append(d.read, r)
	}
	return r, err
}

// byEvent is a table of the rows in order of their events. Where all are known
// by their event, that is the one there is.
func (d *drawn) byEvent() (string, error) {
	table := d.tables[0]
	var late int64
	if err := d.c.db.QueryRowContext(d.c.ctx, fmt.Sprintf("SELECT count(*) FROM %s WHERE k > e", table)).Scan(&late); err != nil {
		return "", fmt.Errorf("count the late rows: %w", err)
	}
	if late == 0 {
		return table, nil
	}
	d.tables = append(d.tables, table+"_by_event")
	return d.tables[1], d.c.exec(fmt.Sprintf("CREATE OR REPLACE TABLE %s AS SELECT * FROM %s ORDER BY e", d.tables[1], table))
}

// close frees the rows.
func (d *drawn) close() error {
	var err error
	for _, r := range d.read {
		err = errors.Join(err, r.cursor.Close())
	}
	for _, table := range d.tables {
		err = errors.Join(err, d.c.exec("DROP TABLE IF EXISTS "+table))
	}
	return err
}
