package dataset_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// After Open no SQL reaches a file, a folder, an extension or a setting that
// the session was not given.
func TestLockDown(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	write(t, root, map[string]string{"a1.csv": "a\n1\n", "b.csv": "a\n2\n", "a[1].csv": "a\n3\n"})
	write(t, outside, map[string]string{"secret.csv": "a\n1\n"})
	session, findings := open(t, dataset.Options{Root: root, WriteDirs: []string{filepath.Join(root, "out")}},
		dataset.Spec{Name: "events", Paths: []string{"a[1].csv"}})
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	if err := os.MkdirAll(filepath.Join(root, "out"), 0o755); err != nil {
		t.Fatal(err)
	}
	in := func(parts ...string) string { return dataset.Literal(filepath.Join(parts...)) }
	for _, query := range []string{
		"SELECT * FROM read_text('/etc/passwd')",
		"SELECT * FROM read_blob('/etc/passwd')",
		"SELECT * FROM '/etc/passwd'",
		"SELECT * FROM read_csv('/proc/self/environ')",
		"SELECT * FROM sniff_csv(" + in(outside, "secret.csv") + ")",
		"SELECT * FROM glob(" + in(outside, "*") + ")",
		"SELECT * FROM glob(" + in(root, "*") + ")",
		"SELECT * FROM read_csv(" + in(outside, "secret.csv") + ")",
		"SELECT * FROM read_csv(" + in(root, "b.csv") + ")",
		// The allowed file's name is a pattern that matches this one.
		"SELECT * FROM read_csv(" + in(root, "a1.csv") + ")",
		"SELECT * FROM read_csv(" + in(root, "out") + " || '/../b.csv')",
		"SELECT * FROM read_csv('https://example.com/a.csv')",
		"SELECT * FROM parquet_metadata(" + in(outside, "x.parquet") + ")",
		"COPY (SELECT 1) TO " + in(outside, "x.csv"),
		"COPY (SELECT 1) TO " + in(root, "x.csv"),
		"COPY (SELECT 1) TO " + in(root, "out") + " || '/../x.csv'",
		"COPY (SELECT 1 AS p, 2 AS q) TO " + in(root, "parts") + " (FORMAT parquet, PARTITION_BY p)",
		"EXPORT DATABASE " + in(outside, "export"),
		"IMPORT DATABASE " + in(outside, "export"),
		"ATTACH " + in(outside, "x.db"),
		"ATTACH " + in(root, "b.csv") + " AS b (READ_ONLY)",
		"INSTALL httpfs",
		"LOAD httpfs",
		"LOAD " + in(outside, "x.duckdb_extension"),
		"CREATE PERSISTENT SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
		"SET enable_external_access=true",
		"SET lock_configuration=false",
		"RESET lock_configuration",
		"SET allowed_paths=['/etc/passwd']",
		"SET allowed_directories=['/']",
		"SET threads=1",
		"SET GLOBAL TimeZone='America/New_York'",
		"SET TimeZone='America/New_York'",
		"RESET TimeZone",
		"PRAGMA threads=1",
		"SET temp_directory=" + in(outside, "spill"),
		"SET autoinstall_known_extensions=true",
	} {
		rows, err := read(session.DB(), query)
		if err == nil {
			t.Errorf("%s is allowed: %q", query, rows)
			continue
		}
		refused := false
		for _, said := range []string{"Permission Error", "configuration has been locked", "disabled by configuration", "disabled through configuration", "/etc/passwd does not exist"} {
			refused = refused || strings.Contains(err.Error(), said)
		}
		if !refused && !strings.Contains(err.Error(), "Parser Error") && !strings.Contains(err.Error(), "Invalid Configuration") {
			t.Errorf("%s fails for another reason: %v", query, err)
		}
	}
	if files, err := filepath.Glob(filepath.Join(outside, "*")); err != nil || len(files) != 1 {
		t.Errorf("files outside: %v (%v)", files, err)
	}
	if rows := mustRead(t, session.DB(), "SELECT a FROM "+session.Table("events").Segments[0].Relation()); rows[0] != "3" {
		t.Errorf("the table's own file yields %q", rows)
	}
	if rows := mustRead(t, session.DB(), "SELECT current_setting('TimeZone'), strftime(to_timestamp(0), '%H')"); rows[0] != "UTC|00" {
		t.Errorf("the time zone is %s", rows[0])
	}
}

func TestWriteDirs(t *testing.T) {
	out := filepath.Join(t.TempDir(), "it's [out]")
	session, _ := open(t, dataset.Options{WriteDirs: []string{out}})
	if err := os.MkdirAll(out, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(out, "scores.parquet")
	if _, err := read(session.DB(), "COPY (SELECT 0.5 AS score) TO "+dataset.Literal(path)+" (FORMAT parquet)"); err != nil {
		t.Fatal(err)
	}
	again, table := one(t, out, dataset.Spec{Paths: []string{"scores.parquet"}})
	if rows := mustRead(t, again.DB(), "SELECT score FROM "+table.Segments[0].Relation()); rows[0] != "0.5" {
		t.Error(rows)
	}
}

func TestThreads(t *testing.T) {
	session, _ := open(t, dataset.Options{Threads: 3})
	if rows := mustRead(t, session.DB(), "SELECT current_setting('threads')"); rows[0] != "3" {
		t.Errorf("threads are %s", rows[0])
	}
}
