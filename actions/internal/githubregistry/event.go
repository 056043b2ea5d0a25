package githubregistry

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/registry"
)

// MaxMessage bounds an event's message, in bytes. A decision keeps the text of
// its policy, about 60 kB, and on a bundle with a hundred slices about 50 kB of
// evidence. What is longer would need an object of its own, and git forgets
// objects that no ref holds; docs/github.md says what keeping it here costs.
const MaxMessage = 1 << 20

// Assign implements registry.Registry.
func (r *Registry) Assign(ctx context.Context, a registry.Assignment) (registry.Assignment, error) {
	p, err := r.registration(ctx, a.Name, a.Version)
	if err != nil {
		return registry.Assignment{}, err
	}
	history, err := r.History(ctx, a.Name)
	if err != nil {
		return registry.Assignment{}, err
	}
	checked, err := registry.CheckAssign(a, history, p.registration)
	if err != nil {
		if errors.Is(err, registry.ErrConflict) {
			// A run that ended between its event and its deployment ends here when it
			// is repeated.
			r.mirror(ctx, a.Name, a.Stage, history)
		}
		return registry.Assignment{}, err
	}
	a = checked
	tag := a.Tag()
	fail := func(err error) (registry.Assignment, error) {
		return registry.Assignment{}, fmt.Errorf("assigning %s to %s: %w", registry.VersionTag(a.Name, a.Version), a.Stage, err)
	}
	text, err := message(a)
	if err != nil {
		return fail(err)
	}
	ref, err := r.Client.Ref(ctx, "tags/"+registry.VersionTag(a.Name, a.Version))
	if err != nil {
		return fail(err)
	}
	commit, err := r.Client.CommitOf(ctx, ref)
	if err != nil {
		return fail(err)
	}
	err = r.createTag(ctx, github.Tag{Name: tag, Message: text, Commit: commit, By: author, Email: authorEmail, At: a.At})
	if errors.Is(err, github.ErrExists) {
		return registry.Assignment{}, registry.TakenError(a)
	}
	if err != nil {
		return fail(err)
	}
	r.mirror(ctx, a.Name, a.Stage, append(history, a))
	return a, nil
}

// History implements registry.Registry.
func (r *Registry) History(ctx context.Context, name string) ([]registry.Assignment, error) {
	if err := bundle.CheckName("bundle name", name); err != nil {
		return nil, err
	}
	history, broken, err := r.events(ctx, name)
	if err == nil && len(broken) > 0 {
		err = broken[0]
	}
	if err != nil {
		return nil, err
	}
	return history, nil
}

// events are those of a name, by stage and sequence, and what is wrong with their
// tags and their numbers: each is ErrCorrupt.
func (r *Registry) events(ctx context.Context, name string) (history []registry.Assignment, broken []error, err error) {
	refs, err := r.Client.Refs(ctx, "tags/"+name+"#")
	if err != nil {
		return nil, nil, err
	}
	for _, ref := range refs {
		a, err := r.event(ctx, ref)
		switch {
		case errors.Is(err, registry.ErrCorrupt):
			broken = append(broken, err)
		case err != nil:
			return nil, nil, err
		default:
			history = append(history, a)
		}
	}
	if _, err := registry.CheckHistory(name, history); err != nil {
		broken = append(broken, err)
	}
	return history, broken, nil
}

// event reads what a tag records and holds it against the tag's name.
func (r *Registry) event(ctx context.Context, ref github.Ref) (registry.Assignment, error) {
	tag := strings.TrimPrefix(ref.Name, "tags/")
	fail := func(err error) (registry.Assignment, error) {
		return registry.Assignment{}, fmt.Errorf("the tag %s is no event that linecook wrote; delete it if it was made by hand: %w", tag, err)
	}
	name, stage, sequence, err := registry.ParseStageTag(tag)
	if err != nil {
		return fail(fmt.Errorf("%w: %w", registry.ErrCorrupt, err))
	}
	r.mu.Lock()
	a, found := r.known[ref.SHA]
	r.mu.Unlock()
	if !found {
		if ref.Type != "tag" {
			return fail(fmt.Errorf("%w: it has no message", registry.ErrCorrupt))
		}
		text, found := r.kept(ref.SHA)
		if !found {
			object, err := r.Client.Tag(ctx, ref.SHA)
			if err != nil {
				return registry.Assignment{}, err
			}
			r.keep(object)
			text = object.Message
		}
		if a, err = parseMessage(text); err != nil {
			return fail(err)
		}
		r.mu.Lock()
		r.known[ref.SHA] = a
		r.mu.Unlock()
	}
	if a.Name != name || a.Stage != stage || a.Sequence != sequence {
		return fail(fmt.Errorf("%w: it records the event %s", registry.ErrCorrupt, a.Tag()))
	}
	return a, nil
}

// subject is the line of an event that git shows.
func subject(a registry.Assignment) string {
	return fmt.Sprintf("%s to %s by %s", registry.VersionTag(a.Name, a.Version), a.Stage, strings.Join(strings.Fields(a.Actor), " "))
}

// message is an event as the text of its tag: a line for people, an empty one,
// and the event as canonical JSON, the decision in it.
func message(a registry.Assignment) (string, error) {
	record, err := registry.EncodeAssignment(a)
	if err != nil {
		return "", err
	}
	text := subject(a) + "\n\n" + string(record)
	if len(text) > MaxMessage {
		return "", fmt.Errorf("the event with its decision has %d bytes, and a tag's message may have %d: evaluate fewer slices, or keep fewer checks of your own", len(text), MaxMessage)
	}
	return text, nil
}

// parseMessage is the inverse of message, but for white space at the end.
func parseMessage(text string) (registry.Assignment, error) {
	first, record, found := strings.Cut(strings.TrimRight(text, "\n"), "\n\n")
	if !found {
		return registry.Assignment{}, fmt.Errorf("%w: its message is no record", registry.ErrCorrupt)
	}
	a, err := registry.DecodeAssignment([]byte(record))
	if err != nil {
		return registry.Assignment{}, err
	}
	if first != subject(a) {
		return registry.Assignment{}, fmt.Errorf("%w: its first line %q is not that of its record", registry.ErrCorrupt, first)
	}
	return a, nil
}
