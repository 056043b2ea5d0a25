package contract_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report"
)

const exampleFolder = "../../examples/flight-delay"

func exampleContract(t *testing.T, name string) *contract.Contract {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(exampleFolder, "contracts", name+".odcs.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(text))
}

// example opens the example's tables; writeDir may be empty.
func example(t *testing.T, writeDir string) *dataset.Session {
	t.Helper()
	options := dataset.Options{Root: exampleFolder}
	if writeDir != "" {
		options.WriteDirs = []string{writeDir}
	}
	s, findings, err := dataset.Open(context.Background(), options,
		dataset.Spec{Name: "flights", Paths: []string{"data/flights.parquet"}}, dataset.Spec{Name: "weather", Paths: []string{"data/weather.parquet"}})
	if err != nil || len(findings) > 0 {
		t.Fatal(findings, err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// yearOutlines is what the weather of 2013 looks like.
func yearOutlines(t *testing.T, s *dataset.Session, table string, columns ...string) contract.Outlines {
	t.Helper()
	out := contract.Outlines{}
	for _, c := range columns {
		var o contract.Outline
		query := fmt.Sprintf("SELECT min(%[1]s), quantile_cont(%[1]s, 0.1), quantile_cont(%[1]s, 0.5), quantile_cont(%[1]s, 0.9), max(%[1]s) FROM (SELECT %[1]s::DOUBLE AS %[1]s FROM %[2]s)", c, s.Table(table).Segments[0].Relation())
		if err := s.DB().QueryRow(query).Scan(&o.Min, &o.Low, &o.Median, &o.High, &o.Max); err != nil {
			t.Fatal(err)
		}
		out[c] = o
	}
	return out
}

// No day of the example is a false alarm, and none is suspected of other units.
func TestEveryDayOfTheExampleIsClean(t *testing.T) {
	s := example(t, "")
	training := map[string]contract.Outlines{
		"flights": yearOutlines(t, s, "flights", "distance", "dep_delay", "arr_delay", "air_time", "hour"),
		"weather": yearOutlines(t, s, "weather", "temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib"),
	}
	step, days, want := 1, 0, 729
	if testing.Short() {
		step, want = 30, 26
	}
	for _, name := range []string{"flights", "weather"} {
		c := exampleContract(t, name)
		for day := time.Date(2013, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() == 2013; day = day.AddDate(0, 0, step) {
			date := day.Format(time.DateOnly)
			if name == "weather" && date == "2013-12-31" {
				continue // the source ends on the day before
			}
			result, err := contract.Check(context.Background(), s, s.Table(name), c, contract.CheckOptions{
				Partition: &contract.Partition{Column: "date", Value: date}, Now: day.AddDate(0, 0, 1), Training: training[name]})
			if err != nil {
				t.Fatal(err)
			}
			if len(result.Findings) > 0 || result.Rows == 0 {
				t.Errorf("%s %s: %d rows, %v", name, date, result.Rows, messages(result.Findings))
			}
			days++
		}
	}
	if days != want {
		t.Errorf("%d days were checked", days)
	}
}

// A table is one day as a CSV has it.
type table struct {
	header []string
	rows   [][]string
}

// exported is one day of a source.
func exported(t *testing.T, s *dataset.Session, folder, source, date string) table {
	t.Helper()
	path := filepath.Join(folder, "day.csv")
	query := fmt.Sprintf("COPY (SELECT * FROM %s WHERE date = DATE %s) TO %s (FORMAT csv, HEADER)", s.Table(source).Segments[0].Relation(), dataset.Literal(date), dataset.Literal(path))
	if _, err := s.DB().Exec(query); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return table{header: records[0], rows: records[1:]}
}

func (d table) clone() table {
	out := table{header: slices.Clone(d.header)}
	for _, row := range d.rows {
		out.rows = append(out.rows, slices.Clone(row))
	}
	return out
}

func (d table) text() string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write(d.header)
	_ = w.WriteAll(d.rows)
	return b.String()
}

func (d table) column(name string) int { return slices.Index(d.header, name) }

// cell changes the value of a column in one row that has a value.
func (d table) cell(r *rand.Rand, column string, change func(string) string) string {
	i := d.column(column)
	for {
		if row := d.rows[r.IntN(len(d.rows))]; row[i] != "" {
			row[i] = change(row[i])
			return d.text()
		}
	}
}

func (d table) every(column string, change func(string) string) string {
	i := d.column(column)
	for _, row := range d.rows {
		if row[i] != "" {
			row[i] = change(row[i])
		}
	}
	return d.text()
}

func pick(r *rand.Rand, list ...string) string { return list[r.IntN(len(list))] }

func set(value string) func(string) string { return func(string) string { return value } }

// A breakage makes the text of a file from a clean day of flights.
type breakage struct {
	kind string
	make func(r *rand.Rand, d table) string
}

// verdict checks a file of one day; it is "clean", or the codes of what stops it.
func verdict(t *testing.T, c *contract.Contract, name, text, date string) string {
	t.Helper()
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, findings, err := dataset.Open(context.Background(), dataset.Options{Root: root}, dataset.Spec{Name: "flights", Paths: []string{name}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if len(findings) == 0 {
		result, err := contract.Check(context.Background(), s, s.Table("flights"), c, contract.CheckOptions{Partition: &contract.Partition{Column: "date", Value: date}})
		if err != nil {
			t.Fatal(err)
		}
		findings = result.Findings
		if result.Checks == 0 && !report.HasErrors(findings) {
			t.Errorf("no check ran, and nothing says so")
		}
	}
	if !report.HasErrors(findings) {
		return "clean"
	}
	var codes []string
	for _, f := range findings {
		codes = append(codes, f.Code)
	}
	slices.Sort(codes)
	return strings.Join(slices.Compact(codes), " ")
}

// mutationRounds is how often each kind is tried, with other rows and columns.
const mutationRounds = 3

func TestMutations(t *testing.T) {
	folder := t.TempDir()
	s := example(t, folder)
	c := exampleContract(t, "flights")
	strict := lastLineEnds(t, c, true)
	r := rand.New(rand.NewPCG(2013, 1))
	dates := []string{"2013-02-14", "2013-06-30", "2013-11-28"}
	caught, tried := 0, 0
	for round := range mutationRounds {
		date := dates[round%len(dates)]
		clean := exported(t, s, folder, "flights", date)
		if got := verdict(t, c, "day.csv", clean.text(), date); got != "clean" {
			t.Fatalf("%s is not clean: %s", date, got)
		}
		for _, m := range breakages {
			tried++
			if verdict(t, strict, "day.csv", m.make(r, clean.clone()), date) == "clean" {
				t.Errorf("%s, round %d, passes", m.kind, round)
				continue
			}
			caught++
		}
		for _, m := range harmless {
			if got := verdict(t, c, "day.csv", m.make(r, clean.clone()), date); got != "clean" {
				t.Errorf("%s, round %d, is refused: %s", m.kind, round, got)
			}
		}
	}
	t.Logf("%d kinds of breakage, %d of %d caught; %d harmless kinds", len(breakages), caught, tried, len(harmless))
}

// lastLineEnds is the contract with a word on the last line of a CSV.
func lastLineEnds(t *testing.T, c *contract.Contract, ends bool) *contract.Contract {
	t.Helper()
	said := *c
	said.Schema = slices.Clone(c.Schema)
	said.Schema[0].CustomProperties = append(slices.Clone(c.Schema[0].CustomProperties), contract.CustomProperty{Property: "linecook.lastLineEnds", Value: ends})
	return &said
}

// A last line without an end may be cut, or its writer's habit: the contract can
// say which, and so can the other files.
func TestALastLineWithoutAnEnd(t *testing.T) {
	c := parse(t, "apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\nschema:\n  - name: t\n    properties: [{name: a, logicalType: integer}]\n")
	const whole, cut = "a\n10\n", "a\n20\n3"
	for _, test := range []struct {
		name     string
		contract *contract.Contract
		files    []string
		want     string
	}{
		{"an end", c, []string{whole}, ""},
		{"none, in the only file", c, []string{cut}, "warning: the last line of 0.csv has no end; the last value may be cut short"},
		{"none, in any file", c, []string{cut, cut}, "warning: the last lines of 2 files have no end; the last value may be cut short"},
		{"none, beside one that has", c, []string{whole, cut}, "error: the last line of 1.csv has no end, and that of the other file has one; the last value may be cut short"},
		{"none, beside two that have", c, []string{whole, cut, whole}, "error: the last line of 1.csv has no end, and that of each of the 2 other files has one; the last value may be cut short"},
		{"none, where there must be one", lastLineEnds(t, c, true), []string{cut}, "error: the last line of 0.csv has no end, and the contract says that it has one; the last value may be cut short"},
		{"none, where there never is one", lastLineEnds(t, c, false), []string{whole, cut}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := t.TempDir()
			for i, text := range test.files {
				if err := os.WriteFile(filepath.Join(root, fmt.Sprint(i)+".csv"), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s, findings, err := dataset.Open(context.Background(), dataset.Options{Root: root}, dataset.Spec{Name: "t", Paths: []string{"*.csv"}})
			if err != nil || len(findings) > 0 {
				t.Fatal(findings, err)
			}
			defer func() { _ = s.Close() }()
			result, err := contract.Check(context.Background(), s, s.Table("t"), test.contract, contract.CheckOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range result.Findings {
				got = append(got, fmt.Sprintf("%s: %s", f.Severity, f.Message))
			}
			if strings.Join(got, "\n") != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestCompressedDays(t *testing.T) {
	folder := t.TempDir()
	s := example(t, folder)
	text := exported(t, s, folder, "flights", "2013-02-14").text()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	c := exampleContract(t, "flights")
	if got := verdict(t, c, "day.csv.gz", b.String(), "2013-02-14"); got != "clean" {
		t.Errorf("gzip: %s", got)
	}
	for _, cut := range []int{b.Len() / 2, b.Len() - 4} {
		if got := verdict(t, c, "day.csv.gz", b.String()[:cut], "2013-02-14"); got == "clean" {
			t.Errorf("a gzip file cut to %d of %d bytes passes", cut, b.Len())
		}
	}
}

// Bounds cannot see it when °F turn into °C; training can, on most days.
func TestCelsiusIsSuspected(t *testing.T) {
	folder := t.TempDir()
	s := example(t, folder)
	c := exampleContract(t, "weather")
	training := yearOutlines(t, s, "weather", "temp", "dewp", "visib", "pressure")
	for _, date := range []string{"2013-01-23", "2013-02-14", "2013-12-12"} {
		d := exported(t, s, folder, "weather", date)
		text := d.every("temp", func(v string) string {
			var f float64
			_, _ = fmt.Sscan(v, &f)
			return fmt.Sprintf("%.2f", (f-32)/1.8)
		})
		root := t.TempDir()
		if err := os.WriteFile(filepath.Join(root, "day.csv"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		mutated, findings, err := dataset.Open(context.Background(), dataset.Options{Root: root}, dataset.Spec{Name: "weather", Paths: []string{"day.csv"}})
		if err != nil || len(findings) > 0 {
			t.Fatal(findings, err)
		}
		result, err := contract.Check(context.Background(), mutated, mutated.Table("weather"), c, contract.CheckOptions{Training: training})
		_ = mutated.Close()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(messages(result.Findings), "\n"); !strings.Contains(got, `"temp" look as if they had been turned from °F into °C`) {
			t.Errorf("%s: %s", date, got)
		}
	}
}
