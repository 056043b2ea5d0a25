package githubregistry

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/registry"
)

// A State is what one kind of fact says of an event.
type State string

// The states.
const (
	Confirmed    State = "confirmed"
	Contradicted State = "contradicted"
	Expired      State = "expired" // GitHub does not keep it any more
	Missing      State = "missing"
)

// A Fact is a State, and what it rests on in words.
type Fact struct {
	State State  `json:"state"`
	Says  string `json:"says"`
}

// An Audited is one event with what confirms it.
type Audited struct {
	Event     string              `json:"event"`
	Stage     string              `json:"stage"`
	Operation promotion.Operation `json:"operation"`
	Version   string              `json:"version"`
	At        time.Time           `json:"at"`
	Actor     string              `json:"actor"`
	// Run is what GitHub knows of the run that decided, Deployment what that run
	// showed to people, Later what the records of later events say.
	Run        Fact `json:"run"`
	Deployment Fact `json:"deployment"`
	Later      Fact `json:"later_events"`
	Confirmed  bool `json:"confirmed"`
	// Problems say why it is not confirmed; empty exactly when it is.
	Problems []string `json:"problems"`
}

// An Audit is what GitHub says of all events of a pipeline.
type Audit struct {
	Events []Audited `json:"events"`
	// Problems are those of no event that is there: one that was removed, a tag
	// that holds none.
	Problems []string `json:"problems"`
}

// Clean says that every event is confirmed and none is missing. Of no event there
// is nothing to be said.
func (a Audit) Clean() bool {
	return len(a.Events) > 0 && len(a.Problems) == 0 && !slices.ContainsFunc(a.Events, func(e Audited) bool { return !e.Confirmed })
}

// Audit holds every event of a pipeline against GitHub's own facts, as of now. An
// error is that GitHub could not be asked.
func (r *Registry) Audit(ctx context.Context, name string, now time.Time) (Audit, error) {
	if err := bundle.CheckName("bundle name", name); err != nil {
		return Audit{}, err
	}
	history, broken, err := r.events(ctx, name)
	if err != nil {
		return Audit{}, err
	}
	audit := Audit{Events: []Audited{}, Problems: []string{}}
	for _, problem := range broken {
		audit.Problems = append(audit.Problems, problem.Error())
	}
	shown, err := r.Client.AllDeployments(ctx, task(name))
	if err != nil {
		return Audit{}, err
	}
	x, err := r.examiner(name, history, shown, now)
	if err != nil {
		return Audit{}, err
	}
	for i := range history {
		audited, err := x.examine(ctx, i)
		if err != nil {
			return Audit{}, err
		}
		audit.Events = append(audit.Events, audited)
	}
	x.anchor(audit.Events)
	audit.Problems = append(audit.Problems, x.orphans(shown)...)
	return audit, nil
}

// An examiner holds events against what GitHub knows, and asks for what is the
// same for all of them once.
type examiner struct {
	*Registry
	name  string
	now   time.Time
	links []promotion.Link
	// shown are the pipeline's deployments, to every environment.
	shown []github.Deployment
	// branch is the default branch, and tip its last commit, once asked for.
	branch, tip string
	// contained remembers which commits are on it.
	contained map[string]bool
}

func (r *Registry) examiner(name string, history []registry.Assignment, shown []github.Deployment, now time.Time) (*examiner, error) {
	links, err := promotion.Chain(history)
	return &examiner{Registry: r, name: name, now: now, links: links, shown: shown, contained: map[string]bool{}}, err
}

// examine asks for all facts about the event at i. Where the run is gone, it is
// confirmed by its deployment, or not yet: see anchor.
func (x *examiner) examine(ctx context.Context, i int) (Audited, error) {
	link := x.links[i]
	a := Audited{
		Event: link.Event.Tag(), Stage: link.Event.Stage, Operation: link.Record.Operation, Version: link.Event.Version, At: link.Event.At, Actor: link.Event.Actor,
		Later: x.later(i), Problems: []string{},
	}
	var created time.Time
	var err error
	if a.Deployment, created, err = x.deployed(link.Event); err != nil {
		return Audited{}, err
	}
	if a.Run, err = x.ran(ctx, i, a.Deployment.State == Confirmed); err != nil {
		return Audited{}, err
	}
	a.Problems = append(a.Problems, link.Problems...)
	for _, b := range link.Breaks {
		a.Problems = append(a.Problems, b.Says)
	}
	for _, fact := range []Fact{a.Run, a.Deployment} {
		if fact.State == Contradicted {
			a.Problems = append(a.Problems, fact.Says)
		}
	}
	// A deployment that was made when the run was gone repeats what the tag said
	// then, and proves no more. The event's time is what its tag says, and a young
	// event may be dated back: that the run is gone of old, GitHub's own time of the
	// deployment must say, too.
	then := a.Deployment.State == Confirmed && !created.Before(a.At.Add(-slack)) && created.Before(a.At.Add(runsKept))
	witnessed := then && x.now.Sub(created) > runsKept
	if a.Run.State == Expired && !witnessed {
		a.Problems = append(a.Problems, unproven)
	}
	a.Confirmed = len(a.Problems) == 0
	return a, nil
}

// unproven is why an event is not confirmed that nothing contradicts.
const unproven = "GitHub keeps its run no more, and no deployment that is older than runs are kept, and was made while it did, says the same"

func (a Audited) unproven() bool { return slices.Equal(a.Problems, []string{unproven}) }

// later is what the records of the events that came after say.
func (x *examiner) later(i int) Fact {
	var by []string
	for _, j := range x.links[i].ListedBy {
		by = append(by, x.links[j].Event.Tag())
	}
	if len(by) == 0 {
		return Fact{Missing, "no event has come after it"}
	}
	return Fact{Confirmed, "its digest is in the record of " + strings.Join(by, ", ")}
}

// anchor confirms old events whose run is gone by later ones that are confirmed
// and hold their digests.
func (x *examiner) anchor(events []Audited) {
	for again := true; again; {
		again = false
		for i := range events {
			e := &events[i]
			anchored := slices.ContainsFunc(x.links[i].ListedBy, func(j int) bool { return events[j].Confirmed })
			if e.unproven() && anchored {
				e.Problems, e.Confirmed, again = []string{}, true, true
			}
		}
	}
}

// orphans are those of some deployments that show an event which is not there: it
// was removed, or the deployment was made by hand.
func (x *examiner) orphans(shown []github.Deployment) []string {
	there := map[string]bool{}
	for _, link := range x.links {
		there[link.Event.Tag()] = true
	}
	problems := []string{}
	for _, d := range shown {
		of, stage, _, err := registry.ParseStageTag(d.Payload["event"])
		if err != nil || of != x.name || stage != d.Environment {
			problems = append(problems, fmt.Sprintf("deployment %d to %s was made by %s and shows no event", d.ID, d.Environment, cmp.Or(d.Creator, "nobody")))
			continue
		}
		if !there[d.Payload["event"]] {
			problems = append(problems, fmt.Sprintf("deployment %d, made by %s at %s, shows %s, which is not there: that event was removed, or the deployment is forged",
				d.ID, cmp.Or(d.Creator, "nobody"), d.Created.Format(time.RFC3339), d.Payload["event"]))
		}
	}
	slices.Sort(problems)
	return problems
}
