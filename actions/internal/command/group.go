package command

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// Group makes a command of those that do something: by itself it is a mistake,
// which says what is asked for and how the others are called.
func Group(group *cobra.Command, asks string, commands ...*cobra.Command) *cobra.Command {
	names := make([]string, len(commands))
	for i, c := range commands {
		names[i] = c.Name()
	}
	choice := names[len(names)-1]
	if len(names) > 1 {
		choice = strings.Join(names[:len(names)-1], ", ") + " or " + choice
	}
	group.Args = cobra.NoArgs
	group.RunE = func(*cobra.Command, []string) error {
		return UsageError(fmt.Errorf("%s: %s", asks, choice))
	}
	group.AddCommand(commands...)
	return group
}
