package profiling

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/profile"
)

func Example() {
	temperatures := make([]float64, 1000)
	carriers := make([]string, 1000)
	for i := range temperatures {
		temperatures[i] = float64(i % 100)
		carriers[i] = []string{"UA", "UA", "AA", "B6"}[i%4]
	}
	training := feature.Frame{Rows: 1000, Columns: []feature.Column{
		feature.NewNumeric("temp", temperatures), feature.NewCategorical("carrier", carriers, nil),
	}}
	built, _ := Build(training, nil)
	fmt.Println(built.Features[0].Numeric.Edges, built.Features[0].Numeric.Counts)
	fmt.Println(built.Features[1].Categorical.Top)

	// A later period that is ten degrees warmer, and on which B6 became JB.
	for i := range temperatures {
		temperatures[i] += 10
		carriers[i] = strings.ReplaceAll(carriers[i], "B6", "JB")
	}
	later := feature.Frame{Rows: 1000, Columns: []feature.Column{
		feature.NewNumeric("temp", temperatures), feature.NewCategorical("carrier", carriers, nil),
	}}
	counts, _ := profile.Tally(built, later, nil)
	drifts, _ := profile.Measure(built, counts)
	for _, d := range drifts {
		fmt.Printf("%s: %s, PSI %.3f, by chance below %.3f, out of range %d\n", d.Feature, d.Status, *d.PSI, d.Noise, d.OutOfRange)
	}
	// Output:
	// [9 19 29 39 49 59 69 79 89] [100 100 100 100 100 100 100 100 100 100]
	// [{UA 500} {AA 250} {B6 250}]
	// temp: measured, PSI 0.759, by chance below 0.043, out of range 100
	// carrier: measured, PSI 3.910, by chance below 0.023, out of range 250
}

func TestDeciles(t *testing.T) {
	for _, test := range []struct {
		name    string
		numbers []float64
		edges   []float64
		counts  []int
	}{
		{"distinct", []float64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
		{"two values", []float64{0, 1, 0, 0, 0}, []float64{0}, []int{4, 1}},
		{"constant", []float64{3, 3, 3}, nil, []int{3}},
		{"one, and missing", []float64{math.NaN(), 7}, nil, []int{1}},
		{"heavy middle", []float64{1, 5, 5, 5, 5, 5, 5, 5, 5, 9}, []float64{1, 5}, []int{1, 8, 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			built, err := Build(feature.Frame{Rows: len(test.numbers), Columns: []feature.Column{feature.NewNumeric("x", test.numbers)}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := built.Features[0].Numeric
			if !reflect.DeepEqual(got.Edges, test.edges) || !reflect.DeepEqual(got.Counts, test.counts) {
				t.Errorf("edges %v with counts %v, want %v with %v", got.Edges, got.Counts, test.edges, test.counts)
			}
		})
	}
}

func TestRareLevelsAreCountedTogether(t *testing.T) {
	var texts []string
	for level := range 60 {
		for range 60 - level {
			texts = append(texts, fmt.Sprintf("L%02d", level))
		}
	}
	built, err := Build(feature.Frame{Rows: len(texts), Columns: []feature.Column{feature.NewCategorical("x", texts, nil)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := built.Features[0].Categorical
	if len(got.Top) != 50 || got.Top[0] != (profile.LevelCount{Level: "L00", Rows: 60}) || got.OtherLevels != 10 || got.OtherRows != 55 {
		t.Errorf("%d top levels from %v; %d others with %d rows", len(got.Top), got.Top[0], got.OtherLevels, got.OtherRows)
	}
}

func TestBuildRefuses(t *testing.T) {
	x := feature.NewNumeric("x", []float64{1})
	for _, test := range []struct {
		name   string
		frame  feature.Frame
		scores []float64
		want   string
	}{
		{"no rows", feature.Frame{Columns: []feature.Column{feature.NewNumeric("x", nil)}}, nil, "no rows"},
		{"no columns", feature.Frame{Rows: 1}, nil, "no features"},
		{"infinite", feature.Frame{Rows: 1, Columns: []feature.Column{feature.NewNumeric("x", []float64{math.Inf(1)})}}, nil, "infinite"},
		{"infinite score", feature.Frame{Rows: 1, Columns: []feature.Column{x}}, []float64{math.Inf(1)}, "infinite"},
		{"too large", feature.Frame{Rows: 2, Columns: []feature.Column{feature.NewNumeric("x", []float64{1e200, -1e200})}}, nil, "finite"},
	} {
		if _, err := Build(test.frame, test.scores); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: the error is %v, want one that says %q", test.name, err, test.want)
		}
	}
}

// A frame has not drifted from its own profile, and the profile survives
// writing and reading.
func TestNoDriftFromItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(1, 100).Draw(t, "rows")
		number := rapid.OneOf(rapid.Float64Range(-1000, 1000), rapid.Float64Range(0, 2), rapid.Just(math.NaN()))
		texts := rapid.SliceOfN(rapid.SampledFrom([]string{"", "a", "b"}), rows, rows).Draw(t, "texts")
		present := rapid.SliceOfN(rapid.Bool(), rows, rows).Draw(t, "present")
		frame := feature.Frame{Rows: rows, Columns: []feature.Column{
			feature.NewNumeric("x", rapid.SliceOfN(number, rows, rows).Draw(t, "numbers")),
			feature.NewCategorical("c", texts, present),
		}}
		built, err := Build(frame, rapid.SliceOf(rapid.Float64Range(0, 1)).Draw(t, "scores"))
		if err != nil {
			t.Fatal(err)
		}
		written, err := profile.Write(built)
		if err != nil {
			t.Fatal(err)
		}
		read, err := profile.Read(written)
		if err != nil || !reflect.DeepEqual(read, built) {
			t.Fatalf("%+v was read back as %+v: %v", built, read, err)
		}
		counts, err := profile.Tally(read, frame, nil)
		if err != nil {
			t.Fatal(err)
		}
		drifts, err := profile.Measure(read, counts)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range drifts {
			if d.OutOfRange != 0 || d.MissingShare != d.TrainingMissingShare || (d.PSI != nil && *d.PSI != 0) {
				t.Fatalf("a frame has drifted from its own profile: %+v", d)
			}
		}
	})
}

// Samples of one distribution must have the PSI that Expected says, and stay
// below Noise about 99 times in 100.
func TestNoiseIsWhatChanceGives(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	draw := func(rows int) feature.Frame {
		numbers := make([]float64, rows)
		for i := range numbers {
			numbers[i] = random.NormFloat64()
		}
		return feature.Frame{Rows: rows, Columns: []feature.Column{feature.NewNumeric("x", numbers)}}
	}
	const trials = 1000
	var sum, expected float64
	exceeded := 0
	for range trials {
		built, err := Build(draw(2000), nil)
		if err != nil {
			t.Fatal(err)
		}
		counts, err := profile.Tally(built, draw(500), nil)
		if err != nil {
			t.Fatal(err)
		}
		drifts, err := profile.Measure(built, counts)
		if err != nil {
			t.Fatal(err)
		}
		sum += *drifts[0].PSI
		expected = drifts[0].Expected
		if *drifts[0].PSI > drifts[0].Noise {
			exceeded++
		}
	}
	if mean := sum / trials; math.Abs(mean/expected-1) > 0.05 {
		t.Errorf("the mean PSI is %v where %v is expected", mean, expected)
	}
	// Binomial(1000, 0.01) is above 22 once in 3,000.
	if exceeded > 22 {
		t.Errorf("%d of %d samples without drift exceed the noise", exceeded, trials)
	}
}
