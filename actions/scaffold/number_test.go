package scaffold_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// rentals is a CSV of 6 stations a day from 1 January 2024: casual and
// registered rentals, and their sum.
func rentals(days int) string {
	random := rand.New(rand.NewPCG(3, 4))
	var b strings.Builder
	b.WriteString("date,station_id,workday,warmth,revenue_cents,casual,registered,total\n")
	for day := range days {
		date := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, day)
		warmth := random.Float64()
		workday := 1
		if date.Weekday() == time.Saturday || date.Weekday() == time.Sunday {
			workday = 0
		}
		for station := range 6 {
			casual := int(20*warmth) + random.IntN(5)*(2-workday)
			registered := 30*workday + int(30*warmth) + random.IntN(8) + station
			fmt.Fprintf(&b, "%s,S%d,%d,%.3f,%d,%d,%d,%d\n", date.Format(time.DateOnly), station, workday, warmth, 150*(casual+registered), casual, registered, casual+registered)
		}
	}
	return b.String()
}

// A number to predict begins a pipeline with ridge regression, which goes from
// the data to scores without an edit; what makes up the number is no feature.
func TestFromNumbersToScores(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "data/rentals.csv", rentals(100))
	out := must(t, dir, "init")
	for _, want := range []string{
		"label       total", "a name that numbers to predict have", "outcome     total", "a number; ",
		"casual is a part of the outcome", "registered is a part of the outcome", "revenue_cents tells the outcome exactly",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("init does not say %q:\n%s", want, out)
		}
	}
	config := read(t, dir, "pipeline.yaml")
	for _, want := range []string{"kind: ridge", "metrics: [rmse, mae, r2]", "expression: total", "columns: [total, revenue_cents, casual, registered]", "function: mean, of: total", "- {metric: r2, min: 0.1, min_rows: 200}"} {
		if !strings.Contains(config, want) {
			t.Errorf("pipeline.yaml does not hold %q:\n%s", want, config)
		}
	}
	must(t, dir, "validate")
	must(t, dir, "train", "--version", "0.1.0")
	put(t, dir, "pipeline.yaml", strings.Replace(strings.ReplaceAll(config, "min_rows: 200", "min_rows: 100"), "newer_version]", "newer_version, precise]", 1))
	for _, stage := range []string{"dev", "staging", "prod"} {
		out = must(t, dir, "promote", "--version", "0.1.0", "--to", stage, "--json")
	}
	if _, passed, _ := strings.Cut(out, `"passed"`); !strings.Contains(passed, `"precise"`) {
		t.Errorf("prod was not asked for the check of the repository's own:\n%s", out)
	}
	if out := must(t, dir, "score", "--stage", "prod", "--date", "2024-04-09"); !strings.Contains(out, "6 scores") {
		t.Errorf("score: %s", out)
	}
	if text := read(t, dir, "policy/README.md"); !strings.Contains(text, "`precise.rego` is an example") || strings.Contains(text, "enough_events") {
		t.Errorf("policy/README.md:\n%s", text)
	}
}

// Which column is meant: a name that is sure wins, then outcomes of two with the
// name of one, then numbers with the name of one, then any outcome of two.
func TestWhichColumnIsTheLabel(t *testing.T) {
	table := func(head string, cells func(i int) string) string {
		text := "date,shop," + head + "\n"
		for i := range 90 {
			text += fmt.Sprintf("2024-01-%02d,s%d,%s\n", 1+i/3, i%3, cells(i))
		}
		return text
	}
	for name, test := range map[string]struct {
		head  string
		cells func(i int) string
		flags []string
		says  string
	}{
		"a number, and a holiday":   {"sales,holiday", func(i int) string { return fmt.Sprintf("%d,%d", i*7%41, i/3%2) }, nil, "label       sales"},
		"a number, and a churn":     {"sales,churned", func(i int) string { return fmt.Sprintf("%d,%d", i*7%41, i*5%7%2) }, nil, "label       churned"},
		"a number without a name":   {"n,holiday", func(i int) string { return fmt.Sprintf("%d,%d", i*7%41, i/3%2) }, nil, "label       holiday"},
		"a number that is named":    {"n,holiday", func(i int) string { return fmt.Sprintf("%d,%d", i*7%41, i/3%2) }, []string{"--label", "n"}, "label       n"},
		"two values that are named": {"sales,holiday", func(i int) string { return fmt.Sprintf("%d,%d", i*7%41, i/3%2) }, []string{"--label", "holiday"}, "label       holiday"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, "shops.csv", table(test.head, test.cells))
			if out := must(t, dir, append([]string{"init"}, test.flags...)...); !strings.Contains(out, test.says) {
				t.Errorf("init does not say %q:\n%s", test.says, out)
			}
			must(t, dir, "validate")
		})
	}
}
