package contract_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report"
)

const header = `apiVersion: v3.1.0
kind: DataContract
id: flights
name: flights
version: 1.2.0
status: active
schema:
  - name: flights
    properties:
`

func parse(t *testing.T, text string) *contract.Contract {
	t.Helper()
	c, findings := contract.Parse("contracts/flights.odcs.yaml", []byte(text))
	if c == nil {
		t.Fatalf("the contract is not sound: %v\n%s", findings, text)
	}
	return c
}

// open writes files into a folder and opens them as one table.
func open(t *testing.T, files map[string]string) (*dataset.Session, *dataset.Table) {
	t.Helper()
	root := t.TempDir()
	spec := dataset.Spec{Name: "flights"}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		spec.Paths = append(spec.Paths, name)
	}
	s, findings, err := dataset.Open(context.Background(), dataset.Options{Root: root}, spec)
	if err != nil || len(findings) > 0 {
		t.Fatalf("open: %v %v", findings, err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, s.Table("flights")
}

func check(t *testing.T, c *contract.Contract, files map[string]string, partition *contract.Partition) contract.CheckResult {
	t.Helper()
	s, table := open(t, files)
	result, err := contract.Check(context.Background(), s, table, c, contract.CheckOptions{Partition: partition})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// lines writes findings in one line each: what a test compares.
func lines(findings []report.Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, fmt.Sprintf("%s %s %s n=%d %s", f.Severity, f.Code, f.Column, f.Count, strings.Join(f.Samples, "; ")))
	}
	return out
}

// Each case is one column v with a property, the values of its rows in CSV, and
// the findings that must come out: severity, code, column, count, samples.
func TestCheckCountsEveryViolation(t *testing.T) {
	for name, test := range map[string]struct {
		property string
		values   []string
		want     []string
	}{
		"integers": {"logicalType: integer", []string{"1", "-2", "+3", "", "9223372036854775807"}, nil},
		"no integers": {"logicalType: integer", []string{"1", "1.5", "1e3", "0x1F", "1_000", `" 7"`, "x", "9223372036854775808"}, []string{
			`error contract/type v n=7 d.csv row 2: "1.5"; d.csv row 3: "1e3"; d.csv row 4: "0x1F"; d.csv row 5: "1_000"; d.csv row 6: " 7"`}},
		"numbers":           {"logicalType: number", []string{"1", "-2.5", ".5", "5.", "1e-3", ""}, nil},
		"no numbers":        {"logicalType: number", []string{"nan", "inf", "-Infinity", "1e999", "1_0.5", `"1,5"`}, []string{`error contract/type v n=6 d.csv row 1: "nan"; d.csv row 2: "inf"; d.csv row 3: "-Infinity"; d.csv row 4: "1e999"; d.csv row 5: "1_0.5"`}},
		"booleans":          {"logicalType: boolean", []string{"true", "FALSE", "1", "t"}, []string{`error contract/type v n=2 d.csv row 3: "1"; d.csv row 4: "t"`}},
		"dates":             {"logicalType: date", []string{"2013-10-01", "2013-02-30", "2013-1-5", "2013/10/01", "01.10.2013", "2013-10-01 05:00", "infinity"}, []string{`error contract/type v n=6 d.csv row 2: "2013-02-30"; d.csv row 3: "2013-1-5"; d.csv row 4: "2013/10/01"; d.csv row 5: "01.10.2013"; d.csv row 6: "2013-10-01 05:00"`}},
		"timestamps":        {"logicalType: timestamp", []string{"2013-10-01T05:00:00Z", "2013-10-01 05:00", "2013-10-01 05:00:00.123+02:00", "2013-10-01", "2013-10-01 25:00:00", "2013-10-01 24:00:00"}, []string{`error contract/type v n=3 d.csv row 4: "2013-10-01"; d.csv row 5: "2013-10-01 25:00:00"; d.csv row 6: "2013-10-01 24:00:00"`}},
		"with offset":       {"logicalType: timestamp\n        logicalTypeOptions: {timezone: true}", []string{"2013-10-01T05:00:00Z", "2013-10-01T05:00:00"}, []string{`error contract/type v n=1 d.csv row 2: "2013-10-01T05:00:00"`}},
		"offsets":           {"logicalType: timestamp", []string{"2024-01-01T00:00:00+23:59", "2024-01-01T00:00:00+99:99", "2024-01-01T00:00:00-00:60", "2024-01-01T00:00:00+24"}, []string{`error contract/type v n=3 d.csv row 2: "2024-01-01T00:00:00+99:99"; d.csv row 3: "2024-01-01T00:00:00-00:60"; d.csv row 4: "2024-01-01T00:00:00+24"`}},
		"no offsets":        {"logicalType: timestamp", []string{"2024-01-01T00:00:00+99:99", "2024-01-01T00:00:00+24:00"}, []string{`error contract/type v n=2 d.csv row 1: "2024-01-01T00:00:00+99:99"; d.csv row 2: "2024-01-01T00:00:00+24:00"`}},
		"formatted":         {"logicalType: timestamp\n        logicalTypeOptions: {format: yyyy-MM-dd HH:mm:ss}", []string{"2013-10-01 05:00:00", "2013-10-01T05:00:00"}, []string{`error contract/type v n=1 d.csv row 2: "2013-10-01T05:00:00"`}},
		"times":             {"logicalType: time", []string{"05:00", "23:59:59", "24:00", "5:00"}, []string{`error contract/type v n=2 d.csv row 3: "24:00"; d.csv row 4: "5:00"`}},
		"required":          {"logicalType: string\n        required: true", []string{"a", "", "b", ""}, []string{`error contract/required v n=2 d.csv row 2: null; d.csv row 4: null`}},
		"unique":            {"logicalType: string\n        unique: true", []string{"a", "b", "a", "a", "", ""}, []string{`error contract/unique v n=2 "a": 3 rows, first d.csv row 1 and d.csv row 3`}},
		"primary key":       {"logicalType: integer\n        primaryKey: true", []string{"1", "01", "2", ""}, []string{`error contract/primary-key v n=1 "1": 2 rows, first d.csv row 1 and d.csv row 2`, `error contract/required v n=1 d.csv row 4: null`}},
		"bounds":            {"logicalType: integer\n        logicalTypeOptions: {minimum: 1, maximum: 3}", []string{"0", "1", "3", "4"}, []string{`error contract/range v n=1 d.csv row 1: "0"`, `error contract/range v n=1 d.csv row 4: "4"`}},
		"open bounds":       {"logicalType: number\n        logicalTypeOptions: {exclusiveMinimum: 1, exclusiveMaximum: 3}", []string{"1", "1.01", "3"}, []string{`error contract/range v n=1 d.csv row 1: "1"`, `error contract/range v n=1 d.csv row 3: "3"`}},
		"date bounds":       {"logicalType: date\n        logicalTypeOptions: {minimum: 2013-01-01, exclusiveMaximum: 2014-01-01}", []string{"2012-12-31", "2013-01-01", "2014-01-01"}, []string{`error contract/range v n=1 d.csv row 1: "2012-12-31"`, `error contract/range v n=1 d.csv row 3: "2014-01-01"`}},
		"moment bounds":     {"logicalType: timestamp\n        logicalTypeOptions: {minimum: \"2013-01-01T00:00:00+02:00\"}", []string{"2012-12-31T21:59:59Z", "2012-12-31T22:00:00Z"}, []string{`error contract/range v n=1 d.csv row 1: "2012-12-31T21:59:59Z"`}},
		"bounds in a zone":  {"logicalType: timestamp\n        logicalTypeOptions: {defaultTimezone: Europe/Berlin, minimum: \"2023-01-01\", maximum: \"2024-01-01T00:00:00\"}", []string{"2024-01-01T00:30:00", "2023-12-31T23:30:00Z", "2024-01-01T00:00:00", "2022-12-31T23:00:00Z", "2022-12-31T22:59:59Z"}, []string{`error contract/range v n=1 d.csv row 5: "2022-12-31T22:59:59Z"`, `error contract/range v n=2 d.csv row 1: "2024-01-01T00:30:00"; d.csv row 2: "2023-12-31T23:30:00Z"`}},
		"values in a zone":  {"logicalType: timestamp\n        logicalTypeOptions: {defaultTimezone: Europe/Berlin}\n        quality: [{metric: invalidValues, arguments: {validValues: [\"2024-01-01T00:00:00\"]}, mustBe: 0}]", []string{"2024-01-01T00:00", "2023-12-31T23:00:00Z", "2024-01-01T00:00:00Z"}, []string{`error contract/invalid-values v n=1 d.csv row 3: "2024-01-01T00:00:00Z"`}},
		"time bounds":       {"logicalType: time\n        logicalTypeOptions: {maximum: \"12:00\"}", []string{"12:00:00", "12:00:01"}, []string{`error contract/range v n=1 d.csv row 2: "12:00:01"`}},
		"multiples":         {"logicalType: number\n        logicalTypeOptions: {multipleOf: 0.1}", []string{"0.3", "0.35", "-7"}, []string{`error contract/multiple-of v n=1 d.csv row 2: "0.35"`}},
		"whole multiples":   {"logicalType: integer\n        logicalTypeOptions: {multipleOf: 5}", []string{"10", "-5", "12"}, []string{`error contract/multiple-of v n=1 d.csv row 3: "12"`}},
		"fine multiples":    {"logicalType: number\n        logicalTypeOptions: {multipleOf: 0.01}", []string{"0.07", "-1234567.89", "5000000.005", "6000000.007", "1e300"}, []string{`error contract/multiple-of v n=2 d.csv row 3: "5000000.005"; d.csv row 4: "6000000.007"`}},
		"whole numbers":     {"logicalType: number\n        logicalTypeOptions: {multipleOf: 1}", []string{"600000000.5", "-0.0000001", "1125899906842624.5", "600000000"}, []string{`error contract/multiple-of v n=3 d.csv row 1: "600000000.5"; d.csv row 2: "-0.0000001"; d.csv row 3: "1125899906842624.5"`}},
		"halves of five":    {"logicalType: integer\n        logicalTypeOptions: {multipleOf: 2.5}", []string{"2000000001", "9223372036854775805", "9223372036854775806", "-5"}, []string{`error contract/multiple-of v n=2 d.csv row 1: "2000000001"; d.csv row 3: "9223372036854775806"`}},
		"wide multiples":    {"logicalType: integer\n        logicalTypeOptions: {format: u128, multipleOf: 2}", []string{"340282366920938463463374607431768211454", "340282366920938463463374607431768211455"}, []string{`error contract/multiple-of v n=1 d.csv row 2: "340282366920938463463374607431768211455"`}},
		"too wide a step":   {"logicalType: integer\n        logicalTypeOptions: {multipleOf: 1e30}", []string{"0", "7"}, []string{`error contract/multiple-of v n=1 d.csv row 2: "7"`}},
		"lengths":           {"logicalType: string\n        logicalTypeOptions: {minLength: 2, maxLength: 3}", []string{"é", "éé", "abcd"}, []string{`error contract/length v n=1 d.csv row 1: "é"`, `error contract/length v n=1 d.csv row 3: "abcd"`}},
		"pattern":           {`logicalType: string` + "\n" + `        logicalTypeOptions: {pattern: "^(?!XX)[A-Z]{2}$"}`, []string{"AB", "XX", "AB", "ab", "ab"}, []string{`error contract/pattern v n=3 d.csv row 2: "XX"; d.csv row 4: "ab"; d.csv row 5: "ab"`}},
		"email":             {"logicalType: string\n        logicalTypeOptions: {format: email}", []string{"a@b.co", "a@b", "a b@c.de"}, []string{`error contract/format v n=2 d.csv row 2: "a@b"; d.csv row 3: "a b@c.de"`}},
		"uuid":              {"logicalType: string\n        logicalTypeOptions: {format: uuid}", []string{"123e4567-e89b-12d3-a456-426614174000", "123e4567"}, []string{`error contract/format v n=1 d.csv row 2: "123e4567"`}},
		"ipv4":              {"logicalType: string\n        logicalTypeOptions: {format: ipv4}", []string{"10.0.0.255", "10.0.0.256", "010.0.0.1"}, []string{`error contract/format v n=2 d.csv row 2: "10.0.0.256"; d.csv row 3: "010.0.0.1"`}},
		"width":             {"logicalType: integer\n        logicalTypeOptions: {format: u8}", []string{"0", "255", "256", "-1"}, []string{`error contract/format v n=2 d.csv row 3: "256"; d.csv row 4: "-1"`}},
		"wide":              {"logicalType: integer\n        logicalTypeOptions: {format: u64}", []string{"18446744073709551615", "18446744073709551616"}, []string{`error contract/format v n=1 d.csv row 2: "18446744073709551616"`}},
		"f32":               {"logicalType: number\n        logicalTypeOptions: {format: f32}", []string{"3.4e38", "3.5e38"}, []string{`error contract/format v n=1 d.csv row 2: "3.5e38"`}},
		"null values":       {"logicalType: string\n        quality: [{metric: nullValues, mustBeLessThan: 2}]", []string{"a", "", ""}, []string{`error contract/null-values v n=2 d.csv row 2: null; d.csv row 3: null`}},
		"null values, kept": {"logicalType: string\n        quality: [{metric: nullValues, mustBeLessOrEqualTo: 2}]", []string{"a", "", ""}, nil},
		"percent":           {"logicalType: string\n        quality: [{metric: nullValues, mustBeLessThan: 50, unit: percent}]", []string{"a", ""}, []string{`error contract/null-values v n=1 d.csv row 2: null`}},
		"warning":           {"logicalType: string\n        quality: [{metric: nullValues, mustBe: 0, severity: warning}]", []string{"a", ""}, []string{`warning contract/null-values v n=1 d.csv row 2: null`}},
		"missing values are no bad numbers": {"logicalType: number\n        quality: [{metric: missingValues, arguments: {missingValues: [null, N/A, -999]}, mustBe: 1}]", []string{"1", "", "N/A", "-999"},
			[]string{`error contract/missing-values v n=3 d.csv row 2: null; d.csv row 3: "N/A"; d.csv row 4: "-999"`}},
		"listed missing value breaks required": {"logicalType: number\n        required: true\n        quality: [{metric: missingValues, arguments: {missingValues: [N/A]}, mustBeLessThan: 9}]", []string{"1", "N/A"},
			[]string{`error contract/required v n=1 d.csv row 2: "N/A"`}},
		"invalid values":         {"logicalType: string\n        quality: [{metric: invalidValues, arguments: {validValues: [a, \"1.10\"]}, mustBe: 0}]", []string{"a", "1.10", "1.1", "", "{raw}"}, []string{`error contract/invalid-values v n=2 d.csv row 3: "1.1"; d.csv row 5: "{raw}"`}},
		"invalid numbers":        {"logicalType: integer\n        quality: [{metric: invalidValues, arguments: {validValues: [1, 2]}, mustBe: 0}]", []string{"1", "02", "3", "x"}, []string{`error contract/type v n=1 d.csv row 4: "x"`, `error contract/invalid-values v n=2 d.csv row 3: "3"; d.csv row 4: "x"`}},
		"invalid by pattern":     {"logicalType: string\n        quality: [{metric: invalidValues, arguments: {validValues: [AA, AB], pattern: ^A.$}, mustBeLessThan: 2}]", []string{"AA", "AC", "BB", ""}, []string{`error contract/invalid-values v n=2 d.csv row 2: "AC"; d.csv row 3: "BB"`}},
		"missing is not invalid": {"logicalType: string\n        quality: [{metric: invalidValues, arguments: {validValues: [a]}, mustBe: 0}, {metric: missingValues, arguments: {missingValues: [none]}, mustBeLessThan: 5}]", []string{"a", "none"}, nil},
		"duplicates":             {"logicalType: string\n        quality: [{metric: duplicateValues, mustBe: 0}]", []string{"a", "a", "a", "b", "b", "c"}, []string{`error contract/duplicate-values v n=2 "a": 3 rows, first d.csv row 1 and d.csv row 2; "b": 2 rows, first d.csv row 4 and d.csv row 5`}},
	} {
		t.Run(name, func(t *testing.T) {
			c := parse(t, header+"      - name: k\n        logicalType: string\n      - name: v\n        "+test.property+"\n")
			// A second column keeps a row with an empty value from being an empty line.
			csv := "k,v\n"
			for _, value := range test.values {
				csv += "k," + value + "\n"
			}
			result := check(t, c, map[string]string{"d.csv": csv}, nil)
			if diff := cmp.Diff(test.want, lines(result.Findings)); diff != "" {
				t.Errorf("%s\n%v", diff, result.Findings)
			}
			if int(result.Rows) != len(test.values) || result.Checks == 0 {
				t.Errorf("%d rows, %d checks", result.Rows, result.Checks)
			}
			for _, f := range result.Findings {
				if f.Position.Line == 0 || f.Message == "" || f.Source != "flights" {
					t.Errorf("incomplete: %+v", f)
				}
			}
		})
	}
}

const flights = header + `      - name: date
        logicalType: date
        required: true
      - name: carrier
        logicalType: string
        required: true
        quality:
          - metric: invalidValues
            arguments: {validValues: [AA, DL, UA]}
            mustBe: 0
      - name: flight
        logicalType: integer
      - name: delay
        logicalType: number
`

var day1 = "date,carrier,flight,delay\n2013-10-01,AA,1,0.5\n2013-10-01,DL,2,\n"

func TestRenamedColumnIsOneFindingThatSaysWhatHappened(t *testing.T) {
	files := map[string]string{
		"2013-10-01.csv": day1,
		"2013-10-02.csv": "date,airline,flight,delay\n2013-10-02,AA,1,0\n2013-10-02,UA,7,1\n",
	}
	if result := check(t, parse(t, flights), files, &contract.Partition{Column: "date", Value: "2013-10-01"}); len(result.Findings) > 0 || result.Rows != 2 {
		t.Errorf("the day before is clean, but: %+v", result)
	}
	result := check(t, parse(t, flights), files, &contract.Partition{Column: "date", Value: "2013-10-02"})
	want := []report.Finding{{
		Code: "contract/missing-column", Severity: report.Error,
		Message:  `the column "carrier", which contract flights 1.2.0 requires, is missing in 2013-10-02.csv; the nearest is "airline": 2 of its 2 different values are values of "carrier" in the contract; in force is contract flights 1.2.0 (contracts/flights.odcs.yaml)`,
		Remedy:   `if "airline" is the same column, rename it back in the data, or set physicalName: airline in the contract`,
		Position: report.Position{File: "contracts/flights.odcs.yaml", Line: 13, Column: 15},
		Source:   "flights", Partition: "date=2013-10-02", Column: "carrier",
	}}
	if diff := cmp.Diff(want, result.Findings); diff != "" {
		t.Error(diff)
	}
}

func TestMissingColumnNearestByNameAndByOtherFiles(t *testing.T) {
	files := map[string]string{
		"a.csv": day1,
		"b.csv": "date,Carrier,nr,delay,x\n2013-10-02,AA,1,0,zz\n2013-10-02,UA,2,1,zz\n",
	}
	result := check(t, parse(t, flights), files, nil)
	var got []string
	for _, f := range result.Findings {
		got = append(got, f.Message)
	}
	want := []string{
		`the column "carrier", which contract flights 1.2.0 requires, is missing in b.csv; the nearest is "Carrier": its name is almost the same; in force is contract flights 1.2.0 (contracts/flights.odcs.yaml)`,
		`the column "flight", which contract flights 1.2.0 requires, is missing in b.csv; the nearest is "nr": 2 of its 2 different values are values of "flight" in other files; in force is contract flights 1.2.0 (contracts/flights.odcs.yaml)`,
		`b.csv has the column "x", which the contract does not describe`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The values of the other files are compared under the contract, whichever type
// they have there.
func TestMissingColumnNearestByValuesOfEveryType(t *testing.T) {
	for kind, values := range map[string]string{
		"integer": "1 2", "number": "1.50 2.25", "boolean": "true false", "string": "a b",
		"date": "2013-10-01 2013-10-02", "timestamp": "2013-10-01T05:00:00 2013-10-01T06:00:00",
	} {
		one, two, _ := strings.Cut(values, " ")
		result := check(t, parse(t, header+"      - {name: day, logicalType: date}\n      - {name: observed, logicalType: "+kind+"}\n"), map[string]string{
			"a.csv": fmt.Sprintf("day,observed\n2013-10-01,%s\n2013-10-01,%s\n", strings.ReplaceAll(one, "T", " "), strings.ReplaceAll(two, "T", " ")),
			"b.csv": fmt.Sprintf("zz,day\n%s,2013-10-02\n%s,2013-10-02\n", one, two),
		}, nil)
		if len(result.Findings) != 1 || !strings.Contains(result.Findings[0].Message, `the nearest is "zz": 2 of its 2 different values are values of "observed" in other files`) {
			t.Errorf("%s: %v", kind, result.Findings)
		}
	}
}

func TestMissingColumnNearestByShortNameAndByPlace(t *testing.T) {
	const lost = `the column "delay", which contract flights 1.2.0 requires, is missing in a.csv`
	for name, test := range map[string]struct{ file, want string }{
		"a short name":         {"dy,date,carrier,flight\n0.5,2013-10-02,AA,1\n", `; the nearest is "dy": one name is short for the other, and its 1 value can be read as number`},
		"a longer name":        {"departure_delay,date,carrier,flight\n0.5,2013-10-02,AA,1\n", `; the nearest is "departure_delay": one name is short for the other, and its 1 value can be read as number`},
		"its place":            {"date,carrier,flight,wait\n2013-10-02,AA,1,0.5\n2013-10-02,DL,2,\n", `; the nearest is "wait": it stands in the same place, and its 1 value can be read as number`},
		"its place, and words": {"date,carrier,flight,wait\n2013-10-02,AA,1,0.5\n2013-10-02,DL,2,long\n", ""},
		"its place, and empty": {"date,carrier,flight,wait\n2013-10-02,AA,1,\n", ""},
		"another place":        {"date,wait,carrier,flight\n2013-10-02,0.5,AA,1\n", ""},
		"two such names":       {"dy,departure_delay,date,carrier,flight\n0.5,0.5,2013-10-02,AA,1\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := check(t, parse(t, flights), map[string]string{"a.csv": test.file}, nil).Findings[0].Message
			if want := lost + test.want + "; in force is contract flights 1.2.0 (contracts/flights.odcs.yaml)"; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestPartitions(t *testing.T) {
	c := parse(t, flights)
	files := map[string]string{"all.csv": day1 + "2013-10-02,UA,1,0\n2013-10-03,XX,1,0\n"}
	for value, want := range map[string]string{
		"2013-10-01": "2 []",
		"2013-10-02": "1 []",
		"2013-10-03": "1 [error contract/invalid-values carrier n=1 all.csv row 4: \"XX\"]",
		"2013-10-04": "0 [error contract/no-rows  n=0 ]",
	} {
		result := check(t, c, files, &contract.Partition{Column: "date", Value: value})
		if got := fmt.Sprint(result.Rows, lines(result.Findings)); got != fmt.Sprint(want) {
			t.Errorf("%s: got %s want %s", value, got, want)
		}
	}
	result := check(t, c, files, &contract.Partition{Column: "date", Value: "2013-10-02", OrEarlier: true})
	if result.Rows != 3 || len(result.Findings) > 0 {
		t.Errorf("up to the second day: %+v", result)
	}
}

func TestPartitionByTheDayOfATimestamp(t *testing.T) {
	c := parse(t, header+"      - {name: at, logicalType: timestamp}\n      - {name: x, logicalType: string}\n")
	files := map[string]string{"a.csv": "at,x\n2013-10-01T23:59:59Z,a\n2013-10-02T00:00:00Z,b\n2013-10-02T23:59:59.9Z,c\n2013-10-03T01:00:00+02:00,d\n2013-10-03T00:00:00Z,e\n"}
	if result := check(t, c, files, &contract.Partition{Column: "at", Value: "2013-10-02"}); result.Rows != 3 || len(result.Findings) > 0 {
		t.Errorf("%+v", result)
	}
	if result := check(t, c, files, &contract.Partition{Column: "at", Value: "2013-10-02", OrEarlier: true}); result.Rows != 4 {
		t.Errorf("%+v", result)
	}
}

// The day is that of UTC, wherever the clock stands that wrote the moment.
func TestPartitionByTheDayOfATimestampInAZone(t *testing.T) {
	c := parse(t, header+"      - {name: at, logicalType: timestamp, logicalTypeOptions: {defaultTimezone: Europe/Berlin}}\n      - {name: x, logicalType: string}\n")
	files := map[string]string{"a.csv": "at,x\n2013-10-02 12:00:00,b\n2013-10-03 01:30:00,c\n2013-10-03 02:30:00,d\n"}
	if result := check(t, c, files, &contract.Partition{Column: "at", Value: "2013-10-02"}); result.Rows != 2 || len(result.Findings) > 0 {
		t.Errorf("%+v", result)
	}
	s, table := parquet(t, "SELECT unnest([TIMESTAMP '2013-10-02 12:00:00', TIMESTAMP '2013-10-03 01:30:00', TIMESTAMP '2013-10-03 02:30:00']) AS at, 'x' AS x")
	result, err := contract.Check(context.Background(), s, table, c, contract.CheckOptions{Partition: &contract.Partition{Column: "at", Value: "2013-10-02"}})
	if err != nil || result.Rows != 2 || len(result.Findings) > 0 {
		t.Errorf("%+v %v", result, err)
	}
}

// A row whose date cannot be read may be today's: it stops the days of its
// file, and no other.
func TestRowsWithoutAReadablePartition(t *testing.T) {
	c := parse(t, flights)
	files := map[string]string{
		"1.csv": day1,
		"2.csv": "date,carrier,flight,delay\n2013-10-02,AA,1,0\n10/02/2013,AA,2,0\n,AA,3,0\n",
	}
	if result := check(t, c, files, &contract.Partition{Column: "date", Value: "2013-10-01"}); len(result.Findings) > 0 {
		t.Errorf("another file's rows: %v", result.Findings)
	}
	result := check(t, c, files, &contract.Partition{Column: "date", Value: "2013-10-02"})
	if diff := cmp.Diff([]string{"error contract/unassigned-rows date n=2 "}, lines(result.Findings)); diff != "" {
		t.Error(diff)
	}
}

func TestMissingPartitionColumn(t *testing.T) {
	files := map[string]string{"1.csv": day1, "2.csv": "day,carrier,flight,delay\n2013-10-02,AA,1,0\n"}
	result := check(t, parse(t, flights), files, &contract.Partition{Column: "date", Value: "2013-10-01"})
	if diff := cmp.Diff([]string{"error contract/missing-column date n=0 "}, lines(result.Findings)); diff != "" {
		t.Error(diff)
	}
}

func TestNothingToCheckIsNeverAPass(t *testing.T) {
	c := parse(t, flights)
	result := check(t, c, map[string]string{"a.csv": "date,carrier,flight,delay\n"}, nil)
	if diff := cmp.Diff([]string{"error contract/no-rows  n=0 "}, lines(result.Findings)); diff != "" {
		t.Error(diff)
	}
	result = check(t, c, map[string]string{"a.csv": "date,carrier,flight,wait\n"}, nil)
	if diff := cmp.Diff([]string{"error contract/no-rows  n=0 ", "error contract/missing-column delay n=0 ", "warning contract/unexpected-column wait n=0 "}, lines(result.Findings)); diff != "" {
		t.Error(diff)
	}
	s, table := open(t, map[string]string{"a.csv": day1})
	for _, partition := range []contract.Partition{{Column: "nothing", Value: "x"}, {Column: "date", Value: "yesterday"}, {Column: "flight", Value: "x"}, {Column: "date", Value: "2013-02-30"}} {
		if _, err := contract.Check(context.Background(), s, table, c, contract.CheckOptions{Partition: &partition}); err == nil {
			t.Errorf("%v gave no error", partition)
		}
	}
	if _, err := contract.Check(context.Background(), s, table, c, contract.CheckOptions{Ignore: []string{"nothing"}}); err == nil {
		t.Error("ignoring what is not there gave no error")
	}
}

func TestIgnoredColumnsAreNotAskedFor(t *testing.T) {
	s, table := open(t, map[string]string{"a.csv": "date,carrier,flight\n2013-10-01,AA,x\n"})
	result, err := contract.Check(context.Background(), s, table, parse(t, flights), contract.CheckOptions{Ignore: []string{"flight", "delay"}})
	if err != nil || len(result.Findings) > 0 || result.Rows != 1 {
		t.Errorf("%+v %v", result, err)
	}
}

func TestRowCountAndKeysOfSeveralColumns(t *testing.T) {
	text := strings.Replace(flights, "    properties:\n", `    quality:
      - {metric: rowCount, mustBeBetween: [1, 2]}
      - {metric: duplicateValues, arguments: {properties: [date, carrier]}, mustBeLessThan: 1}
    properties:
`, 1)
	text = strings.Replace(text, "logicalType: integer", "logicalType: integer\n        primaryKey: true\n        primaryKeyPosition: 1", 1)
	text = strings.Replace(text, "name: delay", "name: delay\n        primaryKey: true\n        primaryKeyPosition: 2", 1)
	c := parse(t, text)
	result := check(t, c, map[string]string{"a.csv": "date,carrier,flight,delay\n2013-10-01,AA,1,1\n", "b.csv": "flight,delay,date,carrier\n1,1.0,2013-10-02,AA\n1,2,2013-10-02,AA\n"}, nil)
	want := []string{
		`error contract/row-count  n=3 `,
		`error contract/duplicate-values  n=1 "2013-10-02", "AA": 2 rows, first b.csv row 1 and b.csv row 2`,
		`error contract/primary-key  n=1 "1", "1.0": 2 rows, first a.csv row 1 and b.csv row 1`,
	}
	if diff := cmp.Diff(want, lines(result.Findings)); diff != "" {
		t.Error(diff)
	}
	if m := result.Findings[0].Message; !strings.Contains(m, "mustBeBetween [1, 2], both included") {
		t.Errorf("the message does not say how the range is read: %s", m)
	}
}

func TestHostileNamesAndValuesStayText(t *testing.T) {
	name := `x"; DROP TABLE t; --`
	value := `'; SELECT 1; --`
	quoted := strings.ReplaceAll(name, `"`, `\"`)
	c := parse(t, header+"      - name: k\n        logicalType: string\n      - name: \""+quoted+"\"\n        logicalType: string\n        required: true\n        quality:\n          - metric: invalidValues\n            arguments: {validValues: [\""+value+"\"], pattern: \"^.*$\"}\n            mustBe: 0\n")
	csv := `k,"` + strings.ReplaceAll(name, `"`, `""`) + "\"\na," + value + "\nb,\"' OR 1=1\"\n"
	result := check(t, c, map[string]string{"a.csv": csv}, nil)
	if diff := cmp.Diff([]string{`error contract/invalid-values ` + name + ` n=1 a.csv row 2: "' OR 1=1"`}, lines(result.Findings)); diff != "" {
		t.Error(diff)
	}
}

func TestSlowPatternIsAFinding(t *testing.T) {
	c := parse(t, header+"      - {name: k, logicalType: string}\n      - {name: v, logicalType: string, logicalTypeOptions: {pattern: \"^(a+)+$\"}}\n")
	result := check(t, c, map[string]string{"a.csv": "k,v\nx," + strings.Repeat("a", 60) + "!\n"}, nil)
	if len(result.Findings) != 1 || result.Findings[0].Code != "contract/pattern-timeout" {
		t.Errorf("%v", result.Findings)
	}
}

func TestSamplesAreCappedAndCountsAreNot(t *testing.T) {
	c := parse(t, flights)
	csv := "date,carrier,flight,delay\n"
	for i := range 1000 {
		flight := fmt.Sprint(i)
		if i%7 == 3 {
			flight = "bad"
		}
		csv += "2013-10-01,AA," + flight + ",1\n"
	}
	s, table := open(t, map[string]string{"a.csv": csv})
	result, err := contract.Check(context.Background(), s, table, c, contract.CheckOptions{MaxSamples: 2})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`error contract/type flight n=143 a.csv row 4: "bad"; a.csv row 11: "bad"`}, lines(result.Findings)); diff != "" {
		t.Error(diff)
	}
}
