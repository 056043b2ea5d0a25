package feature

import (
	"cmp"
	"slices"
)

// A sweeper sweeps over one part of the keys after the other, and keeps the room
// that it needs.
type sweeper struct {
	sweep
	drawing *drawing
	// into are the features of all observations.
	into []*builder
	// byKey, byEvents and observed are orders: of a part's rows, of these once they
	// are in that order, and of its observations.
	byKey, byEvents, observed grouping
	// room is for what is not in order.
	room struct {
		rows                   table
		moments, times, events []int64
		tardy                  [][]bool
	}
	totals totals
}

func newSweeper(d *drawing, p *pass) *sweeper {
	windows := len(p.windows)
	s := &sweeper{drawing: d, into: p.features, totals: p.totals, sweep: sweep{
		windows: p.windows, next: make([]int32, windows), gone: make([][]int32, windows), tardy: make([][]bool, windows), states: p.states(),
	}}
	s.room.tardy = make([][]bool, windows)
	s.features = make([]*builder, len(p.features))
	for i, into := range p.features {
		if !p.totals.makes(i) {
			s.features[i] = into.like()
		}
	}
	return s
}

// A part is the rows and the observations of some keys, which in it are numbered
// from zero.
type part struct {
	keys int
	rows table
	// rowKeys are the rows' keys, and observed the observations'.
	rowKeys, observed []int32
	times             []int64
	// first is where the first observation's features go.
	first int
}

func (s *sweeper) over(p part) error {
	s.arrange(&p)
	s.observed.by(p.observed, p.keys)
	s.room.times = reordered(s.room.times, p.times, s.observed.order)
	for i, t := range s.room.times {
		s.room.times[i] = min(t, never-1) // a decision that is never made sees all rows that are ever seen
	}
	s.begin(len(p.times))
	for key := range p.keys {
		from, to := s.byKey.of(key)
		first, end := s.observed.of(key)
		if first == end {
			continue
		}
		if err := s.sweep.over(from, to, first, s.room.times[first:end]); err != nil {
			return err
		}
	}
	for i, feature := range s.features {
		if feature != nil {
			s.into[i].take(feature, p.first, s.observed.order)
		}
	}
	return s.totals.over(&s.sweep, s.into, p.first, s.observed.order)
}

// arrange puts a part's rows in order of their keys and, of each key, of the
// moments from which they are seen.
func (s *sweeper) arrange(p *part) {
	s.byKey.by(p.rowKeys, p.keys)
	s.byKey.sort(func(row int32) int64 { return s.drawing.moment(p.rows.events[row], p.rows.known(int(row))) })
	s.rows = &p.rows
	if !s.byKey.asTheyAre() {
		s.room.rows.reorder(p.rows, s.byKey.order)
		s.rows = &s.room.rows
	}
	s.room.moments = sized(s.room.moments, len(s.rows.events))
	for row, event := range s.rows.events {
		s.room.moments[row] = s.drawing.moment(event, s.rows.known(row))
	}
	s.moments, s.byEvent, s.events = s.room.moments, nil, s.rows.events
	if len(s.windows) == 0 {
		return
	}
	s.byEvents.like(s.byKey)
	s.byEvents.sort(func(row int32) int64 { return s.rows.events[row] })
	if !s.byEvents.asTheyAre() {
		s.byEvent = s.byEvents.order
		s.room.events = reordered(s.room.events, s.rows.events, s.byEvent)
		s.events = s.room.events
	}
	for w, window := range s.windows {
		s.tardy[w] = s.late(w, window)
	}
}

// late are the rows that are known too late to ever be in a window.
func (s *sweeper) late(w int, window int64) []bool {
	if s.rows.knowns == nil {
		return nil // all are known at once
	}
	late := sized(s.room.tardy[w], len(s.moments))
	s.room.tardy[w] = late
	some := false
	for row, moment := range s.moments {
		late[row] = moment >= after(s.rows.events[row], window)
		some = some || late[row]
	}
	if !some {
		return nil
	}
	return late
}

// A grouping is an order of things, in which those of a key lie side by side.
type grouping struct {
	order []int32
	// starts are where the keys' things begin, and then the end.
	starts []int32
}

// by groups things by their keys, which number so many. Each key's are in their
// own order.
func (g *grouping) by(keys []int32, count int) {
	g.starts = append(g.starts[:0], make([]int32, count+1)...)
	for _, key := range keys {
		g.starts[key+1]++
	}
	for key := range count {
		g.starts[key+1] += g.starts[key]
	}
	g.order = sized(g.order, len(keys))
	for i, key := range keys {
		g.order[g.starts[key]] = int32(i)
		g.starts[key]++
	}
	// Each key begins where the one before it has now ended.
	copy(g.starts[1:], g.starts[:count])
	g.starts[0] = 0
}

// like groups the things of another grouping, now that they are in its order.
func (g *grouping) like(o grouping) {
	g.starts = o.starts
	g.order = sized(g.order, len(o.order))
	for i := range g.order {
		g.order[i] = int32(i)
	}
}

// of is where in the order a key's things are.
func (g *grouping) of(key int) (from, to int) { return int(g.starts[key]), int(g.starts[key+1]) }

// asTheyAre says whether the order is that of the things themselves.
func (g *grouping) asTheyAre() bool { return slices.IsSorted(g.order) }

// sort orders each key's things by their times.
func (g *grouping) sort(time func(int32) int64) {
	for key := range len(g.starts) - 1 {
		from, to := g.of(key)
		own := g.order[from:to]
		for i := 1; i < len(own); i++ {
			if time(own[i]) < time(own[i-1]) {
				slices.SortFunc(own, func(a, b int32) int { return cmp.Compare(time(a), time(b)) })
				break
			}
		}
	}
}
