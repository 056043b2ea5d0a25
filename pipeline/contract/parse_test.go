package contract_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/document"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// officialExamples is where a working copy of the standard's own examples may
// stand; they are read from there and not part of this repository.
const officialExamples = "../../../shared/contracts/odcs/examples"

// What lint has to say about the examples of the standard. No finding of
// pipeline/document may appear here: those examples have no unknown key.
var exampleCodes = map[string]string{
	"all/full-example.odcs.yaml":                       "contract/sla contract/sla-unchecked",
	"all/postgresql-adventureworks-contract.odcs.yaml": "contract/nested-rule",
	"data-types/all-data-types.odcs.yaml":              "contract/pattern-unanchored",
	"fundamentals/table-column-description.odcs.yaml":  "",
	"quality/column-accuracy.odcs.yaml":                "",
	"quality/column-completeness.odcs.yaml":            "",
	"quality/column-custom.odcs.yaml":                  "contract/unsupported-rule",
	"quality/column-validity.odcs.yaml":                "",
	"roles/service-and-operational-roles.odcs.yaml":    "contract/no-schema",
	"schema/all-schema-types.odcs.yaml":                "",
	"schema/kafka-schema.odcs.yaml":                    "contract/server-unread",
	"schema/kafka-schemaregistry.odcs.yaml":            "contract/no-properties contract/server-unread",
	"schema/table-column.odcs.yaml":                    "",
	"schema/table-columns-with-partition.odcs.yaml":    "",
	"server/azure-server.odcs.yaml":                    "contract/no-schema contract/server-unread",
	"server/kafka-server.odcs.yaml":                    "contract/no-properties contract/server-unread",
	"sla/database-table-sla.odcs.yaml":                 "contract/no-schema contract/sla contract/sla-unchecked",
	"stakeholders/basic-four-dpo.odcs.yaml":            "contract/no-schema",
}

func examples(t *testing.T) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for name := range exampleCodes {
		data, err := os.ReadFile(filepath.Join(officialExamples, filepath.FromSlash(name)))
		if err != nil {
			t.Skipf("the official examples of ODCS 3.1.0 are not at %s: %v", officialExamples, err)
		}
		out[name] = data
	}
	return out
}

func TestOfficialExamples(t *testing.T) {
	for name, data := range examples(t) {
		_, findings := contract.Parse(name, data)
		var codes []string
		for _, f := range findings {
			if f.Position.Line == 0 || f.Position.File != name {
				t.Errorf("%s: no position: %+v", name, f)
			}
			codes = append(codes, f.Code)
		}
		slices.Sort(codes)
		if diff := cmp.Diff(exampleCodes[name], strings.Join(slices.Compact(codes), " ")); diff != "" {
			t.Errorf("%s: %s\n%v", name, diff, findings)
		}
	}
}

func compile(t *testing.T, schema []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// Every mapping of every example gets a key that nobody knows. What the official
// schema refuses, Parse must refuse, at the key; and so must the schema that is
// made from our types.
func TestUnknownKeysAreRefusedWhereTheStandardRefusesThem(t *testing.T) {
	files := examples(t)
	official, err := os.ReadFile(filepath.Join(officialExamples, "..", "odcs-json-schema-v3.1.0.json"))
	if err != nil {
		t.Skipf("the official schema of ODCS 3.1.0 is not in ../shared: %v", err)
	}
	schema := compile(t, official)
	own, err := contract.JSONSchema()
	if err != nil {
		t.Fatal(err)
	}
	generated := compile(t, own)
	tried := 0
	for name, data := range files {
		if len(data) > 50_000 {
			continue
		}
		var value any
		if err := yaml.Unmarshal(data, &value); err != nil {
			t.Fatal(err)
		}
		if err := generated.Validate(plain(t, value)); err != nil {
			t.Errorf("%s: the generated schema refuses it: %v", name, err)
		}
		for _, m := range mappings(value) {
			m["linecoook"] = "x"
			refused := schema.Validate(plain(t, value)) != nil
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			_, findings := contract.Parse(name, text)
			found := slices.ContainsFunc(findings, func(f report.Finding) bool { return f.Code == document.CodeUnknownKey })
			if refused && !found {
				t.Errorf("%s: an unknown key passes in %v", name, m)
			}
			if found && generated.Validate(plain(t, value)) == nil {
				t.Errorf("%s: the generated schema takes an unknown key in %v", name, m)
			}
			delete(m, "linecoook")
			tried++
		}
	}
	if tried < 100 {
		t.Errorf("only %d mappings were tried", tried)
	}
}

func plain(t *testing.T, value any) any {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func mappings(value any) []map[string]any {
	var out []map[string]any
	switch value := value.(type) {
	case map[string]any:
		out = append(out, value)
		for _, key := range slices.Sorted(maps.Keys(value)) {
			out = append(out, mappings(value[key])...)
		}
	case []any:
		for _, item := range value {
			out = append(out, mappings(item)...)
		}
	}
	return out
}

const sound = `apiVersion: v3.1.0
kind: DataContract
id: flights
version: 1.0.0
status: active
schema:
  - name: flights
    properties:
      - name: carrier
        logicalType: string
`

func TestParseKeepsWhatIsSound(t *testing.T) {
	c, findings := contract.Parse("c.yaml", []byte(sound))
	if c == nil || len(findings) > 0 {
		t.Fatalf("%v", findings)
	}
	if p := c.Position("schema", 0, "properties", 0, "logicalType"); p.Line != 10 || p.Column != 22 {
		t.Errorf("position %s", p)
	}
}

// lintCases holds, for each code of lint, edits of a sound contract that make it
// fire: old text, new text.
var lintCases = map[string][][2]string{
	"contract/api-version":        {{"v3.1.0", "v2.2.2"}},
	"contract/version":            {{"1.0.0", "1.0"}, {"1.0.0", "v1.0.0"}, {"1.0.0", "01.0.0"}},
	"contract/empty-value":        {{"id: flights", "id: \" \""}, {"status: active", "status: ''"}, {"- name: flights", "- name: ''"}, {"- name: carrier", "- name: ' '"}},
	"contract/duplicate-name":     {{"    properties:\n", "    properties:\n      - {name: Carrier, logicalType: string}\n"}, {"    properties:\n", "    properties:\n      - {name: x, physicalName: carrier, logicalType: string}\n"}, {"schema:", "servers: [{server: a, type: custom}, {server: a, type: custom}]\nschema:"}, {"schema:", "schema:\n  - {name: Flights, properties: [{name: y, logicalType: string}]}"}},
	"contract/server-key":         {{"schema:", "servers: [{server: a, type: local, path: x}]\nschema:"}, {"schema:", "servers: [{server: a, type: api, location: x, port: 1}]\nschema:"}},
	"contract/duplicate-id":       {{"    properties:\n", "    properties:\n      - {name: x, id: a, logicalType: string}\n      - {name: y, id: a, logicalType: string}\n"}},
	"contract/no-schema":          {{sound[strings.Index(sound, "schema:"):], "schema: []\n"}, {sound[strings.Index(sound, "schema:"):], ""}},
	"contract/no-properties":      {{"    properties:\n      - name: carrier\n        logicalType: string\n", ""}},
	"contract/no-type":            {{"        logicalType: string\n", ""}},
	"contract/nested":             {{"logicalType: string", "logicalType: string\n        properties: []"}, {"logicalType: string", "logicalType: string\n        items: {}"}},
	"contract/type-option":        {{"logicalType: string", "logicalType: string\n        logicalTypeOptions: {minimum: 1}"}, {"logicalType: string", "logicalType: boolean\n        logicalTypeOptions: {format: x}"}},
	"contract/timezone":           {{"logicalType: string", "logicalType: timestamp\n        logicalTypeOptions: {defaultTimezone: Mars/Olympus}"}, {"logicalType: string", "logicalType: time\n        logicalTypeOptions: {timezone: true}"}, {"logicalType: string", "logicalType: time\n        logicalTypeOptions: {defaultTimezone: Europe/Paris}"}},
	"contract/bound":              {{"logicalType: string", "logicalType: integer\n        logicalTypeOptions: {minimum: \"1\"}"}, {"logicalType: string", "logicalType: date\n        logicalTypeOptions: {minimum: 1.1.2013}"}, {"logicalType: string", "logicalType: timestamp\n        logicalTypeOptions: {minimum: \"2013-01-01T00:00:00+00:60\"}"}, {"logicalType: string", "logicalType: number\n        logicalTypeOptions: {multipleOf: 0}"}, {"logicalType: string", "logicalType: string\n        logicalTypeOptions: {minLength: -1}"}},
	"contract/empty-range":        {{"logicalType: string", "logicalType: integer\n        logicalTypeOptions: {minimum: 2, exclusiveMaximum: 2}"}, {"logicalType: string", "logicalType: integer\n        logicalTypeOptions: {minimum: 9007199254740993, maximum: 9007199254740992}"}, {"logicalType: string", "logicalType: date\n        logicalTypeOptions: {minimum: 2024-01-02, maximum: 2024-01-01}"}, {"logicalType: string", "logicalType: time\n        logicalTypeOptions: {minimum: \"22:00\", maximum: \"06:00\"}"}, {"logicalType: string", "logicalType: timestamp\n        logicalTypeOptions: {defaultTimezone: Europe/Berlin, exclusiveMinimum: \"2024-01-01T00:00:00\", maximum: \"2024-01-01\"}"}, {"logicalType: string", "logicalType: string\n        logicalTypeOptions: {minLength: 2, maxLength: 1}"}, {"logicalType: string", "logicalType: array\n        logicalTypeOptions: {minItems: 2, maxItems: 1}"}},
	"contract/pattern":            {{"logicalType: string", "logicalType: string\n        logicalTypeOptions: {pattern: \"(\"}"}},
	"contract/pattern-unanchored": {{"logicalType: string", "logicalType: string\n        logicalTypeOptions: {pattern: \"A\"}"}},
	"contract/format":             {{"logicalType: string", "logicalType: string\n        logicalTypeOptions: {format: url}"}, {"logicalType: string", "logicalType: date\n        logicalTypeOptions: {format: dd.MM.yy}"}, {"logicalType: string", "logicalType: timestamp\n        logicalTypeOptions: {format: yyyy-MM-ddTHH:mm}"}, {"logicalType: string", "logicalType: integer\n        logicalTypeOptions: {format: f32}"}},
	"contract/key-position":       {{"logicalType: string", "logicalType: string\n        primaryKeyPosition: 1"}, {"logicalType: string", "logicalType: string\n        primaryKey: true\n        primaryKeyPosition: 0"}, {"logicalType: string", "logicalType: string\n        primaryKey: true\n        primaryKeyPosition: 2"}},
	"contract/rule-key":           {{"logicalType: string", "logicalType: string\n        quality: [{type: text, mustBe: 0}]"}, {"logicalType: string", "logicalType: string\n        quality: [{metric: nullValues, mustBe: 0, query: x}]"}},
	"contract/severity":           {{"logicalType: string", "logicalType: string\n        quality: [{metric: nullValues, mustBe: 0, severity: critical}]"}},
	"contract/unsupported-rule":   {{"logicalType: string", "logicalType: string\n        quality: [{type: custom, engine: soda, implementation: y}]"}},
	"contract/deprecated-rule":    {{"logicalType: string", "logicalType: string\n        quality: [{rule: nullValues, mustBe: 0}]"}},
	"contract/no-metric":          {{"logicalType: string", "logicalType: string\n        quality: [{description: x}]"}},
	"contract/metric-level":       {{"logicalType: string", "logicalType: string\n        quality: [{metric: rowCount, mustBe: 0}]"}, {"    properties:\n", "    quality: [{metric: nullValues, mustBe: 0}]\n    properties:\n"}},
	"contract/no-argument":        {{"logicalType: string", "logicalType: string\n        quality: [{metric: missingValues, mustBe: 0}]"}, {"logicalType: string", "logicalType: string\n        quality: [{metric: invalidValues, arguments: {validValues: []}, mustBe: 0}]"}, {"    properties:\n", "    quality: [{metric: duplicateValues, mustBe: 0}]\n    properties:\n"}},
	"contract/argument":           {{"logicalType: string", "logicalType: string\n        quality: [{metric: nullValues, arguments: {pattern: x}, mustBe: 0}]"}, {"logicalType: string", "logicalType: integer\n        quality: [{metric: invalidValues, arguments: {validValues: [x]}, mustBe: 0}]"}, {"logicalType: string", "logicalType: integer\n        quality: [{metric: invalidValues, arguments: {pattern: x}, mustBe: 0}]"}, {"logicalType: string", "logicalType: string\n        quality: [{metric: invalidValues, arguments: {validValues: [true]}, mustBe: 0}]"}},
	"contract/unknown-property":   {{"    properties:\n", "    quality: [{metric: duplicateValues, arguments: {properties: [carier]}, mustBe: 0}]\n    properties:\n"}},
	"contract/unit":               {{"logicalType: string", "logicalType: string\n        quality: [{metric: nullValues, mustBe: 0, unit: rate}]"}, {"    properties:\n", "    quality: [{metric: rowCount, mustBe: 0, unit: percent}]\n    properties:\n"}, {"logicalType: string", "logicalType: number\n        quality: [{type: custom, engine: linecook, unit: percent, implementation: {statistic: mean, minimum: 1}}]"}},
	"contract/operator":           {{"logicalType: string", "logicalType: string\n        quality: [{metric: nullValues}]"}, {"logicalType: string", "logicalType: string\n        quality: [{metric: nullValues, mustBe: 0, mustNotBe: 1}]"}},
	"contract/operator-value":     {{"logicalType: string", "logicalType: string\n        quality: [{metric: nullValues, mustBe: none}]"}, {"logicalType: string", "logicalType: string\n        quality: [{metric: nullValues, mustBeBetween: [2, 1]}]"}, {"logicalType: string", "logicalType: string\n        quality: [{metric: nullValues, mustBeBetween: [1]}]"}, {"logicalType: string", "logicalType: string\n        quality: [{metric: nullValues, mustBeLessThan: 101, unit: percent}]"}},
	"contract/custom-property":    {{"schema:", "customProperties: [{property: linecook.eventTime, value: x}]\nschema:"}, {"logicalType: string", "logicalType: string\n        customProperties: [{property: linecook.PII, value: true}]"}, {"    properties:\n", "    customProperties: [{property: linecook.pii, value: true}]\n    properties:\n"}, {"logicalType: string", "logicalType: string\n        customProperties: [{property: linecook.pii, value: true}, {property: linecook.pii, value: true}]"}},
	"contract/nested-rule":        {{"logicalType: string", "logicalType: object\n        unique: true"}, {"logicalType: string", "logicalType: array\n        items: {logicalType: string, logicalTypeOptions: {pattern: ^a$}}"}, {"logicalType: string", "logicalType: object\n        properties: [{name: x, logicalType: string, unique: true}]"}, {"logicalType: string", "logicalType: object\n        properties: [{name: x, logicalType: string, quality: [{metric: nullValues, mustBe: 0}]}]"}, {"logicalType: string", "logicalType: array\n        quality: [{metric: duplicateValues, mustBe: 0}]"}},
	"contract/custom-rule":        {{"logicalType: string", "logicalType: number\n        quality: [{type: custom, engine: linecook, implementation: {statistic: mode, minimum: 1}}]"}, {"logicalType: string", "logicalType: number\n        quality: [{type: custom, engine: linecook, implementation: {statistic: mean}}]"}, {"logicalType: string", "logicalType: number\n        quality: [{type: custom, engine: linecook, implementation: {statistic: mean, minimum: 2, maximum: 1}}]"}, {"logicalType: string", "logicalType: number\n        quality: [{type: custom, engine: linecook, implementation: {statistic: mean, minimum: 1, quantil: 1}}]"}, {"logicalType: string", "logicalType: number\n        quality: [{type: custom, engine: linecook, implementation: {statistic: mean, minimum: 1, quantile: 0.5}}]"}, {"logicalType: string", "logicalType: number\n        quality: [{type: custom, engine: linecook, implementation: {statistic: quantile, minimum: 1}}]"}, {"logicalType: string", "logicalType: number\n        quality: [{type: custom, engine: linecook, implementation: {statistic: quantile, quantile: 2, minimum: 1}}]"}, {"logicalType: string", "logicalType: string\n        quality: [{type: custom, engine: linecook, implementation: {statistic: mean, minimum: 1}}]"}, {"logicalType: string", "logicalType: number\n        quality: [{type: custom, engine: linecook, implementation: x}]"}, {"logicalType: string", "logicalType: number\n        quality: [{type: custom, engine: linecook, implementation: {statistic: mean, minimum: one}}]"}, {"logicalType: string", "logicalType: number\n        quality: [{type: custom, engine: linecook, implementation: {statistic: psi, maximum: 0.2, edges: [2, 1], shares: [0.5, 0.3, 0.2]}}]"}, {"logicalType: string", "logicalType: number\n        quality: [{type: custom, engine: linecook, implementation: {statistic: psi, maximum: 0.2, edges: [1, 2], shares: [0.5, 0.5]}}]"}, {"logicalType: string", "logicalType: number\n        quality: [{type: custom, engine: linecook, implementation: {statistic: psi, maximum: 0.2, edges: [1], shares: [0.5, 0.4]}}]"}, {"logicalType: string", "logicalType: string\n        quality: [{type: custom, engine: linecook, implementation: {statistic: psi, maximum: 0.2, levels: {a: 0.9, b: 0.2}}}]"}, {"    properties:\n", "    quality: [{type: custom, engine: linecook, implementation: {statistic: mean, minimum: 1}}]\n    properties:\n"}},
	"contract/custom-value":       {{"logicalType: string", "logicalType: string\n        customProperties: [{property: linecook.pii, value: yes}]"}, {"    properties:\n", "    customProperties: [{property: linecook.eventTime, value: ' '}]\n    properties:\n"}, {"    properties:\n", "    customProperties: [{property: linecook.entityKey, value: carrier}]\n    properties:\n"}, {"    properties:\n", "    customProperties: [{property: linecook.entityKey, value: []}]\n    properties:\n"}, {"    properties:\n", "    customProperties: [{property: linecook.entityKey, value: [carier]}]\n    properties:\n"}, {"    properties:\n", "    customProperties: [{property: linecook.entityKey, value: [carrier, carrier]}]\n    properties:\n"}, {"    properties:\n", "    customProperties: [{property: linecook.partition, value: carrier}]\n    properties:\n"}, {"    properties:\n", "    customProperties: [{property: linecook.partition, value: day}]\n    properties:\n"}},
	"contract/sql-rule":           {{"    properties:\n", "    quality: [{type: sql, mustBe: 0, query: \"\"}]\n    properties:\n"}, {"    properties:\n", "    quality: [{type: sql, mustBe: 0, query: \"x\"}]\n    properties:\n"}, {"    properties:\n", "    quality: [{type: sql, mustBe: 0, query: \"SELECT 1; SELECT 2\"}]\n    properties:\n"}, {"    properties:\n", "    quality: [{type: sql, mustBe: 0, query: \"DELETE FROM flights\"}]\n    properties:\n"}, {"    properties:\n", "    quality: [{type: sql, mustBe: 0, query: \"SELECT count(*) FROM 'a.csv'\"}]\n    properties:\n"}, {"    properties:\n", "    quality: [{type: sql, mustBe: 0, query: \"SELECT count(*) FROM read_csv('a.csv')\"}]\n    properties:\n"}, {"    properties:\n", "    quality: [{type: sql, mustBe: 0, query: \"SELECT count(*) FROM other\"}]\n    properties:\n"}, {"    properties:\n", "    quality: [{type: sql, mustBe: 0, query: \"SELECT count(*) FROM main.flights\"}]\n    properties:\n"}, {"    properties:\n", "    quality: [{type: sql, mustBe: 0, query: \"SELECT now()\"}]\n    properties:\n"}, {"    properties:\n", "    quality: [{type: sql, mustBe: 0, query: \"SELECT random()\"}]\n    properties:\n"}, {"    properties:\n", "    quality: [{type: sql, mustBe: 0, query: \"SELECT current_setting('threads')\"}]\n    properties:\n"}, {"    properties:\n", "    quality: [{type: sql, mustBe: 0, query: \"SELECT getvariable('x')\"}]\n    properties:\n"}, {"    properties:\n", "    quality: [{type: sql, mustBe: 0, query: \"SELECT count({property}) FROM {object}\"}]\n    properties:\n"}, {"    properties:\n", "    quality: [{type: sql, mustBe: 0, query: \"SELECT count(*) FROM duckdb_settings()\"}]\n    properties:\n"}, {"    properties:\n", "    quality: [{type: sql, mustBe: 0, query: \"SELECT count(*) FROM glob('*')\"}]\n    properties:\n"}, {"    properties:\n", "    quality: [{type: sql, mustBe: 0, query: \"SELECT $1\"}]\n    properties:\n"}, {"    properties:\n", "    quality: [{type: sql, mustBe: 0, query: \"SELECT count(*) FROM flights TABLESAMPLE 1%\"}]\n    properties:\n"}, {"    properties:\n", "    quality: [{type: sql, mustBe: 0, query: \"COPY flights TO 'x'\"}]\n    properties:\n"}, {"    properties:\n", "    quality: [{type: sql, mustBe: 0, query: \"SELECT count(*) FROM (DESCRIBE flights)\"}]\n    properties:\n"}, {"    properties:\n", "    quality: [{type: sql, mustBe: 0, query: \"SUMMARIZE flights\"}]\n    properties:\n"}, {"    properties:\n", "    quality: [{type: sql, mustBe: 0, query: \"SELECT count(*) FROM query('SELECT 1')\"}]\n    properties:\n"}, {"    properties:\n", "    quality: [{type: sql, mustBe: 0, query: \"SELECT count(*) FROM query_table('flights')\"}]\n    properties:\n"}},
	"contract/sla":                {{"schema:", "slaProperties: [{property: latency, value: 4, unit: d}]\nschema:"}, {"schema:", "slaProperties: [{property: latency, value: 4, element: flights.carrier, unit: d}]\nschema:"}, {"schema:", "slaProperties: [{property: freshness, value: soon, unit: d, element: carrier}]\nschema:"}, {"schema:", "slaProperties: [{property: re, value: 0, unit: y, element: flights.carrier}]\nschema:"}, {"schema:", "slaProperties: [{property: frequency, value: 1, unit: month, element: flights.carrier}]\nschema:"}, {"schema:", "slaProperties: [{property: latency, value: 1, unit: d, element: other.carrier}]\nschema:"}, {"schema:", "slaProperties: [{property: latency, value: 1, unit: d, element: flights.carier}]\nschema:"}, {"schema:", "slaProperties: [{property: latency, value: 1, element: flights.carrier}]\nschema:"}},
	"contract/server-unread":      {{"schema:", "servers: [{server: a, type: mysql, host: h, port: 1, database: d}]\nschema:"}},
	"contract/sla-unchecked":      {{"schema:", "slaProperties: [{property: availability, value: 99.9, unit: '%'}]\nschema:"}},
}

func TestEveryLintRuleFires(t *testing.T) {
	for code, edits := range lintCases {
		for _, edit := range edits {
			text := strings.Replace(sound, edit[0], edit[1], 1)
			if text == sound {
				t.Fatalf("%s: the sound contract has no %q", code, edit[0])
			}
			c, findings := contract.Parse("c.yaml", []byte(text))
			i := slices.IndexFunc(findings, func(f report.Finding) bool { return f.Code == code })
			if i < 0 {
				t.Errorf("%s does not fire for %q: %v", code, edit[1], findings)
				continue
			}
			if report.HasErrors(findings) != (c == nil) {
				t.Errorf("%s: contract %v beside %v", code, c, findings)
			}
			if f := findings[i]; f.Position.Line == 0 || f.Message == "" || (f.Remedy == "" && f.Severity == report.Error && code != "contract/custom-value") {
				t.Errorf("%s: incomplete: %+v", code, f)
			}
		}
	}
}

// The codes are read from the source, so that a new rule without a case fails.
func TestEveryLintRuleHasACase(t *testing.T) {
	codes := map[string]bool{}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	call := regexp.MustCompile(`l\.(?:error|warn|note)\("(contract/[a-z-]+)"`)
	for _, name := range sources {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range call.FindAllStringSubmatch(string(source), -1) {
			codes[match[1]] = true
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(lintCases)), slices.Sorted(maps.Keys(codes))); diff != "" {
		t.Error(diff)
	}
}

func TestPatternBesideArguments(t *testing.T) {
	_, findings := contract.Parse("c.yaml", []byte(strings.Replace(sound, "logicalType: string", "logicalType: string\n        quality: [{metric: invalidValues, pattern: ^a$, mustBe: 0}]", 1)))
	if len(findings) != 1 || !strings.HasPrefix(findings[0].Remedy, "put pattern under arguments") {
		t.Errorf("%v", findings)
	}
}

func ExampleParse() {
	_, findings := contract.Parse("flights.odcs.yaml", []byte(strings.Replace(sound, "logicalType: string", "logicaltype: string", 1)))
	for _, f := range findings {
		fmt.Println(f.Position, f.Message)
	}
	// Output:
	// flights.odcs.yaml:10:9 unknown key "logicaltype" in "properties[0]"; did you mean "logicalType"?
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(sound))
	f.Add([]byte(flights))
	f.Add([]byte(header + "      - {name: v, logicalType: integer, logicalTypeOptions: {minimum: 1}, quality: [{metric: nullValues, mustBeBetween: [0, 1]}]}\n"))
	f.Add([]byte(nested))
	f.Add([]byte(private))
	f.Add([]byte(twoObjects))
	f.Add([]byte(strings.Replace(header, "schema:", "slaProperties: [{property: latency, value: 1, unit: d, element: flights.v}]\nschema:", 1) + "      - {name: v, logicalType: date, logicalTypeOptions: {format: dd.MM.yyyy}, quality: [{type: sql, query: 'SELECT count({property}) FROM {object}', mustBe: 0}, {type: custom, engine: linecook, implementation: {statistic: mean, minimum: 1}}]}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, findings := contract.Parse("f.yaml", data)
		if (c == nil) != report.HasErrors(findings) {
			t.Fatalf("contract %v beside %v", c, findings)
		}
		if c == nil {
			return
		}
		c.Types()
		text, err := contract.Render(c)
		if err != nil {
			t.Fatal(err)
		}
		if again, findings := contract.Parse("f.yaml", text); again == nil {
			t.Fatalf("Render wrote what Parse refuses: %v\n%s", findings, text)
		}
	})
}
