// Package score is the door of `linecook score`: one partition of one stage.
package score

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline/inference"
	"github.com/linecook-ml/linecook/pipeline/ledger"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// Command is `linecook score`.
func Command(app *command.App) *cobra.Command {
	var stage, date string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "score --stage STAGE --date DATE",
		Short: "Score one partition with the bundle on a stage; never refit",
		Long: `Verify the bundle that is on the stage, check the partition under the bundle's
own contracts, and publish its scores. Where the data breaks a contract, publish
the last valid scores instead, marked with their age and the reason.`,
		Example: "  linecook score --stage prod --date 2013-10-01",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd, app, stage, date, asJSON)
		},
	}
	app.PipelineFlag(cmd)
	app.PromoterFlag(cmd)
	cmd.Flags().StringVar(&stage, "stage", "prod", "the stage whose bundle scores")
	cmd.Flags().StringVar(&date, "date", "", "the logical date: the partition to score")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the run as JSON")
	return cmd
}

func run(cmd *cobra.Command, app *command.App, stage, date string, asJSON bool) error {
	if date == "" {
		return command.UsageError(errors.New("--date is missing; name the partition to score, as 2013-10-01"))
	}
	if err := command.CheckDate("--date", date); err != nil {
		return err
	}
	config, err := app.Config()
	if err != nil {
		return err
	}
	if _, err := promotion.FindStage(config.Stages, stage); err != nil {
		return command.UsageError(fmt.Errorf("--stage: %w", err))
	}
	now, err := app.Now()
	if err != nil {
		return err
	}
	versions, err := app.Registry()
	if err != nil {
		return err
	}
	done, err := inference.Score(cmd.Context(), inference.Input{
		Config: config, Home: app.Home(), Registry: versions, Confirm: app.Confirmation(now), Ledger: app.Ledger(),
		Stage: stage, Date: date, Now: now,
		Actor: app.Actor(), Commit: app.Code(config).Commit, Linecook: command.Version(), WorkflowRun: app.WorkflowRun(),
	})
	if errors.Is(err, inference.ErrCannot) {
		return command.UsageError(err)
	}
	if err != nil {
		return err
	}
	if err := app.Findings(done.Findings); err != nil {
		return err
	}
	if asJSON {
		err = report.JSON(app.Out, done)
	} else {
		_, err = fmt.Fprintln(app.Out, text(app.Home(), done))
	}
	err = errors.Join(err, announce(app, done))
	if err == nil && done.Outcome != ledger.Scored {
		return command.ErrFound()
	}
	return err
}

// text says in a line or two how a run ended.
func text(home string, r ledger.Run) string {
	head := fmt.Sprintf("%s %s %s with %s@v%s", r.LogicalDate, r.Stage, strings.ReplaceAll(string(r.Outcome), "_", " "), r.Bundle.Name, r.Bundle.Version)
	if r.Output == nil {
		return fmt.Sprintf("%s: nothing was published\nreason: %s", head, report.Printable(r.Reason))
	}
	place := filepath.Join(home, filepath.FromSlash(r.Output.Path))
	if r.Outcome == ledger.Scored {
		return fmt.Sprintf("%s: %d scores in %s", head, r.Output.Rows, place)
	}
	age := "1 day"
	if r.Output.OldestDays != 1 {
		age = fmt.Sprintf("%d days", r.Output.OldestDays)
	}
	without := ""
	if r.Output.WithoutScore > 0 {
		without = fmt.Sprintf("; %d observations have none", r.Output.WithoutScore)
	}
	return fmt.Sprintf("%s: %d last valid scores, up to %s old, in %s%s\nreason: %s",
		head, r.Output.Rows, age, place, without, report.Printable(r.Reason))
}

func announce(app *command.App, r ledger.Run) error {
	var b strings.Builder
	b.WriteString("### linecook score\n\n")
	for line := range strings.SplitSeq(text(app.Home(), r), "\n") {
		fmt.Fprintf(&b, "%s\n\n", report.MarkdownText(line))
	}
	if len(r.Findings) > 0 {
		_ = report.Markdown(&b, r.Findings)
	}
	rows, path := int64(0), ""
	if r.Output != nil {
		rows, path = r.Output.Rows, r.Output.Path
	}
	return errors.Join(
		app.Runner().Summary(b.String()),
		app.Runner().SetOutput("outcome", string(r.Outcome)),
		app.Runner().SetOutput("rows", fmt.Sprint(rows)),
		app.Runner().SetOutput("path", path),
		app.Runner().SetOutput("bundle-id", r.Bundle.ID),
	)
}
