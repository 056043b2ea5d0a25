package scaffold

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// rowsTable holds the rows under the inferred contract.
const rowsTable = feature.ReservedPrefix + "rows"

// A column is what the rows show of one column.
type column struct {
	// name is the contract's; physical the file's, where it differs.
	name, physical string
	typ            string
	nulls          int64
	distinct       int64
	// values are the two values of a column that has exactly two, as text, in
	// order, and counts how many rows each has.
	values []string
	counts []int64
}

func (c *column) sql() string { return dataset.Identifier(c.name) }

// surveyed is the data under its inferred contract.
type surveyed struct {
	session   *dataset.Session
	parser    *feature.Parser
	files     *files
	delimiter string
	contract  *contract.Contract
	columns   []*column
	rows      int64
}

// Close ends the session.
func (s *surveyed) Close() error { return s.session.Close() }

// delimiters are what separates the fields of a CSV, the likeliest first.
var delimiters = []string{"", ";", "\t", "|"}

// survey opens the data, infers its contract and counts.
func survey(ctx context.Context, r request, found *files) (_ *surveyed, err error) {
	s := &surveyed{files: found}
	if err := s.open(ctx, r); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.session.Close())
		}
	}()
	table := s.session.Table(r.name)
	if found.guessed && len(table.Segments) > 1 {
		return nil, ambiguous(found.names)
	}
	if s.parser, err = feature.NewParser(ctx, s.session.DB()); err != nil {
		return nil, err
	}
	s.contract, err = contract.Infer(ctx, s.session, table, contract.InferOptions{Name: r.name})
	if err != nil {
		return nil, command.UsageError(fmt.Errorf("%s: %s", strings.Join(found.patterns, ", "), dataset.FirstLine(err)))
	}
	s.rename()
	if err := s.read(ctx, table); err != nil {
		return nil, err
	}
	if changed, err := s.midnights(ctx); err != nil {
		return nil, err
	} else if changed {
		if err := s.read(ctx, table); err != nil {
			return nil, err
		}
	}
	if err := s.count(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// read keeps the rows under the contract in memory.
func (s *surveyed) read(ctx context.Context, table *dataset.Table) error {
	typed, err := s.contract.TypedSelect(table)
	if err != nil {
		return err
	}
	if _, err := s.session.DB().ExecContext(ctx, fmt.Sprintf("CREATE OR REPLACE TABLE %s AS %s", rowsTable, typed)); err != nil {
		return fmt.Errorf("read %s: %w", strings.Join(s.files.patterns, ", "), err)
	}
	return nil
}

// midnights makes days of a file's timestamps that are all at midnight, which
// is how tools without a type for days store them.
func (s *surveyed) midnights(ctx context.Context) (changed bool, err error) {
	properties := s.contract.Schema[0].Properties
	for i := range properties {
		p := &properties[i]
		if p.LogicalType != contract.TypeTimestamp || !strings.HasPrefix(p.PhysicalType, "TIMESTAMP") || strings.HasSuffix(p.PhysicalType, "ZONE") {
			continue
		}
		c := column{name: p.Name}
		odd, err := s.number(ctx, fmt.Sprintf("SELECT count(*) FILTER (WHERE %[1]s <> date_trunc('day', %[1]s)) FROM %[2]s", c.sql(), rowsTable))
		if err != nil {
			return false, err
		}
		if odd == 0 {
			p.LogicalType, changed = contract.TypeDate, true
		}
	}
	return changed, nil
}

// open opens the files, trying other delimiters on a CSV that seems to have one
// column only.
func (s *surveyed) open(ctx context.Context, r request) error {
	var first []report.Finding
	for _, delimiter := range delimiters {
		session, findings, err := dataset.Open(ctx, dataset.Options{Root: r.dir},
			dataset.Spec{Name: r.name, Paths: s.files.patterns, Delimiter: delimiter})
		if err != nil {
			return err
		}
		table := session.Table(r.name)
		if table != nil && (delimiter == "" || len(table.Segments[0].Columns) > 1) {
			if s.session != nil {
				err = s.session.Close()
			}
			s.session, s.delimiter = session, delimiter
			if err != nil || len(table.Segments[0].Columns) > 1 {
				return err
			}
			continue
		}
		if delimiter == "" {
			first = findings
		}
		if err := session.Close(); err != nil {
			return err
		}
	}
	if s.session == nil {
		return command.UsageError(fmt.Errorf("%s", first[0].Message))
	}
	return nil
}

// publishedColumns are what linecook adds to scores; a key of the same name
// would be in its way.
var publishedColumns = []string{
	"decided_at", "score", "status", "scored_on", "age_days", "reason", "bundle_version", "bundle_id",
}

// rename gives columns whose names are linecook's own another name in the
// contract, which is what physicalName is for.
func (s *surveyed) rename() {
	properties := s.contract.Schema[0].Properties
	taken := map[string]bool{}
	for _, p := range properties {
		taken[strings.ToLower(p.Name)] = true
	}
	for i := range properties {
		p := &properties[i]
		name := p.Name
		if strings.HasPrefix(name, feature.ReservedPrefix) {
			name = cmp.Or(strings.TrimLeft(name, "_"), "column")
		}
		if slices.Contains(publishedColumns, strings.ToLower(name)) {
			name += "_"
		}
		if name == p.Name {
			continue
		}
		for taken[strings.ToLower(name)] {
			name += "_"
		}
		taken[strings.ToLower(name)] = true
		p.PhysicalName, p.Name = p.Name, name
	}
}

// count counts rows, gaps and different values.
func (s *surveyed) count(ctx context.Context) error {
	counts := []string{"count(*)"}
	targets := []any{&s.rows}
	for i := range s.contract.Schema[0].Properties {
		p := &s.contract.Schema[0].Properties[i]
		c := &column{name: p.Name, physical: p.Column(), typ: p.LogicalType}
		s.columns = append(s.columns, c)
		counts = append(counts, fmt.Sprintf("count(*) FILTER (WHERE %s IS NULL)", c.sql()), fmt.Sprintf("count(DISTINCT %s)", c.sql()))
		targets = append(targets, &c.nulls, &c.distinct)
	}
	if err := s.one(ctx, "SELECT "+strings.Join(counts, ", ")+" FROM "+rowsTable, targets...); err != nil {
		return err
	}
	for _, c := range s.columns {
		if c.distinct != 2 {
			continue
		}
		if err := s.twoValues(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func (s *surveyed) twoValues(ctx context.Context, c *column) (err error) {
	rows, err := s.session.DB().QueryContext(ctx, fmt.Sprintf("SELECT CAST(%[1]s AS VARCHAR), count(*) FROM %[2]s WHERE %[1]s IS NOT NULL GROUP BY %[1]s ORDER BY %[1]s", c.sql(), rowsTable))
	if err != nil {
		return fmt.Errorf("count the values of %s: %w", c.name, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var value string
		var n int64
		if err := rows.Scan(&value, &n); err != nil {
			return err
		}
		c.values, c.counts = append(c.values, value), append(c.counts, n)
	}
	return rows.Err()
}

// one runs a query that yields one row.
func (s *surveyed) one(ctx context.Context, query string, targets ...any) error {
	if err := s.session.DB().QueryRowContext(ctx, query).Scan(targets...); err != nil {
		return fmt.Errorf("survey the data: %w", err)
	}
	return nil
}

// number runs a query that yields one number.
func (s *surveyed) number(ctx context.Context, query string) (n int64, err error) {
	err = s.one(ctx, query, &n)
	return n, err
}

// named finds a column by the name in the file, or else by the contract's.
func (s *surveyed) named(flag, name string) (*column, error) {
	for _, c := range s.columns {
		if c.physical == name {
			return c, nil
		}
	}
	var names []string
	for _, c := range s.columns {
		if c.name == name {
			return c, nil
		}
		names = append(names, c.physical)
	}
	return nil, command.UsageError(fmt.Errorf("%s: the data has no column %q%s; its columns are: %s", flag, name, meant(name, names), strings.Join(names, ", ")))
}

// A span is the days that the rows belong to.
type span struct {
	first, last time.Time
	// days is how many different days there are; step the usual number of days
	// from one to the next; quietest the fewest rows of a day.
	days, step, quietest int64
}

func (s *surveyed) span(ctx context.Context, day *column) (span, error) {
	var x span
	err := s.one(ctx, fmt.Sprintf(`WITH days AS (SELECT %[1]s AS day, count(*) AS n FROM %[2]s GROUP BY 1),
		steps AS (SELECT n, day, day - lag(day) OVER (ORDER BY day) AS step FROM days)
		SELECT min(day), max(day), count(*), coalesce(quantile_disc(step, 0.5), 1), min(n) FROM steps`, day.sql(), rowsTable),
		&x.first, &x.last, &x.days, &x.step, &x.quietest)
	return x, err
}
