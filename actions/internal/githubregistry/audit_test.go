package githubregistry_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/actions/internal/github/githubtest"
	"github.com/linecook-ml/linecook/actions/internal/githubregistry"
	"github.com/linecook-ml/linecook/pipeline/canonical"
	ledgerdir "github.com/linecook-ml/linecook/pipeline/ledger/dir"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/registry"
)

// A past is a repository whose stages have a history, made by runs as GitHub
// knows them.
type past struct {
	t    *testing.T
	s    *githubtest.Server
	runs int64
	warn []string
	// was gives what is called otherwise now the name that it had; nil is nothing.
	was *strings.Replacer
}

func home(id int64) string {
	return fmt.Sprintf("https://github.com/%s/actions/runs/%d/attempts/1", githubtest.Repository, id)
}

// dispatch has a run promote, and changes what GitHub knows of the run.
func (p *past) dispatch(operation promotion.Operation, version, stage string, change ...func(*githubtest.Run)) registry.Assignment {
	p.t.Helper()
	p.runs++
	now := p.s.Now()
	run := githubtest.Run{
		ID: p.runs, Workflow: ".github/workflows/promote.yml", Event: "workflow_dispatch", Title: fmt.Sprintf("linecook %s %s to %s", operation, version, stage),
		Conclusion: "success", Actor: "grace", Started: now.Add(-time.Minute), Updated: now.Add(time.Minute),
	}
	for _, c := range change {
		c(&run)
	}
	p.s.AddRun(run)
	required := []promotion.Stage{{Name: "staging", Require: []string{"anything"}}, {Name: "prod", Require: []string{"anything"}}}
	_, event, err := promotion.Promote(p.t.Context(), p.open(), ledgerdir.Open(p.t.TempDir()), allows{}, required, promotion.Request{
		Operation: operation, Pipeline: name, Version: version, Stage: stage, At: now, Actor: "grace", Origin: p.origin(p.runs),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.s.Wait(time.Hour)
	return *event
}

func (p *past) origin(run int64) promotion.Origin {
	o := originOf(run, p.s.Head(""))
	if p.was != nil {
		for _, text := range []*string{&o.Repository, &o.Ref, &o.DefaultBranch, &o.Workflow, &o.Run} {
			*text = p.was.Replace(*text)
		}
	}
	return o
}

func originOf(run int64, commit string) promotion.Origin {
	return promotion.Origin{
		Kind: promotion.OriginGitHub, Repository: githubtest.Repository, Ref: "refs/heads/main", Commit: commit, DefaultBranch: "main",
		Workflow: githubtest.Repository + "/" + githubregistry.Promoters[0] + "@refs/heads/main", Run: home(run), TriggeredBy: "grace",
	}
}

func (p *past) open(change ...func(*githubregistry.Options)) *githubregistry.Registry {
	p.t.Helper()
	change = append(change, func(o *githubregistry.Options) { o.Warn = func(text string) { p.warn = append(p.warn, text) } })
	return open(p.t, p.s, change...)
}

// allows is a policy that has nothing against anybody.
type allows struct{}

func (allows) Decide(_ context.Context, e promotion.Evidence, s promotion.Stage) (promotion.Decision, error) {
	return promotion.Decision{
		Allowed: true, Operation: e.Operation, Pipeline: e.Pipeline, Stage: e.Stage, Version: e.Candidate.Version, BundleID: e.Candidate.BundleID, At: e.At, Actor: e.Actor,
		Required: s.Require, Passed: s.Require, Denials: []promotion.Denial{}, Requirement: s, Evidence: e,
	}, nil
}

func (allows) Policy() map[string]string { return map[string]string{"always.rego": "package always"} }

// newPast registers two versions; the first is on both stages, the second on
// staging.
func newPast(t *testing.T) *past {
	t.Helper()
	p := &past{t: t, s: githubtest.New(t)}
	prepareVersions(t, p.s)
	p.dispatch(promotion.OperationPromote, "1.0.0", "staging")
	p.dispatch(promotion.OperationPromote, "1.0.0", "prod")
	p.dispatch(promotion.OperationPromote, "1.1.0", "staging")
	return p
}

// forge pushes the tag of an event that no run decided: what an honest record of
// 1.1.0 on prod would be, changed. Record and event agree with each other.
func (p *past) forge(sequence int, change func(*promotion.Record)) {
	p.t.Helper()
	history, err := p.open().History(p.t.Context(), name)
	if err != nil {
		p.t.Fatal(err)
	}
	honest, _ := registry.At(history, "staging", p.s.Now())
	var record promotion.Record
	if err := json.Unmarshal(honest.Decision, &record); err != nil {
		p.t.Fatal(err)
	}
	record.Stage, record.Evidence.Stage, record.Requirement.Name = "prod", "prod", "prod"
	record.At = p.s.Now()
	record.Evidence.Origin = p.origin(100)
	record.Evidence.History = []promotion.Assignment{}
	for _, a := range history {
		digest, err := a.Digest()
		if err != nil {
			p.t.Fatal(err)
		}
		record.Evidence.History = append(record.Evidence.History, promotion.Assignment{
			Stage: a.Stage, Sequence: int64(a.Sequence), Version: a.Version, BundleID: a.BundleID, At: a.At, Operation: promotion.OperationPromote, Digest: digest,
		})
	}
	change(&record)
	record.Evidence.At, record.Evidence.Actor = record.At, record.Actor
	decision, err := canonical.Marshal(record)
	if err != nil {
		p.t.Fatal(err)
	}
	p.push(registry.Assignment{
		Name: name, Stage: "prod", Sequence: sequence, Version: record.Version, BundleID: record.BundleID, At: record.At, Actor: record.Actor, Decision: decision,
	})
}

// push is what anybody can do who may push tags.
func (p *past) push(a registry.Assignment) {
	p.t.Helper()
	text, err := registry.EncodeAssignment(a)
	if err != nil {
		p.t.Fatal(err)
	}
	p.s.Tag(a.Tag(), p.s.Head(""), fmt.Sprintf("%s to %s by %s\n\n%s", registry.VersionTag(a.Name, a.Version), a.Stage, a.Actor, text))
}

// run adds the run that a forger names.
func (p *past) run(change func(*githubtest.Run)) {
	now := p.s.Now()
	run := githubtest.Run{
		ID: 100, Workflow: ".github/workflows/promote.yml", Event: "workflow_dispatch", Title: "linecook promote 1.1.0 to prod",
		Conclusion: "success", Actor: "grace", Started: now.Add(-time.Minute), Updated: now.Add(time.Minute),
	}
	change(&run)
	p.s.AddRun(run)
}

// confirm is what scoring asks before it believes a stage.
func (p *past) confirm(stage string, change ...func(*githubregistry.Options)) error {
	p.t.Helper()
	r := p.open(change...)
	history, err := r.History(p.t.Context(), name)
	if err != nil {
		return err
	}
	return r.Confirm(p.s.Now())(p.t.Context(), name, history, stage)
}

func (p *past) audit() githubregistry.Audit {
	p.t.Helper()
	audit, err := p.open().Audit(p.t.Context(), name, p.s.Now())
	if err != nil {
		p.t.Fatal(err)
	}
	return audit
}

// problems are all that an audit found, as event: problem.
func problems(audit githubregistry.Audit) string {
	all := slices.Clone(audit.Problems)
	for _, e := range audit.Events {
		for _, problem := range e.Problems {
			all = append(all, e.Event+": "+problem)
		}
	}
	return strings.Join(all, "\n")
}

// A forged event is refused where it would serve, and named by an audit, however
// well its record agrees with itself.
func TestAForgedEventIsRefused(t *testing.T) {
	as := func(*promotion.Record) {}
	side := func(p *past) string {
		return p.s.Commit(githubtest.Commit{Branch: "side", Parent: p.s.Head(""), Author: "mallory", Message: "mine"})
	}
	for _, c := range []struct {
		name  string
		forge func(*past)
		says  string
	}{
		{"without a run", func(p *past) { p.forge(2, as) }, "GitHub knows no attempt 1 of run 100"},
		{"made on a laptop", func(p *past) {
			p.forge(2, func(r *promotion.Record) { r.Evidence.Origin = promotion.Origin{Kind: promotion.OriginLocal} })
		}, `made elsewhere than on a runner ("local")`},
		{"taken from a rehearsal", func(p *past) {
			p.forge(2, func(r *promotion.Record) { r.Evidence.Origin = promotion.Origin{Kind: promotion.OriginRehearsal} })
		}, "of a rehearsal"},
		{"a run that is no number", func(p *past) {
			p.forge(2, func(r *promotion.Record) {
				r.Evidence.Origin.Run = "https://github.com/octo/flights/actions/runs/1/../2/attempts/1"
			})
		}, "names no run"},
		{"a run of another repository", func(p *past) {
			p.forge(2, func(r *promotion.Record) {
				r.Evidence.Origin.Run = strings.Replace(home(100), githubtest.Repository, "mallory/flights", 1)
			})
		}, "another repository than octo/flights"},
		{"a run for a fork", func(p *past) {
			p.run(func(r *githubtest.Run) { r.Repository = "mallory/flights" })
			p.forge(2, as)
		}, `is of a commit in "mallory/flights"`},
		{"a run of another workflow", func(p *past) {
			p.run(func(r *githubtest.Run) { r.Workflow = ".github/workflows/validate.yml" })
			p.forge(2, as)
		}, `ran the workflow ".github/workflows/validate.yml"`},
		{"a run on a side branch", func(p *past) {
			commit := side(p)
			p.run(func(r *githubtest.Run) { r.Branch, r.Commit = "side", commit })
			p.forge(2, func(r *promotion.Record) { r.Evidence.Origin.Commit = commit })
		}, `is for the branch "side"`},
		{"a record of a side branch", func(p *past) {
			p.run(func(*githubtest.Run) {})
			p.forge(2, func(r *promotion.Record) { r.Evidence.Origin.Ref = "refs/heads/side" })
		}, "not of the default branch"},
		{"a run for a tag that is called as the branch", func(p *past) {
			commit := side(p)
			p.s.Tag("main", commit, "")
			p.run(func(r *githubtest.Run) { r.Commit = commit })
			p.forge(2, func(r *promotion.Record) { r.Evidence.Origin.Commit = commit })
		}, "is not on the branch main"},
		{"a run for another commit", func(p *past) {
			p.run(func(*githubtest.Run) {})
			p.forge(2, func(r *promotion.Record) { r.Evidence.Origin.Commit = strings.Repeat("0", 40) })
		}, "is for the commit"},
		{"a run of a pull request", func(p *past) {
			p.run(func(r *githubtest.Run) { r.Event = "pull_request" })
			p.forge(2, as)
		}, `was started by the event "pull_request"`},
		{"a run that failed", func(p *past) {
			p.run(func(r *githubtest.Run) { r.Conclusion = "failure" })
			p.forge(2, as)
		}, "the step Promote of run 100, attempt 1 ended as failure"},
		{"a denied run that was run again", func(p *past) {
			p.run(func(r *githubtest.Run) { r.Conclusion = "failure" })
			p.run(func(r *githubtest.Run) { r.Attempt, r.Conclusion = 2, "failure" })
			p.forge(2, as)
		}, "ended as failure"},
		{"a later attempt of an earlier event's run", func(p *past) {
			p.dispatch(promotion.OperationPromote, "1.1.0", "prod")
			p.dispatch(promotion.OperationRollback, "1.0.0", "prod")
			p.run(func(r *githubtest.Run) { r.ID, r.Attempt = 4, 2 })
			p.forge(4, func(r *promotion.Record) {
				r.Evidence.Origin = p.origin(4)
				r.Evidence.Origin.Run = strings.Replace(home(4), "attempts/1", "attempts/2", 1)
			})
		}, "names the run of flight-delay#prod#2"},
		{"a run whose promotion was skipped", func(p *past) {
			p.run(func(r *githubtest.Run) { r.Steps = []githubtest.Step{{Name: "Promote", Conclusion: "skipped"}} })
			p.forge(2, as)
		}, "ended as skipped"},
		{"a run that does other things", func(p *past) {
			p.run(func(r *githubtest.Run) { r.Steps = []githubtest.Step{{Name: "Score", Conclusion: "success"}} })
			p.forge(2, as)
		}, "ended as one that is not there"},
		{"a run that has not ended", func(p *past) {
			p.run(func(r *githubtest.Run) { r.Conclusion = "" })
			p.forge(2, as)
		}, "ended as nothing yet"},
		{"somebody else's run", func(p *past) {
			p.run(func(r *githubtest.Run) { r.Actor = "ada" })
			p.forge(2, as)
		}, `was started by "ada", and not "grace"`},
		{"somebody else's attempt", func(p *past) {
			p.run(func(r *githubtest.Run) { r.TriggeredBy = "ada" })
			p.forge(2, as)
		}, `was started this time by "ada"`},
		{"a dry run", func(p *past) {
			p.run(func(r *githubtest.Run) { r.Title = "linecook dry run of promote 1.1.0 to prod" })
			p.forge(2, as)
		}, `is called "linecook dry run of promote 1.1.0 to prod"`},
		{"a run for another version", func(p *past) {
			p.run(func(r *githubtest.Run) { r.Title = "linecook promote 1.0.0 to prod" })
			p.forge(2, as)
		}, `is called "linecook promote 1.0.0 to prod"`},
		{"a run for another stage", func(p *past) {
			p.run(func(r *githubtest.Run) { r.Title = "linecook promote 1.1.0 to dev" })
			p.forge(2, as)
		}, `is called "linecook promote 1.1.0 to dev"`},
		{"a run for another pipeline", func(p *past) {
			p.run(func(r *githubtest.Run) { r.Title = "linecook promote 1.1.0 to prod of bikes/pipeline.yaml" })
			p.forge(2, as)
		}, "of bikes/pipeline.yaml"},
		{"a promotion as a rollback", func(p *past) {
			p.run(func(*githubtest.Run) {})
			p.forge(2, func(r *promotion.Record) {
				r.Operation, r.Evidence.Operation = promotion.OperationRollback, promotion.OperationRollback
			})
		}, "linecook rollback 1.1.0 to prod"},
		{"a run that was over", func(p *past) {
			p.run(func(*githubtest.Run) {})
			p.s.Wait(time.Hour)
			p.forge(2, as)
		}, "lasted from"},
		{"dated back to before runs are kept", func(p *past) {
			p.s.Wait(200 * 24 * time.Hour)
			p.forge(2, func(r *promotion.Record) { r.At = r.At.Add(-100 * 24 * time.Hour) })
		}, "keeps its run no more"},
		{"dated back, with a deployment of a side branch", func(p *past) {
			p.s.Wait(200 * 24 * time.Hour)
			p.forge(2, func(r *promotion.Record) { r.At = r.At.Add(-100 * 24 * time.Hour) })
			p.open().Show(t.Context(), name, "prod")
		}, "keeps its run no more"},
		{"dated back to before the last event", func(p *past) {
			p.s.Wait(200 * 24 * time.Hour)
			p.forge(2, func(r *promotion.Record) { r.At = r.At.Add(-300 * 24 * time.Hour) })
		}, "it is dated before flight-delay#prod#1"},
		{"the decision of an earlier event again", func(p *past) {
			p.dispatch(promotion.OperationPromote, "1.1.0", "prod")
			p.dispatch(promotion.OperationRollback, "1.0.0", "prod")
			p.forge(4, func(r *promotion.Record) { r.Evidence.Origin = p.origin(4) })
		}, "names the run of flight-delay#prod#2"},
		{"an event as it was under a new number", func(p *past) {
			history, err := p.open().History(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			again, _ := registry.Current(history, "prod")
			again.Sequence = 2
			p.push(again)
		}, "its record does not list flight-delay#prod#1"},
		{"the next event of a forged chain", func(p *past) {
			p.run(func(*githubtest.Run) {})
			p.forge(2, as)
			p.s.Wait(time.Hour)
			p.forge(3, func(r *promotion.Record) { r.Evidence.Origin = p.origin(101) })
		}, "GitHub knows no attempt 1 of run 101"},
		{"with a denial", func(p *past) {
			p.run(func(*githubtest.Run) {})
			p.forge(2, func(r *promotion.Record) { r.Allowed = false })
		}, "its record is a denial"},
		{"with a deployment by hand", func(p *past) {
			p.run(func(*githubtest.Run) {})
			p.forge(2, as)
			p.s.AddDeployment(githubtest.Deployment{
				Ref: "main", SHA: p.s.Head(""), Task: "promote:" + name, Environment: "prod", Payload: json.RawMessage(`{"event":"flight-delay#prod#2"}`),
			}, "mallory")
		}, "was made by mallory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPast(t)
			c.forge(p)
			err := p.confirm("prod")
			if !errors.Is(err, registry.ErrUnconfirmed) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("the line cook is told %v", err)
			}
			if err := p.confirm("staging"); err != nil {
				t.Errorf("another stage is refused: %v", err)
			}
			if audit := p.audit(); audit.Clean() || !strings.Contains(problems(audit), c.says) {
				t.Errorf("the audit finds\n%s", problems(audit))
			}
		})
	}
}

// What happened as it should is confirmed, and stays so when GitHub keeps the
// runs no more.
func TestAnHonestEventIsConfirmed(t *testing.T) {
	old := func(p *past) {
		p.s.Wait(400 * 24 * time.Hour)
		for id := range p.runs {
			p.s.ChangeRun(id+1, nil)
		}
	}
	for _, c := range []struct {
		name  string
		goes  func(*past)
		warns string
	}{
		{name: "promotions", goes: func(p *past) { p.dispatch(promotion.OperationPromote, "1.1.0", "prod") }},
		{name: "a rollback to a version", goes: func(p *past) {
			p.dispatch(promotion.OperationPromote, "1.1.0", "prod")
			p.dispatch(promotion.OperationRollback, "1.0.0", "prod")
		}},
		{name: "a rollback to what served before", goes: func(p *past) {
			p.dispatch(promotion.OperationPromote, "1.1.0", "prod")
			p.dispatch(promotion.OperationRollback, "1.0.0", "prod", func(r *githubtest.Run) { r.Title = "linecook rollback  to prod" })
		}},
		{name: "one of several pipelines", goes: func(p *past) {
			p.dispatch(promotion.OperationPromote, "1.1.0", "prod", func(r *githubtest.Run) { r.Title += " of flights/pipeline.yaml" })
		}},
		{name: "the branch has gone on", goes: func(p *past) { p.s.Commit(githubtest.Commit{Author: "ada", Message: "later"}) }},
		{name: "the workflow that init writes", goes: func(p *past) {
			p.dispatch(promotion.OperationPromote, "1.1.0", "prod", func(r *githubtest.Run) { r.Workflow = ".github/workflows/linecook-promote.yml" })
		}},
		{name: "the path in full", goes: func(p *past) {
			p.dispatch(promotion.OperationPromote, "1.1.0", "prod", func(r *githubtest.Run) { r.Workflow = githubtest.Repository + "/" + r.Workflow + "@main" })
		}},
		{name: "a run that failed after its event", goes: func(p *past) {
			p.dispatch(promotion.OperationPromote, "1.1.0", "prod", func(r *githubtest.Run) {
				r.Conclusion, r.Steps = "failure", []githubtest.Step{{Name: "Promote", Conclusion: "success"}, {Name: "Save ledger and scores", Conclusion: "failure"}}
			})
		}},
		{name: "a run that somebody ran again in vain", goes: func(p *past) {
			p.dispatch(promotion.OperationPromote, "1.1.0", "prod")
			p.s.AddRun(githubtest.Run{ID: p.runs, Attempt: 2, Conclusion: "failure", Actor: "grace"})
		}},
		{name: "a run that died in its step, and was started again", goes: func(p *past) {
			p.dispatch(promotion.OperationPromote, "1.1.0", "prod", func(r *githubtest.Run) { r.Conclusion = "cancelled" })
			p.s.AddRun(githubtest.Run{ID: p.runs, Attempt: 2, Conclusion: "success", Actor: "grace"})
		}},
		{name: "a run that goes on", goes: func(p *past) {
			p.dispatch(promotion.OperationPromote, "1.1.0", "prod", func(r *githubtest.Run) {
				r.Conclusion, r.Steps = "", []githubtest.Step{{Name: "Promote", Conclusion: "success"}, {Name: "Save ledger and scores"}}
			})
		}},
		{name: "somebody who is called otherwise now", goes: func(p *past) {
			for id := range p.runs {
				p.s.ChangeRun(id+1, func(r *githubtest.Run) { r.Actor, r.TriggeredBy = "grace-hopper", "grace-hopper" })
			}
		}},
		{name: "a branch and a repository that are called otherwise now", goes: func(p *past) {
			p.was = strings.NewReplacer("main", "master", "octo/flights", "octo/planes")
			p.dispatch(promotion.OperationPromote, "1.1.0", "prod", func(r *githubtest.Run) { r.Branch, r.Commit = "master", p.s.Head("") })
		}},
		{name: "runs that are gone", goes: old},
		{name: "runs and deployments that are gone, before others", goes: func(p *past) {
			p.s.RemoveDeployments(func(githubtest.Deployment) bool { return true })
			old(p)
			p.dispatch(promotion.OperationPromote, "1.1.0", "prod")
		}},
		{name: "a run that is gone, and a deployment that was late", goes: func(p *past) {
			p.s.RemoveDeployments(func(githubtest.Deployment) bool { return true })
			p.s.Wait(60 * 24 * time.Hour)
			p.open().Show(t.Context(), name, "prod")
			p.open().Show(t.Context(), name, "staging")
			old(p)
		}},
		{name: "a run and a deployment that are gone, before another stage's event", warns: "is shown by no deployment", goes: func(p *past) {
			old(p)
			p.dispatch(promotion.OperationRollback, "1.0.0", "staging")
			p.s.RemoveDeployments(func(d githubtest.Deployment) bool { return d.Environment == "prod" })
		}},
		{name: "no deployment", warns: "is shown by no deployment", goes: func(p *past) {
			p.s.RemoveDeployments(func(githubtest.Deployment) bool { return true })
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPast(t)
			c.goes(p)
			asks := func(o *githubregistry.Options) { o.File = "flights/pipeline.yaml" }
			if err := p.confirm("prod", asks); err != nil {
				t.Error(err)
			}
			if err := p.confirm("canary", asks); err != nil {
				t.Errorf("a stage that has had nothing is refused: %v", err)
			}
			if said := strings.Join(p.warn, "\n"); !strings.Contains(said, c.warns) || c.warns == "" && said != "" {
				t.Errorf("warnings %q", p.warn)
			}
			audit, err := p.open(asks).Audit(t.Context(), name, p.s.Now())
			if err != nil || !audit.Clean() {
				t.Errorf("%v: the audit finds\n%s", err, problems(audit))
			}
		})
	}
}

// What nobody could find out is a failure, and no pass.
func TestAnAuditThatCannotAsk(t *testing.T) {
	for _, path := range []string{"/attempts/1$", "/deployments$", "/git/ref/heads/main$", "/octo/flights$", "/jobs$", "/compare/", "/git/matching-refs/"} {
		t.Run(path, func(t *testing.T) {
			p := newPast(t)
			p.s.Commit(githubtest.Commit{Author: "ada", Message: "later"})
			fail := func() { p.s.Fail(githubtest.Fault{Method: "GET", Path: path, Status: 403}) }
			fail()
			if err := p.confirm("prod"); err == nil || errors.Is(err, registry.ErrUnconfirmed) {
				t.Errorf("the line cook is told %v", err)
			}
			fail()
			if audit, err := p.open().Audit(t.Context(), name, p.s.Now()); err == nil {
				t.Errorf("the audit says %+v", audit)
			}
		})
	}
}
