package training

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// search compares the candidates on the folds and chooses the parameters. All
// of it sees the training side only; encoders and scaling are fitted anew in
// each fold. Without folds there is nothing to compare, and the parameters are
// those that are given. A finding says why the folds cannot be used.
func (l *line) search(o *observations) (pipeline.Parameters, *report.Finding, error) {
	c := l.in.Config
	candidates := c.Estimator.Candidates()
	if c.Split.Folds == nil {
		return candidates[0], nil, nil
	}
	pool := l.periods.pool(o)
	folds, err := l.periods.folds(c.Split, o.Partition[pool[0]])
	if err != nil {
		f := badFold(c, err.Error())
		return candidates[0], &f, nil
	}
	judge, err := metric.Lookup(c.ChosenBy())
	if err != nil {
		return candidates[0], nil, err
	}
	cv := &evaluation.CrossValidation{Metric: judge.Name, Direction: judge.Direction}
	for _, candidate := range candidates {
		cv.Candidates = append(cv.Candidates, evaluation.Candidate{Parameters: candidate.Named()})
	}
	for i, fold := range folds {
		l.step(fmt.Sprintf("compare %d candidates on fold %d of %d", len(candidates), i+1, len(folds)))
		d := fold.divide(o, pool)
		if f := l.unusable(i, fold, o, d); f != nil {
			return candidates[0], f, nil
		}
		train, test := o.Select(d.train), o.Select(d.test)
		cv.Folds = append(cv.Folds, evaluation.Fold{
			Training: decisions(train), Period: decisions(test),
			TrainingRows: int64(len(d.train)), Rows: int64(len(d.test)), DroppedRows: int64(d.dropped),
		})
		for j, candidate := range candidates {
			fitted, unfitted, err := fit(c, train, candidate)
			if err != nil {
				return candidate, nil, err
			}
			if unfitted != nil {
				unfitted.Message = fmt.Sprintf("fold %d, candidate %d: %s", i+1, j+1, unfitted.Message)
				return candidate, unfitted, nil
			}
			scores, refused, err := fitted.predict(c, test)
			if err != nil {
				return candidate, nil, err
			}
			if refused != nil {
				refused.Message = fmt.Sprintf("fold %d, candidate %d: %s", i+1, j+1, refused.Message)
				return candidate, refused, nil
			}
			estimate, err := judge.Compute(test.Label, scores, nil)
			if errors.Is(err, metric.ErrUndefined) {
				f := badFold(c, fmt.Sprintf("fold %d: %s", i+1, err))
				return candidate, &f, nil
			}
			if err != nil {
				return candidate, nil, err
			}
			cv.Candidates[j].Scores = append(cv.Candidates[j].Scores, estimate.Value)
		}
	}
	for j := range cv.Candidates {
		cv.Candidates[j].Mean, cv.Candidates[j].StandardError = summarize(cv.Candidates[j].Scores)
	}
	cv.OneStandardError = c.Estimator.Search != nil && c.Estimator.Search.OneStandardError
	chosen := choose(cv)
	cv.Chosen = int64(chosen)
	l.crossValidation = cv
	return candidates[chosen], nil, nil
}

// unusable says why a fold teaches or tells nothing, or nil.
func (l *line) unusable(i int, fold periods, o *observations, d division) *report.Finding {
	c := l.in.Config
	f := unfit(c, fold.evaluateTo, o.Select(d.train), o.Select(d.test))
	if f == nil {
		return overlapping(c, fmt.Sprintf("fold %d", i+1), o, d)
	}
	message := fmt.Sprintf("fold %d: %s", i+1, f.Message)
	if d.dropped > 0 {
		message += fmt.Sprintf("; %d are of entities that it is trained on", d.dropped)
	}
	bad := badFold(c, message)
	return &bad
}

func badFold(c *pipeline.Config, message string) report.Finding {
	return finding("training/fold", c.At("split", "folds"), message, "use fewer or shorter folds, or a later cut-off")
}

// summarize is the mean of scores and its standard error: the sample standard
// deviation over the root of their number. Folds share training rows, so that
// it is somewhat too small (Bengio and Grandvalet 2004); it is what the
// one-standard-error rule takes.
func summarize(scores []float64) (mean, standardError float64) {
	n := float64(len(scores))
	for _, score := range scores {
		mean += score
	}
	mean /= n
	var squares float64
	for _, score := range scores {
		squares += float64((score - mean) * (score - mean))
	}
	return mean, math.Sqrt(squares / (n - 1) / n)
}

// choose is the index of the candidate with the least mean cost, the first of equals;
// or with the one-standard-error rule (Breiman et al. 1984; Hastie, Tibshirani
// and Friedman, The Elements of Statistical Learning, 2nd ed., section 7.10) the
// first whose mean is within one standard error of the best one's.
func choose(cv *evaluation.CrossValidation) int {
	best := 0
	// Of a ratio that should be one, what is above in one fold and below in another
	// is no better for it, though the mean is.
	mean, standardError := make([]float64, len(cv.Candidates)), make([]float64, len(cv.Candidates))
	for j, candidate := range cv.Candidates {
		costs := make([]float64, len(candidate.Scores))
		for i, score := range candidate.Scores {
			costs[i] = cv.Direction.Cost(score)
		}
		if mean[j], standardError[j] = summarize(costs); mean[j] < mean[best] {
			best = j
		}
	}
	if !cv.OneStandardError {
		return best
	}
	return slices.IndexFunc(mean, func(cost float64) bool { return cost <= mean[best]+standardError[best] })
}
