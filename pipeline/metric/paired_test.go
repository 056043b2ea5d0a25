package metric_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/metric"
)

// pairs draws labels and two predictions of them whose errors have much in
// common: a good one and one with more noise of its own.
func pairs(random *rand.Rand, task metric.Task, n int) (y, p, q []float64) {
	for range n {
		common := random.NormFloat64()
		a, b := common+0.3*random.NormFloat64(), common+0.6*random.NormFloat64()
		if task == metric.Regression {
			y = append(y, math.Exp(common/2+0.3*random.NormFloat64()))
			p, q = append(p, math.Exp(a/2)), append(q, math.Exp(b/2))
			continue
		}
		label := 0.0
		if random.Float64() < 1/(1+math.Exp(1-common)) {
			label = 1
		}
		y, p, q = append(y, label), append(p, 1/(1+math.Exp(1-a))), append(q, 1/(1+math.Exp(1-b)))
	}
	return y, p, q
}

// Over many samples the interval holds the true difference as often as it says,
// and it is narrower than two intervals of one metric each.
func TestAPairedDifferenceCoversTheTruth(t *testing.T) {
	const samples, rows = 400, 400
	for _, m := range metric.All() {
		random := rand.New(rand.NewPCG(1, 2))
		y, p, q := pairs(random, m.Task, 200_000)
		truth, err := metric.Compare(m.Name, y, p, q, nil)
		if errors.Is(err, metric.ErrUnpaired) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		covered, narrower := 0, 0
		for range samples {
			y, p, q := pairs(random, m.Task, rows)
			d, err := metric.Compare(m.Name, y, p, q, nil)
			if err != nil {
				t.Fatal(err)
			}
			one, err := m.Compute(y, p, nil)
			if err != nil {
				t.Fatal(err)
			}
			other, err := m.Compute(y, q, nil)
			if err != nil {
				t.Fatal(err)
			}
			if d.Value != one.Value-other.Value || d.N != rows || d.Level != metric.Level {
				t.Fatalf("%s: %+v is not the difference of %v and %v", m.Name, d, one, other)
			}
			if d.Low <= truth.Value && truth.Value <= d.High {
				covered++
			}
			if d.High-d.Low < math.Hypot(one.High-one.Low, other.High-other.Low) {
				narrower++
			}
		}
		// Four standard deviations of a share of 0.95 over 400 samples are 0.044;
		// squares of a long tail cover a little less.
		if share := float64(covered) / samples; share < 0.89 || share > 0.995 {
			t.Errorf("%s: the interval holds the true difference in %.3f of the samples", m.Name, share)
		}
		if narrower < samples*9/10 {
			t.Errorf("%s: only %d of %d intervals are narrower than unpaired ones", m.Name, narrower, samples)
		}
	}
}

func TestAPredictionDiffersFromItselfByNothing(t *testing.T) {
	for _, m := range metric.All() {
		y, p, q := pairs(rand.New(rand.NewPCG(3, 4)), m.Task, 300)
		d, err := metric.Compare(m.Name, y, p, p, nil)
		if errors.Is(err, metric.ErrUnpaired) {
			continue
		}
		if err != nil || d.Value != 0 || d.Low != 0 || d.High != 0 {
			t.Errorf("%s: %+v, %v", m.Name, d, err)
		}
		there, err := metric.Compare(m.Name, y, p, q, nil)
		if err != nil {
			t.Fatal(err)
		}
		back, err := metric.Compare(m.Name, y, q, p, nil)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(there.Value+back.Value) > 1e-12 || math.Abs(there.Low+back.High) > 1e-12 {
			t.Errorf("%s: %+v there and %+v back", m.Name, there, back)
		}
	}
}

// The area's variance, pair by pair as DeLong writes it.
func TestThePairedAreaIsDeLongs(t *testing.T) {
	y, p, q := pairs(rand.New(rand.NewPCG(5, 6)), metric.Classification, 60)
	psi := func(a, b float64) float64 {
		switch {
		case a > b:
			return 1
		case a == b:
			return 0.5
		}
		return 0
	}
	var ofPositives, ofNegatives []float64
	for i := range y {
		var wins, n float64
		for j := range y {
			if y[i] == y[j] {
				continue
			}
			n++
			if y[i] == 1 {
				wins += psi(p[i], p[j]) - psi(q[i], q[j])
			} else {
				wins += psi(p[j], p[i]) - psi(q[j], q[i])
			}
		}
		if y[i] == 1 {
			ofPositives = append(ofPositives, wins/n)
		} else {
			ofNegatives = append(ofNegatives, wins/n)
		}
	}
	spread := func(values []float64) float64 {
		var mean, squares float64
		for _, v := range values {
			mean += v / float64(len(values))
		}
		for _, v := range values {
			squares += (v - mean) * (v - mean)
		}
		return squares / float64(len(values)-1) / float64(len(values))
	}
	want := 1.959963984540054 * math.Sqrt(spread(ofPositives)+spread(ofNegatives))
	d, err := metric.Compare("roc_auc", y, p, q, nil)
	if err != nil || math.Abs((d.High-d.Low)/2-want) > 1e-12 {
		t.Errorf("half the interval is %v, want %v (%v)", (d.High-d.Low)/2, want, err)
	}
}

func TestWhatCannotBeCompared(t *testing.T) {
	y, p, q := []float64{0, 1, 0, 1, 1}, []float64{0.1, 0.9, 0.2, 0.8, 0.7}, []float64{0.2, 0.8, 0.3, 0.6, 0.6}
	for name, test := range map[string]struct {
		metric  string
		y, p, q []float64
		is      error
	}{
		"no such metric":         {"accuracy", y, p, q, nil},
		"bins are not paired":    {"calibration_error", y, p, q, metric.ErrUnpaired},
		"ratios are not paired":  {"calibration_ratio", y, p, q, metric.ErrUnpaired},
		"other lengths":          {"roc_auc", y, p, q[1:], nil},
		"not a number":           {"log_loss", y, p, []float64{0.2, math.NaN(), 0.3, 0.6, 0.6}, nil},
		"one class":              {"roc_auc", []float64{1, 1, 1, 1, 1}, p, q, metric.ErrUndefined},
		"a single row of one":    {"roc_auc", []float64{0, 1, 0, 0, 0}, p, q, metric.ErrUndefined},
		"a root of nothing":      {"rmse", y, y, q, metric.ErrUndefined},
		"a deviance of nothing":  {"poisson_deviance", y, p, []float64{0, 1, 1, 1, 1}, metric.ErrUndefined},
		"errors without measure": {"mae", y, p, []float64{math.MaxFloat64, -math.MaxFloat64, 1, 1, 1}, nil},
	} {
		if d, err := metric.Compare(test.metric, test.y, test.p, test.q, nil); err == nil || test.is != nil && !errors.Is(err, test.is) {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
}
