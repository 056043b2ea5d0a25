package feature

import (
	"context"
	"database/sql"
	"errors"
	"math"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// A sweep goes through the observations in order of time and keeps, for each
// key, a summary of the rows that count at that time.
//
//  1. A row enters when it starts to count. The first cursor reads the rows in
//     that order.
//  2. It leaves each window at its event time plus the window. For each window
//     another cursor reads the same rows in order of their events, so that what
//     is in a window need not be kept in memory.
//  3. Once all that happens up to a decision has happened, the observation
//     reads the summaries of its key.
//
// It costs one step for each row, each window of a row and each observation,
// however many rows lie in the windows. Every summary is exact or a choice of
// one of the values, so that the order of simultaneous rows is of no account.
type sweep struct {
	entering *rows
	leaving  []*rows
	states   []state
}

// A state is a summary of the rows that count, for each key.
type state interface {
	// begin makes room for a number of keys.
	begin(keys int)
	// enter takes in the row at hand.
	enter(r *rows) error
	// leave takes back a row that leaves a window, by its index.
	leave(r *rows, window int)
	// read writes the features of observation i, which has the key and is
	// decided at time t.
	read(key int32, i int, t int64) error
}

// over sweeps over observations, given by their times, which ascend, and their
// keys.
func (s *sweep) over(times []int64, keys keys) error {
	for _, state := range s.states {
		state.begin(keys.count)
	}
	for i, t := range times {
		key := keys.of[i]
		t = min(t, never-1) // a decision that is never made sees all rows that are ever seen
		for s.entering.time <= t {
			for _, state := range s.states {
				if err := state.enter(s.entering); err != nil {
					return err
				}
			}
			if err := s.entering.next(); err != nil {
				return err
			}
		}
		for w, leaving := range s.leaving {
			for leaving.time <= t {
				// A row that is known too late to be in the window was never in.
				if max(leaving.event(), leaving.known()) < leaving.time {
					for _, state := range s.states {
						state.leave(leaving, w)
					}
				}
				if err := leaving.next(); err != nil {
					return err
				}
			}
		}
		if key < 0 {
			continue
		}
		for _, state := range s.states {
			if err := state.read(key, i, t); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *sweep) close() error {
	var err error
	for _, r := range append(s.leaving, s.entering) {
		if r != nil {
			err = errors.Join(err, r.cursor.Close())
		}
	}
	return err
}

// A columnKind is what a column of rows is in Go.
type columnKind int

const (
	decimalColumn columnKind = iota // DECIMAL(38, 9), or DECIMAL(18, 9) where all have room
	numberColumn                    // DOUBLE
	integerColumn                   // BIGINT
	textColumn                      // VARCHAR
)

// rows are a table's rows, in its order, with the one at hand.
type rows struct {
	cursor *dataset.Cursor
	kinds  []columnKind
	narrow bool
	// moment is when a row is due; time is that of the row at hand, and the end
	// of all time after the last one.
	moment func(event, known int64) int64
	time   int64
	// at is the row at hand in the chunk.
	chunk                dataset.Chunk
	at                   int
	keys, events, knowns []int64
	// columns are the chunk's further columns.
	columns []values
}

// values are a column's part in a chunk; the slice of its kind is set.
type values struct {
	decimals []dataset.Huge
	numbers  []float64
	integers []int64
	texts    []dataset.Text
	valid    dataset.Validity
}

// never is later than every time.
const never = math.MaxInt64

// readRows reads columns of a table and takes its first row in hand. They are
// the key's number, the event time, the known-at time and those of the given
// kinds, of which narrow decimals have 18 digits.
func readRows(ctx context.Context, db *sql.DB, table string, columns []string, kinds []columnKind, narrow bool, moment func(event, known int64) int64) (*rows, error) {
	cursor, err := dataset.NewCursor(ctx, db, table, columns...)
	if err != nil {
		return nil, err
	}
	r := &rows{cursor: cursor, kinds: kinds, narrow: narrow, moment: moment, columns: make([]values, len(kinds)), at: -1}
	if err := r.next(); err != nil {
		return nil, errors.Join(err, cursor.Close())
	}
	return r, nil
}

func (r *rows) key() int64   { return r.keys[r.at] }
func (r *rows) event() int64 { return r.events[r.at] }
func (r *rows) known() int64 { return r.knowns[r.at] }

// next takes the next row in hand. Rows whose key no observation has are
// passed over.
func (r *rows) next() error {
	for {
		r.at++
		if r.at >= r.chunk.Rows {
			chunk, ok, err := r.cursor.Next()
			if err != nil {
				return err
			}
			if !ok {
				r.chunk, r.time = dataset.Chunk{}, never
				return nil
			}
			r.load(chunk)
		}
		if r.keys[r.at] >= 0 {
			r.time = r.moment(r.events[r.at], r.knowns[r.at])
			return nil
		}
	}
}

func (r *rows) load(chunk dataset.Chunk) {
	r.chunk, r.at = chunk, 0
	r.keys, r.events, r.knowns = chunk.Integers(0), chunk.Integers(1), chunk.Integers(2)
	for i, kind := range r.kinds {
		column := values{valid: chunk.Validity(3 + i)}
		switch kind {
		case decimalColumn:
			if r.narrow {
				column.integers = chunk.Integers(3 + i)
			} else {
				column.decimals = chunk.Huges(3 + i)
			}
		case numberColumn:
			column.numbers = chunk.Numbers(3 + i)
		case integerColumn:
			column.integers = chunk.Integers(3 + i)
		case textColumn:
			column.texts = chunk.Texts(3 + i)
		}
		r.columns[i] = column
	}
}

// valid says whether the row at hand has a value in a column.
func (r *rows) valid(column int) bool { return r.columns[column].valid.Valid(r.at) }

func (r *rows) decimal(column int) int128 {
	c := &r.columns[column]
	if c.decimals == nil {
		v := c.integers[r.at]
		return int128{uint64(v), v >> 63}
	}
	v := c.decimals[r.at]
	return int128{v.Low, v.High}
}

func (r *rows) number(column int) float64 { return r.columns[column].numbers[r.at] }

func (r *rows) integer(column int) int64 { return r.columns[column].integers[r.at] }

func (r *rows) text(column int) string { return r.columns[column].texts[r.at].String() }

// after is a time plus a length, never where that has no room.
func after(t, length int64) int64 {
	if t > never-length {
		return never
	}
	return t + length
}
