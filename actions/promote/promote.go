// Package promote is the door of `linecook promote`: evidence, decision, event.
package promote

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/registry"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// Command is `linecook promote`.
func Command(app *command.App) *cobra.Command {
	var version, stage, reason, checks string
	var dryRun, asJSON bool
	cmd := &cobra.Command{
		Use:   "promote --version X.Y.Z --to STAGE",
		Short: "Ask the policy whether a bundle may serve on a stage, and put it there",
		Long: `Gather the evidence on a registered bundle, weigh it against what the stage
requires, and append the stage event; or list what is missing.`,
		Example: "  linecook promote --version 1.0.0 --to dev",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := app.Config()
			if err != nil {
				return err
			}
			now, err := app.Now()
			if err != nil {
				return err
			}
			if err := registry.CheckVersion(config.Name, version); err != nil {
				return command.UsageError(fmt.Errorf("--version: %w", err))
			}
			if _, err := promotion.FindStage(config.Stages, stage); err != nil {
				return command.UsageError(fmt.Errorf("--to: %w", err))
			}
			engine, err := app.Policy(cmd.Context(), config, checks)
			if err != nil {
				return err
			}
			return run(cmd, app, engine, config.Stages, dryRun, asJSON, promotion.Request{
				Pipeline: config.Name, Version: version, Stage: stage, At: now, Actor: app.Actor(), Reason: reason,
			})
		},
	}
	app.PipelineFlag(cmd)
	cmd.Flags().StringVar(&version, "version", "", "the version to promote")
	cmd.Flags().StringVar(&stage, "to", "", "the stage")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the record")
	cmd.Flags().StringVar(&checks, "policy", "", "folder with checks of your own, as Rego (default policy beside the pipeline's file, where there is one)")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "decide and explain, change nothing")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the decision as JSON")
	return cmd
}

func run(cmd *cobra.Command, app *command.App, decider promotion.Decider, stages []promotion.Stage, dryRun, asJSON bool, request promotion.Request) (err error) {
	versions, err := app.Registry()
	if err != nil {
		return err
	}
	var decision promotion.Decision
	var event *registry.Assignment
	if dryRun {
		decision, err = promotion.Weigh(cmd.Context(), versions, app.Ledger(), decider, stages, request)
	} else {
		decision, event, err = promotion.Promote(cmd.Context(), versions, app.Ledger(), decider, stages, request)
	}
	if errors.Is(err, registry.ErrNotFound) {
		return command.UsageError(fmt.Errorf("--version: %w; register it with `linecook train`", err))
	}
	if err != nil {
		return err
	}
	if asJSON {
		err = report.JSON(app.Out, decision)
	} else {
		_, err = fmt.Fprint(app.Out, text(decision, event))
	}
	err = errors.Join(err,
		app.Runner().Summary(summary(decision)),
		app.Runner().SetOutput("allowed", fmt.Sprint(decision.Allowed)),
		app.Runner().SetOutput("denials", fmt.Sprint(len(decision.Denials))),
	)
	if err == nil && !decision.Allowed {
		return command.ErrFound()
	}
	return err
}

func text(d promotion.Decision, event *registry.Assignment) string {
	out := d.String()
	if event != nil {
		out += fmt.Sprintf("event %s\n", registry.StageTag(event.Name, event.Stage, event.Sequence))
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
	fmt.Fprintf(&b, "### linecook promote %s → %s: %s\n\n", report.MarkdownText(d.Pipeline+"@v"+d.Version), report.MarkdownText(d.Stage), verdict)
	fmt.Fprintf(&b, "%d of %d checks passed\n\n", len(d.Passed), len(d.Required))
	if len(d.Denials) > 0 {
		b.WriteString("| check | why not | remedy |\n|---|---|---|\n")
	}
	for _, denial := range d.Denials {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", report.MarkdownText(denial.Title), report.MarkdownText(denial.Reason), report.MarkdownText(denial.Remediation))
	}
	return b.String()
}
