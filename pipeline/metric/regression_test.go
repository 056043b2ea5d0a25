package metric

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func ExampleR2() {
	rented, expected := []float64{16, 40, 32, 13, 1}, []float64{20, 35, 30, 10, 4}
	for _, compute := range []func(y, p []float64, days Days) (Estimate, error){RMSE, R2} {
		estimate, _ := compute(rented, expected, nil)
		fmt.Println(estimate)
	}
	_, err := R2([]float64{7, 7, 7}, []float64{6, 7, 8}, nil)
	fmt.Println(err)
	// Output:
	// rmse 3.5496 [2.3373, 4.4426] n=5
	// r2 0.9350 [0.8840, 0.9860] n=5
	// r2 is undefined where all 3 labels are 7
}

func TestRegressionMetricsRefuse(t *testing.T) {
	for _, test := range []struct {
		name      string
		compute   func(y, p []float64, days Days) (Estimate, error)
		y, p      []float64
		undefined bool
		want      string
	}{
		{"labels that are all the same", R2, []float64{3, 3}, []float64{1, 2}, true, "all 2 labels are 3"},
		{"labels that differ by rounding", R2, []float64{0, 5e-324}, []float64{1, 2}, true, "no more than rounding"},
		{"labels too far apart", R2, []float64{-1e200, 1e200}, []float64{0, 0}, false, "too large"},
		{"a negative count", PoissonDeviance, []float64{1, -1}, []float64{1, 1}, false, "row 2 is -1"},
		{"a prediction of no count", PoissonDeviance, []float64{1, 0}, []float64{1, 0}, true, "row 2 is 0"},
		{"a prediction below no count", PoissonDeviance, []float64{1, 0}, []float64{-2, 1}, true, "row 1 is -2"},
	} {
		estimate, err := test.compute(test.y, test.p, nil)
		if err == nil || errors.Is(err, ErrUndefined) != test.undefined || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %+v, %v; want an error that says %q", test.name, estimate, err, test.want)
		}
	}
}

// A prediction next to nothing, or a label, costs what it costs: 2·(1·ln(1/p) − 1).
func TestDeviancesOfTheLeastNumbers(t *testing.T) {
	const least = 2.781342323134e-309 // its reciprocal is beyond all floats
	e, err := PoissonDeviance([]float64{1, 1}, []float64{least, least}, nil)
	if want := 2 * (-math.Log(least) - 1); err != nil || math.Abs(e.Value-want) > 1e-12*want {
		t.Errorf("%+v, %v; want %v", e, err, want)
	}
	if e, err = PoissonDeviance([]float64{5e-324, 5e-324}, []float64{1e300, 1e300}, nil); err != nil || math.Abs(e.Value/2e300-1) > 1e-12 {
		t.Errorf("%v, %v; want 2e300", e.Value, err)
	}
	if got := logRatio(5e-324, 1e300); math.Abs(got-(math.Log(5e-324)-300*math.Ln10)) > 1e-9 {
		t.Error(got)
	}
}

// Of 2,000 samples from a known truth, about 95 in 100 intervals hold it: the
// standard error of that share is 0.5 %, and small samples of a skewed loss fall
// short of it by a little.
func TestIntervalsCoverTheTruth(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	truth := map[string]float64{"rmse": 2, "mae": 2 * math.Sqrt(2/math.Pi), "r2": 1 - 4.0/(9+4)}
	covered := map[string]int{}
	const samples = 2000
	y, p := make([]float64, 1000), make([]float64, 1000)
	for range samples {
		for i := range y {
			p[i] = 100 + 3*random.NormFloat64()
			y[i] = p[i] + 2*random.NormFloat64()
		}
		for name, value := range truth {
			m, err := Lookup(name)
			if err != nil {
				t.Fatal(err)
			}
			estimate, err := m.Compute(y, p, nil)
			if err != nil {
				t.Fatal(err)
			}
			if estimate.Low <= value && value <= estimate.High {
				covered[name]++
			}
		}
	}
	for name := range truth {
		if share := float64(covered[name]) / samples; share < 0.935 || share > 0.965 {
			t.Errorf("the interval of %s covers the truth in %.1f %% of samples", name, 100*share)
		}
	}
}

func TestResiduals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 80).Draw(t, "n")
		number := rapid.OneOf(rapid.Float64Range(-50, 50), rapid.SampledFrom([]float64{0, 1, 2}))
		y := rapid.SliceOfN(number, n, n).Draw(t, "y")
		p := rapid.SliceOfN(number, n, n).Draw(t, "p")
		bins, err := Residuals(y, p, nil)
		if err != nil {
			t.Fatal(err)
		}
		rows, total := 0, 0.0
		for i, bin := range bins {
			rows += bin.N
			total += float64(bin.N) * bin.MeanResidual
			if bin.N < 2 || bin.Low > bin.MeanResidual || bin.MeanResidual > bin.High || bin.P10 > bin.P90 {
				t.Fatalf("bin %d is %+v", i, bin)
			}
			if i > 0 && bin.MeanPredicted < bins[i-1].MeanPredicted {
				t.Fatalf("bin %d is %+v, after %+v", i, bin, bins[i-1])
			}
		}
		if want := sum(y) - sum(p); rows != n || len(bins) > mostGroups || math.Abs(total-want) > 1e-9*(1+math.Abs(want))*float64(n) {
			t.Fatalf("%d bins of %d rows with residuals of %v; there are %d rows with %v", len(bins), rows, total, n, want)
		}
	})
	for _, unusable := range [][]float64{{math.NaN(), 1}, {1}, {-1e308, 1.7e308}} {
		if bins, err := Residuals(unusable, []float64{-1.7e308, 1}, nil); err == nil {
			t.Errorf("residuals of %v are %+v", unusable, bins)
		}
	}
}

// Twenty rows in order make ten groups of two, whose tenths are the two.
func TestResidualsMakeEqualBins(t *testing.T) {
	y, p := make([]float64, 20), make([]float64, 20)
	for i := range y {
		p[i], y[i] = float64(i), float64(i+i%2)
	}
	bins, err := Residuals(y, p, nil)
	if err != nil || len(bins) != 10 {
		t.Fatalf("%d bins, %v", len(bins), err)
	}
	for i, bin := range bins {
		if bin.N != 2 || bin.MeanPredicted != float64(2*i)+.5 || bin.MeanResidual != .5 || bin.P10 != 0 || bin.P90 != 1 {
			t.Errorf("bin %d is %+v", i, bin)
		}
	}
}

// Rows in equal parts whatever ties and sizes there are: each row once.
func TestGroupsHoldEachRowOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(0, 1), rapid.SampledFrom([]float64{.2, .5})), 2, 60).Draw(t, "p")
		least := rapid.IntRange(1, 4).Draw(t, "least")
		var rows []int
		cut := groups(p, least)
		for i, group := range cut {
			if len(group) < least && len(cut) > 1 {
				t.Fatalf("group %d has %d rows", i, len(group))
			}
			if i > 0 && p[rows[len(rows)-1]] >= p[group[0]] {
				t.Fatalf("group %d is not above the one before it", i)
			}
			rows = append(rows, group...)
		}
		slices.Sort(rows)
		for i, row := range rows {
			if row != i {
				t.Fatalf("the rows are %v", rows)
			}
		}
		if len(rows) != len(p) {
			t.Fatalf("%d rows of %d", len(rows), len(p))
		}
	})
}

func TestFigures(t *testing.T) {
	for value, want := range map[float64]string{0: "0.000", 0.74164: "0.742", -3.14159: "-3.142", 85.12345: "85.12", 183.36298: "183.4", 1234.6: "1235", -2468013: "-2468013"} {
		if got := Figure(value); got != want {
			t.Errorf("%v is written %s, want %s", value, got, want)
		}
	}
	e := Estimate{Value: 9.87654, Low: -0.5, High: 12.25}
	value, low, high := e.Figures()
	if value != "9.877" || low != "-0.500" || high != "12.250" {
		t.Errorf("%s from %s to %s", value, low, high)
	}
	if value, low, high = e.Short(); value != "9.88" || low != "-0.50" || high != "12.25" {
		t.Errorf("in short %s from %s to %s", value, low, high)
	}
}
