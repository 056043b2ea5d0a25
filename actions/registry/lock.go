package registry

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/registry"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// A lock is the lock file of one command of a version.
type lock struct {
	Command string `json:"command"`
	Path    string `json:"path"`
	Text    string `json:"text"`
}

func (d *door) lock() *cobra.Command {
	var of string
	cmd := &cobra.Command{
		Use: "lock [VERSION]", Short: "Print the lock file that a version's commands need installed",
		Long: `Print the lock file of the commands of a version, or of what is on a stage, as
it is in the bundle: what has to be installed before that version can score.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, version, b, err := d.bundle(cmd, args)
			if err != nil {
				return err
			}
			_, commands, err := feature.ReadText(b.Data(bundle.RoleFeatures))
			if err != nil {
				return err
			}
			locks := []lock{} // not nil: programs read an empty list
			for _, c := range commands {
				if of == "" || of == c.Name {
					locks = append(locks, lock{c.Name, c.Lock, c.LockText()})
				}
			}
			return d.printLock(registry.VersionTag(name, version), of, locks)
		},
	}
	cmd.Flags().StringVar(&of, "command", "", "only this command's (default those of all, if they are one)")
	return cmd
}

// bundle is that of the version that was named, or of the one on the stage.
func (d *door) bundle(cmd *cobra.Command, args []string) (name, version string, b *bundle.Bundle, err error) {
	fail := func(err error) (string, string, *bundle.Bundle, error) { return "", "", nil, err }
	if (len(args) == 1) == (d.stage != "") {
		return fail(command.UsageError(errors.New("name a version, as 1.0.0, or with --stage the stage that it is on")))
	}
	versions, name, err := d.open(cmd.Context())
	if err != nil {
		return fail(err)
	}
	if len(args) == 1 {
		version = args[0]
	} else {
		history, err := versions.History(cmd.Context(), name)
		if err != nil {
			return fail(err)
		}
		now, found := registry.Current(history, d.stage)
		if !found {
			return fail(command.UsageError(fmt.Errorf("nothing is on %s", d.stage)))
		}
		version = now.Version
	}
	if err := registry.CheckVersion(name, version); err != nil {
		return fail(command.UsageError(err))
	}
	b, _, err = versions.Fetch(cmd.Context(), name, version)
	if errors.Is(err, registry.ErrNotFound) {
		err = command.UsageError(err)
	}
	return name, version, b, err
}

// printLock prints the one text that the locks have, or all of them as JSON. of
// is the command that was named, if one was.
func (d *door) printLock(tag, of string, locks []lock) error {
	if d.asJSON {
		return report.JSON(d.app.Out, locks)
	}
	var names []string
	for _, l := range locks {
		names = append(names, l.Command)
	}
	switch {
	case len(locks) == 0:
		nothing := "no commands, so that nothing has to be installed"
		if of != "" {
			nothing = "no command " + of
		}
		_, err := fmt.Fprintf(d.app.Err, "%s has %s\n", tag, nothing)
		return errors.Join(err, command.ErrFound())
	case slices.ContainsFunc(locks, func(l lock) bool { return l.Text != locks[0].Text }):
		return command.UsageError(fmt.Errorf("the commands of %s have lock files of their own; name one with --command: %s", tag, strings.Join(names, ", ")))
	}
	_, err := fmt.Fprint(d.app.Out, locks[0].Text)
	return err
}
