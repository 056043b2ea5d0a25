package feature_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
)

// The bits of every feature are the same whatever the number of threads, the
// order of the rows and of the files, and the size of the row groups.
func TestBitsWhateverTheFilesAndThreads(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, findings, err := dataset.Open(t.Context(), dataset.Options{WriteDirs: []string{dir}})
	if err != nil || len(findings) > 0 {
		t.Fatal(findings, err)
	}
	if _, err := s.DB().Exec(`CREATE TABLE rows AS
		SELECT i AS id, TIMESTAMP '2020-01-01' + to_seconds((i * 7919) % 400000) AS t, (i % 3)::VARCHAR AS k, (hash(i) % 1000000)::BIGINT / 7.0 - 5e4 AS x,
			DATE '2020-01-01' AS day, i % 5 = 0 AS y FROM range(30000) r(i)`); err != nil {
		t.Fatal(err)
	}
	layouts := []struct {
		files   []string
		threads int
	}{}
	for i, layout := range []struct {
		order   string
		files   int
		group   int
		threads int
	}{{"id", 1, 122880, 1}, {"id DESC", 1, 2048, 2}, {"hash(id)", 3, 2048, 7}, {"x", 2, 4096, 2}} {
		var files []string
		for part := range layout.files {
			// The files' names, by which they are sorted, are in the opposite order.
			path := filepath.Join(dir, fmt.Sprintf("%d-%d.parquet", i, layout.files-part))
			if _, err := s.DB().Exec(fmt.Sprintf("COPY (FROM rows WHERE hash(id) %% %d = %d ORDER BY %s) TO %s (FORMAT parquet, ROW_GROUP_SIZE %d)",
				layout.files, part, layout.order, dataset.Literal(path), layout.group)); err != nil {
				t.Fatal(err)
			}
			files = append(files, path)
		}
		layouts = append(layouts, struct {
			files   []string
			threads int
		}{files, layout.threads})
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var digest string
	for _, layout := range layouts {
		got := bits(t, layout.files, layout.threads)
		if digest == "" {
			digest = got
		}
		if got != digest {
			t.Errorf("%d files with %d threads: %s, want %s", len(layout.files), layout.threads, got, digest)
		}
	}
}

// Observations that differ in nothing but when their labels are known have an
// order, too.
func TestOrderOfWhatIsKnownLater(t *testing.T) {
	t.Parallel()
	s := session(t, 1)
	p := feature.Plan{
		Observations: feature.Observations{Source: "rows", DecisionTime: "t", Key: []string{"k"}, Partition: "day"},
		Label:        &feature.Label{Name: "y", Expression: "y", KnownAt: "t"},
		Sources: []feature.Source{{
			Name: "rows", Select: "FROM rows", Columns: []string{"t", "k", "day", "y", "later"}, EventTime: "t", KnownAt: "t",
			Later: []feature.Later{{Columns: []string{"y"}, KnownAt: "later"}},
		}},
	}
	var digests []string
	for _, order := range []string{"later", "later DESC"} {
		if _, err := s.DB().Exec(`CREATE OR REPLACE TABLE rows AS SELECT TIMESTAMP '2020-01-01' AS t, 1 AS k, DATE '2020-01-01' AS day, true AS y,
			t + to_hours(i) AS later FROM range(2) r(i) ORDER BY ` + order); err != nil {
			t.Fatal(err)
		}
		digests = append(digests, build(t, s, p, feature.Range{}).Digest)
	}
	if digests[0] != digests[1] {
		t.Error(digests)
	}
}

func bits(t *testing.T, files []string, threads int) string {
	t.Helper()
	s, findings, err := dataset.Open(context.Background(), dataset.Options{Threads: threads}, dataset.Spec{Name: "rows", Paths: files})
	if err != nil || len(findings) > 0 {
		t.Fatal(findings, err)
	}
	defer func() { _ = s.Close() }()
	p := feature.Plan{
		Observations: feature.Observations{Source: "rows", DecisionTime: "t", Key: []string{"id"}, Partition: "day"},
		Label:        &feature.Label{Name: "y", Expression: "y", KnownAt: "t"},
		Sources: []feature.Source{{
			Name: "rows", Select: "SELECT * FROM " + s.Table("rows").Segments[0].Relation(), Columns: []string{"id", "t", "k", "x", "day", "y"},
			EventTime: "t", KnownAt: "t", Later: []feature.Later{{Columns: []string{"y"}, KnownAt: "t + INTERVAL 1 HOUR"}},
		}},
		Queries: []feature.Query{{
			Name: "q", Reads: []feature.Read{{Source: "rows", By: []string{"k"}, Within: duration("10 minutes")}},
			Text: "SELECT avg(x::DECIMAL(38, 9)) AS q_mean, arg_max(x, __row) AS q_latest, median(x) AS q_median FROM rows",
		}},
	}
	for _, function := range []string{"count", "rate", "sum", "mean", "min", "max", "stddev", "distinct", "last"} {
		a := &feature.Aggregate{Source: "rows", Function: function, Of: "x", By: []string{"k"}, Window: duration("2 hours")}
		if function == "rate" || function == "count" {
			a.Of = "x > 0"
		}
		if function == "last" {
			a.N = 7
		}
		p.Definitions = append(p.Definitions, feature.Definition{Name: function, Type: feature.Numeric, Aggregate: a})
	}
	for _, name := range []string{"q_mean", "q_latest", "q_median"} {
		p.Definitions = append(p.Definitions, feature.Definition{Name: name, Type: feature.Numeric, SQL: "q"})
	}
	p.Definitions = append(p.Definitions,
		feature.Definition{Name: "exp", Type: feature.Numeric, Expression: "exp(x / 1e5) * sin(x)"},
		feature.Definition{Name: "latest", Type: feature.Numeric, Lookup: &feature.Lookup{Source: "rows", Value: "x / 3", By: []string{"k"}, Within: duration("1 day")}})
	return build(t, s, p, feature.Range{}).Digest
}
