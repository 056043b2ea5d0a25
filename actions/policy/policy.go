// Package policy is the door of `linecook policy`: which checks there are, and
// whether a repository's own keep their tests.
package policy

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/policy"
)

// Command is `linecook policy` with its two verbs.
func Command(app *command.App) *cobra.Command {
	return command.Group(&cobra.Command{
		Use:     "policy",
		Short:   "List the checks that a stage may require, and test checks of your own",
		Example: "  linecook policy list\n  linecook policy test",
	}, "say what to do with the policy", list(app), test(app))
}

type options struct {
	folder   string
	coverage float64
	json     bool
}

func (o *options) flags(app *command.App, cmd *cobra.Command) {
	app.PipelineFlag(cmd)
	cmd.Flags().StringVar(&o.folder, "policy", "", "folder with checks of your own, as Rego (default policy beside the pipeline's file)")
	cmd.Flags().BoolVar(&o.json, "json", false, "print the result as JSON")
}

func list(app *command.App) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the checks, linecook's and your own",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := app.Config()
			if err != nil {
				return err
			}
			engine, err := app.Policy(cmd.Context(), config, o.folder)
			if err != nil {
				return err
			}
			if o.json {
				return report.JSON(app.Out, engine.Checks())
			}
			return o.list(app, engine.Checks())
		},
	}
	o.flags(app, cmd)
	return cmd
}

func (o *options) list(app *command.App, checks []policy.Check) error {
	t := command.Table("check", "applies", "reads", "what it shows")
	for _, check := range checks {
		applies := "where required"
		if len(check.Always) > 0 {
			operations := make([]string, len(check.Always))
			for i, operation := range check.Always {
				operations[i] = string(operation)
			}
			applies = "to every " + strings.Join(operations, " and ")
		}
		t.AppendRow([]any{check.Code, applies, strings.Join(check.Reads, " "), report.Printable(check.Title)})
	}
	_, err := fmt.Fprintln(app.Out, t.Render())
	return err
}

func test(app *command.App) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "test",
		Short: "Run the Rego tests of your own checks",
		Long: `Run the rules test_* of the files *_test.rego beside your own checks, in the same
sandbox as decisions, and say which lines no test reaches. Tests may begin with
data.linecook.fixture.good, evidence that passes every check of linecook.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.test(cmd.Context(), app)
		},
	}
	o.flags(app, cmd)
	cmd.Flags().Float64Var(&o.coverage, "min-coverage", 0, "least share of lines that the tests must reach, in percent")
	return cmd
}

func (o *options) test(ctx context.Context, app *command.App) error {
	if !(o.coverage >= 0 && o.coverage <= 100) {
		return command.UsageError(fmt.Errorf("--min-coverage %v is not a percentage", o.coverage))
	}
	config, err := app.Config()
	if err != nil {
		return err
	}
	modules, err := app.PolicyModules(config, o.folder)
	if err != nil {
		return err
	}
	if len(modules) == 0 {
		return command.UsageError(errors.New("there are no checks of your own to test: put them as .rego files into the folder policy beside the pipeline's file"))
	}
	outcome, err := policy.Test(ctx, modules)
	if err != nil {
		return command.UsageError(err)
	}
	enough := outcome.Coverage >= o.coverage
	if o.json {
		err = report.JSON(app.Out, outcome)
	} else {
		_, err = fmt.Fprint(app.Out, text(outcome, o.coverage))
	}
	if err == nil && (!outcome.Passed() || !enough) {
		return command.ErrFound()
	}
	return err
}

// text is one line for each test that did not pass, and one for them all.
func text(r policy.TestReport, least float64) string {
	var b strings.Builder
	failed := 0
	for _, t := range r.Results {
		if t.Passed {
			continue
		}
		failed++
		why := "does not hold"
		if t.Message != "" {
			why = t.Message
		}
		fmt.Fprintf(&b, "%s:%d: %s %s\n", report.Printable(t.File), t.Line, report.Printable(t.Name), report.Printable(why))
	}
	switch {
	case len(r.Results) == 0:
		b.WriteString("no tests: write rules test_... in files that end in _test.rego\n")
	case failed > 0:
		fmt.Fprintf(&b, "%d of %d tests failed\n", failed, len(r.Results))
	default:
		fmt.Fprintf(&b, "%d tests passed\n", len(r.Results))
	}
	fmt.Fprintf(&b, "coverage %.1f %%", r.Coverage)
	if r.Coverage < least {
		fmt.Fprintf(&b, ", less than %v %%", least)
	}
	b.WriteString("\n")
	for _, line := range r.NotCovered {
		fmt.Fprintf(&b, "  not reached: %s\n", report.Printable(line))
	}
	return b.String()
}
