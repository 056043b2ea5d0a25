package evaluation_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/metric"
)

// chosen is a report whose parameters were chosen on two folds, with a random
// split beside it and a leak suspected.
func chosen() evaluation.Report {
	day := func(month, day int) time.Time { return time.Date(2013, time.Month(month), day, 0, 0, 0, 0, time.UTC) }
	r := report()
	r.Split.Shuffled = &evaluation.Shuffled{
		Seed: 1, Share: 0.2, Reason: "to compare", TrainingRows: 200000, Rows: 50000,
		Estimates: []metric.Estimate{{Metric: "roc_auc", Value: 0.8, Low: 0.79, High: 0.81, Level: 0.95, N: 50000, Positives: 7000}},
	}
	r.CrossValidation = &evaluation.CrossValidation{
		Metric: "roc_auc", Direction: metric.HigherIsBetter,
		Folds: []evaluation.Fold{
			{Training: evaluation.Period{From: day(1, 1), To: day(3, 31)}, Period: evaluation.Period{From: day(4, 1), To: day(5, 1)}, TrainingRows: 90000, Rows: 30000},
			{Training: evaluation.Period{From: day(1, 1), To: day(4, 30)}, Period: evaluation.Period{From: day(5, 1), To: day(6, 1)}, TrainingRows: 120000, Rows: 30000},
		},
		Candidates: []evaluation.Candidate{
			{Parameters: map[string]float64{"C": 0.1}, Scores: []float64{0.7, 0.71}, Mean: 0.705, StandardError: 0.005},
			{Parameters: map[string]float64{"C": 1}, Scores: []float64{0.7, 0.72}, Mean: 0.71, StandardError: 0.01},
		},
		Chosen: 1,
	}
	r.Leakage.Signals = []evaluation.Signal{{Code: "leakage/feature", Feature: "delay", Value: 0.998, Threshold: 0.95, Rows: 27315}}
	return r
}

func TestAChoiceIsWrittenAndRead(t *testing.T) {
	data, err := evaluation.Write(chosen())
	if err != nil {
		t.Fatal(err)
	}
	read, err := evaluation.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(chosen(), read); diff != "" {
		t.Error(diff)
	}
}

// A row may be decided some days after its partition, and then after the first
// rows of the next fold.
func TestPeriodsOfFoldsMayOverlap(t *testing.T) {
	r := chosen()
	r.CrossValidation.Folds[0].Period.To = r.CrossValidation.Folds[1].Period.From.Add(time.Hour)
	if _, err := evaluation.Write(r); err != nil {
		t.Error(err)
	}
}

func TestASplitThatCannotBeIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*evaluation.Report)
		want  string
	}{
		"no kind of split":         {func(r *evaluation.Report) { r.Split.Kind = "" }, `kind ""`},
		"estimates of a shuffle":   {func(r *evaluation.Report) { r.Split.Kind = "random" }, `kind "random"`},
		"more compared than rows":  {func(r *evaluation.Report) { r.Split.ComparedRows = 27316 }, "27316 of 27315"},
		"more overlap than looked": {func(r *evaluation.Report) { r.Split.OverlapRows = 27316 }, "no part is larger"},
		"more seen than entities":  {func(r *evaluation.Report) { r.Split.SeenEntities = 1 }, "0 entities"},
		"more entities than rows":  {func(r *evaluation.Report) { r.Split.Entities = 27316 }, "27316 entities"},
		"groups on both sides": {func(r *evaluation.Report) {
			r.Split.Grouped, r.Split.Entities, r.Split.SeenEntities = true, 2, 1
		}, "grouped: true"},
		"late labels below zero":   {func(r *evaluation.Report) { r.Split.LateLabels = -1 }, "late_labels"},
		"dropped without groups":   {func(r *evaluation.Report) { r.Split.DroppedRows = 3 }, "not grouped"},
		"a shuffle without reason": {func(r *evaluation.Report) { r.Split.Shuffled.Reason = " " }, "no reason"},
		"a shuffle of everything":  {func(r *evaluation.Report) { r.Split.Shuffled.Share = 1 }, "share"},
		"a shuffle of no rows":     {func(r *evaluation.Report) { r.Split.Shuffled.Rows = 0 }, "0 to evaluate on"},
		"a shuffle at NaN":         {func(r *evaluation.Report) { r.Split.Shuffled.Estimates[0].Value = math.NaN() }, "the random split is NaN"},
		"one fold":                 {func(r *evaluation.Report) { r.CrossValidation.Folds = r.CrossValidation.Folds[:1] }, "1 folds"},
		"an unknown metric":        {func(r *evaluation.Report) { r.CrossValidation.Metric = "auc" }, "auc"},
		"the wrong way":            {func(r *evaluation.Report) { r.CrossValidation.Direction = metric.LowerIsBetter }, "lower is better"},
		"chosen beyond the list":   {func(r *evaluation.Report) { r.CrossValidation.Chosen = 2 }, "candidate 2 of 2"},
		"no candidates":            {func(r *evaluation.Report) { r.CrossValidation.Candidates = nil }, "candidate 1 of 0"},
		"a fold without rows":      {func(r *evaluation.Report) { r.CrossValidation.Folds[1].Rows = 0 }, "fold 2 has"},
		"a fold in its own future": {func(r *evaluation.Report) {
			r.CrossValidation.Folds[0].Training.To = r.CrossValidation.Folds[0].Period.To
		}, "fold 1 is trained until"},
		"folds out of order": {func(r *evaluation.Report) {
			r.CrossValidation.Folds[0], r.CrossValidation.Folds[1] = r.CrossValidation.Folds[1], r.CrossValidation.Folds[0]
		}, "fold 2 begins before"},
		"a fold in the evaluation": {func(r *evaluation.Report) {
			r.CrossValidation.Folds[1].Period.To = r.Period.From
		}, "after the training period"},
		"a score too few":        {func(r *evaluation.Report) { r.CrossValidation.Candidates[0].Scores = []float64{0.7} }, "1 scores for 2 folds"},
		"a score at NaN":         {func(r *evaluation.Report) { r.CrossValidation.Candidates[1].Scores[0] = math.NaN() }, "candidate 2 has a score of NaN"},
		"an error below zero":    {func(r *evaluation.Report) { r.CrossValidation.Candidates[1].StandardError = -1 }, "standard error"},
		"a leak at infinity":     {func(r *evaluation.Report) { r.Leakage.Signals[0].Value = math.Inf(1) }, "leakage/feature"},
		"a leak without a code":  {func(r *evaluation.Report) { r.Leakage.Signals[0].Code = "" }, "sign of a leak"},
		"fewer than no features": {func(r *evaluation.Report) { r.Leakage.Features = -1 }, "-1 features"},
	} {
		r := chosen()
		test.spoil(&r)
		if _, err := evaluation.Write(r); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one that says %s", name, err, test.want)
		}
	}
}
