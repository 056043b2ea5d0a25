package feature

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// Columns that the compiler adds to its tables.
const (
	colID         = IDColumn
	colDecided    = DecidedColumn
	colEvent      = ReservedPrefix + "event_at"
	colKnown      = ReservedPrefix + "known_at"
	colLabel      = ReservedPrefix + "label"
	colLabelKnown = ReservedPrefix + "label_known_at"
)

// ObservationsTable is the table that Compile leaves in the database: one row
// for each observation with its key, entity, partition and decision time, and
// an identifier that numbers the observations in their total order.
const ObservationsTable = ReservedPrefix + "observations"

// IDColumn numbers observations from 1; DecidedColumn is the decision time.
const (
	IDColumn      = ReservedPrefix + "id"
	DecidedColumn = ReservedPrefix + "decided_at"
)

// A Range selects partitions by date, both ends included; an empty end is open.
type Range struct {
	From, To string
}

// Day is the range of a single partition.
func Day(date string) Range { return Range{From: date, To: date} }

func (r Range) condition(column string) string {
	name := dataset.Identifier(column)
	condition := name + " IS NOT NULL"
	if r.From != "" {
		condition += fmt.Sprintf(" AND %s >= DATE %s", name, dataset.Literal(r.From))
	}
	if r.To != "" {
		condition += fmt.Sprintf(" AND %s <= DATE %s", name, dataset.Literal(r.To))
	}
	return condition
}

// compiler holds what is built up while a plan becomes tables.
type compiler struct {
	ctx    context.Context
	db     *sql.DB
	plan   Plan
	parser *Parser
	// joins are the tables that carry features, each with an id column.
	joins []string
	// outputs is the SQL of each feature in the final query, by name.
	outputs map[string]string
}

// compile makes the tables of a plan for the observations in range and
// returns the final query: one row for each observation, in total order.
func (p Plan) compile(ctx context.Context, db *sql.DB, within Range) (string, error) {
	parser, err := NewParser(ctx, db)
	if err != nil {
		return "", err
	}
	c := &compiler{ctx: ctx, db: db, plan: p, parser: parser, outputs: map[string]string{}}
	if err := c.sources(); err != nil {
		return "", err
	}
	if err := c.observations(within); err != nil {
		return "", err
	}
	if err := c.lookups(); err != nil {
		return "", err
	}
	if err := c.aggregates(); err != nil {
		return "", err
	}
	return c.query(), nil
}

func (c *compiler) exec(query string) error {
	if _, err := c.db.ExecContext(c.ctx, query); err != nil {
		return fmt.Errorf("build features: %w", err)
	}
	return nil
}

func sourceTable(name string) string { return dataset.Identifier(ReservedPrefix + "source_" + name) }

func laterColumn(i int) string { return fmt.Sprintf("%slater_%d", ReservedPrefix, i) }

// sources materialises each source once, with its times worked out. Only the
// columns that something uses are kept.
func (c *compiler) sources() error {
	used, err := c.usedColumns()
	if err != nil {
		return err
	}
	for _, source := range c.plan.Sources {
		var columns []string
		for _, name := range source.Columns {
			if used[source.Name][name] {
				columns = append(columns, dataset.Identifier(name))
			}
		}
		columns = append(columns,
			timestamp(source.EventTime)+" AS "+colEvent,
			timestamp(source.KnownAt)+" AS "+colKnown)
		for i, later := range source.Later {
			columns = append(columns, timestamp(later.KnownAt)+" AS "+laterColumn(i))
		}
		if err := c.exec(fmt.Sprintf("CREATE OR REPLACE TABLE %s AS SELECT %s FROM (%s)",
			sourceTable(source.Name), strings.Join(columns, ", "), source.Select)); err != nil {
			return err
		}
	}
	return nil
}

// timestamp embeds the SQL of a time; the line feed ends a comment in it.
func timestamp(expression string) string { return embed(expression) + "::TIMESTAMP" }

func embed(expression string) string { return "(" + expression + "\n)" }

// usedColumns lists the columns of each source that the plan mentions.
func (c *compiler) usedColumns() (map[string]map[string]bool, error) {
	used := map[string]map[string]bool{}
	for _, source := range c.plan.Sources {
		used[source.Name] = map[string]bool{}
	}
	mark := func(source string, names ...string) {
		for _, name := range names {
			used[source][name] = true
		}
	}
	parse := func(source, text string) error {
		expression, err := c.parser.Parse(c.ctx, text)
		mark(source, expression.Columns...)
		return err
	}
	o := c.plan.Observations
	mark(o.Source, slices.Concat(o.Key, o.Entity, []string{o.Partition})...)
	texts := [][2]string{{o.Source, o.DecisionTime}}
	if label := c.plan.Label; label != nil {
		texts = append(texts, [2]string{o.Source, label.Expression}, [2]string{o.Source, label.KnownAt})
	}
	for _, d := range c.plan.Definitions {
		var source, text string
		var by []string
		switch {
		case d.Lookup != nil:
			source, text, by = d.Lookup.Source, d.Lookup.Value, d.Lookup.By
		case d.Aggregate != nil:
			source, text, by = d.Aggregate.Source, d.Aggregate.Of, d.Aggregate.By
		default:
			source, text = o.Source, d.Expression
		}
		if text != "" {
			texts = append(texts, [2]string{source, text})
		}
		for _, pair := range by {
			there, here := key(pair)
			mark(source, there)
			mark(o.Source, here)
		}
	}
	for _, text := range texts {
		if err := parse(text[0], text[1]); err != nil {
			return nil, err
		}
	}
	return used, nil
}

// observations numbers the observations in range and works out the features
// that need nothing but the observation's own row.
func (c *compiler) observations(within Range) error {
	o := c.plan.Observations
	decided := timestamp(o.DecisionTime)
	columns := []string{
		fmt.Sprintf("row_number() OVER (ORDER BY %s, %s) AS %s", decided, identifiers(o.Key), colID),
		decided + " AS " + colDecided,
		"*",
	}
	if label := c.plan.Label; label != nil {
		columns = append(columns,
			embed(label.Expression)+"::DOUBLE AS "+colLabel,
			timestamp(label.KnownAt)+" AS "+colLabelKnown)
	}
	for i, d := range c.plan.Definitions {
		if d.Expression != "" {
			name := fmt.Sprintf("%sfeature_%d", ReservedPrefix, i)
			columns = append(columns, embed(d.Expression)+" AS "+name)
			c.outputs[d.Name] = "o." + name
		}
	}
	return c.exec(fmt.Sprintf("CREATE OR REPLACE TABLE %s AS SELECT %s FROM %s WHERE %s",
		ObservationsTable, strings.Join(columns, ", "), sourceTable(o.Source), within.condition(o.Partition)))
}

// known is SQL for the time from which all the columns of a source are known,
// and the condition under which they ever are: greatest() passes over NULL,
// which here means never.
func (s Source) known(columns []string) (at, ever string) {
	times := []string{colKnown}
	for _, group := range s.lateness(columns) {
		times = append(times, laterColumn(group))
	}
	conditions := make([]string, len(times))
	for i, time := range times {
		conditions[i] = time + " IS NOT NULL"
	}
	at = times[0]
	if len(times) > 1 {
		at = "greatest(" + strings.Join(times, ", ") + ")"
	}
	return at, strings.Join(conditions, " AND ")
}

// on is the equality part of a join between observations o and rows s, and the
// condition that the rows' keys are there at all.
func on(by []string) (equal, present string, keys []string) {
	var equalities, presences []string
	for _, pair := range by {
		there, here := key(pair)
		keys = append(keys, there)
		equalities = append(equalities, fmt.Sprintf("o.%s = s.%s AND ", dataset.Identifier(here), dataset.Identifier(there)))
		presences = append(presences, fmt.Sprintf(" AND %s IS NOT NULL", dataset.Identifier(there)))
	}
	return strings.Join(equalities, ""), strings.Join(presences, ""), keys
}

// partitionBy is a window's PARTITION BY clause, empty without keys.
func partitionBy(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	return "PARTITION BY " + identifiers(keys) + " "
}

// list is identifiers with a comma behind, empty without names.
func list(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	return identifiers(keys) + ", "
}

// query joins all features to the observations.
func (c *compiler) query() string {
	columns := []string{"o." + colID, "o." + colDecided, "o." + dataset.Identifier(c.plan.Observations.Partition)}
	if c.plan.Label != nil {
		columns = append(columns, "o."+colLabel, "o."+colLabelKnown)
	}
	for _, d := range c.plan.Definitions {
		value := c.outputs[d.Name]
		if d.Type == Categorical {
			value = "(" + value + ")::VARCHAR"
		} else {
			value = "(" + value + ")::DOUBLE"
		}
		columns = append(columns, value)
	}
	from := ObservationsTable + " o"
	for i, join := range c.joins {
		from += fmt.Sprintf(" LEFT JOIN %s j%d ON j%d.%s = o.%s", join, i, i, colID, colID)
	}
	return fmt.Sprintf("SELECT %s FROM %s ORDER BY o.%s", strings.Join(columns, ", "), from, colID)
}
