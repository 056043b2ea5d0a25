package contract_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/dataset"
)

const nested = header + `      - {name: id, logicalType: integer, required: true}
      - name: address
        logicalType: object
        logicalTypeOptions: {required: [street], maxProperties: 2}
        properties:
          - {name: street, logicalType: string}
          - {name: zip, logicalType: integer, logicalTypeOptions: {minimum: 10000, maximum: 99999}}
          - {name: floor, logicalType: integer}
      - name: tags
        logicalType: array
        required: true
        logicalTypeOptions: {minItems: 1, maxItems: 3, uniqueItems: true}
        items: {logicalType: string, required: true, logicalTypeOptions: {maxLength: 3}}
      - name: orders
        logicalType: array
        items:
          logicalType: object
          properties:
            - {name: sku, logicalType: string, required: true}
            - {name: prices, logicalType: array, items: {logicalType: number, logicalTypeOptions: {minimum: 0}}}
`

// The same rows as JSON lines and as typed Parquet.
const nestedLines = `{"id": 1, "address": {"street": "A", "zip": 12345}, "tags": ["a"], "orders": [{"sku": "x", "prices": [1, 2.5]}]}
{"id": 2, "address": {"zip": 1}, "tags": [], "orders": null}
{"id": 3, "address": null, "tags": ["a", "a"], "orders": [{"sku": null, "prices": [1]}, {"sku": "y", "prices": [-1]}]}
{"id": 4, "address": {"street": "B", "zip": 12345, "floor": 2}, "tags": ["a", "b", "c", "dddd"], "orders": []}
{"id": 5, "address": {"street": "C", "zip": null}, "tags": ["a", null], "orders": [{"sku": "z", "prices": null}]}
{"id": 6, "address": {"street": "D"}, "tags": null, "orders": [{"sku": "z"}]}
`

var nestedFindings = []string{
	`error contract/properties address n=1 d row 2`,
	`error contract/properties address n=1 d row 4`,
	`error contract/range address n=1 d row 2`,
	`error contract/required tags n=1 d row 6`,
	`error contract/items tags n=1 d row 2`,
	`error contract/items tags n=1 d row 4`,
	`error contract/items tags n=1 d row 3`,
	`error contract/length tags n=1 d row 4`,
	`error contract/required tags n=1 d row 5`,
	`error contract/required orders n=1 d row 3`,
	`error contract/range orders n=1 d row 3`,
}

// rowsOf is lines without the values of the samples.
func rowsOf(t *testing.T, result contract.CheckResult) []string {
	t.Helper()
	for i := range result.Findings {
		for j, sample := range result.Findings[i].Samples {
			file, rest, _ := cutThrice(sample)
			result.Findings[i].Samples[j] = file[:1] + " " + rest
		}
	}
	return lines(result.Findings)
}

func cutThrice(sample string) (file, row, value string) {
	for i, c := range sample {
		if c == ' ' {
			file, row = sample[:i], sample[i+1:]
			break
		}
	}
	for i, c := range row {
		if c == ':' {
			return file, row[:i], row[i+2:]
		}
	}
	return file, row, ""
}

func sameFindings(t *testing.T, want, got []string) {
	t.Helper()
	sorted := cmp.Transformer("sorted", func(in []string) map[string]int {
		out := map[string]int{}
		for _, line := range in {
			out[line]++
		}
		return out
	})
	if diff := cmp.Diff(want, got, sorted); diff != "" {
		t.Error(diff)
	}
}

func TestNestedJSONLines(t *testing.T) {
	result := check(t, parse(t, nested), map[string]string{"d.jsonl": nestedLines}, nil)
	sameFindings(t, nestedFindings, rowsOf(t, result))
}

func TestNestedParquet(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "d.jsonl"), []byte(nestedLines), 0o600); err != nil {
		t.Fatal(err)
	}
	writer, findings, err := dataset.Open(context.Background(), dataset.Options{Root: root, WriteDirs: []string{root}}, dataset.Spec{Name: "d", Paths: []string{"d.jsonl"}})
	if err != nil || len(findings) > 0 {
		t.Fatal(findings, err)
	}
	defer func() { _ = writer.Close() }()
	typed := `SELECT id::INTEGER AS id, from_json(address, '{"street":"VARCHAR","zip":"INTEGER","floor":"INTEGER"}') AS address, from_json(tags, '["VARCHAR"]') AS tags,
		from_json(orders, '[{"sku":"VARCHAR","prices":["DOUBLE"]}]') AS orders FROM ` + writer.Table("d").Segments[0].Relation()
	if _, err := writer.DB().Exec("COPY (" + typed + ") TO " + dataset.Literal(filepath.Join(root, "d.parquet")) + " (FORMAT parquet)"); err != nil {
		t.Fatal(err)
	}
	s, table := openParquet(t, root)
	result, err := contract.Check(context.Background(), s, table, parse(t, nested), contract.CheckOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sameFindings(t, nestedFindings, rowsOf(t, result))
}

// A JSON value of another form is a bad value at the place where it stands.
func TestNestedValuesOfOtherForms(t *testing.T) {
	text := `{"id": 1, "address": "A", "tags": ["a"], "orders": [1]}
{"id": 2, "address": {"street": {"name": "A"}, "zip": "x"}, "tags": "a", "orders": [{"sku": "a", "prices": 5}]}
{"id": 3, "address": [1], "tags": {"a": 1}, "orders": [{"sku": "a", "prices": [[1]]}]}
`
	want := []string{
		`error contract/type address n=2 d row 1; d row 3`,
		`error contract/type address n=1 d row 2`,
		`error contract/type address n=1 d row 2`,
		`error contract/properties address n=1 d row 2`,
		`error contract/type tags n=2 d row 2; d row 3`,
		`error contract/type orders n=1 d row 1`,
		`error contract/type orders n=1 d row 2`,
		`error contract/type orders n=1 d row 3`,
	}
	sameFindings(t, want, rowsOf(t, check(t, parse(t, nested), map[string]string{"d.jsonl": text}, nil)))
}

// Which of two values under one key is meant is not known.
func TestKeysThatStandTwiceInAnObject(t *testing.T) {
	c := parse(t, header+`      - {name: k, logicalType: integer}
      - {name: o, logicalType: object, properties: [{name: i, logicalType: integer, required: true}, {name: p, logicalType: object, properties: [{name: j, logicalType: string}]}]}
      - {name: l, logicalType: array, items: {logicalType: object, properties: [{name: i, logicalType: integer}]}}
      - {name: u, logicalType: object}
`)
	text := `{"k": 1, "o": {"i": 5, "p": {"j": "x"}}, "l": [{"i": 1}, {"i": 1}], "u": {"x": 1}}
{"k": 2, "o": {"i": 5, "i": "x"}, "l": [], "u": {}}
{"k": 3, "o": {"i": 5, "\u0069": 5}, "l": [], "u": {}}
{"k": 4, "o": {"i": 5, "p": {"j": "x", "j": "y"}}, "l": [], "u": {}}
{"k": 5, "o": {"i": 5}, "l": [{"i": 1}, {"i": 1, "z": 1, "z": 2}], "u": {}}
{"k": 6, "o": {"i": 5}, "l": [], "u": {"x": 1, "x": 2}}
`
	want := []string{
		`error contract/type o n=2 d row 2; d row 3`, `error contract/type o n=1 d row 4`,
		`error contract/type l n=1 d row 5`, `error contract/type u n=1 d row 6`,
	}
	sameFindings(t, want, rowsOf(t, check(t, c, map[string]string{"d.jsonl": text}, nil)))
}

func TestNestedTypesOfParquet(t *testing.T) {
	property := "      - name: v\n        logicalType: object\n        properties:\n          - {name: a, logicalType: integer}\n          - {name: \"b c\", logicalType: array, items: {logicalType: date}}\n"
	for name, test := range map[string]struct {
		value string
		want  []string
	}{
		"as described":         {`{'a': 1, 'b c': [DATE '2013-10-01']}`, nil},
		"JSON text":            {`'{"a": 1, "b c": ["2013-10-01"]}'`, nil},
		"other order":          {`{'b c': [NULL::DATE], 'a': 1::TINYINT}`, nil},
		"no object":            {`1`, []string{"error contract/column-type v n=0 "}},
		"a list":               {`[1]`, []string{"error contract/column-type v n=0 "}},
		"a part missing":       {`{'a': 1}`, []string{"error contract/missing-column v n=0 "}},
		"a part wrong":         {`{'a': 1, 'b c': [1.5]}`, []string{"error contract/column-type v n=0 "}},
		"a part more":          {`{'a': 1, 'b c': [DATE '2013-10-01'], 'x': 1}`, []string{"warning contract/unexpected-column v.x n=0 "}},
		"text that is no JSON": {`'{a'`, []string{`error contract/type v n=1 a row 1`}},
		"a map":                {`MAP {'a': 1}`, []string{"error contract/column-type v n=0 "}},
	} {
		t.Run(name, func(t *testing.T) {
			c := parse(t, header+"      - {name: k, logicalType: integer}\n"+property)
			s, table := parquet(t, "SELECT 1 AS k, "+test.value+" AS v")
			result, err := contract.Check(context.Background(), s, table, c, contract.CheckOptions{})
			if err != nil {
				t.Fatal(err)
			}
			sameFindings(t, test.want, rowsOf(t, result))
		})
	}
}

// An object whose parts the contract does not describe is any object.
func TestUndescribedParts(t *testing.T) {
	for _, parts := range []string{"", ", properties: []"} {
		c := parse(t, header+"      - {name: k, logicalType: integer}\n      - {name: v, logicalType: object, logicalTypeOptions: {minProperties: 2, required: [a]}"+parts+"}\n")
		result := check(t, c, map[string]string{"d.jsonl": `{"k": 1, "v": {"a": 1, "b": [2]}}
{"k": 2, "v": {"b": 1}}
{"k": 3, "v": "a"}
`}, nil)
		sameFindings(t, []string{
			`error contract/type v n=1 d row 3`, `error contract/properties v n=1 d row 2`, `error contract/properties v n=1 d row 2`,
		}, rowsOf(t, result))
		s, table := parquet(t, "SELECT 1 AS k, {'a': 1, 'b': 'x'} AS v")
		result, err := contract.Check(context.Background(), s, table, c, contract.CheckOptions{})
		if err != nil || len(result.Findings) > 0 {
			t.Errorf("%v %v", result.Findings, err)
		}
	}
}

func TestTypedSelectOfNestedValues(t *testing.T) {
	c := parse(t, nested)
	s, table := open(t, map[string]string{"d.jsonl": `{"id": 1, "address": {"street": "A", "zip": "x"}, "tags": ["a", "b"], "orders": [{"sku": "x", "prices": [1, 2.5]}]}` + "\n"})
	sql, err := c.TypedSelect(table)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"A", "NULL", "b", "2.5"}}
	if diff := cmp.Diff(want, query(t, s, "SELECT address.street, address.zip::VARCHAR, tags[2], orders[1].prices[2]::VARCHAR FROM ("+sql+")")); diff != "" {
		t.Error(diff)
	}
	var types [][]string
	for _, column := range c.Types() {
		types = append(types, []string{column.Name, column.Type})
	}
	for i, described := range query(t, s, "SELECT column_name, column_type FROM (DESCRIBE "+sql+")") {
		if i == 1 || i == 3 { // DESCRIBE quotes only the names that need it
			continue
		}
		if diff := cmp.Diff(types[i], described); diff != "" {
			t.Error(diff)
		}
	}
}
