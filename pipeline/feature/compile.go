package feature

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"

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

// compiler holds what is built up while a plan becomes features.
type compiler struct {
	ctx    context.Context
	db     *sql.DB
	plan   Plan
	parser *Parser
	// earliest and latest bound the decision times, as SQL.
	earliest, latest string
	// count is how many observations there are, and tooEarly Snapshot.TooEarly.
	count, tooEarly int64
	// times are the decision times, by the observation's identifier less one.
	// The last observations have none.
	times []int64
	// numbered are the keys that observations have.
	numbered []*keys
	// drawings are the rows that features are made from, and relations what to
	// select each source's rows from.
	drawings  []*drawing
	relations map[string]string
	// tables have features as columns, and an identifier. Other features are
	// built up by sweeps.
	tables   []featureTable
	builders map[string]*builder
	// restorers put features in order, one for each processor.
	restorers []restorer
	// queries are the user's own.
	queries []*asof
}

// A featureTable is a table with features, by their names, in its columns.
type featureTable struct {
	name, id       string
	names, columns []string
}

// compile makes the tables of a plan for the observations in range, and works
// out the features that are made of other rows.
func (p Plan) compile(ctx context.Context, db *sql.DB, within Range) (*compiler, error) {
	parser, err := NewParser(ctx, db)
	if err != nil {
		return nil, err
	}
	c := &compiler{ctx: ctx, db: db, plan: p, parser: parser, relations: map[string]string{}, builders: map[string]*builder{}, restorers: make([]restorer, runtime.GOMAXPROCS(0))}
	for _, step := range []func() error{
		c.asofs,
		func() error { return c.observations(within) },
		c.bounds, c.arrange, c.sources, c.decisions, c.sql, c.work, c.forget, c.draw, c.clear,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// clear frees what only the work itself needs.
func (c *compiler) clear() error {
	var queries []string
	for _, k := range c.numbered {
		queries = append(queries, "DROP TABLE IF EXISTS "+k.table)
	}
	c.restorers = nil
	runtime.GC() // what the work needed is as large as the rest of a snapshot
	for _, source := range c.plan.Sources {
		queries = append(queries, "DROP TABLE IF EXISTS "+sourceTable(source.Name))
	}
	return c.exec(queries...)
}

func (c *compiler) exec(queries ...string) error {
	for _, query := range queries {
		if _, err := c.db.ExecContext(c.ctx, query); err != nil {
			return fmt.Errorf("build features: %w", err)
		}
	}
	return nil
}

// stream goes through the rows of a query, chunks of them side by side.
func (c *compiler) stream(query string, take func(dataset.Chunk)) error {
	if err := dataset.Stream(c.ctx, c.db, query, func(_ int, chunk dataset.Chunk) { take(chunk) }); err != nil {
		return fmt.Errorf("build features: %w", err)
	}
	return nil
}

// timestamp embeds the SQL of a time; the line feed ends a comment in it.
func timestamp(expression string) string { return embed(expression) + "::TIMESTAMP" }

func embed(expression string) string { return "(" + expression + "\n)" }
