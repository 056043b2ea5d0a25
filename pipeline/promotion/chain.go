package promotion

import (
	"fmt"
	"slices"
	"time"

	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/registry"
)

// A Link is one event with what the other events say of it. Every record lists
// the events that it was weighed against, each with its digest: whoever changes
// or removes an event contradicts all that came after it.
type Link struct {
	Event registry.Assignment
	// Record is what the event's record says; its zero value is a record that
	// cannot be read.
	Record Record
	// Problems say in what the event contradicts its own record, in order; empty
	// means in nothing.
	Problems []string
	// Breaks are the events that its record lists and that are not there as they
	// were.
	Breaks []Break
	// ListedBy are the indices of the links whose records list this event as it
	// is.
	ListedBy []int
}

// A Break is an event that a later record knows otherwise than it is now.
type Break struct {
	Stage string
	// Says is a sentence about the later event.
	Says string
}

// Chain holds the events of a pipeline, by stage and sequence as a registry
// returns them, against their records and against each other. An event whose
// record is another one's is a problem and no error. The error is that an event
// has no canonical form.
func Chain(history []registry.Assignment) ([]Link, error) {
	links := make([]Link, len(history))
	at, digests := map[string]int{}, make([]string, len(history))
	for i, event := range history {
		digest, err := event.Digest()
		if err != nil {
			return nil, err
		}
		at[event.Tag()], digests[i] = i, digest
		links[i] = Link{Event: event}
		if err := canonical.Unmarshal(event.Decision, &links[i].Record); err != nil {
			links[i].Record = Record{}
			links[i].Problems = []string{fmt.Sprintf("its record is no decision: %s", err)}
			continue
		}
		links[i].Problems = append(Strangers(event, links[i].Record.Decision), unlisted(event, links[i].Record.Evidence.History)...)
	}
	for i := range links {
		link := &links[i]
		for _, before := range link.Record.Evidence.History {
			broken := func(format string, values ...any) {
				link.Breaks = append(link.Breaks, Break{before.Stage, fmt.Sprintf(format, values...)})
			}
			tag := registry.StageTag(link.Event.Name, before.Stage, int(before.Sequence))
			j, found := at[tag]
			switch {
			case !found:
				broken("its record lists %s, which is not there: that event was removed", tag)
			case digests[j] != before.Digest:
				broken("its record lists %s with the digest %q, and that event has %q: one of the two was changed", tag, before.Digest, digests[j])
			case before.At.After(link.Event.At):
				link.Problems = append(link.Problems, fmt.Sprintf("it is dated before %s, which its record lists", tag))
			default:
				links[j].ListedBy = append(links[j].ListedBy, i)
			}
		}
	}
	return links, nil
}

// unlisted are the events of its own stage that an event must have been weighed
// against and that its record does not list.
func unlisted(event registry.Assignment, listed []Assignment) []string {
	var missing []string
	for sequence := 1; sequence < event.Sequence; sequence++ {
		if !slices.ContainsFunc(listed, func(a Assignment) bool { return a.Stage == event.Stage && a.Sequence == int64(sequence) }) {
			missing = append(missing, fmt.Sprintf("its record does not list %s", registry.StageTag(event.Name, event.Stage, sequence)))
		}
	}
	return missing
}

// Strangers are the ways in which an event is not of its own record, in order.
func Strangers(event registry.Assignment, record Decision) []string {
	found := []string{}
	for _, field := range []struct{ name, event, record string }{
		{"pipeline", event.Name, record.Pipeline}, {"stage", event.Stage, record.Stage}, {"version", event.Version, record.Version},
		{"bundle", event.BundleID, record.BundleID}, {"actor", event.Actor, record.Actor},
		{"time", event.At.Format(time.RFC3339Nano), record.At.Format(time.RFC3339Nano)},
	} {
		if field.record == "" {
			field.record = "none"
		}
		if field.event != field.record {
			found = append(found, fmt.Sprintf("the event's %s is %s, and its record decided on %s", field.name, field.event, field.record))
		}
	}
	if !record.Allowed {
		found = append(found, "the event stands, and its record is a denial")
	}
	if record.Evidence.Origin.Kind == OriginRehearsal {
		found = append(found, "its record is of a rehearsal, which decides nothing")
	}
	return found
}
