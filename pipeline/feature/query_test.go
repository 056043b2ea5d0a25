package feature_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// queryPlan is the flight example with one query over the weather of the origin
// and the carrier's flights.
func queryPlan(text string, names ...string) feature.Plan {
	if len(names) == 0 {
		names = []string{"f"}
	}
	var definitions []feature.Definition
	for _, name := range names {
		definitions = append(definitions, feature.Definition{Name: name, Type: feature.Numeric, SQL: "q"})
	}
	p := flightPlan(definitions...)
	p.Queries = []feature.Query{{
		Name: "q", Path: "q.sql", Text: text,
		Reads: []feature.Read{
			{Source: "weather", By: []string{"origin"}, Within: duration("6 hours")},
			{Source: "flights", By: []string{"carrier"}, Within: duration("2 days"), Ahead: duration("1 hour")},
		},
	}}
	return p
}

// traffic fills the airport with two days of flights and of weather.
func traffic(t testing.TB, s *dataset.Session) {
	t.Helper()
	if _, err := s.DB().Exec(`INSERT INTO flights SELECT t::DATE, date_trunc('hour', t), minute(t), ['AA', 'BB'][1 + i % 2], i, ['X', 'Y', 'Z'][1 + i % 3],
			i, CASE WHEN h % 9 > 0 THEN h % 60 - 10 END, i, h % 30, h % 200
		FROM (SELECT i, TIMESTAMP '2020-03-01' + to_minutes(15 * i) AS t, (hash(i) % 1000)::BIGINT AS h FROM range(192) s(i));
		INSERT INTO weather SELECT ['X', 'Y'][1 + i % 2], TIMESTAMP '2020-03-01' + to_minutes(30 * i), (hash(i) % 400) / 7.0, 'note ' || i FROM range(96) s(i)`); err != nil {
		t.Fatal(err)
	}
}

// Queries that see nothing but their views pass, whatever SQL they are written in.
func TestQueriesPass(t *testing.T) {
	s := airport(t)
	traffic(t, s)
	for _, text := range []string{
		"SELECT count(*) AS f FROM weather",
		"SELECT temp AS f FROM weather ORDER BY __row DESC LIMIT 1",
		"SELECT arg_max(temp, __row) AS f FROM weather",
		"SELECT max(temp) - min(temp) AS F FROM WEATHER WHERE __event_at > __decided_at - INTERVAL 3 HOUR -- a comment",
		"FROM weather SELECT avg(temp::DECIMAL(38, 9)) AS f",
		"SELECT avg(w.dep_delay) AS f FROM flights w",
		"SELECT sum(dep_delay * 2 + 1) AS f, * EXCLUDE (dep_delay) FROM flights GROUP BY ALL ORDER BY flight LIMIT 1",
		"SELECT sum(dep_delay > 15) / count(dep_delay) AS f FROM flights",
		"SELECT sum(coalesce(CASE WHEN dep_delay > 15 THEN dep_delay END, 0)) AS f FROM flights",
		"SELECT max(d) AS f FROM (SELECT temp - lag(temp) OVER (ORDER BY __row) AS d FROM weather)",
		"WITH w AS (SELECT temp FROM weather), m(x) AS (SELECT max(temp) FROM w) SELECT count(*) AS f FROM w WHERE temp IN (SELECT x FROM m)",
		"WITH w AS (SELECT * FROM weather WHERE temp > 20) SELECT (SELECT max(temp) FROM w) - (SELECT min(temp) FROM w) AS f FROM observation",
		"WITH weather AS (SELECT * FROM weather WHERE temp > 20) SELECT count(*) AS f FROM weather",
		"SELECT hour(o.time_hour) + minute AS f FROM observation o",
		"SELECT count(x.flight) AS f FROM observation o LEFT JOIN flights x ON x.origin = o.origin AND x.flight <> o.flight",
		"SELECT count(*) AS f FROM flights NATURAL JOIN weather",
		"SELECT count(*) AS f FROM flights a ASOF JOIN weather b ON a.time_hour >= b.time_hour",
		"SELECT temp AS f FROM weather QUALIFY row_number() OVER (ORDER BY time_hour DESC, temp) = 1",
		"SELECT sum(n) AS f FROM (SELECT count(*) AS n FROM weather UNION ALL SELECT count(*) FROM flights)",
		"SELECT CASE WHEN EXISTS (SELECT 1 FROM weather WHERE temp > 50) THEN 1 ELSE 0 END AS f FROM observation",
		"SELECT count(DISTINCT note) FILTER (WHERE temp > 10) AS f FROM weather",
		"SELECT median(temp) AS f FROM weather HAVING count(*) > 3",
		"SELECT len(string_agg(note, ', ' ORDER BY __row)) AS f FROM weather",
		"SELECT sum(n) AS f FROM (SELECT 2 * count(*) AS n, temp FROM weather GROUP BY temp)",
		"SELECT max(m) AS f FROM (SELECT avg(temp::DECIMAL(18, 6)) OVER (ORDER BY __event_at RANGE BETWEEN INTERVAL 1 HOUR PRECEDING AND CURRENT ROW) AS m FROM weather)",
		"SELECT count(w) AS f FROM weather w",
		"SELECT 1 AS f",
		"SELECT unicode(max(note)) AS f FROM weather WHERE note <> 'now(), random() and dep_delay'",
		`SELECT max("temp") AS "f" FROM "weather"`,
		"SELECT date_diff('minute', max(__known_at), max(__decided_at)) AS f FROM weather",
		"SELECT sum(r) AS f FROM (SELECT rank() OVER w AS r FROM weather WINDOW w AS (PARTITION BY origin ORDER BY temp))",
		"SELECT max(c) AS f FROM (SELECT hour(time_hour), count(*) AS c FROM weather GROUP BY ROLLUP (hour(time_hour)))",
		"SELECT max(temp) * 1e5 + 1e-300 + 0.1 AS f FROM weather WHERE temp > -1e308",
	} {
		p := queryPlan(text)
		if honest, findings := lint(t, s, p); honest != 1 || len(findings) > 0 {
			t.Errorf("%s: %d honest features and findings %+v", text, honest, findings)
			continue
		}
		if _, err := p.Build(context.Background(), s.DB(), feature.Range{}); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// What would let a query depend on more than its views is refused, with the part
// that does so underlined.
func TestQueriesAreRefused(t *testing.T) {
	s := airport(t)
	for _, c := range []struct{ text, code, part, says string }{
		// The clock, chance, settings.
		{"SELECT epoch(now()) AS f FROM weather", "feature/query", "now", "the clock"},
		{"SELECT day(current_date) AS f", "feature/query", "current_date", "the clock"},
		{"SELECT 1 AS f FROM weather WHERE time_hour < Current_Timestamp", "feature/query", "Current_Timestamp", "the clock"},
		{"SELECT max(temp) AS f FROM weather WHERE time_hour < localtimestamp", "feature/query", "localtimestamp", "the clock"},
		{"WITH c(current_date) AS (SELECT 1) SELECT current_date AS f FROM observation", "feature/query", "current_date", "the clock"},
		{"SELECT random() AS f", "feature/query", "random", "unknown or does not depend on the rows alone"},
		{"SELECT unicode(current_setting('threads')) AS f", "feature/query", "current_setting", "settings"},
		{"SELECT len(getenv('HOME')) AS f", "feature/query", "getenv", "settings"},
		{"SELECT nextval('s') AS f", "feature/query", "nextval", "unknown or does not depend"},
		// The outcome.
		{"SELECT dep_delay AS f FROM observation", "feature/query", "", "does not take it"},
		{"SELECT o.dep_delay AS f FROM observation o", "feature/known-too-late", "o.dep_delay", "uses dep_delay"},
		{"SELECT max(w.tmp) AS f FROM weather w", "feature/unknown-column", "w.tmp", "the table w has no column tmp"},
		{"SELECT max(w.temp) AS f FROM weather, (SELECT 1 AS temp) w WHERE w.tmp", "feature/query", "", "does not take it"},
		{"SELECT count(*) AS f FROM observation WHERE late", "feature/unknown-column", "late", "has a column late"},
		{"SELECT __label AS f FROM observation", "feature/unknown-column", "__label", "has a column __label"},
		{"SELECT __o.__label AS f FROM observation", "feature/unknown-column", "__o.__label", "has a column __o"},
		{"SELECT __id AS f FROM observation", "feature/unknown-column", "__id", "has a column __id"},
		// Other tables, files, and the rows of others.
		{"SELECT max(temp) AS f FROM __source_weather", "feature/query", "__source_weather", "it reads __source_weather; only flights, observation, weather can be read"},
		{"SELECT max(__id) AS f FROM __observations", "feature/query", "__observations", "it reads"},
		{"SELECT max(temp) AS f FROM main.weather", "feature/query", "main.weather", "only flights, observation, weather"},
		{"SELECT count(*) AS f FROM planes", "feature/query", "planes", "it reads planes"},
		{"SELECT count(*) AS f FROM 'data/weather.parquet'", "feature/query", "", "it reads data/weather.parquet"},
		{"SELECT count(*) AS f FROM read_csv('/etc/passwd')", "feature/query", "", "it reads from a table function"},
		{"SELECT count(*) AS f FROM range(10)", "feature/query", "", "table function"},
		{"SELECT len(content) AS f FROM read_text('x')", "feature/query", "", "table function"},
		{"SELECT count(*) AS f FROM duckdb_tables()", "feature/query", "", "table function"},
		{"SELECT count(*) AS f FROM information_schema.tables", "feature/query", "", "only flights"},
		{"SELECT rowid AS f FROM weather", "feature/unknown-column", "rowid", "rowid"},
		// The order of rows.
		{"SELECT temp AS f FROM weather LIMIT 1", "feature/query", "", "say which with ORDER BY"},
		{"SELECT DISTINCT ON (origin) temp AS f FROM weather", "feature/query", "", "say which with ORDER BY"},
		{"SELECT max(temp) AS f FROM (FROM weather LIMIT 3)", "feature/query", "", "say which with ORDER BY"},
		{"SELECT first(temp) AS f FROM weather", "feature/query", "first", "whatever order"},
		{"SELECT any_value(temp) AS f FROM weather", "feature/query", "any_value", "whatever order"},
		{"SELECT row_number() OVER () AS f FROM weather", "feature/query", "row_number", "whatever order"},
		{"SELECT sum(dep_delay) OVER (ROWS 3 PRECEDING) AS f FROM flights", "feature/query", "sum", "whatever order"},
		{"SELECT count(*) AS f FROM weather POSITIONAL JOIN flights", "feature/query", "", "positional join"},
		{"SELECT sum(temp) AS f FROM weather", "feature/query", "sum", "adds floating-point numbers"},
		{"SELECT 1 + avg(temp * 2) AS f FROM weather", "feature/query", "avg", "adds floating-point numbers"},
		{"SELECT avg(dep_delay) AS f FROM (SELECT temp AS dep_delay FROM weather)", "feature/query", "avg", "adds floating-point numbers"},
		{"SELECT sum(x) AS f FROM (SELECT temp - 1 AS x FROM weather)", "feature/query", "sum", "adds floating-point numbers"},
		{"WITH w(x) AS (SELECT temp FROM weather) SELECT sum(x) AS f FROM w", "feature/query", "sum", "adds floating-point numbers"},
		{"SELECT sum(1e0) AS f FROM weather", "feature/query", "sum", "adds floating-point numbers"},
		{"SELECT max(x) AS f FROM (VALUES (1)) v(x)", "feature/query", "", "expression list"},
		{"SELECT stddev(temp) AS f FROM weather", "feature/query", "stddev", "unknown or does not depend"},
		{"SELECT mode(temp) AS f FROM weather", "feature/query", "mode", "unknown or does not depend"},
		{"SELECT max(temp) AS f FROM weather USING SAMPLE 3", "feature/query", "", "sample"},
		{"SELECT max(temp) AS f FROM weather TABLESAMPLE 10%", "feature/query", "", "sample"},
		// What is no query, or more than one, or does what linecook has no use for.
		{"", "feature/query", "", "0 SQL queries"},
		{"SELEC 1", "feature/query", "SELEC", "not an SQL query"},
		{"SELECT 1 AS f; SELECT 2 AS f", "feature/query", "", "2 SQL queries"},
		{"SELECT 1 AS f) AS q, (SELECT 2 AS f", "feature/query", ")", "not an SQL query"},
		{"COPY (SELECT 1) TO 'x'", "feature/query", "", "not an SQL query"},
		{"SELECT 1 AS f;", "feature/query", "", "does not take it"},
		{"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) AS f FROM r", "feature/query", "", "recursive cte"},
		{"SELECT $1 AS f", "feature/query", "", "parameter"},
		{"SELECT len(list_transform([temp], lambda x: x + 1)) AS f FROM weather", "feature/query", "", ""},
		{"SELECT temp.abs() AS f FROM weather", "feature/query", "", "behind a dot"},
		{"SELECT 1 AS __row", "feature/query", "", "linecook's own"},
		{"SELECT count(*) AS g FROM weather", "feature/query", "", "returns no column f"},
		{"SELECT max(note) AS f FROM weather", "feature/type", "", "must be a number"},
		{"SELECT max(tmp) AS f FROM weather", "feature/unknown-column", "tmp", "has a column tmp"},
		{"SELECT count(*) AS f FROM weather a FULL JOIN weather b ON a.temp = b.temp", "feature/query", "", "does not take it"},
	} {
		honest, findings := lint(t, s, queryPlan(c.text))
		if honest != 0 || len(findings) == 0 || findings[0].Code != c.code || !strings.Contains(findings[0].Message, c.says) {
			t.Errorf("%s: %d honest features and findings %+v", c.text, honest, findings)
			continue
		}
		f := findings[0]
		if strings.Contains(f.Message, "\n") {
			t.Errorf("%s: the message has several lines: %q", c.text, f.Message)
		}
		if c.part == "" {
			continue
		}
		if f.Span == nil || f.Span.Text[f.Span.At:f.Span.At+f.Span.Width] != c.part || f.Position != (report.Position{File: "q.sql", Line: 1, Column: 1}) {
			t.Errorf("%s: %+v is not at %q", c.text, f.Span, c.part)
		}
	}
}

// The observation's own late columns are not there, and where another source
// has none of that name the finding says why.
func TestQueriesKnowNoOutcome(t *testing.T) {
	p := queryPlan("SELECT dep_delay AS f FROM observation")
	p.Queries[0].Reads = p.Queries[0].Reads[:1]
	_, findings := lint(t, airport(t), p)
	if len(findings) != 1 || findings[0].Code != "feature/known-too-late" || !strings.Contains(findings[0].Message, "dep_delay") {
		t.Errorf("%+v", findings)
	}
}

func TestQueriesFitThePipeline(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*feature.Plan)
		code   string
		path   []any
		says   string
	}{
		{"no such query", func(p *feature.Plan) { p.Definitions[0].SQL = "r" }, "feature/query", []any{"features", 0, "sql"}, "no query called r"},
		{"unused", func(p *feature.Plan) { p.Queries = append(p.Queries, feature.Query{Name: "r", Text: "SELECT 1 AS f"}) }, "feature/query", []any{"queries", 1, "name"}, "no feature takes"},
		{"twice", func(p *feature.Plan) { p.Queries = append(p.Queries, p.Queries[0]) }, "feature/duplicate", []any{"queries", 1, "name"}, "two queries"},
		{"no such source", func(p *feature.Plan) { p.Queries[0].Reads[0].Source = "sky" }, "feature/unknown-source", []any{"queries", 0, "reads", 0, "source"}, "no source called sky"},
		{"a source twice", func(p *feature.Plan) { p.Queries[0].Reads[1] = p.Queries[0].Reads[0] }, "feature/query", []any{"queries", 0, "reads", 1, "source"}, "two tables called weather"},
		{"a late key", func(p *feature.Plan) { p.Queries[0].Reads[0].By = []string{"temp=dep_delay"} }, "feature/known-too-late", []any{"queries", 0, "reads", 0, "by"}, "the key of query q uses dep_delay"},
		{"an unknown key", func(p *feature.Plan) { p.Queries[0].Reads[0].By = []string{"place=origin"} }, "feature/unknown-column", []any{"queries", 0, "reads", 0, "by"}, "no column place"},
		{"two forms", func(p *feature.Plan) { p.Definitions[0].Expression = "minute" }, "feature/form", []any{"features", 0}, "it has 2"},
		{"personal data", func(p *feature.Plan) { p.Sources[1].Personal = []string{"temp"} }, "feature/personal-data", []any{"features", 0, "sql"}, "temp of source weather"},
	} {
		p := queryPlan("SELECT max(temp) AS f FROM weather")
		c.change(&p)
		honest, findings := lint(t, airport(t), p)
		found := false
		for _, f := range findings {
			found = found || f.Code == c.code && f.Position.File == fmt.Sprint(c.path...) && strings.Contains(f.Message, c.says)
		}
		if !found || honest != 0 && c.name != "unused" && c.name != "twice" {
			t.Errorf("%s: %d honest, %+v", c.name, honest, findings)
		}
	}
}

// One row for each observation: none is a missing value, and of several the
// error names the observation.
func TestQueriesReturnOneRow(t *testing.T) {
	s := airport(t)
	traffic(t, s)
	snapshot, err := queryPlan("SELECT temp AS f, 2 AS g FROM weather ORDER BY __row DESC LIMIT 1", "f", "g").Build(context.Background(), s.DB(), feature.Range{})
	if err != nil {
		t.Fatal(err)
	}
	f, g := snapshot.Frame.Columns[0], snapshot.Frame.Columns[1]
	missing := 0
	for row := range snapshot.Frame.Rows {
		if f.Missing(row) != g.Missing(row) {
			t.Fatalf("row %d has half of a row", row)
		}
		if f.Missing(row) {
			missing++
		}
	}
	// Z has no weather, and X and Y have none before the first report.
	if missing < 64 || missing > 100 {
		t.Errorf("%d of %d values are missing", missing, snapshot.Frame.Rows)
	}
	_, err = queryPlan("SELECT temp AS f FROM weather").Build(context.Background(), s.DB(), feature.Range{})
	if !dataset.Unreadable(err) || !strings.Contains(err.Error(), "query q returns 2 rows for the observation date 2020-03-01, carrier ") {
		t.Errorf("%v", err)
	}
}

// Rows that agree in what a query orders them by make it depend on more than the
// rows; running it for one observation at a time finds that out.
func TestQueriesOrderTotally(t *testing.T) {
	s := airport(t)
	traffic(t, s)
	if _, err := s.DB().Exec("INSERT INTO weather SELECT origin, time_hour, temp + 1, note FROM weather"); err != nil {
		t.Fatal(err)
	}
	for text, total := range map[string]bool{
		"SELECT temp AS f FROM weather ORDER BY time_hour DESC LIMIT 1":        false,
		"SELECT arg_max(temp, time_hour) AS f FROM weather":                    false,
		"SELECT temp AS f FROM weather ORDER BY time_hour DESC, __row LIMIT 1": true,
		"SELECT arg_max(temp, __row) AS f FROM weather":                        true,
	} {
		_, err := queryPlan(text).Build(context.Background(), s.DB(), feature.Range{})
		if total && err != nil || !total && (!dataset.Unreadable(err) || !strings.Contains(err.Error(), "by itself and")) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// DuckDB takes these names for functions where no column is called so.
func TestNamesThatAreFunctions(t *testing.T) {
	s := airport(t)
	rows, err := s.DB().Query("SELECT DISTINCT function_name FROM duckdb_functions() UNION SELECT unnest(['localtime', 'localtimestamp', 'user', 'current_time', 'current_timestamp', 'current_role', 'session_user', 'current_catalog'])")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	clocks := 0
	for _, name := range names {
		if strings.ContainsAny(name, "!\"$%&()*+-/<=>?@[]^{|}~") {
			continue
		}
		var text string
		if err := s.DB().QueryRow("SELECT typeof(" + name + ")").Scan(&text); err != nil {
			continue
		}
		clocks++
		p := queryPlan("SELECT " + name + " AS f FROM weather")
		if _, findings := lint(t, s, p); len(findings) == 0 || !strings.Contains(findings[0].Message, "may be the clock or a setting") {
			t.Errorf("%s: %+v", name, findings)
		}
	}
	if clocks < 10 {
		t.Errorf("only %d names are functions", clocks)
	}
}

// Whatever a person writes is found honest or refused with a finding, and what is
// found honest runs, or is refused for what it did. Nothing makes the tool fail.
func FuzzQuery(f *testing.F) {
	s := airport(f)
	traffic(f, s)
	for _, text := range []string{
		"SELECT count(*) AS f FROM weather", "WITH w AS (FROM weather) SELECT max(temp) AS f FROM w WHERE temp IN (SELECT temp FROM w)",
		"SELECT arg_max(temp, __row) AS f FROM weather -- x", "SELECT now() AS f", "SELECT 1 AS f;", "SELECT (1", "FROM 'x'",
		"SELECT sum(dep_delay) OVER (ORDER BY __row ROWS 3 PRECEDING) AS f FROM flights ORDER BY __row LIMIT 1",
		"SELECT f FROM (SELECT 1e5 AS f, o.* FROM observation o) UNION SELECT 2", "SELECT $1 AS f", "SELECT #1 AS f", "SELECT $1&",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || strings.Contains(text, "\x00") {
			return // no such file is read
		}
		p := queryPlan(text)
		honest, findings, err := p.Lint(t.Context(), s.DB(), locate)
		if err != nil || (honest == 1) != (len(findings) == 0) {
			t.Fatalf("%q: %d honest, %+v, %v", text, honest, findings, err)
		}
		for _, finding := range findings {
			if span := finding.Span; span != nil && (span.At < 0 || span.Width < 1 || span.At+span.Width > len(span.Text)) {
				t.Fatalf("%q: %+v of %q", text, span, finding.Message)
			}
		}
		if honest == 0 {
			return
		}
		if _, err := p.Build(t.Context(), s.DB(), feature.Day("2020-03-01")); err != nil && !dataset.Unreadable(err) && !dataset.Unplanned(err) {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
