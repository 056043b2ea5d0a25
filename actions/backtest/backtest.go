// Package backtest is the door of `linecook backtest`: the production line,
// rehearsed over history.
package backtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/backtest"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/policy"
)

// Command is `linecook backtest`.
func Command(app *command.App) *cobra.Command {
	var from, to, out string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "backtest --from DATE --to DATE",
		Short: "Rehearse the production line over history",
		Long: `Train as of the first day, take the bundle through the gates, score every day as
if it were that day, compare the scores with what happened, and write one HTML
report and its JSON.`,
		Example: "  linecook backtest --pipeline examples/flight-delay/pipeline.yaml --from 2013-09-01 --to 2013-12-31",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd, app, from, to, out, asJSON)
		},
	}
	app.PipelineFlag(cmd)
	cmd.Flags().StringVar(&from, "from", "", "the first day to score; training ends before it")
	cmd.Flags().StringVar(&to, "to", "", "the last day to score")
	cmd.Flags().StringVar(&out, "out", "", "folder for report.html and report.json (default the rehearsal's own, below home)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	return cmd
}

func run(cmd *cobra.Command, app *command.App, from, to, out string, asJSON bool) error {
	if from == "" || to == "" {
		return command.UsageError(errors.New("--from and --to are needed; name the first and the last day to score, as 2013-09-01"))
	}
	if err := errors.Join(command.CheckDate("--from", from), command.CheckDate("--to", to)); err != nil {
		return command.UsageError(err)
	}
	if to < from {
		return command.UsageError(fmt.Errorf("--to %s lies before --from %s", to, from))
	}
	config, err := app.Config()
	if err != nil {
		return err
	}
	if out != "" {
		err := app.CheckOutputs(
			command.Output{Flag: "--out", Path: filepath.Join(out, backtest.PageFile), NewFolder: true},
			command.Output{Flag: "--out", Path: filepath.Join(out, backtest.DataFile), NewFolder: true})
		if err != nil {
			return err
		}
	}
	contracts, err := app.Contracts(config)
	if err != nil {
		return err
	}
	home, err := freshHome(app, config)
	if err != nil {
		return err
	}
	engine, err := app.Policy(cmd.Context(), config, "")
	if err != nil {
		return err
	}
	progress := command.NewProgress(app.Err)
	r, err := backtest.Run(cmd.Context(), backtest.Input{
		Config: config, Contracts: contracts, Home: home, From: from, To: to, Decider: engine, Live: live(engine),
		Code: app.Code(config), Linecook: command.Version(),
		Step: progress.Step,
		Day: func(done, total int, day backtest.Day) {
			progress.Item(done, total, day.Date+" "+string(day.Outcome))
		},
	})
	progress.End()
	if err != nil {
		return err
	}
	if out == "" {
		out = home
	}
	return publish(app, r, out, asJSON)
}

// live are the checks that ask for what a rehearsal has not.
func live(engine *policy.Engine) []string {
	var codes []string
	for _, check := range engine.Checks() {
		if check.Live {
			codes = append(codes, check.Code)
		}
	}
	return codes
}

// freshHome is an empty folder for the rehearsal, away from the real registry
// and ledger. What an earlier rehearsal left there is removed.
func freshHome(app *command.App, config *pipeline.Config) (string, error) {
	home := filepath.Join(app.Home(), "backtest", config.Name)
	if err := os.RemoveAll(home); err != nil {
		return "", fmt.Errorf("clear the last rehearsal: %w", err)
	}
	return home, os.MkdirAll(home, 0o755)
}

// publish writes the report and says what it found. A rehearsal in which days
// were carried forward or stopped has done its work; one that trained nothing,
// was denied, or scored no day has found something.
func publish(app *command.App, r *backtest.Report, out string, asJSON bool) error {
	page, err := backtest.Save(out, r)
	if err != nil {
		return err
	}
	if asJSON {
		err = report.JSON(app.Out, r)
	} else {
		_, err = fmt.Fprint(app.Out, summary(r, page))
	}
	err = errors.Join(err, app.Runner().Summary(markdown(r)), app.Runner().SetOutput("report", page))
	if err != nil {
		return err
	}
	if r.Totals.Scored == 0 {
		return errors.Join(app.Findings(r.Findings), command.ErrFound())
	}
	// What broke a day stands beside the day, and is no error of the rehearsal.
	return report.Text(app.Err, slices.DeleteFunc(slices.Clone(r.Findings), func(f report.Finding) bool { return f.Severity == report.Error }))
}
