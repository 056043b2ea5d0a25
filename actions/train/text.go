package train

import (
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// estimates is the evaluation as a table: all rows first, then each slice. A
// slice's level is text from the data: literal makes it harmless where the table
// is shown.
func estimates(out result, literal func(string) string) table.Writer {
	t := command.Table("metric", "rows", "value", "95 % interval", "n", "days")
	add := func(rows string, e metric.Estimate) {
		value, low, high := e.Figures()
		t.AppendRow(table.Row{e.Metric, rows, value, low + " – " + high, e.N, e.Days})
	}
	for _, e := range out.Evaluation.Estimates {
		add("all", e)
	}
	for _, slice := range out.Evaluation.Slices {
		for _, e := range slice.Estimates {
			add(literal(slice.Name()), e)
		}
	}
	return t
}

// markdownCell makes text literal in a table that go-pretty renders, which
// escapes the bars itself.
func markdownCell(text string) string {
	return strings.ReplaceAll(report.MarkdownText(text), `\|`, "|")
}

func text(out result, trainRows int) string {
	period := out.Evaluation.Period
	var b strings.Builder
	fmt.Fprintf(&b, "%s@v%s, as known before %s\n", out.Name, out.Version, out.Until)
	fmt.Fprintf(&b, "trained on %d observations, evaluated on %d later ones (decided %s to %s)\n%s",
		trainRows, out.Evaluation.Rows, period.From.Format(time.DateOnly), period.To.Format(time.DateOnly), grouped(out.Evaluation.Split))
	if cv := out.Evaluation.CrossValidation; cv != nil {
		fmt.Fprintf(&b, "\n%s\n%s\n%s\n", rule(cv), timeline(out.Evaluation), candidates(cv).Render())
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "%s\n", estimates(out, report.Printable).Render())
	b.WriteString(compared(out))
	if s := out.Evaluation.Split.Shuffled; s != nil {
		fmt.Fprintf(&b, "\n%s\n%s\n", asked(s), shuffled(out.Evaluation).Render())
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "bundle %s\nin     %s\n", out.BundleID, out.Archive)
	return b.String()
}

// compared is the comparison with what serves, where there is one.
func compared(out result) string {
	c := out.Evaluation.Comparison
	if c == nil {
		return ""
	}
	return fmt.Sprintf("beside version %s, which serves on %s, on the same %d rows:\n%s\n", c.Version, c.Stage, c.Rows, differences(c, report.Printable).Render())
}

func differences(c *evaluation.Comparison, literal func(string) string) table.Writer {
	t := command.Table("metric", "rows", "difference", "95 % interval", "n", "days")
	for _, d := range c.Differences {
		rows := "all"
		if d.Slice != "" {
			rows = literal(d.Slice)
		}
		t.AppendRow(table.Row{d.Metric, rows, fmt.Sprintf("%+.4f", d.Value), fmt.Sprintf("%+.4f – %+.4f", d.Low, d.High), d.N, d.Days})
	}
	return t
}

// summary is the result for a runner's step summary.
func summary(out result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### linecook train %s\n\n", report.MarkdownText(out.Name+"@v"+out.Version))
	if out.BundleID == "" {
		fmt.Fprintf(&b, "Nothing was trained: %s\n\n", report.Count(out.Findings))
		_ = report.Markdown(&b, out.Findings)
		return b.String()
	}
	fmt.Fprintf(&b, "%s\n\n", estimates(out, markdownCell).RenderMarkdown())
	if c := out.Evaluation.Comparison; c != nil {
		fmt.Fprintf(&b, "Beside version %s, which serves on %s, on the same %d rows:\n\n%s\n\n", c.Version, c.Stage, c.Rows, differences(c, markdownCell).RenderMarkdown())
	}
	if text := grouped(out.Evaluation.Split); text != "" {
		fmt.Fprintf(&b, "%s\n", text)
	}
	if s := out.Evaluation.Split.Shuffled; s != nil {
		fmt.Fprintf(&b, "**Shuffled and in time order.** A %s. Asked for because: %s\n\n%s\n\n",
			asked(s), report.MarkdownText(s.Reason), shuffled(out.Evaluation).RenderMarkdown())
	}
	if cv := out.Evaluation.CrossValidation; cv != nil {
		fmt.Fprintf(&b, "%s\n\n%s\n\n```text\n%s```\n\n", rule(cv), candidates(cv).RenderMarkdown(), timeline(out.Evaluation))
	}
	if len(out.Findings) > 0 {
		_ = report.Markdown(&b, out.Findings)
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "bundle `%s`\n", out.BundleID)
	return b.String()
}
