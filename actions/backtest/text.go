package backtest

import (
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline/backtest"
	"github.com/linecook-ml/linecook/pipeline/ledger"
	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// summary is the rehearsal for a terminal.
func summary(r *backtest.Report, page string) string {
	var b strings.Builder
	if r.Bundle.ID == "" {
		fmt.Fprintf(&b, "%s: nothing was trained: %s\n", r.Pipeline, report.Count(r.Findings))
		return b.String()
	}
	fmt.Fprintf(&b, "%s from %s to %s\n", r.Pipeline, r.From, r.To)
	fmt.Fprintf(&b, "bundle %s\ntrained on %d observations, evaluated on %d later ones\n\n", r.Bundle.ID, r.Bundle.TrainingRows, r.Bundle.EvaluationRows)
	for _, decision := range r.Decisions {
		verdict := "allowed"
		if !decision.Allowed {
			verdict = "denied"
		}
		fmt.Fprintf(&b, "gate %-8s %s, %d of %d checks passed\n", decision.Stage, verdict, len(decision.Passed), len(decision.Required))
		if len(decision.NotJudged) > 0 {
			fmt.Fprintf(&b, "     not judged in a rehearsal: %s\n", report.Printable(strings.Join(decision.NotJudged, ", ")))
		}
		for _, denial := range decision.Denials {
			fmt.Fprintf(&b, "     %s\n     → %s\n", report.Printable(denial.Reason), report.Printable(denial.Remediation))
		}
	}
	if r.Complete() {
		fmt.Fprintf(&b, "\n%d days: %d scored, %d carried forward, %d stopped\n\n%s\n", r.Totals.Days,
			r.Totals.Scored, r.Totals.CarriedForward, r.Totals.Stopped, quality(r).Render())
		for _, day := range r.Days {
			if day.Outcome != ledger.Scored {
				fmt.Fprintf(&b, "\n%s %s: %s\n", day.Date, strings.ReplaceAll(string(day.Outcome), "_", " "), report.Printable(day.Reason))
			}
		}
	}
	fmt.Fprintf(&b, "\nreport %s\n", page)
	return b.String()
}

// quality is a row a month, and one for all of them. It shows the pipeline's
// first metric, so that it fits a terminal; the report has them all.
func quality(r *backtest.Report) table.Writer {
	first := "–"
	if len(r.Quality.Estimates) > 0 {
		first = r.Quality.Estimates[0].Metric
	}
	t := command.Table("period", "days", "scores", "labels", "observed", "predicted", first, "95 %")
	for _, q := range append(append([]backtest.Quality{}, r.Months...), r.Quality) {
		value, interval := "–", "–"
		for _, e := range q.Estimates {
			if e.Metric == first {
				var low, high string
				value, low, high = e.Short()
				interval = low + "–" + high
			}
		}
		t.AppendRow(table.Row{month(q.Period), q.Days, q.Scores, q.Labels, amount(r.Task, q.MeanLabel), amount(r.Task, q.MeanScore), value, interval})
	}
	return t
}

// month is a period as people write it; the empty one is all of them.
func month(period string) string {
	if period == "" {
		return "all"
	}
	if t, err := time.Parse("2006-01", period); err == nil {
		return t.Format("Jan 2006")
	}
	return period
}

// amount is a mean of scores or labels: a share where they are classes.
func amount(task metric.Task, mean *float64) string {
	switch {
	case mean == nil:
		return "–"
	case task == metric.Regression:
		return metric.Figure(*mean)
	}
	return fmt.Sprintf("%.1f %%", 100**mean)
}

// markdown is the rehearsal for a runner's step summary.
func markdown(r *backtest.Report) string {
	return fmt.Sprintf("### linecook backtest %s, %s to %s\n\n%d days: %d scored, %d carried forward, %d stopped\n\n%s\n",
		report.MarkdownText(r.Pipeline), r.From, r.To, r.Totals.Days, r.Totals.Scored, r.Totals.CarriedForward, r.Totals.Stopped,
		quality(r).RenderMarkdown())
}
