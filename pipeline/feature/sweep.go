package feature

import "math"

// A sweep goes through the observations in order of time and keeps, for each
// key, a summary of the rows that count at that time.
//
//  1. A row enters when it starts to count: the rows are in that order.
//  2. It leaves each window at its event time plus the window: for each window
//     the same rows are gone through again, in order of their events.
//  3. Once all that happens up to a decision has happened, the observation
//     reads the summaries of its key.
//
// It costs one step for each row, each window of a row and each observation,
// however many rows lie in the windows. A sweep is over one part of the keys, so
// that the summaries lie in a processor's caches. Every summary is exact or a choice of
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

// over sweeps over the observations from the given one on, by their times, which
// ascend, and their keys, which number so many.
func (s *sweep) over(first int, times []int64, keys []int32, count int) error {
	for _, state := range s.states {
		state.begin(count)
	}
	for i, t := range times {
		t = min(t, never-1) // a decision that is never made sees all rows that are ever seen
		for s.entering.time <= t {
			for _, state := range s.states {
				if err := state.enter(s.entering); err != nil {
					return err
				}
			}
			s.entering.next()
		}
		for w, leaving := range s.leaving {
			for leaving.time <= t {
				// A row that is known too late to be in the window was never in.
				if max(leaving.event(), leaving.known()) < leaving.time {
					for _, state := range s.states {
						state.leave(leaving, w)
					}
				}
				leaving.next()
			}
		}
		for _, state := range s.states {
			if err := state.read(keys[i], first+i, t); err != nil {
				return err
			}
		}
	}
	return nil
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
