package training

import (
	"fmt"
	"time"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/feature"
)

// periods are the two sides of a split by time.
type periods struct {
	// lastDay is the last partition before the cut-off.
	lastDay string
	// evaluateFrom is the first partition of the evaluation.
	evaluateFrom string
	// trainedBy is when training must have known a label: midnight UTC before the
	// evaluation. decidedBy is that less the gap.
	trainedBy, decidedBy time.Time
	// cutOff is when the evaluation must have known a label.
	cutOff time.Time
}

// split works out the periods of a cut-off date.
func split(s pipeline.Split, until string) (periods, error) {
	cutOff, err := time.Parse(time.DateOnly, until)
	if err != nil {
		return periods{}, fmt.Errorf("the cut-off %q is not a date; write it as 2013-09-01", until)
	}
	from := cutOff.Add(-s.Holdout.Duration)
	return periods{
		lastDay:      cutOff.AddDate(0, 0, -1).Format(time.DateOnly),
		evaluateFrom: from.Format(time.DateOnly),
		trainedBy:    from,
		decidedBy:    from.Add(-s.Gap.Duration),
		cutOff:       cutOff,
	}, nil
}

// divide picks the observations of each side. A label that was not known in
// time belongs to neither.
func (p periods) divide(s *feature.Snapshot) (train, test *feature.Snapshot) {
	var early, late []int
	for i, label := range s.Label {
		at := s.LabelKnownAt[i]
		switch {
		case !known(label) || at.IsZero():
		case s.Partition[i] < p.evaluateFrom && s.DecidedAt[i].Before(p.decidedBy) && !at.After(p.trainedBy):
			early = append(early, i)
		case s.Partition[i] >= p.evaluateFrom && !s.DecidedAt[i].Before(p.trainedBy) && !at.After(p.cutOff):
			late = append(late, i)
		}
	}
	return s.Select(early), s.Select(late)
}
