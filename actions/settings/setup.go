package settings

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// SetupCommand is `linecook setup`.
func SetupCommand(app *command.App) *cobra.Command {
	var dir string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "Set up the repository on GitHub: rulesets, environments, immutable releases",
		Long: `Set the repository on GitHub to what its files ask for: the rulesets in
.github/rulesets, an environment for each stage, immutable releases, and
workflows that may only read by default. What is right already is left alone.
The token needs the right to administer the repository, which a job's own never
has: run it on a laptop, once, and after changing the files.`,
		Example: "  GITHUB_REPOSITORY=octo/flights GITHUB_TOKEN=$(gh auth token) linecook setup --dry-run",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, _, err := open(app, dir)
			if err != nil {
				return err
			}
			return setup(cmd.Context(), app, settings, dryRun)
		},
	}
	app.PipelineFlag(cmd)
	cmd.Flags().StringVar(&dir, "dir", ".", "the repository's folder")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what differs, change nothing")
	return cmd
}

// open reads the files, and knows the repository that the environment names.
func open(app *command.App, dir string) ([]setting, *github.Client, error) {
	config, err := app.Config()
	if err != nil {
		return nil, nil, err
	}
	client, err := app.Client()
	if err != nil {
		return nil, nil, command.UsageError(err)
	}
	settings, err := settingsOf(client, config, dir)
	return settings, client, err
}

// setup applies what differs. It goes on after a failure, so that one refusal
// does not hide the others. With dryRun, a difference is a finding.
func setup(ctx context.Context, app *command.App, settings []setting, dryRun bool) error {
	say := func(format string, values ...any) {
		_, _ = fmt.Fprintln(app.Out, report.Printable(fmt.Sprintf(format, values...)))
	}
	var failures []error
	differ := false
	for _, s := range settings {
		differences, err := s.look(ctx)
		switch {
		case errors.Is(err, errBypassHidden):
			err = fmt.Errorf("%w; use an administrator's", err)
			fallthrough
		case err != nil:
			say("failed   %s", s.code)
			failures = append(failures, fmt.Errorf("%s: %w", s.code, err))
			continue
		case len(differences) == 0:
			say("same     %s", s.code)
			continue
		}
		differ = true
		did := "differs"
		if !dryRun {
			did = "changed"
			if err := s.set(ctx); err != nil {
				did = "failed "
				failures = append(failures, fmt.Errorf("%s: %w", s.code, err))
			}
		}
		say("%s  %s", did, s.code)
		for _, d := range differences {
			say("         was: %s", d)
		}
	}
	if len(failures) > 0 {
		return errors.Join(failures...)
	}
	if differ && dryRun {
		return command.ErrFound()
	}
	return nil
}

// set applies a setting. Of an answer that was lost, what is there now tells:
// two rulesets of one name would be the worse.
func (s setting) set(ctx context.Context) error {
	err := s.apply(ctx)
	if !errors.Is(err, github.ErrUnknownOutcome) {
		return err
	}
	left, lookErr := s.look(ctx)
	if lookErr != nil {
		return errors.Join(err, lookErr)
	}
	if len(left) == 0 {
		return nil
	}
	return s.apply(ctx)
}
