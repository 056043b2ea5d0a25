package promote

import (
	"fmt"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/registry"
	"github.com/linecook-ml/linecook/pipeline/report"
)

func text(d promotion.Decision, event *registry.Assignment) string {
	out := d.String()
	if event != nil {
		out += fmt.Sprintf("event %s\n", event.Tag())
	}
	return out
}

// summary is the decision for a runner's step summary.
func summary(d promotion.Decision) string {
	var b strings.Builder
	verdict := "denied"
	if d.Allowed {
		verdict = "allowed"
	}
	fmt.Fprintf(&b, "### linecook %s %s → %s: %s\n\n", d.Operation, report.MarkdownText(d.Pipeline+"@v"+d.Version), report.MarkdownText(d.Stage), verdict)
	fmt.Fprintf(&b, "%d of %d checks passed\n\n", len(d.Passed), len(d.Required))
	if len(d.Denials) > 0 {
		b.WriteString("| check | why not | remedy |\n|---|---|---|\n")
	}
	for _, denial := range d.Denials {
		remedy := report.MarkdownText(denial.Remediation)
		if denial.Command != "" {
			remedy += " " + report.MarkdownText(denial.Command)
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", report.MarkdownText(denial.Title), report.MarkdownText(denial.Reason), remedy)
	}
	return b.String()
}
