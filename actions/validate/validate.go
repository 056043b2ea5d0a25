// Package validate is the door of `linecook validate`: configuration and
// contracts against the data.
package validate

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/pipeline/validation"
)

// Command is `linecook validate`.
func Command(app *command.App) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Check pipeline.yaml, the contracts and the data",
		Long: `Check pipeline.yaml, each source's contract, and the data under them; prove
that every feature uses only what was known at its decision time. With --base,
say what the edits of the contracts since a commit mean, and demand the version
that they ask for. Errors that waivers.yaml beside pipeline.yaml covers are let
pass until a day, and stay visible.

With --prove-honesty, build the features again without what was known only after
some decision times, and compare them bit for bit. Training does the same on a
sample. With --repository, look at what stands around the pipeline as well: workflows,
policies, environments of Python. With --retro, say which days on record, and
which promotions, the rules of now would have stopped. On a pull request, keep
one comment up to date.`,
		Example: "  linecook validate\n  linecook validate --date 2013-10-01 --format json\n  linecook validate --base origin/main --format sarif > linecook.sarif",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			if err := app.CheckOutputs(o.surface.files()...); err != nil {
				return err
			}
			return run(cmd.Context(), app, o)
		},
	}
	app.PipelineFlag(cmd)
	cmd.Flags().StringVar(&o.date, "date", "", "check only this partition, as 2013-10-01 (default all rows)")
	cmd.Flags().StringVar(&o.base, "base", "", "compare the contracts with those at this commit, branch or tag (default no comparison)")
	cmd.Flags().StringVar(&o.repository, "repository", "", "check the whole repository in this folder too (default the pipeline alone)")
	cmd.Flags().IntVar(&o.retro, "retro", retroUnsaid, "check this many of the last recorded days again (default 30 where --base shows changed rules, else none)")
	cmd.Flags().StringVar(&o.surface.sarif, "sarif", "", "write the findings to this file, as SARIF")
	cmd.Flags().StringVar(&o.surface.junit, "junit", "", "write the findings to this file, as JUnit's XML")
	cmd.Flags().StringVar(&o.surface.comment, "comment", commentAuto, "comment on the pull request: auto, always or never")
	cmd.Flags().BoolVar(&o.prove, "prove-honesty", false, "prove by experiment, on all observations, that no feature knew the future")
	command.FormatFlag(cmd.Flags(), &o.format)
	return cmd
}

// options are what the command line says.
type options struct {
	date, base, repository, format string
	retro                          int
	prove                          bool
	surface                        surface
}

func (o options) check() error {
	if o.retro < retroUnsaid {
		return command.UsageError(fmt.Errorf("--retro %d is negative; name a number of days, or 0 for none", o.retro))
	}
	return errors.Join(command.CheckDate("--date", o.date), command.CheckFormat(o.format), checkComment(o.surface.comment))
}

// timeToSay bounds how long a run whose time is over may still speak to GitHub.
const timeToSay = time.Minute

// run examines the pipeline and shows what was found. Where the examination
// itself could not be made, that is shown too: an earlier verdict must not be
// left standing.
func run(ctx context.Context, app *command.App, o options) error {
	r, err := examine(ctx, app, o)
	if err == nil {
		return errors.Join(o.surface.show(ctx, app, r.File, r), app.Report(o.format, r))
	}
	reason := err
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		// The time to examine is over; that to say so is not.
		var stop context.CancelFunc
		reason = context.Cause(ctx)
		ctx, stop = context.WithTimeout(context.WithoutCancel(ctx), timeToSay)
		defer stop()
	}
	r = &report.Report{Title: "linecook validate", File: app.PipelineFile()}
	var wrong *command.Misconfigured
	if errors.As(err, &wrong) {
		r.Findings = wrong.Findings
	} else {
		r.Findings = []report.Finding{{
			Code: "validate/unfinished", Severity: report.Error, Position: report.Position{File: r.File},
			Message: "the validation did not come to its end: " + firstLine(reason.Error()),
		}}
		app.Runner().Annotate(r.Findings)
	}
	return errors.Join(err, o.surface.show(ctx, app, r.File, r))
}

// examine checks everything that was asked for.
func examine(ctx context.Context, app *command.App, o options) (r *report.Report, err error) {
	today, err := app.Now()
	if err != nil {
		return nil, err
	}
	config, err := app.Config()
	if err != nil {
		return nil, err
	}
	contracts, err := app.Contracts(config)
	if err != nil {
		return nil, err
	}
	exceptions, err := waivers(app, config)
	if err != nil {
		return nil, err
	}
	var edits []report.Finding
	if o.base != "" {
		if edits, err = changes(ctx, config, contracts, o.base); err != nil {
			return nil, err
		}
	}
	session, opened, err := config.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	scope := validation.Scope{Date: o.date}
	if o.date == "" {
		if scope.Now, err = app.Now(); err != nil {
			return nil, err
		}
	}
	result, err := validation.Run(ctx, config, contracts, session, opened, scope)
	if err != nil {
		return nil, err
	}
	if o.prove {
		if err := result.Prove(ctx, config, contracts, session); err != nil {
			return nil, err
		}
	}
	unknown, err := stages(ctx, app, config)
	if err != nil {
		return nil, err
	}
	past, err := retro(ctx, app, config, contracts, session, o)
	if err != nil {
		return nil, err
	}
	around, looked, err := repository(ctx, o.repository)
	if err != nil {
		return nil, err
	}
	result.Findings = slices.Concat(result.Findings, unknown, edits, past, around)
	result.Findings, _ = contract.ApplyWaivers(result.Findings, exceptions, today)
	r = reportOf(config, result)
	// The pipeline's own checks have to be there, whatever else was looked at.
	r.Subjects = append(r.Subjects, looked...)
	return r, nil
}

// reportOf is what validation found, as every format writes it.
func reportOf(c *pipeline.Config, v *validation.Result) *report.Report {
	r := &report.Report{Title: "linecook validate", File: filepath.ToSlash(c.File), Findings: v.Findings, Details: details(v)}
	for _, source := range v.Sources {
		r.Subjects = append(r.Subjects, report.Subject{Name: "source " + source.Name, Checks: source.Checks})
	}
	r.Complete()
	v.Findings = r.Findings
	r.Data = struct {
		Clean bool `json:"clean"`
		*validation.Result
	}{r.Clean(), v}
	return r
}

func details(r *validation.Result) string {
	sources := "sources"
	if len(r.Sources) == 1 {
		sources = "source"
	}
	said := fmt.Sprintf("%d checks on %d rows of %d %s, %d features proven honest", r.Checks(), r.Rows(), len(r.Sources), sources, r.Honest)
	if c := r.Honesty; c != nil && c.Passed {
		said += fmt.Sprintf("; the same bit for bit in %d observations at %d cut-offs, without %d rows then unknown (snapshot %s, definitions %s, seed %d)",
			c.Observations, len(c.CutOffs), c.RowsRemoved, short(c.SnapshotDigest), short(c.DefinitionsDigest), c.Seed)
	}
	return said
}

// short is a digest for people.
func short(digest string) string {
	_, hex, _ := strings.Cut(digest, ":")
	return hex[:min(12, len(hex))]
}
