package contract

import (
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/command"
	odcs "github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/report"
)

func (d *door) lint() *cobra.Command {
	return &cobra.Command{
		Use:   "lint FILE...",
		Short: "Read contracts and say what is wrong with them",
		Long: `Read contracts of the Open Data Contract Standard and say what is wrong with
them: unknown keys, rules that could not be run, settings that contradict each
other.`,
		Example: "  linecook contract lint contracts/*.odcs.yaml\n  linecook contract lint flights.odcs.yaml --format sarif > lint.sarif",
		Args:    cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, files []string) error {
			if err := command.CheckFormat(d.format); err != nil {
				return err
			}
			if len(files) == 0 {
				return command.UsageError(errors.New("no contract is named, so nothing would be checked; name at least one file"))
			}
			r := &report.Report{Title: "linecook contract lint", File: filepath.ToSlash(files[0])}
			for _, file := range files {
				text, err := read(file)
				if err != nil {
					return err
				}
				_, findings := odcs.Parse(filepath.ToSlash(file), text)
				r.Findings = append(r.Findings, findings...)
				r.Subjects = append(r.Subjects, report.Subject{Name: filepath.ToSlash(file), Checks: 1})
			}
			r.Details = count(len(files), "contract") + " linted"
			return d.app.Report(d.format, r)
		},
	}
}
