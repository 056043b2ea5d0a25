package githubregistry_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/actions/internal/github/githubtest"
	ledgerdir "github.com/linecook-ml/linecook/pipeline/ledger/dir"
	"github.com/linecook-ml/linecook/pipeline/promotion"
)

// What was taken away or moved is noticed by what it leaves elsewhere.
func TestARemovedEventIsNoticed(t *testing.T) {
	const last = name + "#prod#2"
	for _, c := range []struct {
		name   string
		tamper func(*past)
		says   string
	}{
		{"the last event", func(p *past) { p.s.RemoveTag(last) }, "shows " + last + ", which is not there"},
		{"the last event, behind many deployments of another", func(p *past) {
			p.s.RemoveTag(last)
			p.repeat("prod#1", 100)
		}, "shows " + last + ", which is not there"},
		{"every event of a stage", func(p *past) {
			p.s.RemoveTag(name + "#prod#1")
			p.s.RemoveTag(last)
		}, "shows " + last + ", which is not there"},
		{"every event of a stage, and its deployments", func(p *past) {
			p.s.RemoveTag(name + "#prod#1")
			p.s.RemoveTag(last)
			p.s.RemoveDeployments(func(d githubtest.Deployment) bool { return d.Environment == "prod" })
		}, "flight-delay#staging#2: its record lists flight-delay#prod#1, which is not there"},
		{"every event there was", func(p *past) {
			for _, event := range []string{"prod#1", "prod#2", "staging#1", "staging#2"} {
				p.s.RemoveTag(name + "#" + event)
			}
		}, "shows " + last + ", which is not there"},
		{"the last event and its deployment", func(p *past) {
			p.dispatch(promotion.OperationRollback, "1.0.0", "staging")
			p.s.RemoveTag(last)
			p.s.RemoveDeployments(func(d githubtest.Deployment) bool { return strings.Contains(string(d.Payload), last) })
		}, "its record lists " + last + ", which is not there"},
		{"an event in the middle", func(p *past) { p.s.RemoveTag(name + "#prod#1") }, "where flight-delay#prod#1 should stand"},
		{"a moved tag", func(p *past) {
			p.s.Tag(last, p.s.Head(""), strings.Replace(p.s.TagMessage(last), `"reason":""`, `"reason":"other"`, 1))
		}, "one of the two was changed"},
		{"an earlier tag that was moved", func(p *past) {
			const first = name + "#prod#1"
			p.s.Tag(first, p.s.Head(""), strings.Replace(p.s.TagMessage(first), `"reason":""`, `"reason":"other"`, 1))
		}, "its record lists flight-delay#prod#1 with the digest"},
		{"a deployment of no event", func(p *past) {
			p.s.AddDeployment(githubtest.Deployment{
				Ref: "main", SHA: p.s.Head(""), Task: "promote:" + name, Environment: "prod", Payload: json.RawMessage(`{"event":"flight-delay#prod#3"}`),
			}, githubtest.Bot)
		}, "shows flight-delay#prod#3, which is not there"},
		{"a deployment by hand", func(p *past) {
			p.s.AddDeployment(githubtest.Deployment{
				Ref: "main", SHA: p.s.Head(""), Task: "promote:" + name, Environment: "prod", Payload: json.RawMessage(`"by hand"`),
			}, "mallory")
		}, "was made by mallory and shows no event"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPast(t)
			p.dispatch(promotion.OperationPromote, "1.1.0", "prod")
			c.tamper(p)
			if err := p.confirm("prod"); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("the line cook is told %v", err)
			}
			for _, stage := range []string{"staging", "prod", "canary"} {
				if err := p.gather(stage); err == nil {
					t.Errorf("a promotion to %s is weighed", stage)
				}
			}
			if audit := p.audit(); audit.Clean() || !strings.Contains(problems(audit), c.says) {
				t.Errorf("the audit finds\n%s", problems(audit))
			}
		})
	}
}

// repeat is what a workflow on a side branch can do: deployments that show an
// event once more.
func (p *past) repeat(event string, times int) {
	p.t.Helper()
	all := p.s.Deployments()
	i := slices.IndexFunc(all, func(d githubtest.Deployment) bool { return strings.Contains(string(d.Payload), event) })
	for range times {
		p.s.AddDeployment(all[i], githubtest.Bot)
	}
}

// gather is what promoting begins with.
func (p *past) gather(stage string) error {
	p.t.Helper()
	r := p.open()
	_, err := promotion.Gather(p.t.Context(), r, ledgerdir.Open(p.t.TempDir()), promotion.Stage{Name: stage, Require: []string{"newer_version"}}, promotion.Request{
		Pipeline: name, Version: "1.0.0", Stage: stage, At: p.s.Now(), Actor: "grace", Origin: p.origin(p.runs + 1), Confirm: r.Confirm(p.s.Now()),
	})
	return err
}
