package feature

import "math"

// A sweep goes through the observations of one key in order of time and keeps a
// summary of the key's rows that count at that time.
//
//  1. A row enters when it starts to count: the rows are in that order.
//  2. It leaves each window at its event time plus the window: for each window
//     the same rows are gone through again, in order of their events.
//  3. Once all that happens up to a decision has happened, the observation
//     reads the summary.
//
// It costs one step for each row, each window of a row and each observation,
// however many rows lie in the windows. Every summary is exact or a choice of one
// of the values, so that the order of simultaneous rows is of no account.
type sweep struct {
	// rows are in order of the moments from which they are seen.
	rows    *table
	moments []int64
	// byEvent is the order of their events; nil is their own.
	byEvent []int32
	windows []int64
	states  []state
	// next is the next row to leave each window, in that order.
	next []int
	// features are those of the observations at hand, in their order.
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

// over sweeps over the rows from one on to another, and over the observations
// from the first one on, by their times, which ascend.
func (s *sweep) over(from, to, first int, times []int64) error {
	for _, state := range s.states {
		state.begin()
	}
	for w := range s.next {
		s.next[w] = from
	}
	entering := from
	for i, t := range times {
		t = min(t, never-1) // a decision that is never made sees all rows that are ever seen
		for entering < to && s.moments[entering] <= t {
			for _, state := range s.states {
				if err := state.enter(s.rows, entering, s.moments[entering]); err != nil {
					return err
				}
			}
			entering++
		}
		for w, window := range s.windows {
			s.next[w] = s.leave(w, window, s.next[w], to, t)
		}
		for _, state := range s.states {
			if err := state.read(s.features, first+i, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// leave takes back the rows that leave a window up to time t, of those from the
// next one on, and tells which is then next.
func (s *sweep) leave(w int, window int64, next, to int, t int64) int {
	for next < to {
		row := next
		if s.byEvent != nil {
			row = int(s.byEvent[next])
		}
		event := s.rows.events[row]
		end := after(event, window)
		if end > t {
			break
		}
		// A row that is known too late to be in the window was never in.
		if max(event, s.rows.known(row)) < end {
			for _, state := range s.states {
				state.leave(s.rows, row, w)
			}
		}
		next++
	}
	return next
}

// never is later than every time.
const never = math.MaxInt64

// after is a time plus a length, never where that has no room.
func after(t, length int64) int64 {
	if t > never-length {
		return never
	}
	return t + length
}
