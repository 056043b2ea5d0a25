package encode

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/linecook-ml/linecook/pipeline/feature"
)

func Example() {
	frame := feature.Frame{Rows: 44, Columns: []feature.Column{
		feature.NewNumeric("temp", append([]float64{10, 20, 30, math.NaN()}, slices.Repeat([]float64{20}, 40)...)),
		feature.NewCategorical("carrier", append([]string{"OO", "ZZ", "ZZ", "UA"},
			append(slices.Repeat([]string{"UA"}, 20), slices.Repeat([]string{"AA"}, 20)...)...), nil),
	}}
	encoding, err := Fit(frame)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.Join(encoding.Columns(), " | "))
	fmt.Printf("%+v\n", *encoding.Features[1].Categorical)
	// Output:
	// temp | temp is missing | carrier=AA | carrier=UA | carrier is other
	// {Levels:[AA UA] Folded:[OO ZZ] Unseen:other MissingIndicator:false}
}

// The expected numbers were computed by scikit-learn 1.9.1:
// StandardScaler().fit([[1],[2],[2],[4],[8],[3]]), then transform([[5]]).
func TestFitNumericAgreesWithScikitLearn(t *testing.T) {
	frame := feature.Frame{Rows: 6, Columns: []feature.Column{
		feature.NewNumeric("x", []float64{1, 2, 2, 4, 8, 3}),
	}}
	encoding, err := Fit(frame)
	if err != nil {
		t.Fatal(err)
	}
	got := encoding.Features[0].Numeric
	if math.Abs(got.Center-3.33333333) > 1e-8 || math.Abs(got.Scale-2.2852182) > 1e-7 || got.MissingIndicator {
		t.Errorf("the state is %+v", got)
	}
	matrix, _, err := encoding.Apply(feature.Frame{Rows: 1, Columns: []feature.Column{feature.NewNumeric("x", []float64{5})}})
	if err != nil || math.Abs(matrix.Data[0]-0.72932496) > 1e-8 {
		t.Errorf("5 is encoded as %v, %v", matrix.Data, err)
	}
}

func TestMissingNumbersAreTheMedian(t *testing.T) {
	nan := math.NaN()
	for _, test := range []struct {
		numbers []float64
		want    float64
	}{
		{[]float64{5, 1, 3, nan}, 3},
		{[]float64{nan, 4, 1, nan, 2, 8}, 3},
		{[]float64{nan, 7}, 7},
	} {
		encoding, err := Fit(feature.Frame{Rows: len(test.numbers), Columns: []feature.Column{feature.NewNumeric("x", test.numbers)}})
		if err != nil {
			t.Fatal(err)
		}
		if got := encoding.Features[0].Numeric; got.Impute != test.want || !got.MissingIndicator {
			t.Errorf("%v is imputed with %v (indicator %v), want %v", test.numbers, got.Impute, got.MissingIndicator, test.want)
		}
	}
}

func TestConstantColumnHasScaleOne(t *testing.T) {
	for _, value := range []float64{0, 0.1, -1e300, 1e-300, 123456.789} {
		frame := feature.Frame{Rows: 1000, Columns: []feature.Column{
			feature.NewNumeric("x", slices.Repeat([]float64{value}, 1000)),
		}}
		encoding, err := Fit(frame)
		if err != nil {
			t.Fatal(err)
		}
		if scale := encoding.Features[0].Numeric.Scale; scale != 1 {
			t.Errorf("a column of only %v has scale %v", value, scale)
		}
	}
}

func TestFitRefuses(t *testing.T) {
	many := make([]string, (MaxLevels+1)*MinLevelRows)
	for i := range many {
		many[i] = fmt.Sprint(i % (MaxLevels + 1))
	}
	for _, test := range []struct {
		name  string
		frame feature.Frame
		want  string
	}{
		{"no rows", feature.Frame{Columns: []feature.Column{feature.NewNumeric("x", nil)}}, "no rows"},
		{"no columns", feature.Frame{Rows: 1}, "no features"},
		{"all missing", feature.Frame{Rows: 2, Columns: []feature.Column{feature.NewNumeric("x", []float64{math.NaN(), math.NaN()})}}, `feature "x": none of the 2 training rows has a value`},
		{"all missing text", feature.Frame{Rows: 1, Columns: []feature.Column{feature.NewCategorical("x", []string{""}, []bool{false})}}, `feature "x": none of the 1 training rows`},
		{"infinite", feature.Frame{Rows: 1, Columns: []feature.Column{feature.NewNumeric("x", []float64{math.Inf(1)})}}, "row 1 is infinite"},
		{"too large to add up", feature.Frame{Rows: 2, Columns: []feature.Column{feature.NewNumeric("x", []float64{math.MaxFloat64, math.MaxFloat64 / 2})}}, `feature "x"`},
		{"too large to square", feature.Frame{Rows: 2, Columns: []feature.Column{feature.NewNumeric("x", []float64{1e200, -1e200})}}, "too large for a standard deviation"},
		{"an identifier", feature.Frame{Rows: len(many), Columns: []feature.Column{feature.NewCategorical("tailnum", many, nil)}}, `feature "tailnum": it has 1001 levels`},
		{"colliding names", feature.Frame{Rows: 20, Columns: []feature.Column{
			feature.NewNumeric("x=a", make([]float64, 20)), feature.NewCategorical("x", slices.Repeat([]string{"a"}, 20), nil),
		}}, `two columns named "x=a"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Fit(test.frame)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want one that says %q", err, test.want)
			}
		})
	}
}

// On its own training rows an encoding has mean 0 and variance 1 or 0, meets
// nothing unseen, and survives writing and reading.
func TestFitThenApply(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(1, 200).Draw(t, "rows")
		number := rapid.OneOf(rapid.Float64Range(-1000, 1000), rapid.Just(math.NaN()))
		numbers := rapid.SliceOfN(number, rows, rows).Draw(t, "numbers")
		numbers[0] = 1
		texts := rapid.SliceOfN(rapid.SampledFrom([]string{"", "a", "b", "c=d"}), rows, rows).Draw(t, "texts")
		frame := feature.Frame{Rows: rows, Columns: []feature.Column{
			feature.NewNumeric("x", numbers), feature.NewCategorical("c", texts, nil),
		}}
		fitted, err := Fit(frame)
		if err != nil {
			t.Fatal(err)
		}
		data, err := feature.WriteEncoding(fitted)
		if err != nil {
			t.Fatal(err)
		}
		read, err := feature.ReadEncoding(data)
		if err != nil {
			t.Fatal(err)
		}
		matrix, stats, err := read.Apply(frame)
		if err != nil {
			t.Fatal(err)
		}
		if unseen := stats.Features[1].Unseen; unseen != 0 {
			t.Fatalf("%d training rows are unseen", unseen)
		}
		var sum, squares float64
		for row := range rows {
			sum += matrix.Row(row)[0]
			squares += matrix.Row(row)[0] * matrix.Row(row)[0]
		}
		mean, variance := sum/float64(rows), squares/float64(rows)
		if math.Abs(mean) > 1e-9 || (math.Abs(variance-1) > 1e-9 && variance > 1e-9) {
			t.Fatalf("the encoded training column has mean %v and variance %v", mean, variance)
		}
	})
}
