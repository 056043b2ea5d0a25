package githubtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"unicode/utf8"
)

// A Deployment is one of the server's.
type Deployment struct {
	ID          int64
	Ref, SHA    string
	Task        string
	Environment string
	Description string
	Payload     json.RawMessage
	Statuses    []Status
	at          string
	by          string
	production  bool
}

// A Status is what became of a deployment.
type Status struct {
	ID                 int64
	State, Description string
	at, by             string
	log, environment   string
}

// An environment is a place that something is deployed to.
type environment struct {
	id    int64
	name  string
	at    string
	rules []any
}

// maxDescription is GitHub's limit of a status's description, which its own
// description does not say.
const maxDescription = 140

// Deployments are copies of all deployments, oldest first.
func (s *Server) Deployments() (all []Deployment) {
	s.locked(func() {
		for _, d := range s.deployments {
			one := *d
			one.Statuses = slices.Clone(d.Statuses)
			all = append(all, one)
		}
	})
	return all
}

// AddDeployment adds one that somebody made.
func (s *Server) AddDeployment(d Deployment, by string) {
	s.locked(func() {
		d.ID, d.at, d.by = s.id(), s.now(), by
		s.environment(d.Environment)
		s.deployments = append(s.deployments, &d)
	})
}

// RemoveDeployments deletes those for which f holds.
func (s *Server) RemoveDeployments(f func(Deployment) bool) {
	s.locked(func() { s.deployments = slices.DeleteFunc(s.deployments, func(d *Deployment) bool { return f(*d) }) })
}

// AddEnvironment makes an environment with protection rules, each as GitHub
// shows it.
func (s *Server) AddEnvironment(name string, rules ...any) {
	s.locked(func() { s.environment(name).rules = rules })
}

// Environments are the numbers of protection rules by an environment's name.
func (s *Server) Environments() map[string]int {
	rules := map[string]int{}
	s.locked(func() {
		for _, e := range s.environments {
			rules[e.name] = len(e.rules)
		}
	})
	return rules
}

func (s *Server) environment(name string) *environment {
	i := slices.IndexFunc(s.environments, func(e *environment) bool { return e.name == name })
	if i < 0 {
		s.environments = append(s.environments, &environment{id: s.id(), name: name, at: s.now(), rules: []any{}})
		i = len(s.environments) - 1
	}
	return s.environments[i]
}

func (s *Server) showEnvironment(e *environment) any {
	return map[string]any{
		"id": e.id, "node_id": nodeID("EN", e.id), "name": e.name, "url": s.url("/environments/%s", e.name),
		"html_url": web("/deployments/activity_log?environments_filter=%s", e.name), "created_at": e.at, "updated_at": e.at,
		"protection_rules": e.rules, "deployment_branch_policy": nil,
	}
}

func (s *Server) listEnvironments(x *exchange) answer {
	a := page(s, x, s.environments, s.showEnvironment)
	a.body = map[string]any{"total_count": len(s.environments), "environments": a.body}
	return a
}

func (s *Server) getEnvironment(x *exchange) answer {
	for _, e := range s.environments {
		if e.name == x.path["environment_name"] {
			return answer{status: http.StatusOK, body: s.showEnvironment(e)}
		}
	}
	return notFound()
}

func (s *Server) putEnvironment(x *exchange) answer {
	if x.caller == Bot {
		return message(http.StatusForbidden, "Resource not accessible by integration")
	}
	var fields struct {
		WaitTimer         int   `json:"wait_timer"`
		PreventSelfReview bool  `json:"prevent_self_review"`
		Reviewers         []any `json:"reviewers"`
		BranchPolicy      any   `json:"deployment_branch_policy"`
		CanAdminsBypass   *bool `json:"can_admins_bypass"`
	}
	x.decode(&fields)
	e := s.environment(x.path["environment_name"])
	e.rules = []any{} // what is not sent is taken away
	return answer{status: http.StatusOK, body: s.showEnvironment(e)}
}

func (s *Server) showDeployment(d *Deployment) any {
	address := s.url("/deployments/%d", d.ID)
	return map[string]any{
		"id": d.ID, "node_id": nodeID("DE", d.ID), "url": address, "statuses_url": address + "/statuses", "repository_url": s.url(""),
		"sha": d.SHA, "ref": d.Ref, "task": d.Task, "environment": d.Environment, "original_environment": d.Environment,
		"description": d.Description, "payload": d.Payload, "creator": s.user(d.by), "created_at": d.at, "updated_at": d.at,
		"transient_environment": false, "production_environment": d.production,
	}
}

// listDeployments shows the newest first.
func (s *Server) listDeployments(x *exchange) answer {
	var found []*Deployment
	for _, d := range slices.Backward(s.deployments) {
		fits := true
		for name, value := range map[string]string{"sha": d.SHA, "ref": d.Ref, "task": d.Task, "environment": d.Environment} {
			fits = fits && (!x.query.Has(name) || x.query.Get(name) == value)
		}
		if fits {
			found = append(found, d)
		}
	}
	return page(s, x, found, s.showDeployment)
}

func (s *Server) createDeployment(x *exchange) answer {
	var fields struct {
		Ref              string          `json:"ref"`
		Task             string          `json:"task"`
		AutoMerge        *bool           `json:"auto_merge"`
		RequiredContexts *[]string       `json:"required_contexts"`
		Payload          json.RawMessage `json:"payload"`
		Environment      string          `json:"environment"`
		Description      string          `json:"description"`
		Transient        bool            `json:"transient_environment"`
		Production       bool            `json:"production_environment"`
	}
	x.decode(&fields)
	commit, found := s.resolve(fields.Ref)
	switch {
	case !found:
		return message(http.StatusUnprocessableEntity, "No ref found for: "+fields.Ref)
	case or(fields.AutoMerge, true):
		// GitHub merges the default branch into what is deployed.
		return answer{status: http.StatusAccepted, body: map[string]any{"message": "Auto-merged " + DefaultBranch + " into " + fields.Ref}}
	case fields.RequiredContexts == nil || len(*fields.RequiredContexts) > 0:
		return message(http.StatusConflict, "Conflict: Commit status checks failed for "+fields.Ref)
	}
	s.environment(fields.Environment)
	if fields.Payload == nil {
		fields.Payload = json.RawMessage(`""`)
	}
	d := &Deployment{
		ID: s.id(), Ref: fields.Ref, SHA: commit.sha, Task: fields.Task, Environment: fields.Environment, Description: fields.Description,
		Payload: fields.Payload, at: s.now(), by: x.caller, production: fields.Production,
	}
	s.deployments = append(s.deployments, d)
	return answer{status: http.StatusCreated, body: s.showDeployment(d)}
}

func (s *Server) deployment(x *exchange) (*Deployment, bool) {
	i := slices.IndexFunc(s.deployments, func(d *Deployment) bool { return d.ID == x.id("deployment_id") })
	if i < 0 {
		return nil, false
	}
	return s.deployments[i], true
}

func (s *Server) showStatus(d *Deployment, status Status) any {
	address := s.url("/deployments/%d", d.ID)
	return map[string]any{
		"id": status.ID, "node_id": nodeID("DS", status.ID), "url": address + "/statuses", "deployment_url": address, "repository_url": s.url(""),
		"state": status.State, "description": status.Description, "environment": d.Environment, "target_url": status.log, "log_url": status.log,
		"environment_url": status.environment, "creator": s.user(status.by), "created_at": status.at, "updated_at": status.at,
	}
}

func (s *Server) listStatuses(x *exchange) answer {
	d, found := s.deployment(x)
	if !found {
		return notFound()
	}
	newest := slices.Clone(d.Statuses)
	slices.Reverse(newest)
	return page(s, x, newest, func(status Status) any { return s.showStatus(d, status) })
}

func (s *Server) createStatus(x *exchange) answer {
	d, found := s.deployment(x)
	if !found {
		return notFound()
	}
	var fields struct {
		State          string `json:"state"`
		TargetURL      string `json:"target_url"`
		LogURL         string `json:"log_url"`
		Description    string `json:"description"`
		Environment    string `json:"environment"`
		EnvironmentURL string `json:"environment_url"`
		AutoInactive   *bool  `json:"auto_inactive"`
	}
	x.decode(&fields)
	if utf8.RuneCountInString(fields.Description) > maxDescription {
		return invalid("DeploymentStatus", "description", "custom", "description is too long (maximum is 140 characters)")
	}
	status := Status{ID: s.id(), State: fields.State, Description: fields.Description, at: s.now(), by: x.caller, log: fields.LogURL, environment: fields.EnvironmentURL}
	d.Statuses = append(d.Statuses, status)
	return answer{status: http.StatusCreated, body: s.showStatus(d, status)}
}
