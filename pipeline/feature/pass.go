package feature

import (
	"errors"
	"runtime"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// A pass is one sweep through the rows of a drawing, by one key.
type pass struct {
	match
	keys *keys
	// columns are those of the drawing that are used, by index.
	columns  []int
	features []*builder
	windows  []int64
	totals   totals
	extremes []*extremes
	last     []*lastRows
	distinct []*distinctValues
	lookups  lookups
}

// pass sweeps over the parts of the keys side by side. The features are part by
// part until all are there.
func (c *compiler) pass(d *drawing, number int, blocks []block) error {
	p := d.passes[number]
	rows := newPartitioned(p, number, blocks)
	if number == len(d.passes)-1 {
		clear(blocks) // no other pass needs them
		runtime.GC()  // and they are as large as the features
	}
	observed := c.observed(p.keys)
	if p.keys.passes--; p.keys.passes == 0 {
		p.keys.of = nil
	}
	p.totals.arrange()
	for _, into := range p.features {
		into.room(int(c.count))
		into.fill(observed.size())
	}
	if err := sideBySide(observed.parts(), func(int) func(int) error {
		s := newSweeper(d, p)
		return func(i int) error {
			part := rows.part(i)
			first, end := observed.starts[i], observed.starts[i+1]
			part.observed, part.times, part.first = observed.keys[first:end], observed.times[first:end], int(first)
			return errors.Join(c.ctx.Err(), s.over(part))
		}
	}); err != nil {
		return err
	}
	rows, observed.times, observed.keys = nil, nil, nil // room for the features' own order
	observed.partition = nil
	return sideBySide(len(p.features), func(worker int) func(int) error {
		return func(i int) error {
			c.restorers[worker].restore(p.features[i], observed.places)
			return nil
		}
	})
}

// partitionedRows are a pass's rows, part by part.
type partitionedRows struct {
	*partition
	table
	keys []int32
}

func newPartitioned(p *pass, number int, blocks []block) *partitionedRows {
	keys := make([][]int32, len(blocks))
	for i, b := range blocks {
		keys[i] = b.keys[number]
	}
	r := &partitionedRows{partition: newPartition(keys, p.keys.count)}
	n := r.size()
	r.keys, r.table = make([]int32, n), newTable(n, p.columns, blocks)
	each(len(blocks), func(i int) {
		places := make([]int32, len(keys[i]))
		r.place(i, places, r.keys)
		r.put(blocks[i].table, p.columns, places)
	})
	r.placed()
	return r
}

func (r *partitionedRows) part(i int) part {
	from, to := int(r.starts[i]), int(r.starts[i+1])
	return part{keys: r.width(), rows: r.table.part(from, to), rowKeys: r.keys[from:to]}
}

// partitionedObservations are the observations by one key, part by part.
type partitionedObservations struct {
	*partition
	keys  []int32
	times []int64
	// places are by observation.
	places []int32
}

// observed partitions the observations.
func (c *compiler) observed(k *keys) *partitionedObservations {
	const block = 1 << 16
	o := &partitionedObservations{partition: newPartition(slices.Collect(slices.Chunk(k.of, block)), k.count), places: make([]int32, c.count)}
	o.keys, o.times = make([]int32, o.size()), make([]int64, o.size())
	each(len(o.blocks), func(i int) {
		from := i * block
		places := o.places[from:][:len(o.blocks[i])]
		o.place(i, places, o.keys)
		for j, at := range places {
			if int(at) < len(o.times) {
				o.times[at] = c.times[from+j]
			}
		}
	})
	o.placed()
	return o
}

// states are what the sweep of a part keeps up to date row by row.
func (p *pass) states() []state {
	var all []state
	if len(p.lookups.outputs) > 0 {
		own := p.lookups
		all = append(all, &own)
	}
	for _, x := range p.extremes {
		own := *x
		all = append(all, &own)
	}
	for _, l := range p.last {
		own := *l
		all = append(all, &own)
	}
	for _, d := range p.distinct {
		own := *d
		all = append(all, &own)
	}
	return all
}

// sideBySide does n things, as many at a time as there are processors. Each
// worker is made first, by its number.
func sideBySide(n int, worker func(number int) func(i int) error) error {
	var next atomic.Int64
	var group errgroup.Group
	for number := range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			do := worker(number)
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return nil
				}
				if err := do(i); err != nil {
					return err
				}
			}
		})
	}
	return group.Wait()
}

// each is sideBySide for what cannot fail.
func each(n int, do func(i int)) {
	_ = sideBySide(n, func(int) func(int) error {
		return func(i int) error { do(i); return nil }
	})
}
