package feature_test

import (
	"fmt"
	"math"
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

// Many keys, several of which are in a part, with rows in no order and known
// late, are held against DuckDB's joins.
func TestManyKeys(t *testing.T) {
	t.Parallel()
	s := session(t, 2)
	if _, err := s.DB().Exec(`CREATE TABLE rows AS SELECT i AS id, TIMESTAMP '2013-01-01' + to_seconds((hash(i) % 100000)::BIGINT) AS t,
		t + to_seconds((hash(i * 3) % 30000)::BIGINT) AS known, DATE '2013-01-01' AS day, (hash(i * 5) % 3000)::BIGINT AS k, 'key ' || k AS text,
		CASE WHEN i % 9 > 0 THEN (hash(i * 7) % 1000)::BIGINT END AS x FROM range(20000) r(i)`); err != nil {
		t.Fatal(err)
	}
	columns := []string{"id", "t", "known", "day", "k", "text", "x"}
	aggregate := func(name, function, of, by string) feature.Definition {
		return feature.Definition{Name: name, Aggregate: &feature.Aggregate{Source: "rows", Function: function, Of: of, By: []string{by}, Window: duration("10 hours")}}
	}
	level := aggregate("level", "count", "", "k")
	level.Type = feature.Categorical
	p := feature.Plan{
		Observations: feature.Observations{Source: "now", DecisionTime: "t", Key: []string{"id"}, Partition: "day"},
		Sources: []feature.Source{
			{Name: "rows", Select: "SELECT * FROM rows", Columns: columns, EventTime: "t", KnownAt: "known"},
			{Name: "now", Select: "SELECT * FROM rows", Columns: columns, EventTime: "t", KnownAt: "t"},
		},
		Definitions: []feature.Definition{
			aggregate("count", "count", "", "k"), aggregate("sum", "sum", "x", "k"), aggregate("by text", "sum", "x", "text"), aggregate("min", "min", "x", "k"),
			aggregate("distinct", "distinct", "x", "k"), aggregate("stddev", "stddev", "x", "k"), level,
		},
	}
	got := build(t, s, p, feature.Range{})
	rows, err := s.DB().Query(`SELECT count(r.id), coalesce(sum(r.x), 0)::DOUBLE, coalesce(sum(r.x), 0)::DOUBLE, min(r.x)::DOUBLE, count(DISTINCT r.x), stddev_samp(r.x), count(r.id)::VARCHAR
		FROM rows o LEFT JOIN rows r ON r.k = o.k AND r.t <= o.t AND r.known <= o.t AND r.t > o.t - INTERVAL 10 HOURS GROUP BY o.t, o.id ORDER BY o.t, o.id`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for row := 0; rows.Next(); row++ {
		var want [6]*float64
		var text string
		if err := rows.Scan(&want[0], &want[1], &want[2], &want[3], &want[4], &want[5], &text); err != nil {
			t.Fatal(err)
		}
		for i, w := range want {
			have := got.Frame.Columns[i].Numbers[row]
			if (w == nil) != math.IsNaN(have) || w != nil && math.Abs(have-*w) > 1e-9*math.Abs(*w) {
				t.Fatalf("row %d, %s: %v, want %v", row, p.Definitions[i].Name, have, null(w))
			}
		}
		if have, _ := got.Frame.Columns[6].Text(row); have != text {
			t.Fatalf("row %d: the level is %q, want %q", row, have, text)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
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
