package feature

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"time"

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
	s := &Snapshot{TooEarly: c.tooEarly}
	rows, err := db.QueryContext(ctx, c.query())
	if err != nil {
		return nil, fmt.Errorf("read features: %w", err)
	}
	defer func() { _ = rows.Close() }()
	reader := newRowReader(p)
	for rows.Next() {
		if err := rows.Scan(reader.targets...); err != nil {
			return nil, fmt.Errorf("read features: %w", err)
		}
		reader.take(s)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read features: %w", err)
	}
	s.Digest = "sha256:" + hex.EncodeToString(reader.sum.Sum(nil))
	s.Frame = Frame{Rows: len(s.Partition), Columns: reader.columns()}
	if err := s.Frame.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", dataset.ErrData, err)
	}
	for row, label := range s.Label {
		if math.IsInf(label, 0) {
			return nil, fmt.Errorf("%w: label %q is infinite in row %d; make it a number or missing", dataset.ErrData, p.Label.Name, row+1)
		}
	}
	return s, nil
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

// rowReader scans the final query's rows into columns and their digest.
type rowReader struct {
	plan         Plan
	targets      []any
	id           int64
	decided      sql.NullTime
	partition    time.Time
	label        sql.NullFloat64
	labelKnownAt sql.NullTime
	numbers      []sql.NullFloat64
	texts        []sql.NullString
	numeric      [][]float64
	categorical  []*levelCoder
	sum          hash.Hash
	buffer       []byte
}

func newRowReader(p Plan) *rowReader {
	n := len(p.Definitions)
	r := &rowReader{
		plan: p, sum: sha256.New(),
		numbers: make([]sql.NullFloat64, n), texts: make([]sql.NullString, n),
		numeric: make([][]float64, n), categorical: make([]*levelCoder, n),
	}
	r.targets = []any{&r.id, &r.decided, &r.partition}
	if p.Label != nil {
		r.targets = append(r.targets, &r.label, &r.labelKnownAt)
	}
	for i, d := range p.Definitions {
		r.text(true, d.Name)
		r.text(true, d.sqlType())
		if d.Type == Categorical {
			r.categorical[i] = &levelCoder{codes: map[string]int32{}}
			r.targets = append(r.targets, &r.texts[i])
		} else {
			r.targets = append(r.targets, &r.numbers[i])
		}
	}
	return r
}

// take appends the row that was scanned last.
func (r *rowReader) take(s *Snapshot) {
	r.canonical()
	date := r.partition.Format(time.DateOnly)
	s.Partition = append(s.Partition, date)
	s.DecidedAt = append(s.DecidedAt, r.decided.Time)
	r.text(true, date)
	r.time(r.decided)
	if r.plan.Label != nil {
		s.Label = append(s.Label, value(r.label))
		s.LabelKnownAt = append(s.LabelKnownAt, r.labelKnownAt.Time)
		r.number(r.label)
		r.time(r.labelKnownAt)
	}
	for i := range r.plan.Definitions {
		if coder := r.categorical[i]; coder != nil {
			coder.take(r.texts[i])
			r.text(r.texts[i].Valid, r.texts[i].String)
		} else {
			r.numeric[i] = append(r.numeric[i], value(r.numbers[i]))
			r.number(r.numbers[i])
		}
	}
	_, _ = r.sum.Write(r.buffer)
	r.buffer = r.buffer[:0]
}

// canonical gives each number one form: NaN, whose bits differ between
// machines, is missing, and zero has no sign.
func (r *rowReader) canonical() {
	one := func(n *sql.NullFloat64) {
		if math.IsNaN(n.Float64) {
			*n = sql.NullFloat64{}
		}
		if n.Float64 == 0 {
			n.Float64 = 0
		}
	}
	one(&r.label)
	for i := range r.numbers {
		one(&r.numbers[i])
	}
}

func value(number sql.NullFloat64) float64 {
	if !number.Valid {
		return math.NaN()
	}
	return number.Float64
}

// number, time and text add a cell to the digest: a presence byte and then the
// value in a form of fixed or stated length, so that no two rows look alike.
func (r *rowReader) number(n sql.NullFloat64) {
	if !n.Valid {
		r.buffer = append(r.buffer, 0)
		return
	}
	r.buffer = binary.BigEndian.AppendUint64(append(r.buffer, 1), math.Float64bits(n.Float64))
}

func (r *rowReader) time(t sql.NullTime) {
	if !t.Valid {
		r.buffer = append(r.buffer, 0)
		return
	}
	r.buffer = binary.BigEndian.AppendUint64(append(r.buffer, 1), uint64(t.Time.UnixMicro()))
}

func (r *rowReader) text(present bool, text string) {
	if !present {
		r.buffer = append(r.buffer, 0)
		return
	}
	r.buffer = binary.BigEndian.AppendUint64(append(r.buffer, 1), uint64(len(text)))
	r.buffer = append(r.buffer, text...)
}

func (r *rowReader) columns() []Column {
	columns := make([]Column, len(r.plan.Definitions))
	for i, d := range r.plan.Definitions {
		if coder := r.categorical[i]; coder != nil {
			columns[i] = Column{Name: d.Name, Kind: Categorical, Codes: coder.assigned, Levels: coder.levels}
		} else {
			columns[i] = NewNumeric(d.Name, r.numeric[i])
		}
	}
	return columns
}

// levelCoder gives each text the number of its first appearance.
type levelCoder struct {
	codes    map[string]int32
	levels   []string
	assigned []int32
}

func (c *levelCoder) take(text sql.NullString) {
	if !text.Valid {
		c.assigned = append(c.assigned, MissingCode)
		return
	}
	code, ok := c.codes[text.String]
	if !ok {
		code = int32(len(c.levels))
		c.codes[text.String] = code
		c.levels = append(c.levels, text.String)
	}
	c.assigned = append(c.assigned, code)
}
