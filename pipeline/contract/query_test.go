package contract

import (
	"context"
	"database/sql"
	"strings"
	"testing"
)

// A rule's answer depends on the rows alone: not on the day of the check, nor on
// chance, nor on how many processors there are.
func TestWhatAQueryMayUse(t *testing.T) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	reader, err := newQueryReader(context.Background(), db)
	if err != nil {
		t.Fatal(err)
	}
	for query, refused := range map[string]string{
		"SELECT count(*) FROM t WHERE d > current_date":                             "current_date may be the clock",
		"SELECT count(*) FROM t WHERE d > CURRENT_TIMESTAMP":                        "may be the clock",
		"SELECT count(*) FROM t WHERE d > localtimestamp":                           "may be the clock",
		"SELECT count(*) FROM t WHERE d > current_localtimestamp()":                 "it uses current_localtimestamp",
		"SELECT count(*) FROM t WHERE d > today()":                                  "it uses today",
		"SELECT count(*) FROM t WHERE age(d) > INTERVAL 1 DAY":                      "it uses age",
		"SELECT count(*) FROM t WHERE user = s":                                     "may be the clock or a setting",
		"SELECT approx_quantile(x, 0.5) FROM t":                                     "it uses approx_quantile",
		"SELECT reservoir_quantile(x, 0.5) FROM t":                                  "it uses reservoir_quantile",
		"SELECT list_aggregate(l, 'reservoir_quantile', 0.5) FROM t":                "it uses list_aggregate",
		"SELECT count(*) FROM t WHERE list_filter(l, x -> random() > 0) = []":       "it uses random",
		"SELECT count(*) FROM t WHERE t.current_date > d":                           "",
		"SELECT count(*) FROM t WHERE len(list_filter(l, x -> x < 0)) > 0":          "",
		"SELECT stddev(x) / avg(x) + median(x) FROM t":                              "",
		"SELECT count(DISTINCT s) FILTER (WHERE x > 0) FROM t":                      "",
		"SELECT count(*) FROM (SELECT x, lag(x) OVER (ORDER BY d) AS y FROM t)":     "",
		"SELECT count(*) FROM t WHERE split_part(s, '-', 1) <> nullif(trim(s), '')": "",
	} {
		err := reader.check(context.Background(), query, []string{"t"})
		switch {
		case refused == "" && err != nil:
			t.Errorf("%s: %v", query, err)
		case refused != "" && (err == nil || !strings.Contains(err.Error(), refused)):
			t.Errorf("%s: %v, want %q", query, err, refused)
		}
	}
}
