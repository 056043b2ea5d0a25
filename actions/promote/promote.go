// Package promote is the door of `linecook promote`: evidence, decision, event.
package promote

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/registry"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// options are the command's flags.
type options struct {
	version, stage, reason, checks, record, roots string
	rollback, dryRun, json                        bool
}

// Command is `linecook promote`.
func Command(app *command.App) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "promote --version X.Y.Z --to STAGE",
		Short: "Ask the policy whether a bundle may serve on a stage, and put it there",
		Long: `Gather the evidence on a registered bundle, weigh it against what the stage
requires, and append the stage event; or list what is missing.

With --rollback the stage goes back to the last version that served there before
and still verifies, or to the one that --version names.`,
		Example: "  linecook promote --version 1.0.0 --to dev\n  linecook promote --rollback --to prod --reason 'scores look wrong'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), app, o)
		},
	}
	app.PipelineFlag(cmd)
	app.PromoterFlag(cmd)
	cmd.Flags().StringVar(&o.version, "version", "", "the version to promote")
	cmd.Flags().StringVar(&o.stage, "to", "", "the stage")
	cmd.Flags().BoolVar(&o.rollback, "rollback", false, "go back to the version that served on the stage before")
	cmd.Flags().StringVar(&o.reason, "reason", "", "why, for the record")
	cmd.Flags().StringVar(&o.checks, "policy", "", "folder with checks of your own, as Rego (default policy beside the pipeline's file, where there is one)")
	cmd.Flags().StringVar(&o.roots, "trusted-root", "", "file with the roots that attestations are verified against, as gh attestation trusted-root prints them (default on a runner of github.com: asks gh)")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "decide and explain, change nothing")
	cmd.Flags().StringVar(&o.record, "record", "", "file for the decision with the policy that made it, for linecook decision replay")
	cmd.Flags().BoolVar(&o.json, "json", false, "print the decision as JSON")
	return cmd
}

func run(ctx context.Context, app *command.App, o options) error {
	config, err := app.Config()
	if err != nil {
		return err
	}
	if _, err := promotion.FindStage(config.Stages, o.stage); err != nil {
		return command.UsageError(fmt.Errorf("--to: %w", err))
	}
	if err := app.CheckOutputs(command.Output{Flag: "--record", Path: o.record}); err != nil {
		return err
	}
	versions, err := app.Registry()
	if err != nil {
		return err
	}
	request, err := o.request(app, config.Name)
	if err != nil {
		return err
	}
	if !o.dryRun && app.Unwitnessed(request.Origin) {
		return o.elsewhere()
	}
	granted, err := promotion.Before(ctx, versions, request)
	if err != nil {
		return err
	}
	if granted != nil && granted.Doubt == nil {
		return o.again(ctx, app, granted)
	}
	if granted != nil {
		// The attempt that made the event did not come to its end, and nobody but a
		// new decision can say that it was right.
		_, _ = fmt.Fprintf(app.Err, "· %s is decided anew: %v\n", granted.Event.Tag(), granted.Doubt)
		versions, request = granted.Without(versions, request, app.Confirmation(request.At, granted.Event.Tag()))
		o.version = request.Version
	}
	if o.rollback && granted == nil {
		if err := o.previous(ctx, app, versions, config.Name); err != nil {
			return err
		}
		request.Version = o.version
	}
	if err := registry.CheckVersion(config.Name, o.version); err != nil {
		return command.UsageError(fmt.Errorf("--version: %w", err))
	}
	engine, err := app.Policy(ctx, config, o.checks)
	if err != nil {
		return err
	}
	if request.Witness, err = app.Witness(ctx, o.roots); err != nil {
		return err
	}
	request.Policy = app.PolicyOrigin(ctx, config, request.Origin, o.checks)
	var decision promotion.Decision
	var event *registry.Assignment
	if o.dryRun || granted != nil {
		decision, err = promotion.Weigh(ctx, versions, app.Ledger(), engine, config.Stages, request)
	} else {
		decision, event, err = promotion.Promote(ctx, versions, app.Ledger(), engine, config.Stages, request)
	}
	if errors.Is(err, registry.ErrNotFound) {
		return command.UsageError(fmt.Errorf("--version: %w; register it with `linecook train`", err))
	}
	if err != nil {
		return err
	}
	if granted != nil && decision.Allowed {
		return o.again(ctx, app, granted)
	}
	if event == nil && !o.dryRun && granted == nil {
		// The event may be there, of a run that died right after it.
		app.Show(ctx, config.Name, o.stage)
	}
	return o.say(app, promotion.Record{Decision: decision, Policy: engine.Policy()}, event)
}

// request is what is asked for, but for what must be looked up.
func (o *options) request(app *command.App, pipeline string) (promotion.Request, error) {
	now, err := app.Now()
	if err != nil {
		return promotion.Request{}, err
	}
	origin, err := app.Origin()
	if err != nil {
		return promotion.Request{}, err
	}
	operation := promotion.OperationPromote
	if o.rollback {
		operation = promotion.OperationRollback
	}
	return promotion.Request{
		Operation: operation, Pipeline: pipeline, Version: o.version, Stage: o.stage, At: now, Actor: app.Actor(), Reason: o.reason, Origin: origin,
		Confirm: app.Confirmation(now),
	}, nil
}

// elsewhere says where to promote, where an event would not be believed.
func (o *options) elsewhere() error {
	asks := "version=" + o.version
	if o.rollback {
		asks = "rollback=true"
	}
	return command.UsageError(fmt.Errorf("--registry github: an event that no run stands behind is not used: start the workflow that promotes, as `gh workflow run linecook-promote.yml -f %s -f to=%s`, or try it with --dry-run", asks, o.stage))
}

// again says what an earlier attempt has decided and done.
func (o *options) again(ctx context.Context, app *command.App, granted *promotion.Granted) error {
	if !o.dryRun {
		// That attempt may have died before people were shown it.
		app.Show(ctx, granted.Event.Name, o.stage)
	}
	did := "promoted"
	if o.rollback {
		did = "rolled back"
	}
	if _, err := fmt.Fprintf(app.Err, "already %s by this decision at event %s\n", did, granted.Event.Tag()); err != nil {
		return err
	}
	return o.say(app, granted.Record, &granted.Event)
}

// previous fills in the version that a rollback goes to, where none is named.
func (o *options) previous(ctx context.Context, app *command.App, versions registry.Registry, pipeline string) error {
	if o.version != "" {
		return nil
	}
	version, passed, err := promotion.Previous(ctx, versions, pipeline, o.stage)
	if errors.Is(err, promotion.ErrNoWayBack) {
		return command.UsageError(fmt.Errorf("--rollback: %w", err))
	}
	if err != nil {
		return err
	}
	for _, skipped := range passed {
		_, _ = fmt.Fprintf(app.Err, "· %s does not verify any more and is passed over\n", registry.VersionTag(pipeline, skipped))
	}
	o.version = version
	return nil
}

// say prints the decision, keeps its record where that was asked for, and ends
// the command.
func (o *options) say(app *command.App, record promotion.Record, event *registry.Assignment) error {
	var err error
	decision := record.Decision
	if o.record != "" {
		err = keep(o.record, record)
	}
	if o.json {
		err = errors.Join(err, report.JSON(app.Out, decision))
	} else {
		_, printed := fmt.Fprint(app.Out, text(decision, event))
		err = errors.Join(err, printed)
	}
	err = errors.Join(err,
		app.Runner().Summary(summary(decision)),
		app.Runner().SetOutput("allowed", fmt.Sprint(decision.Allowed)),
		app.Runner().SetOutput("denials", fmt.Sprint(len(decision.Denials))),
		app.Runner().SetOutput("version", decision.Version),
	)
	if err == nil && !decision.Allowed {
		return command.ErrFound()
	}
	return err
}

func keep(path string, record promotion.Record) error {
	data, err := canonical.Marshal(record)
	if err != nil {
		return fmt.Errorf("record the decision: %w", err)
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("--record: %w", err)
	}
	return nil
}
