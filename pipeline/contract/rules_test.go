package contract_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// ruled is a contract with quality rules at the object and at its column v.
func ruled(t *testing.T, atObject, atColumn, logicalType string) *contract.Contract {
	t.Helper()
	text := strings.Replace(header, "    properties:\n", "    quality: ["+atObject+"]\n    properties:\n", 1)
	return parse(t, text+"      - {name: k, logicalType: string}\n      - {name: v, physicalName: \"the value\", logicalType: "+logicalType+", quality: ["+atColumn+"]}\n")
}

func column(values ...string) map[string]string {
	csv := "k,the value\n"
	for _, value := range values {
		csv += "k," + value + "\n"
	}
	return map[string]string{"d.csv": csv}
}

func messages(findings []report.Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, string(f.Severity)+" "+f.Code+": "+f.Message)
	}
	return out
}

func TestSQLRules(t *testing.T) {
	for name, test := range map[string]struct{ object, column, want string }{
		"kept":                       {`{type: sql, query: "SELECT count(*) FROM {object} WHERE v > 2", mustBe: 1}`, "", ""},
		"the object's name":          {`{type: sql, query: "SELECT count(*) FROM flights", mustBe: 4}`, "", ""},
		"the schema's placeholders":  {"", `{type: sql, query: "SELECT sum(${column}) FROM ${table}", mustBeBetween: [6, 6.5]}`, ""},
		"broken":                     {"", `{type: sql, name: positive, query: "SELECT count(*) FROM {object} WHERE {property} < 2", mustBe: 0}`, `error contract/sql: the query of the sql rule "positive" yields 1, and the rule says mustBe 0`},
		"a warning":                  {`{type: sql, query: "SELECT avg(v) FROM flights", mustBeLessThan: 2, severity: warning}`, "", "warning contract/sql: the query of the sql rule yields 2, and the rule says mustBeLessThan 2"},
		"a bad value is NULL":        {`{type: sql, query: "SELECT count(*) - count(v) FROM flights", mustBe: 1}`, "", ""},
		"a boolean":                  {`{type: sql, query: "SELECT max(v) < 3 FROM flights", mustBe: true}`, "", "error contract/sql: the query of the sql rule yields false, and the rule says mustBe true"},
		"a boolean that must not be": {`{type: sql, query: "SELECT max(v) < 3 FROM flights", mustNotBe: true}`, "", ""},
		"a number for a boolean":     {`{type: sql, query: "SELECT 1", mustBe: true}`, "", "error contract/sql-unknown: it is unknown whether the sql rule holds: its query yields a number, and the rule compares a boolean"},
		"a boolean for a number":     {`{type: sql, query: "SELECT true", mustBe: 1}`, "", "error contract/sql-unknown: it is unknown whether the sql rule holds: its query yields a boolean, and mustBe compares numbers"},
		"NULL is never green":        {`{type: sql, query: "SELECT max(v) FROM flights WHERE v > 100", mustBeLessThan: 9, severity: info}`, "", "error contract/sql-unknown: it is unknown whether the sql rule holds: its query yields NULL"},
		"NaN is never green":         {`{type: sql, query: "SELECT 'nan'::DOUBLE", mustNotBe: 9}`, "", "error contract/sql-unknown: it is unknown whether the sql rule holds: its query yields NaN, which is no finite number"},
		"a text":                     {`{type: sql, query: "SELECT '3'", mustBe: 3}`, "", "error contract/sql-unknown: it is unknown whether the sql rule holds: its query yields a string, which is neither a number nor a boolean"},
		"several rows":               {`{type: sql, query: "SELECT v FROM flights", mustBe: 3}`, "", "error contract/sql-unknown: it is unknown whether the sql rule holds: its query yields several rows, and a rule is judged by one"},
		"several columns":            {`{type: sql, query: "SELECT 1, 2", mustBe: 3}`, "", "error contract/sql-unknown: it is unknown whether the sql rule holds: its query yields 2 columns, and a rule is judged by one"},
		"no row":                     {`{type: sql, query: "SELECT v FROM flights WHERE v > 100", mustBe: 3}`, "", "error contract/sql-unknown: it is unknown whether the sql rule holds: its query yields no row"},
		"an unknown column":          {`{type: sql, query: "SELECT max(w) FROM flights", mustBe: 3, severity: info}`, "", `error contract/sql-unknown: it is unknown whether the sql rule holds: Binder Error: Referenced column "w" not found in FROM clause!`},
		"a common table expression":  {`{type: sql, query: "WITH big AS (SELECT * FROM flights WHERE v > 1) SELECT count(*) FROM big JOIN range(2) ON true", mustBe: 4}`, "", ""},
		"a decimal":                  {`{type: sql, query: "SELECT 1.50::DECIMAL(9, 2)", mustBe: 1.5}`, "", ""},
		"a wide number":              {`{type: sql, query: "SELECT sum(v::HUGEINT) FROM flights", mustBe: 6}`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			result := check(t, ruled(t, test.object, test.column, "number"), column("1", "2", "3", ""), nil)
			if got := strings.Join(messages(result.Findings), "\n"); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestSQLRulesSeeThePartitionAlone(t *testing.T) {
	text := strings.Replace(flights, "    properties:\n", "    quality: [{type: sql, query: \"SELECT count(*) FROM flights\", mustBe: 2}]\n    properties:\n", 1)
	files := map[string]string{"all.csv": day1 + "2013-10-02,UA,1,0\n"}
	result := check(t, parse(t, text), files, &contract.Partition{Column: "date", Value: "2013-10-01"})
	if len(result.Findings) > 0 {
		t.Errorf("%v", result.Findings)
	}
}

func TestDistributions(t *testing.T) {
	numbers := []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "", "x"}
	for name, test := range map[string]struct{ logicalType, implementation, want string }{
		"mean kept":                     {"number", "{statistic: mean, minimum: 5.5, maximum: 5.5}", ""},
		"mean":                          {"number", "{statistic: mean, maximum: 5}", `error contract/distribution: the mean of column "v" is 5.5, and the rule says at most 5`},
		"stddev":                        {"integer", "{statistic: stddev, minimum: 3}", `error contract/distribution: the stddev of column "v" is 2.87228, and the rule says at least 3`},
		"quantile":                      {"number", "{statistic: quantile, quantile: 0.5, minimum: 6, maximum: 7}", `error contract/distribution: the quantile 0.5 of column "v" is 5.5, and the rule says from 6 to 7, both included`},
		"psi kept":                      {"number", "{statistic: psi, edges: [2, 8], shares: [0.2, 0.6, 0.2], maximum: 0.0001}", ""},
		"psi":                           {"number", "{statistic: psi, edges: [2, 8], shares: [0.6, 0.2, 0.2], maximum: 0.25}", `error contract/distribution: the psi of column "v" is 0.87889, and the rule says at most 0.25`},
		"psi of levels":                 {"string", "{statistic: psi, levels: {'1': 0.5, '2': 0.5}, maximum: 0.25}", `error contract/distribution: the psi of column "v" is 8.76544, and the rule says at most 0.25`},
		"psi of a number that has none": {"date", "{statistic: psi, edges: [1], shares: [0.5, 0.5], maximum: 0.25}", "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			rule := "{type: custom, engine: linecook, implementation: " + test.implementation + "}"
			text := header + "      - {name: k, logicalType: string}\n      - {name: v, physicalName: \"the value\", logicalType: " + test.logicalType + ", quality: [" + rule + "]}\n"
			c, findings := contract.Parse("c.yaml", []byte(text))
			if (c == nil) != (test.want == "refused") {
				t.Fatalf("%v", findings)
			}
			if c == nil {
				return
			}
			var got []string
			for _, m := range messages(check(t, c, column(numbers...), nil).Findings) {
				if !strings.Contains(m, "contract/type") {
					got = append(got, m)
				}
			}
			if strings.Join(got, "\n") != test.want {
				t.Errorf("got  %v\nwant %s", got, test.want)
			}
		})
	}
}

func TestDistributionOfNothingIsUnknown(t *testing.T) {
	c := ruled(t, "", "{type: custom, engine: linecook, severity: info, implementation: {statistic: mean, maximum: 5}}", "number")
	got := messages(check(t, c, column("", ""), nil).Findings)
	if diff := cmp.Diff([]string{`error contract/distribution: the mean of column "v" is unknown: it has no values`}, got); diff != "" {
		t.Error(diff)
	}
}

// 2 of 6 rows share the key a, 3 share b; one key stands alone.
func TestDuplicatesInPercentAreTheRowsThatShareAKey(t *testing.T) {
	rows := column("a", "a", "b", "b", "b", "c")
	c := ruled(t, "", "{metric: duplicateValues, unit: percent, mustBeLessThan: 80}", "string")
	want := []string{`error contract/duplicate-values: 5 rows share a value of the column "v" with another row, 83.33 percent of 6, and the rule says mustBeLessThan 80 percent`}
	got := messages(check(t, c, rows, nil).Findings)
	if len(got) == 1 {
		got[0], _, _ = strings.Cut(got[0], "; in force")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := check(t, ruled(t, "", "{metric: duplicateValues, unit: percent, mustBeLessThan: 84}", "string"), rows, nil); len(got.Findings) > 0 {
		t.Errorf("%v", got.Findings)
	}
}

func TestServiceLevels(t *testing.T) {
	at := func(text string) time.Time {
		now, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return now
	}
	for name, test := range map[string]struct {
		promise string
		now     time.Time
		want    string
	}{
		"fresh":                 {"latency, value: 2, unit: d", at("2013-10-03T12:00:00Z"), ""},
		"the last moment":       {"freshness, value: 1, unit: d", at("2013-10-04T00:00:00Z"), "error contract/freshness: the newest value of column \"at\" is 2013-10-03T00:00:00Z, 1 day before 2013-10-04T00:00:00Z, and the contract promises less than 1 day"},
		"stale":                 {"ly, value: 3, unit: h", at("2013-10-03T04:30:00Z"), "error contract/freshness: the newest value of column \"at\" is 2013-10-03T00:00:00Z, 4h30m0s before 2013-10-03T04:30:00Z, and the contract promises less than 3 hours"},
		"from the future":       {"freshness, value: 3, unit: h", at("2013-10-02T12:00:00Z"), "error contract/freshness: the newest value of column \"at\", 2013-10-03T00:00:00Z, lies after 2013-10-02T12:00:00Z, so its age is unknown"},
		"no time is no check":   {"freshness, value: 3, unit: h", time.Time{}, "error contract/freshness: the freshness of column \"at\" is not checked: no time was given to take for now"},
		"kept long enough":      {"retention, value: 1, unit: y", at("2014-09-30T00:00:00Z"), ""},
		"kept too long":         {"re, value: 10, unit: days", at("2013-10-12T00:00:00Z"), "error contract/retention: the oldest value of column \"at\" is 2013-10-01T00:00:00Z, 11 days before 2013-10-12T00:00:00Z, and the contract keeps no more than 10 days"},
		"often enough":          {"frequency, value: 36, unit: h", time.Time{}, ""},
		"not often enough":      {"fy, value: 1, unit: d", time.Time{}, "error contract/frequency: the values of column \"at\" have a gap of 36 hours, and the contract promises one every 1 day"},
		"what data never shows": {"availability, value: 99.9, unit: '%'", time.Time{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(header, "schema:", "slaDefaultElement: flights.at\nslaProperties: [{property: "+test.promise+"}]\nschema:", 1)
			c := parse(t, text+"      - {name: k, logicalType: string}\n      - {name: at, logicalType: timestamp}\n")
			s, table := open(t, map[string]string{"a.csv": "k,at\na,2013-10-01T00:00:00Z\nb,2013-10-02 12:00\nc,\nd,2013-10-03T02:00:00+02:00\n"})
			result, err := contract.Check(context.Background(), s, table, c, contract.CheckOptions{Now: test.now})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(messages(result.Findings), "\n"); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

const twoObjects = `apiVersion: v3.1.0
kind: DataContract
id: both
version: 1.0.0
status: active
schema:
  - name: orders
    properties: [{name: id, logicalType: integer, required: true}]
  - name: customers
    properties: [{name: name, logicalType: string, required: true}]
`

func TestOneOfSeveralObjects(t *testing.T) {
	c := parse(t, twoObjects)
	s, table := open(t, map[string]string{"a.csv": "name\n1\n"})
	result, err := contract.Check(context.Background(), s, table, c, contract.CheckOptions{Object: "customers"})
	if err != nil || len(result.Findings) > 0 || result.Rows != 1 {
		t.Errorf("%+v %v", result, err)
	}
	narrowed, err := c.For("customers")
	if err != nil {
		t.Fatal(err)
	}
	if sql, err := narrowed.TypedSelect(table); err != nil || !strings.Contains(sql, "name") {
		t.Errorf("%s %v", sql, err)
	}
	if result, err = contract.Check(context.Background(), s, table, c, contract.CheckOptions{Object: "orders"}); err != nil || !report.HasErrors(result.Findings) {
		t.Errorf("%+v %v", result, err)
	}
	for _, name := range []string{"", "others"} {
		if _, err := c.For(name); err == nil || !strings.Contains(err.Error(), "orders, customers") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
