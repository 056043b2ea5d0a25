package linear

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/linecook-ml/linecook/pipeline/feature"
)

// sample draws rows from a logistic model whose true weights fall from 1 to -1.
func sample(seed uint64, rows, cols int) (feature.Matrix, []float64) {
	random := rand.New(rand.NewPCG(seed, 0))
	matrix := feature.Matrix{Rows: rows, Data: make([]float64, rows*cols)}
	for j := range cols {
		matrix.Columns = append(matrix.Columns, "x"+string(rune('A'+j%26))+string(rune('a'+j/26)))
	}
	y := make([]float64, rows)
	for i := range rows {
		margin := -1.0
		for j := range cols {
			value := random.NormFloat64()
			matrix.Data[i*cols+j] = value
			margin += value * (1 - 2*float64(j)/float64(cols))
		}
		if random.Float64() < 1/(1+math.Exp(-margin)) {
			y[i] = 1
		}
	}
	return matrix, y
}

// The expected numbers were computed by scikit-learn 1.9.1:
//
//	X = [[0,1],[1,0],[2,1],[3,0],[4,1],[5,0],[6,1],[7,0]]; y = [0,0,1,0,1,0,1,1]
//	LogisticRegression(C=C, tol=1e-12, solver="newton-cholesky").fit(X, y)
func TestLogisticAgreesWithScikitLearn(t *testing.T) {
	matrix := feature.Matrix{
		Columns: []string{"a", "b"}, Rows: 8,
		Data: []float64{0, 1, 1, 0, 2, 1, 3, 0, 4, 1, 5, 0, 6, 1, 7, 0},
	}
	y := []float64{0, 0, 1, 0, 1, 0, 1, 1}
	for _, test := range []struct {
		c, intercept float64
		weights      [2]float64
	}{
		{c: 0.01, intercept: -0.16364239754517054, weights: [2]float64{0.045301373979322726, 0.010175177235082046}},
		{c: 1.0, intercept: -2.3573831761759285, weights: [2]float64{0.5480332736988424, 0.8785334364599591}},
		{c: 100.0, intercept: -12.024510520795081, weights: [2]float64{2.080483190762494, 9.485638706252704}},
	} {
		fitted, diagnostics, err := FitLogistic(matrix, y, LogisticParams{C: test.c, MaxIterations: 500, Tolerance: 1e-8})
		if err != nil {
			t.Fatal(err)
		}
		if !diagnostics.Converged || diagnostics.Warnings != nil {
			t.Errorf("C=%v: did not converge: %+v", test.c, diagnostics)
		}
		got := []float64{fitted.Intercept, fitted.Weights[0], fitted.Weights[1]}
		want := []float64{test.intercept, test.weights[0], test.weights[1]}
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-6 {
				t.Errorf("C=%v: intercept and weights are %v, want %v", test.c, got, want)
				break
			}
		}
	}
}

func TestSameBitsForAnyNumberOfProcessors(t *testing.T) {
	matrix, y := sample(1, 3*blockRows+17, 5)
	fit := func(processors int) ([]float64, float64) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		fitted, diagnostics, err := FitLogistic(matrix, y, DefaultLogisticParams())
		if err != nil {
			t.Fatal(err)
		}
		return append(slices.Clone(fitted.Weights), fitted.Intercept), diagnostics.Loss
	}
	weights, loss := fit(1)
	for _, processors := range []int{2, 3, 8} {
		otherWeights, otherLoss := fit(processors)
		if !slices.Equal(weights, otherWeights) || loss != otherLoss {
			t.Errorf("with %d processors the fit is %v, loss %v; with one it is %v, loss %v",
				processors, otherWeights, otherLoss, weights, loss)
		}
	}
}

// The gradient must be the slope of the loss in every direction.
func TestGradientIsTheSlopeOfTheLoss(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(1, 40).Draw(t, "rows")
		cols := rapid.IntRange(1, 7).Draw(t, "cols")
		number := rapid.Float64Range(-3, 3)
		matrix := feature.Matrix{
			Columns: make([]string, cols), Rows: rows,
			Data: rapid.SliceOfN(number, rows*cols, rows*cols).Draw(t, "data"),
		}
		y := rapid.SliceOfN(rapid.SampledFrom([]float64{0, 1}), rows, rows).Draw(t, "y")
		x := rapid.SliceOfN(number, cols+1, cols+1).Draw(t, "x")
		baseRate := rapid.Float64Range(0.05, 0.95).Draw(t, "base rate")
		o := newObjective(logistic, matrix, y, baseRate, rapid.Float64Range(1e-4, 10).Draw(t, "penalty"))
		_, gradient := o.at(x)
		gradient = slices.Clone(gradient)
		const step = 1e-5
		for j := range x {
			moved := slices.Clone(x)
			moved[j] = x[j] + step
			above, _ := o.at(moved)
			moved[j] = x[j] - step
			below, _ := o.at(moved)
			slope := (above - below) / (2 * step)
			if math.Abs(slope-gradient[j]) > 1e-6*(1+math.Abs(slope)) {
				t.Fatalf("element %d of the gradient is %v where the slope is %v", j, gradient[j], slope)
			}
		}
	})
}

// At margins where e^x overflows, loss and gradient stay finite and exact.
func TestLossAtExtremeMargins(t *testing.T) {
	matrix := feature.Matrix{Columns: []string{"a"}, Rows: 2, Data: []float64{1, -1}}
	o := newObjective(logistic, matrix, []float64{0, 1}, 0.5, 1e-12/2)
	u := make([]float64, 2)
	o.scaling.variables(u, []float64{5000, 0})
	loss, gradient := o.at(u)
	// The curvature by the weight is 1/4, so that a slope of 1 is 2 when scaled.
	if math.Abs(loss-5000) > 1e-3 || math.Abs(gradient[0]-2) > 1e-6 {
		t.Errorf("loss %v and gradient %v, want 5000 and 2", loss, gradient)
	}
}

// Columns in unlike units, columns that repeat each other and levels that few
// rows have must not keep the fit from its end, or make it long.
func TestLogisticConvergesOnAwkwardColumns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(50, 3000).Draw(t, "rows")
		matrix, y := sample(rapid.Uint64().Draw(t, "seed"), rows, 8)
		if !slices.Contains(y, 0) || !slices.Contains(y, 1) {
			t.Skip("one class")
		}
		shift := rapid.Float64Range(-100, 100).Draw(t, "shift")
		unit := math.Pow(10, rapid.Float64Range(-4, 4).Draw(t, "unit"))
		every := rapid.IntRange(2, rows).Draw(t, "every")
		for i := range rows {
			row := matrix.Row(i)
			row[1] = (row[1] + shift) * unit
			row[2] = row[1]
			row[3] = 0
			if i%every == 0 {
				row[3] = 1
			}
			row[4] = 7
		}
		c := math.Pow(10, rapid.Float64Range(-2, 4).Draw(t, "log C"))
		_, diagnostics, err := FitLogistic(matrix, y, LogisticParams{C: c, MaxIterations: 500, Tolerance: 1e-6})
		if err != nil {
			t.Fatal(err)
		}
		if !diagnostics.Converged || diagnostics.Iterations > 250 {
			t.Fatalf("%+v", diagnostics)
		}
	})
}

func TestLogisticSeparableData(t *testing.T) {
	matrix := feature.Matrix{Columns: []string{"a"}, Rows: 4, Data: []float64{-2, -1, 1, 2}}
	fitted, diagnostics, err := FitLogistic(matrix, []float64{0, 0, 1, 1}, DefaultLogisticParams())
	if err != nil || !diagnostics.Converged {
		t.Fatalf("the penalty must keep separable data finite: %v, %+v", err, diagnostics)
	}
	if fitted.Weights[0] <= 0 {
		t.Errorf("weight %v is not above 0", fitted.Weights[0])
	}
}

func TestLogisticSaysWhenItDidNotConverge(t *testing.T) {
	matrix, y := sample(2, 500, 8)
	_, diagnostics, err := FitLogistic(matrix, y, LogisticParams{C: 1, MaxIterations: 1, Tolerance: 1e-9})
	if err != nil {
		t.Fatal(err)
	}
	if diagnostics.Converged || len(diagnostics.Warnings) != 1 {
		t.Errorf("one iteration is not enough, but the diagnostics are %+v", diagnostics)
	}
}

func TestLogisticRefuses(t *testing.T) {
	good := DefaultLogisticParams()
	matrix := feature.Matrix{Columns: []string{"a"}, Rows: 2, Data: []float64{1, 2}}
	for _, test := range []struct {
		name   string
		matrix feature.Matrix
		y      []float64
		params LogisticParams
		want   string
	}{
		{"one class", matrix, []float64{1, 1}, good, "both classes"},
		{"no rows", feature.Matrix{Columns: []string{"a"}}, nil, good, "both classes"},
		{"no columns", feature.Matrix{Rows: 2}, []float64{0, 1}, good, "no columns"},
		{"too few labels", matrix, []float64{1}, good, "1 labels for 2 rows"},
		{"NaN label", matrix, []float64{0, math.NaN()}, good, "row 2 is NaN"},
		{"label between", matrix, []float64{0.5, 1}, good, "row 1 is 0.5"},
		{"NaN value", feature.Matrix{Columns: []string{"a"}, Rows: 2, Data: []float64{1, math.NaN()}}, []float64{0, 1}, good, `"a" of the matrix is NaN in row 2`},
		{"wrong shape", feature.Matrix{Columns: []string{"a"}, Rows: 2, Data: []float64{1}}, []float64{0, 1}, good, "1 values"},
		{"zero params", matrix, []float64{0, 1}, LogisticParams{}, "C is 0"},
		{"NaN C", matrix, []float64{0, 1}, LogisticParams{C: math.NaN(), MaxIterations: 1, Tolerance: 1}, "C is NaN"},
		{"no iterations", matrix, []float64{0, 1}, LogisticParams{C: 1, Tolerance: 1}, "iterations is 0"},
		{"NaN tolerance", matrix, []float64{0, 1}, LogisticParams{C: 1, MaxIterations: 1, Tolerance: math.NaN()}, "tolerance is NaN"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := FitLogistic(test.matrix, test.y, test.params)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want one that says %q", err, test.want)
			}
		})
	}
}

// The size of the flight example: a year of departures, encoded.
func BenchmarkLogistic(b *testing.B) {
	matrix, y := sample(3, 220_000, 60)
	for b.Loop() {
		_, diagnostics, err := FitLogistic(matrix, y, DefaultLogisticParams())
		if err != nil || !diagnostics.Converged {
			b.Fatal(err, diagnostics)
		}
		b.ReportMetric(float64(diagnostics.Evaluations), "evaluations")
	}
}
