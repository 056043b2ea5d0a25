package feature

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"
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
	s, err := c.snapshot()
	if err != nil {
		return nil, err
	}
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

// snapshot puts together what the tables and the builders hold.
func (c *compiler) snapshot() (*Snapshot, error) {
	n := int(c.count)
	s := &Snapshot{TooEarly: c.tooEarly, Partition: make([]string, n), DecidedAt: make([]time.Time, n)}
	columns := []string{observedID, dataset.Identifier(c.plan.Observations.Partition) + "::TIMESTAMP"}
	if c.plan.Label != nil {
		s.Label, s.LabelKnownAt = make([]float64, n), make([]time.Time, n)
		columns = append(columns, colLabel, colLabelKnown)
	}
	for i, t := range c.times {
		s.DecidedAt[i] = time.UnixMicro(t).UTC()
	}
	day, date := int64(math.MinInt64), ""
	err := c.each(observed, func(chunk dataset.Chunk) {
		days := chunk.Integers(1)
		for row, id := range chunk.Integers(0) {
			// Observations of one day mostly follow one another.
			if days[row] != day {
				day = days[row]
				date = time.UnixMicro(day).UTC().Format(time.DateOnly)
			}
			s.Partition[id-1] = date
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
	}, columns...)
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
	s.Digest = s.Recompute()
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
	return c.each(table.name, func(chunk dataset.Chunk) {
		ids := chunk.Integers(0)
		for i, name := range table.names {
			into, valid := c.builders[name], chunk.Validity(1+i)
			if into.texts != nil {
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
	}, append([]string{table.id}, table.columns...)...)
}

// oneForm gives each number one form: NaN has many, and zero two.
func oneForm(v float64) float64 {
	if math.IsNaN(v) {
		return math.NaN()
	}
	return v + 0 // minus zero becomes zero
}

// A builder fills in a feature, observation by observation.
type builder struct {
	definition Definition
	numbers    []float64
	texts      *levelCoder
}

// begin makes room for n observations, all without rows that count.
func (b *builder) begin(n int) {
	d := b.definition
	nothing := math.NaN()
	if d.Aggregate != nil && slices.Contains([]string{"count", "sum", "distinct"}, d.Aggregate.Function) {
		nothing = 0
	}
	if d.Type == Categorical {
		b.texts = &levelCoder{codes: map[string]int32{}, assigned: make([]int32, n)}
		for i := range n {
			b.number(i, nothing)
		}
		return
	}
	b.numbers = make([]float64, n)
	if nothing != 0 {
		for i := range b.numbers {
			b.numbers[i] = nothing
		}
	}
}

// number sets a number; NaN is none. The level of a number is its shortest text.
func (b *builder) number(i int, v float64) {
	switch {
	case b.texts == nil:
		b.numbers[i] = oneForm(v)
	case math.IsNaN(v):
		b.texts.assigned[i] = MissingCode
	default:
		b.texts.assign(i, strconv.FormatFloat(oneForm(v), 'f', -1, 64))
	}
}

func (b *builder) text(i int, text string) { b.texts.assign(i, text) }

func (b *builder) column(name string) Column {
	if b.texts == nil {
		return NewNumeric(name, b.numbers)
	}
	b.texts.renumber()
	return Column{Name: name, Kind: Categorical, Codes: b.texts.assigned, Levels: b.texts.levels}
}

// A levelCoder gives each text a number. Sweeps assign texts side by side.
type levelCoder struct {
	lock     sync.Mutex
	codes    map[string]int32
	levels   []string
	assigned []int32
}

func (c *levelCoder) assign(i int, text string) {
	c.lock.Lock()
	defer c.lock.Unlock()
	code, ok := c.codes[text]
	if !ok {
		code = int32(len(c.levels))
		c.codes[text] = code
		c.levels = append(c.levels, text)
	}
	c.assigned[i] = code
}

// renumber gives the texts their numbers in the order in which observations
// first have them, and forgets those that none has.
func (c *levelCoder) renumber() {
	codes := make([]int32, len(c.levels))
	for i := range codes {
		codes[i] = MissingCode
	}
	var levels []string
	for i, code := range c.assigned {
		if code == MissingCode {
			continue
		}
		if codes[code] == MissingCode {
			codes[code] = int32(len(levels))
			levels = append(levels, c.levels[code])
		}
		c.assigned[i] = codes[code]
	}
	c.levels = levels
}

// Recompute is the digest over the features' names and types and all rows: of
// each the date, the decision time, the label and the features.
func (s *Snapshot) Recompute() string {
	d := newDigester()
	for _, column := range s.Frame.Columns {
		d.text(column.Name)
		d.text(Definition{Type: column.Kind}.sqlType())
	}
	for i, date := range s.Partition {
		d.text(date)
		d.time(s.DecidedAt[i], !s.DecidedAt[i].IsZero())
		if s.Label != nil {
			d.number(s.Label[i])
			d.time(s.LabelKnownAt[i], !s.LabelKnownAt[i].IsZero())
		}
		for j := range s.Frame.Columns {
			column := &s.Frame.Columns[j]
			switch {
			case column.Kind == Numeric:
				d.number(column.Numbers[i])
			case column.Codes[i] == MissingCode:
				d.nothing()
			default:
				d.text(column.Levels[column.Codes[i]])
			}
		}
		d.flush()
	}
	return d.end()
}

// A digester digests cells: of each a presence byte and then the value in a
// form of fixed or stated length, so that no two rows look alike. The sum is
// taken of one buffer while the next one fills.
type digester struct {
	buffer []byte
	full   chan []byte
	empty  chan []byte
	sum    chan []byte
}

const digestBuffer = 1 << 16

func newDigester() *digester {
	d := &digester{full: make(chan []byte, 1), empty: make(chan []byte, 2), sum: make(chan []byte, 1)}
	d.empty <- nil
	go func() {
		sum := sha256.New()
		for buffer := range d.full {
			_, _ = sum.Write(buffer)
			d.empty <- buffer[:0]
		}
		d.sum <- sum.Sum(nil)
	}()
	return d
}

func (d *digester) nothing() { d.buffer = append(d.buffer, 0) }

func (d *digester) number(v float64) {
	if math.IsNaN(v) {
		d.nothing()
		return
	}
	d.buffer = binary.BigEndian.AppendUint64(append(d.buffer, 1), math.Float64bits(v))
}

func (d *digester) time(t time.Time, present bool) {
	if !present {
		d.nothing()
		return
	}
	d.buffer = binary.BigEndian.AppendUint64(append(d.buffer, 1), uint64(t.UnixMicro()))
}

func (d *digester) text(text string) {
	d.buffer = binary.BigEndian.AppendUint64(append(d.buffer, 1), uint64(len(text)))
	d.buffer = append(d.buffer, text...)
}

// flush hands on what is enough for the sum to be taken at its full speed.
func (d *digester) flush() {
	if len(d.buffer) >= digestBuffer {
		d.full <- d.buffer
		d.buffer = <-d.empty
	}
}

// end is the digest of all cells.
func (d *digester) end() string {
	d.full <- d.buffer
	close(d.full)
	return "sha256:" + hex.EncodeToString(<-d.sum)
}
