// Package registry is the door of `linecook registry`: which versions exist,
// which of them is on which stage, and which was when.
package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/registry"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// Command is `linecook registry` with its seven verbs.
func Command(app *command.App) *cobra.Command {
	d := &door{app: app}
	cmd := command.Group(&cobra.Command{
		Use:   "registry",
		Short: "Show which versions exist, and which is and was on which stage",
		Long: `List a pipeline's versions, show one, list the events that put versions on
stages, tell from those events alone what is on a stage and what was, hold them
against what GitHub knows, and print what a version needs installed.`,
		Example: `  linecook registry list
  linecook registry show 1.0.0
  linecook registry history --stage prod
  linecook registry current
  linecook registry at --date 2013-10-01 --stage prod
  linecook registry audit
  linecook registry lock --stage prod`,
	}, "say what to show of the registry", d.list(), d.show(), d.history(), d.current(), d.at(), d.audit(), d.lock())
	app.PipelineFlag(cmd)
	cmd.PersistentFlags().AddFlag(cmd.Flags().Lookup("pipeline"))
	cmd.PersistentFlags().StringVar(&d.name, "name", "", "the pipeline's name, where its file is not at hand")
	cmd.PersistentFlags().StringVar(&d.stage, "stage", "", "only this stage (default all)")
	cmd.PersistentFlags().BoolVar(&d.asJSON, "json", false, "print it as JSON")
	return cmd
}

type door struct {
	app         *command.App
	name, stage string
	asJSON      bool
}

// open is the registry and the name of the pipeline that is asked about.
func (d *door) open(ctx context.Context) (registry.Registry, string, error) {
	var config *pipeline.Config
	name := d.name
	if name == "" {
		var err error
		if config, err = d.app.Config(); err != nil {
			return nil, "", err
		}
		name = config.Name
	}
	versions, err := d.app.Registry()
	if err == nil && config != nil && d.stage != "" {
		err = d.known(ctx, versions, config)
	}
	return versions, name, err
}

// known refuses a stage that the pipeline has not and never had.
func (d *door) known(ctx context.Context, versions registry.Registry, c *pipeline.Config) error {
	_, unknown := promotion.FindStage(c.Stages, d.stage)
	if unknown == nil {
		return nil
	}
	history, err := versions.History(ctx, c.Name)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(history, func(a registry.Assignment) bool { return a.Stage == d.stage }) {
		return nil
	}
	return command.UsageError(fmt.Errorf("--stage: %w", unknown))
}

// events is the history of the pipeline, of one stage where one was named.
func (d *door) events(ctx context.Context) ([]registry.Assignment, error) {
	versions, name, err := d.open(ctx)
	if err != nil {
		return nil, err
	}
	history, err := versions.History(ctx, name)
	of := []registry.Assignment{} // not nil: programs read an empty list
	for _, a := range history {
		if d.stage == "" || a.Stage == d.stage {
			of = append(of, a)
		}
	}
	return of, err
}

// print shows a table to people, or values to programs. Where there is nothing
// to show it says so and the command ends with what a finding ends with.
func (d *door) print(values any, t table.Writer, nothing string) error {
	if d.asJSON {
		if err := report.JSON(d.app.Out, values); err != nil {
			return err
		}
	} else if t.Length() > 0 {
		if _, err := fmt.Fprintln(d.app.Out, t.Render()); err != nil {
			return err
		}
	}
	if t.Length() > 0 {
		return nil
	}
	_, err := fmt.Fprintln(d.app.Err, nothing)
	return errors.Join(err, command.ErrFound())
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// text makes what others wrote harmless and keeps it on its line.
func text(words string) string { return report.Printable(words) }

// A version is a registration as this command shows it.
type version struct {
	registry.Registration
	// Stages are those that the version is on now.
	Stages []string `json:"stages"`
}

func (d *door) list() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the versions, lowest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			versions, name, err := d.open(cmd.Context())
			if err != nil {
				return err
			}
			regs, err := versions.Registrations(cmd.Context(), name)
			if err != nil {
				return err
			}
			history, err := versions.History(cmd.Context(), name)
			if err != nil {
				return err
			}
			shown, t := []version{}, command.Table("version", "registered", "by", "bytes", "on", "bundle")
			for _, reg := range regs {
				v := version{reg, on(history, reg)}
				if d.stage != "" && !slices.Contains(v.Stages, d.stage) {
					continue
				}
				shown = append(shown, v)
				t.AppendRow(table.Row{reg.Version, moment(reg.RegisteredAt), text(reg.Actor), reg.Size, strings.Join(v.Stages, ", "), reg.BundleID})
			}
			nothing := fmt.Sprintf("no version of %s is registered", name)
			if len(regs) > 0 {
				nothing = "nothing is on " + d.where()
			}
			return d.print(shown, t, nothing)
		},
	}
}

func (d *door) show() *cobra.Command {
	return &cobra.Command{
		Use: "show VERSION", Short: "Show one version, after verifying its bundle", Args: oneVersion,
		RunE: func(cmd *cobra.Command, args []string) error {
			versions, name, err := d.open(cmd.Context())
			if err != nil {
				return err
			}
			if err := registry.CheckVersion(name, args[0]); err != nil {
				return command.UsageError(err)
			}
			b, reg, err := versions.Fetch(cmd.Context(), name, args[0])
			if errors.Is(err, registry.ErrNotFound) {
				return command.UsageError(err)
			}
			if err != nil {
				return err
			}
			history, err := versions.History(cmd.Context(), name)
			if err != nil {
				return err
			}
			return d.describe(b.Manifest, version{reg, on(history, reg)}, ofVersion(history, reg))
		},
	}
}

func oneVersion(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return command.UsageError(errors.New("name one version, as 1.0.0"))
	}
	return nil
}

func (d *door) history() *cobra.Command {
	return &cobra.Command{
		Use: "history", Short: "List the events that put versions on stages", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			history, err := d.events(cmd.Context())
			if err != nil {
				return err
			}
			return d.print(history, events(history), "no event has put a version on "+d.where())
		},
	}
}

func (d *door) where() string {
	if d.stage == "" {
		return "a stage"
	}
	return d.stage
}

func events(history []registry.Assignment) table.Writer {
	t := command.Table("event", "at", "version", "by", "reason")
	for _, a := range history {
		t.AppendRow(table.Row{a.Tag(), moment(a.At), a.Version, text(a.Actor), text(a.Reason)})
	}
	return t
}
