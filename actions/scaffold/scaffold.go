// Package scaffold is the door of `linecook init`: from a data file to a
// pipeline that validates. It is also the door of `linecook schema`.
//
//  1. Find: the data files that the arguments name, or the one set of them
//     that lies below the folder.
//  2. Survey: a contract is inferred, and the rows are read under it once, to
//     count what the guesses rest on.
//  3. Guess: which column is the day, which the outcome, which name the entity,
//     and which may be features. A guess that cannot be made is a question to
//     the user, never a default.
//  4. Render: the guesses become files, with comments for a newcomer.
//  5. Rehearse: the files are parsed, and validated on the data, in memory.
//  6. Write: all files, or none; what exists is never overwritten unasked.
package scaffold

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/pipeline/validation"
)

// A request is what the command line asks for.
type request struct {
	data   []string
	dir    string
	name   string
	time   string
	label  string
	entity []string
	force  bool
	now    time.Time
}

// Command is `linecook init`.
func Command(app *command.App) *cobra.Command {
	var r request
	cmd := &cobra.Command{
		Use:   "init [DATA...]",
		Short: "Write a contract, pipeline.yaml, workflows and policy for a data file",
		Long: `Look at a CSV, Parquet or JSON-lines file, guess what the columns mean, and write
everything a pipeline needs: a contract, pipeline.yaml, workflows, a policy. What
was guessed is said and why. The result validates; it is a start to be edited.`,
		Example: "  linecook init data/customers.csv --label churned --entity customer_id",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, data []string) (err error) {
			r.data = data
			if r.now, err = app.Now(); err != nil {
				return err
			}
			return run(cmd.Context(), app, r)
		},
	}
	cmd.Flags().StringVar(&r.name, "name", "", "the pipeline's name (default from the data's)")
	cmd.Flags().StringVar(&r.time, "time", "", "the column that says when a row happened (default guessed)")
	cmd.Flags().StringVar(&r.label, "label", "", "the column with the outcome: two values, or a number (default guessed)")
	cmd.Flags().StringArrayVar(&r.entity, "entity", nil, "a column that names what recurs; repeat it, or join names by commas (default guessed)")
	cmd.Flags().StringVar(&r.dir, "dir", ".", "the repository's folder, where the files go")
	cmd.Flags().BoolVar(&r.force, "force", false, "overwrite files that exist")
	return cmd
}

func run(ctx context.Context, app *command.App, r request) (err error) {
	found, err := find(r.dir, r.data)
	if err != nil {
		return err
	}
	if r.name, err = pipelineName(r, found); err != nil {
		return err
	}
	s, err := survey(ctx, r, found)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	p, err := guess(ctx, r, s)
	if err != nil {
		return err
	}
	build := command.ThisBuild()
	to := pinOf(ctx, build)
	files, err := render(ctx, r, p, s, to)
	if err != nil {
		return err
	}
	ignoring, err := ignore(r.dir)
	if err != nil {
		return err
	}
	files = append(files, ignoring...)
	if todo := to.explain(build); todo != "" {
		p.note("%s", todo)
	}
	p.surroundings(r.dir)
	if err := rehearse(ctx, app, r.dir, files); err != nil {
		return err
	}
	if err := write(r.dir, files, r.force); err != nil {
		return err
	}
	_, err = fmt.Fprint(app.Out, text(r, s, p, files))
	return err
}

// pipelineName is the name that was asked for, or one made from the data's.
func pipelineName(r request, found *files) (string, error) {
	if r.name != "" {
		if err := bundle.CheckName("pipeline", r.name); err != nil {
			return "", command.UsageError(fmt.Errorf("--name: %w", err))
		}
		return r.name, nil
	}
	dashed := func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return ' '
	}
	words := strings.Fields(strings.Map(dashed, strings.ToLower(found.title)))
	if name := strings.Join(words, "-"); bundle.CheckName("pipeline", name) == nil {
		return name, nil
	}
	return "pipeline", nil
}

// surroundings notes where GitHub will not see the workflows.
func (p *plan) surroundings(dir string) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return
	}
	for folder := filepath.Dir(absolute); ; folder = filepath.Dir(folder) {
		if _, err := os.Lstat(filepath.Join(folder, ".git")); err == nil {
			p.note("this folder is not the root of its repository, and GitHub reads workflows only there: move %s, and set pipeline in them", workflowFolder)
			return
		}
		if folder == filepath.Dir(folder) {
			return
		}
	}
}

// rehearse holds what is about to be written to what `linecook validate` will
// hold it to. Data that this finds fault with is not given a pipeline.
func rehearse(ctx context.Context, app *command.App, dir string, files []file) (err error) {
	at := func(path string) string { return filepath.ToSlash(filepath.Join(dir, filepath.FromSlash(path))) }
	texts := map[string][]byte{}
	for _, f := range files {
		texts[at(f.path)] = f.text
	}
	config, findings := pipeline.ParseConfig(at(configFile), texts[at(configFile)])
	if config == nil {
		return faulty(app, findings, "the pipeline.yaml that init makes of this data is not valid")
	}
	contracts, findings := config.ReadContracts(func(path string) ([]byte, error) {
		return texts[filepath.ToSlash(path)], nil
	})
	if report.HasErrors(findings) {
		return faulty(app, findings, "the contract that init makes of this data is not valid")
	}
	session, opened, err := config.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	result, err := validation.Run(ctx, config, contracts, session, opened, validation.Scope{})
	if err != nil {
		return err
	}
	if !result.Clean() {
		return faulty(app, result.Findings, "the data does not keep what can be said of it")
	}
	return nil
}

func faulty(app *command.App, findings []report.Finding, what string) error {
	return errors.Join(app.Findings(findings), command.UsageError(fmt.Errorf("%s; nothing was written", what)))
}
