package monitoring_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/ledger"
	"github.com/linecook-ml/linecook/pipeline/monitoring"
	"github.com/linecook-ml/linecook/pipeline/training/profiling"
)

// world are n rows of which every second is high, of 100 numbers and of two, and
// a feature that is not there.
func world(n int) (feature.Frame, []float64) {
	hundred, two, gone := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		hundred[i], two[i], gone[i] = float64(i%100), float64(i%2), math.NaN()
	}
	return feature.Frame{Rows: n, Columns: []feature.Column{
		feature.NewNumeric("hundred", hundred), feature.NewNumeric("two", two), feature.NewNumeric("gone", gone),
	}}, two
}

// A feature that cannot be judged must be seen not to have been: those with many
// bins need more rows than those with few.
func TestDriftListsWhatItCouldNotMeasure(t *testing.T) {
	frame, scores := world(5000)
	frame.Columns[2] = feature.NewNumeric("gone", frame.Columns[1].Numbers)
	trained, err := profiling.Build(frame, scores)
	if err != nil {
		t.Fatal(err)
	}
	frame, scores = world(100)
	_, drifts, findings, err := monitoring.Drift(&pipeline.Config{}, trained, monitoring.Partition{Date: time.Date(2024, 4, 22, 0, 0, 0, 0, time.UTC), Frame: frame, Scores: scores}, nil)
	if err != nil || len(findings) != 0 {
		t.Fatalf("%+v, %v", findings, err)
	}
	none := 0.0
	want := []ledger.Drift{
		{Feature: "hundred", Status: "too few rows", N: 100}, {Feature: "two", Status: "measured", PSI: &none, N: 100},
		{Feature: "gone", Status: "no values", N: 100}, {Feature: "score", Status: "measured", PSI: &none, N: 100},
	}
	if diff := cmp.Diff(want, drifts); diff != "" {
		t.Error(diff)
	}
}
