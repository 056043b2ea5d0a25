package githubregistry

import (
	"context"
	"fmt"
	"slices"

	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/pipeline/registry"
)

// The states of a deployment that a mirror knows.
const (
	active  = "success"
	retired = "inactive"
)

// task tells the deployments of pipelines apart that share an environment.
func task(name string) string { return "promote:" + name }

// Show makes good what an interrupted run left of the deployments to a stage.
// Assign does so itself; this is for a run that comes to no assignment.
func (r *Registry) Show(ctx context.Context, name, stage string) {
	history, err := r.History(ctx, name)
	if err != nil {
		r.Warn(fmt.Sprintf("the deployments of %s to %s were not looked at: %v", name, stage, err))
		return
	}
	r.mirror(ctx, name, stage, history)
}

// mirror shows the events of a stage as deployments to the environment of its
// name: those after the last that is shown, in their order, the last active. It
// is for people, so what goes wrong here is a warning and left to the next run.
func (r *Registry) mirror(ctx context.Context, name, stage string, history []registry.Assignment) {
	if err := r.show(ctx, name, stage, history); err != nil {
		r.Warn(fmt.Sprintf("%s on %s is not shown under the repository's deployments, and will be with its next event: %v", name, stage, err))
	}
}

func (r *Registry) show(ctx context.Context, name, stage string, history []registry.Assignment) error {
	shown, err := r.Client.Deployments(ctx, stage, task(name))
	if err != nil {
		return err
	}
	var last, before github.Deployment // the last shown and the one before
	lastSequence := 0
	for _, d := range slices.Backward(shown) {
		of, at, sequence, err := registry.ParseStageTag(d.Payload["event"])
		if err == nil && of == name && at == stage && sequence > lastSequence {
			before, last, lastSequence = last, d, sequence
		}
	}
	if lastSequence > 0 {
		state, err := r.Client.DeploymentState(ctx, last.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(history, func(a registry.Assignment) bool { return a.Stage == stage && a.Sequence == lastSequence })
		if i >= 0 && state != active {
			if err := r.follow(ctx, before, last, history[i]); err != nil {
				return err
			}
		}
	}
	for _, a := range history {
		if a.Stage != stage || a.Sequence <= lastSequence {
			continue
		}
		digest, err := a.Digest()
		if err != nil {
			return err
		}
		next, err := r.Client.CreateDeployment(ctx, github.Deployment{
			Ref: registry.VersionTag(name, a.Version), Task: task(name), Environment: stage, Description: subject(a),
			Payload: map[string]string{"event": registry.StageTag(name, stage, a.Sequence), "version": a.Version, "bundle_id": a.BundleID, "digest": digest},
		})
		if err != nil {
			return err
		}
		if err := r.follow(ctx, last, next, a); err != nil {
			return err
		}
		last = next
	}
	return nil
}

// follow retires one deployment, if there is one, and activates the next.
func (r *Registry) follow(ctx context.Context, before, next github.Deployment, a registry.Assignment) error {
	if before.ID != 0 {
		if err := r.Client.SetDeploymentState(ctx, before.ID, retired, "followed by "+subject(a), ""); err != nil {
			return err
		}
	}
	return r.Client.SetDeploymentState(ctx, next.ID, active, subject(a), r.Log)
}
