package evaluation

import (
	"fmt"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/metric"
)

// SplitTime is the one kind of split whose estimates a Report holds: the
// evaluation lies after everything that was trained on.
const SplitTime = "time"

// A Split says how rows were divided between training and evaluation, and that
// none was on both sides.
type Split struct {
	// Kind is SplitTime.
	Kind string `json:"kind"`
	// WindowSeconds is how long before the gap the training period reaches back;
	// 0 means to the first row.
	WindowSeconds int64 `json:"window_seconds"`
	// Grouped says that no entity was evaluated that was trained on, and
	// DroppedRows how many rows were not evaluated for it.
	Grouped     bool  `json:"grouped"`
	DroppedRows int64 `json:"dropped_rows"`
	// Entities is how many were evaluated, SeenEntities how many of them are in
	// training too.
	Entities     int64 `json:"entities"`
	SeenEntities int64 `json:"seen_entities"`
	// ComparedRows is how many evaluated rows were looked for in training.
	// OverlapRows is how many were found there, by their key or as copies under
	// another one; RepeatedRows is how many others have all features and the label
	// of a row there, which features of few values do.
	ComparedRows int64 `json:"compared_rows"`
	OverlapRows  int64 `json:"overlap_rows"`
	RepeatedRows int64 `json:"repeated_rows"`
	// LabelDelaySeconds is how long after the decision 99 of 100 labels are known.
	// LateLabels counts rows decided in the training period that could not be
	// used, as their label was known only once the evaluation had begun.
	LabelDelaySeconds int64 `json:"label_delay_seconds"`
	LateLabels        int64 `json:"late_labels"`
	// Shuffled is what a random split would have shown; nil where none was asked
	// for.
	Shuffled *Shuffled `json:"shuffled,omitempty"`
}

// Shuffled holds the estimates of a random split of the same rows. They know the
// future and are no evidence; they are kept to be seen beside the real ones.
type Shuffled struct {
	Seed int64 `json:"seed"`
	// Share is that of the rows, or entities, drawn for evaluation.
	Share float64 `json:"share"`
	// Reason is why somebody wanted it.
	Reason       string            `json:"reason"`
	TrainingRows int64             `json:"training_rows"`
	Rows         int64             `json:"rows"`
	Estimates    []metric.Estimate `json:"estimates"`
}

func (s Split) check(rows int64) error {
	if s.Kind != SplitTime {
		return fmt.Errorf("the split is of the kind %q; a report holds the estimates of one by %q", s.Kind, SplitTime)
	}
	for _, n := range []count{
		{"window_seconds", s.WindowSeconds}, {"dropped_rows", s.DroppedRows}, {"compared_rows", s.ComparedRows},
		{"overlap_rows", s.OverlapRows}, {"repeated_rows", s.RepeatedRows}, {"entities", s.Entities}, {"seen_entities", s.SeenEntities},
		{"label_delay_seconds", s.LabelDelaySeconds}, {"late_labels", s.LateLabels},
	} {
		if n.value < 0 {
			return fmt.Errorf("%s of the split is %d, less than 0", n.name, n.value)
		}
	}
	switch {
	case s.ComparedRows > rows || s.OverlapRows > s.ComparedRows || s.RepeatedRows > s.ComparedRows:
		return fmt.Errorf("the split compared %d of %d rows and found %d by key and %d by value; no part is larger than its whole",
			s.ComparedRows, rows, s.OverlapRows, s.RepeatedRows)
	case s.SeenEntities > s.Entities || s.Entities > rows || s.Grouped && s.SeenEntities > 0:
		return fmt.Errorf("of %d entities in %d rows %d are said to be in training (grouped: %t)", s.Entities, rows, s.SeenEntities, s.Grouped)
	case s.DroppedRows > 0 && !s.Grouped:
		return fmt.Errorf("the split is not grouped, but dropped %d rows", s.DroppedRows)
	case s.Shuffled == nil:
		return nil
	}
	return s.Shuffled.check()
}

func (s *Shuffled) check() error {
	switch {
	case strings.TrimSpace(s.Reason) == "":
		return fmt.Errorf("the random split gives no reason")
	case !(s.Share > 0 && s.Share < 1):
		return fmt.Errorf("the share of the random split is %v; it lies between 0 and 1", s.Share)
	case s.Seed < 0 || s.TrainingRows < 1 || s.Rows < 1:
		return fmt.Errorf("the random split with seed %d has %d rows to train on and %d to evaluate on", s.Seed, s.TrainingRows, s.Rows)
	}
	return checkEstimates("the random split", s.Estimates)
}

// A count is a number that is not below 0, and its name.
type count struct {
	name  string
	value int64
}
