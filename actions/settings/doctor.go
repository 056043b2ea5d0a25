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

// What a check may come to. Only ok is good.
const (
	stateOK      = "ok"
	stateFinding = "finding"
	stateUnknown = "unknown"
)

// A diagnosis is what became of one check.
type diagnosis struct {
	Code  string `json:"code"`
	State string `json:"state"`
	// What says what holds where the state is ok.
	What    string   `json:"what"`
	Details []string `json:"details"`
	Remedy  string   `json:"remedy"`
}

// A check looks at one thing. It returns what is wrong and
// what to do; nothing wrong is well, and what it saw may stand in seen.
type check struct {
	code, what string
	run        func(context.Context) (seen string, wrong []string, remedy string, err error)
}

const (
	remedySetup = "run `linecook setup` with an administrator's token"
	remedyToken = "use a token that may see it: a job's own does not see settings, an administrator's does"
	remedyAgain = "run this again; if it stays, see whether GitHub answers and whether the token is valid"
)

// DoctorCommand is `linecook doctor`.
func DoctorCommand(app *command.App) *cobra.Command {
	var dir string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check that the repository on GitHub can be relied on",
		Long: `Check the token, the settings that setup sets, that the schedule is alive, that
ledger and scores have their branch, and that the registry can be read. Each check is ok, a
finding with a remedy, or unknown; unknown is not a pass. Nothing is changed.`,
		Example: "  GITHUB_REPOSITORY=octo/flights GITHUB_TOKEN=$(gh auth token) linecook doctor --registry github",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, client, err := open(app, dir)
			if err != nil {
				return err
			}
			checks, err := checksOf(app, client, settings, dir)
			if err != nil {
				return err
			}
			return show(app, diagnose(cmd.Context(), checks), asJSON)
		},
	}
	app.PipelineFlag(cmd)
	cmd.Flags().StringVar(&dir, "dir", ".", "the repository's folder")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the checks as JSON")
	return cmd
}

func diagnose(ctx context.Context, checks []check) []diagnosis {
	var all []diagnosis
	for _, c := range checks {
		seen, wrong, remedy, err := c.run(ctx)
		all = append(all, judge(c.code, c.what, seen, wrong, remedy, err))
	}
	return all
}

func judge(code, what, seen string, wrong []string, remedy string, err error) diagnosis {
	d := diagnosis{Code: code, What: what, Details: []string{}}
	switch {
	case err != nil:
		d.State, d.Details, d.Remedy = stateUnknown, []string{err.Error()}, remedyAgain
		if errors.Is(err, github.ErrDenied) || errors.Is(err, errBypassHidden) {
			d.Remedy = remedyToken
		}
	case len(wrong) > 0:
		d.State, d.Details, d.Remedy = stateFinding, wrong, remedy
	default:
		d.State = stateOK
		if seen != "" {
			d.Details = []string{seen}
		}
	}
	return d
}

// show prints the checks; the command is clean if all of them are ok, of which
// there must be some.
func show(app *command.App, all []diagnosis, asJSON bool) error {
	counts := map[string]int{}
	for _, d := range all {
		counts[d.State]++
	}
	ok := len(all) > 0 && counts[stateOK] == len(all)
	if asJSON {
		if err := report.JSON(app.Out, struct {
			OK     bool        `json:"ok"`
			Checks []diagnosis `json:"checks"`
		}{ok, all}); err != nil {
			return err
		}
	} else {
		for _, d := range all {
			line := fmt.Sprintf("%-8s %s: %s", d.State, d.Code, d.What)
			if d.State != stateOK {
				line = fmt.Sprintf("%-8s %s", d.State, d.Code)
			}
			_, _ = fmt.Fprintln(app.Out, report.Printable(line))
			for _, detail := range d.Details {
				_, _ = fmt.Fprintf(app.Out, "         %s\n", report.Printable(detail))
			}
			if d.Remedy != "" {
				_, _ = fmt.Fprintf(app.Out, "         → %s\n", d.Remedy)
			}
		}
		_, _ = fmt.Fprintf(app.Out, "%d ok, %d findings, %d unknown\n", counts[stateOK], counts[stateFinding], counts[stateUnknown])
	}
	if !ok {
		return command.ErrFound()
	}
	return nil
}
