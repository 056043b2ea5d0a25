package dataset

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// scanned says what a scan in blocks of a size finds.
func scanned(t *testing.T, text, delimiter string, size int) string {
	t.Helper()
	s, err := scan(context.Background(), strings.NewReader(text), newFieldScan(delimiter, nil), size, 3)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%d rows", s.rows)
	if s.ended {
		got += ", ended"
	}
	if s.ragged > 0 {
		got += fmt.Sprintf(", %d ragged from row %d with %d", s.ragged, s.first, s.fields)
	}
	return got
}

// TestScanFields scans in blocks of every size: what is found may not hang on
// where they end.
func TestScanFields(t *testing.T) {
	long := strings.Repeat("x", 100)
	for _, test := range []struct {
		name, text, delimiter string
		want                  string
	}{
		{"rows", "a,b\n1,2\n3,4\n", "", "2 rows, ended"},
		{"no end", "a,b\n1,2\n3,4", "", "2 rows"},
		{"CRLF, blank lines and a byte order mark", "\ufeff\"a\",b\r\n\r\n1,2\r\n\n3,\r\n", "", "2 rows, ended"},
		{"blank lines of one column", "a\n\n1\n\n", "", "3 rows, ended"},
		{"delimiters and line ends in quotes", "a,b\n\"1,\n\"\"2\"\"\",\"\"\n3, \"4,\" \n", "", "2 rows, ended"},
		{"quotes within text", "a,b\n5\" x,6\"\n\"\"\"\",7\n", "", "2 rows, ended"},
		{"a quote without an end", "a,b\n1,\"2\n3,4\n", "", "1 rows"},
		{"empty at the end", "a,b\n1,2,\n3,4\n", "", "2 rows, ended, 1 ragged from row 1 with 3"},
		{"quoted and empty at the end", "a,b\n1,2\n3,4,\"\"\n", "", "2 rows, ended, 1 ragged from row 2 with 3"},
		{"too few and too many, which is no balance", "a,b\n1\n2,3,\n\n4,5\n", "", "3 rows, ended, 2 ragged from row 1 with 1"},
		{"another delimiter", "a;b\n1,1;2\n", ";", "1 rows, ended"},
		{"a delimiter of two bytes", "a¦b\n1¦2¦\n\"¦\"¦\n", "¦", "2 rows, ended, 1 ragged from row 1 with 3"},
		{"a delimiter that stands in times", "a b\n2013-01-31 23:59:59\n", " ", "1 rows, ended"},
		{"a delimiter that stands in dates", "a-b-c\n2013-01-31\n-1--2\n", "-", "2 rows, ended, 1 ragged from row 2 with 4"},
		{"a delimiter that stands in decimals", "a.b\n1.5\n", ".", "1 rows, ended"},
		{"a delimiter that stands in words", "aebe\n1e5e\ntruee\n", "e", "2 rows, ended"},
		{"values longer than the buffer", "a,b\n" + long + "," + long + "\n\"" + long + ",\n" + long + "\",\n1,2,\n", "", "3 rows, ended, 1 ragged from row 3 with 3"},
	} {
		var said []string
		for _, size := range []int{7, 16, 64, scanBlock} {
			said = append(said, scanned(t, test.text, test.delimiter, size))
		}
		if said = slices.Compact(said); len(said) > 1 || said[0] != test.want {
			t.Errorf("%s: %s, want %s", test.name, said, test.want)
		}
	}
}

// Whatever the text, the scan and DuckDB see the same rows: what the scan lets
// pass DuckDB reads as so many rows, or refuses for a reason of its own.
func TestScanFieldsAgreesWithDuckDB(t *testing.T) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	path := filepath.Join(t.TempDir(), "a.csv")
	read := 0
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.StringOfN(rapid.SampledFrom([]rune(`ab,,"" 	`+"\n")), 0, 8, -1), 1, 6).Draw(t, "lines")
		end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "end")
		text := "x,y\n" + strings.Join(lines, "\n") + rapid.SampledFrom([]string{"", "\n"}).Draw(t, "last")
		text = strings.ReplaceAll(text, "\n", end)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := scanFields(context.Background(), path, Spec{}, 2)
		if err != nil {
			t.Fatal(err)
		}
		segment := Segment{Columns: []Column{{Name: "x", Type: "VARCHAR"}, {Name: "y", Type: "VARCHAR"}}, paths: []string{path}, form: FormatCSV, compression: compressNone}
		var rows int64
		if err := db.QueryRow("SELECT count(x) FILTER (WHERE false) + count(*) FROM " + segment.Relation()).Scan(&rows); err != nil {
			return
		}
		read++
		if s.ragged == 0 && rows != s.rows {
			t.Errorf("%q: %d rows, and DuckDB reads %d", text, s.rows, rows)
		}
	})
	if read == 0 {
		t.Error("DuckDB read none of the texts")
	}
}

// What a writer of CSVs writes has no ragged rows.
func TestScanFieldsTakesWhatIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(2, 4).Draw(t, "width")
		rows := rapid.SliceOfN(rapid.SliceOfN(rapid.StringOfN(rapid.SampledFrom([]rune(`ab,"é `+"\n\r")), 0, 5, -1), width, width), 1, 8).Draw(t, "rows")
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		_ = w.WriteAll(rows)
		s, err := scan(context.Background(), &b, newFieldScan("", nil), 11, 2)
		if err != nil || s.check() != nil || s.rows != int64(len(rows)-1) || !s.ended {
			t.Errorf("%q: %+v %v", rows, s, err)
		}
	})
}

// Where blocks end changes nothing but that long lines hide their columns' forms.
func FuzzScan(f *testing.F) {
	f.Add("a,b\n1,2\n\"x\n\",\"\"\"\"\r\n,\n3,4", byte(3))
	f.Add("\ufeffa\n\n1\n\"\n", byte(1))
	f.Add("   \"\n", byte(0))
	f.Fuzz(func(t *testing.T, text string, size byte) {
		whole, err := scan(context.Background(), strings.NewReader(text), newFieldScan("", nil), scanBlock, 1)
		if err != nil {
			t.Fatal(err)
		}
		// The first block has the byte order mark.
		parts, err := scan(context.Background(), strings.NewReader(text), newFieldScan("", nil), len(byteOrderMark)+int(size), 3)
		if err != nil {
			t.Fatal(err)
		}
		for i, among := range parts.forms {
			if among&^whole.forms[i] != 0 {
				t.Errorf("%q: in blocks column %d is written in %05b, and in one in %05b", text, i+1, among, whole.forms[i])
			}
		}
		whole.forms, parts.forms = nil, nil
		whole.row, parts.row = row{}, row{}
		if !reflect.DeepEqual(whole, parts) {
			t.Errorf("%q: %+v in one block, %+v in several", text, whole, parts)
		}
	})
}
