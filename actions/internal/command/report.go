package command

import (
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"github.com/linecook-ml/linecook/pipeline/report"
)

// FormatFlag adds --format to flags.
func FormatFlag(flags *pflag.FlagSet, name *string) {
	flags.StringVar(name, "format", report.Formats[0].Name, report.FormatNames())
}

// CheckFormat refuses the name of a format that there is not.
func CheckFormat(name string) error {
	if _, ok := report.FormatOf(name); !ok {
		return UsageError(fmt.Errorf("--format %q is unknown; use %s", name, report.FormatNames()))
	}
	return nil
}

// Report writes what a command found, in the format of that name, and is
// ErrFound where it is not clean.
func (a *App) Report(name string, r *report.Report) error {
	format, ok := report.FormatOf(name)
	if !ok {
		return CheckFormat(name)
	}
	a.Complete(r)
	if format.Name == report.FormatGitHub {
		a.Runner().Annotate(r.Findings)
	}
	if err := format.Write(a.Out, r); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if !r.Clean() {
		return ErrFound()
	}
	return nil
}

// Complete gives a report what every format of it says: the program's version,
// the folder that paths start from, and the findings in their order.
func (a *App) Complete(r *report.Report) {
	r.Version = Version()
	// Without a working directory paths stay as they are.
	r.Root, _ = os.Getwd()
	r.Complete()
}
