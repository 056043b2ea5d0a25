package backtest

import (
	"math"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/metric"
)

// numbers is the sample with numbers in place of classes: scores and labels of
// the given size about a middle.
func numbers(middle, size float64) *Report {
	r := sample()
	r.Task, r.Evaluation.Task = metric.Regression, metric.Regression
	move := func(v *float64) {
		if v != nil {
			*v = middle + size*(*v-0.2)
		}
	}
	errors := func(e []metric.Estimate) []metric.Estimate {
		return []metric.Estimate{
			{Metric: "rmse", Value: 0.3 * size * e[0].Value, Low: 0.3 * size * e[0].Low, High: 0.3 * size * e[0].High, Level: 0.95, N: e[0].N},
			{Metric: "r2", Value: 0.9, Low: 0.88, High: 0.92, Level: 0.95, N: e[0].N},
		}
	}
	judged := []*Quality{&r.Quality, r.Carried}
	for i := range r.Months {
		judged = append(judged, &r.Months[i])
	}
	for _, q := range judged {
		move(q.MeanScore)
		move(q.MeanLabel)
		q.Estimates, q.Reliability = errors(q.Estimates), nil
	}
	for i := range r.Days {
		move(r.Days[i].MeanScore)
		move(r.Days[i].MeanLabel)
	}
	r.Evaluation.Estimates, r.Evaluation.Reliability = errors(r.Evaluation.Estimates), nil
	for i := range r.Evaluation.Slices {
		r.Evaluation.Slices[i].Estimates = errors(r.Evaluation.Slices[i].Estimates)
	}
	r.Evaluation.Residuals, r.Quality.Residuals = residuals(middle, size, 0.02), residuals(middle, size, -0.01)
	r.Thresholds = []Threshold{{Metric: "rmse", Max: pointer(0.3 * size)}}
	return r
}

func residuals(middle, size, bias float64) []metric.ResidualBin {
	var all []metric.ResidualBin
	for i := range 10 {
		at := float64(i) / 9
		mean := size * (bias + 0.01*math.Sin(3*at))
		all = append(all, metric.ResidualBin{N: 280, MeanPredicted: middle + size*(at-0.2), MeanResidual: mean,
			Low: mean - 0.01*size, High: mean + 0.01*size, P10: mean - size*(0.03+0.1*at), P90: mean + size*(0.03+0.1*at)})
	}
	return all
}

func TestHTMLOfNumbers(t *testing.T) {
	r := numbers(200, 1000)
	page := render(t, r)
	for _, want := range []string{
		"<h2>Residuals</h2>", "<h2>RMSE by month</h2>", "alert above 300",
		"RMSE 221.4 (220.6\u00a0to\u00a0222.2) once outcomes were known.",
		"<dt>Observed mean</dt><dd class=\"figure\">203.0</dd><dd class=\"note\">mean score 205.0</dd>",
		"8 of 10 from ", "R²",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, wrong := range []string{"Reliability", "bserved rate", "probability", "turned out positive"} {
		if strings.Contains(page, wrong) {
			t.Errorf("the page of numbers says %q", wrong)
		}
	}
	if elements := scan(t, page); elements["svg"] != 4 || elements["desc"] != 4 {
		t.Errorf("%d figures with %d descriptions, want 4", elements["svg"], elements["desc"])
	}
	if page != render(t, numbers(200, 1000)) {
		t.Error("two renderings differ")
	}
	if found := notNumbers.FindString(page); found != "" {
		t.Errorf("the page holds %q", found)
	}
}

// The axis of the days shows what changes: from 0 where that is near.
func TestDailyRange(t *testing.T) {
	for _, test := range []struct {
		name         string
		middle, size float64
		from         string
	}{
		{"counts", 200, 1000, ">0<"},
		{"far from 0", 5000, 10, ">4,998.5<"},
		{"below 0", -40, 100, ">−55<"},
	} {
		if page := render(t, numbers(test.middle, test.size)); !strings.Contains(page, test.from) {
			_, figure, _ := strings.Cut(page, `aria-labelledby="daily-title`)
			figure, _, _ = strings.Cut(figure, "</svg>")
			t.Errorf("%s: the page lacks the tick %s: %.1500s", test.name, test.from, figure)
		}
	}
}

func TestHTMLLeavesOutResidualsThatAreNone(t *testing.T) {
	r := numbers(200, 1000)
	for i := range r.Quality.Residuals {
		r.Quality.Residuals[i].P10 = math.NaN()
		r.Evaluation.Residuals[i].MeanPredicted = math.Inf(1)
	}
	page := render(t, r)
	if found := notNumbers.FindString(page); found != "" || strings.Contains(page, "<h2>Residuals</h2>") {
		t.Errorf("the page holds %q", found)
	}
}
