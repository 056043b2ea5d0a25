package document

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

type written struct {
	Name   string            `yaml:"name" required:"true"`
	Count  int               `yaml:"count"`
	Rate   *float64          `yaml:"rate"`
	Flags  []bool            `yaml:"flags"`
	Labels map[string]string `yaml:"labels"`
	Free   any               `yaml:"free"`
	Value  Scalar            `yaml:"value"`
	From   *textOrList       `yaml:"from"`
	Parts  []written         `yaml:"parts"`
}

func TestEncodeIsReadBack(t *testing.T) {
	text := rapid.String()
	draw := rapid.Custom(func(t *rapid.T) written {
		w := written{
			Name: text.Draw(t, "name"), Count: rapid.Int().Draw(t, "count"),
			Flags:  rapid.SliceOf(rapid.Bool()).Draw(t, "flags"),
			Labels: rapid.MapOf(rapid.StringN(0, 20, -1), text).Draw(t, "labels"),
			Free:   rapid.SampledFrom([]any{nil, "x", int64(1), 1.5, true, []any{"a", []any{"b"}, map[string]any{}}, map[string]any{"k": []any{nil}}}).Draw(t, "free"),
		}
		if rapid.Bool().Draw(t, "has rate") {
			rate := rapid.Float64Range(-1e300, 1e300).Draw(t, "rate")
			w.Rate = &rate
		}
		if rapid.Bool().Draw(t, "has value") {
			w.Value = Scalar{Text, text.Draw(t, "value")}
		}
		if list := rapid.SliceOfN(text, 1, 3).Draw(t, "from"); rapid.Bool().Draw(t, "has from") {
			w.From = &textOrList{List: list}
		}
		return w
	})
	rapid.Check(t, func(t *rapid.T) {
		want := draw.Draw(t, "w")
		want.Parts = rapid.SliceOfN(draw, 0, 3).Draw(t, "parts")
		data, err := Encode(want, func(path ...any) string {
			if len(path)%2 == 1 {
				return "a comment\n: \u2028[&*"
			}
			return ""
		})
		if err != nil {
			t.Fatal(err)
		}
		var got written
		if _, findings := Decode("w.yaml", data, &got); len(findings) > 0 {
			t.Fatalf("%v\n%s", findings, data)
		}
		clean(&want)
		clean(&got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s\n%s", diff, data)
		}
	})
}

// clean makes empty and absent lists the same: Encode leaves both out or writes
// both as empty.
func clean(w *written) {
	if len(w.Flags) == 0 {
		w.Flags = nil
	}
	if len(w.Labels) == 0 {
		w.Labels = nil
	}
	if len(w.Parts) == 0 {
		w.Parts = nil
	}
	for i := range w.Parts {
		clean(&w.Parts[i])
	}
}

func TestEncodeLooksLikeAPersonWroteIt(t *testing.T) {
	data, err := Encode(&written{Name: "flights", Labels: map[string]string{"b": "yes", "a": "1.10"}, Parts: []written{{Name: "x", Count: 1}, {Name: "2013-01-01"}}}, func(path ...any) string {
		switch {
		case len(path) == 0:
			return "A list of flights."
		case len(path) == 2 && path[1] == 1:
			return "The second."
		}
		return ""
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `# A list of flights.
name: flights
labels:
  a: "1.10"
  b: "yes"
parts:
  - name: x
    count: 1
  # The second.
  - name: "2013-01-01"
`
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Error(diff)
	}
	if _, err := Encode("text", nil); err == nil || !strings.Contains(err.Error(), "struct") {
		t.Errorf("error %v", err)
	}
}
