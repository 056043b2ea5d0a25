package feature

import (
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

func (m match) keys() string {
	return m.list(func(i int, _, _ string) string { return fmt.Sprintf("k%d, ", i) })
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

// A lookupGroup is the lookups that ask for the same row, and so share a join.
type lookupGroup struct {
	match
	lookup Lookup
	known  string
	// names and values are the features and their SQL.
	names, values []string
}

// lookups compiles each group of lookups to an ASOF JOIN against the rows that
// were the best when they became known.
//
// ASOF alone finds the row that became known last. That is not the latest one
// when an old row is corrected late, so only those rows stay whose event is as
// late as any of their key known by then. They are then reduced to one for each
// key and known-at time, so that the result is unique.
func (c *compiler) lookups() error {
	groups, err := c.lookupGroups()
	if err != nil {
		return err
	}
	for i, group := range groups {
		var values, greatest, outputs []string
		for j, value := range group.values {
			values = append(values, fmt.Sprintf("%s AS v%d", value, j))
			greatest = append(greatest, fmt.Sprintf("max(v%[1]d) AS v%[1]d", j))
			outputs = append(outputs, fmt.Sprintf("CASE WHEN s.e >= o.t - %s THEN s.v%d END AS v%d", group.lookup.Within.interval(), j, j))
		}
		partition := ""
		if len(group.by) > 0 {
			partition = "PARTITION BY " + strings.TrimSuffix(group.keys(), ", ")
		}
		table := fmt.Sprintf("%slookup_%d", ReservedPrefix, i)
		err := c.exec(fmt.Sprintf(`CREATE OR REPLACE TABLE %[1]s AS
WITH known AS (
  SELECT %[2]s%[3]s AS k, %[4]s AS e, %[5]s FROM %[6]s
), latest AS (
  SELECT *, max(e) OVER (%[7]s ORDER BY k) AS latest FROM known WHERE %[8]se IS NOT NULL AND k IS NOT NULL
), best AS (
  SELECT %[9]sk, e, %[10]s FROM latest WHERE e = latest GROUP BY %[9]sk, e
), o AS (
  SELECT %[11]s%[12]s, %[13]s AS t FROM %[14]s
)
SELECT o.%[12]s, %[15]s FROM o ASOF JOIN best s ON %[16]so.t >= s.k`,
			table, group.there(), group.known, colEvent, strings.Join(values, ", "),
			c.within(group.lookup.Source, group.known, group.lookup.Within),
			partition, group.present(), group.keys(), strings.Join(greatest, ", "),
			group.here(), colID, colDecided, ObservationsTable, strings.Join(outputs, ", "), group.equal()))
		if err != nil {
			return err
		}
		for j, name := range group.names {
			c.outputs[name] = fmt.Sprintf("j%d.v%d", len(c.joins), j)
		}
		c.joins = append(c.joins, table)
	}
	return nil
}

// within is a relation of the rows of a source that are within reach.
func (c *compiler) within(source, known string, reach Duration) string {
	return fmt.Sprintf("(SELECT * FROM %s WHERE %s)", sourceTable(source), c.reachable(known, reach))
}

func (c *compiler) lookupGroups() ([]*lookupGroup, error) {
	var groups []*lookupGroup
	for _, d := range c.plan.Definitions {
		if d.Lookup == nil {
			continue
		}
		m, known, err := c.meet(d)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(groups, func(g *lookupGroup) bool {
			return g.lookup.Source == d.Lookup.Source && slices.Equal(g.by, m.by) &&
				g.lookup.Within.Duration == d.Lookup.Within.Duration && g.known == known
		})
		if i < 0 {
			i = len(groups)
			groups = append(groups, &lookupGroup{match: m, lookup: *d.Lookup, known: known})
		}
		groups[i].names = append(groups[i].names, d.Name)
		groups[i].values = append(groups[i].values, embed(d.Lookup.Value)+"::"+d.sqlType())
	}
	return groups, nil
}

// meet tells how the rows of a definition's source meet observations, and from
// when they are known.
func (c *compiler) meet(d Definition) (match, string, error) {
	name, text, _ := d.draws()
	source, _ := c.plan.source(name)
	m := match{by: d.by()}
	used := m.columns()
	if text != "" {
		columns, err := c.columns(source, text)
		if err != nil {
			return m, "", err
		}
		used = append(used, columns...)
	}
	known, err := c.known(source, used)
	return m, known, err
}
