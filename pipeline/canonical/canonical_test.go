package canonical_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/linecook-ml/linecook/pipeline/canonical"
)

func ExampleMarshal() {
	text, err := canonical.Marshal(map[string]any{"rows": 336776, "auc": 0.70, "name": "flight-delay"})
	fmt.Println(string(text), err)
	// Output: {"auc":0.7,"name":"flight-delay","rows":336776} <nil>
}

func ExampleUnmarshal() {
	var limits struct {
		MaxAge int `json:"max_age"`
	}
	fmt.Println(canonical.Unmarshal([]byte(`{"Max_Age": 3}`), &limits))
	// Output: strict JSON: $ has the unknown key "Max_Age"; known are max_age
}

// RFC 8785, appendix B.
func TestNumbersAreThoseOfTheRFC(t *testing.T) {
	for _, c := range []struct{ bits, want string }{
		{"0000000000000000", "0"},
		{"8000000000000000", "0"},
		{"0000000000000001", "5e-324"},
		{"8000000000000001", "-5e-324"},
		{"7fefffffffffffff", "1.7976931348623157e+308"},
		{"ffefffffffffffff", "-1.7976931348623157e+308"},
		{"4340000000000000", "9007199254740992"},
		{"c340000000000000", "-9007199254740992"},
		{"4430000000000000", "295147905179352830000"},
		{"44b52d02c7e14af5", "9.999999999999997e+22"},
		{"44b52d02c7e14af6", "1e+23"},
		{"44b52d02c7e14af7", "1.0000000000000001e+23"},
		{"444b1ae4d6e2ef4e", "999999999999999700000"},
		{"444b1ae4d6e2ef4f", "999999999999999900000"},
		{"444b1ae4d6e2ef50", "1e+21"},
		{"3eb0c6f7a0b5ed8c", "9.999999999999997e-7"},
		{"3eb0c6f7a0b5ed8d", "0.000001"},
		{"41b3de4355555553", "333333333.3333332"},
		{"41b3de4355555554", "333333333.33333325"},
		{"41b3de4355555555", "333333333.3333333"},
		{"41b3de4355555556", "333333333.3333334"},
		{"41b3de4355555557", "333333333.33333343"},
		{"becbf647612f3696", "-0.0000033333333333333333"},
		{"43143ff3c1cb0959", "1424953923781206.2"},
	} {
		bits, err := strconv.ParseUint(c.bits, 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		f := math.Float64frombits(bits)
		// Twenty digits after the first are enough to name any float64.
		got, err := canonical.Transform([]byte(strconv.FormatFloat(f, 'e', 20, 64)))
		if err != nil || string(got) != c.want {
			t.Errorf("Transform(%s) = %s, %v; want %s", c.bits, got, err, c.want)
		}
		if got, err := canonical.Marshal(f); err != nil || string(got) != c.want {
			t.Errorf("Marshal(%s) = %s, %v; want %s", c.bits, got, err, c.want)
		}
	}
	for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if text, err := canonical.Marshal(map[string]float64{"auc": f}); err == nil {
			t.Errorf("%v became %s", f, text)
		}
	}
}

func TestTransform(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"RFC 8785, 3.2.2", `{
			"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
			"string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
			"literals": [null, true, false]
		}`, `{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`},
		{"RFC 8785, 3.2.3: keys by UTF-16 code units", `{
			"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
			"\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"
		}`, "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}"},
		{"every control character", `"\b\t\n\f\r\u0000\u001f\u007f"`, "\"\\b\\t\\n\\f\\r\\u0000\\u001f\u007f\""},
		{"characters that HTML and JavaScript dislike stay", `"<&>\u2028"`, "\"<&>\u2028\""},
		{"empty things", ` { "a" : [ ] , "b" : { } , "" : "" } `, `{"":"","a":[],"b":{}}`},
		{"minus zero", `[-0, -0.0, 0e5]`, `[0,0,0]`},
		{"an integer that a float64 holds in these digits", `[9007199254740994, 100000000000000000000]`, `[9007199254740994,100000000000000000000]`},
		{"the replacement character is text like any other", `"\ufffd"`, "\"\ufffd\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := canonical.Transform([]byte(c.in))
			if err != nil || string(got) != c.want {
				t.Errorf("got  %s, %v\nwant %s", got, err, c.want)
			}
		})
	}
}

func TestTransformRefuses(t *testing.T) {
	for _, c := range []struct{ name, in, message string }{
		{"nothing", ``, "ends where a value"},
		{"only space", " \n", "ends where a value"},
		{"two values", `{} {}`, "data follows"},
		{"a key twice", `{"a":1,"b":2,"a":3}`, `key "a" twice`},
		{"a key twice by escape", `{"a":1,"\u0061":3}`, `key "a" twice`},
		{"integer beyond 2^53", `{"n":9007199254740993}`, "make it a string"},
		{"integer whose digits would change", `1152921504606846976`, "make it a string"},
		{"number beyond float64", `1e400`, "beyond a float64"},
		{"NaN", `NaN`, "does not begin"},
		{"Infinity", `-Infinity`, "needs digits"},
		{"leading zero", `017`, "leading zero"},
		{"leading plus", `+1`, "does not begin"},
		{"bare point", `1.`, "decimal point"},
		{"bare exponent", `1e`, "exponent"},
		{"hexadecimal", `0x1F`, "data follows"},
		{"underscore", `1_000`, "data follows"},
		{"invalid UTF-8", "\"\xff\"", "UTF-8"},
		{"overlong UTF-8", "\"\xc0\x80\"", "UTF-8"},
		{"lone high surrogate", `"\ud83d"`, "surrogate"},
		{"lone low surrogate", `"\ude00"`, "surrogate"},
		{"high surrogate and a letter", `"\ud83d\u0041"`, "surrogate"},
		{"raw control character", "\"a\nb\"", "control character"},
		{"unknown escape", `"\x41"`, "escape"},
		{"short escape", `"\u12"`, "escape"},
		{"escape at the end", `"\`, "escape"},
		{"unclosed string", `"abc`, "inside a string"},
		{"unclosed array", `[1`, "comma or ]"},
		{"unclosed object", `{"a":1`, "comma or }"},
		{"trailing comma", `[1,]`, "does not begin"},
		{"trailing comma in object", `{"a":1,}`, "key in double quotes"},
		{"no colon", `{"a" 1}`, "colon"},
		{"unquoted key", `{a:1}`, "key in double quotes"},
		{"comment", `/* */ 1`, "does not begin"},
		{"byte order mark", "\ufeff1", "does not begin"},
		{"too deep", strings.Repeat("[", 300) + strings.Repeat("]", 300), "deeper"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := canonical.Transform([]byte(c.in))
			if err == nil || !strings.Contains(err.Error(), c.message) {
				t.Errorf("got %s, %v; want an error with %q", got, err, c.message)
			}
		})
	}
}

func TestMarshalRefusesInvalidUTF8(t *testing.T) {
	if text, err := canonical.Marshal([]string{"caf\xe9"}); err == nil {
		t.Errorf("invalid UTF-8 became %s", text)
	}
	for _, s := range []string{"\ufffd", `\ufffd`} {
		text, err := canonical.Marshal(s)
		var back string
		if err != nil || canonical.Unmarshal(text, &back) != nil || back != s {
			t.Errorf("%q became %s, %v", s, text, err)
		}
	}
}

func TestDigest(t *testing.T) {
	// printf '{"a":1}' | sha256sum
	const want = "sha256:015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
	got, err := canonical.Digest(map[string]int{"a": 1})
	if err != nil || got != want || !canonical.IsDigest(got) {
		t.Errorf("Digest = %s, %v; want %s", got, err, want)
	}
	for _, s := range []string{"", want[7:], "SHA256:" + want[7:], want + "0", want[:70], "sha256:" + strings.ToUpper(want[7:]), want + "\n"} {
		if canonical.IsDigest(s) {
			t.Errorf("%q passes for a digest", s)
		}
	}
}

func TestCheck(t *testing.T) {
	if err := canonical.Check([]byte(`{"a":1,"b":2}`)); err != nil {
		t.Error(err)
	}
	for _, s := range []string{`{"b":2,"a":1}`, `{"a":1, "b":2}`, `{"a":1.0}`, "1\n", `"\/"`, `{`} {
		if canonical.Check([]byte(s)) == nil {
			t.Errorf("%s passes for canonical", s)
		}
	}
}

type inner struct {
	Seed uint64 `json:"seed,string"`
}

type embedded struct {
	Kind string `json:"kind"`
}

type record struct {
	embedded
	Name   string             `json:"name"`
	Count  int                `json:"count"`
	Pair   [2]float64         `json:"pair"`
	List   []inner            `json:"list"`
	ByName map[string]inner   `json:"by_name"`
	Maybe  *inner             `json:"maybe"`
	At     time.Time          `json:"at"`
	Raw    json.RawMessage    `json:"raw"`
	Any    any                `json:"any"`
	Plain  map[string]float64 // without a tag
	Hidden string             `json:"-"`
	secret string
}

func TestUnmarshalTakesWhatTheTypeNames(t *testing.T) {
	const in = `{"kind":"k","name":"n","count":3,"pair":[1,2],"list":[{"seed":"18446744073709551615"}],
		"by_name":{"x":{"seed":"1"}},"maybe":null,"at":"2013-10-01T00:00:00Z","raw":{"b":1,"a":[null]},"any":{"Any":1},"Plain":{"auc":0.7}}`
	var r record
	if err := canonical.Unmarshal([]byte(in), &r); err != nil {
		t.Fatal(err)
	}
	if r.Kind != "k" || r.List[0].Seed != math.MaxUint64 || r.ByName["x"].Seed != 1 || string(r.Raw) != `{"a":[null],"b":1}` || r.Plain["auc"] != 0.7 {
		t.Errorf("got %+v", r)
	}
}

func TestUnmarshalRefuses(t *testing.T) {
	for _, c := range []struct{ name, in, message string }{
		{"unknown key", `{"nome":"n"}`, `$ has the unknown key "nome"`},
		{"case variant", `{"NAME":"n"}`, `unknown key "NAME"`},
		{"case variant beside the key", `{"name":"a","Name":"b"}`, `unknown key "Name"`},
		{"unknown key in a list", `{"list":[{"seed":"1"},{"sead":"1"}]}`, `$.list[1] has the unknown key "sead"`},
		{"unknown key in a map", `{"by_name":{"x":{"Seed":"1"}}}`, `$.by_name.x has the unknown key "Seed"`},
		{"unknown key behind a pointer", `{"maybe":{"s":"1"}}`, `$.maybe has the unknown key "s"`},
		{"field that is not for JSON", `{"Hidden":"n"}`, `unknown key "Hidden"`},
		{"field that is not exported", `{"secret":"n"}`, `unknown key "secret"`},
		{"key twice", `{"name":"a","name":"b"}`, `twice`},
		{"null text", `{"name":null}`, `$.name is null`},
		{"null number", `{"pair":[1,null]}`, `$.pair[1] is null`},
		{"null struct in a list", `{"list":[null]}`, `$.list[0] is null`},
		{"too many elements", `{"pair":[1,2,3]}`, `$.pair has 3 elements`},
		{"too few elements", `{"pair":[1]}`, `$.pair has 1 elements`},
		{"text for a number", `{"count":"3"}`, "count"},
		{"fraction for an integer", `{"count":3.5}`, "count"},
		{"number for text", `{"name":3}`, "name"},
		{"object for a list", `{"list":{}}`, "list"},
		{"wrong time", `{"at":"yesterday"}`, "yesterday"},
		{"trailing data", `{} {}`, "data follows"},
		{"nothing", ``, "ends"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r record
			err := canonical.Unmarshal([]byte(c.in), &r)
			if err == nil || !strings.Contains(err.Error(), c.message) {
				t.Errorf("got %v; want an error with %q", err, c.message)
			}
			if r.secret != "" {
				t.Errorf("the unexported field became %q", r.secret)
			}
		})
	}
}

// Whatever floats and texts are marshalled come back as they were, and the
// order in which a map was filled leaves no trace.
func TestMarshalLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.MapOf(rapid.String(), rapid.Float64()).Draw(t, "map")
		text, err := canonical.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		var out map[string]float64
		if err := canonical.Unmarshal(text, &out); err != nil {
			t.Fatal(err)
		}
		if len(in) != len(out) {
			t.Fatalf("%d keys became %d", len(in), len(out))
		}
		for k, v := range in {
			if out[k] != v {
				t.Fatalf("%q: %v became %v", k, v, out[k])
			}
		}
	})
}

// Transform takes nothing that encoding/json would not, keeps its meaning, and
// has nothing to add to its own output.
func FuzzTransform(f *testing.F) {
	for _, s := range []string{`{"b":[1.50,"\u00e9"],"a":{"":null}}`, `[1e21,-0,1e-7,5e-324]`, `"\ud83d\ude00"`, `{"a":1,"a":2}`, `9007199254740993`, "\"\xff\"", `[[[]]]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		once, err := canonical.Transform(in)
		if err != nil {
			return
		}
		twice, err := canonical.Transform(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s became %s, %v", once, twice, err)
		}
		var before, after any
		if err := json.Unmarshal(in, &before); err != nil {
			t.Fatalf("encoding/json refuses %q: %v", in, err)
		}
		if err := json.Unmarshal(once, &after); err != nil {
			t.Fatalf("encoding/json refuses its canonical form %q: %v", once, err)
		}
		left, _ := json.Marshal(before)
		right, _ := json.Marshal(after)
		// encoding/json keeps the sign of zero, which RFC 8785 drops.
		if !bytes.Equal(bytes.ReplaceAll(left, []byte("-0"), []byte("0")), bytes.ReplaceAll(right, []byte("-0"), []byte("0"))) {
			t.Fatalf("%s and %s differ in meaning", left, right)
		}
	})
}
