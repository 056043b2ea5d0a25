package feature_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
)

// session is a locked database without tables; tests make their own in memory.
func session(t testing.TB, threads int) *dataset.Session {
	t.Helper()
	s, findings, err := dataset.Open(context.Background(), dataset.Options{Threads: threads})
	if err != nil || len(findings) > 0 {
		t.Fatal(findings, err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func parser(t testing.TB) *feature.Parser {
	t.Helper()
	p, err := feature.NewParser(context.Background(), session(t, 1).DB())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestParse(t *testing.T) {
	p := parser(t)
	for _, c := range []struct {
		text    string
		offsets map[string]int
	}{
		{"1", map[string]int{}},
		{"'now'", map[string]int{}},
		{"dep_delay > 15", map[string]int{"dep_delay": 0}},
		{"a + b * a", map[string]int{"a": 0, "b": 4}},
		{"  coalesce(b, 0) + a", map[string]int{"b": 11, "a": 19}},
		{`"odd ""name""" = 'x'`, map[string]int{`odd "name"`: 0}},
		{`"User" || Carrier`, map[string]int{"User": 0, "Carrier": 10}},
		{"'é' || a", map[string]int{"a": 8}},
		{"a -- the rest is a comment )", map[string]int{"a": 0}},
		{"/* b */ a", map[string]int{"a": 8}},
		{"(a)", map[string]int{"a": 1}},
		{"CASE WHEN a > 1 THEN b ELSE c END", map[string]int{"a": 10, "b": 21, "c": 28}},
		{"a IN (1, b) AND c BETWEEN 1 AND d OR NOT e IS NULL", map[string]int{"a": 0, "b": 9, "c": 16, "d": 32, "e": 41}},
		{"a LIKE 'x%' AND b ILIKE 'y' AND c SIMILAR TO 'z'", map[string]int{"a": 0, "b": 16, "c": 32}},
		{"time_hour + INTERVAL 5 MINUTE", map[string]int{"time_hour": 0}},
		{"time_hour + to_minutes(minute + dep_delay)", map[string]int{"time_hour": 0, "minute": 23, "dep_delay": 32}},
		{"t AT TIME ZONE 'America/New_York' AT TIME ZONE 'UTC'", map[string]int{"t": 0}},
		{"timezone('America/New_York', t)", map[string]int{"t": 29}},
		{"extract(year FROM d)", map[string]int{"d": 18}},
		{"date_diff('day', a, b)", map[string]int{"a": 17, "b": 20}},
		{"TRY_CAST(a AS DOUBLE) + try(ln(b)) + c::INTEGER", map[string]int{"a": 9, "b": 31, "c": 37}},
		{"nullif(a, 0) + fmod(b, 2)", map[string]int{"a": 7, "b": 20}},
		{"list_sort([a, b])[1]", map[string]int{"a": 11, "b": 14}},
		{"{'x': a}", map[string]int{"a": 6}},
		{"(a, b)", map[string]int{"a": 1, "b": 4}},
		{"regexp_extract(a, '[0-9]+') ->> '$'", map[string]int{"a": 15}},
		{"least(a, 100) % 7 ** 2", map[string]int{"a": 6}},
		// Lint refuses these two: no source has such a column.
		{"current_date", map[string]int{"current_date": 0}},
		{"rowid", map[string]int{"rowid": 0}},
	} {
		found, err := p.Parse(context.Background(), c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if diff := cmp.Diff(c.offsets, found.Offsets); diff != "" {
			t.Errorf("%s: %s", c.text, diff)
		}
		var names []string
		for name := range c.offsets {
			names = append(names, name)
		}
		slices.Sort(names)
		if !slices.Equal(names, found.Columns) {
			t.Errorf("%s has columns %q, want %q", c.text, found.Columns, names)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	p := parser(t)
	for text, says := range map[string]string{
		"":                                  "is not an SQL expression",
		" \n ":                              "is not an SQL expression",
		"-- a comment alone":                "is not an SQL expression",
		"a +":                               "is not an SQL expression",
		"a b":                               "is not an SQL expression",
		"a AS b":                            "is not an SQL expression",
		"a /* open":                         "is not an SQL expression",
		"a; b":                              "is not an SQL expression",
		"SELECT 1":                          "uses a subquery",
		"(SELECT max(x) FROM t)":            "uses a subquery",
		"a IN (SELECT b FROM t)":            "uses a subquery",
		"EXISTS (SELECT 1)":                 "uses a subquery",
		"a > ALL (SELECT 1)":                "uses a subquery",
		"sum(a) OVER ()":                    "uses a window",
		"lag(a) OVER (ORDER BY b)":          "uses a window",
		"row_number() OVER ()":              "uses a window",
		"*":                                 "uses a star",
		"COLUMNS('dep.*')":                  "uses a star",
		"greatest(COLUMNS(*))":              "uses a star",
		"list_transform(a, x -> x + 1)":     "uses ",
		"x -> x + 1":                        "uses a lambda",
		"list_filter(a, lambda x: x > 1)":   "uses ",
		"?":                                 "uses a parameter",
		"$1":                                "uses a parameter",
		"$name":                             "uses a parameter",
		"#1":                                "uses a positional reference",
		"DEFAULT":                           "uses a default",
		"a COLLATE nocase":                  "uses a collate",
		"now()":                             "uses now",
		"NOW()":                             "uses now",
		"today()":                           "uses today",
		"current_date()":                    "uses current_date",
		"get_current_timestamp()":           "uses get_current_timestamp",
		"transaction_timestamp()":           "uses transaction_timestamp",
		"current_localtimestamp()":          "uses current_localtimestamp",
		"current_localtime()":               "uses current_localtime",
		"age(a)":                            "uses age",
		"age(a, b)":                         "uses age",
		"random()":                          "uses random",
		"a + random()":                      "uses random",
		"CASE WHEN random() > 1 THEN a END": "uses random",
		"setseed(0.5)":                      "uses setseed",
		"uuid()":                            "uses uuid",
		"gen_random_uuid()":                 "uses gen_random_uuid",
		"getvariable('x')":                  "uses getvariable",
		"current_setting('TimeZone')":       "uses current_setting",
		"getenv('HOME')":                    "uses getenv",
		"version()":                         "uses version",
		"pg_typeof(a)":                      "uses pg_typeof",
		"nextval('s')":                      "uses nextval",
		"currval('s')":                      "uses currval",
		"txid_current()":                    "uses txid_current",
		"current_schema()":                  "uses current_schema",
		"error('x')":                        "uses error",
		"write_log('x')":                    "uses write_log",
		"stats(a)":                          "uses stats",
		"hash(a)":                           "uses hash",
		"sum(a)":                            "uses sum",
		"count(*)":                          "uses ",
		"max(a)":                            "uses max",
		"first(a)":                          "uses first",
		"list(a)":                           "uses list",
		"quantile(a, 0.5)":                  "uses quantile",
		"list_aggregate(a, 'sum')":          "uses list_aggregate",
		"unnest(a)":                         "uses unnest",
		"generate_series(1, 3)":             "uses generate_series",
		"read_text('/etc/passwd')":          "uses read_text",
		"json_execute_serialized_sql(a)":    "uses json_execute_serialized_sql",
		"no_such_function(a)":               "uses no_such_function",
		"flights.dep_delay":                 "uses a name with a dot",
		"a.b.c.d":                           "uses a name with a dot",
		// A column may be named where a schema is: x.f() is f(x).
		"dep_delay.abs()":     "calls abs behind a dot",
		"\"dep_delay\".abs()": "calls abs behind a dot",
		"a.b.lower()":         "calls lower behind a dot",
		"system.main.abs(a)":  "calls abs behind a dot",
		"pg_catalog.abs(a)":   "calls abs behind a dot",
		"1 + dep_delay.abs()": "calls abs behind a dot",
		"a.lower().upper()":   "calls lower behind a dot",
		// Brackets of their own must not end the one around the text.
		"1), (2":                      "is more than one SQL expression",
		"1), a, (2":                   "is more than one SQL expression",
		"1) FROM t WHERE (true":       "is more than one SQL expression",
		"1) WHERE (true":              "is more than one SQL expression",
		"1) GROUP BY (1":              "is more than one SQL expression",
		"1) HAVING (true":             "is more than one SQL expression",
		"1) QUALIFY (true":            "is more than one SQL expression",
		"1) ORDER BY (1":              "is more than one SQL expression",
		"1) LIMIT (1":                 "is more than one SQL expression",
		"1) UNION SELECT (2":          "is more than one SQL expression",
		"1); SELECT (2":               "is more than one SQL expression",
		"1); DROP TABLE t; SELECT (1": "",
		"1) AS b, (2":                 "is more than one SQL expression",
	} {
		found, err := p.Parse(context.Background(), text)
		if err == nil {
			t.Errorf("%q is allowed, with columns %q", text, found.Columns)
			continue
		}
		if !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "cannot parse an expression") {
			t.Errorf("%q: %q does not say %q", text, err, says)
		}
	}
}

// An alias does not change a value, but a text must not smuggle one in.
func TestParseRefusesAnAliasBehindTheBracket(t *testing.T) {
	if found, err := parser(t).Parse(context.Background(), "1) AS (b"); err == nil {
		t.Errorf("allowed, with columns %q", found.Columns)
	}
}

func TestParseRefusesDeepNesting(t *testing.T) {
	for _, depth := range []int{100, 20_000} {
		text := strings.Repeat("(", depth) + "a" + strings.Repeat(" + 1)", depth)
		if _, err := parser(t).Parse(context.Background(), text); depth > 1000 && err == nil {
			t.Errorf("depth %d is allowed", depth)
		} else if depth <= 100 && err != nil {
			t.Errorf("depth %d: %v", depth, err)
		}
	}
}

// Whatever text is given, what is allowed yields one value for each row, by
// itself.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"a + b", "dep_delay.abs()", "1) FROM t WHERE (a", "a -- b", "/*", "'", "\"", "$1", "(SELECT 1)", "a[1]", "\x00", "é"} {
		f.Add(seed)
	}
	s := session(f, 1)
	p, err := feature.NewParser(context.Background(), s.DB())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found, err := p.Parse(context.Background(), text)
		if err != nil {
			return
		}
		for _, name := range found.Columns {
			if offset := found.Offsets[name]; offset < 0 || offset >= len(text) {
				t.Errorf("%q stands at %d of %q", name, offset, text)
			}
		}
		if len(found.Columns) > 0 {
			return
		}
		rows, err := s.DB().Query("SELECT ((" + text + "\n))::VARCHAR, 1 FROM range(3)")
		if err != nil {
			return // types and values are checked elsewhere
		}
		defer func() { _ = rows.Close() }()
		n := 0
		for rows.Next() {
			n++
		}
		if rows.Err() == nil && n != 3 {
			t.Errorf("%q makes %d rows of 3", text, n)
		}
	})
}

// The batches of a command ask for the same expressions at the same time.
func TestExpressionsAreReadSideBySide(t *testing.T) {
	parser, err := feature.NewParser(t.Context(), session(t, 2).DB())
	if err != nil {
		t.Fatal(err)
	}
	var group errgroup.Group
	for range 8 {
		group.Go(func() error {
			for i := range 200 {
				got, err := parser.Parse(t.Context(), fmt.Sprintf("a + b%d", i))
				if err != nil {
					return err
				}
				if want := []string{"a", fmt.Sprintf("b%d", i)}; !slices.Equal(got.Columns, want) {
					return fmt.Errorf("columns %v, want %v", got.Columns, want)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}
