package training

import (
	"fmt"
	"time"

	"github.com/linecook-ml/linecook/pipeline"
)

// folds are rolling origins inside the training side: the evaluations of the
// folds follow each other without a pause, the last one ends where the training
// side does, and each is a split of its own with the gap and the window of the
// whole. The choice is made when training begins, so that the labels of an
// evaluation may be known until then; those that a fold trains on must be known
// before its evaluation.
//
// It is scikit-learn's TimeSeriesSplit counted in days instead of rows: several
// observations may share a time, and their number a day may change. first is
// the partition of the first row.
func (p periods) folds(s pipeline.Split, first string) ([]periods, error) {
	end := p.decidedBy.Truncate(day)
	if end.Before(p.decidedBy) {
		end = end.Add(day)
	}
	begin, err := time.Parse(time.DateOnly, first)
	if err != nil {
		return nil, fmt.Errorf("the first partition %q is not a date", first)
	}
	length := s.FoldLength.Duration
	if length == 0 {
		length = (end.Sub(begin) / time.Duration(*s.Folds+1)).Truncate(day)
	}
	if length < day {
		return nil, fmt.Errorf("the %d days from %s to %s are too few for %d folds", end.Sub(begin)/day, first, end.Format(time.DateOnly), *s.Folds)
	}
	all := make([]periods, *s.Folds)
	for i := range all {
		to := end.Add(-time.Duration(*s.Folds-1-i) * length)
		all[i] = between(s, to.Add(-length), to, p.trainedBy)
	}
	return all, nil
}

// pool picks the rows that the training side consists of, however far back.
func (p periods) pool(o *observations) []int {
	p.decidedFrom, p.grouped = time.Time{}, false
	return p.divide(o, o.all()).train
}
