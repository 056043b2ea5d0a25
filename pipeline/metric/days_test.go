package metric_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/linecook-ml/linecook/pipeline/metric"
)

// Half widths by statsmodels 0.14 (OLS on a constant, cov_type="cluster",
// use_t=True) and, for the area, by numpy from the definition of Obuchowski
// (1997) with G/(G − 1), comparing every positive row with every negative.
func TestDaysAgreeWithStatsmodels(t *testing.T) {
	y := []float64{0, 0, 1, 1, 0, 1, 0, 1, 1, 0}
	p := []float64{.1, .4, .35, .8, .4, .9, .2, .4, .65, .55}
	days := metric.NumberDays([]string{"mon", "mon", "mon", "tue", "tue", "tue", "wed", "wed", "thu", "thu"})
	for name, half := range map[string]float64{"log_loss": 0.26534310727347493, "brier": 0.11836055050685165, "roc_auc": 0.31181478327002654} {
		m, err := metric.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		e, err := m.Compute(y, p, days)
		if err != nil || math.Abs(e.Value-half-e.Low) > 1e-12 || e.Days != 4 || e.N != 10 {
			t.Errorf("%+v, %v; want half a width of %v", e, err, half)
		}
	}
}

// world draws rows of days: each day has an effect of its own on its labels, and on
// how well they can be told, which no prediction knows. The second prediction has noise of its own, some of which
// a day has in common.
func world(random *rand.Rand, task metric.Task, days, rows int) (y, p, q []float64, of metric.Days) {
	for day := range days {
		effect, skill, noise := random.NormFloat64(), 1+random.NormFloat64(), 0.5*random.NormFloat64()
		for range rows {
			known := random.NormFloat64()
			a, b := known, known+noise+0.3*random.NormFloat64()
			of = append(of, day)
			if task == metric.Regression {
				y = append(y, math.Exp((known+effect+random.NormFloat64())/5))
				p, q = append(p, math.Exp(a/5)), append(q, math.Exp(b/5))
				continue
			}
			label := 0.0
			if random.Float64() < 1/(1+math.Exp(1-skill*known-effect)) {
				label = 1
			}
			y, p, q = append(y, label), append(p, 1/(1+math.Exp(1-a))), append(q, 1/(1+math.Exp(1-b)))
		}
	}
	return y, p, q, of
}

// Where the rows of a day have something in common, the interval over days holds
// the truth about as often as it says, and that over rows does not. The interval
// of calibration_error is wider than needed, and its value biased.
func TestDaysCoverTheTruth(t *testing.T) {
	t.Parallel()
	const samples, days, rows = 300, 40, 25
	share := func(hits int) float64 { return float64(hits) / samples }
	for _, m := range metric.All() {
		if m.Name == "calibration_error" {
			continue
		}
		random := rand.New(rand.NewPCG(1, 2))
		y, p, q, _ := world(random, m.Task, 10_000, rows)
		truth, err := m.Compute(y, p, nil)
		if err != nil {
			t.Fatal(err)
		}
		gain, err := metric.Compare(m.Name, y, p, q, nil)
		if err != nil && !errors.Is(err, metric.ErrUnpaired) {
			t.Fatal(err)
		}
		var overRows, overDays, gains, gainsOverRows int
		for range samples {
			y, p, q, of := world(random, m.Task, days, rows)
			for _, one := range []struct {
				days metric.Days
				hits *int
				gain *int
			}{{nil, &overRows, &gainsOverRows}, {of, &overDays, &gains}} {
				e, err := m.Compute(y, p, one.days)
				if err != nil {
					t.Fatal(err)
				}
				if e.Low <= truth.Value && truth.Value <= e.High {
					*one.hits++
				}
				if gain.Metric == "" {
					continue
				}
				d, err := metric.Compare(m.Name, y, p, q, one.days)
				if err != nil {
					t.Fatal(err)
				}
				if d.Low <= gain.Value && gain.Value <= d.High {
					*one.gain++
				}
			}
		}
		t.Logf("%s: %.3f over days, %.3f over rows; differences %.3f and %.3f", m.Name, share(overDays), share(overRows), share(gains), share(gainsOverRows))
		if share(overDays) < 0.90 || share(overRows) > share(overDays)-0.03 {
			t.Errorf("%s: %.3f of the intervals over days hold the truth, %.3f of those over rows", m.Name, share(overDays), share(overRows))
		}
		if gain.Metric != "" && (share(gains) < 0.90 || share(gainsOverRows) > share(gains)-0.03) {
			t.Errorf("%s: %.3f of the differences over days hold the truth, %.3f of those over rows", m.Name, share(gains), share(gainsOverRows))
		}
	}
}

// Days change no value, and no interval but to widen it.
func TestDaysOnlyWiden(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom(metric.All()).Draw(t, "metric")
		seed := rapid.Uint64().Draw(t, "seed")
		y, p, q, of := world(rand.New(rand.NewPCG(seed, 1)), m.Task, rapid.IntRange(1, 9).Draw(t, "days"), rapid.IntRange(1, 9).Draw(t, "rows"))
		order := rand.New(rand.NewPCG(seed, 2)).Perm(len(y))
		alone, err := m.Compute(y, p, nil)
		together, errOfDays := m.Compute(y, p, of.Of(order))
		if (err == nil) != (errOfDays == nil) {
			t.Fatalf("%v without days, %v with them", err, errOfDays)
		}
		if err != nil {
			return
		}
		if together.Value != alone.Value || together.Low > alone.Low || together.High < alone.High || !(together.Low <= together.Value && together.Value <= together.High) {
			t.Fatalf("%v over rows and %v over days", alone, together)
		}
		difference, err := metric.Compare(m.Name, y, p, q, nil)
		if err != nil {
			return
		}
		ofDays, err := metric.Compare(m.Name, y, p, q, of.Of(order))
		if err != nil || ofDays.Value != difference.Value || ofDays.Low > difference.Low || ofDays.High < difference.High {
			t.Fatalf("%+v over rows and %+v over days, %v", difference, ofDays, err)
		}
	})
}

// A perfect score on few days must not claim a certainty that many rows would have.
func TestPerfectScoreOnFewDaysIsUncertain(t *testing.T) {
	var y, p []float64
	var days metric.Days
	for i := range 1000 {
		y, p, days = append(y, float64(i%2)), append(p, float64(i%2)), append(days, i%5)
	}
	e, err := metric.ROCAUC(y, p, days)
	if err != nil || math.Abs(e.Low-math.Pow(0.025, 1.0/5)) > 1e-12 || e.High != 1 {
		t.Errorf("in order: %+v, %v", e, err)
	}
	for i := range p {
		p[i] = 1 - p[i]
	}
	if e, err = metric.ROCAUC(y, p, days); err != nil || math.Abs(e.High-(1-math.Pow(0.025, 1.0/5))) > 1e-12 || e.Low != 0 {
		t.Errorf("in the wrong order: %+v, %v", e, err)
	}
}

// Of one day nothing can be said about days, and the estimate says so.
func TestOneDay(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, m := range metric.All() {
		y, p, _, of := world(random, m.Task, 1, 200)
		alone, err := m.Compute(y, p, nil)
		if err != nil {
			t.Fatal(err)
		}
		e, err := m.Compute(y, p, of)
		if err != nil || e.Low != alone.Low || e.High != alone.High || e.Days != 1 || !strings.Contains(strings.Join(e.Warnings, "; "), "all rows are of one day") {
			t.Errorf("%+v, %v", e, err)
		}
	}
}

func TestDaysOfOtherRows(t *testing.T) {
	for _, m := range metric.All() {
		if _, err := m.Compute([]float64{0, 1, 1}, []float64{.1, .2, .3}, metric.Days{0, 1}); err == nil || !strings.Contains(err.Error(), "3 labels and the days of 2") {
			t.Errorf("%s: %v", m.Name, err)
		}
	}
	if got := metric.NumberDays([]string{"b", "a", "b"}); !slices.Equal(got, metric.Days{0, 1, 0}) || !slices.Equal(got.Of([]int{2, 1}), metric.Days{0, 1}) {
		t.Error(got)
	}
}

// A bin's rate is of its days too.
func TestDaysWidenDiagrams(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	y, p, _, of := world(random, metric.Classification, 40, 25)
	alone, _, err := metric.Diagnose(metric.Classification, y, p, nil)
	if err != nil {
		t.Fatal(err)
	}
	bins, _, err := metric.Diagnose(metric.Classification, y, p, of)
	if err != nil || len(bins) != len(alone) {
		t.Fatal(bins, err)
	}
	wider := 0
	for i, bin := range bins {
		if bin.ObservedRate != alone[i].ObservedRate || bin.Low > alone[i].Low || bin.High < alone[i].High {
			t.Errorf("%+v without days, %+v with them", alone[i], bin)
		}
		if bin.High-bin.Low > 1.05*(alone[i].High-alone[i].Low) {
			wider++
		}
	}
	if wider < 5 {
		t.Errorf("%d of %d bins are wider", wider, len(bins))
	}
}
