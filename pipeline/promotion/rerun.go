package promotion

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/registry"
)

// A Granted request has been answered with yes before: by Record, which Event
// keeps.
type Granted struct {
	Record Record
	Event  registry.Assignment
	// Doubt is why the event is not confirmed, which is registry.ErrUnconfirmed;
	// nil is that it is.
	Doubt error
}

// Without is a registry in which the event is not there, and the request for its
// version, so that what is in doubt can be weighed anew. confirm is asked about
// the other events.
func (g *Granted) Without(versions registry.Registry, request Request, confirm registry.Confirmation) (registry.Registry, Request) {
	request.Version, request.Confirm = g.Event.Version, confirm
	return without{versions, g.Event}, request
}

// without hides the last event of a stage.
type without struct {
	registry.Registry
	event registry.Assignment
}

// History implements registry.Registry.
func (w without) History(ctx context.Context, name string) ([]registry.Assignment, error) {
	history, err := w.Registry.History(ctx, name)
	return slices.DeleteFunc(history, func(a registry.Assignment) bool { return a.Tag() == w.event.Tag() }), err
}

// Before looks for the event that this very request has led to; nil is none. A
// run that died after its event, or that somebody starts again, then has nothing
// left to do: deciding anew would deny what it did itself, and a rollback would
// go back once more. A rollback may leave its version open.
//
// On a runner the request is the same in every attempt of the run; elsewhere each
// is another. Where the stage has moved on since, the error is
// registry.ErrConflict: what a run asked for then is not what anybody asks for now.
func Before(ctx context.Context, versions registry.Registry, request Request) (*Granted, error) {
	history, err := versions.History(ctx, request.Pipeline)
	if err != nil {
		return nil, err
	}
	current, _ := registry.Current(history, request.Stage)
	for _, event := range history {
		var record Record
		// What cannot be read is somebody else's, and stays to be weighed.
		if event.Stage != request.Stage || canonical.Unmarshal(event.Decision, &record) != nil || !request.led(event, record.Decision) {
			continue
		}
		if event.Sequence == current.Sequence {
			granted := &Granted{Record: record, Event: event}
			if request.Confirm != nil {
				granted.Doubt = request.Confirm(ctx, request.Pipeline, history, request.Stage)
			}
			if granted.Doubt != nil && !errors.Is(granted.Doubt, registry.ErrUnconfirmed) {
				return nil, granted.Doubt
			}
			return granted, nil
		}
		return nil, fmt.Errorf("this run has put %s on %s before, as %s, and the stage has %s since %s: start a new run instead of this one again: %w",
			registry.VersionTag(event.Name, event.Version), event.Stage, event.Tag(), registry.VersionTag(current.Name, current.Version), current.Tag(), registry.ErrConflict)
	}
	return nil, nil
}

// led says that the request was the one that the event's decision answered.
func (r Request) led(event registry.Assignment, d Decision) bool {
	of := d.Allowed && d.Pipeline == event.Name && d.Stage == event.Stage && d.Version == event.Version && d.BundleID == event.BundleID
	open := r.Version == "" && r.Operation == OperationRollback
	asked := d.Operation == r.operation() && d.Pipeline == r.Pipeline && (open || d.Version == r.Version)
	return of && asked && r.repeats(d)
}

func (r Request) repeats(d Decision) bool {
	then, now := d.Evidence.Origin, r.Origin
	run, found := withoutAttempt(now.Run)
	before, _ := withoutAttempt(then.Run)
	return found && now.Kind == OriginGitHub && then.Kind == OriginGitHub && run == before
}

// withoutAttempt is the address of a run in all of its attempts; false is one
// that names no run.
func withoutAttempt(run string) (string, bool) {
	address, _, found := strings.Cut(run, "/attempts/")
	return address, found && !strings.HasSuffix(address, "/")
}
