package githubregistry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/registry"
)

// What an event is held against. Nobody who may push tags can write these facts
// about a run: GitHub does, from the default branch's own workflow.
const (
	// runsKept is how long an event and its deployment have their run at least.
	// GitHub keeps runs for 90 days, and they come up to a day after its start.
	runsKept = 89 * 24 * time.Hour
	// slack is how far a runner's clock may be from GitHub's.
	slack = 5 * time.Minute
	// asked is the one event that promotes: somebody asks for it.
	asked = "workflow_dispatch"
	// step is what the step is called that promotes.
	step = "Promote"
)

// Promoters are the workflows that promote, unless an option says another: this
// repository's own, and the one that `linecook init` writes.
var Promoters = []string{".github/workflows/promote.yml", ".github/workflows/linecook-promote.yml"}

// titles are what the promoting workflow's run-name may make of a request, the
// plain one first. A dry run has another, so that a run that only explained is no
// permission. A workflow that promotes several pipelines names the file, and a
// rollback need not say where it goes.
func titles(operation promotion.Operation, version, stage, file string) []string {
	plain := fmt.Sprintf("linecook %s %s to %s", operation, version, stage)
	all := []string{plain, plain + " of " + file}
	if operation == promotion.OperationRollback {
		plain = fmt.Sprintf("linecook %s to %s", operation, stage)
		all = append(all, plain, plain+" of "+file)
	}
	return all
}

// ran holds the event at i against the run that its record names. vouched says
// that a deployment holds its digest.
func (x *examiner) ran(ctx context.Context, i int, vouched bool) (Fact, error) {
	event, record := x.links[i].Event, x.links[i].Record
	contradicted := func(format string, values ...any) (Fact, error) {
		return Fact{Contradicted, fmt.Sprintf(format, values...)}, nil
	}
	origin := record.Evidence.Origin
	if origin.Kind != promotion.OriginGitHub {
		return contradicted("its record was made elsewhere than on a runner (%q), so that no run stands behind it", origin.Kind)
	}
	id, number, err := github.ParseAttempt(origin.Run)
	if err != nil {
		return contradicted("its record names no run: %s", err)
	}
	if home := "/" + x.Repository + "/actions/"; !vouched && !strings.Contains(strings.ToLower(origin.Run), strings.ToLower(home)) {
		return contradicted("its record names the run %s, which is of another repository than %s", origin.Run, x.Repository)
	}
	if other, found := x.sameRun(i, id); found {
		return contradicted("its record names the run of %s, and a run makes one event", other)
	}
	attempt, err := x.Client.RunAttempt(ctx, id, number)
	if errors.Is(err, github.ErrNotFound) {
		if x.now.Sub(event.At) > runsKept {
			return Fact{Expired, fmt.Sprintf("GitHub keeps run %d no more", id)}, nil
		}
		return contradicted("GitHub knows no attempt %d of run %d (or the token may not read actions)", number, id)
	}
	if err != nil {
		return Fact{}, err
	}
	problem, err := x.unlike(ctx, vouched, event, record, attempt)
	if err == nil && problem == "" {
		problem, err = x.unfinished(ctx, attempt)
	}
	switch {
	case err != nil:
		return Fact{}, err
	case problem != "":
		return contradicted("%s", problem)
	}
	return Fact{Confirmed, fmt.Sprintf("run %d, attempt %d, %q by %s", id, number, attempt.Title, attempt.Actor)}, nil
}

// sameRun is an event before the one at i whose record names the same run.
func (x *examiner) sameRun(i int, id int64) (tag string, found bool) {
	event := x.links[i].Event
	for j, link := range x.links {
		before := link.Event.At.Before(event.At) || link.Event.At.Equal(event.At) && j < i
		other, _, err := github.ParseAttempt(link.Record.Evidence.Origin.Run)
		if before && err == nil && other == id {
			return link.Event.Tag(), true
		}
	}
	return "", false
}

// unlike says in what a run is not the one that can have made an event, in words;
// empty is in nothing. People, branches and repositories are renamed, and the
// record has the names of then: where a deployment vouches for the record, it
// vouches for them.
func (x *examiner) unlike(ctx context.Context, vouched bool, event registry.Assignment, record promotion.Record, run github.Attempt) (string, error) {
	if err := x.settle(ctx); err != nil {
		return "", err
	}
	origin := record.Evidence.Origin
	called, wanted := strings.Join(strings.Fields(run.Title), " "), titles(record.Operation, event.Version, event.Stage, x.File)
	promoters, branches := Promoters, []string{x.branch}
	if len(x.Promoters) > 0 {
		promoters = x.Promoters
	}
	if vouched {
		branches = append(branches, origin.DefaultBranch)
	}
	lower := strings.ToLower
	facts := []struct {
		what, has string
		wants     []string // one of these, the first for people
	}{
		{"is of a commit in", lower(run.Repository), []string{lower(x.Repository)}},
		{"ran the workflow", run.Workflow, promoters},
		{"was started by the event", run.Event, []string{asked}},
		{"is for the branch", run.Branch, branches},
		{"is for the commit", run.Commit, []string{origin.Commit}},
		{"is called", called, wanted},
		{"was started by", lower(run.Actor), []string{lower(event.Actor)}},
		{"was started this time by", lower(run.TriggeredBy), []string{lower(origin.TriggeredBy)}},
	}
	if vouched {
		facts = facts[:len(facts)-2]
	}
	for _, fact := range facts {
		if !slices.Contains(fact.wants, fact.has) {
			return fmt.Sprintf("run %d %s %q, and not %q", run.Run, fact.what, fact.has, fact.wants[0]), nil
		}
	}
	if origin.Ref != "refs/heads/"+run.Branch {
		return fmt.Sprintf("its record is of %q, and not of the default branch %q", origin.Ref, run.Branch), nil
	}
	if event.At.Before(run.Started.Add(-slack)) || run.Completed && event.At.After(run.Updated.Add(slack)) {
		return fmt.Sprintf("run %d lasted from %s to %s, and the event is of %s", run.Run, run.Started.Format(time.RFC3339), run.Updated.Format(time.RFC3339), event.At.Format(time.RFC3339)), nil
	}
	// A tag may have the branch's name, and then a run for it looks like one for
	// the branch.
	on, err := x.onDefaultBranch(ctx, run.Commit)
	if err == nil && !on {
		return fmt.Sprintf("run %d is for the commit %s, which is not on the branch %s", run.Run, run.Commit, x.branch), nil
	}
	return "", err
}

// unfinished says in what a run did not promote, in words; empty is that it did.
// The step counts and not the run: what comes after may fail, or be under way,
// and a job may have been skipped. Where the attempt died in that step, a later
// one that came through decided anew.
func (x *examiner) unfinished(ctx context.Context, run github.Attempt) (string, error) {
	ended, err := x.ended(ctx, run.Run, run.Number)
	if err != nil || ended == success {
		return "", err
	}
	last, err := x.Client.LastAttempt(ctx, run.Run)
	if err != nil {
		return "", err
	}
	if last > run.Number {
		later, err := x.ended(ctx, run.Run, last)
		if err != nil || later == success {
			return "", err
		}
	}
	return fmt.Sprintf("the step %s of run %d, attempt %d ended as %s, and not as success", step, run.Run, run.Number, ended), nil
}

const success = "success"

// ended is how the step ended that promotes.
func (x *examiner) ended(ctx context.Context, run int64, attempt int) (string, error) {
	steps, err := x.Client.Steps(ctx, run, attempt)
	if err != nil {
		return "", err
	}
	ended := "one that is not there"
	for _, s := range steps {
		if s.Name == step && s.Conclusion == success {
			return success, nil
		}
		if s.Name == step {
			ended = cmp.Or(s.Conclusion, "nothing yet")
		}
	}
	return ended, nil
}

// settle asks once for the default branch and its last commit.
func (x *examiner) settle(ctx context.Context) error {
	if x.tip != "" {
		return nil
	}
	branch, err := x.Client.DefaultBranch(ctx)
	if err != nil {
		return err
	}
	ref, err := x.Client.Ref(ctx, "heads/"+branch)
	if err != nil {
		return err
	}
	x.branch, x.tip = branch, ref.SHA
	return nil
}

func (x *examiner) onDefaultBranch(ctx context.Context, commit string) (bool, error) {
	if on, known := x.contained[commit]; known {
		return on, nil
	}
	on, err := x.Client.Contains(ctx, x.tip, commit)
	if err == nil {
		x.contained[commit] = on
	}
	return on, err
}

// deployed holds an event against the deployments that show it, and says when
// the first of them was created.
func (x *examiner) deployed(event registry.Assignment) (fact Fact, created time.Time, err error) {
	digest, err := event.Digest()
	if err != nil {
		return Fact{}, created, err
	}
	fact = Fact{Missing, "the next promotion to the stage shows it, also one that is denied"}
	for _, d := range x.shown {
		if d.Environment != event.Stage || d.Payload["event"] != event.Tag() {
			continue
		}
		if d.Creator != github.Actions {
			return Fact{Contradicted, fmt.Sprintf("deployment %d, which shows it, was made by %s and not by %s", d.ID, d.Creator, github.Actions)}, created, nil
		}
		if d.Payload["digest"] != digest {
			return Fact{Contradicted, fmt.Sprintf("deployment %d shows it with the digest %q, and it has %q: one of the two was changed", d.ID, d.Payload["digest"], digest)}, created, nil
		}
		// They come newest first.
		fact, created = Fact{Confirmed, fmt.Sprintf("deployment %d", d.ID)}, d.Created
	}
	return fact, created, nil
}
