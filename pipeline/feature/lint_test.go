package feature_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// locate stands in for pipeline.yaml: each path has a line of its own, and its
// value begins in column 17.
func locate(path ...any) report.Position {
	return report.Position{File: fmt.Sprint(path...), Line: 1, Column: 17}
}

// airport is a database with two empty tables, which is all that Lint looks at.
func airport(t testing.TB) *dataset.Session {
	t.Helper()
	s := session(t, 1)
	if _, err := s.DB().Exec(`CREATE TABLE flights (date DATE, time_hour TIMESTAMP, minute BIGINT, carrier VARCHAR, flight BIGINT, origin VARCHAR,
			dep_time BIGINT, dep_delay BIGINT, arr_time BIGINT, arr_delay BIGINT, air_time BIGINT);
		CREATE TABLE weather (origin VARCHAR, time_hour TIMESTAMP, temp DOUBLE, note VARCHAR)`); err != nil {
		t.Fatal(err)
	}
	return s
}

const gone = "time_hour + to_minutes(minute + dep_delay)"

// flightPlan is the flight example in small, with the given features.
func flightPlan(definitions ...feature.Definition) feature.Plan {
	return feature.Plan{
		Observations: feature.Observations{
			Source: "flights", DecisionTime: "time_hour + to_minutes(minute) - INTERVAL 2 HOUR",
			Key: []string{"date", "carrier", "flight", "origin"}, Entity: []string{"carrier", "flight", "origin"}, Partition: "date",
		},
		Label: &feature.Label{Name: "late", Expression: "dep_delay > 15", KnownAt: gone},
		Sources: []feature.Source{
			{
				Name: "flights", Select: "SELECT * FROM flights",
				Columns:   []string{"date", "time_hour", "minute", "carrier", "flight", "origin", "dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"},
				EventTime: "time_hour + to_minutes(minute)", KnownAt: "time_hour - INTERVAL 30 DAY",
				Later: []feature.Later{
					{Columns: []string{"dep_time", "dep_delay"}, KnownAt: gone},
					{Columns: []string{"arr_time", "arr_delay", "air_time"}, KnownAt: "time_hour + to_minutes(minute + dep_delay + air_time)"},
				},
			},
			{
				Name: "weather", Select: "SELECT * FROM weather", Columns: []string{"origin", "time_hour", "temp", "note"},
				EventTime: "time_hour", KnownAt: "time_hour + INTERVAL 5 MINUTE",
			},
		},
		Definitions: definitions,
	}
}

func expression(text string) feature.Definition {
	return feature.Definition{Name: "f", Type: feature.Numeric, Expression: text}
}

func lookup(value string, by ...string) feature.Definition {
	return feature.Definition{Name: "f", Type: feature.Numeric, Lookup: &feature.Lookup{Source: "weather", Value: value, By: by, Within: duration("6 hours")}}
}

func aggregate(function, of string, by ...string) feature.Definition {
	return feature.Definition{Name: "f", Type: feature.Numeric, Aggregate: &feature.Aggregate{Source: "flights", Function: function, Of: of, By: by, Window: duration("7 days")}}
}

func lint(t *testing.T, s *dataset.Session, p feature.Plan) (int, []report.Finding) {
	t.Helper()
	honest, findings, err := p.Lint(context.Background(), s.DB(), locate)
	if err != nil {
		t.Fatal(err)
	}
	return honest, findings
}

// The leak of the flight example: what is known only after departure is refused
// wherever it would speak of the observation itself, and let through where it
// speaks of past flights.
func TestLeaksAreRefused(t *testing.T) {
	s := airport(t)
	for _, leak := range []string{"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"} {
		for _, d := range []feature.Definition{
			expression(leak),
			expression(leak + " IS NULL"),
			expression("coalesce(" + leak + ", 0) > 15"),
			expression("CASE WHEN minute > 30 THEN 1 ELSE " + leak + " END"),
			expression(`"` + leak + `" + minute`),
			expression("minute /* " + leak + " */ + " + leak),
			expression("greatest(minute, least(" + leak + ", 5))"),
			expression("[" + leak + "][1]"),
			expression("({'a': " + leak + "})['a']"),
			expression("try(ln(" + leak + "))"),
			lookup("temp", "origin", "temp="+leak),
			lookup("temp", "temp = "+leak),
			aggregate("count", "", leak),
			aggregate("rate", "minute > 30", "origin", "minute="+leak),
			aggregate("max", "minute", "origin", "minute="+leak),
		} {
			honest, findings := lint(t, s, flightPlan(d))
			if honest != 0 || len(findings) != 1 || findings[0].Code != "feature/known-too-late" || !strings.Contains(findings[0].Message, leak) {
				t.Errorf("%s: %d honest features and findings %+v", describe(d), honest, findings)
			}
		}
		// Spelt otherwise it is no column at all.
		for text, code := range map[string]string{
			strings.ToUpper(leak):             "feature/unknown-column",
			leak + ".abs()":                   "feature/expression",
			"flights." + leak:                 "feature/expression",
			"(SELECT max(" + leak + "))":      "feature/expression",
			"COLUMNS('" + leak + "')":         "feature/expression",
			"max(" + leak + ") OVER ()":       "feature/expression",
			"minute), (" + leak:               "feature/expression",
			"minute) WHERE (" + leak + " > 1": "feature/expression",
		} {
			honest, findings := lint(t, s, flightPlan(expression(text)))
			if honest != 0 || len(findings) == 0 || findings[0].Code != code {
				t.Errorf("%s: %d honest features and findings %+v", text, honest, findings)
			}
		}
		for _, d := range []feature.Definition{
			aggregate("mean", leak, "origin"),
			aggregate("min", leak, "origin"),
			aggregate("stddev", leak),
			aggregate("distinct", leak, "carrier"),
			aggregate("rate", leak+" > 15"),
			aggregate("count", leak+" IS NULL", "carrier", "origin"),
			{Name: "f", Lookup: &feature.Lookup{Source: "flights", Value: leak, By: []string{"carrier", "flight"}, Within: duration("2 days")}},
			{Name: "f", Lookup: &feature.Lookup{Source: "flights", Value: "minute", By: []string{leak + "=minute"}, Within: duration("2 days")}},
			expression("minute -- not " + leak),
			expression("CASE WHEN carrier = '" + leak + "' THEN 1 END"),
		} {
			if honest, findings := lint(t, s, flightPlan(d)); honest != 1 || len(findings) > 0 {
				t.Errorf("%s: %d honest features and findings %+v", describe(d), honest, findings)
			}
		}
	}
}

// A finding says which part of an expression is meant.
func TestLintUnderlines(t *testing.T) {
	s := airport(t)
	for _, c := range []struct{ text, part, before string }{
		{"dep_delay > 15", "dep_delay", ""},
		{"minute + dep_delay", "dep_delay", "minute + "},
		{"'é€' || dep_delay", "dep_delay", "'é€' || "},
		{"minute + -- dep_delay\n dep_delay", "dep_delay", "minute + -- dep_delay\n "},
		{`minute + "dep_delay"`, `"dep_delay"`, "minute + "},
		{"epoch(now()) + minute", "now", "epoch("},
		{"minute + random()", "random", "minute + "},
		{"minute + current_date", "current_date", "minute + "},
		{"minute + sum(minute) OVER ()", "sum", "minute + "},
		{"minute + avg(minute)", "avg", "minute + "},
		{"minute + flights.minute", "flights", "minute + "},
		{"minute + mintue", "mintue", "minute + "},
		{"minute minute", "minute", "minute "},
	} {
		d := expression(c.text)
		d.Type = feature.Categorical
		_, findings := lint(t, s, flightPlan(d))
		if len(findings) != 1 || findings[0].Position != (report.Position{File: fmt.Sprint("features", 0, "expression"), Line: 1, Column: 17}) {
			t.Errorf("%q: findings %+v", c.text, findings)
			continue
		}
		if span := findings[0].Span; span == nil || span.Text != c.text || c.text[span.At:span.At+span.Width] != c.part || span.At != len(c.before) {
			t.Errorf("%q: %+v, want %q", c.text, span, c.part)
		}
	}
}

func TestLint(t *testing.T) {
	s := airport(t)
	share := func(v float64) *float64 { return &v }
	for _, c := range []struct {
		name   string
		change func(*feature.Plan)
		code   string
		path   []any
		says   string
	}{
		{"nothing wrong", func(*feature.Plan) {}, "", nil, ""},
		{"no label, as in scoring", func(p *feature.Plan) { p.Label = nil }, "", nil, ""},
		{"unknown column in an expression", func(p *feature.Plan) { p.Definitions[0] = expression("distance + 1") },
			"feature/unknown-column", []any{"features", 0, "expression"}, "source flights has no column distance"},
		{"the clock by a name without brackets", func(p *feature.Plan) { p.Definitions[0] = expression("date - current_date") },
			"feature/unknown-column", []any{"features", 0, "expression"}, "no column current_date"},
		{"the clock", func(p *feature.Plan) { p.Definitions[0] = expression("epoch(now())") },
			"feature/expression", []any{"features", 0, "expression"}, "uses now"},
		{"unknown column in a lookup", func(p *feature.Plan) { p.Definitions[0] = lookup("minute", "origin") },
			"feature/unknown-column", []any{"features", 0, "lookup", "value"}, "source weather has no column minute"},
		{"unknown key there", func(p *feature.Plan) { p.Definitions[0] = lookup("temp", "carrier") },
			"feature/unknown-column", []any{"features", 0, "lookup", "by"}, "source weather has no column carrier"},
		{"unknown key here", func(p *feature.Plan) { p.Definitions[0] = lookup("temp", "note") },
			"feature/unknown-column", []any{"features", 0, "lookup", "by"}, "source flights has no column note"},
		{"half a key", func(p *feature.Plan) { p.Definitions[0] = lookup("temp", "origin=") },
			"feature/unknown-column", []any{"features", 0, "lookup", "by"}, "source flights has no column "},
		{"unknown source of a lookup", func(p *feature.Plan) {
			p.Definitions[0] = lookup("temp", "origin")
			p.Definitions[0].Lookup.Source = "wetter"
		}, "feature/unknown-source", []any{"features", 0, "lookup", "source"}, "no source called wetter"},
		{"unknown source of an aggregate", func(p *feature.Plan) {
			p.Definitions[0] = aggregate("count", "")
			p.Definitions[0].Aggregate.Source = "flight"
		}, "feature/unknown-source", []any{"features", 0, "aggregate", "source"}, "no source called flight"},
		{"unknown source of observations", func(p *feature.Plan) { p.Observations.Source = "departures" },
			"feature/unknown-source", []any{"observations", "source"}, "no source called departures"},
		{"two forms", func(p *feature.Plan) {
			p.Definitions[0].Expression, p.Definitions[0].Aggregate = "minute", aggregate("count", "").Aggregate
		},
			"feature/form", []any{"features", 0}, "it has 2"},
		{"no form", func(p *feature.Plan) { p.Definitions[0] = feature.Definition{Name: "f"} },
			"feature/form", []any{"features", 0}, "it has 0"},
		{"two features of a name", func(p *feature.Plan) { p.Definitions = append(p.Definitions, expression("minute")) },
			"feature/duplicate", []any{"features", 1, "name"}, "two features are called f"},
		{"mean of nothing", func(p *feature.Plan) { p.Definitions[0] = aggregate("mean", "") },
			"feature/aggregate", []any{"features", 0, "aggregate", "of"}, "mean needs of"},
		{"unknown function", func(p *feature.Plan) { p.Definitions[0] = aggregate("median", "minute") },
			"feature/aggregate", []any{"features", 0, "aggregate", "function"}, `no function "median"`},
		{"deviation of nothing", func(p *feature.Plan) { p.Definitions[0] = aggregate("stddev", "") },
			"feature/aggregate", []any{"features", 0, "aggregate", "of"}, "stddev needs of"},
		{"distinct values of nothing", func(p *feature.Plan) { p.Definitions[0] = aggregate("distinct", "") },
			"feature/aggregate", []any{"features", 0, "aggregate", "of"}, "distinct needs of"},
		{"distinct values of any type", func(p *feature.Plan) { p.Definitions[0] = aggregate("distinct", "carrier") }, "", nil, ""},
		{"the least text", func(p *feature.Plan) { p.Definitions[0] = aggregate("min", "carrier") },
			"feature/type", []any{"features", 0, "aggregate", "of"}, "VARCHAR"},
		{"the greatest time", func(p *feature.Plan) { p.Definitions[0] = aggregate("max", "time_hour") },
			"feature/type", []any{"features", 0, "aggregate", "of"}, "TIMESTAMP"},
		{"the last three", func(p *feature.Plan) {
			p.Definitions[0] = aggregate("last", "dep_delay", "carrier")
			p.Definitions[0].Aggregate.N = 3
		}, "", nil, ""},
		{"the last of unknown number", func(p *feature.Plan) { p.Definitions[0] = aggregate("last", "dep_delay") },
			"feature/aggregate", []any{"features", 0, "aggregate", "n"}, "from 1 to 1000; it is 0"},
		{"the last of too many", func(p *feature.Plan) {
			p.Definitions[0] = aggregate("last", "dep_delay")
			p.Definitions[0].Aggregate.N = 1001
		}, "feature/aggregate", []any{"features", 0, "aggregate", "n"}, "from 1 to 1000; it is 1001"},
		{"a number of rows for all of them", func(p *feature.Plan) {
			p.Definitions[0] = aggregate("mean", "dep_delay")
			p.Definitions[0].Aggregate.N = 3
		}, "feature/aggregate", []any{"features", 0, "aggregate", "n"}, "mean has none"},
		{"a window function in an aggregate", func(p *feature.Plan) { p.Definitions[0] = aggregate("sum", "sum(minute) OVER ()") },
			"feature/expression", []any{"features", 0, "aggregate", "of"}, "uses a window"},
		{"share above one", func(p *feature.Plan) { p.Definitions[0].MaxMissing = share(1.5) },
			"feature/max-missing", []any{"features", 0, "max_missing"}, "between 0 and 1"},
		{"share that is no number", func(p *feature.Plan) { p.Definitions[0].MaxMissing = share(math.NaN()) },
			"feature/max-missing", []any{"features", 0, "max_missing"}, "between 0 and 1"},
		{"time as a number of an aggregate", func(p *feature.Plan) { p.Definitions[0] = aggregate("sum", "time_hour") },
			"feature/type", []any{"features", 0, "aggregate", "of"}, "TIMESTAMP"},
		{"time as a condition", func(p *feature.Plan) { p.Definitions[0] = aggregate("rate", "time_hour") },
			"feature/type", []any{"features", 0, "aggregate", "of"}, "TIMESTAMP"},
		{"text as a condition", func(p *feature.Plan) { p.Definitions[0] = aggregate("rate", "carrier") },
			"feature/type", []any{"features", 0, "aggregate", "of"}, "it is VARCHAR, and must be a condition"},
		{"function of another type", func(p *feature.Plan) { p.Definitions[0] = expression("length(dayname(carrier))") },
			"feature/type", []any{"features", 0, "expression"}, "dayname"},
		{"constant that is no number", func(p *feature.Plan) { p.Definitions[0] = expression("'much'") },
			"feature/type", []any{"features", 0, "expression"}, "it is VARCHAR, and must be a number"},
		{"a row of two as a number", func(p *feature.Plan) { p.Definitions[0] = expression("(minute, flight)") },
			"feature/type", []any{"features", 0, "expression"}, "STRUCT"},
		{"a grouping", func(p *feature.Plan) { p.Definitions[0] = expression("grouping(minute)") },
			"feature/type", []any{"features", 0, "expression"}, "GROUPING"},
		{"event time that is no time", func(p *feature.Plan) { p.Sources[1].EventTime = "temp" },
			"feature/type", []any{"sources", 1, "event_time"}, "it is DOUBLE, and must be a time"},
		{"text as a number", func(p *feature.Plan) { p.Definitions[0] = expression("carrier") },
			"feature/type", []any{"features", 0, "expression"}, `"carrier": it is VARCHAR, and must be a number`},
		{"text as a number of a lookup", func(p *feature.Plan) { p.Definitions[0] = lookup("note", "origin") },
			"feature/type", []any{"features", 0, "lookup", "value"}, `"note": it is VARCHAR`},
		{"known-at time of an unknown column", func(p *feature.Plan) { p.Sources[1].KnownAt = "published" },
			"feature/unknown-column", []any{"sources", 1, "known_at"}, "no column published"},
		{"known-at time by the clock", func(p *feature.Plan) { p.Sources[1].KnownAt = "now()" },
			"feature/expression", []any{"sources", 1, "known_at"}, "uses now"},
		{"late column that does not exist", func(p *feature.Plan) { p.Sources[0].Later[0].Columns = []string{"dep_time", "dep_delay", "tailnum"} },
			"feature/unknown-column", []any{"sources", 0, "known_later", 0, "columns"}, "no column tailnum"},
		{"late column in other letters", func(p *feature.Plan) { p.Sources[0].Later[0].Columns = []string{"dep_time", "dep_delay", "DEP_DELAY"} },
			"feature/unknown-column", []any{"sources", 0, "known_later", 0, "columns"}, "no column DEP_DELAY"},
		{"late time of an unknown column", func(p *feature.Plan) { p.Sources[0].Later[0].KnownAt = "left_at" },
			"feature/unknown-column", []any{"sources", 0, "known_later", 0, "known_at"}, "no column left_at"},
		{"reserved name of a feature", func(p *feature.Plan) { p.Definitions[0].Name = "__label" },
			"feature/reserved-name", []any{"features", 0, "name"}, "__label"},
		{"reserved name", func(p *feature.Plan) { p.Sources[1].Columns = append(p.Sources[1].Columns, "__id") },
			"feature/reserved-name", []any{"sources", 1, "contract"}, "__id"},
		{"decision time known too late", func(p *feature.Plan) { p.Observations.DecisionTime = gone },
			"feature/known-too-late", []any{"observations", "decision_time"}, "the decision time uses dep_delay"},
		{"key known too late", func(p *feature.Plan) { p.Observations.Key = append(p.Observations.Key, "dep_time") },
			"feature/known-too-late", []any{"observations", "key"}, "the key uses dep_time"},
		{"entity known too late", func(p *feature.Plan) { p.Observations.Entity = []string{"arr_time"} },
			"feature/known-too-late", []any{"observations", "entity"}, "the entity uses arr_time"},
		{"partition known too late", func(p *feature.Plan) { p.Observations.Partition = "air_time" },
			"feature/known-too-late", []any{"observations", "partition"}, "the partition uses air_time"},
		{"key that does not exist", func(p *feature.Plan) { p.Observations.Key = []string{"id"} },
			"feature/unknown-column", []any{"observations", "key"}, "no column id"},
		{"label known with the row", func(p *feature.Plan) { p.Label.Expression = "minute > 30" },
			"feature/label-not-late", []any{"label", "expression"}, "nothing to predict"},
		{"label of an unknown column", func(p *feature.Plan) { p.Label.Expression = "cancelled" },
			"feature/unknown-column", []any{"label", "expression"}, "no column cancelled"},
		{"label's time by chance", func(p *feature.Plan) { p.Label.KnownAt = "time_hour + to_minutes((random() * 60)::INTEGER)" },
			"feature/expression", []any{"label", "known_at"}, "uses random"},
		{"label that is no number", func(p *feature.Plan) { p.Label.Expression = "time_hour + to_minutes(dep_delay)" },
			"feature/type", []any{"label", "expression"}, "it is TIMESTAMP, and must be a number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := flightPlan(expression("minute"))
			c.change(&p)
			honest, findings := lint(t, s, p)
			if c.code == "" {
				if len(findings) > 0 || honest != len(p.Definitions) {
					t.Fatalf("%d honest features and findings %+v", honest, findings)
				}
				return
			}
			at := slices.IndexFunc(findings, func(f report.Finding) bool { return f.Code == c.code })
			if at < 0 {
				t.Fatalf("findings %+v, want %s", findings, c.code)
			}
			f := findings[at]
			if f.Position.File != fmt.Sprint(c.path...) || !strings.Contains(f.Message, c.says) || strings.Contains(f.Message, "\n") || f.Severity != report.Error {
				t.Errorf("finding %+v, want one at %v that says %q", f, c.path, c.says)
			}
			if c.path[0] == "features" && honest != len(p.Definitions)-1 {
				t.Errorf("%d of %d features are called honest", honest, len(p.Definitions))
			}
		})
	}
}

// A failure of the tool is an error: it must not read like a finding, and still
// less like a clean plan.
func TestLintFails(t *testing.T) {
	s := airport(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, findings, err := flightPlan(expression("minute")).Lint(ctx, s.DB(), locate); err == nil || findings != nil {
		t.Errorf("error %v and findings %v", err, findings)
	}
	p := flightPlan(expression("minute"))
	p.Sources[1].Select = "SELECT * FROM no_such_table"
	honest, findings, err := p.Lint(context.Background(), s.DB(), locate)
	if err == nil && len(findings) == 0 {
		t.Errorf("%d honest features over a source that cannot be read", honest)
	}
}

func TestDuration(t *testing.T) {
	for text, minutes := range map[string]float64{"1 second": 1.0 / 60, "90 minutes": 90, "1 hour": 60, "2 days": 2880, "1 week": 10080} {
		d, err := feature.ParseDuration(text)
		if err != nil || d.Minutes() != minutes || d.String() != text {
			t.Errorf("%s is %v minutes (%v)", text, d.Minutes(), err)
		}
		written, err := d.MarshalText()
		var read feature.Duration
		if err != nil || read.UnmarshalText(written) != nil || read != d {
			t.Errorf("%s is written as %q and read as %v", text, written, read)
		}
	}
	for _, text := range []string{"", "7", "days", "0 days", "-1 day", "+1 day", "1.5 hours", "7  days", "7 days ", "7days", "07 days", "1 month", "1 year", "9999999999999999999 seconds", "107000 days", "１ day", "7 DAYS"} {
		if d, err := feature.ParseDuration(text); err == nil {
			t.Errorf("%q is %v", text, d)
		} else if !strings.Contains(err.Error(), "292 years") && !strings.Contains(err.Error(), "as in '2 hours'") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
