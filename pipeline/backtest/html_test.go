package backtest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/ledger"
	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/pipeline/report/reporttest"
)

// sample is a plausible report over four months: two days whose scores were
// carried forward and one that was stopped.
func sample() *Report {
	from, to := time.Date(2013, 9, 1, 0, 0, 0, 0, time.UTC), time.Date(2013, 12, 31, 0, 0, 0, 0, time.UTC)
	r := &Report{
		Format: Format, Pipeline: "flight-delay", From: "2013-09-01", To: "2013-12-31", Stage: "prod",
		Description: "Will a flight out of New York leave more than 15 minutes late? Asked two hours ahead.",
		Bundle: Bundle{Name: "flight-delay", Version: "0.0.0-backtest", ID: "sha256:" + strings.Repeat("4f2a91c07be3", 6)[:64],
			Until: "2013-09-01", TrainingRows: 191_220, EvaluationRows: 28_841, Snapshot: "sha256:" + strings.Repeat("91b6d02ea7", 7)[:64]},
		Evaluation: &evaluation.Report{
			Format: evaluation.Format, Task: "classification", GapSeconds: 86400, TrainingRows: 191_220, Rows: 28_841,
			Training:    evaluation.Period{From: time.Date(2013, 1, 1, 8, 15, 0, 0, time.UTC), To: time.Date(2013, 7, 30, 21, 59, 0, 0, time.UTC)},
			Period:      evaluation.Period{From: time.Date(2013, 8, 1, 7, 0, 0, 0, time.UTC), To: time.Date(2013, 8, 31, 23, 59, 0, 0, time.UTC)},
			Estimates:   estimates(0.722, 28_841),
			Slices:      []evaluation.Slice{{Feature: "origin", Level: "EWR", Estimates: estimates(0.714, 10_203)}, {Feature: "origin", Level: "JFK", Estimates: estimates(0.731, 9_611)}, {Feature: "origin", Level: "LGA", Estimates: estimates(0.719, 9_027)}},
			Reliability: bins(0.94), Contract: evaluation.Contract{Checks: 74, Rows: 245_110}, Honesty: evaluation.Honesty{StaticPassed: true, FeaturesChecked: 15},
		},
		Thresholds: []Threshold{{Metric: "roc_auc", Min: pointer(0.65)}},
		Sources: []ledger.Input{
			{Source: "flights", Fingerprint: "sha256:" + strings.Repeat("0c5d7e11", 8), Rows: 336_776, Files: 1},
			{Source: "weather", Fingerprint: "sha256:" + strings.Repeat("be82a640", 8), Rows: 26_115, Files: 1},
		},
	}
	reasons := map[string]Day{
		"2013-10-12": {Outcome: ledger.CarriedForward, Reason: "source flights has no column carrier on 2013-10-12; the nearest is airline", OldestDays: 4, WithoutScore: 31},
		"2013-11-05": {Outcome: ledger.Stopped, Reason: "2013-11-05 has no rows in source flights; and no score of the last 7 days could be carried forward"},
		"2013-12-31": {Outcome: ledger.CarriedForward, Reason: "weather has 0 rows on 2013-12-31, and its contract wants more than 40", OldestDays: 6, WithoutScore: 18},
	}
	months := map[string]*Quality{}
	var order []string
	for date := from; !date.After(to); date = date.AddDate(0, 0, 1) {
		i := float64(date.YearDay())
		text := date.Format(time.DateOnly)
		d, special := reasons[text]
		if !special {
			d.Outcome = ledger.Scored
		}
		d.Date, d.RunID = text, "sha256:"+strings.Repeat("a", 64)
		if d.Outcome != ledger.Stopped {
			mean := 0.19 + 0.05*math.Sin(i/11) + 0.03*math.Sin(i*0.9)
			d.Rows, d.Labels = 900+int64(70*math.Sin(i)), 880+int64(70*math.Sin(i))
			d.MeanScore, d.MeanLabel = pointer(mean), pointer(mean+0.05*math.Sin(i*1.7)+0.06*max(0, math.Sin(i/5)-0.7))
		}
		if date.Day()%17 == 0 && d.Outcome == ledger.Scored {
			d.Drifted = []string{"temperature", "dew_point"}
		}
		r.Days = append(r.Days, d)
		r.Totals.Days++
		r.Totals.Scores += d.Rows
		switch d.Outcome {
		case ledger.Scored:
			r.Totals.Scored++
			month := text[:7]
			if months[month] == nil {
				months[month] = &Quality{Period: month}
				order = append(order, month)
			}
			months[month].Days++
			months[month].Scores += d.Rows
			months[month].Labels += d.Labels
		case ledger.CarriedForward:
			r.Totals.CarriedForward++
			r.Totals.CarriedScores += d.Rows
		default:
			r.Totals.Stopped++
		}
	}
	for i, month := range order {
		q := months[month]
		q.Estimates = estimates([]float64{0.741, 0.717, 0.729, 0.748}[i], int(q.Labels))
		q.MeanScore, q.MeanLabel = pointer(0.19+0.01*float64(i)), pointer(0.18+0.015*float64(i))
		r.Months = append(r.Months, *q)
		r.Quality.Days += q.Days
		r.Quality.Scores += q.Scores
		r.Quality.Labels += q.Labels
	}
	r.Quality.Estimates, r.Quality.Reliability = estimates(0.738, int(r.Quality.Labels)), bins(1.04)
	r.Quality.MeanScore, r.Quality.MeanLabel = pointer(0.205), pointer(0.203)
	r.Carried = &Quality{Days: 2, Scores: r.Totals.CarriedScores, Labels: 1_702, Estimates: estimates(0.633, 1_702), MeanScore: pointer(0.188), MeanLabel: pointer(0.241)}
	for i, stage := range []string{"dev", "staging", "prod"} {
		r.Decisions = append(r.Decisions, Gate{Decision: decision(stage, []float64{0, 0.65, 0.68}[i], from)})
	}
	r.Findings = []report.Finding{
		{Code: "contract/missing-column", Severity: report.Error, Message: "source flights has no column carrier on 2013-10-12; the nearest is airline", Remedy: "rename it back, or change the contract",
			Position: report.Position{File: "examples/flight-delay/contracts/flights.odcs.yaml", Line: 18, Column: 15}, Source: "flights", Partition: "2013-10-12", Column: "carrier"},
		{Code: "contract/row-count", Severity: report.Error, Message: "weather has 0 rows on 2013-12-31, and its contract wants more than 40",
			Position: report.Position{File: "examples/flight-delay/contracts/weather.odcs.yaml", Line: 39}, Source: "weather", Partition: "2013-12-31", Count: 1, Samples: []string{"rowCount 0"}},
		{Code: "monitoring/drift", Severity: report.Warning, Message: "temperature has drifted on 2013-11-17: population stability index 0.412, above 0.25", Remedy: "compare the partition with the training profile",
			Position: report.Position{File: "examples/flight-delay/pipeline.yaml", Line: 118, Column: 10}, Partition: "2013-11-17", Column: "temperature"},
	}
	return r
}

func pointer(v float64) *float64 { return &v }

func estimates(auc float64, n int) []metric.Estimate {
	half := 0.9 / math.Sqrt(float64(n))
	return []metric.Estimate{
		{Metric: "roc_auc", Value: auc, Low: auc - half, High: auc + half, Level: 0.95, N: n, Positives: n / 5, Days: 30},
		{Metric: "log_loss", Value: 0.461, Low: 0.455, High: 0.467, Level: 0.95, N: n, Positives: n / 5},
		{Metric: "brier", Value: 0.1475, Low: 0.1449, High: 0.15, Level: 0.95, N: n, Positives: n / 5},
	}
}

func bins(tilt float64) []metric.Bin {
	var all []metric.Bin
	for i := range 10 {
		p := 0.05 + 0.06*float64(i) + 0.002*float64(i*i)
		rate := p*tilt + 0.01*math.Sin(float64(i)*2)
		all = append(all, metric.Bin{N: 10_234, Positives: int(10_234 * rate), MeanPredicted: p, ObservedRate: rate, Low: rate - 0.009, High: rate + 0.009})
	}
	return all
}

func decision(stage string, floor float64, at time.Time) promotion.Decision {
	d := promotion.Decision{
		Allowed: true, Pipeline: "flight-delay", Stage: stage, Version: "0.0.0-backtest", At: at, Actor: "backtest",
		Required:     []string{"bundle_verified", "checks_named", "contract_clean", "evaluated_later", "honest_features", "not_current", "previous_stage"},
		PolicyDigest: "sha256:" + strings.Repeat("77ee0b1d", 8),
	}
	if floor > 0 {
		d.Required = slices.Insert(d.Required, 5, "metric_floors")
		d.Requirement.Metrics = []promotion.MetricFloor{{Metric: "roc_auc", Min: &floor, MinRows: 5000}}
		d.Evidence.Evaluation.Estimates = []promotion.Estimate{{Metric: "roc_auc", Value: 0.722, Low: 0.717, High: 0.727, Level: 0.95, N: 28_841}}
	}
	d.Passed = slices.Clone(d.Required)
	return d
}

func render(t *testing.T, r *Report) string {
	t.Helper()
	var page bytes.Buffer
	if err := HTML(&page, r); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

// scan reads a page as XML, which is stricter than any browser, and returns how
// often each element begins.
func scan(t *testing.T, page string) map[string]int {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(page))
	elements := map[string]int{}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return elements
		}
		if err != nil {
			t.Fatalf("the page is not well formed: %v", err)
		}
		if start, ok := token.(xml.StartElement); ok {
			elements[start.Name.Local]++
		}
	}
}

func TestHTMLSaysWhatHappened(t *testing.T) {
	page := render(t, sample())
	for _, want := range []string{
		"<h1>flight-delay</h1>",
		"119 of 122\u00a0days were scored, 2 carried forward, 1 stopped; ROC AUC 0.738 (0.735\u00a0to\u00a00.741) once outcomes were known.",
		"1 September – 31 December 2013",
		"4f2a91c07be3<",
		"alert below 0.65",
		"Bars are the 95\u00a0% interval, over days.",
		"outcomes of 30\u00a0days",
		"the nearest is airline",
		"2013-11-05",
		"weather has 0 rows on 2013-12-31",
		"allowed, 8 of 8 checks passed",
		"ROC AUC is at least 0.717, floor 0.68",
		"examples/flight-delay/contracts/flights.odcs.yaml:18:15",
		"191,220",
		"origin=JFK",
		"sha256:" + strings.Repeat("be82a640", 8),
		"drifted: temperature, dew_point",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	elements := scan(t, page)
	if elements["svg"] != 4 || elements["desc"] != 4 {
		t.Errorf("%d figures with %d descriptions, want 4", elements["svg"], elements["desc"])
	}
	if elements["table"] == 0 || elements["caption"] != elements["table"] {
		t.Errorf("%d tables have %d captions", elements["table"], elements["caption"])
	}
	if n := strings.Count(page, `class="cell `); n != 122 {
		t.Errorf("the calendar has %d cells for 122 days", n)
	}
}

// The page must open on a machine without a network, and stay what it is.
func TestHTMLNeedsNothingElse(t *testing.T) {
	page := render(t, sample())
	for _, forbidden := range []string{"http://", "https://", "src=", "href=", "@import", "url(", "<script", "onload", "ZgotmplZ"} {
		if strings.Contains(page, forbidden) {
			t.Errorf("the page holds %q", forbidden)
		}
	}
	if page != render(t, sample()) {
		t.Error("two renderings differ")
	}
}

// poison puts a hostile text into every text of a value, whatever its depth,
// except where a date or a month must stand.
func poison(v reflect.Value, hostile string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem(), hostile)
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i), hostile)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			if v.Type().Field(i).IsExported() && name != "From" && name != "To" && name != "Date" {
				poison(v.Field(i), hostile)
			}
		}
	case reflect.String:
		v.SetString(hostile)
	}
}

// Whatever stands in the report's texts, a browser sees the page that it sees of
// harmless ones.
func TestHTMLDisarmsEveryText(t *testing.T) {
	skeleton := func(text string) ([]string, []string) {
		t.Helper()
		r := sample()
		r.From, r.To, r.Days = r.Days[35].Date, r.Days[44].Date, r.Days[35:45] // with a carried one
		poison(reflect.ValueOf(r), text)
		page := render(t, r)
		scan(t, page)
		skeleton, texts, err := reporttest.Skeleton(page)
		if err != nil {
			t.Fatal(err)
		}
		return skeleton, texts
	}
	plain, _ := skeleton("plain")
	nothing, _ := skeleton("")
	all := reporttest.Naughty()
	if testing.Short() {
		all = all[:50] // the race detector has nothing to find in the others
	}
	for _, text := range all {
		got, texts := skeleton(text)
		want := plain
		if text == "" {
			want = nothing
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q changes the page: %s", text, difference(want, got))
		}
		page := strings.Join(texts, "\n")
		if shown := strings.TrimSpace(report.Printable(text)); len(text) < 1000 && !strings.Contains(page, shown) {
			t.Errorf("%q is not on the page", shown)
		}
		if strings.ContainsFunc(page, func(r rune) bool { return r != '\n' && report.Printable(string(r)) != string(r) }) {
			t.Errorf("%q lets characters through that steer", text)
		}
		if strings.Contains(page, "ZgotmplZ") {
			t.Errorf("%q stands where text may not", text)
		}
	}
}

// The browser itself: texts that would run, in every place of the page, and the
// page's title says whether one did.
func TestABrowserRunsNothingOfTheTexts(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	browser := ""
	for _, name := range []string{"chromium", "google-chrome", "chromium-browser"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	if browser == "" {
		t.Skip("there is no chromium or google-chrome")
	}
	show := func(page string) []string {
		t.Helper()
		file := filepath.Join(t.TempDir(), "page.html")
		if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
		command := exec.CommandContext(t.Context(), browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
			"--user-data-dir="+t.TempDir(), "--virtual-time-budget=1000", "--dump-dom", "file://"+file)
		out, err := command.Output()
		if err != nil {
			t.Fatalf("%s: %v", browser, err)
		}
		skeleton, _, err := reporttest.Skeleton(string(out))
		if err != nil {
			t.Fatal(err)
		}
		return skeleton
	}
	page := func(texts ...string) string {
		r := sample()
		r.From, r.To, r.Days = r.Days[35].Date, r.Days[44].Date, r.Days[35:45]
		poison(reflect.ValueOf(r), strings.Join(texts, " "))
		return render(t, r)
	}
	attack := []string{}
	for _, text := range []string{
		`<script>document.body.append(document.createElement("forged"))</script>`, `<img src=x onerror='document.body.append(document.createElement("forged"))'>`,
		`"><svg onload='document.body.append(document.createElement("forged"))'>`, `' autofocus onfocus='document.body.append(document.createElement("forged"))`,
	} {
		attack = append(attack, text, "</title>"+text, "</style>"+text, "--></textarea>"+text)
	}
	if forged := show("<!doctype html><title>t</title><body>" + attack[0]); !slices.Contains(forged, "forged") {
		t.Fatalf("the browser does not run what it should: %q", forged)
	}
	plain := show(page("plain"))
	if got := show(page(append(attack, reporttest.Naughty()...)...)); !slices.Equal(got, plain) {
		t.Errorf("the texts change the page: %s", difference(plain, got))
	}
}

func difference(want, got []string) string {
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			return fmt.Sprintf("node %d is %q, not %q", i, got[i], want[i])
		}
	}
	return fmt.Sprintf("it has %d nodes, not %d", len(got), len(want))
}

var notNumbers = regexp.MustCompile(`\b(NaN|Inf)\b|<no value>|%!`)

// Reports that lack something still say what is there.
func TestHTMLOfIncompleteReports(t *testing.T) {
	one := func(o ledger.Outcome) *Report {
		r := sample()
		r.From, r.To, r.Days = "2013-12-31", "2013-12-31", []Day{{Date: "2013-12-31", Outcome: o, Reason: "because"}}
		r.Totals = Totals{Days: 1}
		r.Months, r.Quality, r.Carried = nil, Quality{}, nil
		return r
	}
	for _, test := range []struct {
		name   string
		report func() *Report
		want   string
	}{
		{"nothing but its dates", func() *Report { return &Report{From: "2013-09-01", To: "2013-09-02"} }, "Nothing was scored: the line stopped before its first day."},
		{"the gate said no", func() *Report {
			r := sample()
			r.Days, r.Totals, r.Quality, r.Months, r.Carried = nil, Totals{}, Quality{}, nil, nil
			last := &r.Decisions[2]
			last.Allowed = false
			last.Passed = slices.DeleteFunc(last.Passed, func(code string) bool { return code == "metric_floors" })
			last.Denials = []promotion.Denial{{Code: "metric_floors", Title: "The metrics meet the stage's bounds", Reason: "roc_auc 0.661 is below the floor 0.68", Remediation: "Improve the model."}}
			return r
		}, "the gate of prod refused the bundle"},
		{"what a rehearsal cannot judge", func() *Report {
			r := sample()
			r.Decisions[2].NotJudged = []string{"approved", "<b>mine</b>"}
			return r
		}, `not judged in a rehearsal</b> <span class="code">approved</span>, <span class="code">&lt;b&gt;mine&lt;/b&gt;</span>`},
		{"no labels yet", func() *Report {
			r := sample()
			for i := range r.Days {
				r.Days[i].Labels, r.Days[i].MeanLabel = 0, nil
			}
			for i := range r.Months {
				r.Months[i].Labels, r.Months[i].Estimates, r.Months[i].MeanLabel = 0, nil, nil
			}
			r.Quality = Quality{Days: 119, Scores: 106_907}
			return r
		}, "outcomes do not tell yet"},
		{"one day", func() *Report { r := one(ledger.Scored); r.Totals.Scored = 1; return r }, "1 of 1\u00a0day was scored, none carried forward, none stopped"},
		{"one day that stopped", func() *Report { r := one(ledger.Stopped); r.Totals.Stopped = 1; return r }, "None of 1\u00a0day was scored"},
		{"an outcome of the future", func() *Report { return one("postponed") }, "postponed"},
		{"all stopped", func() *Report {
			r := sample()
			for i := range r.Days {
				r.Days[i] = Day{Date: r.Days[i].Date, Outcome: ledger.Stopped, Reason: "no data"}
			}
			r.Totals = Totals{Days: 122, Stopped: 122}
			r.Quality, r.Months, r.Carried = Quality{}, nil, nil
			return r
		}, "None of 122\u00a0days were scored"},
		{"no evaluation", func() *Report { r := sample(); r.Evaluation = nil; return r }, "ROC AUC 0.738"},
		{"another metric", func() *Report {
			r := sample()
			r.Evaluation, r.Months, r.Carried = nil, nil, nil
			r.Quality.Estimates = []metric.Estimate{{Metric: "rmse", Value: 4.2, Low: 4, High: 4.4, Level: 0.95, N: 10}}
			return r
		}, "RMSE 4.200"},
		{"numbers that are none", func() *Report {
			r := sample()
			for i := range r.Days {
				r.Days[i].MeanScore = pointer(math.NaN())
				r.Days[i].MeanLabel = pointer(math.Inf(1))
			}
			for i := range r.Quality.Reliability {
				r.Quality.Reliability[i].ObservedRate = math.NaN()
			}
			r.Quality.Estimates[0].Value = math.NaN()
			r.Months[1].Estimates[0].High = math.Inf(1)
			r.Thresholds[0].Min = pointer(math.NaN())
			return r
		}, "122"},
		{"days without a run", func() *Report { r := sample(); r.Days = r.Days[:40]; return r }, "no run"},
		{"three years", func() *Report {
			r := sample()
			r.To = "2016-08-31"
			return r
		}, "1 September 2013 – 31 August 2016"},
		{"thousands of findings", func() *Report {
			r := sample()
			for i := range 3000 {
				r.Findings = append(r.Findings, report.Finding{Code: "x", Severity: report.Info, Message: fmt.Sprint("finding ", i)})
			}
			return r
		}, "2,803 more are in the JSON report."},
	} {
		t.Run(test.name, func(t *testing.T) {
			page := render(t, test.report())
			scan(t, page)
			if !strings.Contains(page, test.want) {
				t.Errorf("the page lacks %q", test.want)
			}
			if found := notNumbers.FindString(page); found != "" {
				t.Errorf("the page holds %q", found)
			}
		})
	}
}

func TestHTMLRefusesDatesThatItCannotRead(t *testing.T) {
	for name, spoil := range map[string]func(*Report){
		"first day":       func(r *Report) { r.From = "yesterday" },
		"last day":        func(r *Report) { r.To = "" },
		"upside down":     func(r *Report) { r.To = "2013-08-31" },
		"a day":           func(r *Report) { r.Days[3].Date = "2013-9-4" },
		"a day elsewhere": func(r *Report) { r.Days[3].Date = "2014-09-04" },
	} {
		r := sample()
		spoil(r)
		var page bytes.Buffer
		if err := HTML(&page, r); err == nil || page.Len() > 0 {
			t.Errorf("%s: error %v after %d bytes", name, err, page.Len())
		}
	}
}

// A report that went through its JSON form gives the same page.
func TestHTMLOfReportReadBack(t *testing.T) {
	text, err := json.Marshal(sample())
	if err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if render(t, sample()) != render(t, &back) {
		t.Error("the page changed")
	}
}

func TestTicks(t *testing.T) {
	for _, test := range []struct {
		low, high float64
		count     int
		want      []float64
	}{
		{0, 0.32, 5, []float64{0, 0.1, 0.2, 0.3, 0.4}},
		{0.63, 0.77, 7, []float64{0.62, 0.64, 0.66, 0.68, 0.7, 0.72, 0.74, 0.76, 0.78}},
		{0, 1, 5, []float64{0, 0.2, 0.4, 0.6, 0.8, 1}},
		{3, 3, 2, []float64{2.5, 3, 3.5}},
	} {
		got := ticks(test.low, test.high, test.count)
		equal := slices.EqualFunc(got, test.want, func(a, b float64) bool { return math.Abs(a-b) < 1e-9 })
		if !equal {
			t.Errorf("ticks(%v, %v, %d) = %v, want %v", test.low, test.high, test.count, got, test.want)
		}
	}
}

func TestNumbersAreWrittenForPeople(t *testing.T) {
	for got, want := range map[string]string{
		count(-1234567): "−1,234,567", count(999): "999", count(1000): "1,000", count(0): "0",
		counted(1, "day"): "1 day", counted(1000, "score"): "1,000 scores",
		decimal(0.7384): "0.738", decimal(-0.5): "−0.500", decimal(math.NaN()): "–",
		percent(0.2034): "20.3 %", share(nil): "–", bound(0.65): "0.65",
		px(-0.04): "0", px(-0.3): "-0.3", px(12): "12",
	} {
		if strings.ReplaceAll(got, nbsp, " ") != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
