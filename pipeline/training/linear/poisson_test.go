package linear

import (
	"encoding/json"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/metric"
)

func readPoisson(t *testing.T) (reference struct {
	Small struct {
		X    [][]float64 `json:"X"`
		Y    []float64   `json:"y"`
		Fits []ridgeFit  `json:"fits"`
	} `json:"small"`
	Bike struct {
		ridgeFit
		Columns  []string `json:"columns"`
		Rows     int      `json:"rows"`
		Deviance float64  `json:"poisson_deviance"`
	} `json:"bike"`
}) {
	t.Helper()
	text, err := os.ReadFile("testdata/poisson.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &reference); err != nil {
		t.Fatal(err)
	}
	return reference
}

func TestPoissonAgreesWithScikitLearn(t *testing.T) {
	small := readPoisson(t).Small
	matrix := feature.Matrix{Columns: []string{"a", "nearly a", "large"}, Rows: len(small.X), Data: slices.Concat(small.X...)}
	for _, want := range small.Fits {
		fitted, diagnostics, err := FitPoisson(matrix, small.Y, PoissonParams{Alpha: want.Alpha, MaxIterations: 500, Tolerance: 1e-8})
		if err != nil || !diagnostics.Converged {
			t.Fatalf("alpha %v: %+v, %v", want.Alpha, diagnostics, err)
		}
		agree(t, fitted.Intercept, fitted.Weights, want, 1e-6)
	}
	if len(small.Fits) != 3 {
		t.Errorf("there are %d fits", len(small.Fits))
	}
}

func TestPoissonAgreesWithScikitLearnOnBikeSharing(t *testing.T) {
	want := readPoisson(t).Bike
	train, test, yTrain, yTest := bikes(t, want.Columns)
	if train.Rows != want.Rows {
		t.Fatalf("%d rows to train on, want %d", train.Rows, want.Rows)
	}
	params := DefaultPoissonParams()
	params.Alpha = want.Alpha
	fitted, diagnostics, err := FitPoisson(train, yTrain, params)
	if err != nil || !diagnostics.Converged || diagnostics.Iterations > 100 {
		t.Fatalf("%+v, %v", diagnostics, err)
	}
	agree(t, fitted.Intercept, fitted.Weights, want.ridgeFit, 1e-6)
	predicted, err := fitted.Predict(test)
	if err != nil {
		t.Fatal(err)
	}
	deviance, err := metric.PoissonDeviance(yTest, predicted, nil)
	if err != nil || math.Abs(deviance.Value-want.Deviance) > 1e-6*want.Deviance {
		t.Errorf("%v where scikit-learn has %v: %v", deviance, want.Deviance, err)
	}
}

func TestPoissonHasTheSameBitsForAnyNumberOfProcessors(t *testing.T) {
	matrix, y := sample(5, 3*blockRows+17, 5)
	fit := func(processors int) []float64 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		fitted, diagnostics, err := FitPoisson(matrix, y, DefaultPoissonParams())
		if err != nil || !diagnostics.Converged {
			t.Fatal(diagnostics, err)
		}
		return append(slices.Clone(fitted.Weights), fitted.Intercept, diagnostics.Loss)
	}
	one := fit(1)
	for _, processors := range []int{2, 3, 8} {
		if other := fit(processors); !slices.Equal(one, other) {
			t.Errorf("with %d processors the fit is %v; with one it is %v", processors, other, one)
		}
	}
}

// With the intercept free, expected counts add up to those that were counted,
// whatever the columns; and no columns keep the fit from its end.
func TestPoissonExpectsWhatWasCounted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(20, 400).Draw(t, "rows")
		matrix, y := ridgeSample(rapid.Uint64().Draw(t, "seed"), rows, 5)
		unit := math.Pow(10, rapid.Float64Range(-3, 3).Draw(t, "unit"))
		size := math.Pow(10, rapid.Float64Range(-2, 2).Draw(t, "size"))
		var counted, expected float64
		for i := range rows {
			row := matrix.Row(i)
			row[1] *= unit
			row[2] = row[1]
			y[i] = math.Floor(math.Max(0, y[i]) * size)
			counted += y[i]
		}
		if counted == 0 {
			t.Skip("no events")
		}
		alpha := math.Pow(10, rapid.Float64Range(-3, 3).Draw(t, "log alpha"))
		fitted, diagnostics, err := FitPoisson(matrix, y, PoissonParams{Alpha: alpha, MaxIterations: 500, Tolerance: 1e-7})
		if err != nil || !diagnostics.Converged {
			t.Fatalf("%+v, %v", diagnostics, err)
		}
		predicted, err := fitted.Predict(matrix)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range predicted {
			expected += p
			if !(p > 0) {
				t.Fatalf("an expected count is %v", p)
			}
		}
		if math.Abs(expected-counted) > 1e-5*counted {
			t.Fatalf("%v are expected where %v were counted", expected, counted)
		}
	})
}

func TestPoissonRefuses(t *testing.T) {
	good := DefaultPoissonParams()
	matrix := feature.Matrix{Columns: []string{"a"}, Rows: 2, Data: []float64{1, 2}}
	for _, test := range []struct {
		name   string
		y      []float64
		params PoissonParams
		want   string
	}{
		{"a negative count", []float64{1, -1}, good, "row 2 is -1"},
		{"NaN", []float64{math.NaN(), 1}, good, "row 1 is NaN"},
		{"infinity", []float64{1, math.Inf(1)}, good, "row 2 is +Inf"},
		{"no events", []float64{0, 0}, good, "none of 2"},
		{"too few labels", []float64{1}, good, "1 labels for 2 rows"},
		{"no alpha", []float64{1, 2}, PoissonParams{MaxIterations: 1, Tolerance: 1}, "alpha is 0"},
		{"no iterations", []float64{1, 2}, PoissonParams{Alpha: 1, Tolerance: 1}, "iterations is 0"},
		{"no tolerance", []float64{1, 2}, PoissonParams{Alpha: 1, MaxIterations: 1}, "tolerance is 0"},
	} {
		if _, _, err := FitPoisson(matrix, test.y, test.params); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: the error is %v, want one that says %q", test.name, err, test.want)
		}
	}
}
