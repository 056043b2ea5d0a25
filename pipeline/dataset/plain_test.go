package dataset

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestFormsOfATable(t *testing.T) {
	const none = forms(0)
	for _, test := range []struct {
		name   string
		values []string
		want   forms
	}{
		{"whole numbers", []string{"0", "7", "-12", "999999999999999999"}, wholeForm | decimalForm},
		{"no values", []string{"", ""}, allForms},
		{"values and none", []string{"", "1", ""}, wholeForm | decimalForm},
		{"zeros before and minus zero", []string{"007"}, decimalForm},
		{"minus zero", []string{"-0"}, decimalForm},
		{"too long for 64 bits", []string{"1234567890123456789"}, decimalForm},
		{"decimals", []string{"1", "-1.50", "0.1e-05", "1E+10", "0.0"}, decimalForm},
		{"a great exponent", []string{"1e100"}, none},
		{"a plus", []string{"+1"}, none},
		{"a point without digits", []string{"1."}, none},
		{"a point without digits before", []string{".5"}, none},
		{"a long decimal", []string{strings.Repeat("1", 41)}, none},
		{"space", []string{" 1"}, none},
		{"divided digits", []string{"1_000"}, none},
		{"not a number", []string{"nan"}, none},
		{"numbers and a word", []string{"1", "2", "x"}, none},
		{"dates", []string{"2013-01-31", "2012-02-29", "0001-01-01", "9999-12-31"}, dateForm},
		{"no such day", []string{"2013-02-29"}, none},
		{"no such month", []string{"2013-13-01"}, none},
		{"no such year", []string{"0000-01-01"}, none},
		{"slashes", []string{"2013/01/31"}, none},
		{"moments", []string{"2013-01-31 23:59:59", "2013-01-31 00:00:00"}, momentForm},
		{"a leap second", []string{"2013-01-31 23:59:60"}, none},
		{"24 hours", []string{"2013-01-31 24:00:00"}, none},
		{"a T", []string{"2013-01-31T23:59:59"}, none},
		{"an offset", []string{"2013-01-31 23:59:59Z"}, none},
		{"dates and moments", []string{"2013-01-31", "2013-01-31 23:59:59"}, none},
		{"truths", []string{"true", "false"}, truthForm},
		{"capitals", []string{"True"}, none},
		{"in quotes", []string{`"1"`}, none},
		{"a word in quotes", []string{`"x,y"`}, none},
	} {
		// The column stands first, between others, and last; line ends differ.
		text := "v,a,v,a,v\n"
		for i, value := range test.values {
			text += fmt.Sprintf("%[1]s,%[2]s,%[1]s,\"q\",%[1]s\n", value, []string{"x", "1"}[i%2])
		}
		for _, text := range []string{text, strings.ReplaceAll(text, "\n", "\r\n"), strings.ReplaceAll(text, `"q"`, "q")} {
			s, err := scan(context.Background(), strings.NewReader(text), newFieldScan("", nil), 256, 2)
			if err != nil {
				t.Fatal(err)
			}
			if s.forms[0] != test.want || s.forms[2] != test.want || s.forms[4] != test.want {
				t.Errorf("%s: %05b, want %05b in %q", test.name, s.forms, test.want, text)
			}
		}
	}
}

func TestTextsForNoValueAreOfAnyForm(t *testing.T) {
	for _, test := range []struct {
		text string
		null []string
		want forms
	}{
		{"v,w\n1,\nNA,\n", []string{"NA"}, wholeForm | decimalForm},
		{"v,w\n1,\n,\n", []string{"NA"}, 0},
		{"v,w\nNA,\n1,\n", nil, 0},
	} {
		s, err := scan(context.Background(), strings.NewReader(test.text), newFieldScan("", test.null), scanBlock, 1)
		if err != nil || s.forms[0] != test.want {
			t.Errorf("%q with %q: %05b, want %05b, %v", test.text, test.null, s.forms, test.want, err)
		}
	}
}

// plainValue draws a text that is mostly written plainly, in one of the forms.
func plainValue(t *rapid.T, kind string, wide bool) string {
	moment := time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(t, "moment"), 0).UTC()
	switch kind {
	case "BIGINT":
		return fmt.Sprint(rapid.Int64().Draw(t, "whole"))
	case "DOUBLE":
		decimal := float64(rapid.Int64Range(-1e12, 1e12).Draw(t, "thousandths")) / 1000
		if wide {
			decimal = rapid.Float64().Draw(t, "decimal")
		}
		return fmt.Sprintf(rapid.SampledFrom([]string{"%g", "%.2f", "%.17g", "%e"}).Draw(t, "verb"), decimal)
	case "DATE":
		return moment.Format(time.DateOnly)
	case "TIMESTAMP":
		return moment.Format(time.DateTime)
	}
	return fmt.Sprint(rapid.Bool().Draw(t, "truth"))
}

// A column that is read as typed has in each row what DuckDB's cast of the text
// has, and all but decimals are written by DuckDB as they were.
func TestTypedReadsWhatTheTextSays(t *testing.T) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	path := filepath.Join(t.TempDir(), "a.csv")
	for _, kind := range []string{"BIGINT", "DOUBLE", "DATE", "TIMESTAMP", "BOOLEAN"} {
		plain := 0
		t.Run(kind, rapid.MakeCheck(func(t *rapid.T) { plain += readsTyped(t, db, path, kind) }))
		if plain == 0 {
			t.Errorf("no %s was written plainly", kind)
		}
	}
}

// readsTyped draws a column, and is 1 where it was written plainly.
func readsTyped(t *rapid.T, db *sql.DB, path, kind string) int {
	text, wide := "k,v\n", rapid.Bool().Draw(t, "wide")
	for i := range rapid.IntRange(1, 6).Draw(t, "rows") {
		value := plainValue(t, kind, wide)
		if at := rapid.IntRange(0, 20*len(value)).Draw(t, "at"); at < len(value) {
			value = value[:at] + rapid.SampledFrom([]string{"", "0", "9", "-", ".", "e", " ", "T", `"`, "_"}).Draw(t, "change") + value[at+1:]
		}
		text += fmt.Sprintf("%d,%s\n", i, value)
	}
	text = strings.ReplaceAll(text, "\n", rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "end"))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := scanFields(context.Background(), path, Spec{}, 2)
	if err != nil {
		t.Fatal(err)
	}
	written := Segment{Columns: []Column{{"k", "VARCHAR"}, {"v", "VARCHAR"}}, forms: s.forms, paths: []string{path}, form: FormatCSV, compression: compressNone}
	typed := written.Typed(map[string]string{"v": kind})
	if typed.Columns[1].Type != kind {
		return 0
	}
	kept := "CAST(t.v AS VARCHAR) = w.v"
	if kind == "DOUBLE" {
		kept = "isfinite(t.v)"
	}
	var rows, same int64
	if err := db.QueryRow("SELECT count(*), count(*) FILTER (WHERE t.v IS NOT DISTINCT FROM TRY_CAST(w.v AS "+kind+") AND (w.v IS NULL OR "+kept+")) "+
		"FROM "+typed.Relation()+" t JOIN "+written.Relation()+" w USING (k)").Scan(&rows, &same); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if rows != same || rows == 0 {
		t.Errorf("%q: of %d rows %d are read as %s as they are cast", text, rows, same, kind)
	}
	return 1
}
