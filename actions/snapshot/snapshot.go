// Package snapshot is the door of `linecook snapshot`: what a model was fitted to.
package snapshot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/pipeline/snapshot"
)

// Command is `linecook snapshot`.
func Command(app *command.App) *cobra.Command {
	var version string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "snapshot FILE",
		Short: "Verify a feature snapshot that train has written, and say what it holds",
		Long: `Work out the digest of a feature snapshot's rows anew, and hold it against the
one that the file states and, with --version, against that of a registered
bundle: is this what the model was fitted to?`,
		Example: "  linecook train --version 1.0.0 --until 2013-09-01 --snapshot features.parquet\n  linecook snapshot features.parquet --version 1.0.0",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return run(cmd, app, args[0], version, asJSON)
		},
	}
	cmd.Flags().StringVar(&version, "version", "", "the bundle's version to hold the snapshot against")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what the file says of itself, and the findings, as JSON")
	return cmd
}

// A result is what the command prints for programs.
type result struct {
	Record   *snapshot.Record `json:"record"`
	Findings []report.Finding `json:"findings"`
}

func run(cmd *cobra.Command, app *command.App, path, version string, asJSON bool) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return command.UsageError(fmt.Errorf("there is no %s; `linecook train --snapshot` writes one", path))
	}
	out := result{Findings: []report.Finding{}}
	find := func(code, message, remedy string) {
		out.Findings = append(out.Findings, report.Finding{Code: code, Severity: report.Error, Position: report.Position{File: path}, Message: message, Remedy: remedy})
	}
	read, record, err := snapshot.Read(cmd.Context(), path)
	switch {
	case errors.Is(err, snapshot.ErrUnreadable):
		find("snapshot/unreadable", err.Error(), "name a file that `linecook train --snapshot` has written")
	case err != nil:
		return err
	default:
		out.Record = &record
		if read.Digest != record.Digest {
			find("snapshot/changed", fmt.Sprintf("its rows have the digest %s, and it states %s: they were changed", read.Digest, record.Digest), "write it again with `linecook train --snapshot`")
		}
	}
	if out.Record != nil && version != "" {
		stated, err := registered(cmd, app, record.Pipeline, version)
		if err != nil {
			return err
		}
		if stated != read.Digest {
			find("snapshot/other", fmt.Sprintf("its rows have the digest %s, and %s@v%s was fitted to %s", read.Digest, record.Pipeline, version, stated), "name the version that was trained with it")
		}
	}
	if asJSON {
		err = report.JSON(app.Out, out)
	} else {
		if out.Record != nil {
			_, err = fmt.Fprint(app.Out, text(record))
		}
		err = errors.Join(err, app.Findings(out.Findings))
	}
	if len(out.Findings) > 0 {
		err = errors.Join(err, command.ErrFound())
	}
	return err
}

// registered is the digest of the snapshot that a version was fitted to.
func registered(cmd *cobra.Command, app *command.App, pipeline, version string) (string, error) {
	versions, err := app.Registry()
	if err != nil {
		return "", err
	}
	b, _, err := versions.Fetch(cmd.Context(), pipeline, version)
	if err != nil {
		return "", command.UsageError(fmt.Errorf("--version: %w", err))
	}
	return b.Manifest.Snapshot.Digest, nil
}

func text(r snapshot.Record) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s as of %s: %d rows, %d features, label %s\n%s\n", report.Printable(r.Pipeline), report.Printable(r.AsOf), r.Rows, len(r.Features), report.Printable(r.Label), r.Digest)
	for _, source := range r.Sources {
		fmt.Fprintf(&b, "source %s: %d rows of %d files %s, contract %s\n", report.Printable(source.Name), source.Rows, source.Files, report.Printable(source.Fingerprint), report.Printable(source.Contract))
	}
	return b.String()
}
