package contract

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/command"
	odcs "github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report"
)

func (d *door) infer() *cobra.Command {
	var data files
	var name, out string
	var key []string
	cmd := &cobra.Command{
		Use:   "infer PATH...",
		Short: "Propose a contract for data that has none",
		Long: `Propose a contract that the data keeps: a start, to be edited by someone who
knows what the data means. It goes to the standard output, or with --out to a
file that must not exist yet.`,
		Example: "  linecook contract infer customers.csv\n  linecook contract infer 'flights/*.parquet' --name flights --out flights.odcs.yaml",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, paths []string) error {
			if err := command.CheckFormat(d.format); err != nil {
				return err
			}
			if len(paths) == 0 {
				return command.UsageError(errors.New("no data is named; name at least one file"))
			}
			if out == "" && d.format != "text" {
				return command.UsageError(fmt.Errorf("--format %s is about the report, and the contract itself needs the standard output; name a file for it with --out", d.format))
			}
			data.paths = paths
			if name == "" {
				name = baseName(paths[0])
			}
			return d.inferred(cmd.Context(), &data, odcs.InferOptions{Name: name, PrimaryKey: key}, out)
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "the table's name (default the first file's)")
	cmd.Flags().StringVar(&out, "out", "", "the file to write the contract to (default the standard output)")
	cmd.Flags().StringSliceVar(&key, "key", nil, "a column of the primary key, which is never guessed; repeat it, or join them by commas")
	data.flags(cmd)
	return cmd
}

// baseName is a file's name without what says its format.
func baseName(path string) string {
	name := filepath.Base(path)
	if stem, _, found := strings.Cut(name, "."); found && stem != "" {
		name = stem
	}
	if strings.Trim(name, "*?[]") == "" || strings.ContainsAny(name, "*?[]") {
		name = filepath.Base(filepath.Dir(path))
	}
	if name == "." || name == string(filepath.Separator) {
		return "table"
	}
	return name
}

func (d *door) inferred(ctx context.Context, data *files, options odcs.InferOptions, out string) (err error) {
	session, findings, err := data.open(ctx, options.Name, report.Position{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	table := session.Table(options.Name)
	if table == nil {
		return d.noContract(findings)
	}
	if err := data.undivided(table); err != nil {
		return err
	}
	proposed, err := odcs.Infer(ctx, session, table, options)
	if dataset.Unreadable(err) {
		return d.noContract([]report.Finding{{
			Code: "dataset/unreadable-rows", Severity: report.Error,
			Message: fmt.Sprintf("source %s cannot be read to its end: %s", table.Name, dataset.FirstLine(err)),
			Remedy:  "replace the file that is named; a CSV has to be UTF-8",
		}})
	}
	if err != nil {
		// What cannot be proposed for is the data's or the caller's mistake: no
		// rows, no such column, a nested one.
		return command.UsageError(err)
	}
	text, err := odcs.Render(proposed)
	if err != nil {
		return err
	}
	shown := out
	if out == "" {
		shown = options.Name + ".odcs.yaml"
	}
	rules, findings := odcs.Parse(filepath.ToSlash(shown), text)
	if rules == nil {
		return fmt.Errorf("the proposed contract is not sound: %s: %s", findings[0].Position, findings[0].Message)
	}
	if out == "" {
		_, err := d.app.Out.Write(text)
		return err
	}
	if err := create(out, text); err != nil {
		return err
	}
	r := &report.Report{
		Title: "linecook contract infer", File: filepath.ToSlash(out), Findings: findings,
		Subjects: []report.Subject{{Name: filepath.ToSlash(out), Checks: 1}},
		Details:  fmt.Sprintf("%s proposed for %s of %s", out, count(len(rules.Types()), "column"), count(len(table.Files()), "file")),
	}
	return d.app.Report(d.format, r)
}

// undivided refuses a CSV of one column that seems to have more, unless that is
// how the caller wants it read.
func (f *files) undivided(table *dataset.Table) error {
	for _, segment := range table.Segments {
		if delimiter := segment.Undivided(); delimiter != "" && f.delimiter == "" {
			return command.UsageError(fmt.Errorf("%s has one column, %q; name what separates its fields, %q as it seems, with --delimiter, or say --delimiter , if it has no more",
				segment.Files[0], segment.Columns[0].Name, delimiter))
		}
	}
	return nil
}

// noContract reports data that could not be opened, where the report may go.
func (d *door) noContract(findings []report.Finding) error {
	if d.format == "text" {
		if err := d.app.Findings(findings); err != nil {
			return err
		}
		return command.ErrFound()
	}
	return d.app.Report(d.format, &report.Report{Title: "linecook contract infer", Findings: findings})
}

// create writes a file that must not exist: what it holds may be somebody's
// work.
func create(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return command.UsageError(fmt.Errorf("--out: %s exists already; name another file, or remove it first", path))
	}
	if err != nil {
		return command.UsageError(fmt.Errorf("--out: %w", err))
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, os.Remove(path)))
	}
	return nil
}
