package feature

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
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
// are summed up side by side, and their sums in order.
func (s *Snapshot) Recompute() string {
	rows := len(s.Partition)
	head := binary.BigEndian.AppendUint64(nil, uint64(rows))
	head = binary.BigEndian.AppendUint64(head, uint64(len(s.Frame.Columns)))
	for _, column := range s.Frame.Columns {
		head = digestText(head, column.Name)
		head = digestText(head, Definition{Type: column.Kind}.sqlType())
	}
	sums := make([][sha256.Size]byte, (rows+digestBlock-1)/digestBlock)
	each(len(sums), func(i int) { sums[i] = s.sum(i*digestBlock, min(rows, (i+1)*digestBlock)) })
	sum := sha256.New()
	_, _ = sum.Write(head)
	for i := range sums {
		_, _ = sum.Write(sums[i][:])
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil))
}

// sum is that of the rows between two.
func (s *Snapshot) sum(from, to int) (out [sha256.Size]byte) {
	sum, row := sha256.New(), make([]byte, 0, 2*digestBuffer)
	for i := from; i < to; i++ {
		row = digestText(row, s.Partition[i])
		row = digestTime(row, s.DecidedAt[i])
		if s.Label != nil {
			row = digestNumber(row, s.Label[i])
			row = digestTime(row, s.LabelKnownAt[i])
		}
		row = digestCells(row, s.Frame.Columns, i)
		if len(row) >= digestBuffer || i == to-1 {
			_, _ = sum.Write(row)
			row = row[:0]
		}
	}
	return [sha256.Size]byte(sum.Sum(nil))
}

// digestCells adds a row of features. All of it is one look for room: a digest is
// mostly numbers, and many.
func digestCells(row []byte, columns []Column, i int) []byte {
	row = slices.Grow(row, numberSize*len(columns))
	end := len(row)
	room := row[:cap(row)]
	for j := range columns {
		column := &columns[j]
		switch {
		case column.Kind == Numeric:
			v := column.Numbers[i]
			if math.IsNaN(v) {
				v = math.NaN()
			}
			binary.BigEndian.PutUint64(room[end:end+numberSize:end+numberSize], math.Float64bits(v))
			end += numberSize
		case column.Codes[i] == MissingCode:
			room[end] = 0
			end++
		default:
			row = digestText(room[:end], column.Levels[column.Codes[i]])
			row = slices.Grow(row, numberSize*(len(columns)-j))
			end, room = len(row), row[:cap(row)]
		}
	}
	return room[:end]
}

// numberSize is what a number of a feature takes in a digest: its bits, where a
// missing one has those of Go's NaN.
const numberSize = 8

// Any other cell is digested as a presence byte and then the value in a form of
// fixed or stated length, so that no two rows look alike.

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
