package honesty

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// An airport of made-up flights, six an hour for eight days, and of its weather,
// every third report of which is corrected hours later. Some of it is NULL.
const airport = `
CREATE OR REPLACE TABLE flights AS
SELECT t::DATE AS day, t, ['AA', 'BB', 'CC'][1 + i %% 3] AS carrier, i AS flight, ['X', 'Y'][1 + i %% 2] AS origin,
	CASE WHEN r %% 17 > 0 THEN r %% 90 - 20 END AS delay, ['rain', 'crew', NULL][1 + r %% 3] AS cause,
	t + to_minutes(CASE WHEN r %% 17 > 0 THEN r %% 90 - 20 END) AS departed, t - INTERVAL 1 DAY AS now
FROM (SELECT i, TIMESTAMP '2020-03-01' + to_minutes(10 * i) AS t, (hash(i + %[1]d) %% 1000)::BIGINT AS r FROM range(1152) s(i));
CREATE OR REPLACE TABLE weather AS
SELECT origin, seen, CASE WHEN r %% 11 > 0 THEN r %% 40 END AS temp, seen + to_minutes(5) AS published, NULL::TIMESTAMP AS corrected
FROM (SELECT ['X', 'Y'][1 + i %% 2] AS origin, TIMESTAMP '2020-02-29' + to_minutes(30 * i) AS seen, (hash(7 * i + %[1]d) %% 1000)::BIGINT AS r FROM range(480) s(i))
UNION ALL
SELECT ['X', 'Y'][1 + i %% 2], seen, -temp, seen + to_minutes(300 + i %% 100), seen + to_minutes(300 + i %% 100)
FROM (SELECT 3 * i AS i, TIMESTAMP '2020-02-29' + to_minutes(90 * i) AS seen, (hash(i) %% 40)::BIGINT AS temp FROM range(160) s(i))`

func open(t testing.TB, seed int) *sql.DB {
	t.Helper()
	s, findings, err := dataset.Open(context.Background(), dataset.Options{Root: t.TempDir()})
	if err != nil || len(findings) > 0 {
		t.Fatal(findings, err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.DB().Exec(fmt.Sprintf(airport, seed)); err != nil {
		t.Fatal(err)
	}
	return s.DB()
}

func locate(path ...any) report.Position {
	return report.Position{File: fmt.Sprint(path...), Line: 1, Column: 1}
}

func hours(text string) feature.Duration {
	d, err := feature.ParseDuration(text)
	if err != nil {
		panic(err)
	}
	return d
}

func expression(text string) feature.Definition {
	return feature.Definition{Name: "f", Type: feature.Numeric, Expression: text}
}

func lookup(source, value string, by ...string) feature.Definition {
	return feature.Definition{Name: "f", Type: feature.Numeric, Lookup: &feature.Lookup{Source: source, Value: value, By: by, Within: hours("12 hours")}}
}

func aggregate(source, function, of string, by ...string) feature.Definition {
	return feature.Definition{Name: "f", Type: feature.Numeric, Aggregate: &feature.Aggregate{Source: source, Function: function, Of: of, By: by, Window: hours("1 day")}}
}

func latest(d feature.Definition, n int) feature.Definition {
	d.Aggregate.N = n
	return d
}

func categorical(d feature.Definition) feature.Definition {
	d.Type = feature.Categorical
	return d
}

// plan is honest, unless a definition is not.
func plan(definitions ...feature.Definition) feature.Plan {
	for i := range definitions {
		definitions[i].Name = fmt.Sprintf("f%d", i)
	}
	return feature.Plan{
		Observations: feature.Observations{
			Source: "flights", DecisionTime: "t - INTERVAL 2 HOUR", Key: []string{"flight"}, Entity: []string{"carrier"}, Partition: "day",
		},
		Label: &feature.Label{Name: "late", Expression: "delay > 15", KnownAt: "departed"},
		Sources: []feature.Source{
			{
				Name: "flights", Select: "SELECT * FROM flights",
				Columns:   []string{"day", "t", "carrier", "flight", "origin", "delay", "cause", "departed", "now"},
				EventTime: "t", KnownAt: "t - INTERVAL 30 DAY",
				Later: []feature.Later{{Columns: []string{"delay", "cause", "departed"}, KnownAt: "t + to_minutes(delay)"}},
			},
			{
				Name: "weather", Select: "SELECT * FROM weather", Columns: []string{"origin", "seen", "temp", "published", "corrected"},
				EventTime: "seen", KnownAt: "published",
			},
		},
		Definitions: definitions,
	}
}

// prove builds the snapshot with the compiler and proves it.
func prove(t testing.TB, db *sql.DB, p feature.Plan, build compiler, options func(*feature.Snapshot) Options) (evaluation.Certificate, []report.Finding) {
	t.Helper()
	ctx := context.Background()
	s, err := build(p, ctx, db, feature.Range{})
	if err != nil {
		t.Fatal(err)
	}
	opt := options(s)
	opt.At = locate
	certificate, findings, err := (&prover{ctx: ctx, db: db, plan: p, opt: opt, build: build}).prove()
	if err != nil {
		t.Fatal(err)
	}
	if certificate.Passed != (len(findings) == 0) {
		t.Errorf("passed %v beside %+v", certificate.Passed, findings)
	}
	return certificate, findings
}

func lint(t testing.TB, db *sql.DB, p feature.Plan) []report.Finding {
	t.Helper()
	_, findings, err := p.Lint(context.Background(), db, locate)
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

// lookalikes are honest, however they look.
var lookalikes = map[string]feature.Definition{
	"a column that is called like the clock":      expression("hour(now)"),
	"the clock in a comment":                      expression("flight /* now() */"),
	"the label's name in a text":                  categorical(expression("carrier || ' delay'")),
	"the time of day":                             expression("hour(t) + minute(t) / 60"),
	"the weekday":                                 categorical(expression("dayname(t)")),
	"weather that is corrected later":             lookup("weather", "temp", "origin"),
	"the weather anywhere":                        lookup("weather", "temp"),
	"how late the carrier's last flight was":      lookup("flights", "delay", "carrier"),
	"why the airport's last flight was late":      categorical(lookup("flights", "cause", "origin")),
	"how often flights were late":                 aggregate("flights", "rate", "delay > 15", "origin"),
	"how late they were":                          aggregate("flights", "mean", "delay", "carrier", "origin"),
	"how many are scheduled":                      aggregate("flights", "count", "", "origin"),
	"how many had left":                           aggregate("flights", "count", "departed IS NOT NULL", "carrier"),
	"the minutes lost":                            aggregate("flights", "sum", "greatest(delay, 0)"),
	"reports of the weather, corrections and all": aggregate("weather", "count", "", "origin"),
	"the worst delay":                             aggregate("flights", "max", "delay", "origin"),
	"the coldest report":                          aggregate("weather", "min", "temp"),
	"how much delays differ":                      aggregate("flights", "stddev", "delay", "carrier"),
	"how many causes there were":                  aggregate("flights", "distinct", "cause", "origin"),
	"the last five delays":                        latest(aggregate("flights", "last", "delay", "carrier"), 5),
	"the mean of what was reported":               aggregate("weather", "mean", "temp", "origin"),
}

// honestQueries look like leaks, and see only what was known.
var honestQueries = map[string]string{
	"a table called like the clock's word":                            "WITH today AS (SELECT * FROM weather) SELECT count(*) AS f0 FROM today",
	"the column now of the row at hand":                               "SELECT hour(now) AS f0 FROM observation",
	"the clock in a text and a comment":                               "SELECT count(*) AS f0 FROM weather /* now() */ WHERE origin <> 'random()'",
	"past outcomes of the carrier":                                    "SELECT avg(delay) AS f0 FROM flights",
	"the trend of the weather":                                        "SELECT max(temp - before) AS f0 FROM (SELECT temp, lag(temp) OVER (ORDER BY __row) AS before FROM weather)",
	"the next row known":                                              "SELECT count(*) AS f0 FROM (SELECT lead(temp) OVER (ORDER BY __row) AS next FROM weather) WHERE next > 20",
	"the share of past flights with a cause, of those that have left": "SELECT count(cause) / count(departed) AS f0 FROM flights",
	"how late flights in the rain were":                               "WITH rain AS (SELECT * FROM flights WHERE cause = 'rain') SELECT count(*) FILTER (WHERE delay > (SELECT median(delay) FROM rain)) AS f0 FROM rain",
	"the weather when the last late flight left":                      "SELECT arg_max(w.temp, (f.__event_at, w.__row)) AS f0 FROM flights f JOIN weather w ON w.seen <= f.departed WHERE f.delay > 15",
}

func TestHonestQueriesPass(t *testing.T) {
	db := open(t, 0)
	all := queried("")
	read := all.Queries[0]
	all.Queries, all.Definitions = nil, nil
	for i, name := range slices.Sorted(maps.Keys(honestQueries)) {
		if findings := lint(t, db, queried(honestQueries[name])); len(findings) > 0 {
			t.Errorf("%s is refused: %+v", name, findings)
		}
		feature := feature.Definition{Name: fmt.Sprintf("f%d", i), Type: feature.Numeric, SQL: fmt.Sprintf("q%d", i)}
		read.Name, read.Text = feature.SQL, strings.Replace(honestQueries[name], "AS f0", "AS "+feature.Name, 1)
		all.Queries, all.Definitions = append(all.Queries, read), append(all.Definitions, feature)
	}
	certificate, findings := prove(t, db, all, feature.Plan.Build, Enough)
	if !certificate.Passed || certificate.Observations == 0 || len(certificate.CutOffs) < 4 || certificate.Features < 9 {
		t.Errorf("%+v %+v", certificate, findings)
	}
}

func TestHonestFeaturesPass(t *testing.T) {
	if len(lookalikes) < 10 {
		t.Fatal("fewer than 10 look-alikes")
	}
	db := open(t, 0)
	var all []feature.Definition
	for name, d := range lookalikes {
		all = append(all, d)
		t.Run(name, func(t *testing.T) {
			p := plan(d)
			if findings := lint(t, db, p); len(findings) > 0 {
				t.Errorf("refused: %+v", findings)
			}
			certificate, findings := prove(t, db, p, feature.Plan.Build, Enough)
			if !certificate.Passed || certificate.Observations == 0 || len(certificate.CutOffs) < 4 {
				t.Errorf("%+v %+v", certificate, findings)
			}
		})
	}
	for seed := range 2 {
		every := func(s *feature.Snapshot) Options {
			o := Full(s)
			o.CutOffs = 4
			return o
		}
		if certificate, findings := prove(t, open(t, seed), plan(all...), feature.Plan.Build, every); !certificate.Passed {
			t.Errorf("seed %d: %+v", seed, findings)
		}
	}
}

// Times that are made of what is known later, but never too early.
func TestHonestTimesPass(t *testing.T) {
	db := open(t, 0)
	for name, spoil := range map[string]func(*feature.Plan){
		"an event at the departure":     func(p *feature.Plan) { p.Sources[0].EventTime = "departed" },
		"known at the departure itself": func(p *feature.Plan) { p.Sources[0].Later[0].KnownAt = "departed" },
		"nothing late but the label": func(p *feature.Plan) {
			p.Definitions = p.Definitions[:1]
			p.Definitions[0] = expression("hour(t)")
			p.Sources[0].Later[0].KnownAt = "t + INTERVAL 1 DAY"
		},
		"never known":            func(p *feature.Plan) { p.Sources[0].Later[0].KnownAt = "NULL::TIMESTAMP" },
		"a day on the safe side": func(p *feature.Plan) { p.Sources[1].KnownAt = "published + INTERVAL 1 DAY" },
		"two groups": func(p *feature.Plan) {
			p.Sources[0].Later = append(p.Sources[0].Later, feature.Later{Columns: []string{"cause"}, KnownAt: "departed + INTERVAL 1 DAY"})
		},
	} {
		p := plan(lookup("flights", "delay", "carrier"), aggregate("flights", "mean", "delay", "origin"), lookup("weather", "temp", "origin"))
		spoil(&p)
		if certificate, findings := prove(t, db, p, feature.Plan.Build, Enough); !certificate.Passed {
			t.Errorf("%s: %+v", name, findings)
		}
	}
}

// The proof of the same data is the same, down to the cut-offs.
func TestProofIsDeterministic(t *testing.T) {
	p := plan(lookalikes["how often flights were late"])
	first, _ := prove(t, open(t, 0), p, feature.Plan.Build, Enough)
	second, _ := prove(t, open(t, 0), p, feature.Plan.Build, Enough)
	if fmt.Sprint(first) != fmt.Sprint(second) {
		t.Errorf("%+v\n%+v", first, second)
	}
	if first.Seed == 0 || first.RowsRemoved == 0 || first.RowsScrambled != first.RowsRemoved || first.Features != 1 || !strings.HasPrefix(first.DefinitionsDigest, "sha256:") {
		t.Errorf("%+v", first)
	}
}

// Nothing to compare is no proof.
func TestNothingIsNotAProof(t *testing.T) {
	db := open(t, 0)
	if _, err := db.Exec("DELETE FROM flights"); err != nil {
		t.Fatal(err)
	}
	certificate, findings := prove(t, db, plan(expression("flight")), feature.Plan.Build, Enough)
	if certificate.Passed || len(findings) != 1 || findings[0].Code != "honesty/unproven" {
		t.Errorf("%+v %+v", certificate, findings)
	}
}

// It leaves no tables of its own.
func TestProofClearsUp(t *testing.T) {
	db := open(t, 0)
	prove(t, db, plan(expression("flight")), feature.Plan.Build, Enough)
	var left int
	if err := db.QueryRow("SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE '\\_\\_proof%' ESCAPE '\\'").Scan(&left); err != nil || left > 0 {
		t.Errorf("%d tables, error %v", left, err)
	}
}
