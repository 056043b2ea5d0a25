package feature

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// An asof is one query with the views that it is run over, as the compiler makes
// them: tables with the rows that each observation sees.
type asof struct {
	query Query
	tree  *queryTree
	// own are the columns of the observation's own row that it may use.
	own   []string
	views []view
	// features are the indices of its features.
	features []int
	table    string
}

type view struct {
	read    Read
	columns []string
	table   string
}

// asofs reads the queries that features take their values from.
func (c *compiler) asofs() error {
	observations, _ := c.plan.source(c.plan.Observations.Source)
	for i, query := range c.plan.queries() {
		tree, err := c.parser.parseQuery(c.ctx, query)
		if err != nil {
			return fmt.Errorf("query %s: %w", query.Name, err)
		}
		a := &asof{query: query, tree: tree, features: c.plan.takers(query), own: tree.mentioned(observations.early()), table: fmt.Sprintf("%squery_%d", ReservedPrefix, i)}
		for j, read := range query.Reads {
			source, known := c.plan.source(read.Source)
			if !known {
				return fmt.Errorf("query %s: there is no source called %s", query.Name, read.Source)
			}
			if !tree.reads[strings.ToLower(read.Source)] {
				continue
			}
			a.views = append(a.views, view{read: read, columns: tree.mentioned(source.Columns), table: fmt.Sprintf("%sview_%d_%d", ReservedPrefix, i, j)})
		}
		c.queries = append(c.queries, a)
	}
	return nil
}

// sql compiles each query. The rows that each observation sees are laid down,
// and the query is run over them as a LATERAL join: for one observation at a
// time by its meaning, for all at once by DuckDB's work.
func (c *compiler) sql() error {
	for _, a := range c.queries {
		for _, v := range a.views {
			if err := c.view(v, a.tree.words[RowColumn]); err != nil {
				return err
			}
		}
		query, err := c.parser.over(c.ctx, a.tree, a.relations(func(table, columns string) string {
			return fmt.Sprintf("SELECT %s FROM %s AS __x WHERE __x.%s = __o.%s", columns, table, colID, colID)
		}))
		if err != nil {
			return fmt.Errorf("query %s: %w", a.query.Name, err)
		}
		if err := c.exec(fmt.Sprintf("CREATE OR REPLACE TABLE %s AS SELECT __o.%s, %s FROM (SELECT %s FROM %s) AS __o, LATERAL (%s\n) AS __q",
			a.table, colID, a.values(c.plan, "__q."), colID, ObservationsTable, query)); err != nil {
			return fmt.Errorf("query %s: %w", a.query.Name, err)
		}
		if err := c.single(a); err != nil {
			return err
		}
		if err := c.alone(a); err != nil {
			return err
		}
		values := featureTable{name: a.table, id: colID}
		for j, i := range a.features {
			values.names, values.columns = append(values.names, c.plan.Definitions[i].Name), append(values.columns, fmt.Sprintf("v%d", j))
		}
		c.tables = append(c.tables, values)
	}
	return nil
}

// values are the features of a query, with the type that they have.
func (a *asof) values(p Plan, table string) string {
	var columns []string
	for j, i := range a.features {
		columns = append(columns, fmt.Sprintf("(%s%s)::%s AS v%d", table, dataset.Identifier(p.Definitions[i].Name), p.Definitions[i].sqlType(), j))
	}
	return strings.Join(columns, ", ")
}

// relations are the tables that the query names. rows is what is taken of each.
func (a *asof) relations(rows func(table, columns string) string) map[string]string {
	all := map[string]string{ObservationView: rows(ObservationsTable, strings.Join(append(identify(a.own), colDecided), ", "))}
	for _, v := range a.views {
		all[v.read.Source] = rows(v.table, strings.Join(append(identify(v.columns), a.lends()...), ", "))
	}
	return all
}

// lends are the columns of ours in the views.
func (a *asof) lends() []string {
	names := []string{colDecided, colEvent, colKnown}
	if a.tree.words[RowColumn] {
		names = append(names, RowColumn)
	}
	return names
}

// view lays down the rows of a source that each observation sees, in their total
// order. A row can only be seen from two stretches of time, each as long as what
// the view reaches over, so that equal keys and stretches find the candidates.
func (c *compiler) view(v view, numbered bool) error {
	source, _ := c.plan.source(v.read.Source)
	m := match{by: v.read.By}
	known, err := c.known(source, m.columns())
	if err != nil {
		return err
	}
	there := []string{colEvent + " AS e", known + " AS k"}
	for group := range source.Later {
		there = append(there, laterColumn(group))
	}
	seen := []string{"o." + colID, "o.t AS " + colDecided, "s.e AS " + colEvent, "s.k AS " + colKnown}
	order := append([]string{colEvent, colKnown}, identify(v.columns)...)
	for i, name := range v.columns {
		there = append(there, fmt.Sprintf("%s AS c%d", dataset.Identifier(name), i))
		cell := fmt.Sprintf("s.c%d", i)
		if groups := source.lateness([]string{name}); len(groups) > 0 {
			var times []string
			for _, group := range groups {
				times = append(times, "s."+laterColumn(group))
			}
			cell = fmt.Sprintf("CASE WHEN %s <= o.t THEN %s END", latest(times), cell)
		}
		seen = append(seen, cell+" AS "+dataset.Identifier(name))
	}
	columns := "*"
	if numbered {
		columns = fmt.Sprintf("*, row_number() OVER (PARTITION BY %s ORDER BY %s) AS %s", colID, strings.Join(order, ", "), RowColumn)
	}
	within, reach := v.read.Within, v.read.Within.Duration+v.read.Ahead.Duration
	stretch := func(at string) string {
		return fmt.Sprintf("(epoch_us(%s) - epoch_us(%s) + %d) // %d", at, c.earliest, within.Microseconds(), reach.Microseconds())
	}
	oldest := stretch(colDecided + " - " + within.interval())
	return c.exec(fmt.Sprintf(`CREATE OR REPLACE TABLE %[1]s AS
WITH o AS (
  SELECT %[2]s%[3]s, %[4]s AS t, unnest([%[5]s, %[5]s + 1]) AS stretch FROM %[6]s WHERE %[4]s IS NOT NULL
), s AS (
  SELECT %[7]s%[8]s, %[9]s AS stretch FROM %[10]s WHERE isfinite(%[11]s) AND %[18]s
), seen AS (
  SELECT %[12]s FROM o JOIN s ON %[13]ss.stretch = o.stretch AND s.k <= o.t AND s.e >= o.t - %[14]s AND s.e <= o.t + %[15]s
)
SELECT %[16]s FROM seen ORDER BY %[3]s, %[17]s`,
		v.table, m.here(), colID, colDecided, oldest, ObservationsTable,
		m.there(), strings.Join(there, ", "), stretch(colEvent), c.relations[v.read.Source], colEvent,
		strings.Join(seen, ", "), m.equal(), within.interval(), v.read.Ahead.interval(), columns, strings.Join(order, ", "), c.reachable(known, within)))
}

// single refuses a query that returned several rows for an observation.
func (c *compiler) single(a *asof) error {
	var id, count int64
	err := c.db.QueryRowContext(c.ctx, fmt.Sprintf("SELECT %[1]s, count(*) FROM %[2]s GROUP BY %[1]s HAVING count(*) > 1 ORDER BY %[1]s LIMIT 1", colID, a.table)).Scan(&id, &count)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("query %s: %w", a.query.Name, err)
	}
	name, err := c.observation(id)
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: query %s returns %d rows for the observation %s; it must return one", dataset.ErrData, a.query.Name, count, name)
}

// tried is for how many observations a query is run alone.
const tried = 8

// alone runs the query for some observations, each by itself and over the rows
// in the opposite order, and refuses it where the values are others: it then
// depends on the order of rows, or DuckDB does not work it out for many
// observations as it does for one.
func (c *compiler) alone(a *asof) error {
	var count int64
	if err := c.db.QueryRowContext(c.ctx, "SELECT count(*) FROM "+ObservationsTable).Scan(&count); err != nil {
		return fmt.Errorf("query %s: %w", a.query.Name, err)
	}
	var ids []int64
	for i := range min(tried, count) {
		ids = append(ids, 1+i*(count-1)/max(1, min(tried, count)-1))
	}
	var cells []string
	for j, i := range a.features {
		cell := fmt.Sprintf("v%d", j)
		if c.plan.Definitions[i].Type != Categorical {
			cell += " + 0" // zero has no sign
		}
		cells = append(cells, fmt.Sprintf("coalesce((%s)::VARCHAR, 'missing')", cell))
	}
	values := strings.Join(cells, " || ', ' || ")
	for _, id := range ids {
		var views []string
		relations := a.relations(func(table, columns string) string {
			order := "rowid DESC"
			if table == ObservationsTable {
				order = colID // one row, of a view
			}
			return fmt.Sprintf("SELECT %s FROM (SELECT * FROM %s WHERE %s = %d ORDER BY %s)", columns, table, colID, id, order)
		})
		for _, name := range a.names() {
			views = append(views, fmt.Sprintf("%s AS MATERIALIZED (%s)", dataset.Identifier(name), relations[name]))
		}
		var among, alone *string
		err := c.db.QueryRowContext(c.ctx, fmt.Sprintf(`WITH %s SELECT
			(SELECT %s FROM %s WHERE %s = %d),
			(SELECT %s FROM (SELECT %s FROM (%s
			) AS __q))`, strings.Join(views, ", "), values, a.table, colID, id, values, a.values(c.plan, "__q."), a.query.Text)).Scan(&among, &alone)
		if err != nil {
			return fmt.Errorf("query %s: %w", a.query.Name, err)
		}
		if (among == nil) == (alone == nil) && (among == nil || *among == *alone) {
			continue
		}
		name, err := c.observation(id)
		if err != nil {
			return err
		}
		say := func(values *string) string {
			if values == nil {
				return "no row"
			}
			return *values
		}
		return fmt.Errorf("%w: query %s gives the observation %s %s by itself and %s among the others; make it depend on no order of rows that is not total (%s orders all), or write it in another way",
			dataset.ErrData, a.query.Name, name, say(alone), say(among), RowColumn)
	}
	return nil
}

// names are the tables that the query may name, in order.
func (a *asof) names() []string {
	names := []string{ObservationView}
	for _, v := range a.views {
		names = append(names, v.read.Source)
	}
	return names
}

// observation names one for people.
func (c *compiler) observation(id int64) (string, error) {
	key := c.plan.Observations.Key
	parts := make([]string, len(key))
	for i, name := range key {
		parts[i] = fmt.Sprintf("%s || coalesce(%s::VARCHAR, 'NULL')", dataset.Literal(name+" "), dataset.Identifier(name))
	}
	var name string
	var decided *time.Time
	if err := c.db.QueryRowContext(c.ctx, fmt.Sprintf("SELECT %s, %s FROM %s WHERE %s = %d", strings.Join(parts, " || ', ' || "), colDecided, ObservationsTable, colID, id)).Scan(&name, &decided); err != nil {
		return "", fmt.Errorf("name an observation: %w", err)
	}
	if decided == nil {
		return name, nil
	}
	return name + ", decided at " + decided.UTC().Format(time.RFC3339Nano), nil
}

// viewed is what the queries and commands need of a source: columns, and how far
// back.
func (c *compiler) viewed(source Source) (columns []string, reach Duration) {
	columns, reach = c.given(source)
	for _, a := range c.queries {
		for _, v := range a.views {
			if v.read.Source != source.Name {
				continue
			}
			columns = slices.Concat(columns, v.columns, match{by: v.read.By}.columns())
			if v.read.Within.Duration > reach.Duration {
				reach = v.read.Within
			}
		}
	}
	return columns, reach
}

// owned are the columns of the observations' source that the queries and commands
// need.
func (c *compiler) owned() []string {
	var columns []string
	for _, command := range c.plan.commands() {
		columns = append(columns, command.Observation...)
	}
	for _, a := range c.queries {
		columns = append(columns, a.own...)
		for _, v := range a.views {
			for _, pair := range v.read.By {
				_, here := key(pair)
				columns = append(columns, here)
			}
		}
	}
	return columns
}
