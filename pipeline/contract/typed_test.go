package contract_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/dataset"
)

func query(t *testing.T, s *dataset.Session, sql string) [][]string {
	t.Helper()
	rows, err := s.DB().Query(sql)
	if err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for rows.Next() {
		values, targets := make([]*string, len(columns)), make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		line := make([]string, len(columns))
		for i, v := range values {
			line[i] = "NULL"
			if v != nil {
				line[i] = *v
			}
		}
		out = append(out, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

const typed = header + `      - {name: id, physicalName: "Flight No", logicalType: integer, required: true}
      - {name: at, logicalType: timestamp}
      - {name: day, logicalType: date}
      - {name: rate, logicalType: number, quality: [{metric: missingValues, arguments: {missingValues: [-99]}, mustBeLessThan: 9}]}
      - {name: ok, logicalType: boolean}
      - {name: clock, logicalType: time}
      - {name: key, logicalType: integer, logicalTypeOptions: {format: u64}}
      - {name: "text", logicalType: string}
`

func TestTypedSelectOfText(t *testing.T) {
	c := parse(t, typed)
	s, table := open(t, map[string]string{
		"a.csv": "Flight No,at,day,rate,ok,clock,key,text,other\n" +
			"1,2013-10-01T05:00:00+02:00,2013-10-01,1.50,true,05:06,18446744073709551615,01,x\n" +
			"2,2013-10-01 05:00,bad,-99,0,24:00,-1,,x\n" +
			",2013-10-01 05:00,2013-10-01,1,true,05:06,1,dropped,x\n",
		"b.csv": "text,Flight No\nlate,3\n",
	})
	sql, err := c.TypedSelect(table)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"1", "2013-10-01 03:00:00", "2013-10-01", "1.5", "true", "05:06:00", "18446744073709551615", "01"},
		{"2", "2013-10-01 05:00:00", "NULL", "NULL", "NULL", "NULL", "-1", "NULL"},
		{"3", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "late"},
	}
	if diff := cmp.Diff(want, query(t, s, "SELECT COLUMNS(*)::VARCHAR FROM ("+sql+") ORDER BY id")); diff != "" {
		t.Error(diff)
	}
	var types [][]string
	for _, column := range c.Types() {
		types = append(types, []string{column.Name, column.Type})
	}
	if diff := cmp.Diff(types, query(t, s, "SELECT column_name, column_type FROM (DESCRIBE "+sql+")")); diff != "" {
		t.Errorf("Types and TypedSelect differ: %s", diff)
	}
}

// writeParquet writes the rows of a SELECT with DuckDB.
func writeParquet(t *testing.T, path, sql string) {
	t.Helper()
	writer, findings, err := dataset.Open(context.Background(), dataset.Options{WriteDirs: []string{filepath.Dir(path)}})
	if err != nil || len(findings) > 0 {
		t.Fatalf("%v %v", findings, err)
	}
	defer func() { _ = writer.Close() }()
	if _, err := writer.DB().Exec("COPY (" + sql + ") TO " + dataset.Literal(path) + " (FORMAT parquet)"); err != nil {
		t.Fatal(err)
	}
}

// parquet opens a table of one file for each SELECT.
func parquet(t *testing.T, selects ...string) (*dataset.Session, *dataset.Table) {
	t.Helper()
	root := t.TempDir()
	for i, sql := range selects {
		writeParquet(t, filepath.Join(root, string(rune('a'+i))+".parquet"), sql)
	}
	return openParquet(t, root)
}

func openParquet(t *testing.T, root string) (*dataset.Session, *dataset.Table) {
	t.Helper()
	s, findings, err := dataset.Open(context.Background(), dataset.Options{Root: root}, dataset.Spec{Name: "flights", Paths: []string{"*.parquet"}})
	if err != nil || len(findings) > 0 {
		t.Fatalf("%v %v", findings, err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, s.Table("flights")
}

func TestNativeTypes(t *testing.T) {
	for name, test := range map[string]struct {
		property, value string
		want            []string
	}{
		"same":                    {"integer", "7::BIGINT", nil},
		"narrow":                  {"integer", "7::UTINYINT", nil},
		"whole float":             {"integer", "7.0::DOUBLE", nil},
		"fraction":                {"integer", "7.5::DOUBLE", []string{`error contract/type v n=1 a.parquet row 1: "7.5"`}},
		"too wide":                {"integer", "9223372036854775808::UBIGINT", []string{`error contract/type v n=1 a.parquet row 1: "9223372036854775808"`}},
		"NaN":                     {"number", "'nan'::DOUBLE", []string{`error contract/type v n=1 a.parquet row 1: "nan"`}},
		"infinity":                {"number", "'-inf'::FLOAT", []string{`error contract/type v n=1 a.parquet row 1: "-inf"`}},
		"decimal":                 {"number", "7.25::DECIMAL(9,2)", nil},
		"whole number":            {"number", "7::INTEGER", nil},
		"text of a number":        {"number", "'7'", nil},
		"text of no number":       {"number", "' '", []string{`error contract/type v n=1 a.parquet row 1: " "`}},
		"number for text":         {"string", "7", []string{"error contract/column-type v n=0 "}},
		"enum for text":           {"string", "'a'::ENUM('a')", nil},
		"uuid for text":           {"string", "uuid()", nil},
		"boolean":                 {"boolean", "true", nil},
		"number for boolean":      {"boolean", "1", []string{"error contract/column-type v n=0 "}},
		"date":                    {"date", "DATE '2013-10-01'", nil},
		"midnight for date":       {"date", "TIMESTAMP '2013-10-01 00:00:00'", nil},
		"noon for date":           {"date", "TIMESTAMP '2013-10-01 12:00:00'", []string{`error contract/type v n=1 a.parquet row 1: "2013-10-01 12:00:00"`}},
		"date for timestamp":      {"timestamp", "DATE '2013-10-01'", []string{"error contract/column-type v n=0 "}},
		"timestamp":               {"timestamp", "TIMESTAMP '2013-10-01 12:00:00'", nil},
		"timestamp with zone":     {"timestamp", "TIMESTAMPTZ '2013-10-01 12:00:00+02:00'", nil},
		"naive where zone needed": {"timestamp\n        logicalTypeOptions: {timezone: true}", "TIMESTAMP '2013-10-01 12:00:00'", []string{"error contract/column-type v n=0 "}},
		"time":                    {"time", "TIME '12:00:00'", nil},
		"list":                    {"string", "['a']", []string{"error contract/column-type v n=0 "}},
		"struct":                  {"string", "{'a': 1}", []string{"error contract/column-type v n=0 "}},
	} {
		t.Run(name, func(t *testing.T) {
			c := parse(t, header+"      - {name: k, logicalType: integer}\n      - name: v\n        logicalType: "+test.property+"\n")
			s, table := parquet(t, "SELECT 1 AS k, "+test.value+" AS v")
			result, err := contract.Check(context.Background(), s, table, c, contract.CheckOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, lines(result.Findings)); diff != "" {
				t.Error(diff)
			}
			sql, err := c.TypedSelect(table)
			if err != nil {
				t.Fatal(err)
			}
			if got, null := query(t, s, "SELECT v::VARCHAR FROM ("+sql+")")[0][0], test.want != nil; (got == "NULL") != null {
				t.Errorf("typed value %s beside findings %v", got, test.want)
			}
		})
	}
}

// A listed value is missing in a column of a type as it is in a text.
func TestMissingValuesOfNativeTypes(t *testing.T) {
	const missing = `error contract/missing-values v n=1 a.parquet row 1: "`
	for name, test := range map[string]struct {
		property, listed, value string
		want                    string
	}{
		"an integer":                      {"integer", `"-999"`, "-999::INTEGER", missing + `-999"`},
		"an integer without quotes":       {"integer", `-999`, "-999::BIGINT", missing + `-999"`},
		"an integer as a float":           {"integer", `-999.0`, "-999::SMALLINT", missing + `-999"`},
		"a float for an integer":          {"integer", `"-999"`, "-999.0::DOUBLE", missing + `-999.0"`},
		"a neighbour beyond a float64":    {"integer", `9007199254740993`, "9007199254740992::BIGINT", ""},
		"one beyond a float64":            {"integer", `9007199254740993`, "9007199254740993::BIGINT", missing + `9007199254740993"`},
		"one beyond the integers":         {"integer", `99999999999999999999999999999999999999999`, "1::BIGINT", ""},
		"a word for an integer":           {"integer", `"N/A"`, "1::BIGINT", ""},
		"a fraction for an integer":       {"integer", `0.5`, "0::BIGINT", ""},
		"a word beside a number":          {"number", `"N/A", "-99"`, "-99::DOUBLE", missing + `-99.0"`},
		"a number as a decimal":           {"number", `-99.5`, "-99.5::DECIMAL(9, 2)", missing + `-99.50"`},
		"a date":                          {"date", `"1900-01-01"`, "DATE '1900-01-01'", missing + `1900-01-01"`},
		"another date":                    {"date", `"1900-01-01"`, "DATE '1900-01-02'", ""},
		"a date in its format":            {"date, logicalTypeOptions: {format: dd.MM.yyyy}", `"01.02.1900"`, "DATE '1900-02-01'", missing + `1900-02-01"`},
		"a date in ISO 8601":              {"date, logicalTypeOptions: {format: dd.MM.yyyy}", `"1900-02-01"`, "DATE '1900-02-01'", missing + `1900-02-01"`},
		"midnight for a date":             {"date", `"1900-01-01"`, "TIMESTAMP '1900-01-01 00:00:00'", missing + `1900-01-01 00:00:00"`},
		"a moment":                        {"timestamp", `"1900-01-01T00:00:00"`, "TIMESTAMP '1900-01-01 00:00:00'", missing + `1900-01-01 00:00:00"`},
		"a moment with an offset":         {"timestamp", `"1900-01-01T02:00:00+02:00"`, "TIMESTAMPTZ '1900-01-01 00:00:00+00'", missing + `1900-01-01 00:00:00+00"`},
		"a moment in a zone":              {"timestamp, logicalTypeOptions: {defaultTimezone: Asia/Tokyo}", `"2000-01-01T00:00:00"`, "TIMESTAMP '2000-01-01 00:00:00'", missing + `2000-01-01 00:00:00"`},
		"a day for a moment":              {"timestamp", `"1900-01-01"`, "TIMESTAMP '1900-01-01 00:00:00'", missing + `1900-01-01 00:00:00"`},
		"a time of day":                   {"time", `"00:00"`, "TIME '00:00:00'", missing + `00:00:00"`},
		"a boolean":                       {"boolean", `false`, "false", missing + `false"`},
		"a boolean in quotes":             {"boolean", `"FALSE"`, "false", missing + `false"`},
		"a text":                          {"string", `"-"`, "'-'", missing + `-"`},
		"a number in a column of text":    {"integer", `"-999"`, "'-999'", missing + `-999"`},
		"a number written in another way": {"integer", `"-999"`, "'-0999'", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := parse(t, header+"      - {name: k, logicalType: integer}\n      - {name: v, required: true, quality: [{metric: missingValues, arguments: {missingValues: [null, "+test.listed+"]}, mustBe: 0}], logicalType: "+test.property+"}\n")
			s, table := parquet(t, "SELECT 1 AS k, "+test.value+" AS v")
			result, err := contract.Check(context.Background(), s, table, c, contract.CheckOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			if test.want != "" {
				want = []string{strings.Replace(test.want, "missing-values", "required", 1), test.want}
			}
			if diff := cmp.Diff(want, lines(result.Findings)); diff != "" {
				t.Error(diff)
			}
			sql, err := c.TypedSelect(table)
			if err != nil {
				t.Fatal(err)
			}
			if rows := query(t, s, sql); (len(rows) == 0) != (want != nil) {
				t.Errorf("%v beside findings %v", rows, want)
			}
		})
	}
}

// Rows of an unknown day are no day's, in a column of dates as in a text.
func TestMissingValueIsNoPartition(t *testing.T) {
	c := parse(t, header+"      - {name: v, logicalType: date, quality: [{metric: missingValues, arguments: {missingValues: [1900-01-01]}, mustBeLessThan: 9}]}\n")
	s, table := parquet(t, "SELECT unnest([DATE '1900-01-01', DATE '2013-10-01']) AS v")
	result, err := contract.Check(context.Background(), s, table, c, contract.CheckOptions{Partition: &contract.Partition{Column: "v", Value: "2013-10-01", OrEarlier: true}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"error contract/unassigned-rows v n=1 "}, lines(result.Findings)); diff != "" || result.Rows != 1 {
		t.Error(result.Rows, diff)
	}
}

func TestZonedTimesAreInUTC(t *testing.T) {
	c := parse(t, header+"      - {name: v, logicalType: timestamp}\n")
	s, table := parquet(t, "SELECT TIMESTAMPTZ '2013-10-01 12:00:00+02:00' AS v", "SELECT TIMESTAMP '2013-10-01 11:00:00' AS v")
	sql, err := c.TypedSelect(table)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"2013-10-01 10:00:00"}, {"2013-10-01 11:00:00"}}, query(t, s, "SELECT v::VARCHAR FROM ("+sql+") ORDER BY v")); diff != "" {
		t.Error(diff)
	}
}

// The footer of the file stays whole, so its columns are known and its values
// are not.
func TestDamagedFileIsAFinding(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "a.parquet")
	writeParquet(t, path, "SELECT hash(i)::VARCHAR AS v FROM range(100000) r(i)")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(data) / 3; i < len(data)/2; i++ {
		data[i] = 0xff
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s, table := openParquet(t, root)
	result, err := contract.Check(context.Background(), s, table, parse(t, header+"      - {name: v, logicalType: string, required: true}\n"), contract.CheckOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"error dataset/unreadable-rows  n=0 "}, lines(result.Findings)); diff != "" {
		t.Error(diff)
	}
}
