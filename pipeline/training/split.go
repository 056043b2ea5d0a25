package training

import (
	"fmt"
	"slices"
	"time"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/feature"
)

// day is how long a partition is.
const day = 24 * time.Hour

// periods are the two sides of a split by time.
type periods struct {
	// lastDay is the last partition before the cut-off.
	lastDay string
	// evaluateFrom is the first partition of the evaluation, and evaluateTo the
	// one after its last.
	evaluateFrom, evaluateTo string
	// trainedBy is when training must have known a label: midnight UTC before the
	// evaluation. decidedBy is that less the gap, and decidedFrom that less the
	// window, or zero.
	trainedBy, decidedBy, decidedFrom time.Time
	// labelledBy is when the evaluation must have known a label.
	labelledBy time.Time
	// grouped keeps entities that are trained on out of the evaluation.
	grouped bool
}

// split works out the periods of a cut-off date.
func split(s pipeline.Split, until string) (periods, error) {
	cutOff, err := time.Parse(time.DateOnly, until)
	if err != nil {
		return periods{}, fmt.Errorf("the cut-off %q is not a date; write it as 2013-09-01", until)
	}
	return between(s, cutOff.Add(-s.Holdout.Duration), cutOff, cutOff), nil
}

// between are the periods of an evaluation of whole days.
func between(s pipeline.Split, from, to, labelledBy time.Time) periods {
	p := periods{
		lastDay:      to.AddDate(0, 0, -1).Format(time.DateOnly),
		evaluateFrom: from.Format(time.DateOnly),
		evaluateTo:   to.Format(time.DateOnly),
		trainedBy:    from,
		decidedBy:    from.Add(-s.Gap.Duration),
		labelledBy:   labelledBy,
		grouped:      s.Group,
	}
	if s.Window.Duration > 0 {
		p.decidedFrom = p.decidedBy.Add(-s.Window.Duration)
	}
	return p
}

// A division is which rows of a snapshot are on each side of a split, in order.
type division struct {
	train, test []int
	// late counts rows decided early enough to be trained on whose label became
	// known too late for that.
	late int
	// dropped counts rows that are not evaluated because training has their entity.
	dropped int
}

// divide picks from some rows those of each side. A label that was not known in
// time belongs to neither.
func (p periods) divide(o *observations, among []int) division {
	var d division
	for _, i := range among {
		at := o.LabelKnownAt[i]
		if !known(o.Label[i]) || at.IsZero() {
			continue
		}
		switch decided, partition := o.DecidedAt[i], o.Partition[i]; {
		case partition < p.evaluateFrom && decided.Before(p.decidedBy) && !decided.Before(p.decidedFrom):
			if at.After(p.trainedBy) {
				d.late++
			} else {
				d.train = append(d.train, i)
			}
		case partition >= p.evaluateFrom && partition < p.evaluateTo && !decided.Before(p.trainedBy) && !at.After(p.labelledBy):
			d.test = append(d.test, i)
		}
	}
	if p.grouped {
		trained := map[int64]bool{}
		for _, i := range d.train {
			trained[o.Entity[i]] = true
		}
		all := len(d.test)
		d.test = slices.DeleteFunc(d.test, func(i int) bool { return trained[o.Entity[i]] })
		d.dropped = all - len(d.test)
	}
	return d
}

// observations are a snapshot whose rows are known apart.
type observations struct {
	*feature.Snapshot
	*feature.Identities
	values, whole []digest
}

func identified(s *feature.Snapshot, ids *feature.Identities) (*observations, error) {
	if len(ids.Key) != s.Frame.Rows {
		return nil, fmt.Errorf("the snapshot has %d observations and %d keys", s.Frame.Rows, len(ids.Key))
	}
	o := &observations{Snapshot: s, Identities: ids}
	o.values, o.whole = digests(s, ids.Entity)
	return o, nil
}

// all are the indexes of all rows.
func (o *observations) all() []int {
	rows := make([]int, o.Frame.Rows)
	for i := range rows {
		rows[i] = i
	}
	return rows
}

// entities are those of some rows, nil where observations have none.
func (o *observations) entities(rows []int) []int64 {
	if o.Entity == nil {
		return nil
	}
	entities := make([]int64, len(rows))
	for i, row := range rows {
		entities[i] = o.Entity[row]
	}
	return entities
}

// labelDelay is how long after the decision 99 of 100 labels are known, of those
// that are known by the cut-off; 0 where there are none. The hundredth may be a
// correction of years later.
func (o *observations) labelDelay(p periods) time.Duration {
	var delays []time.Duration
	for i, label := range o.Label {
		if at := o.LabelKnownAt[i]; known(label) && !at.IsZero() && !at.After(p.labelledBy) {
			delays = append(delays, at.Sub(o.DecidedAt[i]))
		}
	}
	if len(delays) == 0 {
		return 0
	}
	slices.Sort(delays)
	return max(0, delays[(99*len(delays)+99)/100-1])
}
