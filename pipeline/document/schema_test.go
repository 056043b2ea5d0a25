package document

import (
	"bytes"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The schema and Decode must agree, or editors accept what linecook refuses.
func TestSchemaAgreesWithDecode(t *testing.T) {
	schema := compile(t)
	for _, text := range []string{
		"version: a\n",
		"version: a\nrows: 1\nrate: 2.5\nready: true\ntags: [x]\nlabels: {a: b}\nfree: [1, {a: 2}]\nvalue: 1\nmaxAge: 3d\nfrom: x\n",
		"version: a\nfrom: [x]\nsteps: [{name: x, mode: fit, steps: [{name: y}]}]\n",
		"rows: 1\n",
		"version: a\nrow: 1\n",
		"version: true\n",
		"version: a\nrows: '1'\n",
		"version: a\nrows: 1.5\n",
		"version: a\nready: yes\n",
		"version: a\nready: ~\n",
		"version: a\ntags: x\n",
		"version: a\ntags: [[x]]\n",
		"version: a\nlabels: {a: [b]}\n",
		"version: a\nvalue: [1]\n",
		"version: a\nmaxAge: 3h\n",
		"version: a\nfrom: {x: y}\n",
		"version: a\nsteps: [{mode: fit}]\n",
		"version: a\nsteps: [{name: x, mode: other}]\n",
		"version: a\nsteps: [{name: x, steps: [{nam: y}]}]\n",
		"- a\n",
	} {
		var value any
		if err := yaml.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		_, _, findings := decode(t, text)
		if err := schema.Validate(jsonValue(t, value)); (err == nil) != (len(findings) == 0) {
			t.Errorf("%q\nDecode: %v\nschema: %v", text, findings, err)
		}
	}
}

func jsonValue(t *testing.T, value any) any {
	t.Helper()
	b, err := yaml.MarshalWithOptions(value, yaml.JSON())
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	b, err := Schema(config{}, "https://example.org/config.json", "A test")
	if err != nil {
		t.Fatal(err)
	}
	again, err := Schema(&config{}, "https://example.org/config.json", "A test")
	if err != nil || !bytes.Equal(b, again) {
		t.Fatalf("the schema is not stable: %v", err)
	}
	if !strings.Contains(string(b), `"description": "What it is called."`) {
		t.Error("the description is missing")
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("config.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("config.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestSchemaRefusesWhatItCannotDescribe(t *testing.T) {
	for _, v := range []any{nil, "text", struct {
		C chan int `yaml:"c"`
	}{}} {
		if _, err := Schema(v, "x", "x"); err == nil {
			t.Errorf("Schema(%T) gave no error", v)
		}
	}
}
