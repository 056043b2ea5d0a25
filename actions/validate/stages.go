package validate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// stages reports requirements that the policy does not know. They would be an
// error on the day of the promotion.
func stages(ctx context.Context, app *command.App, c *pipeline.Config) ([]report.Finding, error) {
	engine, err := app.Policy(ctx, c, "")
	if err != nil {
		return nil, err
	}
	var codes []string
	for _, check := range engine.Checks() {
		codes = append(codes, check.Code)
	}
	var findings []report.Finding
	for i, stage := range c.Stages {
		for j, code := range stage.Require {
			if slices.Contains(codes, code) {
				continue
			}
			findings = append(findings, report.Finding{
				Code: "policy/unknown-check", Severity: report.Error, Position: c.At("stages", i, "require", j),
				Message: fmt.Sprintf("stage %s requires %q, which is not a check of the policy", stage.Name, code),
				Remedy:  "checks: " + strings.Join(codes, ", "),
			})
		}
	}
	return findings, nil
}
