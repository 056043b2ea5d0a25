package metric

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var (
	labels        = []float64{0, 0, 1, 1, 0, 1, 0, 1, 1, 0}
	probabilities = []float64{.1, .4, .35, .8, .4, .9, .2, .4, .65, .55}
)

func Example() {
	for _, name := range []string{"roc_auc", "log_loss"} {
		m, _ := Lookup(name)
		estimate, _ := m.Compute(labels, probabilities, nil)
		fmt.Println(estimate, m.Direction)
	}
	_, err := ROCAUC([]float64{1, 1}, []float64{.5, .6}, nil)
	fmt.Println(errors.Is(err, ErrUndefined), err)
	// Output:
	// roc_auc 0.8000 [0.5028, 1.0000] n=10 higher is better
	// log_loss 0.4874 [0.2774, 0.6974] n=10 lower is better
	// true roc_auc is undefined where 2 of 2 labels are positive; it needs both classes
}

// The values were computed by scikit-learn 1.9.1 (roc_auc_score, log_loss,
// brier_score_loss, mean_squared_error, mean_absolute_error) and 1.7.2 (r2_score,
// mean_poisson_deviance); DeLong's interval by numpy from its definition,
// comparing every positive row with every negative.
func TestAgreesWithScikitLearn(t *testing.T) {
	y, p := []float64{3, -.5, 2, 7}, []float64{2.5, 0, 2, 8}
	for _, test := range []struct {
		name string
		y, p []float64
		want float64
	}{
		{"roc_auc", labels, probabilities, 0.8},
		{"log_loss", labels, probabilities, 0.4874062850159113},
		{"brier", labels, probabilities, 0.16275},
		{"rmse", y, p, 0.6123724356957945},
		{"mae", y, p, 0.5},
		{"r2", y, p, 0.9486081370449679},
		{"poisson_deviance", []float64{2, 0, 1, 4}, []float64{.5, .5, 2, 2}, 1.4260151319598084},
	} {
		m, err := Lookup(test.name)
		if err != nil {
			t.Fatal(err)
		}
		estimate, err := m.Compute(test.y, test.p, nil)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(estimate.Value-test.want) > 1e-14 {
			t.Errorf("%s is %v, want %v", test.name, estimate.Value, test.want)
		}
	}
	estimate, _ := ROCAUC(labels, probabilities, nil)
	if math.Abs(estimate.Low-0.5027567446081158) > 1e-12 || estimate.High != 1 || estimate.Positives != 5 {
		t.Errorf("the estimate is %+v", estimate)
	}
}

// Closed forms.
func TestValues(t *testing.T) {
	half := []float64{.5, .5, .5, .5}
	mixed := []float64{0, 1, 0, 1}
	for _, test := range []struct {
		name    string
		y, p    []float64
		want    float64
		warning string
	}{
		{"roc_auc", mixed, half, .5, "all scores are equal"},
		{"roc_auc", mixed, []float64{.1, .8, .2, .9}, 1, "separate the classes entirely"},
		{"roc_auc", mixed, []float64{.8, .1, .9, .2}, 0, "in the wrong order"},
		{"roc_auc", []float64{0, 1, 0}, []float64{1, 2, 3}, .5, "single row"},
		{"log_loss", mixed, half, math.Ln2, ""},
		{"log_loss", []float64{0, 0}, []float64{.5, .5}, math.Ln2, ""},
		{"log_loss", []float64{1, 1}, []float64{0, 0}, 52 * math.Ln2, "2 rows had probability 0"},
		{"log_loss", []float64{0, 0}, []float64{1, 1}, 52 * math.Ln2, "2 rows had probability 0"},
		{"brier", mixed, half, .25, ""},
		{"brier", mixed, mixed, 0, ""},
		{"calibration_error", mixed, half, 0, ""},
		{"calibration_error", mixed, []float64{.7, .7, .7, .7}, .2, ""},
		{"calibration_ratio", mixed, half, 1, ""},
		{"calibration_ratio", mixed, []float64{1, 1, 1, 1}, 2, ""},
		{"rmse", []float64{0, 0}, []float64{3, -3}, 3, ""},
		{"mae", []float64{0, 0}, []float64{3, -1}, 2, ""},
		{"r2", []float64{1, 3}, []float64{2, 2}, 0, ""},
		{"r2", []float64{1, 3}, []float64{3, 1}, -3, ""},
		{"r2", []float64{1, 3}, []float64{1, 3}, 1, "as a leaked label would"},
		{"poisson_deviance", []float64{0, 0}, []float64{1, 3}, 4, ""},
		{"poisson_deviance", []float64{5, 0.1}, []float64{5, 0.1}, 0, ""},
	} {
		m, err := Lookup(test.name)
		if err != nil {
			t.Fatal(err)
		}
		estimate, err := m.Compute(test.y, test.p, nil)
		if err != nil {
			t.Errorf("%s of %v, %v: %v", test.name, test.y, test.p, err)
			continue
		}
		if math.Abs(estimate.Value-test.want) > 1e-13 {
			t.Errorf("%s of %v, %v is %v, want %v", test.name, test.y, test.p, estimate.Value, test.want)
		}
		if warnings := strings.Join(estimate.Warnings, "; "); !strings.Contains(warnings, test.warning) || (test.warning == "") != (warnings == "") {
			t.Errorf("%s of %v, %v warns %q, want %q", test.name, test.y, test.p, warnings, test.warning)
		}
	}
}

// A perfect score on few rows must not claim a certainty it does not have.
func TestPerfectScoreOnFewRowsIsUncertain(t *testing.T) {
	estimate, err := ROCAUC([]float64{0, 0, 1, 1}, []float64{1, 2, 3, 4}, nil)
	if err != nil || math.Abs(estimate.Low-math.Sqrt(0.025)) > 1e-12 || estimate.High != 1 {
		t.Errorf("the estimate is %+v, %v", estimate, err)
	}
}

func TestWilson(t *testing.T) {
	// Brown, Cai and DasGupta (2001) discuss this interval; 3 of 10 gives
	// [0.1078, 0.6032] and 0 of 10 gives [0, z²/(n+z²)] = [0, 0.2775].
	for _, test := range []struct {
		positives, n int
		low, high    float64
	}{{3, 10, 0.1078, 0.6032}, {0, 10, 0, 0.2775}, {10, 10, 0.7225, 1}} {
		low, high := Wilson(test.positives, test.n)
		if math.Abs(low-test.low) > 5e-5 || math.Abs(high-test.high) > 5e-5 {
			t.Errorf("%d of %d: [%v, %v], want [%v, %v]", test.positives, test.n, low, high, test.low, test.high)
		}
	}
}

func TestEveryMetricRefuses(t *testing.T) {
	nan := math.NaN()
	for _, m := range All() {
		for _, test := range []struct {
			name      string
			y, p      []float64
			undefined bool
		}{
			{"no rows", nil, nil, true},
			{"one row", []float64{1}, []float64{.5}, true},
			{"other length", []float64{1, 0}, []float64{.5}, false},
			{"NaN label", []float64{1, nan}, []float64{.5, .5}, false},
			{"NaN prediction", []float64{1, 0}, []float64{.5, nan}, false},
			{"infinite prediction", []float64{1, 0}, []float64{.5, math.Inf(1)}, false},
		} {
			estimate, err := m.Compute(test.y, test.p, nil)
			if err == nil || errors.Is(err, ErrUndefined) != test.undefined {
				t.Errorf("%s with %s: %+v, %v", m.Name, test.name, estimate, err)
			}
		}
		if m.Task != Classification {
			continue
		}
		if _, err := m.Compute([]float64{1, 2}, []float64{.5, .5}, nil); err == nil {
			t.Errorf("%s accepts the label 2", m.Name)
		}
		if _, err := m.Compute([]float64{1, 0}, []float64{.5, 1.5}, nil); err == nil && m.Name != "roc_auc" {
			t.Errorf("%s accepts the probability 1.5", m.Name)
		}
	}
	if _, err := CalibrationRatio([]float64{0, 0}, []float64{.5, .5}, nil); !errors.Is(err, ErrUndefined) {
		t.Errorf("a ratio to no positives is not undefined: %v", err)
	}
	if _, err := RMSE([]float64{0, 0}, []float64{1e200, 0}, nil); err == nil {
		t.Error("an error whose square overflows is accepted")
	}
	if _, err := Lookup("auc"); err == nil || !strings.Contains(err.Error(), "roc_auc, log_loss") {
		t.Errorf("an unknown metric: %v", err)
	}
}

// rows draws labels of both classes and probabilities with many ties.
func rows(t *rapid.T) (y, p []float64) {
	n := rapid.IntRange(2, 60).Draw(t, "n")
	y = rapid.SliceOfN(rapid.SampledFrom([]float64{0, 1}), n, n).Draw(t, "y")
	y[0], y[1] = 0, 1
	probability := rapid.OneOf(rapid.Float64Range(0, 1), rapid.SampledFrom([]float64{0, .25, .5, 1}))
	return y, rapid.SliceOfN(probability, n, n).Draw(t, "p")
}

// Every estimate is finite, inside its interval, and can be written as JSON.
func TestEstimatesAreFinite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y, p := rows(t)
		for _, m := range All() {
			e, err := m.Compute(y, p, nil)
			if m.Name == "poisson_deviance" && slices.Min(p) == 0 {
				if !errors.Is(err, ErrUndefined) {
					t.Fatalf("%s is %+v where a prediction is 0: %v", m.Name, e, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if !finite(e.Value) || !finite(e.Low) || !finite(e.High) || e.Low > e.Value+1e-12 || e.Value > e.High+1e-12 {
				t.Fatalf("%s is %+v", m.Name, e)
			}
			if e.Metric != m.Name || e.N != len(y) || e.Level != Level {
				t.Fatalf("%s is described as %+v", m.Name, e)
			}
			if _, err := json.Marshal(e); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestROCAUCProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y, p := rows(t)
		area, err := ROCAUC(y, p, nil)
		if err != nil {
			t.Fatal(err)
		}
		var wins, pairs float64
		for i := range y {
			for j := range y {
				if y[i] == 1 && y[j] == 0 {
					pairs++
					switch {
					case p[i] > p[j]:
						wins++
					case p[i] == p[j]:
						wins += .5
					}
				}
			}
		}
		if area.Value != wins/pairs {
			t.Fatalf("the area is %v; counting pairs gives %v", area.Value, wins/pairs)
		}
		transformed, flipped, reversed := make([]float64, len(p)), make([]float64, len(y)), make([]float64, len(p))
		for i := range p {
			transformed[i] = 8*p[i] - 3 // exact enough to keep ties and order
			flipped[i] = 1 - y[i]
			reversed[i] = -p[i]
		}
		if monotone := keepsOrder(p, transformed); monotone {
			same, err := ROCAUC(y, transformed, nil)
			if err != nil || same.Value != area.Value || same.Low != area.Low || same.High != area.High {
				t.Fatalf("a rising transform changes %+v to %+v, %v", area, same, err)
			}
		}
		other, err := ROCAUC(flipped, p, nil)
		if err != nil || math.Abs(other.Value+area.Value-1) > 1e-12 || math.Abs(other.Low+area.High-1) > 1e-12 {
			t.Fatalf("flipped labels change %+v to %+v, %v", area, other, err)
		}
		both, err := ROCAUC(flipped, reversed, nil)
		if err != nil || both.Value != area.Value {
			t.Fatalf("flipped labels and scores change %+v to %+v, %v", area, both, err)
		}
	})
}

// keepsOrder says whether rounding has kept all ties and all orders.
func keepsOrder(p, q []float64) bool {
	for i := range p {
		for j := range p {
			if (p[i] < p[j]) != (q[i] < q[j]) {
				return false
			}
		}
	}
	return true
}

func TestReliability(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y, p := rows(t)
		bins, err := Reliability(y, p, nil)
		if err != nil {
			t.Fatal(err)
		}
		rows, positives, last := 0, 0, -1.0
		var wantPositives int
		for i, bin := range bins {
			rows += bin.N
			positives += bin.Positives
			if bin.N < 1 || bin.MeanPredicted <= last-1e-12 || bin.Low > bin.ObservedRate || bin.ObservedRate > bin.High {
				t.Fatalf("bin %d is %+v", i, bin)
			}
			last = bin.MeanPredicted
		}
		for _, label := range y {
			wantPositives += int(label)
		}
		if rows != len(y) || positives != wantPositives || len(bins) > mostGroups {
			t.Fatalf("%d bins of %d rows, %d positive, from %d rows", len(bins), rows, positives, len(y))
		}
	})
}

// Ten bins of ten rows each where no predictions are equal.
func TestReliabilityMakesEqualBins(t *testing.T) {
	y, p := make([]float64, 100), make([]float64, 100)
	for i := range p {
		p[i] = float64(99-i) / 100
		y[i] = float64(i % 2)
	}
	bins, err := Reliability(y, p, nil)
	if err != nil || len(bins) != 10 {
		t.Fatalf("%d bins, %v", len(bins), err)
	}
	for i, bin := range bins {
		if bin.N != 10 || bin.Positives != 5 || math.Abs(bin.MeanPredicted-(float64(i)/10+.045)) > 1e-12 {
			t.Errorf("bin %d is %+v", i, bin)
		}
	}
}
