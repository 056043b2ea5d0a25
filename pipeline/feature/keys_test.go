package feature_test

import (
	"fmt"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/feature"
)

// Rows meet observations where DuckDB says that their keys are equal, whatever
// the types.
func TestKeysOfAllTypes(t *testing.T) {
	t.Parallel()
	s := session(t, 2)
	for _, test := range []struct{ name, there, here string }{
		{"near integers", "i % 5", "i % 7"},
		{"integers of two types", "(i % 5)::UTINYINT", "i % 7"},
		{"negative integers", "i % 5 - 3", "i % 7 - 5"},
		{"integers far apart", "(i % 5) * 1000000007", "(i % 7) * 1000000007"},
		{"the least and the greatest", "CASE i % 3 WHEN 0 THEN -9223372036854775808 WHEN 1 THEN 9223372036854775807 ELSE i END", "CASE i % 2 WHEN 0 THEN -9223372036854775808 ELSE 9223372036854775807 END"},
		{"texts", "'key ' || i % 5", "'key ' || i % 7"},
		{"long texts", "repeat('é', 20) || i % 5", "repeat('é', 20) || i % 7"},
		{"integers and large integers", "(i % 5)::HUGEINT", "i % 7"},
		{"integers and decimals", "(i % 5)::DECIMAL(9, 2)", "i % 7"},
		{"texts and integers", "(i % 5)::VARCHAR", "i % 7"},
		{"zeros", "CASE WHEN i % 2 = 0 THEN '-0' ELSE 'NaN' END::DOUBLE", "CASE WHEN i % 3 = 0 THEN '0' ELSE 'NaN' END::DOUBLE"},
		{"dates and times", "DATE '2020-01-01' + (i % 5)::INTEGER", "TIMESTAMP '2020-01-01' + to_days((i % 7)::INTEGER)"},
		{"truths", "i % 2 = 0", "i % 3 = 0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := s.DB().Exec(fmt.Sprintf(`
				CREATE OR REPLACE TABLE there AS SELECT i AS id, TIMESTAMP '2020-01-01' AS t, CASE WHEN i %% 11 > 0 THEN %s END AS k, i %% 2 AS j FROM range(50) r(i);
				CREATE OR REPLACE TABLE here AS SELECT i AS id, TIMESTAMP '2020-01-01' AS t, CASE WHEN i %% 13 > 0 THEN %s END AS k, i %% 3 AS j, DATE '2020-01-01' AS day FROM range(60) r(i)`,
				test.there, test.here)); err != nil {
				t.Fatal(err)
			}
			count := func(name string, by ...string) feature.Definition {
				return feature.Definition{Name: name, Type: feature.Numeric, Aggregate: &feature.Aggregate{Source: "there", Function: "count", By: by, Window: duration("1 day")}}
			}
			got := build(t, s, feature.Plan{
				Observations: feature.Observations{Source: "here", DecisionTime: "t", Key: []string{"id"}, Partition: "day"},
				Sources: []feature.Source{
					{Name: "here", Select: "FROM here", Columns: []string{"id", "t", "k", "j", "day"}, EventTime: "t", KnownAt: "t"},
					{Name: "there", Select: "FROM there", Columns: []string{"id", "t", "k", "j"}, EventTime: "t", KnownAt: "t"},
				},
				Definitions: []feature.Definition{count("one", "k"), count("two", "k", "j"), count("all")},
			}, feature.Range{})
			rows, err := s.DB().Query(`SELECT (SELECT count(*) FROM there t WHERE t.k = h.k), (SELECT count(*) FROM there t WHERE t.k = h.k AND t.j = h.j), 50 FROM here h ORDER BY id`)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = rows.Close() }()
			for row := 0; rows.Next(); row++ {
				var want [3]float64
				if err := rows.Scan(&want[0], &want[1], &want[2]); err != nil {
					t.Fatal(err)
				}
				for i := range want {
					if have := got.Frame.Columns[i].Numbers[row]; have != want[i] {
						t.Errorf("row %d, %s: %v, want %v", row, got.Frame.Columns[i].Name, have, want[i])
					}
				}
			}
			if err := rows.Err(); err != nil || got.Frame.Rows != 60 {
				t.Error(got.Frame.Rows, err)
			}
		})
	}
}

// The keys of observations that are never decided are nobody's.
func TestKeysOfNoDecision(t *testing.T) {
	t.Parallel()
	s := session(t, 2)
	if _, err := s.DB().Exec(`CREATE TABLE rows AS SELECT i AS id, CASE WHEN i < 30 THEN TIMESTAMP '2020-01-01' END AS t, TIMESTAMP '2020-01-01' AS event,
		CASE WHEN i < 30 THEN i % 3 ELSE i END AS k, DATE '2020-01-01' AS day FROM range(1000) r(i)`); err != nil {
		t.Fatal(err)
	}
	columns := []string{"id", "t", "event", "k", "day"}
	got := build(t, s, feature.Plan{
		Observations: feature.Observations{Source: "rows", DecisionTime: "t", Key: []string{"id"}, Partition: "day"},
		Sources:      []feature.Source{{Name: "rows", Select: "FROM rows", Columns: columns, EventTime: "event", KnownAt: "event"}},
		Definitions: []feature.Definition{
			{Name: "count", Type: feature.Numeric, Aggregate: &feature.Aggregate{Source: "rows", Function: "count", By: []string{"k"}, Window: duration("1 day")}},
		},
	}, feature.Range{})
	for row, have := range got.Frame.Columns[0].Numbers {
		if want := map[bool]float64{true: 10, false: 0}[row < 30]; have != want {
			t.Fatalf("row %d: %v, want %v", row, have, want)
		}
	}
}
