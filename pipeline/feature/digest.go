package feature

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"time"
)

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
