package validate

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/ledger"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/pipeline/validation"
)

const (
	// retroUnsaid is --retro where nobody said it: days are replayed where an
	// edit of the rules is compared with what was there.
	retroUnsaid = -1
	retroDays   = 30
)

// retroOf is how many days to check again.
func retroOf(ctx context.Context, c *pipeline.Config, said int, ref string) (int, error) {
	if said != retroUnsaid || ref == "" {
		return max(said, 0), nil
	}
	changed, err := rulesChanged(ctx, c, ref)
	if err != nil || !changed {
		return 0, err
	}
	return retroDays, nil
}

// rulesChanged reports whether the pipeline, a contract or a policy differs from
// what it was at a commit.
func rulesChanged(ctx context.Context, c *pipeline.Config, ref string) (bool, error) {
	b, err := openBase(ctx, c.Root, ref)
	if err != nil {
		return false, err
	}
	paths := []string{filepath.Base(c.File), "policy"}
	for _, source := range c.Sources {
		paths = append(paths, filepath.ToSlash(source.Contract))
	}
	_, err = git(ctx, c.Root, append([]string{"diff", "--quiet", b.commit, "--"}, paths...)...)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("compare the pipeline with %s: %w", ref, err)
	}
	return false, nil
}

// retro replays what is on record, where that was asked for: the last days of
// the ledger under the contracts of now, and the promotions under the policy of
// now.
func retro(ctx context.Context, app *command.App, c *pipeline.Config, contracts pipeline.Contracts, session *dataset.Session, o options) ([]report.Finding, error) {
	days, err := retroOf(ctx, c, o.retro, o.base)
	if err != nil || days == 0 {
		return nil, err
	}
	var runs [][]ledger.Run
	for _, stage := range c.Stages {
		of, err := app.Ledger().Runs(ctx, c.Name, stage.Name)
		if err != nil {
			return nil, err
		}
		runs = append(runs, of)
	}
	replay, err := validation.Replay(ctx, c, contracts, session, validation.Recorded(runs, days))
	if err != nil {
		return nil, err
	}
	decided, err := decisions(ctx, app, c)
	if err != nil {
		return nil, err
	}
	return append(replay.Findings(c.At("sources")), decided...), nil
}

// decisions replays the recorded promotions.
func decisions(ctx context.Context, app *command.App, c *pipeline.Config) ([]report.Finding, error) {
	versions, err := app.Registry()
	if err != nil {
		return nil, err
	}
	history, err := versions.History(ctx, c.Name)
	if err != nil || len(history) == 0 {
		return nil, err
	}
	engine, err := app.Policy(ctx, c, "")
	if err != nil {
		return nil, err
	}
	replayed, err := promotion.Replay(ctx, engine, c.Stages, history)
	if err != nil {
		return nil, err
	}
	return promotionFindings(c, replayed), nil
}

func promotionFindings(c *pipeline.Config, replayed []promotion.Replayed) []report.Finding {
	var findings []report.Finding
	find := func(code string, at report.Position, format string, values ...any) {
		findings = append(findings, report.Finding{Code: code, Severity: report.Info, Position: at, Message: fmt.Sprintf(format, values...)})
	}
	known := map[string]bool{}
	for i, stage := range c.Stages {
		known[stage.Name] = true
		var denied, undecided []string
		all := 0
		for _, r := range replayed {
			if r.Event.Stage != stage.Name {
				continue
			}
			all++
			name := fmt.Sprintf("%s of %s", r.Event.Version, r.Event.At.Format("2006-01-02"))
			switch {
			case r.Decision == nil:
				undecided = append(undecided, name+" ("+r.Problem+")")
			case !r.Decision.Allowed:
				codes := []string{}
				for _, denial := range r.Decision.Denials {
					codes = append(codes, denial.Code)
				}
				denied = append(denied, name+" ("+validation.List(codes)+")")
			}
		}
		at := c.At("stages", i, "require")
		if len(denied) > 0 {
			find("retro/would-deny", at, "the policy would now deny %d of %d recorded promotions to %s: %s", len(denied), all, stage.Name, validation.List(denied))
		}
		if len(undecided) > 0 {
			find("retro/undecided", at, "%d of %d recorded promotions to %s cannot be decided again: %s", len(undecided), all, stage.Name, validation.List(undecided))
		}
		if all > 0 && len(denied)+len(undecided) == 0 {
			find("retro/would-allow", at, "the policy would still allow every recorded promotion to %s: %d", stage.Name, all)
		}
	}
	gone := 0
	for _, r := range replayed {
		if !known[r.Event.Stage] {
			gone++
		}
	}
	if gone > 0 {
		find("retro/undecided", c.At("stages"), "%d recorded promotions went to stages that are no longer there", gone)
	}
	return findings
}
