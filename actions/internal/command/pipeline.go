package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/linecook-ml/linecook/actions/internal/program"
	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/ledger"
	ledgerdir "github.com/linecook-ml/linecook/pipeline/ledger/dir"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/policy"
)

// Config reads pipeline.yaml. Findings in it are printed and end the command
// as a mistake in the configuration.
func (a *App) Config() (*pipeline.Config, error) {
	text, err := os.ReadFile(a.pipeline)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, UsageError(fmt.Errorf("there is no %s; name the pipeline's file with --pipeline, or make one with `linecook init`", a.pipeline))
	}
	if err != nil {
		return nil, UsageError(fmt.Errorf("the pipeline's file cannot be read; name another with --pipeline: %w", err))
	}
	config, findings := pipeline.ParseConfig(filepath.ToSlash(a.pipeline), text)
	if config == nil {
		return nil, a.misconfigured(findings)
	}
	config.Programs = feature.Programs{Start: program.Starter(a.Getenv), Progress: a.batches()}
	return config, a.stages(config)
}

// stages reads the pipeline's stages where its file has none: from stages.yaml
// in the folder of its policy, or linecook's own. Two places that both have them
// could disagree, so there is one.
func (a *App) stages(c *pipeline.Config) error {
	defaults, err := policy.Stages()
	if err != nil {
		return err
	}
	path := filepath.Join(c.Root, policyFolder, "stages.yaml")
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if c.Stages == nil {
			c.Stages = defaults
		}
		return nil
	case err != nil:
		return UsageError(fmt.Errorf("the stages cannot be read: %w", err))
	case c.Stages != nil:
		return UsageError(fmt.Errorf("%s and %s both have stages; keep those of one of them", c.File, filepath.ToSlash(path)))
	}
	if findings := c.UseStages(filepath.ToSlash(path), text, defaults); report.HasErrors(findings) {
		return a.misconfigured(findings)
	}
	return nil
}

// PipelineFile is the path of the pipeline's file, as it was named.
func (a *App) PipelineFile() string { return filepath.ToSlash(a.pipeline) }

// Contracts reads the contracts of a pipeline's sources, and the pipeline's
// queries and commands.
func (a *App) Contracts(c *pipeline.Config) (pipeline.Contracts, error) {
	contracts, findings := c.ReadContracts(os.ReadFile)
	findings = append(findings, c.ReadQueries(os.ReadFile)...)
	root, err := os.OpenRoot(c.Root)
	if err != nil {
		return nil, UsageError(fmt.Errorf("the pipeline's folder cannot be read: %w", err))
	}
	findings = append(findings, c.ReadCommands(root.FS())...)
	if err := root.Close(); err != nil {
		return nil, err
	}
	if report.HasErrors(findings) {
		return nil, a.misconfigured(findings)
	}
	return contracts, nil
}

func (a *App) misconfigured(findings []report.Finding) error {
	if err := a.Findings(findings); err != nil {
		return err
	}
	return UsageError(&Misconfigured{File: a.PipelineFile(), Findings: findings})
}

// Misconfigured is the error of a configuration whose findings are printed
// already, with those findings.
type Misconfigured struct {
	File     string
	Findings []report.Finding
}

func (m *Misconfigured) Error() string {
	return fmt.Sprintf("%s cannot be used: %s", m.File, report.Count(m.Findings))
}

// Findings prints findings for people, and as annotations on a runner.
func (a *App) Findings(findings []report.Finding) error {
	a.Runner().Annotate(findings)
	return report.Text(a.Err, findings)
}

// Ledger is the local ledger below linecook's home.
func (a *App) Ledger() ledger.Store { return ledgerdir.Open(filepath.Join(a.home, "ledger")) }

// Actor is who runs the command.
func (a *App) Actor() string {
	for _, name := range []string{"GITHUB_ACTOR", "USER", "USERNAME"} {
		if actor := a.Getenv(name); actor != "" {
			return actor
		}
	}
	return "unknown"
}

// Code is the commit that the pipeline's file is in, and whether its folder
// differs from that commit. Outside a repository it is empty.
func (a *App) Code(c *pipeline.Config) bundle.Code {
	git := func(args ...string) (string, error) {
		out, err := exec.Command("git", append([]string{"-C", c.Root}, args...)...).Output()
		return strings.TrimSpace(string(out)), err
	}
	commit, err := git("rev-parse", "HEAD")
	if err != nil {
		return bundle.Code{}
	}
	changes, err := git("status", "--porcelain", "--", ".")
	return bundle.Code{Commit: commit, Dirty: err != nil || changes != ""}
}
