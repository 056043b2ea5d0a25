package githubregistry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/pipeline/registry"
)

// Confirm is a registry.Confirmation, as of now: it holds the present event of
// each stage against GitHub's own facts as Audit does. An event that is not
// confirmed, or a later one that was removed, is registry.ErrUnconfirmed; so is
// one that was removed from a stage which has none. Events that the caller hides
// are not missed.
func (r *Registry) Confirm(now time.Time, hidden ...string) registry.Confirmation {
	return func(ctx context.Context, name string, history []registry.Assignment, stages ...string) error {
		shown, err := r.Client.AllDeployments(ctx, task(name))
		if err != nil {
			return err
		}
		shown = slices.DeleteFunc(shown, func(d github.Deployment) bool { return slices.Contains(hidden, d.Payload["event"]) })
		x, err := r.examiner(name, history, shown, now)
		if err != nil {
			return err
		}
		if len(stages) == 0 {
			stages = x.stages()
		}
		for _, stage := range stages {
			if err := x.confirm(ctx, stage); err != nil {
				return err
			}
		}
		return nil
	}
}

// stages are those that GitHub or a record knows anything of, in order: a stage
// may have had nothing but what was removed.
func (x *examiner) stages() []string {
	var all []string
	for _, link := range x.links {
		all = append(all, link.Event.Stage)
		for _, b := range link.Breaks {
			all = append(all, b.Stage)
		}
	}
	for _, d := range x.shown {
		all = append(all, d.Environment)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// confirm is Confirm for one stage.
func (x *examiner) confirm(ctx context.Context, stage string) error {
	var audited Audited
	refused := fmt.Sprintf("that nothing is on %s is not believed", stage)
	present := x.present(stage)
	if present >= 0 {
		var err error
		if audited, err = x.examine(ctx, present); err != nil {
			return err
		}
		if audited.unproven() {
			anchored, err := x.anchored(ctx, present)
			if err != nil {
				return err
			}
			if anchored {
				audited.Problems = nil
			}
		}
		refused = audited.Event + " is not used"
	}
	problems := slices.Concat(audited.Problems, x.orphans(slices.DeleteFunc(slices.Clone(x.shown), func(d github.Deployment) bool { return d.Environment != stage })))
	for j, link := range x.links {
		for _, b := range link.Breaks {
			if j != present && b.Stage == stage {
				problems = append(problems, link.Event.Tag()+": "+b.Says)
			}
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("%s: %s; docs/github.md says what to do after linecook registry audit: %w", refused, strings.Join(problems, "; "), registry.ErrUnconfirmed)
	}
	if audited.Deployment.State == Missing {
		x.Warn(fmt.Sprintf("%s is shown by no deployment: %s", audited.Event, audited.Deployment.Says))
	}
	return nil
}

// present is the index of the event that is on a stage, or -1.
func (x *examiner) present(stage string) int {
	present := -1
	for i, link := range x.links {
		if link.Event.Stage == stage && (present < 0 || link.Event.Sequence > x.links[present].Event.Sequence) {
			present = i
		}
	}
	return present
}

// anchored says whether the last of the events whose records list the one at i is
// itself confirmed, by its run or its deployment.
func (x *examiner) anchored(ctx context.Context, i int) (bool, error) {
	by := x.links[i].ListedBy
	if len(by) == 0 {
		return false, nil
	}
	last := slices.MaxFunc(by, func(a, b int) int { return x.links[a].Event.At.Compare(x.links[b].Event.At) })
	audited, err := x.examine(ctx, last)
	return audited.Confirmed, err
}
