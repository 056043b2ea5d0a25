package feature_test

import (
	"fmt"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/feature"
)

// More rows than are read at a time, with windows that reach back over many of
// them, are held against DuckDB's own window functions.
func TestManyRows(t *testing.T) {
	t.Parallel()
	for _, delay := range []int{0, 40} {
		s := session(t, 2)
		const n = 130_000
		if _, err := s.DB().Exec(fmt.Sprintf(`CREATE TABLE many AS SELECT i AS id, TIMESTAMP '2013-01-01' + to_seconds(i) AS t, t + to_seconds(%d) AS known,
			DATE '2013-01-01' AS day, (hash(i) %% 5)::BIGINT AS k, CASE WHEN hash(i * 3) %% 9 > 0 THEN (hash(i * 5) %% 100000)::BIGINT / 100 END AS x FROM range(%d) r(i)`, delay, n)); err != nil {
			t.Fatal(err)
		}
		columns := []string{"id", "t", "known", "day", "k", "x"}
		aggregate := func(name, function, of, window string, by ...string) feature.Definition {
			return feature.Definition{Name: name, Aggregate: &feature.Aggregate{Source: "many", Function: function, Of: of, By: by, Window: duration(window)}}
		}
		p := feature.Plan{
			Observations: feature.Observations{Source: "now", DecisionTime: "t", Key: []string{"id"}, Partition: "day"},
			Sources: []feature.Source{
				{Name: "many", Select: "SELECT * FROM many", Columns: columns, EventTime: "t", KnownAt: "known"},
				{Name: "now", Select: "SELECT * FROM many", Columns: columns, EventTime: "t", KnownAt: "t"},
			},
			Definitions: []feature.Definition{
				aggregate("count", "count", "", "20 hours", "k"), aggregate("sum", "sum", "x", "20 hours", "k"),
				aggregate("all", "sum", "x", "1 day"), aggregate("max", "max", "x", "1 hour", "k"),
				{Name: "last", Lookup: &feature.Lookup{Source: "many", Value: "id", By: []string{"k"}, Within: duration("1 hour")}},
			},
		}
		got := build(t, s, p, feature.Range{})
		frame := func(by, window string) string {
			return fmt.Sprintf("OVER (%s ORDER BY t RANGE BETWEEN INTERVAL '%s' - INTERVAL '1 microsecond' PRECEDING AND INTERVAL '%d seconds' PRECEDING)", by, window, delay)
		}
		rows, err := s.DB().Query(fmt.Sprintf(`SELECT count(*) %[1]s, coalesce(sum(x::DECIMAL(38, 2)) %[1]s, 0)::DOUBLE, coalesce(sum(x::DECIMAL(38, 2)) %[2]s, 0)::DOUBLE,
			max(x) %[3]s, max(id) %[4]s FROM many ORDER BY id`, frame("PARTITION BY k", "20 hours"), frame("", "1 day"),
			frame("PARTITION BY k", "1 hour"), frame("PARTITION BY k", "1 hour")))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		for row := 0; rows.Next(); row++ {
			want := make([]*float64, len(p.Definitions))
			targets := make([]any, len(want))
			for i := range want {
				targets[i] = &want[i]
			}
			if err := rows.Scan(targets...); err != nil {
				t.Fatal(err)
			}
			for i := range want {
				if have := cell(&got.Frame.Columns[i], row); !same(have, null(want[i])) {
					t.Fatalf("delay %d, row %d, %s: %v, want %v", delay, row, p.Definitions[i].Name, have, null(want[i]))
				}
			}
		}
		if err := rows.Err(); err != nil || got.Frame.Rows != n {
			t.Fatal(got.Frame.Rows, err)
		}
	}
}

// Times beyond all others are in no window, and hold nothing up.
func TestInfiniteTimes(t *testing.T) {
	t.Parallel()
	s := session(t, 2)
	if _, err := s.DB().Exec(`CREATE TABLE ends AS SELECT *, DATE '2013-01-01' AS day FROM (VALUES
		(1, '-infinity'::TIMESTAMP, '-infinity'::TIMESTAMP), (2, TIMESTAMP '2013-01-01', TIMESTAMP '2013-01-01'),
		(3, TIMESTAMP '2013-01-01', 'infinity'::TIMESTAMP), (4, 'infinity'::TIMESTAMP, 'infinity'::TIMESTAMP)) v(id, t, known)`); err != nil {
		t.Fatal(err)
	}
	p := feature.Plan{
		Observations: feature.Observations{Source: "ends", DecisionTime: "t", Key: []string{"id"}, Partition: "day"},
		Sources:      []feature.Source{{Name: "ends", Select: "SELECT * FROM ends", Columns: []string{"id", "t", "known", "day"}, EventTime: "t", KnownAt: "known"}},
		Definitions: []feature.Definition{
			{Name: "count", Aggregate: &feature.Aggregate{Source: "ends", Function: "count", Window: duration("1 day")}},
			{Name: "max", Aggregate: &feature.Aggregate{Source: "ends", Function: "max", Of: "id", Window: duration("1 day")}},
			{Name: "lookup", Lookup: &feature.Lookup{Source: "ends", Value: "id", Within: duration("1 day")}},
		},
	}
	got := build(t, s, p, feature.Range{})
	for i, want := range [][]any{{0.0, 1.0, 1.0, 0.0}, {nil, 2.0, 2.0, nil}, {nil, 2.0, 2.0, nil}} {
		for row := range want {
			if have := cell(&got.Frame.Columns[i], row); !same(have, want[row]) {
				t.Errorf("%s, row %d: %v, want %v", got.Frame.Columns[i].Name, row, have, want[row])
			}
		}
	}
}
