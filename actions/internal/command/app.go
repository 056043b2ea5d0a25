// Package command is what the doors share: flags that are also inputs, exit
// codes, streams, and the way from pipeline.yaml to an open pipeline.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/actions/internal/runner"
	"github.com/linecook-ml/linecook/pipeline/registry"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// The exit codes.
const (
	Clean   = 0 // everything was checked and is well
	Found   = 1 // findings, or a denial
	Usage   = 2 // the command line or the configuration is wrong
	Failure = 3 // the tool failed
)

// An App is the world that a command may touch.
type App struct {
	Out, Err io.Writer
	Getenv   func(string) string
	Clock    func() time.Time
	// GitHub is how the client waits and for how long; zero is production. Which
	// server, as whom and about which repository is the environment's.
	GitHub github.Options

	home, now string
	timeout   time.Duration
	registry  string
	pipeline  string
	promoters []string
	runner    *runner.Runner
	opened    registry.Registry
}

// errFound ends a command that has already said what it found.
var errFound = errors.New("findings")

// ErrFound is returned by a command that has printed findings or a denial.
func ErrFound() error { return errFound }

// usageError is a mistake of the caller.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// UsageError marks err as a mistake in the command line or the configuration.
func UsageError(err error) error { return usageError{err} }

// Run parses args and runs one of the commands.
func (a *App) Run(args []string, commands ...*cobra.Command) (code int) {
	// An interrupt ends the run between two steps, so that what is unfinished is
	// cleared away; and so do the end of its time and that of its readers.
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer release()
	defer survivePipes()()
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	a.Out, a.Err = pipe{a.Out, end}, pipe{a.Err, end}
	// The runner reads commands from both streams; they go to the one that
	// carries no results. Everything else passes through a writer that disarms.
	a.runner = runner.New(a.Getenv, a.Err, nil)
	results := runner.New(a.Getenv, a.Out, nil)
	for _, r := range []*runner.Runner{a.runner, results} {
		r.Hide(a.Getenv("GITHUB_TOKEN"))
	}
	out, log := results.Writer(), a.runner.Writer()
	a.Out, a.Err = out, log
	defer func() {
		if p := recover(); p != nil {
			_, _ = fmt.Fprintf(a.Err, "linecook: panic: %v\nThis is a bug; please report it with the lines below.\n%s", p, debug.Stack())
			code = Failure
		}
		if err := errors.Join(out.Close(), log.Close()); err != nil {
			code = Failure
		}
	}()
	stop := func() {}
	defer func() { stop() }()
	root := &cobra.Command{
		Use:           "linecook",
		Short:         "Tabular machine learning as two production lines on GitHub",
		Version:       Version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			err := a.fromEnvironment(cmd)
			if err != nil {
				return err
			}
			ctx, stop, err = a.limit(ctx)
			cmd.SetContext(ctx)
			return err
		},
		RunE: withoutCommand,
		// How many letters a suggestion may differ by; cobra's own default.
		SuggestionsMinimumDistance: 2,
	}
	root.SetArgs(args)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return UsageError(err) })
	root.PersistentFlags().StringVar(&a.home, "home", ".linecook", "linecook's folder: registry, ledger, scores")
	root.PersistentFlags().StringVar(&a.registry, "registry", registryDir, "where versions and stages are kept: dir, in linecook's folder, or github, in releases and tags")
	root.PersistentFlags().StringVar(&a.now, "now", "", "the time to take for now, as 2013-10-01T06:00:00Z (default the clock)")
	root.PersistentFlags().DurationVar(&a.timeout, "timeout", 0, "end as a failure after this time, as 90s or 10m (default no limit)")
	root.AddCommand(commands...)
	err := unknown(root, args)
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	return a.exitCode(err, context.Cause(ctx))
}

// exitCode is the code for a command that ended with err; stopped is what ended
// it from outside, if anything did.
func (a *App) exitCode(err, stopped error) int {
	var usage usageError
	switch {
	case err == nil && stopped != nil:
		// Not every step looks at the clock, and a late answer is no pass.
		a.complain(fmt.Errorf("%w (the command came to its end all the same, too late)", stopped))
		return Failure
	case err == nil:
		return Clean
	case errors.Is(err, errFound):
		return Found
	case errors.As(err, &usage), strings.HasPrefix(err.Error(), "unknown command"), strings.HasPrefix(err.Error(), "required flag"):
		a.complain(err)
		return Usage
	case stopped != nil:
		a.complain(fmt.Errorf("%w (%w)", stopped, err))
		return Failure
	default:
		a.complain(err)
		return Failure
	}
}

func (a *App) complain(err error) {
	// Errors that were joined stand on a line each, and Printable would show the
	// line's end instead of obeying it.
	_, _ = fmt.Fprintf(a.Err, "linecook: %s\n", report.Printable(strings.ReplaceAll(err.Error(), "\n", "; ")))
}

// withoutCommand shows the help, or says what the first word may have meant.
func withoutCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	remedy := "see `linecook help`"
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		remedy = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return UsageError(fmt.Errorf("unknown command %q; %s", args[0], remedy))
}

// unknown refuses a first word that is no command, or one that is to be explained
// and is none. Cobra would take the flags after it for its own, and for -h and
// help show the general help as if that had been meant.
func unknown(root *cobra.Command, args []string) error {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd(args...)
	asked := args
	if len(args) > 1 && args[0] == "help" {
		asked = args[1:]
	}
	if len(asked) == 0 || strings.HasPrefix(asked[0], "-") || slices.Contains([]string{cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd}, asked[0]) {
		return nil
	}
	if found, _, err := root.Find(asked[:1]); err != nil || found == root {
		return withoutCommand(root, asked)
	}
	return nil
}

// fromEnvironment fills flags that were not given from LINECOOK_<FLAG>.
func (a *App) fromEnvironment(cmd *cobra.Command) (err error) {
	if !cmd.HasParent() {
		return nil // the root's own flags, help and version, are no inputs
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		name := "LINECOOK_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if value := a.Getenv(name); value != "" && !f.Changed && f.Name != "help" && err == nil {
			if cmd.Flags().Set(f.Name, value) != nil {
				err = UsageError(fmt.Errorf("%s is %q, which is not a %s, as --%s needs", name, value, f.Value.Type(), f.Name))
			}
		}
	})
	return err
}

// PipelineFlag adds --pipeline to a command.
func (a *App) PipelineFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.pipeline, "pipeline", "pipeline.yaml", "the pipeline's file")
}

// Home is linecook's folder.
func (a *App) Home() string { return a.home }

// Now is the time that the run takes for now, in UTC and to the second.
func (a *App) Now() (time.Time, error) {
	if a.now == "" {
		return a.Clock().UTC().Truncate(time.Second), nil
	}
	now, err := time.Parse(time.RFC3339, a.now)
	if err != nil {
		return time.Time{}, UsageError(fmt.Errorf("--now %q is not a time; write it as 2013-10-01T06:00:00Z", a.now))
	}
	return now.UTC(), nil
}

// Runner speaks to the GitHub runner, or to nobody on a laptop.
func (a *App) Runner() *runner.Runner { return a.runner }
