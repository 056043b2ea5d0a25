// Package leakage looks in the data itself for what should not have been known.
//
//  1. The rows that will be trained on and those that will be evaluated come in,
//     in order of their decisions, with labels.
//  2. Each feature is looked at alone: whether it gives the label away, whether
//     its gaps do, and whether it began to vary on some date.
//  3. Entities are looked at: whether their past labels give the later ones away.
//  4. What is beyond a threshold is a finding with its figures: an error where
//     one feature is the label, a warning otherwise.
//
// The static check and the experiment of package honesty trust the known-at
// times that are stated. These signs do not; but they are signs, not proofs.
package leakage

import (
	"fmt"
	"slices"

	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// The codes of findings.
const (
	// CodeLabel is an error: a feature tells every label.
	CodeLabel = "leakage/label"
	// The others are warnings.
	CodeFeature  = "leakage/feature"
	CodeMissing  = "leakage/missing"
	CodeConstant = "leakage/constant-before"
	CodeEntity   = "leakage/entity"
	CodeModel    = "leakage/model"
	// CodeUnseen says that nothing could be told about the labels.
	CodeUnseen = "leakage/too-few-rows"
)

const (
	// tooGoodAUC is the area under the ROC curve from which on one feature alone is
	// suspected: One Model's One AI takes more than 0.85 for leakage, H2O Driverless
	// AI more than 0.95 (detect_features_leakage_threshold_auc). nycflights13's
	// dep_delay, for flights that arrive late, has 0.9.
	tooGoodAUC = 0.85
	// tooGoodR2 is that of R², higher because yesterday's number often tells
	// today's, and honestly so.
	tooGoodR2 = 0.95
	// tooGoodTogether is that of all features.
	tooGoodTogether = 0.99
	// minRows and minOutcome are the fewest rows, and rows of either outcome, that
	// a figure is taken from: on fewer, chance makes features look perfect.
	minRows    = 100
	minOutcome = 20
	// exact is the R² from which on a feature is the label, up to rounding.
	exact = 1 - 1e-9
)

// A Side is the rows of one side of a split, in order of their decisions.
type Side struct {
	*feature.Snapshot
	// Entity is equal for rows of the same entity; nil where there are none.
	Entity []int64
}

// A Sign is something that was found, as a finding for people and as a figure
// for the evaluation.
type Sign struct {
	Finding report.Finding
	Signal  evaluation.Signal
}

// Look looks at all features. Findings have no positions yet.
func Look(task metric.Task, train, test Side) ([]Sign, error) {
	var signs []Sign
	for i := range train.Frame.Columns {
		seen, err := lookAt(task, train, test, i)
		if err != nil {
			return nil, fmt.Errorf("look for leaks in feature %s: %w", train.Frame.Columns[i].Name, err)
		}
		signs = append(signs, seen...)
	}
	sign, err := entities(task, train, test)
	if err != nil {
		return nil, fmt.Errorf("look for leaks in entities: %w", err)
	}
	if sign != nil {
		signs = append(signs, *sign)
	}
	return signs, nil
}

func lookAt(task metric.Task, train, test Side, i int) ([]Sign, error) {
	var signs []Sign
	alone, err := single(task, train, test, i)
	if err != nil {
		return nil, err
	}
	gaps := missing(task, train, test, i)
	// Gaps that give the label away are why the feature does.
	if gaps != nil {
		signs = append(signs, *gaps)
	}
	if alone != nil && (gaps == nil || alone.Finding.Code == CodeLabel) {
		signs = append(signs, *alone)
	}
	if sign := constant(train, test, i); sign != nil {
		signs = append(signs, *sign)
	}
	return signs, nil
}

// Unseen is the finding about an evaluation of which nothing can be told.
func Unseen(task metric.Task, label []float64) report.Finding {
	of := "not all of one label"
	if task == metric.Classification {
		of = fmt.Sprintf("%d of either outcome", minOutcome)
	}
	return report.Finding{
		Code: CodeUnseen, Severity: report.Warning, Count: int64(len(label)),
		Message: fmt.Sprintf("whether a feature gives the label away cannot be told from the %d observations to evaluate on: it takes %d, %s", len(label), minRows, of),
		Remedy:  "lengthen split.holdout",
	}
}

// Together judges the predictions of the fitted model on the evaluation.
func Together(task metric.Task, label, predicted []float64) (*Sign, error) {
	s, err := measure(task, label, predicted)
	if err != nil || s.value < tooGoodTogether {
		return nil, err
	}
	return sign(report.Warning, CodeModel, "", s, tooGoodTogether,
		fmt.Sprintf("the model has %s %s on %d later observations, which seldom is true", s.name, figure(s.value), s.rows),
		"look for features that were known after the decision, or that are made of the label"), nil
}

// A strength is how well some prediction tells the labels.
type strength struct {
	// name is that of the metric, value its value of so many rows, if it could be
	// measured.
	name     string
	value    float64
	rows     int
	measured bool
}

// tooGood is the value of a task's metric that is suspected.
func tooGood(task metric.Task) float64 {
	if task == metric.Classification {
		return tooGoodAUC
	}
	return tooGoodR2
}

func (s strength) or(other strength) strength {
	if other.measured && (!s.measured || other.value > s.value) {
		return other
	}
	return s
}

// measure is the area under the ROC curve for classes, R² for numbers.
func measure(task metric.Task, label, predicted []float64) (strength, error) {
	s := strength{name: "r2", rows: len(label)}
	compute := metric.R2
	if task == metric.Classification {
		s.name, compute = "roc_auc", metric.ROCAUC
	}
	if !Enough(task, label) {
		return s, nil
	}
	estimate, err := compute(label, predicted, nil)
	if err != nil {
		return s, err
	}
	s.value, s.measured = estimate.Value, true
	return s, nil
}

// Enough says whether labels are enough to tell from how well they are predicted.
func Enough(task metric.Task, label []float64) bool {
	if len(label) < minRows {
		return false
	}
	if task == metric.Regression {
		return slices.Min(label) < slices.Max(label)
	}
	positives := 0
	for _, y := range label {
		if y == 1 {
			positives++
		}
	}
	return min(positives, len(label)-positives) >= minOutcome
}

func sign(severity report.Severity, code, name string, s strength, threshold float64, message, remedy string) *Sign {
	return &Sign{
		report.Finding{Code: code, Severity: severity, Column: name, Message: message, Remedy: remedy, Count: int64(s.rows)},
		evaluation.Signal{Code: code, Feature: name, Value: s.value, Threshold: threshold, Rows: int64(s.rows)},
	}
}

// figure writes a share so that one that is nearly 1 does not look like 1.
func figure(value float64) string {
	if value < 1 && value >= 0.99995 {
		return "above 0.9999"
	}
	return fmt.Sprintf("%.4f", value)
}
