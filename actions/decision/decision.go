// Package decision is the door of `linecook decision`: what was decided, and
// whether it would be decided so again.
//
//  1. Records come from the pipeline's stage events, or from one file.
//  2. Each is made again from its own evidence, requirement and policy, or under
//     the policy and the stages of now.
//  3. What does not come out the same is named, and ends the command with 1.
package decision

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/registry"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/policy"
)

// Command is `linecook decision` with its one verb.
func Command(app *command.App) *cobra.Command {
	return command.Group(&cobra.Command{
		Use:     "decision",
		Short:   "Make recorded promotions again, and say what came out differently",
		Example: "  linecook decision replay\n  linecook decision replay --event flight-delay#prod#3 --present",
	}, "say what to do with decisions", replay(app))
}

type options struct {
	event, file, checks string
	present, json       bool
}

func replay(app *command.App) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Make recorded decisions again from their records alone",
		Long: `Make each recorded decision again, from its own evidence and requirement, under
the very policy that is kept with it; or, with --present, under the policy and
the stages of now. Nothing is changed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), app, o)
		},
	}
	app.PipelineFlag(cmd)
	cmd.Flags().StringVar(&o.event, "event", "", "one stage event, as flight-delay#prod#3 (default all of the pipeline)")
	cmd.Flags().StringVar(&o.file, "file", "", "a record that linecook promote --record wrote, instead of an event")
	cmd.Flags().BoolVar(&o.present, "present", false, "decide under the policy and the stages of now")
	cmd.Flags().StringVar(&o.checks, "policy", "", "with --present: folder with checks of your own (default policy beside the pipeline's file)")
	cmd.Flags().BoolVar(&o.json, "json", false, "print the outcome as JSON")
	return cmd
}

// A record is what is made again.
type record struct {
	name string
	text []byte
	// event is what the registry has; nil for a file.
	event *registry.Assignment
}

// An outcome is one record's, for programs.
type outcome struct {
	Name string `json:"name"`
	Same bool   `json:"same"`
	policy.Replayed
}

func run(ctx context.Context, app *command.App, o options) error {
	records, err := o.records(ctx, app)
	if err != nil {
		return err
	}
	rules, err := o.rules(ctx, app)
	if err != nil {
		return err
	}
	outcomes := []outcome{}
	for _, r := range records {
		replayed, err := policy.Replay(ctx, r.text, rules)
		if err != nil {
			return err
		}
		replayed.Differences = append(strangers(r), replayed.Differences...)
		outcomes = append(outcomes, outcome{Name: r.name, Same: replayed.Same(), Replayed: replayed})
	}
	return say(app, outcomes, o.json)
}

// rules are the policy and the stages of now, where they were asked for.
func (o options) rules(ctx context.Context, app *command.App) (*policy.Present, error) {
	if !o.present {
		return nil, nil
	}
	config, err := app.Config()
	if err != nil {
		return nil, err
	}
	engine, err := app.Policy(ctx, config, o.checks)
	if err != nil {
		return nil, err
	}
	return &policy.Present{Engine: engine, Stages: config.Stages}, nil
}

// strangers are the ways in which an event is not of its own record.
func strangers(r record) []string {
	var d promotion.Decision
	if r.event == nil || json.Unmarshal(r.text, &d) != nil {
		return []string{} // of the second Replay says better
	}
	return promotion.Strangers(*r.event, d)
}

// records are those that were asked for; none is the caller's mistake.
func (o options) records(ctx context.Context, app *command.App) ([]record, error) {
	if o.file != "" {
		if o.event != "" {
			return nil, command.UsageError(errors.New("--file and --event are two ways to name one record; give one of them"))
		}
		text, err := os.ReadFile(o.file)
		if err != nil {
			return nil, command.UsageError(fmt.Errorf("--file: %w", err))
		}
		return []record{{name: o.file, text: text}}, nil
	}
	name, stage, sequence := "", "", 0
	if o.event != "" {
		var err error
		if name, stage, sequence, err = registry.ParseStageTag(o.event); err != nil {
			return nil, command.UsageError(fmt.Errorf("--event: %w", err))
		}
	} else {
		config, err := app.Config()
		if err != nil {
			return nil, err
		}
		name = config.Name
	}
	versions, err := app.Registry()
	if err != nil {
		return nil, err
	}
	history, err := versions.History(ctx, name)
	if err != nil {
		return nil, err
	}
	var all []record
	for _, event := range history {
		if o.event == "" || event.Stage == stage && event.Sequence == sequence {
			all = append(all, record{event.Tag(), event.Decision, &event})
		}
	}
	if len(all) == 0 {
		return nil, command.UsageError(fmt.Errorf("there is no event %s to decide again", cmp.Or(o.event, "of "+name)))
	}
	return all, nil
}

func say(app *command.App, outcomes []outcome, asJSON bool) error {
	same := true
	for _, o := range outcomes {
		same = same && o.Same
	}
	var err error
	if asJSON {
		err = report.JSON(app.Out, outcomes)
	} else {
		for _, o := range outcomes {
			verdict := "the same"
			if !o.Same {
				verdict = "not the same"
			}
			_, printed := fmt.Fprintf(app.Out, "%s: %s\n", report.Printable(o.Name), verdict)
			err = errors.Join(err, printed)
			for _, difference := range o.Differences {
				_, printed := fmt.Fprintf(app.Out, "  %s\n", report.Printable(difference))
				err = errors.Join(err, printed)
			}
		}
	}
	if err == nil && !same {
		return command.ErrFound()
	}
	return err
}
