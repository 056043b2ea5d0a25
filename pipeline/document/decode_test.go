package document

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linecook-ml/linecook/pipeline/report"
)

type age struct{ days int }

func (a *age) UnmarshalText(text []byte) error {
	if _, err := fmt.Sscanf(string(text), "%dd", &a.days); err != nil {
		return fmt.Errorf("the age %q is not like 3d", text)
	}
	return nil
}

func (*age) JSONSchemaPattern() string { return `^[0-9]+d$` }

type named struct {
	Name string `yaml:"name" required:"true" description:"What it is called."`
}

type step struct {
	named
	Mode  string `yaml:"mode" enum:"fit,apply"`
	Steps []step `yaml:"steps"`
}

type textOrList struct {
	Text string   `yaml:",scalar"`
	List []string `yaml:",sequence"`
}

type config struct {
	Version string            `yaml:"version" required:"true"`
	Rows    int               `yaml:"rows"`
	Rate    float64           `yaml:"rate"`
	Ready   *bool             `yaml:"ready"`
	Tags    []string          `yaml:"tags"`
	Labels  map[string]string `yaml:"labels"`
	Free    any               `yaml:"free"`
	Value   Scalar            `yaml:"value"`
	MaxAge  age               `yaml:"maxAge"`
	From    textOrList        `yaml:"from"`
	Steps   []step            `yaml:"steps"`
}

func decode(t *testing.T, text string) (config, *Document, []report.Finding) {
	t.Helper()
	var c config
	doc, findings := Decode("pipeline.yaml", []byte(text), &c)
	return c, doc, findings
}

func TestDecodeFillsEveryKindOfField(t *testing.T) {
	got, _, findings := decode(t, `# a comment
version: 1.10
rows: 42
rate: 1e-3
ready: false
tags: [a, "b c", 2013-10-01]
labels:
  team: 'kitchen'
free: {n: 1, x: 1.5, on: true, none: , list: [text]}
value: 1.10
maxAge: 3d
from:
  - one
  - two
steps:
  - name: |
      two
      lines
    mode: fit
    steps:
      - name: inner
`)
	if len(findings) > 0 {
		t.Fatalf("findings: %v", findings)
	}
	ready := false
	want := config{
		Version: "1.10", Rows: 42, Rate: 0.001, Ready: &ready,
		Tags: []string{"a", "b c", "2013-10-01"}, Labels: map[string]string{"team": "kitchen"},
		Free:  map[string]any{"n": int64(1), "x": 1.5, "on": true, "none": nil, "list": []any{"text"}},
		Value: Scalar{Kind: Number, Text: "1.10"}, MaxAge: age{3},
		From:  textOrList{List: []string{"one", "two"}},
		Steps: []step{{named: named{"two\nlines\n"}, Mode: "fit", Steps: []step{{named: named{"inner"}}}}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(age{}, step{})); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeSaysWhatIsWrongAndWhere(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"unknown key":           {"version: a\nrow: 1\n", `pipeline.yaml:2:1 document/unknown-key unknown key "row" in the document; did you mean "rows"?`},
		"unknown key, far":      {"version: a\nquxquux: 1\n", `pipeline.yaml:2:1 document/unknown-key unknown key "quxquux" in the document`},
		"case variant":          {"Version: a\nversion: b\n", `pipeline.yaml:1:1 document/unknown-key unknown key "Version" in the document; did you mean "version"?`},
		"nested unknown key":    {"version: a\nsteps:\n  - name: x\n    mod: fit\n", `pipeline.yaml:4:5 document/unknown-key unknown key "mod" in "steps[0]"; did you mean "mode"?`},
		"duplicate key":         {"version: a\nrows: 1\nversion: b\n", `pipeline.yaml:3:1 document/duplicate-key the key "version" stands here twice; the first is on line 1`},
		"missing key":           {"rows: 1\n", `pipeline.yaml:1:1 document/missing-key the document lacks the key "version"`},
		"nested missing key":    {"version: a\nsteps:\n  - mode: fit\n", `pipeline.yaml:3:5 document/missing-key "steps[0]" lacks the key "name"`},
		"text for number":       {"version: a\nrows: many\n", `pipeline.yaml:2:7 document/type "rows" must be a whole number, not the text "many"`},
		"quoted number":         {"version: a\nrows: '1'\n", `pipeline.yaml:2:7 document/type "rows" must be a whole number, not the text "1"`},
		"fraction for int":      {"version: a\nrows: 1.5\n", `pipeline.yaml:2:7 document/type "rows" must be a whole number, not the number 1.5`},
		"huge int":              {"version: a\nrows: 99999999999999999999\n", `pipeline.yaml:2:7 document/value "rows": the number 99999999999999999999 is too large`},
		"octal":                 {"version: a\nrows: 017\n", `pipeline.yaml:2:7 document/type "rows" must be a whole number, not 017`},
		"underscores":           {"version: a\nrate: 1_000\n", `pipeline.yaml:2:7 document/type "rate" must be a number, not 1_000`},
		"hex float":             {"version: a\nrate: 0x1p-2\n", `pipeline.yaml:2:7 document/type "rate" must be a number, not the text "0x1p-2"`},
		"NaN":                   {"version: a\nrate: .nan\n", `pipeline.yaml:2:7 document/type "rate" must be a number, not .nan`},
		"Inf":                   {"version: a\nrate: -.inf\n", `pipeline.yaml:2:7 document/type "rate" must be a number, not -.inf`},
		"overflow":              {"version: a\nrate: 1e400\n", `pipeline.yaml:2:7 document/type "rate" must be a number, not 1e400`},
		"unclear free value":    {"version: a\nfree: [017]\n", `pipeline.yaml:2:8 document/type "free[0]": 017 is a number to some YAML readers and not to others`},
		"yes for bool":          {"version: a\nready: yes\n", `pipeline.yaml:2:8 document/type "ready" must be true or false, not the text "yes"`},
		"bool for text":         {"version: true\n", `pipeline.yaml:1:10 document/type "version" must be a text, not the boolean true`},
		"nothing for text":      {"version:\n", `pipeline.yaml:1:10 document/type "version" must be a text, not nothing`},
		"nothing for pointer":   {"version: a\nready: ~\n", `pipeline.yaml:2:8 document/type "ready" must be true or false, not nothing`},
		"list for text":         {"version: [a]\n", `pipeline.yaml:1:10 document/type "version" must be a text, not a list`},
		"text for list":         {"version: a\ntags: b\n", `pipeline.yaml:2:7 document/type "tags" must be a list, not the text "b"`},
		"wrong list element":    {"version: a\ntags: [b, {c: d}]\n", `pipeline.yaml:2:11 document/type "tags[1]" must be a text, not a mapping`},
		"mapping for union":     {"version: a\nfrom: {x: y}\n", `pipeline.yaml:2:7 document/type "from" must be one value or a list, not a mapping`},
		"enum":                  {"version: a\nsteps: [{name: x, mode: aply}]\n", `pipeline.yaml:2:25 document/value "mode" cannot be "aply"; did you mean "apply"?`},
		"own text form":         {"version: a\nmaxAge: 3h\n", `pipeline.yaml:2:9 document/value "maxAge": the age "3h" is not like 3d`},
		"empty":                 {"", `pipeline.yaml:1:1 document/empty the file is empty`},
		"comment only":          {"# nothing\n", `pipeline.yaml:1:1 document/empty the file is empty`},
		"scalar only":           {"just text\n", `pipeline.yaml:1:1 document/type the document must be a mapping of keys to values, not the text "just text"`},
		"list only":             {"- a\n", `pipeline.yaml:1:1 document/type the document must be a mapping of keys to values, not a list`},
		"several":               {"version: a\n---\nversion: b\n", `pipeline.yaml:3:1 document/several the file has 2 YAML documents; one is expected`},
		"alias":                 {"version: &v a\n", `pipeline.yaml:1:10 document/alias anchors, aliases and merge keys (&, *, <<) are not read`},
		"merge key":             {"<<: {version: a}\n", `pipeline.yaml:1:1 document/alias anchors, aliases and merge keys (&, *, <<) are not read`},
		"tag":                   {"version: !!str 1\n", `pipeline.yaml:1:10 document/tag the tag "!!str" is not read`},
		"syntax":                {"version: a\n rows: 1\n", `pipeline.yaml:1:10 document/syntax this is not YAML: `},
		"tab":                   {"steps:\n\t- a\n", `pipeline.yaml:2:`},
		"not UTF-8":             {"version: a\nrows: \xff\n", `pipeline.yaml:2:7 document/encoding byte 0xFF is not UTF-8`},
		"binary":                {"version: a\x00\n", `pipeline.yaml:1:11 document/encoding the character U+0000 cannot stand in a YAML file`},
		"position counts runes": {"labels: {é: é, ü: [x]}\nversion: a\n", `pipeline.yaml:1:19 document/type "ü" must be a text, not a list`},
		"deep flow":             {"version: a\nfree: " + strings.Repeat("[", 60) + strings.Repeat("]", 60), `document/too-deep values are nested more than 48 deep`},
		"deep block":            {"version: a\nfree:\n " + strings.Repeat("- ", 60) + "a", `document/too-deep values are nested more than 48 deep`},
		"deep line":             {"version: a\nfree:\n " + strings.Repeat("- ", 9000) + "a", `document/too-deep values are nested more than 48 deep`},
		"too large":             {"version: " + strings.Repeat("a", maxBytes), `pipeline.yaml document/too-large the file has 1048585 bytes; at most 1048576 are read`},
		"too many values":       {"tags: [" + strings.Repeat("a,", 40000) + "]", `document/too-large the file has 80004 keys, values and signs; at most 50000 are read`},
		"long key":              {strings.Repeat("k", 600) + ": 1", `pipeline.yaml:1:601 document/too-large a key has 600 bytes; at most 512 are read`},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, findings := decode(t, test.text)
			if len(findings) == 0 {
				t.Fatal("no finding")
			}
			f := findings[0]
			if got := f.Position.String() + " " + f.Code + " " + f.Message; !strings.Contains(got, test.want) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if f.Severity != report.Error {
				t.Errorf("severity %q", f.Severity)
			}
		})
	}
}

func TestDecodeReportsAllMistakesInOrder(t *testing.T) {
	_, doc, findings := decode(t, "rows: x\nfoo: 1\nsteps:\n  - mode: bad\n")
	var codes []string
	for _, f := range findings {
		codes = append(codes, fmt.Sprintf("%d %s", f.Position.Line, f.Code))
	}
	want := []string{"1 document/missing-key", "1 document/type", "2 document/unknown-key", "4 document/missing-key", "4 document/value"}
	if diff := cmp.Diff(want, codes); diff != "" {
		t.Error(diff)
	}
	if doc == nil {
		t.Error("the syntax was fine, so the document must be there")
	}
}

func TestDecodeAcceptsOtherLineEndsAndByteOrderMark(t *testing.T) {
	got, doc, findings := decode(t, "\ufeffversion: a\r\nsteps:\r\n  - name: |\r\n      one\r\n      two\r\n")
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	if got.Steps[0].Name != "one\ntwo\n" {
		t.Errorf("name %q", got.Steps[0].Name)
	}
	if p := doc.Position("steps", 0, "name"); p.Line != 3 || p.Column != 11 {
		t.Errorf("position %s", p)
	}
}

func TestPosition(t *testing.T) {
	_, doc, _ := decode(t, "version: a\nsteps:\n  - name: x\n    mode: fit\n  - {name: y}\n")
	for _, test := range []struct {
		path       []any
		value, key string
	}{
		{[]any{}, "1:1", "1:1"},
		{[]any{"version"}, "1:10", "1:1"},
		{[]any{"steps"}, "3:3", "2:1"},
		{[]any{"steps", 0}, "3:5", "3:5"},
		{[]any{"steps", 0, "mode"}, "4:11", "4:5"},
		{[]any{"steps", 1}, "5:5", "5:5"},
		{[]any{"steps", 1, "name"}, "5:12", "5:6"},
		{[]any{"steps", 1, "nothing", "deeper"}, "5:5", "5:5"},
		{[]any{"steps", 9}, "3:3", "3:3"},
	} {
		if got := doc.Position(test.path...).String(); got != "pipeline.yaml:"+test.value {
			t.Errorf("Position(%v) = %s, want %s", test.path, got, test.value)
		}
		if got := doc.KeyPosition(test.path...).String(); got != "pipeline.yaml:"+test.key {
			t.Errorf("KeyPosition(%v) = %s, want %s", test.path, got, test.key)
		}
	}
	if doc.Has("steps", 2) || !doc.Has("steps", 1, "name") {
		t.Error("Has")
	}
}

func TestNearest(t *testing.T) {
	columns := []string{"carrier", "dep_time", "time_hour", "id"}
	for word, want := range map[string]string{
		"carier": "carrier", "Carrier": "carrier", "depTime": "dep_time", "tiem_hour": "time_hour", "airline": "", "xy": "", "": "",
		strings.Repeat("x", 1<<20): "",
	} {
		got, ok := Nearest(word, columns)
		if got != want || ok != (want != "") {
			t.Errorf("Nearest(%.20q) = %q, %v; want %q", word, got, ok, want)
		}
	}
}

func ExampleDecode() {
	var into struct {
		Label string `yaml:"label" required:"true"`
		Days  int    `yaml:"days"`
	}
	_, findings := Decode("pipeline.yaml", []byte("labels: late\ndays: 3\n"), &into)
	for _, f := range findings {
		fmt.Println(f.Position, f.Message)
	}
	// Output:
	// pipeline.yaml:1:1 the document lacks the key "label"
	// pipeline.yaml:1:1 unknown key "labels" in the document; did you mean "label"?
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"version: 1.10\nsteps: [{name: x}]\n", "a: [1, {b: c}]\n", "? a\n: b\n", "a: |2\n  x\n", "a: &x [*x]\n", "--- \n...\n", "a: \"\\u00e9\"\n", "- - a\n", "{a: b, c}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var c config
		doc, findings := Decode("f.yaml", data, &c)
		if doc == nil && !report.HasErrors(findings) {
			t.Fatal("no document and no error")
		}
		if doc != nil {
			doc.Position("steps", 0, "name")
		}
		for _, finding := range findings {
			if finding.Message == "" || finding.Code == "" || finding.Position.File == "" {
				t.Fatalf("an incomplete finding: %+v", finding)
			}
		}
	})
}
