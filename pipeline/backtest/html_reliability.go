package backtest

import (
	"fmt"
	"math"

	"github.com/linecook-ml/linecook/pipeline/metric"
)

// reliabilityChart shows how often what was scored at a probability came true.
func reliabilityChart(r *Report) *chart {
	scored, holdout := drawable(r.Quality.Reliability), []metric.Bin(nil)
	if r.Evaluation != nil {
		holdout = drawable(r.Evaluation.Reliability)
	}
	top := 0.0
	for _, bins := range [][]metric.Bin{scored, holdout} {
		for _, b := range bins {
			top = math.Max(top, math.Max(b.MeanPredicted, b.High))
		}
	}
	if top == 0 {
		return nil
	}
	c := &chart{
		drawing: drawing{ID: "reliability", Width: 400, Height: 320},
		Heading: "Reliability",
		Note:    "On the diagonal, scores mean what they say.",
	}
	y := c.yAxis(ticks(0, math.Min(top*1.05, 1), 5), wholePercent)
	x := c.xAxis(ticks(0, math.Min(top*1.05, 1), 5), wholePercent)
	c.segment("diagonal", x.at(0), y.at(0), x.at(x.High), y.at(y.High))
	whiskers := func(bins []metric.Bin) []whisker {
		list := make([]whisker, len(bins))
		for i, b := range bins {
			list[i] = whisker{b.MeanPredicted, b.ObservedRate, b.Low, b.High, fmt.Sprintf("mean score %s, observed %s (%s–%s)\n%s",
				percent(b.MeanPredicted), percent(b.ObservedRate), percent(b.Low), percent(b.High), counted(int64(b.N), "outcome"))}
		}
		return list
	}
	c.whiskers(x, y, "holdout", "holdout", whiskers(holdout))
	c.whiskers(x, y, "score", "scored days", whiskers(scored))
	c.Title = "Reliability diagram"
	c.Desc = "Observed rate over mean score, in groups of similar scores, for the scored days and for the holdout."
	return c
}

// A whisker is a group of rows with similar scores: the mean of their scores,
// what was observed of them with its interval, and what a person is told.
type whisker struct {
	x, y, low, high float64
	say             string
}

// whiskers draws one series of them, and names it in the legend.
func (c *chart) whiskers(x, y scale, class, name string, list []whisker) {
	if len(list) == 0 {
		return
	}
	points := make([]point, len(list))
	for i, w := range list {
		points[i] = point{X: x.at(w.x), Y: y.at(w.y)}
	}
	c.line("line thin "+class, points)
	for i, w := range list {
		p := points[i]
		c.segment("whisker thin "+class, p.X, y.at(w.low), p.X, y.at(w.high))
		c.dot("dot "+class, p.X, p.Y, 4, name+"\n"+w.say)
	}
	c.Legend = append([]key{{"swatch-dot " + class, name}}, c.Legend...)
}

// drawable leaves out the bins that have no place in a figure.
func drawable(bins []metric.Bin) []metric.Bin {
	var kept []metric.Bin
	for _, b := range bins {
		if finite(b.MeanPredicted) && finite(b.ObservedRate) && finite(b.Low) && finite(b.High) {
			kept = append(kept, b)
		}
	}
	return kept
}
