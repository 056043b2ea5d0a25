package training

import (
	"fmt"
	"slices"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// refuse ends the line with findings and without a bundle: the data or the
// configuration, not the tool, is at fault.
func (l *line) refuse(f ...report.Finding) { l.result.Findings = append(l.result.Findings, f...) }

// warn says what the person who asked should know; the line goes on.
func (l *line) warn(f report.Finding) {
	f.Severity = report.Warning
	l.result.Findings = append(l.result.Findings, f)
}

func finding(code string, position report.Position, message, remedy string) report.Finding {
	return report.Finding{Code: code, Severity: report.Error, Position: position, Message: message, Remedy: remedy}
}

func tooEarly(c *pipeline.Config, snapshot *feature.Snapshot) report.Finding {
	f := finding("feature/decided-too-early", c.At("observations", "decision_time"),
		fmt.Sprintf("%d of %d observations have a decision time before their row was known, or none at all", snapshot.TooEarly, snapshot.Frame.Rows),
		"correct observations.decision_time or the source's known_at")
	f.Source, f.Count = c.Observations.Source, snapshot.TooEarly
	return f
}

// unfit says why nothing can be learned from what the split has left, or nil.
func unfit(c *pipeline.Config, until string, train, test *feature.Snapshot) *report.Finding {
	if train.Frame.Rows == 0 || test.Frame.Rows == 0 {
		f := finding("training/no-rows", c.At("split", "holdout"),
			fmt.Sprintf("the cut-off %s leaves %d observations to train on and %d to evaluate on", until, train.Frame.Rows, test.Frame.Rows),
			elsewhere(train.Frame.Rows > 0, test.Frame.Rows > 0))
		return &f
	}
	if c.Estimator.Task() == metric.Regression {
		return unfitNumbers(c, train.Label, test.Label)
	}
	return unfitClasses(c, train.Label, test.Label)
}

// elsewhere is which way the split has to move for rows on the side that has none.
func elsewhere(toTrain, toEvaluate bool) string {
	switch {
	case toTrain:
		return "choose an earlier cut-off or a longer holdout"
	case toEvaluate:
		return "choose a later cut-off or a shorter holdout"
	}
	return "choose a cut-off between days that have data"
}

// unfitClasses wants labels of 0 and 1, and both of them to train on.
func unfitClasses(c *pipeline.Config, train, test []float64) *report.Finding {
	var f report.Finding
	positives, others := 0, 0
	for i, label := range slices.Concat(train, test) {
		switch {
		case label != 0 && label != 1:
			others++
		case label == 1 && i < len(train):
			positives++
		}
	}
	switch {
	case others > 0:
		f = finding("training/label", c.At("label", "expression"),
			fmt.Sprintf("the label %s is neither 0 nor 1 for %d of %d observations, and %s tells two classes apart", c.Label.Name, others, len(train)+len(test), c.Estimator.Kind),
			"write a condition, or choose an estimator of numbers, as "+pipeline.Ridge+" is")
	case positives == 0 || positives == len(train):
		f = finding("training/one-outcome", c.At("label", "expression"),
			fmt.Sprintf("the label %s is true for %d of the %d observations to train on; there is nothing to tell apart", c.Label.Name, positives, len(train)),
			"correct the label, or choose a later cut-off")
	default:
		return nil
	}
	return &f
}

// unfitNumbers wants labels that are not all the same, and counts where counts
// are meant.
func unfitNumbers(c *pipeline.Config, train, test []float64) *report.Finding {
	var f report.Finding
	negative := 0
	for _, label := range slices.Concat(train, test) {
		if label < 0 {
			negative++
		}
	}
	switch {
	case c.Estimator.Kind == pipeline.PoissonRegression && negative > 0:
		f = finding("training/label", c.At("label", "expression"),
			fmt.Sprintf("the label %s is below 0 for %d of %d observations, and %s predicts counts", c.Label.Name, negative, len(train)+len(test), c.Estimator.Kind),
			"correct the label, or choose an estimator of any numbers, as "+pipeline.Ridge+" is")
	case slices.Min(train) == slices.Max(train):
		f = finding("training/one-outcome", c.At("label", "expression"),
			fmt.Sprintf("the label %s is %v for all %d observations to train on; there is nothing to learn", c.Label.Name, train[0], len(train)),
			"correct the label, or choose a later cut-off")
	default:
		return nil
	}
	return &f
}
