package contract_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linecook-ml/linecook/pipeline/contract"
)

func flightsCSV(rows int) string {
	var b strings.Builder
	b.WriteString("date,carrier,flight,delay,cancelled,at,code,note,free text\n")
	for i := range rows {
		delay := fmt.Sprintf("%d.5", i)
		if i%10 == 0 {
			delay = ""
		}
		fmt.Fprintf(&b, "2013-10-%02d,%s,%d,%s,%v,2013-10-01T05:00:%02dZ,%03d,,\"say \"\"%d\"\"\"\n", 1+i%28, []string{"AA", "DL", "yes"}[i%3], i, delay, i%2 == 0, i%60, i%7, i)
	}
	return b.String()
}

func TestInferProposesAContractThatTheDataKeeps(t *testing.T) {
	s, table := open(t, map[string]string{"a.csv": flightsCSV(200)})
	proposed, err := contract.Infer(context.Background(), s, table, contract.InferOptions{PrimaryKey: []string{"flight"}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := contract.Render(proposed)
	if err != nil {
		t.Fatal(err)
	}
	want := `# Proposed by linecook from the data. Edit it: the data shows what was, not what must be.
apiVersion: v3.1.0
kind: DataContract
id: flights
name: flights
version: "1.0.0"
status: draft
schema:
  - name: flights
    physicalType: table
    properties:
      # Seen: from 2013-10-01 to 2013-10-28.
      - name: date
        logicalType: date
        required: true
      # Seen: 3 different values.
      - name: carrier
        logicalType: string
        required: true
        quality:
          - metric: invalidValues
            arguments:
              validValues: [AA, DL, "yes"]
            mustBe: 0
      # Seen: from 0 to 199.
      - name: flight
        logicalType: integer
        required: true
        primaryKey: true
        primaryKeyPosition: 1
      # Seen: from 1.5 to 199.5, 20 of 200 rows without a value.
      - name: delay
        logicalType: number
      # Seen: from false to true.
      - name: cancelled
        logicalType: boolean
        required: true
      # Seen: from 2013-10-01 05:00:00 to 2013-10-01 05:00:59.
      - name: at
        logicalType: timestamp
        required: true
      # Seen: 7 different values.
      - name: code
        logicalType: string
        required: true
        quality:
          - metric: invalidValues
            arguments:
              validValues: ["000", "001", "002", "003", "004", "005", "006"]
            mustBe: 0
      # No value was seen.
      - name: note
        logicalType: string
      # Seen: from say "0" to say "99".
      - name: free text
        logicalType: string
        required: true
`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Error(diff)
	}
	c := parse(t, string(text))
	result, err := contract.Check(context.Background(), s, table, c, contract.CheckOptions{})
	if err != nil || len(result.Findings) > 0 || result.Rows != 200 {
		t.Errorf("the data breaks the contract made from it: %+v %v", result, err)
	}
}

func TestInferFromParquet(t *testing.T) {
	s, table := parquet(t, "SELECT i::INTEGER AS id, (i / 2)::DOUBLE AS x, TIMESTAMPTZ '2013-10-01 05:00:00Z' AS at, DATE '2013-10-01' AS day, NULL::DOUBLE AS empty, TIME '05:00:00' AS clock, i % 2 = 0 AS ok, 9223372036854775808::UBIGINT AS big FROM range(3) r(i)",
		"SELECT 9 AS id, 0.5::DOUBLE AS x")
	proposed, err := contract.Infer(context.Background(), s, table, contract.InferOptions{Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := contract.Render(proposed)
	if err != nil {
		t.Fatal(err)
	}
	c := parse(t, string(text))
	var types []string
	for _, column := range c.Types() {
		types = append(types, column.Name+" "+column.Type)
	}
	want := []string{"id BIGINT", "x DOUBLE", "at TIMESTAMP", "day DATE", "empty DOUBLE", "clock TIME", "ok BOOLEAN", "big DOUBLE"}
	if diff := cmp.Diff(want, types); diff != "" {
		t.Error(diff)
	}
}

func TestInferRefusesWhatItCannotPropose(t *testing.T) {
	s, table := open(t, map[string]string{"a.csv": "a,b\n"})
	if _, err := contract.Infer(context.Background(), s, table, contract.InferOptions{}); err == nil || !strings.Contains(err.Error(), "no rows") {
		t.Errorf("error %v", err)
	}
	s, table = parquet(t, "SELECT MAP {'a': 1} AS v")
	if _, err := contract.Infer(context.Background(), s, table, contract.InferOptions{}); err == nil || !strings.Contains(err.Error(), `"v"`) {
		t.Errorf("error %v", err)
	}
	s, table = open(t, map[string]string{"a.csv": "a,b\n1,2\n"})
	if _, err := contract.Infer(context.Background(), s, table, contract.InferOptions{PrimaryKey: []string{"c"}}); err == nil || !strings.Contains(err.Error(), `"c"`) {
		t.Errorf("error %v", err)
	}
}

func TestInferFromNestedColumns(t *testing.T) {
	s, table := parquet(t, "SELECT 1 AS id, {'street': 'A', 'since': DATE '2013-10-01', 'tags': ['x']} AS address, [{'sku': 'y', 'price': 1.5}] AS orders")
	proposed, err := contract.Infer(context.Background(), s, table, contract.InferOptions{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := contract.Render(proposed)
	if err != nil {
		t.Fatal(err)
	}
	if want := "          - name: tags\n            logicalType: array\n            items:\n              logicalType: string\n"; !strings.Contains(string(text), want) {
		t.Errorf("%s", text)
	}
	result, err := contract.Check(context.Background(), s, table, parse(t, string(text)), contract.CheckOptions{})
	if err != nil || len(result.Findings) > 0 {
		t.Errorf("the data breaks the contract made from it: %+v %v\n%s", result, err, text)
	}
}
