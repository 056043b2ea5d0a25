package honesty

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// A leak is planted in a plan, or in the compiler.
type leak struct {
	definition feature.Definition
	// query is SQL for a feature f0 of the form sql.
	query string
	spoil func(*feature.Plan)
	// compiler spoils the plan behind the back of the proof, as a compiler with a
	// fault would, or SQL that is embedded as it is.
	compiler func(*feature.Plan)
	// code is of the finding: feature/... by the static proof, honesty/... by the
	// dynamic one.
	code string
}

// rows replaces one column of a source by SQL over all its rows.
func rows(source int, column, text string) func(*feature.Plan) {
	return func(p *feature.Plan) {
		p.Sources[source].Select = fmt.Sprintf("SELECT * REPLACE (%s AS %s) FROM (%s)", text, column, p.Sources[source].Select)
	}
}

// ahead lets a query see flights that are known before they leave.
func ahead(spoil func(*feature.Plan)) func(*feature.Plan) {
	return func(p *feature.Plan) {
		p.Queries[0].Reads[0].Ahead = hours("2 days")
		spoil(p)
	}
}

func moving(p *feature.Plan) {
	p.Sources[0].Later[0].KnownAt = "coalesce(departed, t) + INTERVAL 2 HOUR"
}

func telling(p *feature.Plan) {
	p.Sources[0].KnownAt = "t - CASE WHEN delay > 15 THEN INTERVAL 30 DAY ELSE INTERVAL 1 DAY END"
}

var (
	delays = lookup("flights", "delay", "carrier")
	temp   = lookup("weather", "temp", "origin")
	temps  = aggregate("weather", "mean", "temp", "origin")
)

var leaks = map[string]leak{
	// What the static proof reads.
	"a late column":                    {definition: expression("delay"), code: "feature/known-too-late"},
	"a late column in a branch":        {definition: expression("CASE WHEN origin = 'X' THEN delay ELSE 0 END"), code: "feature/known-too-late"},
	"whether a late column is missing": {definition: expression("cause IS NULL"), code: "feature/known-too-late"},
	"the label's expression":           {definition: expression("delay > 15"), code: "feature/known-too-late"},
	"the label by another column":      {definition: expression("departed > t + INTERVAL 15 MINUTE"), code: "feature/known-too-late"},
	"the label in other letters":       {definition: expression("DELAY > 15"), code: "feature/unknown-column"},
	"the label by its name":            {definition: expression("late"), code: "feature/unknown-column"},
	"the label behind a dot":           {definition: expression("flights.delay"), code: "feature/expression"},
	"a late key of a lookup":           {definition: lookup("weather", "temp", "temp=delay"), code: "feature/known-too-late"},
	"a late key of an aggregate":       {definition: aggregate("flights", "count", "", "cause"), code: "feature/known-too-late"},
	"a late entity":                    {spoil: func(p *feature.Plan) { p.Observations.Entity = []string{"cause"} }, code: "feature/known-too-late"},
	"a late key":                       {spoil: func(p *feature.Plan) { p.Observations.Key = []string{"flight", "cause"} }, code: "feature/known-too-late"},
	"a decision at the departure":      {spoil: func(p *feature.Plan) { p.Observations.DecisionTime = "departed - INTERVAL 2 HOUR" }, code: "feature/known-too-late"},
	"a label that is no outcome":       {spoil: func(p *feature.Plan) { p.Label.Expression = "origin = 'X'" }, code: "feature/label-not-late"},
	"the clock":                        {definition: expression("epoch(now()::TIMESTAMP - t)"), code: "feature/expression"},
	"the clock without brackets":       {definition: expression("current_date > day"), code: "feature/unknown-column"},
	"the clock in a function":          {definition: expression("epoch(age(t))"), code: "feature/expression"},
	"chance":                           {definition: expression("random()"), code: "feature/expression"},
	"a setting":                        {definition: categorical(expression("current_setting('TimeZone')")), code: "feature/expression"},
	"a subquery":                       {definition: expression("(SELECT avg(delay) FROM flights)"), code: "feature/expression"},
	"the next row":                     {definition: expression("lead(delay) OVER (ORDER BY t)"), code: "feature/expression"},
	"the next row in a lookup":         {definition: lookup("weather", "lead(temp) OVER (ORDER BY seen)", "origin"), code: "feature/expression"},
	"whatever row comes first":         {definition: aggregate("flights", "mean", "first(delay)"), code: "feature/expression"},
	"the mean of all rows":             {definition: aggregate("flights", "mean", "delay - avg(delay)"), code: "feature/expression"},

	// What is well written and does otherwise.
	"a row that is not yet known": {
		definition: expression("flight"), spoil: func(p *feature.Plan) { p.Sources[0].KnownAt = "t - INTERVAL 1 HOUR" }, code: "honesty/leak",
	},
	"a known-at time that moves":             {definition: delays, spoil: moving, code: "honesty/leak"},
	"a known-at time that tells the outcome": {definition: lookup("flights", "flight", "carrier"), spoil: telling, code: "honesty/leak"},

	// Faults of a compiler, and what SQL over many rows can do.
	"late columns forgotten": {definition: delays, compiler: func(p *feature.Plan) { p.Sources[0].Later = nil }, code: "honesty/leak"},
	"corrections seen early": {definition: temp, compiler: func(p *feature.Plan) { p.Sources[1].KnownAt = "seen" }, code: "honesty/leak"},
	"another time zone":      {definition: temps, compiler: func(p *feature.Plan) { p.Sources[1].KnownAt += " - INTERVAL 5 HOUR" }, code: "honesty/leak"},
	"summer time":            {definition: delays, compiler: func(p *feature.Plan) { p.Sources[0].Later[0].KnownAt += " - INTERVAL 1 HOUR" }, code: "honesty/leak"},
	"a window that ends too late": {definition: temps, compiler: func(p *feature.Plan) {
		p.Sources[1].EventTime += " - INTERVAL 3 HOUR"
		p.Sources[1].KnownAt += " - INTERVAL 3 HOUR"
	}, code: "honesty/leak"},
	"lead":                       {definition: temp, compiler: rows(1, "temp", "lead(temp) OVER (PARTITION BY origin ORDER BY seen, published)"), code: "honesty/leak"},
	"filled from behind":         {definition: temp, compiler: rows(1, "temp", "coalesce(temp, lead(temp) OVER (PARTITION BY origin ORDER BY seen, published))"), code: "honesty/leak"},
	"centred on the mean of all": {definition: temps, compiler: rows(1, "temp", "temp - avg(temp) OVER ()"), code: "honesty/leak"},
	"ranked among all":           {definition: temp, compiler: rows(1, "temp", "percent_rank() OVER (ORDER BY temp)"), code: "honesty/leak"},
	"encoded by the label":       {definition: expression("flight"), compiler: rows(0, "flight", "avg(delay) OVER (PARTITION BY carrier)"), code: "honesty/leak"},
	"last row of the file":       {definition: temp, compiler: rows(1, "temp", "last_value(temp) OVER (PARTITION BY origin ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"), code: "honesty/leak"},
	"how many will have left":    {definition: expression("flight"), compiler: rows(0, "flight", "count(delay) OVER (PARTITION BY day)"), code: "honesty/leak"},
	"the flight's own delay":     {definition: expression("flight"), compiler: rows(0, "flight", "coalesce(delay, 0)"), code: "honesty/leak"},
	"only the last correction is kept": {definition: temp, compiler: func(p *feature.Plan) {
		p.Sources[1].Select = "SELECT * FROM (" + p.Sources[1].Select + ") QUALIFY row_number() OVER (PARTITION BY origin, seen ORDER BY published DESC) = 1"
	}, code: "honesty/leak"},

	// The same in SQL of the user's own.
	"a query that looks at the clock":            {query: "SELECT epoch(now()::TIMESTAMP - __decided_at) AS f0 FROM observation", code: "feature/query"},
	"a query that asks for the date":             {query: "SELECT day - current_date AS f0 FROM observation", code: "feature/query"},
	"a query that throws dice":                   {query: "SELECT random() AS f0", code: "feature/query"},
	"a query that takes a sample":                {query: "SELECT max(temp) AS f0 FROM weather USING SAMPLE 1", code: "feature/query"},
	"a query for the outcome":                    {query: "SELECT o.delay AS f0 FROM observation o", code: "feature/known-too-late"},
	"a query for the label":                      {query: "SELECT __label AS f0 FROM observation", code: "feature/unknown-column"},
	"a query for all observations":               {query: "SELECT avg(__label) AS f0 FROM __observations", code: "feature/query"},
	"a query behind the views":                   {query: "SELECT max(temp) AS f0 FROM __source_weather", code: "feature/query"},
	"a query of a file":                          {query: "SELECT count(*) AS f0 FROM read_csv('outcomes.csv')", code: "feature/query"},
	"a query of a file by its name":              {query: "SELECT count(*) AS f0 FROM 'outcomes.parquet'", code: "feature/query"},
	"a query of whatever row comes first":        {query: "SELECT temp AS f0 FROM weather LIMIT 1", code: "feature/query"},
	"a query that breaks out of its brackets":    {query: "SELECT 1 AS f0) AS q, (SELECT max(delay) AS f0 FROM flights", code: "feature/query"},
	"a query over a known-at time that moves":    {query: "SELECT count(*) AS f0 FROM flights", spoil: ahead(func(p *feature.Plan) { p.Sources[0].KnownAt = "t - INTERVAL 1 DAY - to_minutes(coalesce(delay, 60))" }), code: "honesty/leak"},
	"a query over one that tells the outcome":    {query: "SELECT count(*) AS f0 FROM flights", spoil: ahead(telling), code: "honesty/leak"},
	"a query that is shown late columns":         {query: "SELECT max(delay) AS f0 FROM flights", compiler: func(p *feature.Plan) { p.Sources[0].Later = nil }, code: "honesty/leak"},
	"a query that is shown corrections early":    {query: "SELECT arg_max(temp, __row) AS f0 FROM weather", compiler: func(p *feature.Plan) { p.Sources[1].KnownAt = "seen" }, code: "honesty/leak"},
	"a query whose view is filled from behind":   {query: "SELECT temp AS f0 FROM weather ORDER BY __row DESC LIMIT 1", compiler: rows(1, "temp", "coalesce(temp, lead(temp) OVER (PARTITION BY origin ORDER BY seen, published))"), code: "honesty/leak"},
	"a query whose view is ranked among all":     {query: "SELECT max(temp) AS f0 FROM weather", compiler: rows(1, "temp", "percent_rank() OVER (ORDER BY temp)"), code: "honesty/leak"},
	"a query that is shown the flight's outcome": {query: "SELECT flight AS f0 FROM observation", compiler: rows(0, "flight", "coalesce(delay, 0)"), code: "honesty/leak"},

	"chance in the compiler": {definition: temp, compiler: rows(1, "temp", "random()"), code: "honesty/unproven"},
}

// queried is the plan with one feature f0, of a query over the carrier's flights
// and the weather of the origin.
func queried(text string) feature.Plan {
	p := plan(feature.Definition{Type: feature.Numeric, SQL: "q"})
	p.Queries = []feature.Query{{Name: "q", Path: "q.sql", Text: text, Reads: []feature.Read{
		{Source: "flights", By: []string{"carrier"}, Within: hours("12 hours")},
		{Source: "weather", By: []string{"origin"}, Within: hours("12 hours")},
	}}}
	return p
}

func (l leak) plant() (feature.Plan, compiler) {
	d := l.definition
	if d.Name == "" && d.Expression == "" && d.Lookup == nil && d.Aggregate == nil {
		d = expression("hour(t)")
	}
	p := plan(d)
	if l.query != "" {
		p = queried(l.query)
	}
	if l.spoil != nil {
		l.spoil(&p)
	}
	return p, func(p feature.Plan, ctx context.Context, db *sql.DB, within feature.Range) (*feature.Snapshot, error) {
		if l.compiler != nil {
			p.Sources = slices.Clone(p.Sources)
			for i := range p.Sources {
				p.Sources[i].Later = slices.Clone(p.Sources[i].Later)
			}
			l.compiler(&p)
		}
		return p.Build(ctx, db, within)
	}
}

func TestPlantedLeaksAreFound(t *testing.T) {
	if len(leaks) < 20 {
		t.Fatalf("only %d leaks are planted", len(leaks))
	}
	db := open(t, 0)
	for name, l := range leaks {
		t.Run(name, func(t *testing.T) {
			p, build := l.plant()
			findings := lint(t, db, p)
			if strings.HasPrefix(l.code, "honesty/") {
				if len(findings) > 0 {
					t.Fatalf("the static proof says %+v", findings)
				}
				_, findings = prove(t, db, p, build, Enough)
			}
			if !slices.ContainsFunc(findings, func(f report.Finding) bool { return f.Code == l.code }) {
				t.Errorf("%+v", findings)
			}
		})
	}
}

// What the static proof would refuse, the dynamic one finds as well, where it
// compiles at all.
func TestEachProofStandsAlone(t *testing.T) {
	db := open(t, 0)
	for _, name := range []string{
		"a late column", "a late column in a branch", "whether a late column is missing", "the label's expression", "the label by another column",
		"a late key of an aggregate", "a late key", "a decision at the departure",
	} {
		t.Run(name, func(t *testing.T) {
			p, build := leaks[name].plant()
			if _, findings := prove(t, db, p, build, Enough); !slices.ContainsFunc(findings, func(f report.Finding) bool { return f.Code == "honesty/leak" }) {
				t.Errorf("%+v", findings)
			}
		})
	}
}

// A finding names the feature, the observation and the one row that leaked.
func TestTheRowIsNamed(t *testing.T) {
	db := open(t, 0)
	if _, err := db.Exec(`DELETE FROM weather;
		INSERT INTO weather VALUES ('X', '2020-02-29 20:00', 10, '2020-02-29 20:00', NULL), ('Y', '2020-02-29 20:00', 11, '2020-02-29 20:00', NULL),
			('X', '2020-03-05 12:00', 50, '2020-03-05 18:00', NULL)`); err != nil {
		t.Fatal(err)
	}
	p, build := leaks["corrections seen early"].plant()
	_, findings := prove(t, db, p, build, Full)
	if len(findings) != 1 {
		t.Fatalf("%+v", findings)
	}
	f := findings[0]
	for _, part := range []string{"feature f0 of the observation flight ", "decided at 2020-03-05T", "row 3 of source weather", "seen 2020-03-05 12:00:00", "known at 2020-03-05 18:00:00"} {
		if !strings.Contains(f.Message, part) {
			t.Errorf("%q is not in %q", part, f.Message)
		}
	}
	if f.Source != "weather" || f.Position != locate("features", 0) {
		t.Errorf("%+v", f)
	}
}

// A sample that is too small still holds the observations decided last.
func TestASampleIsTheLastDecided(t *testing.T) {
	p := plan(delays)
	certificate, _ := prove(t, open(t, 0), p, feature.Plan.Build, func(s *feature.Snapshot) Options {
		o := Enough(s)
		o.Sample = 3
		return o
	})
	if !certificate.Passed || certificate.Observations != 3*int64(len(certificate.CutOffs)) || certificate.Sample != 3 {
		t.Errorf("%+v", certificate)
	}
}
