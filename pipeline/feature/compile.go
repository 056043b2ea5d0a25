package feature

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

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

// ObservationsTable is the view that Build leaves in the database: one row
// for each observation with its key, entity, partition and decision time, and
// an identifier that numbers the observations in their total order.
const ObservationsTable = ReservedPrefix + "observations"

// observed is the table under the view. Its rows lie in the total order, so
// that their numbers are the identifiers.
const (
	observed   = ReservedPrefix + "observed"
	observedID = "rowid + 1"
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
	// numbered are the keys that observations have, by the SQL of each match.
	numbered map[string]*keys
	// tables have features as columns, and an identifier. Other features are
	// built up by sweeps.
	tables   []featureTable
	builders map[string]*builder
	// restorers put features in order, one for each processor.
	restorers []restorer
	// queries are the user\'s own.
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
	c := &compiler{ctx: ctx, db: db, plan: p, parser: parser, numbered: map[string]*keys{}, builders: map[string]*builder{}, restorers: make([]restorer, runtime.GOMAXPROCS(0))}
	for _, step := range []func() error{
		c.asofs,
		func() error { return c.observations(within) },
		c.bounds, c.prepare, c.sql, c.work, c.draw, c.clear,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// dropSources frees the sources' rows.
func (c *compiler) dropSources() error {
	for _, source := range c.plan.Sources {
		if err := c.exec("DROP TABLE IF EXISTS " + sourceTable(source.Name)); err != nil {
			return err
		}
	}
	return nil
}

// clear frees what only the work itself needs.
func (c *compiler) clear() error {
	var queries []string
	for _, k := range c.numbered {
		queries = append(queries, "DROP TABLE IF EXISTS "+k.table)
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

// scan goes through the columns of a table's rows, chunks of them side by side.
func (c *compiler) scan(table, condition string, take func(dataset.Chunk), columns ...string) error {
	if err := dataset.Scan(c.ctx, c.db, table, condition, take, columns...); err != nil {
		return fmt.Errorf("build features: %w", err)
	}
	return nil
}

func sourceTable(name string) string { return dataset.Identifier(ReservedPrefix + "source_" + name) }

func laterColumn(i int) string { return fmt.Sprintf("%slater_%d", ReservedPrefix, i) }

// timestamp embeds the SQL of a time; the line feed ends a comment in it.
func timestamp(expression string) string { return embed(expression) + "::TIMESTAMP" }

func embed(expression string) string { return "(" + expression + "\n)" }

// columns are the names that expressions over a source use, sorted.
func (c *compiler) columns(source Source, expressions ...string) ([]string, error) {
	var names []string
	for _, text := range expressions {
		expression, err := c.parser.Parse(c.ctx, text)
		if err != nil {
			return nil, err
		}
		names = append(names, expression.Columns...)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	for _, name := range names {
		if !slices.Contains(source.Columns, name) {
			return nil, fmt.Errorf("source %s has no column %s", source.Name, name)
		}
	}
	return names, nil
}

// observations numbers the observations in range and works out the features
// that need nothing but the observation's own row. Rows that agree in time and
// key are told apart by all they have, so that the order is total.
func (c *compiler) observations(within Range) error {
	o := c.plan.Observations
	source, _ := c.plan.source(o.Source)
	decided := timestamp(o.DecisionTime)
	keep := slices.Concat(o.Key, o.Entity, []string{o.Partition}, c.owned())
	texts := []string{o.DecisionTime, source.KnownAt}
	computed := []string{timestamp(source.KnownAt) + " AS " + colKnown}
	if label := c.plan.Label; label != nil {
		texts = append(texts, label.Expression, label.KnownAt)
		known, err := c.labelKnown(source)
		if err != nil {
			return err
		}
		computed = append(computed, embed(label.Expression)+"::DOUBLE AS "+colLabel, known+" AS "+colLabelKnown)
	}
	own := featureTable{name: observed, id: observedID}
	for i, d := range c.plan.Definitions {
		for _, pair := range d.by() {
			_, here := key(pair)
			keep = append(keep, here)
		}
		if d.Expression != "" {
			name := fmt.Sprintf("%sfeature_%d", ReservedPrefix, i)
			texts = append(texts, d.Expression)
			computed = append(computed, embed(d.Expression)+"::"+d.sqlType()+" AS "+name)
			own.names, own.columns = append(own.names, d.Name), append(own.columns, name)
		}
	}
	c.tables = append(c.tables, own)
	used, err := c.columns(source, texts...)
	if err != nil {
		return err
	}
	slices.Sort(keep)
	keep = slices.Compact(keep)
	order := append([]string{decided}, identify(o.Key)...)
	for _, name := range slices.Concat(keep, used) {
		if quoted := dataset.Identifier(name); !slices.Contains(order, quoted) {
			order = append(order, quoted)
		}
	}
	rows := fmt.Sprintf("SELECT %s AS %s, %s, %s FROM (%s) WHERE %s",
		decided, colDecided, identifiers(keep), strings.Join(computed, ", "), source.Select, within.condition(o.Partition))
	if err := c.exec("CREATE OR REPLACE TABLE " + observed + " AS " + rows); err != nil {
		return err
	}
	ascend, err := c.ascend(append([]string{colDecided}, identify(o.Key)...))
	if err != nil {
		return err
	}
	if !ascend {
		if err := c.exec("DROP TABLE "+observed, fmt.Sprintf("CREATE TABLE %s AS %s ORDER BY %s", observed, rows, strings.Join(order, ", "))); err != nil {
			return err
		}
	}
	return c.exec(fmt.Sprintf("CREATE OR REPLACE VIEW %s AS SELECT %s AS %s, * FROM %s", ObservationsTable, observedID, colID, observed))
}

// ascend says whether no two observations agree in some columns and all lie in
// their order, as they do where files are written in order of time: what is then
// not sorted takes a third of the time. DuckDB has NULL and NaN where ORDER BY
// puts them, behind all others.
func (c *compiler) ascend(columns []string) (bool, error) {
	var astray bool
	err := c.db.QueryRowContext(c.ctx, fmt.Sprintf("SELECT count(*) > 0 FROM (SELECT row(%s) AS here, lag(here) OVER () AS before FROM %s) WHERE before >= here",
		strings.Join(columns, ", "), observed)).Scan(&astray)
	if err != nil {
		return false, fmt.Errorf("order the observations: %w", err)
	}
	return !astray, nil
}

// LabelKnown is SQL for the time from which the label is known: its own known-at
// time, but never before the row and the columns that it is made of are.
func (p Plan) LabelKnown(ctx context.Context, db *sql.DB) (string, error) {
	parser, err := NewParser(ctx, db)
	if err != nil {
		return "", err
	}
	source, _ := p.source(p.Observations.Source)
	return (&compiler{ctx: ctx, db: db, plan: p, parser: parser}).labelKnown(source)
}

// labelKnown is SQL for the time from which the label is known: the label's
// own known-at time, but never before the columns it is made of.
func (c *compiler) labelKnown(source Source) (string, error) {
	used, err := c.columns(source, c.plan.Label.Expression)
	if err != nil {
		return "", err
	}
	times := []string{timestamp(c.plan.Label.KnownAt), timestamp(source.KnownAt)}
	for _, group := range source.lateness(used) {
		times = append(times, timestamp(source.Later[group].KnownAt))
	}
	return latest(times), nil
}

// bounds reads how many observations there are, and between which decision times
// they lie; no window reaches to infinity.
func (c *compiler) bounds() error {
	var earliest, latest sql.NullInt64
	var decided int64
	err := c.db.QueryRowContext(c.ctx, fmt.Sprintf(
		"SELECT epoch_us(min(%[1]s) FILTER (WHERE isfinite(%[1]s))), epoch_us(max(%[1]s) FILTER (WHERE isfinite(%[1]s))), count(*), count(%[1]s), count(*) FILTER (WHERE %[1]s IS NULL OR %[2]s IS NULL OR %[2]s > %[1]s) FROM %[3]s",
		colDecided, colKnown, ObservationsTable)).Scan(&earliest, &latest, &c.count, &decided, &c.tooEarly)
	if err != nil {
		return fmt.Errorf("bound the decision times: %w", err)
	}
	c.earliest, c.latest = "NULL::TIMESTAMP", "NULL::TIMESTAMP"
	if earliest.Valid {
		c.earliest, c.latest = fmt.Sprintf("make_timestamp(%d)", earliest.Int64), fmt.Sprintf("make_timestamp(%d)", latest.Int64)
	}
	c.times = make([]int64, decided)
	return nil
}

// prepare reads the sources while the decision times are.
func (c *compiler) prepare() error {
	var group errgroup.Group
	group.Go(c.sources)
	group.Go(c.decisions)
	return group.Wait()
}

// decisions reads the decision times.
func (c *compiler) decisions() error {
	for _, d := range c.plan.Definitions {
		c.builders[d.Name] = newBuilder(d)
	}
	return c.scan(observed, colDecided+" IS NOT NULL", func(chunk dataset.Chunk) {
		decided := chunk.Integers(1)
		for i, row := range chunk.Integers(0) {
			c.times[row] = decided[i]
		}
	}, "rowid", colDecided)
}

// reachable leaves out rows that no observation at hand can see: events before
// the earliest decision's reach, and rows known after the last decision. It
// changes the cost of a query, never its result.
func (c *compiler) reachable(known string, reach Duration) string {
	return fmt.Sprintf("%s >= %s - %s AND %s <= %s", colEvent, c.earliest, reach.interval(), known, c.latest)
}

// sources materialises each source that features draw on once, with its times
// worked out: the columns that something uses, and the rows within reach.
func (c *compiler) sources() error {
	for _, source := range c.plan.Sources {
		var texts []string
		names, reach := c.viewed(source)
		for _, d := range c.plan.Definitions {
			from, text, within := d.draws()
			if from != source.Name {
				continue
			}
			if text != "" {
				texts = append(texts, text)
			}
			for _, pair := range d.by() {
				there, _ := key(pair)
				names = append(names, there)
			}
			if within.Duration > reach.Duration {
				reach = within
			}
		}
		if reach.Duration == 0 {
			continue
		}
		used, err := c.columns(source, texts...)
		if err != nil {
			return err
		}
		names = append(names, used...)
		slices.Sort(names)
		columns := append(identify(slices.Compact(names)),
			timestamp(source.EventTime)+" AS "+colEvent,
			timestamp(source.KnownAt)+" AS "+colKnown)
		for i, later := range source.Later {
			columns = append(columns, timestamp(later.KnownAt)+" AS "+laterColumn(i))
		}
		if err := c.exec(fmt.Sprintf("CREATE OR REPLACE TABLE %s AS SELECT * FROM (SELECT %s FROM (%s)) WHERE %s",
			sourceTable(source.Name), strings.Join(columns, ", "), source.Select, c.reachable(colKnown, reach))); err != nil {
			return err
		}
	}
	return nil
}

// known is SQL for the time from which a source's row is known, with the given
// columns and its event time; NULL means never.
func (c *compiler) known(source Source, columns []string) (string, error) {
	event, err := c.columns(source, source.EventTime)
	if err != nil {
		return "", err
	}
	times := []string{colKnown}
	for _, group := range source.lateness(slices.Concat(columns, event)) {
		times = append(times, laterColumn(group))
	}
	return latest(times), nil
}

// latest is SQL for the last of some times, NULL where one of them is: they
// say when a thing is known, and NULL means never. greatest passes over NULL.
func latest(times []string) string {
	if len(times) == 1 {
		return times[0]
	}
	return fmt.Sprintf("CASE WHEN %s IS NOT NULL THEN greatest(%s) END", strings.Join(times, " IS NOT NULL AND "), strings.Join(times, ", "))
}
