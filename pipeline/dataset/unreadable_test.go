package dataset_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// garbage is neither text nor any format, and always the same.
func garbage(n int) string {
	content := make([]byte, n)
	state := uint32(1)
	for i := range content {
		state = state*1664525 + 1013904223
		content[i] = byte(state >> 24)
	}
	return string(content)
}

// A file that cannot be used is a finding at Open: it names the source and the
// file and says what is wrong in one line.
func TestOpenRefuses(t *testing.T) {
	var text strings.Builder
	text.WriteString("a,b\n")
	for n := range 10_000 {
		fmt.Fprintf(&text, "%d,%x\n", n, n*n)
	}
	long, packed := text.String(), gzipped(t, text.String())
	typed := parquet(t, "SELECT range AS n FROM range(10000)", "")
	for _, c := range []struct {
		name, file, content string
		spec                dataset.Spec
		code, says          string
	}{
		{name: "empty csv", file: "a.csv", says: "it is empty"},
		{name: "only a byte order mark", file: "a.csv", content: "\ufeff", says: "it is empty"},
		{name: "blank first line", file: "a.csv", content: "\na,b\n1,2\n", says: "first line is blank"},
		{name: "blank first line of Windows", file: "a.csv", content: "\ufeff\r\na,b\r\n1,2\r\n", says: "first line is blank"},
		{name: "binary csv", file: "a.csv", content: "\x00\x01" + garbage(5000), says: "not text"},
		{name: "binary csv without a line end", file: "a.csv", content: strings.Repeat("\x07\x80", 1<<20), says: "does not end within"},
		{name: "endless header", file: "a.csv", content: strings.Repeat("column,", 1<<18), says: "does not end within"},
		{name: "endless quote", file: "a.csv", content: "\"" + strings.Repeat("column,\n", 1<<18), says: "does not end within"},
		{name: "header in another encoding", file: "a.csv", content: "caf\xe9,b\n1,2\n", says: "not text"},
		{name: "header in UTF-16", file: "a.csv", content: "\xff\xfea\x00,\x00b\x00\n\x00", says: "not text"},
		{name: "stray quote in header", file: "a.csv", content: "a\"b,c\n1,2\n", says: "bare"},
		{name: "same name twice", file: "a.csv", content: "a,b,a\n1,2,3\n", says: `two columns are called "a"`},
		{name: "same name but for capitals", file: "a.csv", content: "a,b,A\n1,2,3\n", says: `two columns are called "A"`},
		{name: "blank name", file: "a.csv", content: "a, ,c\n1,2,3\n", says: "column 2 has no name"},
		{name: "delimiter at the end of the header", file: "a.csv", content: "a,b,\n1,2,\n", says: "column 3 has no name"},
		{name: "extra field", file: "a.csv", content: "a,b\n1,x\n2,y,z\n3,w\n", says: "row 2 has 3 fields, and the header has 2"},
		{name: "extra empty field", file: "a.csv", content: "a,b\n1,x\n2,y,\n3,w\n", says: "row 2 has 3 fields, and the header has 2"},
		{name: "extra empty fields in a compressed file", file: "a.csv.gz", content: gzipped(t, "a,b\n1,x\n2,y,\n3,w,\n"), says: "2 rows have another number of fields than the header, which has 2; the first is row 2, with 3"},
		{name: "missing field", file: "a.csv", content: "a,b\n1,x\n2\n", says: "row 2 has 1 field, and the header has 2"},
		{name: "line ends of old", file: "a.csv", content: "a,b\n1,2\r3,4\n5,6\r\n", says: "row 1 has 3 fields"},
		{name: "impossible delimiter", file: "a.csv", content: "a,b\n", spec: dataset.Spec{Delimiter: "\n"}, says: "delimiter"},
		{name: "gzip cut short", file: "a.csv.gz", content: packed[:len(packed)/2], says: "damaged or cut short"},
		{name: "gzip without its checksum", file: "a.csv.gz", content: packed[:len(packed)-8], says: "damaged or cut short"},
		{name: "gzip with a wrong checksum", file: "a.csv.gz", content: flip(packed, -6), says: "damaged or cut short"},
		{name: "gzip and then something else", file: "a.csv.gz", content: packed + "tail", says: "damaged or cut short"},
		{name: "not gzip at all", file: "a.csv.gz", content: long, says: "damaged or cut short"},
		{name: "empty gzip", file: "a.csv.gz", content: gzipped(t, ""), says: "it is empty"},
		{name: "nothing where gzip should be", file: "a.csv.gz", says: "damaged or cut short"},
		{name: "zstandard cut short", file: "a.csv.zst", content: zstandard(t, long)[:3000], says: "damaged or cut short"},
		{name: "json gzip cut short", file: "a.jsonl.gz", content: gzipped(t, jsonLines(10_000))[:2000], says: "damaged or cut short"},
		{name: "empty json", file: "a.jsonl", says: "declares no columns"},
		{name: "json without keys", file: "a.jsonl", content: "{}\n{}\n", says: "declares no columns"},
		{name: "json array", file: "a.jsonl", content: `[{"a": 1}]` + "\n", says: "declares no columns"},
		{name: "json cut short", file: "a.jsonl", content: "{\"a\": 1}\n{\"a\": 2", says: "Malformed JSON"},
		{name: "json over several lines", file: "a.jsonl", content: "{\n\"a\": 1\n}\n", says: "Malformed JSON"},
		{name: "two json objects on a line", file: "a.jsonl", content: `{"a": 1} {"a": 2}` + "\n", says: "Malformed JSON"},
		{name: "json in another encoding", file: "a.jsonl", content: "{\"a\": \"caf\xe9\"}\n", says: "UTF-8"},
		{name: "json keys alike but for capitals", file: "a.jsonl", content: `{"a": 1, "A": 2}` + "\n", says: `two columns are called "a"`},
		{name: "json key without a name", file: "a.jsonl", content: `{"": 1}` + "\n", says: "column 1 has no name"},
		{name: "binary json", file: "a.jsonl", content: garbage(5000), says: "Malformed JSON"},
		{name: "empty parquet", file: "a.parquet", says: "too small"},
		{name: "binary parquet", file: "a.parquet", content: garbage(5000), says: "magic bytes"},
		{name: "csv called parquet", file: "a.parquet", content: long, says: "magic bytes"},
		{name: "parquet cut short", file: "a.parquet", content: typed[:len(typed)/2], says: "magic bytes"},
		{name: "parquet without its beginning", file: "a.parquet", content: "PAR1" + typed[len(typed)-8:], says: "ooter"},
		{name: "parquet called csv", file: "a.csv", content: typed, says: "first line"},
		{name: "missing file", spec: dataset.Spec{Paths: []string{"data/missing.csv"}}, code: "dataset/missing-file", says: "data/missing.csv"},
		{name: "glob without files", spec: dataset.Spec{Paths: []string{"*.parquet"}}, code: "dataset/missing-file", says: "*.parquet"},
		{name: "one glob of two without files", file: "a.csv", content: long, spec: dataset.Spec{Paths: []string{"a.csv", "b*.csv"}}, code: "dataset/missing-file", says: "b*.csv"},
		{name: "folder", file: "data.csv/a.csv", content: long, spec: dataset.Spec{Paths: []string{"data.csv"}}, says: "data.csv cannot be read: it is a folder"},
		{name: "unknown extension", file: "a.xlsx", content: long, says: "set format"},
		{name: "no extension", file: "gz", content: long, says: "set format"},
		{name: "unknown format", file: "a.csv", content: long, spec: dataset.Spec{Format: "excel"}, says: `unknown format "excel"`},
		{name: "one bad file of two", file: "a.csv", content: "a\n1\n", spec: dataset.Spec{Paths: []string{"*.csv", "../" + "b.csv"}}, code: "dataset/missing-file", says: "../b.csv"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			if c.file != "" {
				write(t, root, map[string]string{c.file: c.content})
			}
			spec := c.spec
			spec.Name, spec.Position = "events", report.Position{File: "pipeline.yaml", Line: 7, Column: 11}
			if spec.Paths == nil {
				spec.Paths = []string{c.file}
			}
			session, findings := open(t, dataset.Options{Root: root}, spec)
			if len(findings) != 1 || session.Table("events") != nil {
				t.Fatalf("findings %+v, table %v; want one finding and no table", findings, session.Table("events"))
			}
			f := findings[0]
			if c.code == "" {
				c.code = "dataset/unreadable-file"
			}
			if f.Code != c.code || f.Severity != report.Error || f.Source != "events" || f.Position != spec.Position {
				t.Errorf("finding %+v", f)
			}
			if !strings.Contains(f.Message, c.says) || strings.ContainsAny(f.Message, "\n\r") || len(f.Message) > 400 {
				t.Errorf("%q does not say %q in one line", f.Message, c.says)
			}
			if strings.Contains(f.Message, root) {
				t.Errorf("%q names a folder of this machine", f.Message)
			}
			if f.Remedy == "" {
				t.Error("no remedy")
			}
		})
	}
}

// flip changes a bit of the byte at i; a negative i counts from the end.
func flip(content string, i int) string {
	changed := []byte(content)
	changed[(i+len(changed))%len(changed)] ^= 0x10
	return string(changed)
}

func TestOpenTakesAHeaderAlone(t *testing.T) {
	root := t.TempDir()
	write(t, root, map[string]string{
		"a.csv":     "a,b",
		"b.csv":     "a,b\r\n",
		"c.parquet": parquet(t, "SELECT 1 AS a, 2 AS b WHERE false", ""),
	})
	for _, path := range []string{"a.csv", "b.csv", "c.parquet"} {
		session, table := one(t, root, dataset.Spec{Paths: []string{path}})
		if rows := mustRead(t, session.DB(), "SELECT a, b FROM "+table.Segments[0].Relation()); len(rows) != 0 {
			t.Errorf("%s: rows %q", path, rows)
		}
	}
}

func TestOpenFailsOn(t *testing.T) {
	t.Run("a pattern that is none", func(t *testing.T) {
		_, _, err := dataset.Open(context.Background(), dataset.Options{Root: t.TempDir()}, dataset.Spec{Name: "events", Paths: []string{"[.csv"}})
		if err == nil || !strings.Contains(err.Error(), `"[.csv" is not a valid pattern`) {
			t.Error(err)
		}
	})
	t.Run("a cancelled run", func(t *testing.T) {
		root := t.TempDir()
		write(t, root, map[string]string{"a.csv": "a\n1\n"})
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, findings, err := dataset.Open(ctx, dataset.Options{Root: root}, dataset.Spec{Name: "events", Paths: []string{"a.csv"}})
		if !errors.Is(err, context.Canceled) || findings != nil {
			t.Errorf("%v with findings %v; a cancelled run says nothing about the data", err, findings)
		}
	})
}

// Rows that no reader can take are the data's fault, and the message says
// which line of which file.
func TestMalformedRows(t *testing.T) {
	for _, c := range []struct{ name, file, content, says string }{
		{"another encoding", "a.csv", "a,b\n1,caf\xe9\n", "CSV Error on Line: 2: Invalid unicode (byte sequence mismatch) detected. This file is not utf-8 encoded. (a.csv)"},
		{"open quote", "a.csv", "a,b\n1,\"xy\n2,z\n", "CSV Error on Line: 2: Value with unterminated quote found. (a.csv)"},
		{"text behind a quote", "a.csv", "a,b\n1,\"x\"y\n", "CSV Error on Line: 2: Value with unterminated quote found. (a.csv)"},
		{"mixed line ends", "a.csv", "a,b\n1,2\r\n3,4\n", "invalid state"},
		{"line of three megabytes", "a.csv", "a,b\n1," + strings.Repeat("x", 3<<20) + "\n", "CSV Error on Line: 2: "},
		{"json scalar", "a.jsonl", "{\"a\": 1, \"b\": 2}\n5\n", `in line 2: Expected OBJECT, but got UBIGINT: 5`},
		{"json key twice", "a.jsonl", `{"a": 1, "a": 2, "b": 3}` + "\n", `has duplicate key "a"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			write(t, root, map[string]string{c.file: c.content})
			session, table := one(t, root, dataset.Spec{Paths: []string{c.file}})
			rows, err := read(session.DB(), "SELECT a, b FROM "+table.Segments[0].Relation())
			if !dataset.Unreadable(err) {
				t.Fatalf("rows %q and error %v; want one that is called unreadable", rows, err)
			}
			if line := dataset.FirstLine(err); !strings.Contains(line, c.says) || strings.Contains(line, "\n") {
				t.Errorf("%q does not say %q", line, c.says)
			}
		})
	}
}

// Whatever byte of a Parquet file goes bad, reading it ends in the right rows
// or in an error that is called the data's.
func TestDamagedParquet(t *testing.T) {
	content := parquet(t, "SELECT range AS n, 'some text ' || range % 7 AS s FROM range(3000)", ", ROW_GROUP_SIZE 2048")
	root := t.TempDir()
	path := filepath.Join(root, "a.parquet")
	for i := 0; i < len(content); i += max(1, len(content)/75) {
		if err := os.WriteFile(path, []byte(flip(content, i)), 0o644); err != nil {
			t.Fatal(err)
		}
		session, findings, err := dataset.Open(context.Background(), dataset.Options{Root: root}, dataset.Spec{Name: "events", Paths: []string{"a.parquet"}})
		if err != nil {
			t.Fatalf("byte %d: %v", i, err)
		}
		if len(findings) == 0 {
			_, err := read(session.DB(), "SELECT count(*), sum(n), max(s) FROM "+session.Table("events").Segments[0].Relation())
			if err != nil && !dataset.Unreadable(err) {
				t.Errorf("byte %d: %T %+v is not called unreadable", i, err, err)
			}
		}
		if err := session.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestUnreadable(t *testing.T) {
	session, _ := open(t, dataset.Options{})
	for query, want := range map[string]bool{
		"SELECT 'x'::INTEGER":              true,
		"SELECT ln(0)":                     true,
		"SELECT 1":                         false,
		"SELECT 9223372036854775807 + 1":   true,
		"SELECT no_such_column":            false,
		"SELECT FROM WHERE":                false,
		"SELECT no_such_function(1)":       false,
		"SELECT * FROM read_text('other')": false,
	} {
		_, err := read(session.DB(), query)
		if got := dataset.Unreadable(err); got != want {
			t.Errorf("Unreadable(%v) of %s is %v", err, query, got)
		}
	}
	for _, err := range []error{nil, errors.New("disk full"), context.Canceled} {
		if dataset.Unreadable(err) {
			t.Errorf("%v is called unreadable", err)
		}
	}
	if !dataset.Unreadable(fmt.Errorf("feature x: %w", dataset.ErrData)) {
		t.Error("ErrData is not called unreadable")
	}
}
