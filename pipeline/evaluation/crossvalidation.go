package evaluation

import (
	"fmt"
	"math"
	"slices"

	"github.com/linecook-ml/linecook/pipeline/metric"
)

// CrossValidation is how the parameters were chosen, on folds of the training
// side alone.
type CrossValidation struct {
	// Metric is what the candidates were compared by, Direction which way is
	// better.
	Metric    string           `json:"metric"`
	Direction metric.Direction `json:"direction"`
	// OneStandardError says that the first candidate was chosen whose mean is
	// within one standard error of the best one's; else it was the best one.
	OneStandardError bool        `json:"one_standard_error"`
	Folds            []Fold      `json:"folds"`
	Candidates       []Candidate `json:"candidates"`
	// Chosen is the index of the candidate that was fitted on all of the training
	// side.
	Chosen int64 `json:"chosen"`
}

// A Fold is one origin: what was decided and known before it was fitted to, and
// what was decided after it was compared.
type Fold struct {
	Training     Period `json:"training"`
	Period       Period `json:"period"`
	TrainingRows int64  `json:"training_rows"`
	Rows         int64  `json:"rows"`
	DroppedRows  int64  `json:"dropped_rows"`
}

// A Candidate is one set of parameters and how it did.
type Candidate struct {
	// Parameters are those that were given; the others have their defaults.
	Parameters map[string]float64 `json:"parameters"`
	// Scores are the metric's values, one for each fold.
	Scores []float64 `json:"scores"`
	Mean   float64   `json:"mean"`
	// StandardError is the sample standard deviation of the scores over the root
	// of their number.
	StandardError float64 `json:"standard_error"`
}

func (c *CrossValidation) normal() *CrossValidation {
	if c == nil {
		return nil
	}
	n := *c
	n.Folds, n.Candidates = slices.Clone(c.Folds), slices.Clone(c.Candidates)
	for i := range n.Folds {
		n.Folds[i].Training, n.Folds[i].Period = n.Folds[i].Training.utc(), n.Folds[i].Period.utc()
	}
	for i := range n.Candidates {
		if n.Candidates[i].Parameters == nil {
			n.Candidates[i].Parameters = map[string]float64{}
		}
	}
	return &n
}

// check holds the folds against the training period of the report, after which
// none may end.
func (c *CrossValidation) check(training Period) error {
	if c == nil {
		return nil
	}
	m, err := metric.Lookup(c.Metric)
	switch {
	case err != nil:
		return fmt.Errorf("cross-validation: %w", err)
	case c.Direction != m.Direction:
		return fmt.Errorf("cross-validation says of %s that %s, but %s", c.Metric, c.Direction, m.Direction)
	case len(c.Folds) < 2:
		return fmt.Errorf("cross-validation has %d folds; it takes 2 or more", len(c.Folds))
	case c.Chosen < 0 || c.Chosen >= int64(len(c.Candidates)):
		return fmt.Errorf("cross-validation chose candidate %d of %d", c.Chosen, len(c.Candidates))
	}
	for i, f := range c.Folds {
		switch {
		case f.TrainingRows < 1 || f.Rows < 1 || f.DroppedRows < 0:
			return fmt.Errorf("fold %d has %d rows to train on, %d to evaluate on and %d dropped", i+1, f.TrainingRows, f.Rows, f.DroppedRows)
		case !f.Training.From.Before(f.Training.To) || !f.Period.From.Before(f.Period.To) || f.Period.From.Before(f.Training.To):
			return fmt.Errorf("fold %d is trained until %s and evaluated from %s; the one follows the other", i+1, f.Training.To, f.Period.From)
		case f.Period.To.After(training.To):
			return fmt.Errorf("fold %d ends at %s, after the training period at %s", i+1, f.Period.To, training.To)
		// Their rows are of different partitions, but a row may be decided some time
		// after its own, so that the periods may overlap.
		case i > 0 && f.Period.From.Before(c.Folds[i-1].Period.From):
			return fmt.Errorf("fold %d begins before fold %d does", i+1, i)
		}
	}
	for i, candidate := range c.Candidates {
		if len(candidate.Scores) != len(c.Folds) {
			return fmt.Errorf("candidate %d has %d scores for %d folds", i+1, len(candidate.Scores), len(c.Folds))
		}
		for _, x := range append([]float64{candidate.Mean, candidate.StandardError}, candidate.Scores...) {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("candidate %d has a score of %v", i+1, x)
			}
		}
		if candidate.StandardError < 0 {
			return fmt.Errorf("candidate %d has the standard error %v", i+1, candidate.StandardError)
		}
	}
	return nil
}
