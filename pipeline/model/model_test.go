package model

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/linecook-ml/linecook/pipeline/feature"
)

func Example() {
	fitted := &Logistic{Columns: []string{"temp", "carrier=UA"}, Intercept: -1, Weights: []float64{0.5, 2}}
	data, _ := Write(fitted)
	read, _ := Read(data)
	probabilities, _ := read.Predict(feature.Matrix{
		Columns: []string{"temp", "carrier=UA"}, Rows: 2,
		Data: []float64{2, 0, -2, 1},
	})
	fmt.Printf("%s\n%s %.4f\n", data, read.Kind(), probabilities)
	// Output:
	// {"kind":"logistic","model":{"columns":["temp","carrier=UA"],"intercept":-1,"weights":[0.5,2]},"version":1}
	// logistic [0.5000 0.5000]
}

func ExampleLinear() {
	fitted := &Linear{Columns: []string{"temp", "hour=17"}, Intercept: 100, Weights: []float64{-3, 250}}
	data, _ := Write(fitted)
	read, _ := Read(data)
	rentals, _ := read.Predict(feature.Matrix{
		Columns: []string{"temp", "hour=17"}, Rows: 2,
		Data: []float64{2, 0, -2, 1},
	})
	fmt.Printf("%s\n%s %v\n", data, read.Kind(), rentals)
	// Output:
	// {"kind":"linear","model":{"columns":["temp","hour=17"],"intercept":100,"weights":[-3,250]},"version":1}
	// linear [94 356]
}

func TestReadRefuses(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"unknown kind", `{"kind":"oracle","version":1,"model":{}}`, `kind "oracle" is not one of: logistic, linear, poisson`},
		{"no kind", `{"version":1,"model":{}}`, "$.kind is missing"},
		{"other version", `{"kind":"logistic","version":2,"model":{}}`, "version 2"},
		{"no model", `{"kind":"logistic","version":1}`, "$.model is missing"},
		{"unknown key", `{"kind":"logistic","version":1,"model":{"columns":["a"],"intercept":0,"weights":[1],"scale":2}}`, `unknown key "scale"`},
		{"no intercept", `{"kind":"logistic","version":1,"model":{"columns":["a"],"weights":[1]}}`, "$.intercept is missing"},
		{"null weight", `{"kind":"logistic","version":1,"model":{"columns":["a"],"intercept":0,"weights":[null]}}`, "is null"},
		{"NaN text", `{"kind":"logistic","version":1,"model":{"columns":["a"],"intercept":0,"weights":["NaN"]}}`, "cannot unmarshal string"},
		{"huge weight", `{"kind":"logistic","version":1,"model":{"columns":["a"],"intercept":0,"weights":[1e400]}}`, "beyond a float64"},
		{"too few weights", `{"kind":"logistic","version":1,"model":{"columns":["a","b"],"intercept":0,"weights":[1]}}`, "1 weights for 2 columns"},
		{"doubled column", `{"kind":"logistic","version":1,"model":{"columns":["a","a"],"intercept":0,"weights":[1,1]}}`, `two columns named "a"`},
		{"no columns", `{"kind":"logistic","version":1,"model":{"columns":[],"intercept":0,"weights":[]}}`, "no columns"},
		{"binary", "PAR1\x00\xff", "does not begin a JSON value"},
		{"empty", "", "the text ends"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Read([]byte(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want one that says %q", err, test.want)
			}
		})
	}
}

func TestWriteRefusesWhatReadWould(t *testing.T) {
	for _, weight := range []float64{math.NaN(), math.Inf(1)} {
		if _, err := Write(&Logistic{Columns: []string{"a"}, Weights: []float64{weight}}); err == nil {
			t.Errorf("a weight of %v was written", weight)
		}
	}
}

func TestPredictRefuses(t *testing.T) {
	fitted := &Logistic{Columns: []string{"a", "b"}, Weights: []float64{1e308, 1e308}}
	for _, test := range []struct {
		name   string
		matrix feature.Matrix
		want   string
	}{
		{"renamed column", feature.Matrix{Columns: []string{"a", "c"}}, `column 2 of the matrix is "c" where the model was fitted on "b"`},
		{"other order", feature.Matrix{Columns: []string{"b", "a"}}, `column 1`},
		{"fewer columns", feature.Matrix{Columns: []string{"a"}}, "has 1 columns where the model was fitted on 2"},
		{"NaN", feature.Matrix{Columns: []string{"a", "b"}, Rows: 1, Data: []float64{1, math.NaN()}}, `column "b" of the matrix is NaN in row 1`},
		{"overflow", feature.Matrix{Columns: []string{"a", "b"}, Rows: 1, Data: []float64{1, 1}}, "is +Inf in row 1, and most of it comes from column \"a\""},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := fitted.Predict(test.matrix)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want one that says %q", err, test.want)
			}
		})
	}
}

func TestPredictNoRows(t *testing.T) {
	fitted := &Logistic{Columns: []string{"a"}, Weights: []float64{1}}
	probabilities, err := fitted.Predict(feature.Matrix{Columns: []string{"a"}})
	if err != nil || len(probabilities) != 0 {
		t.Errorf("no rows gave %v, %v", probabilities, err)
	}
}

func TestPoissonCountsAreFiniteOrRefused(t *testing.T) {
	fitted := &Poisson{Columns: []string{"a"}, Intercept: 1, Weights: []float64{1}}
	counts, err := fitted.Predict(feature.Matrix{Columns: []string{"a"}, Rows: 2, Data: []float64{-1, 1}})
	if err != nil || counts[0] != 1 || math.Abs(counts[1]-math.Exp(2)) > 1e-14 {
		t.Errorf("counts %v, %v", counts, err)
	}
	counts, err = fitted.Predict(feature.Matrix{Columns: []string{"a"}, Rows: 2, Data: []float64{0, 800}})
	if err == nil || !strings.Contains(err.Error(), "is e to the power of 801, beyond a float64, in row 2, and most of it comes from column \"a\"") {
		t.Errorf("counts %v, %v", counts, err)
	}
}

func TestSigmoid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(-1e6, 1e6).Draw(t, "x")
		p := Sigmoid(x)
		if !(p >= 0 && p <= 1) {
			t.Fatalf("Sigmoid(%v) is %v", x, p)
		}
		if math.Abs(p+Sigmoid(-x)-1) > 1e-15 {
			t.Fatalf("Sigmoid(%v) and Sigmoid(%v) do not add up to 1", x, -x)
		}
		if math.Abs(x) < 700 && math.Abs(math.Log(p)+math.Log1p(math.Exp(-x))) > 1e-12*(1+math.Abs(x)) {
			t.Fatalf("Sigmoid(%v) is %v", x, p)
		}
	})
}

func FuzzRead(f *testing.F) {
	seed, _ := Write(&Logistic{Columns: []string{"a", "b"}, Intercept: 0.1, Weights: []float64{1e-300, -3}})
	f.Add(seed)
	f.Add([]byte(`{"kind":"poisson","version":1,"model":{"columns":["a"],"intercept":5,"weights":[0.5]}}`))
	f.Add([]byte(`{"kind":"linear","version":1,"model":{"columns":["a"],"intercept":-2.5,"weights":[1e9]}}`))
	f.Add([]byte(`{"kind":"logistic","version":1,"model":{"columns":["a"],"intercept":-0,"weights":[1]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := Read(data)
		if err != nil {
			return
		}
		written, err := Write(first)
		if err != nil {
			t.Fatalf("read but cannot be written: %v", err)
		}
		second, err := Read(written)
		if err != nil || !reflect.DeepEqual(first, second) {
			t.Fatalf("%+v was read back as %+v: %v", first, second, err)
		}
		again, _ := Write(second)
		if !bytes.Equal(written, again) {
			t.Fatal("equal models gave other bytes")
		}
	})
}
