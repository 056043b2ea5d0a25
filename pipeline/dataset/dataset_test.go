package dataset_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// write makes files of a folder; the content's name says nothing of its form.
func write(t testing.TB, root string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func gzipped(t testing.TB, text string) string {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.String()
}

func zstandard(t testing.TB, text string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(w.EncodeAll([]byte(text), nil))
}

// parquet is the bytes of a file with the rows of a query. Options are those of
// DuckDB's COPY.
func parquet(t testing.TB, query, options string) string {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	path := filepath.Join(t.TempDir(), "written.parquet")
	if _, err := db.Exec(fmt.Sprintf("COPY (%s) TO %s (FORMAT parquet%s)", query, dataset.Literal(path), options)); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// open opens a session over root and closes it with the test.
func open(t testing.TB, opt dataset.Options, specs ...dataset.Spec) (*dataset.Session, []report.Finding) {
	t.Helper()
	session, findings, err := dataset.Open(context.Background(), opt, specs...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	})
	return session, findings
}

// one opens a table that must be there.
func one(t testing.TB, root string, spec dataset.Spec) (*dataset.Session, *dataset.Table) {
	t.Helper()
	spec.Name = "events"
	session, findings := open(t, dataset.Options{Root: root}, spec)
	if len(findings) > 0 {
		t.Fatalf("findings: %+v", findings)
	}
	return session, session.Table("events")
}

// read renders a query's rows: cells joined with |, NULL as ∅.
func read(db *sql.DB, query string) ([]string, error) {
	rows, err := db.Query(query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var lines []string
	for rows.Next() {
		cells := make([]any, len(names))
		targets := make([]any, len(names))
		for i := range cells {
			targets[i] = &cells[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		texts := make([]string, len(cells))
		for i, cell := range cells {
			if texts[i] = "∅"; cell != nil {
				texts[i] = fmt.Sprint(cell)
			}
		}
		lines = append(lines, strings.Join(texts, "|"))
	}
	return lines, rows.Err()
}

func mustRead(t testing.TB, db *sql.DB, query string) []string {
	t.Helper()
	lines, err := read(db, query)
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestFormats(t *testing.T) {
	const csv = "id,note\n1,plain\n2,\n3,\"two\nlines, and a comma\"\n"
	const jsonl = `{"id": 1, "note": "plain"}` + "\n" + `{"id": 2, "note": null}` + "\n\n" + `{"note": "two\nlines, and a comma", "id": 3}` + "\n"
	typed := parquet(t, "SELECT * FROM (VALUES (1, 'plain'), (2, NULL), (3, E'two\\nlines, and a comma')) AS v(id, note)", "")
	want := []string{"1|plain", "2|∅", "3|two\nlines, and a comma"}
	for _, c := range []struct {
		file, content, format string
		text                  bool
	}{
		{"events.csv", csv, "", true},
		{"events.csv.gz", gzipped(t, csv), "", true},
		{"EVENTS.CSV.GZ", gzipped(t, csv), "", true},
		{"events.csv.zst", zstandard(t, csv), "", true},
		{"events.csv.gz", gzipped(t, csv[:20]) + gzipped(t, csv[20:]), "", true},
		{"byte-order-mark.csv", "\ufeff" + csv, "", true},
		{"windows.csv", "id,note\r\n1,plain\r\n2,\r\n3,\"two\nlines, and a comma\"\r\n", "", true},
		{"no-last-line-end.csv", strings.TrimSuffix(csv, "\n"), "", true},
		{"export.txt", csv, "csv", true},
		{"events.jsonl", jsonl, "", true},
		{"events.ndjson", jsonl, "", true},
		{"events.jsonl.gz", gzipped(t, jsonl), "", true},
		{"EVENTS.JSONL.ZST", zstandard(t, jsonl), "", true},
		{"events.parquet", typed, "", false},
		{"a[1].csv", csv, "", true},
		{"what?*.csv", csv, "", true},
		{"it's [a-z] \"quoted\".csv", csv, "", true},
		{"it's [a-z] \"quoted\".parquet", typed, "", false},
		{"a[1]/b*/c'd.jsonl", jsonl, "", true},
	} {
		t.Run(c.file, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "root [of] it's")
			write(t, root, map[string]string{c.file: c.content, "a1.csv": "id,note\n9,another file\n"})
			session, table := one(t, root, dataset.Spec{Paths: []string{c.file}, Format: c.format})
			if len(table.Segments) != 1 || table.Text != c.text {
				t.Fatalf("%d segments, text %v; want 1 and %v", len(table.Segments), table.Text, c.text)
			}
			if diff := cmp.Diff([]string{c.file}, table.Files()); diff != "" {
				t.Error(diff)
			}
			got := mustRead(t, session.DB(), "SELECT id, note FROM "+table.Segments[0].Relation()+" ORDER BY id")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			wantType := "VARCHAR"
			if !c.text {
				wantType = "INTEGER"
			}
			if got := table.Segments[0].Columns[0]; got != (dataset.Column{Name: "id", Type: wantType}) {
				t.Errorf("the first column is %+v", got)
			}
		})
	}
}

func TestDialect(t *testing.T) {
	root := t.TempDir()
	write(t, root, map[string]string{"a.csv": "id;note\n1;NA\n2;-\n3;\"\"\n4;NaN\n5;1e999\n"})
	session, table := one(t, root, dataset.Spec{Paths: []string{"a.csv"}, Delimiter: ";", Null: []string{"NA", "-"}})
	got := mustRead(t, session.DB(), "SELECT id, note FROM "+table.Segments[0].Relation())
	// No text is a number here, so that none can be an odd one.
	if diff := cmp.Diff([]string{"1|∅", "2|∅", "3|", "4|NaN", "5|1e999"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestColumnNamesAreTakenLiterally(t *testing.T) {
	root := t.TempDir()
	write(t, root, map[string]string{"a.csv": "\"a \"\"quoted\"\" name\",it's,select,_file, spaced \n1,2,3,4,5\n"})
	session, table := one(t, root, dataset.Spec{Paths: []string{"a.csv"}})
	var names []string
	for _, column := range table.Segments[0].Columns {
		names = append(names, dataset.Identifier(column.Name))
	}
	got := mustRead(t, session.DB(), "SELECT "+strings.Join(names, ", ")+" FROM "+table.Segments[0].Relation())
	if diff := cmp.Diff([]string{"1|2|3|4|5"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestSegments(t *testing.T) {
	root := t.TempDir()
	write(t, root, map[string]string{
		"day=1/a.csv":    "carrier,late\nUA,1\n",
		"day=2/a.csv":    "carrier,late\nAA,0\n",
		"day=3/a.csv":    "airline,late\nDL,1\n",
		"day=4/a.csv.gz": gzipped(t, "carrier,late\nB6,0\n"),
		"day=5/a.csv":    "carrier,late\nWN,0\n",
		"day=6/a.csv":    "late,carrier\n1,YV\n",
	})
	session, table := one(t, root, dataset.Spec{Paths: []string{"day=*/*", "day=1/a.csv"}})
	var got [][]string
	for _, segment := range table.Segments {
		got = append(got, segment.Files)
	}
	want := [][]string{
		{"day=1/a.csv", "day=2/a.csv", "day=5/a.csv"},
		{"day=3/a.csv"},
		{"day=4/a.csv.gz"},
		{"day=6/a.csv"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
	rows := mustRead(t, session.DB(), "SELECT carrier FROM "+table.Segments[0].Relation()+" ORDER BY 1")
	if diff := cmp.Diff([]string{"AA", "UA", "WN"}, rows); diff != "" {
		t.Error(diff)
	}
	// The order of columns is the file's: a name never gets another one's values.
	if rows := mustRead(t, session.DB(), "SELECT carrier, late FROM "+table.Segments[3].Relation()); rows[0] != "YV|1" {
		t.Error(rows)
	}
}

func TestJSONColumnsAreThoseOfAllRows(t *testing.T) {
	root := t.TempDir()
	write(t, root, map[string]string{"a.jsonl": `{"b": {"x": [1, 2]}}` + "\n" + `{"a": 0.1, "b": true}` + "\n"})
	session, table := one(t, root, dataset.Spec{Paths: []string{"a.jsonl"}})
	got := mustRead(t, session.DB(), "SELECT a, b FROM "+table.Segments[0].Relation())
	if diff := cmp.Diff([]string{`∅|{"x":[1,2]}`, "0.1|true"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestFingerprint(t *testing.T) {
	fingerprint := func(files map[string]string) string {
		root := t.TempDir()
		write(t, root, files)
		_, table := one(t, root, dataset.Spec{Paths: []string{"*/*.csv"}})
		sum, err := table.Fingerprint()
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	base := fingerprint(map[string]string{"x/a.csv": "a\n1\n", "x/b.csv": "a\n2\n"})
	if again := fingerprint(map[string]string{"z/a.csv": "a\n1\n", "y/b.csv": "a\n2\n"}); again != base {
		t.Error("the folder changes the fingerprint")
	}
	for what, files := range map[string]map[string]string{
		"a byte":                {"x/a.csv": "a\n1\n", "x/b.csv": "a\n3\n"},
		"a name":                {"x/a.csv": "a\n1\n", "x/c.csv": "a\n2\n"},
		"swapped contents":      {"x/a.csv": "a\n2\n", "x/b.csv": "a\n1\n"},
		"one file fewer":        {"x/a.csv": "a\n1\n"},
		"one file twice":        {"x/a.csv": "a\n1\n", "x/b.csv": "a\n2\n", "y/b.csv": "a\n2\n"},
		"a header of its own":   {"x/a.csv": "a\n1\n", "x/b.csv": "b\n2\n"},
		"all rows in one file":  {"x/a.csv": "a\n1\n2\n"},
		"a line end at the end": {"x/a.csv": "a\n1\n", "x/b.csv": "a\n2"},
	} {
		if fingerprint(files) == base {
			t.Errorf("%s does not change the fingerprint", what)
		}
	}
}

func TestFingerprintOfAFileThatWentAway(t *testing.T) {
	root := t.TempDir()
	write(t, root, map[string]string{"a.csv": "a\n1\n"})
	session, table := one(t, root, dataset.Spec{Paths: []string{"a.csv"}})
	if err := os.Remove(filepath.Join(root, "a.csv")); err != nil {
		t.Fatal(err)
	}
	if sum, err := table.Fingerprint(); err == nil {
		t.Errorf("the fingerprint of nothing is %s", sum)
	}
	if _, err := read(session.DB(), "SELECT * FROM "+table.Segments[0].Relation()); err == nil {
		t.Error("rows of a file that is gone")
	}
}

// Row numbers must be the file's own although several threads read it.
func TestRowRelation(t *testing.T) {
	const rows = 400_000
	var text strings.Builder
	text.WriteString("n,filler\n")
	for n := 1; n <= rows; n++ {
		fmt.Fprintf(&text, "%d,%s\n", n, strings.Repeat("x", 40))
	}
	root := t.TempDir()
	write(t, root, map[string]string{
		"a.csv":     text.String(),
		"b.csv":     "n,filler\n1,\"a\nline\"\n2,y\n\n3,z\n",
		"c.parquet": parquet(t, fmt.Sprintf("SELECT range + 1 AS n, 'x' AS filler FROM range(%d)", rows), ", ROW_GROUP_SIZE 20000"),
		"d.jsonl":   jsonLines(rows),
	})
	for _, c := range []struct {
		paths []string
		total string
	}{
		{[]string{"a.csv", "b.csv"}, "400003|2"},
		{[]string{"c.parquet"}, "400000|1"},
		{[]string{"d.jsonl"}, "400000|1"},
	} {
		session, findings := open(t, dataset.Options{Root: root, Threads: 4}, dataset.Spec{Name: "events", Paths: c.paths})
		if len(findings) > 0 {
			t.Fatal(findings)
		}
		relation := session.Table("events").Segments[0].RowRelation()
		got := mustRead(t, session.DB(), fmt.Sprintf(
			"SELECT count(*), count(DISTINCT _file), count(*) FILTER (WHERE n::BIGINT IS DISTINCT FROM _row) FROM %s", relation))
		if want := c.total + "|0"; got[0] != want {
			t.Errorf("%s: rows, files and misnumbered rows are %s; want %s", c.paths, got[0], want)
		}
	}
}

func jsonLines(rows int) string {
	var text strings.Builder
	for n := 1; n <= rows; n++ {
		fmt.Fprintf(&text, "{\"n\": %d, \"filler\": \"%s\"}\n", n, strings.Repeat("x", 40))
	}
	return text.String()
}

func TestAppendColumn(t *testing.T) {
	session, _ := open(t, dataset.Options{})
	if err := session.AppendColumn(context.Background(), `odd "name"`, []float64{0.5, -2}); err != nil {
		t.Fatal(err)
	}
	if err := session.AppendColumn(context.Background(), `odd "name"`, []float64{7, 8, 9}); err != nil {
		t.Fatal(err)
	}
	got := mustRead(t, session.DB(), `SELECT id, value FROM "odd ""name""" ORDER BY id`)
	if diff := cmp.Diff([]string{"1|7", "2|8", "3|9"}, got); diff != "" {
		t.Error(diff)
	}
}
