// Package train is the door of `linecook train`: fit, evaluate, register.
package train

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/registry"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/pipeline/training"
)

// Command is `linecook train`.
func Command(app *command.App) *cobra.Command {
	var version, until, against, snapshot string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "train --version X.Y.Z",
		Short: "Fit on what was known, evaluate on a later period, register the bundle",
		Long: `Build the feature snapshot as of the cut-off, fit the estimator on the earlier
part, evaluate it on the later part, and register everything that scoring needs
as one verified bundle.`,
		Example: "  linecook train --version 1.0.0 --until 2013-09-01",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd, app, version, until, against, snapshot, asJSON)
		},
	}
	app.PipelineFlag(cmd)
	cmd.Flags().StringVar(&version, "version", "", "semantic version of the bundle, without a leading v")
	cmd.Flags().StringVar(&until, "until", "", "the cut-off: nothing from this day on is used (default the day after the last partition)")
	cmd.Flags().StringVar(&against, "champion", "", "compare, on the same rows, with what serves on this stage; none is with nothing (default the last stage)")
	cmd.Flags().StringVar(&snapshot, "snapshot", "", "write the features that were trained on to this Parquet file")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return cmd
}

// A result is what the command prints for programs.
type result struct {
	Name       string             `json:"name"`
	Version    string             `json:"version"`
	BundleID   string             `json:"bundle_id,omitempty"`
	Archive    string             `json:"archive,omitempty"`
	Until      string             `json:"until"`
	Findings   []report.Finding   `json:"findings"`
	Evaluation *evaluation.Report `json:"evaluation,omitempty"`
}

func run(cmd *cobra.Command, app *command.App, version, until, against, snapshot string, asJSON bool) error {
	config, err := app.Config()
	if err != nil {
		return err
	}
	if err := registry.CheckVersion(config.Name, version); err != nil {
		return command.UsageError(fmt.Errorf("--version: %w", err))
	}
	if err := command.CheckDate("--until", until); err != nil {
		return err
	}
	if err := app.CheckOutputs(command.Output{Flag: "--snapshot", Path: snapshot}); err != nil {
		return err
	}
	contracts, err := app.Contracts(config)
	if err != nil {
		return err
	}
	now, err := app.Now()
	if err != nil {
		return err
	}
	versions, err := app.Registry()
	if err != nil {
		return err
	}
	serving, err := champion(cmd.Context(), app, versions, config, version, against)
	if err != nil {
		return err
	}
	trained, err := training.Train(cmd.Context(), training.Input{
		Config: config, Contracts: contracts, Version: version, Until: until, Champion: serving, Snapshot: snapshot,
		Code: app.Code(config), Linecook: command.Version(),
		Progress: func(step string) { _, _ = fmt.Fprintf(app.Err, "· %s\n", step) },
	})
	if err != nil {
		return err
	}
	out := result{Name: config.Name, Version: version, Until: trained.Until, Findings: trained.Findings}
	if trained.BundleID == "" {
		if asJSON {
			err = report.JSON(app.Out, out)
		} else {
			err = app.Findings(trained.Findings)
		}
		return errors.Join(err, app.Runner().Summary(summary(out)), command.ErrFound())
	}
	registered, err := versions.Register(cmd.Context(), registry.Registration{
		Name: config.Name, Version: version, BundleID: trained.BundleID, RegisteredAt: now, Actor: app.Actor(),
	}, trained.Archive)
	if errors.Is(err, registry.ErrConflict) {
		return command.UsageError(fmt.Errorf("--version: %w", err))
	}
	if err != nil {
		return err
	}
	out.BundleID = registered.BundleID
	if out.Archive, err = app.Archive(registered, trained.Archive); err != nil {
		return err
	}
	out.Evaluation = trained.Evaluation
	if asJSON {
		err = report.JSON(app.Out, out)
	} else {
		_, err = fmt.Fprint(app.Out, text(out, trained.TrainRows))
		err = errors.Join(err, app.Findings(trained.Findings))
	}
	return errors.Join(err,
		app.Runner().Summary(summary(out)),
		app.Runner().SetOutput("version", version),
		app.Runner().SetOutput("bundle-id", out.BundleID),
		app.Runner().SetOutput("archive", out.Archive),
	)
}
