package githubtest

import (
	"net/http"
	"slices"
	"time"
)

// A Run is one attempt of a workflow's run.
type Run struct {
	ID int64
	// Attempt counts from 1, which 0 is.
	Attempt  int
	Workflow string // its file, like .github/workflows/promote.yml
	Event    string
	// Branch and Commit are what it is for; empty is the default branch and its
	// head.
	Branch, Commit string
	Title          string
	// Conclusion is empty while it runs. Steps are those of its one job; nil is one
	// called Promote that ended as the run did.
	Conclusion string
	Steps      []Step
	// Actor started it, TriggeredBy this attempt; empty is the same.
	Actor, TriggeredBy string
	Started, Updated   time.Time
	// Repository is where the commit comes from; empty is this one.
	Repository string
}

// A Step is one of a job; an empty conclusion is that it runs.
type Step struct{ Name, Conclusion string }

// AddRun adds an attempt of a run.
func (s *Server) AddRun(r Run) {
	s.locked(func() { s.runs = append(s.runs, s.completeRun(r)) })
}

// ChangeRun changes every attempt of a run, or deletes it where change is nil.
func (s *Server) ChangeRun(id int64, change func(*Run)) {
	s.locked(func() {
		if change == nil {
			s.runs = slices.DeleteFunc(s.runs, func(r *Run) bool { return r.ID == id })
		}
		for _, r := range s.runs {
			if r.ID == id {
				change(r)
			}
		}
	})
}

func (s *Server) completeRun(r Run) *Run {
	if r.Attempt == 0 {
		r.Attempt = 1
	}
	if r.Branch == "" {
		r.Branch = DefaultBranch
	}
	if r.Commit == "" {
		r.Commit = s.refs["refs/heads/"+r.Branch]
	}
	if r.TriggeredBy == "" {
		r.TriggeredBy = r.Actor
	}
	if r.Repository == "" {
		r.Repository = Repository
	}
	return &r
}

// attempt is the one that the path names, or the last.
func (s *Server) attempt(x *exchange) (found *Run, ok bool) {
	_, named := x.path["attempt_number"]
	for _, r := range s.runs {
		if r.ID == x.id("run_id") && (!named || int64(r.Attempt) == x.id("attempt_number")) && (found == nil || r.Attempt > found.Attempt) {
			found = r
		}
	}
	return found, found != nil
}

func (s *Server) getRun(x *exchange) answer {
	r, found := s.attempt(x)
	if !found {
		return notFound()
	}
	return answer{status: http.StatusOK, body: s.showRun(r)}
}

// listJobs shows one job, with its steps.
func (s *Server) listJobs(x *exchange) answer {
	r, found := s.attempt(x)
	if !found {
		return notFound()
	}
	status := func(conclusion string) (string, any) {
		if conclusion == "" {
			return "in_progress", nil
		}
		return "completed", conclusion
	}
	declared, steps := r.Steps, []any{}
	if declared == nil {
		declared = []Step{{"Promote", r.Conclusion}}
	}
	for i, step := range declared {
		state, conclusion := status(step.Conclusion)
		steps = append(steps, map[string]any{"name": step.Name, "number": i + 1, "status": state, "conclusion": conclusion})
	}
	state, conclusion := status(r.Conclusion)
	address := s.url("/actions/jobs/%d", r.ID)
	job := map[string]any{
		"id": r.ID, "run_id": r.ID, "run_url": s.url("/actions/runs/%d", r.ID), "run_attempt": r.Attempt, "node_id": nodeID("J", r.ID), "head_sha": r.Commit,
		"url": address, "html_url": web("/actions/runs/%d/job/%d", r.ID, r.ID), "status": state, "conclusion": conclusion, "name": "promote", "steps": steps,
		"created_at": stamp(r.Started), "started_at": stamp(r.Started), "completed_at": stamp(r.Updated), "check_run_url": s.url("/check-runs/%d", r.ID),
		"labels": []any{}, "runner_id": 1, "runner_name": "runner", "runner_group_id": 1, "runner_group_name": "group", "workflow_name": "promote", "head_branch": r.Branch,
	}
	return answer{status: http.StatusOK, body: map[string]any{"total_count": 1, "jobs": []any{job}}}
}

func (s *Server) showRun(r *Run) map[string]any {
	r = s.completeRun(*r)
	status, conclusion := "completed", any(r.Conclusion)
	if r.Conclusion == "" {
		status, conclusion = "in_progress", nil
	}
	address := s.url("/actions/runs/%d", r.ID)
	shown := map[string]any{
		"id": r.ID, "node_id": nodeID("WFR", r.ID), "head_branch": r.Branch, "head_sha": r.Commit, "run_number": 1, "run_attempt": r.Attempt,
		"display_title": r.Title, "event": r.Event, "status": status, "conclusion": conclusion, "path": r.Workflow, "workflow_id": 1,
		"url": address, "html_url": web("/actions/runs/%d", r.ID), "created_at": stamp(r.Started), "run_started_at": stamp(r.Started), "updated_at": stamp(r.Updated),
		"head_commit": nil, "pull_requests": []any{}, "workflow_url": s.url("/actions/workflows/%d", 1), "check_suite_url": s.url("/check-suites/%d", r.ID),
	}
	if r.Actor != "" {
		shown["actor"], shown["triggering_actor"] = s.user(r.Actor), s.user(r.TriggeredBy)
	}
	for _, name := range []string{"jobs", "logs", "cancel", "rerun", "artifacts"} {
		shown[name+"_url"] = address + "/" + name
	}
	repository, head := s.repository(), s.repository()
	head["full_name"] = r.Repository
	shown["repository"], shown["head_repository"] = repository, head
	return shown
}

// Now is the server's clock, which goes on by a second with each request.
func (s *Server) Now() (now time.Time) {
	s.locked(func() { now = s.clock })
	return now
}

// Wait lets time go by.
func (s *Server) Wait(d time.Duration) { s.locked(func() { s.clock = s.clock.Add(d) }) }
