package feature

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"math"
	"slices"
	"time"
)

// digestBlock is how many rows have one sum; digestBuffer is how many bytes it
// takes in at a time, enough to do so at its full speed.
const (
	digestBlock  = 1 << 15
	digestBuffer = 1 << 16
)

// Recompute is the digest over the features' names and types and all rows: of
// each the date, the decision time, the label and the features. Blocks of rows
// are summed up side by side, each column by column, and their sums in order.
func (s *Snapshot) Recompute() string {
	rows := len(s.Partition)
	head := &digester{Hash: sha256.New()}
	head.integer(uint64(rows))
	head.integer(uint64(len(s.Frame.Columns)))
	for _, column := range s.Frame.Columns {
		head.text(column.Name)
		head.text(Definition{Type: column.Kind}.sqlType())
	}
	sums := make([][]byte, (rows+digestBlock-1)/digestBlock)
	each(len(sums), func(i int) { sums[i] = s.sum(i*digestBlock, min(rows, (i+1)*digestBlock)) })
	for _, sum := range sums {
		head.pending = append(head.pending, sum...)
	}
	return "sha256:" + hex.EncodeToString(head.end())
}

// sum is that of the rows from one on to another.
func (s *Snapshot) sum(from, to int) []byte {
	d := &digester{Hash: sha256.New(), pending: make([]byte, 0, 2*digestBuffer)}
	d.runs(s.Partition[from:to])
	d.times(s.DecidedAt[from:to])
	if s.Label != nil {
		d.numbers(s.Label[from:to])
		d.times(s.LabelKnownAt[from:to])
	}
	for i := range s.Frame.Columns {
		if column := &s.Frame.Columns[i]; column.Kind == Numeric {
			d.numbers(column.Numbers[from:to])
		} else {
			d.levels(column.Codes[from:to], column.Levels)
		}
	}
	return d.end()
}

// A digester sums up columns, each value in a form of fixed or stated length, so
// that no two columns of as many rows look alike.
type digester struct {
	hash.Hash
	// pending is what is not summed up yet.
	pending []byte
}

func (d *digester) integer(v uint64) { d.pending = binary.BigEndian.AppendUint64(d.pending, v) }

func (d *digester) text(text string) {
	d.integer(uint64(len(text)))
	d.pending = append(d.pending, text...)
}

// flow sums up what there is once it is much.
func (d *digester) flow() {
	if len(d.pending) >= digestBuffer {
		_, _ = d.Write(d.pending)
		d.pending = d.pending[:0]
	}
}

func (d *digester) end() []byte {
	_, _ = d.Write(d.pending)
	return d.Sum(nil)
}

// runs are texts of which mostly many in a row are equal.
func (d *digester) runs(texts []string) {
	for len(texts) > 0 {
		n := slices.IndexFunc(texts, func(text string) bool { return text != texts[0] })
		if n < 0 {
			n = len(texts)
		}
		d.integer(uint64(n))
		d.text(texts[0])
		d.flow()
		texts = texts[n:]
	}
}

// numbers are their bits, where a missing one has those of Go's NaN.
func (d *digester) numbers(numbers []float64) {
	for part := range slices.Chunk(numbers, digestBuffer/8) {
		d.pending = slices.Grow(d.pending, 8*len(part))
		room := d.pending[len(d.pending) : len(d.pending)+8*len(part)]
		for i, v := range part {
			if math.IsNaN(v) {
				v = math.NaN()
			}
			binary.BigEndian.PutUint64(room[8*i:], math.Float64bits(v))
		}
		d.pending = d.pending[:len(d.pending)+len(room)]
		d.flow()
	}
}

// times are microseconds after a byte that says whether there are any.
func (d *digester) times(times []time.Time) {
	for _, t := range times {
		if t.IsZero() {
			d.pending = append(d.pending, 0)
		} else {
			d.pending = append(d.pending, 1)
			d.integer(uint64(t.UnixMicro()))
		}
		d.flow()
	}
}

// levels are texts after a byte that says whether there is any.
func (d *digester) levels(codes []int32, levels []string) {
	for _, code := range codes {
		if code == MissingCode {
			d.pending = append(d.pending, 0)
		} else {
			d.pending = append(d.pending, 1)
			d.text(levels[code])
		}
		d.flow()
	}
}
