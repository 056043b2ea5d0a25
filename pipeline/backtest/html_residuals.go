package backtest

import (
	"fmt"
	"math"

	"github.com/linecook-ml/linecook/pipeline/metric"
)

// residualChart shows how far outcomes lay from scores, by the size of the score.
func residualChart(r *Report) *chart {
	scored, holdout := whereFinite(r.Quality.Residuals), []metric.ResidualBin(nil)
	if r.Evaluation != nil {
		holdout = whereFinite(r.Evaluation.Residuals)
	}
	left, right := math.Inf(1), math.Inf(-1)
	low, high := 0.0, 0.0
	for _, bins := range [][]metric.ResidualBin{scored, holdout} {
		for _, b := range bins {
			left, right = math.Min(left, b.MeanPredicted), math.Max(right, b.MeanPredicted)
			low, high = math.Min(low, math.Min(b.Low, b.P10)), math.Max(high, math.Max(b.High, b.P90))
		}
	}
	if left > right {
		return nil
	}
	c := &chart{
		drawing: drawing{ID: "residuals", Width: 400, Height: 320},
		Heading: "Residuals",
		Note:    "Outcome less score, in groups of similar scores. Above 0, the score was too low.",
	}
	values := ticks(low, high, 6)
	y := c.yAxis(values, evenly(values))
	values = ticks(left, right, 4)
	x := c.xAxis(values, evenly(values))
	c.segment("diagonal", x.From, y.at(0), x.To, y.at(0))
	for _, b := range scored {
		c.segment("spread", x.at(b.MeanPredicted), y.at(b.P10), x.at(b.MeanPredicted), y.at(b.P90))
	}
	if len(scored) > 0 {
		c.Legend = append(c.Legend, key{"swatch spread", "8 of 10"})
	}
	whiskers := func(bins []metric.ResidualBin) []whisker {
		list := make([]whisker, len(bins))
		for i, b := range bins {
			list[i] = whisker{b.MeanPredicted, b.MeanResidual, b.Low, b.High, fmt.Sprintf("mean score %s\nmean residual %s (%s to %s)\n8 of 10 from %s to %s\n%s",
				decimal(b.MeanPredicted), decimal(b.MeanResidual), decimal(b.Low), decimal(b.High), decimal(b.P10), decimal(b.P90), counted(int64(b.N), "outcome"))}
		}
		return list
	}
	c.whiskers(x, y, "holdout", "holdout", whiskers(holdout))
	c.whiskers(x, y, "score", "scored days", whiskers(scored))
	c.Title = "Residuals by score"
	c.Desc = "Mean of outcome less score over mean score, in groups of similar scores, for the scored days and for the holdout, and the range of eight in ten residuals of the scored days."
	return c
}

// whereFinite leaves out the bins that have no place in a figure.
func whereFinite(bins []metric.ResidualBin) []metric.ResidualBin {
	var kept []metric.ResidualBin
	for _, b := range bins {
		if finite(b.MeanPredicted) && finite(b.MeanResidual) && finite(b.Low) && finite(b.High) && finite(b.P10) && finite(b.P90) {
			kept = append(kept, b)
		}
	}
	return kept
}
