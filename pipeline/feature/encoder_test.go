package feature

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var fitted = Encoding{Version: EncodingVersion, Features: []ColumnEncoding{
	{Name: "temp", Kind: Numeric, Numeric: &NumericEncoding{Impute: 50, Center: 40, Scale: 10, MissingIndicator: true}},
	{Name: "carrier", Kind: Categorical, Categorical: &CategoricalEncoding{
		Levels: []string{"AA", "UA"}, Folded: []string{"OO"}, Unseen: UnseenOther, MissingIndicator: true,
	}},
	{Name: "origin", Kind: Categorical, Categorical: &CategoricalEncoding{Levels: []string{"EWR", "JFK"}, Unseen: UnseenZeros}},
}}

func Example() {
	frame := Frame{Rows: 4, Columns: []Column{
		NewCategorical("origin", []string{"JFK", "EWR", "LGA", ""}, []bool{true, true, true, false}),
		NewNumeric("temp", []float64{60, math.NaN(), 40, 30}),
		NewCategorical("carrier", []string{"UA", "OO", "ZZ", ""}, []bool{true, true, true, false}),
	}}
	matrix, stats, err := fitted.Apply(frame)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.Join(matrix.Columns, " | "))
	for row := range matrix.Rows {
		fmt.Println(matrix.Row(row))
	}
	for _, f := range stats.Features {
		fmt.Println(f.Name, "missing:", f.Missing, "unseen:", f.Unseen, f.UnseenLevels)
	}
	// Output:
	// temp | temp is missing | carrier=AA | carrier=UA | carrier is other | carrier is missing | origin=EWR | origin=JFK
	// [2 0 0 1 0 0 0 1]
	// [1 1 0 0 1 0 1 0]
	// [0 0 0 0 1 0 0 0]
	// [-1 0 0 0 0 1 0 0]
	// temp missing: 1 unseen: 0 []
	// carrier missing: 1 unseen: 1 [ZZ]
	// origin missing: 1 unseen: 1 [LGA]
}

func TestApplyRefuses(t *testing.T) {
	temp := NewNumeric("temp", []float64{1})
	carrier := NewCategorical("carrier", []string{"UA"}, nil)
	origin := NewCategorical("origin", []string{"JFK"}, nil)
	for _, test := range []struct {
		name  string
		frame Frame
		want  string
	}{
		{"renamed", Frame{1, []Column{temp, NewCategorical("airline", []string{"UA"}, nil), origin}}, `feature "carrier" is not among`},
		{"other kind", Frame{1, []Column{temp, NewNumeric("carrier", []float64{1}), origin}}, `feature "carrier" is numeric in the frame but was fitted as categorical`},
		{"infinite", Frame{1, []Column{NewNumeric("temp", []float64{math.Inf(-1)}), carrier, origin}}, `feature "temp": the value in row 1 is infinite`},
		{"other length", Frame{1, []Column{temp, carrier, NewCategorical("origin", nil, nil)}}, `feature "origin" has 0 rows`},
		{"twice", Frame{1, []Column{temp, temp, carrier, origin}}, `two columns named "temp"`},
		{"code outside", Frame{1, []Column{temp, {Name: "carrier", Kind: Categorical, Codes: []int32{7}, Levels: []string{"UA"}}, origin}}, "code 7 in row 1"},
		{"code below", Frame{1, []Column{temp, {Name: "carrier", Kind: Categorical, Codes: []int32{-2}, Levels: []string{"UA"}}, origin}}, "code -2 in row 1"},
		{"doubled level", Frame{1, []Column{temp, {Name: "carrier", Kind: Categorical, Codes: []int32{0}, Levels: []string{"UA", "UA"}}, origin}}, `level "UA" is listed twice`},
		{"no kind", Frame{1, []Column{{Name: "temp", Numbers: []float64{1}}}}, `kind ""`},
		{"no name", Frame{1, []Column{{Kind: Numeric, Numbers: []float64{1}}}}, "no name"},
		{"both", Frame{1, []Column{{Name: "temp", Kind: Numeric, Numbers: []float64{1}, Codes: []int32{1}}}}, "no codes"},
		{"both", Frame{1, []Column{{Name: "temp", Kind: Categorical, Numbers: []float64{1}, Codes: []int32{-1}}}}, "no numbers"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := fitted.Apply(test.frame)
			switch {
			case test.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("the error is %v, want one that says %q", err, test.want)
			}
		})
	}
}

// A finite value can leave the range of numbers when it is scaled.
func TestApplyRefusesOverflow(t *testing.T) {
	encoding := Encoding{Version: 1, Features: []ColumnEncoding{
		{Name: "x", Kind: Numeric, Numeric: &NumericEncoding{Scale: 1e-300}},
	}}
	_, _, err := encoding.Apply(Frame{2, []Column{NewNumeric("x", []float64{0, 1e300})}})
	if err == nil || !strings.Contains(err.Error(), `column "x" of the matrix is +Inf in row 2`) {
		t.Errorf("the error is %v", err)
	}
}

func TestReadEncodingRefuses(t *testing.T) {
	numeric := func(state string) string {
		return `{"version":1,"features":[{"name":"x","kind":"numeric","numeric":` + state + `}]}`
	}
	categorical := func(state string) string {
		return `{"version":1,"features":[{"name":"x","kind":"categorical","categorical":` + state + `}]}`
	}
	for _, test := range []struct{ name, text, want string }{
		{"good", numeric(`{"impute":0,"center":0,"scale":1,"missing_indicator":false}`), ""},
		{"good levels", categorical(`{"levels":["a",""],"unseen":"zeros","missing_indicator":false}`), ""},
		{"version", `{"version":2,"features":[]}`, "version 2"},
		{"no features", `{"version":1,"features":[]}`, "no features"},
		{"zero scale", numeric(`{"impute":0,"center":0,"scale":0,"missing_indicator":false}`), "scale 0 is not above zero"},
		{"negative scale", numeric(`{"impute":0,"center":0,"scale":-1,"missing_indicator":false}`), "scale -1"},
		{"no scale", numeric(`{"impute":0,"center":0,"missing_indicator":false}`), "$.features[0].numeric.scale is missing"},
		{"NaN", numeric(`{"impute":NaN,"center":0,"scale":1,"missing_indicator":false}`), "does not begin a JSON value"},
		{"NaN text", numeric(`{"impute":"NaN","center":0,"scale":1,"missing_indicator":false}`), "cannot unmarshal string"},
		{"null", numeric(`{"impute":null,"center":0,"scale":1,"missing_indicator":false}`), "is null"},
		{"unknown key", numeric(`{"impute":0,"center":0,"scale":1,"missing_indicator":false,"clip":3}`), `unknown key "clip"`},
		{"no state", `{"version":1,"features":[{"name":"x","kind":"numeric"}]}`, `kind "numeric" does not agree`},
		{"other state", `{"version":1,"features":[{"name":"x","kind":"numeric","categorical":{"levels":["a"],"unseen":"zeros","missing_indicator":false}}]}`, `kind "numeric" does not agree`},
		{"kind", `{"version":1,"features":[{"name":"x","kind":"text"}]}`, `kind "text"`},
		{"no name", `{"version":1,"features":[{"name":"","kind":"numeric","numeric":{"impute":0,"center":0,"scale":1,"missing_indicator":false}}]}`, "no name"},
		{"doubled level", categorical(`{"levels":["a","a"],"unseen":"zeros","missing_indicator":false}`), `level "a" is listed twice`},
		{"level and folded", categorical(`{"levels":["a"],"folded":["a"],"unseen":"other","missing_indicator":false}`), `level "a" is listed twice`},
		{"no levels", categorical(`{"unseen":"zeros","missing_indicator":false}`), "no levels"},
		{"unseen rule", categorical(`{"levels":["a"],"unseen":"guess","missing_indicator":false}`), `rule "guess"`},
		{"other without folded", categorical(`{"levels":["a"],"unseen":"other","missing_indicator":false}`), "without folded levels"},
		{"doubled feature", strings.Replace(numeric(`{"impute":0,"center":0,"scale":1,"missing_indicator":false}`), `]}`, `,{"name":"x","kind":"numeric","numeric":{"impute":0,"center":0,"scale":1,"missing_indicator":false}}]}`, 1), `feature "x" is encoded twice`},
		{"doubled column", `{"version":1,"features":[{"name":"x=a","kind":"numeric","numeric":{"impute":0,"center":0,"scale":1,"missing_indicator":false}},{"name":"x","kind":"categorical","categorical":{"levels":["a"],"unseen":"zeros","missing_indicator":false}}]}`, `two columns named "x=a"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ReadEncoding([]byte(test.text))
			switch {
			case test.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("the error is %v, want one that says %q", err, test.want)
			}
		})
	}
}

func TestEncodingIsReadAsItWasWritten(t *testing.T) {
	written, err := WriteEncoding(&fitted)
	if err != nil {
		t.Fatal(err)
	}
	read, err := ReadEncoding(written)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(*read, fitted) {
		t.Errorf("%+v was read back as %+v", fitted, *read)
	}
}

// Whatever the values, the matrix is finite, and each categorical feature sets
// at most one of its columns.
func TestApplyIsFinite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(0, 20).Draw(t, "rows")
		number := rapid.OneOf(rapid.Float64Range(-1e9, 1e9), rapid.Just(math.NaN()))
		level := rapid.SampledFrom([]string{"AA", "UA", "OO", "ZZ", "", "JFK", "EWR"})
		text := func(name string) Column {
			return NewCategorical(name, rapid.SliceOfN(level, rows, rows).Draw(t, name),
				rapid.SliceOfN(rapid.Bool(), rows, rows).Draw(t, name+" present"))
		}
		frame := Frame{rows, []Column{
			NewNumeric("temp", rapid.SliceOfN(number, rows, rows).Draw(t, "temp")), text("carrier"), text("origin"),
		}}
		matrix, stats, err := fitted.Apply(frame)
		if err != nil {
			t.Fatal(err)
		}
		if err := matrix.Validate(); err != nil {
			t.Fatal(err)
		}
		set := 0.0
		for row := range rows {
			cells := matrix.Row(row)
			if one := cells[2] + cells[3] + cells[4] + cells[5]; one != 1 {
				t.Fatalf("carrier sets %v columns in row %d where it has one for every case", one, row)
			}
			set += cells[6] + cells[7]
		}
		origin := stats.Features[2]
		if int(set)+origin.Missing+origin.Unseen != rows {
			t.Fatalf("%v known, %d missing and %d unseen origins are not %d rows", set, origin.Missing, origin.Unseen, rows)
		}
	})
}

func FuzzReadEncoding(f *testing.F) {
	seed, _ := WriteEncoding(&fitted)
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := ReadEncoding(data)
		if err != nil {
			return
		}
		written, err := WriteEncoding(first)
		if err != nil {
			t.Fatalf("read but cannot be written: %v", err)
		}
		second, err := ReadEncoding(written)
		if err != nil || !reflect.DeepEqual(first, second) {
			t.Fatalf("%+v was read back as %+v: %v", first, second, err)
		}
		again, _ := WriteEncoding(second)
		if !bytes.Equal(written, again) {
			t.Fatal("equal encodings gave other bytes")
		}
	})
}
