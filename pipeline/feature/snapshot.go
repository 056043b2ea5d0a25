package feature

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// A Snapshot is the features of some observations as they were known at each
// one's decision time, in the observations' total order.
type Snapshot struct {
	Frame Frame
	// Partition is the date of each observation, DecidedAt its decision time.
	Partition []string
	DecidedAt []time.Time
	// Label is NaN and LabelKnownAt zero where the outcome is never known;
	// both are nil where the plan has no label.
	Label        []float64
	LabelKnownAt []time.Time
	// TooEarly counts observations whose row was not yet known, or whose
	// decision time is NULL: they cannot have been predicted.
	TooEarly int64
	// Digest is over the features' names and the canonical rows: it does not
	// depend on the files' order, on row groups or on the number of threads.
	Digest string
}

// Build compiles the plan and reads the features of the observations in range.
// The same SQL serves training and scoring. An error that dataset.Unreadable
// recognises is the data's fault: a value that an expression cannot take, or
// one that it makes infinite.
func (p Plan) Build(ctx context.Context, db *sql.DB, within Range) (*Snapshot, error) {
	c, err := p.compile(ctx, db, within)
	if err != nil {
		return nil, err
	}
	s, err := c.snapshot()
	if err != nil {
		return nil, err
	}
	var group errgroup.Group
	group.Go(func() error {
		s.Digest = s.Recompute()
		return nil
	})
	group.Go(func() error { return s.validate(p.Label) })
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return s, nil
}

// validate refuses what a computation could misread.
func (s *Snapshot) validate(label *Label) error {
	if err := s.Frame.Validate(); err != nil {
		return fmt.Errorf("%w: %w", dataset.ErrData, err)
	}
	for row, value := range s.Label {
		if math.IsInf(value, 0) {
			return fmt.Errorf("%w: label %q is infinite in row %d; make it a number or missing", dataset.ErrData, label.Name, row+1)
		}
	}
	return nil
}

// Select is the snapshot of the given rows, in their order. Its digest stays
// that of the whole, which is what was read.
func (s *Snapshot) Select(rows []int) *Snapshot {
	part := &Snapshot{
		Frame:     Frame{Rows: len(rows), Columns: make([]Column, len(s.Frame.Columns))},
		Partition: pick(s.Partition, rows), DecidedAt: pick(s.DecidedAt, rows),
		Label: pick(s.Label, rows), LabelKnownAt: pick(s.LabelKnownAt, rows),
		Digest: s.Digest,
	}
	for i, column := range s.Frame.Columns {
		column.Numbers = pick(column.Numbers, rows)
		column.Codes = pick(column.Codes, rows)
		part.Frame.Columns[i] = column
	}
	return part
}

func pick[T any](values []T, rows []int) []T {
	if values == nil {
		return nil
	}
	picked := make([]T, len(rows))
	for i, row := range rows {
		picked[i] = values[row]
	}
	return picked
}

// snapshot puts together what the tables and the builders hold. It has no digest
// yet.
func (c *compiler) snapshot() (*Snapshot, error) {
	n := int(c.count)
	s := &Snapshot{TooEarly: c.tooEarly, Partition: make([]string, n), DecidedAt: make([]time.Time, n)}
	columns := []string{observedID, dataset.Identifier(c.plan.Observations.Partition) + "::TIMESTAMP"}
	if c.plan.Label != nil {
		s.Label, s.LabelKnownAt = make([]float64, n), make([]time.Time, n)
		columns = append(columns, colLabel, colLabelKnown)
	}
	err := c.stream(fmt.Sprintf("SELECT %s FROM %s", strings.Join(columns, ", "), observed), func(chunk dataset.Chunk) {
		day, date := int64(math.MinInt64), ""
		days := chunk.Integers(1)
		for row, id := range chunk.Integers(0) {
			// Observations of one day mostly follow one another.
			if days[row] != day {
				day = days[row]
				date = time.UnixMicro(day).UTC().Format(time.DateOnly)
			}
			s.Partition[id-1] = date
			if int(id) <= len(c.times) {
				s.DecidedAt[id-1] = time.UnixMicro(c.times[id-1]).UTC()
			}
			if c.plan.Label == nil {
				continue
			}
			s.Label[id-1] = math.NaN()
			if chunk.Validity(2).Valid(row) {
				s.Label[id-1] = oneForm(chunk.Numbers(2)[row])
			}
			if chunk.Validity(3).Valid(row) {
				s.LabelKnownAt[id-1] = time.UnixMicro(chunk.Integers(3)[row]).UTC()
			}
		}
	})
	if err != nil {
		return nil, err
	}
	for _, table := range c.tables {
		if err := c.collect(table); err != nil {
			return nil, err
		}
	}
	s.Frame = Frame{Rows: n, Columns: make([]Column, len(c.plan.Definitions))}
	for i, d := range c.plan.Definitions {
		s.Frame.Columns[i] = c.builders[d.Name].column(d.Name)
	}
	return s, nil
}

// collect reads the features of a table.
func (c *compiler) collect(table featureTable) error {
	if len(table.names) == 0 {
		return nil
	}
	for _, name := range table.names {
		c.builders[name].begin(int(c.count))
	}
	query := fmt.Sprintf("SELECT %s FROM %s", strings.Join(append([]string{table.id}, table.columns...), ", "), table.name)
	return c.stream(query, func(chunk dataset.Chunk) {
		ids := chunk.Integers(0)
		for i, name := range table.names {
			into, valid := c.builders[name], chunk.Validity(1+i)
			if into.levels != nil {
				texts := chunk.Texts(1 + i)
				for row, id := range ids {
					if valid.Valid(row) {
						into.text(int(id-1), texts[row].String())
					}
				}
				continue
			}
			numbers := chunk.Numbers(1 + i)
			for row, id := range ids {
				if valid.Valid(row) {
					into.number(int(id-1), numbers[row])
				}
			}
		}
	})
}
