package githubtest

import (
	"net/http"
	"time"
)

// A Workflow is one that GitHub knows, with the last run that its schedule
// started; a zero Ran is that there was none.
type Workflow struct {
	File, State string
	Created     time.Time
	Ran         time.Time
	Conclusion  string
}

// Schedule declares a workflow that may be listed.
func (s *Server) Schedule(w Workflow) {
	s.locked(func() { s.scheduled = append(s.scheduled, w) })
}

// Rights sets what a job's token may by default: read or write.
func (s *Server) Rights(text string) { s.locked(func() { s.rights = text }) }

func (s *Server) listWorkflows(x *exchange) answer {
	workflows := []any{}
	for i, w := range s.scheduled {
		workflows = append(workflows, map[string]any{
			"id": i + 1, "node_id": nodeID("W", i+1), "name": w.File, "path": ".github/workflows/" + w.File, "state": w.State,
			"created_at": stamp(w.Created), "updated_at": stamp(w.Created), "url": s.url("/actions/workflows/%d", i+1),
			"html_url": web("/blob/main/.github/workflows/%s", w.File), "badge_url": web("/workflows/%s/badge.svg", w.File),
		})
	}
	a := page(s, x, workflows, func(w any) any { return w })
	a.body = map[string]any{"total_count": len(workflows), "workflows": a.body}
	return a
}

func (s *Server) listRuns(x *exchange) answer {
	id := x.id("workflow_id")
	if id < 1 || int(id) > len(s.scheduled) {
		return notFound()
	}
	if x.query.Get("event") != "schedule" {
		x.s.t.Errorf("runs of the event %q are not declared", x.query.Get("event"))
	}
	w := s.scheduled[id-1]
	runs := []any{}
	if !w.Ran.IsZero() {
		run := Run{ID: id, Workflow: ".github/workflows/" + w.File, Event: "schedule", Title: w.File, Conclusion: w.Conclusion, Started: w.Ran, Updated: w.Ran}
		runs = append(runs, s.showRun(&run))
	}
	return answer{status: http.StatusOK, body: map[string]any{"total_count": len(runs), "workflow_runs": runs}}
}

func (s *Server) getRights(x *exchange) answer {
	if x.caller == Bot {
		return message(http.StatusForbidden, "Resource not accessible by integration")
	}
	rights := s.rights
	if rights == "" {
		rights = "write"
	}
	return answer{status: http.StatusOK, body: map[string]any{"default_workflow_permissions": rights, "can_approve_pull_request_reviews": false}}
}

func (s *Server) putRights(x *exchange) answer {
	if x.caller == Bot {
		return message(http.StatusForbidden, "Resource not accessible by integration")
	}
	var fields struct {
		Default string `json:"default_workflow_permissions"`
		Approve bool   `json:"can_approve_pull_request_reviews"`
	}
	x.decode(&fields)
	s.rights = fields.Default
	return answer{status: http.StatusNoContent}
}
