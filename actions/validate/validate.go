// Package validate is the door of `linecook validate`: configuration and
// contracts against the data.
package validate

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/pipeline/validation"
)

// Command is `linecook validate`.
func Command(app *command.App) *cobra.Command {
	var date, format string
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Check pipeline.yaml, the contracts and the data",
		Long: `Check pipeline.yaml, each source's contract, and the data under them; prove
that every feature uses only what was known at its decision time.`,
		Example: "  linecook validate\n  linecook validate --date 2013-10-01 --format json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := command.CheckDate("--date", date); err != nil {
				return err
			}
			return run(cmd, app, validation.Scope{Date: date}, format)
		},
	}
	app.PipelineFlag(cmd)
	cmd.Flags().StringVar(&date, "date", "", "check only this partition, as 2013-10-01 (default all rows)")
	cmd.Flags().StringVar(&format, "format", "text", "text, json, github or markdown")
	return cmd
}

func run(cmd *cobra.Command, app *command.App, scope validation.Scope, format string) (err error) {
	write, ok := formats[format]
	if !ok {
		return command.UsageError(fmt.Errorf("--format %q is unknown; use text, json, github or markdown", format))
	}
	config, err := app.Config()
	if err != nil {
		return err
	}
	contracts, err := app.Contracts(config)
	if err != nil {
		return err
	}
	session, opened, err := config.Open(cmd.Context())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	result, err := validation.Run(cmd.Context(), config, contracts, session, opened, scope)
	if err != nil {
		return err
	}
	unknown, err := stages(cmd.Context(), app, config)
	if err != nil {
		return err
	}
	result.Findings = append(result.Findings, unknown...)
	report.Sort(result.Findings)
	if err := write(app, result); err != nil {
		return err
	}
	if err := announce(app, result); err != nil {
		return err
	}
	if !result.Clean() {
		return command.ErrFound()
	}
	return nil
}

// formats are the ways to print a result.
var formats = map[string]func(*command.App, *validation.Result) error{
	"text": func(app *command.App, r *validation.Result) error {
		if err := report.Text(app.Out, r.Findings); err != nil {
			return err
		}
		_, err := fmt.Fprintln(app.Out, summary(r))
		return err
	},
	"json": func(app *command.App, r *validation.Result) error {
		return report.JSON(app.Out, struct {
			Clean bool `json:"clean"`
			*validation.Result
		}{r.Clean(), r})
	},
	"github": func(app *command.App, r *validation.Result) error {
		app.Runner().Annotate(r.Findings)
		_, err := fmt.Fprintln(app.Out, summary(r))
		return err
	},
	"markdown": func(app *command.App, r *validation.Result) error {
		_, err := fmt.Fprint(app.Out, markdown(r))
		return err
	},
}

func summary(r *validation.Result) string {
	verdict := "clean"
	if !r.Clean() {
		verdict = "not clean"
	}
	sources := "sources"
	if len(r.Sources) == 1 {
		sources = "source"
	}
	return fmt.Sprintf("%s: %s; %d checks on %d rows of %d %s, %d features proven honest",
		verdict, report.Count(r.Findings), r.Checks(), r.Rows(), len(r.Sources), sources, r.Honest)
}

func markdown(r *validation.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### linecook validate\n\n%s\n\n", report.MarkdownText(summary(r)))
	if len(r.Findings) > 0 {
		_ = report.Markdown(&b, r.Findings)
	}
	return b.String()
}

// announce tells the runner, where there is one.
func announce(app *command.App, r *validation.Result) error {
	failures := 0
	for _, f := range r.Findings {
		if f.Severity == report.Error {
			failures++
		}
	}
	return errors.Join(
		app.Runner().Summary(markdown(r)),
		app.Runner().SetOutput("findings", fmt.Sprint(len(r.Findings))),
		app.Runner().SetOutput("errors", fmt.Sprint(failures)),
	)
}
