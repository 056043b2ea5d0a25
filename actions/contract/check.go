package contract

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/command"
	odcs "github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// files are the flags that say where data is and how it is written.
type files struct {
	paths     []string
	format    string
	delimiter string
	null      []string
}

func (f *files) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.format, "format-of", "", "how the data is written: csv, jsonl or parquet (default the files' names tell)")
	cmd.Flags().StringVar(&f.delimiter, "delimiter", "", "CSV: what separates fields (default a comma)")
	cmd.Flags().StringSliceVar(&f.null, "null", nil, "CSV: a text that means no value; repeat it, or join them by commas (default the empty one)")
}

// open opens the files as one table. Findings mean that there is none.
func (f *files) open(ctx context.Context, name string, position report.Position) (*dataset.Session, []report.Finding, error) {
	if f.format != "" && f.format != "csv" && f.format != "jsonl" && f.format != "parquet" {
		return nil, nil, command.UsageError(fmt.Errorf("--format-of %q is unknown; use csv, jsonl or parquet", f.format))
	}
	if len([]rune(f.delimiter)) > 1 {
		return nil, nil, command.UsageError(fmt.Errorf("--delimiter %q is not one character", f.delimiter))
	}
	spec := dataset.Spec{Name: name, Format: f.format, Delimiter: f.delimiter, Null: f.null, Position: position}
	for _, path := range f.paths {
		spec.Paths = append(spec.Paths, filepath.ToSlash(path))
	}
	return dataset.Open(ctx, dataset.Options{Root: "."}, spec)
}

func (d *door) check() *cobra.Command {
	var data files
	var what target
	cmd := &cobra.Command{
		Use:   "check FILE (--data PATH... | --server NAME)",
		Short: "Hold data against a contract",
		Long: `Hold data against a contract: every violation is counted, and shown with the
rows that it stands in. The data is in files, or on one of the contract's
servers: a PostgreSQL or DuckDB database, an S3 store, a path.`,
		Example: "  linecook contract check flights.odcs.yaml --data 'flights/*.parquet'\n" +
			"  linecook contract check flights.odcs.yaml --data flights.csv --partition date=2013-10-01\n" +
			"  linecook contract check orders.odcs.yaml --server production",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := command.CheckFormat(d.format); err != nil {
				return err
			}
			if len(args) == 0 {
				return command.UsageError(errors.New("name a contract, and the data with --data or --server"))
			}
			// What a shell makes of --data *.csv.
			data.paths = append(data.paths, args[1:]...)
			if err := what.check(&data); err != nil {
				return err
			}
			return d.checked(cmd.Context(), args[0], &data, what)
		},
	}
	cmd.Flags().StringArrayVar(&data.paths, "data", nil, "a file or a glob; repeat it for several")
	cmd.Flags().StringVar(&what.server, "server", "", "the contract's server to read from, instead of --data")
	cmd.Flags().StringVar(&what.partition, "partition", "", "check only the rows in which a property has a value, as date=2013-10-01 (default all rows)")
	cmd.Flags().StringVar(&what.object, "object", "", "the schema object that describes the data (needed where the contract has several)")
	data.flags(cmd)
	return cmd
}

// A target is what of the contract's data is checked, and on which server.
type target struct{ object, server, partition string }

func (t target) check(data *files) error {
	switch {
	case t.server == "" && len(data.paths) == 0:
		return command.UsageError(errors.New("name the data: files with --data, or one of the contract's servers with --server"))
	case t.server != "" && (len(data.paths) > 0 || data.format != "" || data.delimiter != "" || data.null != nil):
		return command.UsageError(errors.New("--server stands alone: the contract says where the data is and how it is written"))
	}
	return nil
}

func (d *door) checked(ctx context.Context, file string, data *files, what target) (err error) {
	whole, findings, err := d.sound(file)
	if err != nil {
		return err
	}
	rules, err := whole.For(what.object)
	if err != nil {
		return command.UsageError(fmt.Errorf("--object: %w", err))
	}
	options, err := partitionOption(rules, what.partition)
	if err != nil {
		return err
	}
	if options.Now, err = d.app.Now(); err != nil {
		return err
	}
	name := what.object
	if name == "" {
		name = rules.Schema[0].Name
	}
	session, opened, done, err := d.open(ctx, whole, name, data, what.server)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	r := &report.Report{Title: "linecook contract check", File: rules.File(), Findings: append(findings, opened...)}
	table := session.Table(name)
	if table == nil {
		r.Subjects = []report.Subject{{Name: name}}
		return d.app.Report(d.format, r)
	}
	result, err := odcs.Check(ctx, session, table, rules, options)
	if errors.Is(err, odcs.ErrPartition) {
		return command.UsageError(fmt.Errorf("--partition: %w", err))
	}
	if err != nil {
		return err
	}
	r.Findings = append(r.Findings, result.Findings...)
	r.Subjects = []report.Subject{{Name: name, Checks: result.Checks}}
	if result.Rows == 0 {
		// That the columns are there says nothing about rows that are not.
		r.Subjects[0].Checks = 0
	}
	r.Details = fmt.Sprintf("%s of contract %s on %s of %s", count(result.Checks, "check"), rules.Version, count(int(result.Rows), "row"), count(len(table.Files()), "file"))
	return d.app.Report(d.format, r)
}

// open opens the data where it is.
func (d *door) open(ctx context.Context, c *odcs.Contract, name string, data *files, server string) (*dataset.Session, []report.Finding, func() error, error) {
	if server != "" {
		return d.served(ctx, c, name, server)
	}
	session, findings, err := data.open(ctx, name, c.Position("schema"))
	if err != nil {
		return nil, nil, nil, err
	}
	return session, findings, session.Close, nil
}

// partitionOption reads COL=VALUE.
func partitionOption(rules *odcs.Contract, text string) (odcs.CheckOptions, error) {
	if text == "" {
		return odcs.CheckOptions{}, nil
	}
	column, value, found := strings.Cut(text, "=")
	if !found || value == "" {
		return odcs.CheckOptions{}, command.UsageError(fmt.Errorf("--partition %q is not a property and its value; write it as date=2013-10-01", text))
	}
	var names []string
	for _, known := range rules.Types() {
		if known.Name == column {
			return odcs.CheckOptions{Partition: &odcs.Partition{Column: column, Value: value}}, nil
		}
		names = append(names, known.Name)
	}
	return odcs.CheckOptions{}, command.UsageError(fmt.Errorf("--partition: the contract has no property %q; use one of: %s", column, strings.Join(names, ", ")))
}
