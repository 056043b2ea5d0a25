package backtest

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/linecook-ml/linecook/pipeline/ledger"
	"github.com/linecook-ml/linecook/pipeline/metric"
)

// A chart is a drawing with what a reader needs beside it.
type chart struct {
	drawing
	Heading string
	Note    string
	Legend  []key
}

// A key explains a class of shapes.
type key struct{ Class, Text string }

// dailyChart shows, day by day, what was predicted and what was observed.
func dailyChart(r *Report, t timeline) *chart {
	c := &chart{
		drawing: drawing{ID: "daily", Width: 1080, Height: 300},
		Heading: "Predicted and observed, day by day",
		Note:    "The mean of a day's scores, and the share of its observations whose outcome turned out positive.",
		Legend:  []key{{"swatch-line score", "mean score"}, {"swatch-line observed", r.observed()}},
	}
	if r.Task == metric.Regression {
		c.Note = "The mean of a day's scores, and the mean of its outcomes."
	}
	x := scale{0, float64(t.length()), marginLeft, c.Width - marginRight}
	low, high, known := dailyRange(r)
	if !known {
		return nil
	}
	values, label := ticks(low, high, 5), wholePercent
	if r.Task == metric.Regression {
		label = evenly(values)
	}
	y := c.yAxis(values, label)
	width := x.at(1) - x.at(0)
	floor, roof := c.Height-marginBottom, marginTop
	outcomes := map[ledger.Outcome]bool{}
	for _, d := range r.Days {
		if d.Outcome != ledger.Scored {
			outcomes[d.Outcome] = true
			c.rect("band "+outcomeClass(d.Outcome), x.at(t.index(d.Date)), roof, math.Max(width, 3), floor-roof, "")
		}
	}
	for _, o := range []ledger.Outcome{ledger.CarriedForward, ledger.Stopped} {
		if outcomes[o] {
			c.Legend = append(c.Legend, key{"swatch " + outcomeClass(o), outcomeName(o)})
		}
	}
	c.timeAxis(t, x)
	observed, scores := make([]point, t.length()), make([]point, t.length())
	for i := range observed {
		observed[i].Missing, scores[i].Missing = true, true
	}
	for _, d := range r.Days {
		i := t.index(d.Date)
		observed[int(i)], scores[int(i)] = at(x, y, i, d.MeanLabel), at(x, y, i, d.MeanScore)
	}
	c.line("line observed", observed)
	c.line("line score", scores)
	for _, d := range r.Days {
		c.rect("hit", x.at(t.index(d.Date)), roof, width, floor-roof, dayTip(r, d))
	}
	c.Title = "Mean score and " + r.observed() + " by day"
	c.Desc = fmt.Sprintf("Two lines over %s from %s to %s. All values are in the tooltips and in the JSON report.", counted(int64(len(r.Days)), "day"), label(y.Low), label(y.High))
	return c
}

// dailyRange is what the axis of the days must hold. It begins at 0, unless all
// numbers lie so far from it that their changes could not be seen.
func dailyRange(r *Report) (low, high float64, known bool) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, d := range r.Days {
		for _, v := range []*float64{d.MeanScore, d.MeanLabel} {
			if v != nil && finite(*v) {
				low, high, known = math.Min(low, *v), math.Max(high, *v), true
			}
		}
	}
	switch {
	case r.Task != metric.Regression:
		return 0, math.Max(high, 0.01), known
	case low >= 0 && low < high/2:
		low = 0
	}
	return low, high, known
}

func at(x, y scale, i float64, v *float64) point {
	if v == nil || !finite(*v) {
		return point{Missing: true}
	}
	return point{X: x.at(i + 0.5), Y: y.at(*v)}
}

func wholePercent(v float64) string { return strconv.FormatFloat(100*v, 'g', 4, 64) + nbsp + "%" }

// timeAxis labels months, or days where there are few, or years where there
// are many.
func (c *chart) timeAxis(t timeline, x scale) {
	base := c.Height - marginBottom
	c.segment("axis", marginLeft, base, c.Width-marginRight, base)
	n, first := t.length(), true
	for i := range n {
		date := t.from.AddDate(0, 0, i)
		label, start := "", false
		switch {
		case n <= 16:
			label, start = date.Format("2 Jan"), true
		case n <= 62:
			label, start = date.Format("2 Jan"), date.Weekday() == time.Monday
		case n <= 550:
			label, start = date.Format("Jan"), date.Day() == 1
		case n <= 1100:
			label, start = date.Format("Jan"), date.Day() == 1 && date.Month()%3 == 1
		default:
			label, start = date.Format("2006"), date.YearDay() == 1
		}
		if !start {
			continue
		}
		if n > 62 && n <= 1100 && (date.Month() == time.January || first) {
			label = date.Format("Jan 2006")
		}
		first = false
		c.segment("axis", x.at(float64(i)), base, x.at(float64(i)), base+4)
		if x.at(float64(i)) > c.Width-70 {
			continue
		}
		c.text("tick", x.at(float64(i)), base+19, label)
	}
}

// dayTip is all that is known of a day, for a tooltip.
func dayTip(r *Report, d Day) string {
	tip := fmt.Sprintf("%s · %s", d.Date, outcomeName(d.Outcome))
	if d.Rows > 0 {
		tip += fmt.Sprintf("\n%s, mean %s", counted(d.Rows, "score"), r.amount(d.MeanScore))
	}
	if d.Labels > 0 {
		tip += fmt.Sprintf("\nobserved %s of %s", r.amount(d.MeanLabel), counted(d.Labels, "outcome"))
	}
	if d.Reason != "" {
		tip += "\n" + clean(d.Reason)
	}
	for i, feature := range d.Drifted {
		if i == 0 {
			tip += "\ndrifted: "
		} else {
			tip += ", "
		}
		tip += clean(feature)
	}
	return tip
}

// headline is the metric that speaks for the rest: ROC AUC where it was
// measured, else the first.
func headline(r *Report) string {
	sets := [][]metric.Estimate{r.Quality.Estimates}
	for _, q := range r.Months {
		sets = append(sets, q.Estimates)
	}
	if r.Evaluation != nil {
		sets = append(sets, r.Evaluation.Estimates)
	}
	first := ""
	for _, estimates := range sets {
		for _, e := range estimates {
			if e.Metric == "roc_auc" && whole(e) {
				return e.Metric
			}
			if first == "" && whole(e) {
				first = e.Metric
			}
		}
	}
	return first
}

// monthChart shows the headline metric of each month with its interval, after
// that of the holdout, and the thresholds it is held against.
func monthChart(r *Report) *chart {
	name := headline(r)
	type column struct {
		label, class string
		estimate     metric.Estimate
	}
	var columns []column
	if r.Evaluation != nil {
		if e, ok := find(r.Evaluation.Estimates, name); ok {
			columns = append(columns, column{"holdout", "holdout", e})
		}
	}
	months := 0
	for _, q := range r.Months {
		if e, ok := find(q.Estimates, name); ok {
			columns = append(columns, column{monthName(q.Period), "score", e})
			months++
		}
	}
	if months == 0 {
		return nil
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, c := range columns {
		low, high = math.Min(low, c.estimate.Low), math.Max(high, c.estimate.High)
	}
	limits := thresholds(r, name)
	for _, l := range limits {
		low, high = math.Min(low, l.value), math.Max(high, l.value)
	}
	pad := math.Max((high-low)*0.15, 0.002)
	c := &chart{
		drawing: drawing{ID: "months", Width: 640, Height: 320},
		Heading: metricName(name) + " by month",
		Note:    "Bars are the " + level(columns[0].estimate) + overDays(columns[0].estimate) + ".",
		Legend:  []key{{"swatch-dot score", "month"}},
	}
	if columns[0].class == "holdout" {
		c.Legend = append(c.Legend, key{"swatch-dot holdout", "holdout, before the first day"})
	}
	values := ticks(low-pad, high+pad, 7)
	y := c.yAxis(values, evenly(values))
	base := c.Height - marginBottom
	c.segment("axis", marginLeft, base, c.Width-marginRight, base)
	for _, l := range limits {
		c.segment("threshold", marginLeft, y.at(l.value), c.Width-marginRight, y.at(l.value))
		c.text("threshold-label end", c.Width-marginRight, y.at(l.value)-6, l.text)
	}
	x := scale{0, float64(len(columns)), marginLeft, c.Width - marginRight}
	every := (len(columns) + 7) / 8
	for i, column := range columns {
		e, middle := column.estimate, x.at(float64(i)+0.5)
		tip := fmt.Sprintf("%s\n%s %s (%s)\n%s", column.label, metricName(name), decimal(e.Value), interval(e), counted(int64(e.N), "outcome")+ofDays(e))
		c.segment("whisker "+column.class, middle, y.at(e.Low), middle, y.at(e.High))
		c.dot("dot "+column.class, middle, y.at(e.Value), 5, "")
		if len(columns) <= 12 {
			c.text("value", middle+10, y.at(e.Value)+4, decimal(e.Value))
		}
		if i%every == 0 {
			c.text("tick middle", middle, base+19, column.label)
		}
		c.rect("hit", x.at(float64(i)), marginTop, x.at(1)-x.at(0), base-marginTop, tip)
	}
	c.Title = c.Heading
	c.Desc = fmt.Sprintf("%s of %s, each with its interval. All values are in the table of months.", metricName(name), counted(int64(months), "month"))
	return c
}

// evenly writes all ticks of an axis with the decimals that their step needs.
func evenly(values []float64) func(float64) string {
	decimals := max(0, int(math.Ceil(-math.Log10(values[1]-values[0])-1e-9)))
	return func(v float64) string { return grouped(strconv.FormatFloat(v, 'f', decimals, 64)) }
}

// bound writes a threshold as it was written in pipeline.yaml.
func bound(v float64) string {
	return strconv.FormatFloat(math.Round(v*1e6)/1e6, 'f', -1, 64)
}

type limit struct {
	value float64
	text  string
}

func thresholds(r *Report, name string) []limit {
	var limits []limit
	for _, t := range r.Thresholds {
		if t.Metric != name {
			continue
		}
		if t.Min != nil && finite(*t.Min) {
			limits = append(limits, limit{*t.Min, "alert below " + bound(*t.Min)})
		}
		if t.Max != nil && finite(*t.Max) {
			limits = append(limits, limit{*t.Max, "alert above " + bound(*t.Max)})
		}
	}
	return limits
}
