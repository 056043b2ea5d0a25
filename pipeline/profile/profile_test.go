package profile

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/feature"
)

func reference() *Profile {
	return &Profile{Version: Version,
		Features: []Feature{
			{Name: "x", Kind: feature.Numeric, Rows: 1010, Missing: 10, Numeric: &Numbers{
				Min: 0, Max: 10, Mean: 5, Std: 2, Edges: []float64{5}, Counts: []int{500, 500},
			}},
			{Name: "c", Kind: feature.Categorical, Rows: 1000, Categorical: &Levels{
				Top: []LevelCount{{"a", 900}, {"b", 100}},
			}},
			{Name: "empty", Kind: feature.Numeric, Rows: 1000, Missing: 1000},
		},
		Score: &Feature{Name: ScoreName, Kind: feature.Numeric, Rows: 1000, Numeric: &Numbers{
			Min: 0, Max: 1, Mean: .5, Std: .1, Edges: []float64{.5}, Counts: []int{500, 500},
		}},
	}
}

// numbers has low values of 5, which is an edge and belongs below it, and high
// values of 6.
func numbers(low, high int) []float64 {
	out := make([]float64, 0, low+high)
	for range low {
		out = append(out, 5)
	}
	for range high {
		out = append(out, 6)
	}
	return out
}

func frame(x []float64, level string) feature.Frame {
	texts := make([]string, len(x))
	for i := range texts {
		texts[i] = level
	}
	return feature.Frame{Rows: len(x), Columns: []feature.Column{
		feature.NewNumeric("x", x), feature.NewCategorical("c", texts, nil), feature.NewNumeric("empty", x),
	}}
}

func TestMeasure(t *testing.T) {
	drifts, err := measured(reference(), frame(append(numbers(250, 749), 11), "a"), nil)
	if err != nil {
		t.Fatal(err)
	}
	x, c, empty := drifts[0], drifts[1], drifts[2]
	// (0.25−0.5)·ln(0.25/0.5) + (0.75−0.5)·ln(0.75/0.5) = 0.25·ln 3.
	if x.Status != Measured || math.Abs(*x.PSI-0.25*math.Log(3)) > 1e-12 || x.OutOfRange != 1 || x.N != 1000 || x.Values != 1000 {
		t.Errorf("x is %+v", x)
	}
	if math.Abs(x.Expected-0.002) > 1e-12 || math.Abs(x.Noise-0.002*6.6348966) > 1e-8 {
		t.Errorf("two bins of 1000 rows give %v on average and %v once in 100; want 0.002 and 0.01327", x.Expected, x.Noise)
	}
	if x.MissingShare != 0 || math.Abs(x.TrainingMissingShare-10.0/1010) > 1e-15 {
		t.Errorf("x is missing %v and was missing %v", x.MissingShare, x.TrainingMissingShare)
	}
	// "b" has gone: its share counts as 0.0001.
	want := 0.1*math.Log(1/0.9) + (0.0001-0.1)*math.Log(0.0001/0.1)
	if c.Status != Measured || math.Abs(*c.PSI-want) > 1e-12 || c.OutOfRange != 0 {
		t.Errorf("c is %+v, want PSI %v", c, want)
	}
	if empty.Status != NoReference || empty.PSI != nil {
		t.Errorf("empty is %+v", empty)
	}
}

func TestUnseenLevelsAreOutOfRange(t *testing.T) {
	drifts, err := measured(reference(), frame(numbers(500, 500), "z"), nil)
	if err != nil || drifts[1].OutOfRange != 1000 || *drifts[1].PSI < 1 {
		t.Errorf("%+v, %v", drifts, err)
	}
}

func TestNoVerdictWithoutRows(t *testing.T) {
	for _, test := range []struct {
		name string
		x    []float64
		want Status
	}{
		{"no rows", nil, NoValues},
		{"all missing", []float64{math.NaN(), math.NaN()}, NoValues},
		{"few", numbers(10, 10), TooFewRows},
		// Two bins: chi-squared 6.63 · (1/1000 + 1/n) ≤ 0.1 from n = 72.
		{"almost", numbers(31, 40), TooFewRows},
		{"enough", numbers(32, 40), Measured},
	} {
		t.Run(test.name, func(t *testing.T) {
			drifts, err := measured(reference(), frame(test.x, "a"), nil)
			if err != nil {
				t.Fatal(err)
			}
			x := drifts[0]
			if x.Status != test.want || (x.PSI != nil) != (test.want == Measured) {
				t.Errorf("x is %+v, want %q", x, test.want)
			}
			if _, err := json.Marshal(drifts); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestMeasureScores(t *testing.T) {
	scores := make([]float64, 1000)
	for i := range scores {
		scores[i] = float64(i) / 1000
	}
	rows := frame(numbers(250, 750), "a")
	drifts, err := measured(reference(), rows, scores)
	if err != nil {
		t.Fatal(err)
	}
	if drift := drifts[len(drifts)-1]; drift.Status != Measured || drift.Feature != ScoreName || *drift.PSI > 1e-4 {
		t.Errorf("%+v", drift)
	}
	without := reference()
	without.Score = nil
	if _, err := measured(without, rows, scores); err == nil {
		t.Error("a profile without scores measures them")
	}
	if _, err := measured(reference(), rows, []float64{math.Inf(1)}); err == nil {
		t.Error("an infinite score is measured")
	}
}

func TestCountsAddUp(t *testing.T) {
	whole, err := Tally(reference(), frame(append(numbers(250, 750), numbers(10, 20)...), "a"), nil)
	if err != nil {
		t.Fatal(err)
	}
	first, _ := Tally(reference(), frame(numbers(250, 750), "a"), nil)
	second, _ := Tally(reference(), frame(numbers(10, 20), "a"), nil)
	sum, err := Add(first, second)
	if err != nil || !reflect.DeepEqual(sum, whole) {
		t.Errorf("the days add up to %+v, all at once are %+v (%v)", sum, whole, err)
	}
	second[0].Bins = second[0].Bins[1:]
	if _, err := Add(first, second); err == nil {
		t.Error("counts of different bins are added")
	}
	if _, err := Measure(reference(), second); err == nil {
		t.Error("counts of other bins than the profile's are measured")
	}
}

func TestMeasureRefuses(t *testing.T) {
	for _, test := range []struct {
		name    string
		columns []feature.Column
		want    string
	}{
		{"renamed", []feature.Column{feature.NewNumeric("y", []float64{1})}, `feature "x" is not among`},
		{"other kind", []feature.Column{feature.NewCategorical("x", []string{"1"}, nil)}, `feature "x" is categorical in the frame but was profiled as numeric`},
		{"infinite", []feature.Column{feature.NewNumeric("x", []float64{math.Inf(1)})}, "infinite"},
	} {
		_, err := measured(reference(), feature.Frame{Rows: 1, Columns: test.columns}, nil)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: the error is %v, want one that says %q", test.name, err, test.want)
		}
	}
}

// measured is the drift of a frame's rows alone.
func measured(p *Profile, f feature.Frame, scores []float64) ([]Drift, error) {
	counts, err := Tally(p, f, scores)
	if err != nil {
		return nil, err
	}
	return Measure(p, counts)
}

func TestValidateRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Profile)
		want   string
	}{
		{"version", func(p *Profile) { p.Version = 2 }, "version 2"},
		{"no features", func(p *Profile) { p.Features = nil }, "no features"},
		{"twice", func(p *Profile) { p.Features[1].Name = "x" }, "profiled twice"},
		{"no name", func(p *Profile) { p.Features[1].Name = "" }, "no name"},
		{"kind", func(p *Profile) { p.Features[0].Kind = "text" }, `kind "text"`},
		{"more missing than rows", func(p *Profile) { p.Features[0].Missing = 2000 }, "2000 of 1010 rows"},
		{"no description", func(p *Profile) { p.Features[0].Numeric = nil }, "do not agree"},
		{"wrong description", func(p *Profile) { p.Features[0].Categorical = &Levels{} }, "do not agree"},
		{"counts", func(p *Profile) { p.Features[0].Numeric.Counts[0]++ }, "do not add up"},
		{"too few counted", func(p *Profile) { p.Features[0].Numeric.Counts[0]-- }, "add up to 999 rows where 1000"},
		{"negative count", func(p *Profile) { p.Features[0].Numeric.Counts = []int{-1, 1001} }, "do not add up"},
		{"counts and edges", func(p *Profile) { p.Features[0].Numeric.Edges = nil }, "2 counts for 0 edges"},
		{"edges", func(p *Profile) {
			p.Features[0].Numeric.Edges = []float64{5, 5}
			p.Features[0].Numeric.Counts = []int{500, 0, 500}
		}, "do not rise"},
		{"NaN", func(p *Profile) { p.Features[0].Numeric.Mean = math.NaN() }, "NaN is not a finite number"},
		{"range", func(p *Profile) { p.Features[0].Numeric.Min = 11 }, "contradict"},
		{"level", func(p *Profile) { p.Features[1].Categorical.Top[1].Level = "a" }, "counted twice"},
		{"others", func(p *Profile) { p.Features[1].Categorical.OtherLevels = 1 }, "1 other levels cannot have 0 rows"},
		{"score", func(p *Profile) { p.Score.Name = "x" }, "score"},
		{"score counts", func(p *Profile) { p.Score.Numeric.Counts[0]-- }, "the score"},
	} {
		t.Run(test.name, func(t *testing.T) {
			changed := reference()
			test.change(changed)
			if _, err := Write(changed); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want one that says %q", err, test.want)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	seed, err := Write(reference())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
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
			t.Fatal("equal profiles gave other bytes")
		}
	})
}
