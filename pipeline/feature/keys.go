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

// keys are the observations' different keys, numbered in no order.
type keys struct {
	table string
	count int
	// observations are by key. Where a part of the key is NULL they have none,
	// and where there is no decision.
	observations partition
}

func keysTable(i int) string { return fmt.Sprintf("%skeys_%d", ReservedPrefix, i) }

// keys numbers the keys that observations have.
func (c *compiler) keys(m match) (keys, error) {
	c.numbering.Lock()
	defer c.numbering.Unlock()
	if found, ok := c.numbered[m.here()]; ok {
		return found, nil
	}
	k, of := keys{table: keysTable(len(c.numbered)), count: 1}, slices.Repeat([]int32{-1}, int(c.count))
	if len(m.by) == 0 {
		clear(of[:len(c.times)])
		k.observations = partitionObservations(of, k.count)
		c.numbered[m.here()] = k
		return k, c.exec(fmt.Sprintf("CREATE OR REPLACE TABLE %s AS SELECT 0::BIGINT AS g", k.table))
	}
	asked := ReservedPrefix + "asked"
	here := strings.TrimSuffix(m.here(), ", ")
	if err := c.exec(
		fmt.Sprintf("CREATE OR REPLACE TABLE %s AS SELECT *, row_number() OVER () - 1 AS g FROM (SELECT DISTINCT %s FROM %s) WHERE %s true",
			k.table, here, ObservationsTable, m.present()),
		fmt.Sprintf("CREATE OR REPLACE TABLE %s AS SELECT id, g FROM (SELECT %s AS id, %s FROM %s) s JOIN %s o ON %s true",
			asked, colID, here, ObservationsTable, k.table, m.equal()),
	); err != nil {
		return k, err
	}
	if err := c.db.QueryRowContext(c.ctx, "SELECT count(*) FROM "+k.table).Scan(&k.count); err != nil {
		return k, fmt.Errorf("number the keys: %w", err)
	}
	err := c.each(asked, func(chunk dataset.Chunk) {
		numbers := chunk.Integers(1)
		for row, id := range chunk.Integers(0) {
			if int(id) <= len(c.times) {
				of[id-1] = int32(numbers[row])
			}
		}
	}, "*")
	k.observations = partitionObservations(of, k.count)
	c.numbered[m.here()] = k
	return k, errors.Join(err, c.exec("DROP TABLE "+asked))
}
