// Package contract is the door of `linecook contract`: contracts by themselves,
// without a pipeline.
//
//  1. lint reads contracts and says what is wrong with them.
//  2. check holds data against a contract.
//  3. diff says what an edit of a contract means, and for whom.
//  4. infer proposes a contract for data that has none.
package contract

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/command"
	odcs "github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// Command is `linecook contract` with its four verbs.
func Command(app *command.App) *cobra.Command {
	d := &door{app: app}
	cmd := command.Group(&cobra.Command{
		Use:   "contract",
		Short: "Lint, check, compare or propose data contracts, without a pipeline",
		Long: `Lint data contracts, hold data against one, compare two versions of one, or
propose one for data that has none. No pipeline is needed.`,
		Example: `  linecook contract lint contracts/*.odcs.yaml
  linecook contract check flights.odcs.yaml --data flights.parquet
  linecook contract diff flights.odcs.yaml flights-new.odcs.yaml
  linecook contract infer customers.csv --out customers.odcs.yaml`,
	}, "say what to do with contracts", d.lint(), d.check(), d.diff(), d.infer())
	command.FormatFlag(cmd.PersistentFlags(), &d.format)
	return cmd
}

type door struct {
	app    *command.App
	format string
}

// read is a file that was named on the command line. A file that is not there
// or cannot be read is the caller's mistake, never an empty one.
func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, command.UsageError(fmt.Errorf("there is no file %s", path))
	case err != nil:
		return nil, command.UsageError(fmt.Errorf("%s cannot be read: %w", path, err))
	case info.IsDir():
		return nil, command.UsageError(fmt.Errorf("%s is a folder; name the files in it", path))
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, command.UsageError(fmt.Errorf("%s cannot be read: %w", path, err))
	}
	return text, nil
}

// sound reads a contract that the command cannot do without.
func (d *door) sound(path string) (*odcs.Contract, []report.Finding, error) {
	text, err := read(path)
	if err != nil {
		return nil, nil, err
	}
	c, findings := odcs.Parse(filepath.ToSlash(path), text)
	if c == nil {
		return nil, nil, d.unsound(path, findings)
	}
	return c, findings, nil
}

// unsound prints what is wrong with a contract, and ends the command as a
// mistake in what it was given.
func (d *door) unsound(path string, findings []report.Finding) error {
	if err := d.app.Findings(findings); err != nil {
		return err
	}
	return command.UsageError(fmt.Errorf("%s cannot be used: %s", path, report.Count(findings)))
}

// count says how many there are of something.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
