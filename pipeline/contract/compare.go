package contract

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/report"
)

// A Level says what an edit does to someone who relies on the contract.
type Level string

// The levels, least first.
const (
	Documentation Level = "documentation"
	Compatible    Level = "compatible"
	Breaking      Level = "breaking"
)

func (l Level) rank() int {
	switch l {
	case Documentation:
		return 0
	case Compatible:
		return 1
	}
	return 2
}

// An Effect says what an edit means for a model that was trained on data under
// the old contract.
type Effect string

// The effects, least first.
const (
	// NoEffect: the model sees what it always saw.
	NoEffect Effect = "none"
	// Recheck: the model may meet data unlike what it was trained on; its
	// metrics must be looked at again.
	Recheck Effect = "recheck"
	// Retrain: the bundle's own contract no longer fits the data, or the same
	// values now mean something else.
	Retrain Effect = "retrain"
)

func (e Effect) rank() int {
	switch e {
	case NoEffect:
		return 0
	case Recheck:
		return 1
	}
	return 2
}

// A Change is one edit of a contract.
type Change struct {
	// Path names the place, by names rather than numbers:
	// schema.flights.properties.carrier.required.
	Path string `json:"path"`
	// Kind is stable, like "required-added".
	Kind string `json:"kind"`
	// Message is one sentence with the old and the new value.
	Message string `json:"message"`
	// Producers are those who write the data. It is Breaking for them where data
	// that kept the old contract can be refused under the new one.
	Producers Level `json:"producers"`
	// Consumers are those who read the data. It is Breaking for them where data
	// that keeps the new contract can be something that the old one ruled out, or
	// where something that they read or select is gone.
	Consumers Level `json:"consumers"`
	// Model is what the edit means for the model.
	Model Effect `json:"model"`
	// Position is the place in the new contract; for what is gone, the nearest
	// place that is left.
	Position report.Position `json:"position,omitzero"`
}

// Level is the greater of what the change does to producers and to consumers.
func (c Change) Level() Level {
	if c.Producers.rank() > c.Consumers.rank() {
		return c.Producers
	}
	return c.Consumers
}

// Compare lists every edit that leads from one version of a contract to the
// next, in the order of the standard's keys. Comments, and values that are only
// written in another way, are no edits. An edit that no rule explains is
// breaking for everybody: a key that is new to this program must not pass for
// harmless.
func Compare(before, after *Contract) []Change {
	c := &comparer{after: after}
	c.contract(before, after)
	return c.changes
}

// A verdict is what an edit does to each of the three.
type verdict struct {
	producers, consumers Level
	model                Effect
}

// The verdicts that most rules come to. A stronger promise asks more of those
// who write the data, a weaker one gives less to those who read it, and one that
// is neither does both.
var (
	tightened  = verdict{Breaking, Compatible, NoEffect}
	loosened   = verdict{Compatible, Breaking, Recheck}
	replaced   = verdict{Breaking, Breaking, Recheck}
	redefined  = verdict{Breaking, Breaking, Retrain}
	harmless   = verdict{Compatible, Compatible, NoEffect}
	documented = verdict{Documentation, Documentation, NoEffect}
)

// A site is one place in both contracts. path leads to it in the new one.
type site struct {
	label string
	path  []any
}

func (s site) key(name string) site {
	label := name
	if s.label != "" {
		label = s.label + "." + name
	}
	return site{label: label, path: join(s.path, name)}
}

// item is the i-th element of the list in the new contract, under its name.
func (s site) item(i int, name string) site {
	if name == "" {
		name = fmt.Sprintf("[%d]", i)
	}
	return site{label: s.label + "." + clip(name), path: join(s.path, i)}
}

// gone is an element that the new contract does not have.
func (s site) gone(i int, name string) site {
	return site{label: s.item(i, name).label, path: s.path}
}

type comparer struct {
	after   *Contract
	changes []Change
	// covered says that the key at hand belongs to an edit that was said before.
	covered bool
}

func (c *comparer) add(s site, kind string, v verdict, format string, args ...any) {
	c.changes = append(c.changes, Change{
		Path: s.label, Kind: kind, Message: fmt.Sprintf(format, args...),
		Producers: v.producers, Consumers: v.consumers, Model: v.model, Position: c.after.Position(s.path...),
	})
}

// fields asks explain about each key in which two structs of one type differ. A
// difference that explain neither says nor counts to an edit that was said is
// breaking.
func (c *comparer) fields(s site, before, after any, explain func(key string, s site)) {
	a, b := reflect.ValueOf(before), reflect.ValueOf(after)
	for _, f := range reflect.VisibleFields(a.Type()) {
		key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if key == "" || key == "-" {
			continue
		}
		x, y := a.FieldByIndex(f.Index), b.FieldByIndex(f.Index)
		if reflect.DeepEqual(x.Interface(), y.Interface()) {
			continue
		}
		said := len(c.changes)
		c.covered = false
		explain(key, s.key(key))
		if len(c.changes) == said && !c.covered {
			c.unknown(s.key(key), key)
		}
	}
}

// unknown is the verdict on what no rule explains.
func (c *comparer) unknown(s site, key string) {
	c.add(s, "unknown-edit", redefined, "%s changed, and what that means is not known to this version of linecook", key)
}

// text reports an edit of a text that decides nothing.
func (c *comparer) text(s site, key, before, after string) {
	c.add(s, "documentation", documented, "%s", moved(key, before, after))
}

// note reports an edit inside something that decides nothing.
func (c *comparer) note(s site, key string) {
	c.add(s, "documentation", documented, "%s changed", key)
}

// once says an edit at the first of the keys that it shows in; said remembers.
func (c *comparer) once(said *bool, say func()) {
	if *said {
		c.covered = true
		return
	}
	*said = true
	say()
}

// moved says an old and a new text, or which of them is missing.
func moved(what, before, after string) string {
	switch {
	case before == "":
		return fmt.Sprintf("%s is now %q", what, clip(after))
	case after == "":
		return fmt.Sprintf("%s, which was %q, is gone", what, clip(before))
	}
	return fmt.Sprintf("%s was %q and is now %q", what, clip(before), clip(after))
}

// id: others may refer to an element by its id, whatever its name is.
func (c *comparer) id(s site, before, after StableID) {
	v := verdict{Documentation, Breaking, NoEffect}
	if before == "" {
		v = documented
	}
	c.add(s, "id", v, "%s", moved("the id", string(before), string(after)))
}

// deref is the value behind a pointer, and the zero value behind none: an empty
// mapping says no more than an absent one.
func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
