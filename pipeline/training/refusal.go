package training

import (
	"fmt"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// refuse ends the line with a finding and without a bundle: the data or the
// configuration, not the tool, is at fault.
func (l *line) refuse(f report.Finding) { l.result.Findings = append(l.result.Findings, f) }

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
	var f report.Finding
	positives := 0
	for _, label := range train.Label {
		if label == 1 {
			positives++
		}
	}
	switch {
	case train.Frame.Rows == 0 || test.Frame.Rows == 0:
		f = finding("training/no-rows", c.At("split", "holdout"),
			fmt.Sprintf("the cut-off %s leaves %d observations to train on and %d to evaluate on", until, train.Frame.Rows, test.Frame.Rows),
			"choose a later cut-off or a shorter holdout")
	case positives == 0 || positives == train.Frame.Rows:
		f = finding("training/one-outcome", c.At("label", "expression"),
			fmt.Sprintf("the label %s is true for %d of the %d observations to train on; there is nothing to tell apart", c.Label.Name, positives, train.Frame.Rows),
			"correct the label, or choose a later cut-off")
	default:
		return nil
	}
	return &f
}
