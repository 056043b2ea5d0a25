package scaffold

import (
	"math"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/document"
)

func TestWhichValueIsTheEvent(t *testing.T) {
	for _, test := range []struct {
		typ    string
		values []string
		counts []int64
		want   string
	}{
		{contract.TypeBoolean, []string{"false", "true"}, []int64{1, 9}, "true"},
		{contract.TypeInteger, []string{"0", "1"}, []int64{1, 9}, "1"},
		{contract.TypeInteger, []string{"-1", "1"}, []int64{1, 9}, "1"},
		{contract.TypeNumber, []string{"1.0", "2.0"}, []int64{1, 9}, "2.0"},
		{contract.TypeString, []string{"No", "Yes"}, []int64{1, 9}, "Yes"},
		{contract.TypeString, []string{"N", "Y"}, []int64{1, 9}, "Y"},
		{contract.TypeString, []string{"churned", "none"}, []int64{9, 1}, "churned"},
		{contract.TypeString, []string{"bad", "good"}, []int64{2, 8}, "bad"},
		{contract.TypeString, []string{"left", "right"}, []int64{8, 2}, "right"},
		{contract.TypeString, []string{"left", "right"}, []int64{5, 5}, "left"},
	} {
		i, why := event(&column{typ: test.typ, values: test.values, counts: test.counts})
		if test.values[i] != test.want || why == "" {
			t.Errorf("%v %v: %s (%s), want %s", test.values, test.counts, test.values[i], why, test.want)
		}
	}
}

func TestNamesOfThings(t *testing.T) {
	for name, want := range map[string]bool{
		"id": true, "customer_id": true, "customerID": true, "CustomerId": true, "order no": true, "sku": true, "tail-number": true,
		"paid": false, "humid": false, "valid": false, "monkey": false, "Number of calls": false, "volcano": false,
	} {
		if got := idName.MatchString(name); got != want {
			t.Errorf("%q names something: %t, want %t", name, got, want)
		}
	}
}

func TestCombinations(t *testing.T) {
	pool := []*column{{name: "a"}, {name: "b"}, {name: "c"}}
	var got []string
	for _, columns := range combinations(pool, []*column{{name: "row"}}) {
		text := ""
		for _, c := range columns {
			text += c.name
		}
		got = append(got, text)
	}
	want := []string{"a", "b", "c", "row", "ab", "ac", "bc", "abc"}
	if len(got) != len(want) {
		t.Fatalf("%q", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if n := len(combinations(make([]*column, 12), nil)); n != 12+28+56 {
		t.Errorf("%d combinations of 12 columns", n)
	}
}

func TestShellWord(t *testing.T) {
	for word, want := range map[string]string{
		"data/a.csv": "data/a.csv", "a b.csv": "'a b.csv'", "it's": `'it'\''s'`, "$(x)": "'$(x)'", "-x": "'-x'", "": "''",
	} {
		if got := shellWord(word); got != want {
			t.Errorf("%q becomes %s, want %s", word, got, want)
		}
	}
}

// A literal pattern matches its path and a family the paths like it.
func TestPatterns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-z*?\[\]\\ =-]{1,8}`).Draw(t, "name") + ".csv"
		if ok, err := filepath.Match(literal(name), name); !ok || err != nil {
			t.Errorf("%q does not match itself as %q: %v", name, literal(name), err)
		}
		if ok, err := filepath.Match(family("in/"+name), "in/"+name); !ok || err != nil {
			t.Errorf("%q is not of its family %q: %v", name, family("in/"+name), err)
		}
	})
}

// Whatever a text holds, the template's YAML reads back as that text.
func TestYAMLTextReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.String(), 1, 4).Draw(t, "texts")
		one, err := yamlText(texts[0])
		if err != nil {
			t.Fatal(err)
		}
		several, err := yamlText(texts)
		if err != nil {
			t.Fatal(err)
		}
		var back struct {
			One     string   `yaml:"one" required:"true"`
			Several []string `yaml:"several" required:"true"`
		}
		if _, findings := document.Decode("x.yaml", []byte("one: "+one+"\nseveral: "+several+"\n"), &back); len(findings) > 0 {
			t.Fatalf("%s %s: %v", one, several, findings)
		}
		if back.One != texts[0] {
			t.Errorf("%q became %q", texts[0], back.One)
		}
		for i := range texts {
			if back.Several[i] != texts[i] {
				t.Errorf("%q became %q", texts[i], back.Several[i])
			}
		}
	})
	if _, err := yamlText(math.Pi); err == nil {
		t.Error("a number is not refused")
	}
}
