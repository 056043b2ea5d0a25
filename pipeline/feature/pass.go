package feature

import (
	"errors"
	"fmt"
	"runtime"
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
func (c *compiler) pass(d *drawing, p *pass) error {
	rows, err := c.rowsOf(d, p)
	if err != nil {
		return err
	}
	observed := newPartition(p.keys.of, p.keys.count)
	places := observed.places()
	times, of := make([]int64, observed.size()), make([]int32, observed.size())
	for i, key := range p.keys.of {
		if key >= 0 {
			times[places[i]], of[places[i]] = c.times[i], observed.within(key)
		}
	}
	p.totals.arrange(len(p.windows))
	for _, into := range p.features {
		into.room(int(c.count))
		into.fill(observed.size())
	}
	if err := sideBySide(observed.parts(), func(int) func(int) error {
		s := newSweeper(d, p)
		return func(i int) error {
			part := rows.part(i)
			first, end := observed.starts[i], observed.starts[i+1]
			part.observed, part.times, part.first = of[first:end], times[first:end], first
			return errors.Join(c.ctx.Err(), s.over(part))
		}
	}); err != nil {
		return err
	}
	rows, times, of = nil, nil, nil // room for the features' own order
	return sideBySide(len(p.features), func(worker int) func(int) error {
		return func(i int) error {
			c.restorers[worker].restore(p.features[i], places)
			return nil
		}
	})
}

// partitioned are a pass's rows, part by part.
type partitioned struct {
	partition
	table table
	// within are the rows' keys among those of their part.
	keys []int32
}

func (c *compiler) rowsOf(d *drawing, p *pass) (*partitioned, error) {
	var count int
	if err := c.db.QueryRowContext(c.ctx, "SELECT count(*) FROM "+sourceTable(d.source)).Scan(&count); err != nil {
		return nil, fmt.Errorf("build features: %w", err)
	}
	numbers, err := c.numbers(p.keys, p.match.columns(), sourceTable(d.source), d.condition(c), count, false)
	if err != nil {
		return nil, err
	}
	r := &partitioned{partition: newPartition(numbers, p.keys.count)}
	places := r.places()
	r.keys = make([]int32, r.size())
	for i, key := range numbers {
		if key >= 0 {
			r.keys[places[i]] = r.within(key)
		}
	}
	r.partition.keys = nil
	r.table, err = c.table(d, p, places, r.size())
	return r, err
}

func (r *partitioned) part(i int) part {
	from, to := r.starts[i], r.starts[i+1]
	return part{keys: r.width(), rows: r.table.part(from, to), rowKeys: r.keys[from:to]}
}

// states are what the sweep of a part keeps.
func (p *pass) states() []state {
	var all []state
	if len(p.lookups.outputs) > 0 {
		own := p.lookups
		all = append(all, &own)
	}
	if len(p.totals.outputs) > 0 {
		own := p.totals
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
