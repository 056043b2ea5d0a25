package githubregistry_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/actions/internal/github/githubtest"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/registry"
)

// An honest event is confirmed on every day of its life, also around the hour in
// which its run goes: GitHub counts from the run's start, and the event and its
// deployment come later.
func TestAnHonestEventIsConfirmedAtEveryAge(t *testing.T) {
	const kept = 90 * 24 * time.Hour
	ages := []time.Duration{kept - 10*24*time.Hour, 2 * kept, 5 * kept}
	for i := range 12 {
		ages = append(ages, kept+time.Duration(i-6)*6*time.Hour, kept+time.Duration(i-3)*time.Minute)
	}
	slices.Sort(ages)
	for _, c := range []struct {
		name string
		// waits is from the run's start to the event, shown from there to its
		// deployment.
		waits, shown time.Duration
	}{
		{"at once", 0, 0},
		{"as runs go", 3 * time.Minute, 2 * time.Minute},
		{"a run that waited for a runner", 23 * time.Hour, 30 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPast(t)
			p.s.Left(1 << 30)
			p.s.Wait(24 * time.Hour)
			started := p.s.Now().Add(-c.waits)
			p.s.Fail(githubtest.Fault{Method: "POST", Path: "/deployments$", Status: 403})
			p.dispatch(promotion.OperationPromote, "1.1.0", "prod", func(r *githubtest.Run) { r.Started = started })
			p.s.Wait(c.shown - time.Hour)
			p.open().Show(t.Context(), name, "prod")
			for _, age := range ages {
				p.s.Wait(started.Add(age).Sub(p.s.Now()))
				for id := range p.runs {
					var since time.Time
					p.s.ChangeRun(id+1, func(r *githubtest.Run) { since = r.Started })
					if p.s.Now().Sub(since) > kept {
						p.s.ChangeRun(id+1, nil)
					}
				}
				if err := p.confirm("prod"); err != nil {
					t.Errorf("after %s: %v", age, err)
				}
				if audit := p.audit(); !audit.Clean() {
					t.Errorf("after %s the audit finds\n%s", age, problems(audit))
				}
			}
		})
	}
}

// Whoever may push can date an event back and make it a deployment, but no old
// one: until that is old as well, nothing stands in for a run that is not there.
func TestADeploymentOfTodayConfirmsNothing(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		name  string
		shown func(*past) // makes the last event of prod, and its deployment
		then  func(*past)
		want  error
	}{
		{"a forged event", forgedLongAgo, func(p *past) { p.s.Wait(2 * time.Hour) }, registry.ErrUnconfirmed},
		{"a forged event that is left alone", forgedLongAgo, func(p *past) { p.s.Wait(88 * day) }, registry.ErrUnconfirmed},
		{"a late deployment", shownLate, func(p *past) { p.s.Wait(40 * day) }, registry.ErrUnconfirmed},
		{"a late deployment, before another stage's event", shownLate, func(p *past) {
			p.s.Wait(40 * day)
			p.dispatch(promotion.OperationRollback, "1.0.0", "staging")
		}, nil},
		{"a late deployment that has become old", shownLate, func(p *past) { p.s.Wait(90 * day) }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPast(t)
			c.shown(p)
			c.then(p)
			if err := p.confirm("prod"); !errors.Is(err, c.want) {
				t.Errorf("the line cook is told %v", err)
			}
			if audit := p.audit(); audit.Clean() != (c.want == nil) {
				t.Errorf("the audit finds\n%s", problems(audit))
			}
		})
	}
}

// forgedLongAgo pushes an event whose run GitHub would keep for an hour yet.
func forgedLongAgo(p *past) {
	p.s.Wait(200 * 24 * time.Hour)
	p.forge(2, func(r *promotion.Record) { r.At = r.At.Add(-90*24*time.Hour + time.Hour) })
	p.open().Show(p.t.Context(), name, "prod")
}

// shownLate has an event shown after 60 days; its run is gone after 90.
func shownLate(p *past) {
	p.s.Fail(githubtest.Fault{Method: "POST", Path: "/deployments$", Status: 403})
	p.dispatch(promotion.OperationPromote, "1.1.0", "prod")
	p.s.Wait(60 * 24 * time.Hour)
	p.open().Show(p.t.Context(), name, "prod")
	p.s.ChangeRun(p.runs, nil)
}
