package linear

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/model"
)

// A ridgeFit is what scikit-learn found, see testdata/ridge.py.
type ridgeFit struct {
	Alpha     float64   `json:"alpha"`
	Intercept float64   `json:"intercept"`
	Weights   []float64 `json:"weights"`
}

type ridgeReference struct {
	Small struct {
		X    [][]float64 `json:"X"`
		Y    []float64   `json:"y"`
		Fits []ridgeFit  `json:"fits"`
	} `json:"small"`
	Bike struct {
		ridgeFit
		Columns []string `json:"columns"`
		Rows    int      `json:"rows"`
		RMSE    float64  `json:"rmse"`
		MAE     float64  `json:"mae"`
		R2      float64  `json:"r2"`
	} `json:"bike"`
}

func readRidge(t *testing.T) (reference ridgeReference) {
	t.Helper()
	text, err := os.ReadFile("testdata/ridge.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &reference); err != nil {
		t.Fatal(err)
	}
	return reference
}

func agree(t *testing.T, intercept float64, weights []float64, want ridgeFit, tolerance float64) {
	t.Helper()
	got := append([]float64{intercept}, weights...)
	for i, value := range append([]float64{want.Intercept}, want.Weights...) {
		if math.Abs(got[i]-value) > tolerance*math.Max(1, math.Abs(value)) {
			t.Errorf("alpha %v: number %d of intercept and weights is %.17g, want %.17g", want.Alpha, i, got[i], value)
		}
	}
}

func TestRidgeAgreesWithScikitLearn(t *testing.T) {
	small := readRidge(t).Small
	matrix := feature.Matrix{Columns: []string{"a", "far", "nearly a", "large", "constant"}, Rows: len(small.X), Data: slices.Concat(small.X...)}
	for _, want := range small.Fits {
		fitted, diagnostics, err := FitRidge(matrix, small.Y, RidgeParams{Alpha: want.Alpha})
		if err != nil || !diagnostics.Converged || diagnostics.GradientNorm > 1e-12 {
			t.Fatalf("alpha %v: %+v, %v", want.Alpha, diagnostics, err)
		}
		// The second column varies by a millionth of its size, which is all that a
		// float64 leaves it to ten digits.
		agree(t, fitted.Intercept, fitted.Weights, want, 1e-9)
	}
	if len(small.Fits) != 3 {
		t.Errorf("there are %d fits", len(small.Fits))
	}
}

// bikes gives the hours of the bike-sharing data before July 2012 and from then on.
func bikes(t *testing.T, columns []string) (train, test feature.Matrix, yTrain, yTest []float64) {
	t.Helper()
	header, rows := readCSV(t, open(t, "bike-sharing", "hour.csv"))
	train.Columns, test.Columns = columns, columns
	for _, row := range rows {
		matrix, y := &train, &yTrain
		if row[header["dteday"]] >= "2012-07-01" {
			matrix, y = &test, &yTest
		}
		for _, name := range columns {
			matrix.Data = append(matrix.Data, number(t, row[header[name]]))
		}
		matrix.Rows++
		*y = append(*y, number(t, row[header["cnt"]]))
	}
	return train, test, yTrain, yTest
}

func TestRidgeAgreesWithScikitLearnOnBikeSharing(t *testing.T) {
	want := readRidge(t).Bike
	train, test, yTrain, yTest := bikes(t, want.Columns)
	if train.Rows != want.Rows {
		t.Fatalf("%d rows to train on, want %d", train.Rows, want.Rows)
	}
	fitted, _, err := FitRidge(train, yTrain, RidgeParams{Alpha: want.Alpha})
	if err != nil {
		t.Fatal(err)
	}
	agree(t, fitted.Intercept, fitted.Weights, want.ridgeFit, 1e-10)
	predicted, err := fitted.Predict(test)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]float64{"rmse": want.RMSE, "mae": want.MAE, "r2": want.R2} {
		m, err := metric.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		estimate, err := m.Compute(yTest, predicted, nil)
		if err != nil || math.Abs(estimate.Value-value) > 1e-9*value {
			t.Errorf("%v where scikit-learn has %v: %v", estimate, value, err)
		}
	}
}

// ridgeSample draws rows whose label is a weighted sum and noise.
func ridgeSample(seed uint64, rows, cols int) (feature.Matrix, []float64) {
	random := rand.New(rand.NewPCG(seed, 1))
	matrix, _ := sample(seed, rows, cols)
	y := make([]float64, rows)
	for i := range y {
		y[i] = 100 + random.NormFloat64()
		for j, value := range matrix.Row(i) {
			y[i] += float64(j) * value
		}
	}
	return matrix, y
}

func TestRidgeHasTheSameBitsForAnyNumberOfProcessors(t *testing.T) {
	matrix, y := ridgeSample(1, 20_000, 70)
	fit := func(processors int) []float64 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		fitted, diagnostics, err := FitRidge(matrix, y, DefaultRidgeParams())
		if err != nil {
			t.Fatal(err)
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

// No step away from the fit, in any direction, lowers what it minimises; and
// columns in unlike units, far from 0, or that repeat each other, do not keep it
// from there.
func TestRidgeIsAMinimum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(5, 300).Draw(t, "rows")
		matrix, y := ridgeSample(rapid.Uint64().Draw(t, "seed"), rows, 6)
		shift := rapid.Float64Range(-1e4, 1e4).Draw(t, "shift")
		unit := math.Pow(10, rapid.Float64Range(-4, 4).Draw(t, "unit"))
		for i := range rows {
			row := matrix.Row(i)
			row[1] = (row[1] + shift) * unit
			row[2] = row[1]
			row[3] = 7
		}
		alpha := math.Pow(10, rapid.Float64Range(-3, 4).Draw(t, "log alpha"))
		fitted, diagnostics, err := FitRidge(matrix, y, RidgeParams{Alpha: alpha})
		if err != nil || !diagnostics.Converged {
			t.Fatalf("%+v, %v", diagnostics, err)
		}
		for j := range 7 {
			for _, step := range []float64{1e-3, -1e-3} {
				moved := &model.Linear{Columns: fitted.Columns, Intercept: fitted.Intercept, Weights: slices.Clone(fitted.Weights)}
				if j == 6 {
					moved.Intercept += step
				} else {
					moved.Weights[j] += step
				}
				if loss, err := penalisedError(moved, matrix, y, alpha); err != nil || loss < diagnostics.Loss*(1-1e-12) {
					t.Fatalf("a step of %v in direction %d lowers the loss from %v to %v, %v", step, j, diagnostics.Loss, loss, err)
				}
			}
		}
		if fitted.Weights[3] != 0 {
			t.Fatalf("a constant column has the weight %v", fitted.Weights[3])
		}
	})
}

func TestRidgeRefuses(t *testing.T) {
	good := DefaultRidgeParams()
	matrix := feature.Matrix{Columns: []string{"a"}, Rows: 2, Data: []float64{1, 2}}
	twins := feature.Matrix{Columns: []string{"a", "b"}, Rows: 3, Data: []float64{1, 1, 2, 2, 4, 4}}
	for _, test := range []struct {
		name   string
		matrix feature.Matrix
		y      []float64
		params RidgeParams
		want   string
	}{
		{"no alpha", matrix, []float64{1, 2}, RidgeParams{}, "alpha is 0"},
		{"NaN alpha", matrix, []float64{1, 2}, RidgeParams{Alpha: math.NaN()}, "alpha is NaN"},
		{"infinite alpha", matrix, []float64{1, 2}, RidgeParams{Alpha: math.Inf(1)}, "alpha is +Inf"},
		{"NaN label", matrix, []float64{1, math.NaN()}, good, "label in row 2 is NaN"},
		{"infinite label", matrix, []float64{math.Inf(-1), 1}, good, "label in row 1 is -Inf"},
		{"one row", feature.Matrix{Columns: []string{"a"}, Rows: 1, Data: []float64{1}}, []float64{1}, good, "too few"},
		{"no columns", feature.Matrix{Rows: 2}, []float64{1, 2}, good, "no columns"},
		{"too few labels", matrix, []float64{1}, good, "1 labels for 2 rows"},
		{"infinite value", feature.Matrix{Columns: []string{"a"}, Rows: 2, Data: []float64{1, math.Inf(1)}}, []float64{1, 2}, good, "is +Inf in row 2"},
		{"a penalty below rounding", twins, []float64{1, 2, 3}, RidgeParams{Alpha: 1e-300}, "raise alpha"},
		{"labels that overflow", matrix, []float64{-1e200, 1e200}, good, "too large"},
	} {
		t.Run(test.name, func(t *testing.T) {
			fitted, _, err := FitRidge(test.matrix, test.y, test.params)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%+v, %v; want an error that says %q", fitted, err, test.want)
			}
		})
	}
}
