package feature

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
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

// observationsView makes the view anew, as must be where the table has changed.
var observationsView = fmt.Sprintf("CREATE OR REPLACE VIEW %s AS SELECT %s AS %s, * FROM %s", ObservationsTable, observedID, colID, observed)

// observations numbers the observations in range and works out the features
// that need nothing but the observation's own row. Rows that agree in time and
// key are told apart by all they have, so that the order is total.
func (c *compiler) observations(within Range) error {
	o := c.plan.Observations
	source, _ := c.plan.source(o.Source)
	decided := timestamp(o.DecisionTime)
	keep := c.kept()
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
	order := append([]string{decided}, identify(o.Key)...)
	for _, name := range slices.Concat(keep, used) {
		if quoted := dataset.Identifier(name); !slices.Contains(order, quoted) {
			order = append(order, quoted)
		}
	}
	if c.plan.Label != nil {
		order = append(order, colLabelKnown) // made of columns that nothing else may use
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
	return c.exec(observationsView)
}

// forget drops the observations' columns that only the work so far needs.
func (c *compiler) forget() error {
	o := c.plan.Observations
	lasting := slices.Concat(o.Key, o.Entity, []string{o.Partition})
	var queries []string
	for _, name := range c.kept() {
		if !slices.Contains(lasting, name) {
			queries = append(queries, "ALTER TABLE "+observed+" DROP "+dataset.Identifier(name))
		}
	}
	return c.exec(append(queries, "ALTER TABLE "+observed+" DROP "+colKnown, observationsView)...)
}

// kept are the columns of the observations' source that are kept of each.
func (c *compiler) kept() []string {
	o := c.plan.Observations
	names := slices.Concat(o.Key, o.Entity, []string{o.Partition}, c.owned())
	for _, d := range c.plan.Definitions {
		names = append(names, match{by: d.by()}.observed()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
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
