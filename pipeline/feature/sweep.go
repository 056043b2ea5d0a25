package feature

import "math"

// A sweep goes through the observations of one key in order of time, and through
// the key's rows that count at that time.
//
//  1. A row enters when it starts to count: the rows are in that order.
//  2. It leaves each window at its event time plus the window: for each window
//     the same rows are gone through again, in order of their events.
//  3. How many rows have entered, and have left each window, when an observation
//     is decided is noted: totals are made from nothing else.
//  4. What is no total is a summary of the rows that count, which is kept up to
//     date as they come and go, and which each observation reads.
//
// It costs one step for each row, each window of a row and each observation,
// however many rows lie in the windows. Everything is exact or a choice of one
// of the values, so that the order of simultaneous rows is of no account.
type sweep struct {
	// rows are in order of the moments from which they are seen.
	rows    *table
	moments []int64
	// byEvent is the order of their events, which these then are; nil is their own.
	byEvent []int32
	events  []int64
	windows []int64
	// tardy are, for each window, the rows that are known too late to ever be in
	// it; nil is none.
	tardy  [][]bool
	states []state
	// seen is how many rows have entered for each observation, and gone how many of
	// them have left each window.
	seen []int32
	gone [][]int32
	// next is the next row to leave each window.
	next []int32
	// features are those of the observations at hand, in their order, by number;
	// those that are totals are not among them.
	features []*builder
}

// A state is a summary of the rows that count.
type state interface {
	// begin is there before the first row.
	begin()
	// enter takes in a row, which is seen from a moment on.
	enter(t *table, row int, moment int64) error
	// leave takes back a row that leaves a window, by its index.
	leave(t *table, row, window int)
	// read writes the features of observation i, which is decided at time t.
	read(into []*builder, i int, t int64) error
}

// begin makes room for n observations.
func (s *sweep) begin(n int) {
	s.seen = sized(s.seen, n)
	for w := range s.gone {
		s.gone[w] = sized(s.gone[w], n)
	}
	for _, feature := range s.features {
		if feature != nil {
			feature.begin(n)
		}
	}
}

// over sweeps over the rows from one on to another, and over the observations
// from the first one on, by their times, which ascend.
func (s *sweep) over(from, to, first int, times []int64) error {
	end := first + len(times)
	passed(s.seen[first:end], times, s.moments[:to], from, 0)
	for w, window := range s.windows {
		passed(s.gone[w][first:end], times, s.events[:to], from, window)
	}
	if from == to || len(s.states) == 0 {
		return nil // the features are totals, or what they are without rows
	}
	for _, state := range s.states {
		state.begin()
	}
	for w := range s.next {
		s.next[w] = int32(from)
	}
	entering := from
	for i, t := range times {
		for ; entering < int(s.seen[first+i]); entering++ {
			for _, state := range s.states {
				if err := state.enter(s.rows, entering, s.moments[entering]); err != nil {
					return err
				}
			}
		}
		for w := range s.windows {
			for ; s.next[w] < s.gone[w][first+i]; s.next[w]++ {
				s.leave(w, int(s.next[w]))
			}
		}
		for _, state := range s.states {
			if err := state.read(s.features, first+i, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// leave takes back the next row that leaves a window.
func (s *sweep) leave(w, row int) {
	if s.byEvent != nil {
		row = int(s.byEvent[row])
	}
	if s.tardy[w] != nil && s.tardy[w][row] {
		return // it was never in
	}
	for _, state := range s.states {
		state.leave(s.rows, row, w)
	}
}

// passed notes for each time how many rows' moments, from one on, are as long
// before it or longer. Times and moments ascend.
func passed(into []int32, times, moments []int64, from int, length int64) {
	next := from
	for i, t := range times {
		t = before(t, length)
		for next < len(moments) && moments[next] <= t {
			next++
		}
		into[i] = int32(next)
	}
}

// never is later than every time.
const never = math.MaxInt64

// before is a time less a length, or the least time where that has no room.
func before(t, length int64) int64 { return max(t, math.MinInt64+length) - length }

// after is a time plus a length, never where that has no room.
func after(t, length int64) int64 {
	if t > never-length {
		return never
	}
	return t + length
}
