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
	row := d.buffer()
	for _, column := range s.Frame.Columns {
		row = digestText(row, column.Name)
		row = digestText(row, Definition{Type: column.Kind}.sqlType())
	}
	for i, date := range s.Partition {
		row = digestText(row, date)
		row = digestTime(row, s.DecidedAt[i])
		if s.Label != nil {
			row = digestNumber(row, s.Label[i])
			row = digestTime(row, s.LabelKnownAt[i])
		}
		for j := range s.Frame.Columns {
			column := &s.Frame.Columns[j]
			switch {
			case column.Kind == Numeric:
				row = digestNumber(row, column.Numbers[i])
			case column.Codes[i] == MissingCode:
				row = append(row, 0)
			default:
				row = digestText(row, column.Levels[column.Codes[i]])
			}
		}
		if len(row) >= digestBuffer {
			row = d.write(row)
		}
	}
	return d.end(row)
}

// A cell is digested as a presence byte and then the value in a form of fixed or
// stated length, so that no two rows look alike.

func digestNumber(row []byte, v float64) []byte {
	if math.IsNaN(v) {
		return append(row, 0)
	}
	return binary.BigEndian.AppendUint64(append(row, 1), math.Float64bits(v))
}

func digestTime(row []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(row, 0)
	}
	return binary.BigEndian.AppendUint64(append(row, 1), uint64(t.UnixMicro()))
}

func digestText(row []byte, text string) []byte {
	return append(binary.BigEndian.AppendUint64(append(row, 1), uint64(len(text))), text...)
}

// A digester takes the sum of one buffer while the next one is filled.
type digester struct {
	full, empty, sum chan []byte
}

// digestBuffer is enough for the sum to be taken at its full speed.
const digestBuffer = 1 << 16

func newDigester() *digester {
	d := &digester{full: make(chan []byte, 1), empty: make(chan []byte, 3), sum: make(chan []byte, 1)}
	for range cap(d.empty) {
		d.empty <- make([]byte, 0, 2*digestBuffer)
	}
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

// buffer is one to fill.
func (d *digester) buffer() []byte { return <-d.empty }

// write hands on a buffer and returns the next one.
func (d *digester) write(buffer []byte) []byte {
	d.full <- buffer
	return d.buffer()
}

// end is the digest of all that was written, and of a last buffer.
func (d *digester) end(last []byte) string {
	d.full <- last
	close(d.full)
	return "sha256:" + hex.EncodeToString(<-d.sum)
}
