package feature_test

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
)

const exampleFolder = "../../examples/flight-delay"

// example is the flight example's plan over its files. It reads pipeline.yaml
// by itself: this package must not know the one that does so in earnest.
func example(t testing.TB, threads int) (*dataset.Session, feature.Plan) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(exampleFolder, "pipeline.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Sources []struct {
			Name       string          `yaml:"name"`
			Path       []string        `yaml:"path"`
			EventTime  string          `yaml:"event_time"`
			KnownAt    string          `yaml:"known_at"`
			KnownLater []feature.Later `yaml:"known_later"`
		} `yaml:"sources"`
		Observations feature.Observations `yaml:"observations"`
		Label        feature.Label        `yaml:"label"`
		Features     []feature.Definition `yaml:"features"`
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	var specs []dataset.Spec
	for _, source := range config.Sources {
		specs = append(specs, dataset.Spec{Name: source.Name, Paths: source.Path})
	}
	s, findings, err := dataset.Open(context.Background(), dataset.Options{Root: exampleFolder, Threads: threads}, specs...)
	if err != nil || len(findings) > 0 {
		t.Fatal(findings, err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	plan := feature.Plan{Observations: config.Observations, Label: &config.Label, Definitions: config.Features}
	for _, source := range config.Sources {
		segment := s.Table(source.Name).Segments[0]
		var names []string
		for _, column := range segment.Columns {
			names = append(names, column.Name)
		}
		plan.Sources = append(plan.Sources, feature.Source{
			Name: source.Name, Select: "SELECT * FROM " + segment.Relation(), Columns: names,
			EventTime: source.EventTime, KnownAt: source.KnownAt, Later: source.KnownLater,
		})
	}
	return s, plan
}

var allDays = flag.Bool("all-days", false, "compare every day of the example with the year")

// The features that a model is trained on and those of each day's scoring are
// bit for bit the same. A few days stand for the year: its ends, the days on
// which the clocks change, and one in summer. With -all-days all 365 are
// compared, which takes about a minute.
func TestExampleDaysAreTheYear(t *testing.T) {
	t.Parallel()
	s, plan := example(t, 2)
	year := build(t, s, plan, feature.Range{})
	if year.Frame.Rows != 336_776 || year.TooEarly != 0 {
		t.Fatalf("%d observations, %d of them too early", year.Frame.Rows, year.TooEarly)
	}
	days := []string{"2013-01-01", "2013-03-10", "2013-07-01", "2013-11-03", "2013-12-31"}
	if *allDays {
		days = nil
		seen := map[string]bool{}
		for _, day := range year.Partition {
			if !seen[day] {
				days = append(days, day)
			}
			seen[day] = true
		}
		if len(days) != 365 {
			t.Fatalf("the year has %d days", len(days))
		}
	}
	for _, day := range days {
		samePartition(t, year, build(t, s, plan, feature.Day(day)), day)
	}
}

// Neither the order of rows nor the number of threads is in the digest.
func TestExampleDigest(t *testing.T) {
	t.Parallel()
	within := feature.Range{From: "2013-02-01", To: "2013-02-14"}
	s, plan := example(t, 1)
	digest := build(t, s, plan, within).Digest
	s, plan = example(t, 4)
	for i := range plan.Sources {
		plan.Sources[i].Select = fmt.Sprintf("SELECT * FROM (%s) ORDER BY md5(origin || time_hour::VARCHAR)", plan.Sources[i].Select)
	}
	shuffled := build(t, s, plan, within)
	if shuffled.Digest != digest {
		t.Errorf("%s and %s", digest, shuffled.Digest)
	}
	plan.Definitions[len(plan.Definitions)-1].Name = "another name"
	if build(t, s, plan, within).Digest == digest {
		t.Error("a feature's name does not change the digest")
	}
}

// On the real data, what is known after noon of 15 June can go, or be something
// else, without changing a bit of what was decided by then.
func TestExampleFutureDoesNotReachThePast(t *testing.T) {
	t.Parallel()
	cut := time.Date(2013, time.June, 15, 12, 0, 0, 0, time.UTC)
	within := feature.Range{From: "2013-06-12", To: "2013-06-15"}
	s, plan := example(t, 2)
	before := build(t, s, plan, within)
	var past []int
	for row, decided := range before.DecidedAt {
		if !decided.After(cut) {
			past = append(past, row)
		}
	}
	if len(past) < 3000 || len(past) == before.Frame.Rows {
		t.Fatalf("%d of %d observations were decided by the cut", len(past), before.Frame.Rows)
	}
	for _, scramble := range []bool{false, true} {
		changed := plan
		changed.Sources = nil
		for _, source := range plan.Sources {
			changed.Sources = append(changed.Sources, without(source, cut, scramble))
		}
		after := build(t, s, changed, within)
		sameRows(t, before.Select(past), after.Select(past), fmt.Sprintf("scramble %v", scramble))
		if after.Digest == before.Digest {
			t.Errorf("scramble %v changes nothing at all", scramble)
		}
	}
}

// without is a source in which what was known after the cut is gone or, where
// it is to be scrambled, has the values of other rows. Late columns keep the
// times that they had.
func without(source feature.Source, cut time.Time, scramble bool) feature.Source {
	known := func(at string) string {
		return fmt.Sprintf("(%s) <= TIMESTAMP %s", at, dataset.Literal(cut.Format(time.DateTime)))
	}
	other := func(name string) string {
		if scramble {
			return "lag(" + name + ", 1000) OVER (ORDER BY origin, time_hour)"
		}
		return "NULL"
	}
	where, replaced, times := known(source.KnownAt), []string{}, []string{}
	if scramble {
		where = "true"
		if source.Name == "weather" {
			replaced = append(replaced, fmt.Sprintf("CASE WHEN %s THEN temp ELSE %s END AS temp", known(source.KnownAt), other("temp")))
		}
	}
	var late []feature.Later
	for i, later := range source.Later {
		for _, name := range later.Columns {
			replaced = append(replaced, fmt.Sprintf("CASE WHEN %s THEN %s ELSE %s END AS %s", known(later.KnownAt), name, other(name), name))
		}
		at := fmt.Sprintf("late_%d", i)
		times = append(times, fmt.Sprintf(", (%s) AS %s", later.KnownAt, at))
		late = append(late, feature.Later{Columns: later.Columns, KnownAt: at})
		source.Columns = append(slices.Clone(source.Columns), at)
	}
	columns := "*"
	if len(replaced) > 0 {
		columns = "* REPLACE (" + strings.Join(replaced, ", ") + ")"
	}
	source.Select = fmt.Sprintf("SELECT %s%s FROM (%s) WHERE %s", columns, strings.Join(times, ""), source.Select, where)
	source.Later = late
	return source
}

// shared is where the reference data lies beside a checkout of this project.
const shared = "../../../shared/data/nycflights13"

// The as-of join on 100,000 real flights, against figures worked out with
// pandas: the weather an hour before the scheduled hour, at most six hours old.
func TestWeatherAsOf(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(shared); err != nil {
		t.Skipf("the reference data is not there (%v)", err)
	}
	s, findings, err := dataset.Open(context.Background(), dataset.Options{Root: shared},
		dataset.Spec{Name: "flights", Paths: []string{"flights_sample100k.csv.gz"}, Null: []string{"NA", ""}},
		dataset.Spec{Name: "weather", Paths: []string{"weather.csv.gz"}, Null: []string{"NA", ""}})
	if err != nil || len(findings) > 0 {
		t.Fatal(findings, err)
	}
	t.Cleanup(func() { _ = s.Close() })
	from := func(name, columns string) string {
		return fmt.Sprintf("SELECT %s, (time_hour::TIMESTAMPTZ AT TIME ZONE 'UTC')::TIMESTAMP AS time_hour FROM %s",
			columns, s.Table(name).Segments[0].Relation())
	}
	weather := func(name, value, within string) feature.Definition {
		return feature.Definition{Name: name, Lookup: &feature.Lookup{Source: "weather", Value: value, By: []string{"origin"}, Within: duration(within)}}
	}
	plan := feature.Plan{
		Observations: feature.Observations{Source: "flights", DecisionTime: "time_hour - INTERVAL 1 HOUR", Key: []string{"orig_row"}, Entity: []string{"origin"}, Partition: "date"},
		Sources: []feature.Source{
			{
				Name: "flights", Select: from("flights", "make_date(year::INTEGER, month::INTEGER, day::INTEGER) AS date, orig_row::BIGINT AS orig_row, origin"),
				Columns: []string{"date", "orig_row", "origin", "time_hour"}, EventTime: "time_hour", KnownAt: "time_hour - INTERVAL 30 DAY",
			},
			{
				Name: "weather", Select: from("weather", "origin, temp::DOUBLE AS temp"),
				Columns: []string{"origin", "temp", "time_hour"}, EventTime: "time_hour", KnownAt: "time_hour",
			},
		},
		Definitions: []feature.Definition{
			weather("temp", "temp", "6 hours"),
			weather("seen", "epoch(time_hour)", "6 hours"),
			// The limit is inclusive: four hours finds what is exactly four hours old.
			weather("seen_4h", "epoch(time_hour)", "4 hours"),
			weather("seen_below_4h", "epoch(time_hour)", "14399 seconds"),
		},
	}
	snapshot := build(t, s, plan, feature.Range{})
	if snapshot.Frame.Rows != 100_000 {
		t.Fatalf("%d flights", snapshot.Frame.Rows)
	}
	column := func(i int) []float64 { return snapshot.Frame.Columns[i].Numbers }
	lags := func(seen []float64) map[int]int {
		counts := map[int]int{}
		for row, at := range seen {
			if !math.IsNaN(at) {
				scheduled := snapshot.DecidedAt[row].Unix() + 3600
				counts[int(scheduled-int64(at))/3600]++
			}
		}
		return counts
	}
	want := map[int]int{1: 99_606, 2: 134, 3: 25, 4: 5, 5: 2}
	if got := lags(column(1)); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("flights by hours since the observation: %v, want %v", got, want)
	}
	if got := lags(column(2)); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("within 4 hours of the decision, which is 5 of the schedule: %v, want %v", got, want)
	}
	delete(want, 5)
	if got := lags(column(3)); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("within a second less: %v, want %v", got, want)
	}
	sum, n := 0.0, 0
	for _, temp := range column(0) {
		if !math.IsNaN(temp) {
			sum += temp
			n++
		}
	}
	if mean := sum / float64(n); math.Abs(mean-56.7083752819) > 1e-9 {
		t.Errorf("the mean temperature of %d flights is %.10f, want 56.7083752819", n, mean)
	}
}

func BenchmarkBuild(b *testing.B) {
	s, plan := example(b, 2)
	for _, c := range []struct {
		name   string
		within feature.Range
	}{{"year", feature.Range{}}, {"day", feature.Day("2013-10-01")}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				build(b, s, plan, c.within)
			}
		})
	}
}

func BenchmarkLint(b *testing.B) {
	s, plan := example(b, 2)
	for b.Loop() {
		if _, findings, err := plan.Lint(context.Background(), s.DB(), locate); err != nil || len(findings) > 0 {
			b.Fatal(findings, err)
		}
	}
}

// The manual's own query, over the whole year at once and a day at a time.
func TestExampleQueryDaysAreTheYear(t *testing.T) {
	t.Parallel()
	manual, err := os.ReadFile("../../docs/pipeline.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(manual), "```sql\n")
	text, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("the manual shows no query")
	}
	s, plan := example(t, 2)
	plan.Definitions = []feature.Definition{
		{Name: "pressure_fall", Type: feature.Numeric, SQL: "weather_trend"}, {Name: "gusts", Type: feature.Numeric, SQL: "weather_trend"},
	}
	plan.Queries = []feature.Query{{
		Name: "weather_trend", Text: text, Reads: []feature.Read{{Source: "weather", By: []string{"origin"}, Within: duration("6 hours")}},
	}}
	if honest, findings := lint(t, s, plan); honest != 2 || len(findings) > 0 {
		t.Fatalf("%d honest: %+v", honest, findings)
	}
	year := build(t, s, plan, feature.Range{})
	fall, gusts, rose := &year.Frame.Columns[0], &year.Frame.Columns[1], 0
	for row := range year.Frame.Rows {
		if !fall.Missing(row) && fall.Numbers[row] > 0 && !gusts.Missing(row) && gusts.Numbers[row] > 0 {
			rose++
		}
	}
	if year.Frame.Rows != 336_776 || rose < 100_000 {
		t.Errorf("%d rows, and the weather changed in %d of them", year.Frame.Rows, rose)
	}
	for _, day := range []string{"2013-01-01", "2013-03-10", "2013-07-01", "2013-11-03", "2013-12-31"} {
		samePartition(t, year, build(t, s, plan, feature.Day(day)), day)
	}
}
