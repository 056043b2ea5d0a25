package validate

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/policy"
)

// stages reports requirements that the policy does not know, or that no promotion
// meets. They would stop the promotion on its day.
func stages(ctx context.Context, app *command.App, c *pipeline.Config) ([]report.Finding, error) {
	engine, err := app.Policy(ctx, c, "")
	if at := policy.Place(err); at.File != "" {
		at.File = filepath.ToSlash(c.Path(at.File))
		broken := []report.Finding{{
			Code: "policy/broken", Severity: report.Error, Position: at,
			Message: firstLine(err.Error()), Remedy: "correct the module: a policy that does not compile decides nothing",
		}}
		return nil, errors.Join(app.Findings(broken), command.UsageError(&command.Misconfigured{File: at.File, Findings: broken}))
	}
	if err != nil {
		return nil, err
	}
	checks := engine.Checks()
	var codes []string
	for _, check := range checks {
		if check.Promotes() {
			codes = append(codes, check.Code)
		}
	}
	var findings []report.Finding
	for i, stage := range c.Stages {
		for j, code := range stage.Require {
			if slices.Contains(codes, code) {
				continue
			}
			f := report.Finding{
				Code: "policy/unknown-check", Severity: report.Error, Position: c.At("stages", i, "require", j),
				Message: fmt.Sprintf("stage %s requires %q, which is not a check of the policy", stage.Name, code),
				Remedy:  "checks: " + strings.Join(codes, ", "),
			}
			if slices.ContainsFunc(checks, func(check policy.Check) bool { return check.Code == code }) {
				f.Code = "policy/rollback-check"
				f.Message = fmt.Sprintf("stage %s requires %q, which is asked of every rollback and can pass in no other promotion", stage.Name, code)
				f.Remedy = "leave it out of require"
			}
			findings = append(findings, f)
		}
	}
	return findings, nil
}
