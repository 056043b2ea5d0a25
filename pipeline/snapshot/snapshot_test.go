package snapshot_test

import (
	"database/sql"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/snapshot"
)

// table is a snapshot of n observations with everything that one can have.
func table(n int) snapshot.Table {
	at := time.Date(2013, time.October, 1, 12, 0, 0, 0, time.UTC)
	s := &feature.Snapshot{}
	var numbers []float64
	var texts []string
	var present []bool
	t := snapshot.Table{Keys: []feature.Key{{Name: "flight"}}}
	for i := range n {
		s.Partition = append(s.Partition, at.AddDate(0, 0, i/100).Format(time.DateOnly))
		s.DecidedAt = append(s.DecidedAt, at.Add(time.Duration(i)*time.Microsecond))
		s.Label = append(s.Label, []float64{0, 1, math.NaN()}[i%3])
		s.LabelKnownAt = append(s.LabelKnownAt, []time.Time{at.Add(time.Duration(i) * time.Hour), {}}[i%2])
		numbers = append(numbers, []float64{float64(i) / 7, math.NaN(), 5e-324, -math.MaxFloat64, 0.1}[i%5])
		texts = append(texts, []string{"a", "", "é", "it's", "NULL"}[i%5])
		present = append(present, i%4 > 0)
		t.Keys[0].Values = append(t.Keys[0].Values, sql.NullString{String: fmt.Sprint(i), Valid: i%6 > 0})
		t.Used = append(t.Used, []string{"train", "evaluate", ""}[i%3])
	}
	s.DecidedAt[n-1] = time.Time{}
	s.Frame = feature.Frame{Rows: n, Columns: []feature.Column{
		feature.NewNumeric(`odd "name"`, numbers), feature.NewCategorical("flight", texts, present),
		feature.NewNumeric("nothing", slices.Repeat([]float64{math.NaN()}, n)),
	}}
	s.Digest = s.Recompute()
	t.Snapshot = s
	return t
}

func record() snapshot.Record {
	return snapshot.Record{
		Pipeline: "flights", AsOf: "2013-10-02", Label: "it's late", Definitions: "sha256:1", Linecook: "v1",
		Sources: []snapshot.Source{{Name: "flights", Fingerprint: "sha256:2", Contract: "sha256:3", Rows: 7, Files: 1}},
	}
}

func write(t *testing.T, n int) (path string, written snapshot.Table) {
	t.Helper()
	path, written = filepath.Join(t.TempDir(), "it's [x] features*.parquet"), table(n)
	if err := snapshot.Write(t.Context(), path, written, record()); err != nil {
		t.Fatal(err)
	}
	return path, written
}

func TestReadIsWhatWasWritten(t *testing.T) {
	path, written := write(t, 5000)
	got, said, err := snapshot.Read(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(written.Snapshot, got, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
	want := record()
	want.Format, want.Digest, want.Rows, want.Features = snapshot.Format, written.Snapshot.Digest, 5000, []string{`odd "name"`, "flight", "nothing"}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); err != nil || len(left) != 1 {
		t.Errorf("%q is left, %v", left, err)
	}
}

// again rewrites a snapshot's file with a query over it.
func again(t *testing.T, path, query, options string) string {
	t.Helper()
	target := filepath.Join(t.TempDir(), "again.parquet")
	s, findings, err := dataset.Open(t.Context(), dataset.Options{WriteDirs: []string{filepath.Dir(target)}}, dataset.Spec{Name: "s", Paths: []string{path}})
	if err != nil || len(findings) > 0 {
		t.Fatal(findings, err)
	}
	defer func() { _ = s.Close() }()
	var described string
	if err := s.DB().QueryRow(fmt.Sprintf("SELECT decode(value) FROM parquet_kv_metadata(%s) WHERE decode(key) = 'linecook.snapshot'", dataset.Literal(s.Table("s").Files()[0]))).Scan(&described); err != nil {
		t.Fatal(err)
	}
	if options == "" {
		options = ", KV_METADATA {'linecook.snapshot': " + dataset.Literal(described) + "}"
	}
	if _, err := s.DB().Exec(fmt.Sprintf("COPY (WITH s AS (FROM %s) %s) TO %s (FORMAT parquet%s)", s.Table("s").Segments[0].Relation(), query, dataset.Literal(target), options)); err != nil {
		t.Fatal(err)
	}
	return target
}

// The digest is of the rows, in whatever order and row groups they lie, and no
// value in them can change without it.
func TestTheDigestIsOfTheRows(t *testing.T) {
	path, written := write(t, 5000)
	for query, same := range map[string]bool{
		"SELECT * FROM s ORDER BY hash(__row)":                                                           true,
		"SELECT flight, * EXCLUDE (flight) FROM s":                                                       true,
		"SELECT * REPLACE ('other' AS __used, 'other' AS __key_flight) FROM s":                           true,
		`SELECT * REPLACE (CASE WHEN __row = 1 THEN 1 ELSE "odd ""name""" END AS "odd ""name""") FROM s`: false,
		"SELECT * REPLACE (CASE WHEN __row = 6 THEN NULL ELSE flight END AS flight) FROM s":              false,
		"SELECT * REPLACE (CASE WHEN __row = 2 THEN 0 ELSE __label END AS __label) FROM s":               false,
		"SELECT * REPLACE (__decided_at + INTERVAL 1 MICROSECOND AS __decided_at) FROM s":                false,
		"SELECT * REPLACE (__label_known_at + INTERVAL 1 MICROSECOND AS __label_known_at) FROM s":        false,
		"SELECT * REPLACE (__partition + 1 AS __partition) FROM s":                                       false,
		"SELECT * REPLACE (-__row AS __row) FROM s":                                                      false,
		"SELECT * FROM s WHERE __row <> 77":                                                              false,
		"SELECT * FROM s UNION ALL SELECT * FROM s WHERE __row = 77":                                     false,
	} {
		got, said, err := snapshot.Read(t.Context(), again(t, path, query, ""))
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if said.Digest != written.Snapshot.Digest || (got.Digest == said.Digest) != same {
			t.Errorf("%s: %s, stated %s", query, got.Digest, said.Digest)
		}
	}
}

func TestWhatIsNoSnapshotIsRefused(t *testing.T) {
	path, _ := write(t, 50)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.parquet")
	if err := os.WriteFile(cut, whole[:len(whole)-20], 0o600); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{
		"no metadata":      again(t, path, "FROM s", ", COMPRESSION snappy"),
		"another format":   again(t, path, "FROM s", `, KV_METADATA {'linecook.snapshot': '{"format":"linecook.snapshot/v9"}'}`),
		"half a record":    again(t, path, "FROM s", `, KV_METADATA {'linecook.snapshot': '{"format":"linecook.snapshot/v1"}'}`),
		"no JSON":          again(t, path, "FROM s", `, KV_METADATA {'linecook.snapshot': 'x'}`),
		"a column missing": again(t, path, "SELECT * EXCLUDE (__label) FROM s", ""),
		"a column of text": again(t, path, "SELECT * REPLACE (__decided_at::VARCHAR AS __decided_at) FROM s", ""),
		"a feature gone":   again(t, path, "SELECT * EXCLUDE (nothing) FROM s", ""),
		"an infinite one":  again(t, path, "SELECT * REPLACE ('inf'::DOUBLE AS nothing) FROM s", ""),
		"a cut file":       cut,
		"no file":          filepath.Join(t.TempDir(), "no.parquet"),
	} {
		if _, _, err := snapshot.Read(t.Context(), file); !errors.Is(err, snapshot.ErrUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
