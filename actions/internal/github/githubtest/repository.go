package githubtest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// A branch has what stands around its commits.
type branch struct {
	// protection is what GitHub shows of classic protection; nil is none.
	protection map[string]any
	// rules are what rulesets demand of the branch, as GitHub shows them.
	rules []map[string]any
}

// A Dispatch is a workflow that was started.
type Dispatch struct {
	Workflow, Ref string
	Inputs        map[string]any
}

// Grant gives somebody a permission: none, read, write or admin.
func (s *Server) Grant(login, permission string) {
	s.locked(func() { s.people[login] = permission })
}

// Protect protects a branch: as its classic protection, and by rules of
// rulesets, each as GitHub shows it.
func (s *Server) Protect(name string, protection map[string]any, rules ...map[string]any) {
	s.locked(func() { s.branches[name] = &branch{protection: protection, rules: rules} })
}

// AddWorkflow declares a workflow that may be dispatched.
func (s *Server) AddWorkflow(file string) {
	s.locked(func() { s.workflows = append(s.workflows, file) })
}

// Dispatches are the workflows that were started.
func (s *Server) Dispatches() (all []Dispatch) {
	s.locked(func() { all = slices.Clone(s.dispatches) })
	return all
}

// Rulesets are those that were created or declared.
func (s *Server) Rulesets() (all []map[string]any) {
	s.locked(func() { all = slices.Clone(s.rulesets) })
	return all
}

// LowerRulesets makes the first ruleset one that holds nothing, and removes the
// last.
func (s *Server) LowerRulesets() {
	s.locked(func() {
		s.rulesets[0] = maps.Clone(s.rulesets[0])
		s.rulesets[0]["enforcement"] = "disabled"
		s.rulesets = s.rulesets[:len(s.rulesets)-1]
	})
}

// repositoryURLs are the addresses below a repository that GitHub lists.
var repositoryURLs = strings.Fields(`archive assignees blobs branches collaborators comments commits compare contents contributors
	deployments downloads events forks git_commits git_refs git_tags hooks issue_comment issue_events issues keys labels languages
	merges milestones notifications pulls releases stargazers statuses subscribers subscription tags teams trees`)

// repository is the repository in full.
func (s *Server) repository() map[string]any {
	owner, name, _ := strings.Cut(Repository, "/")
	shown := map[string]any{
		"id": 1, "node_id": nodeID("R", 1), "name": name, "full_name": Repository, "owner": s.user(owner), "private": s.private,
		"description": nil, "fork": false, "url": s.url(""), "html_url": web(""), "homepage": nil, "language": nil, "mirror_url": nil, "license": nil,
		"default_branch": DefaultBranch, "archived": false, "disabled": false, "visibility": map[bool]string{true: "private", false: "public"}[s.private],
		"pushed_at": s.now(), "created_at": s.now(), "updated_at": s.now(), "svn_url": web(""),
		"clone_url": web(".git"), "git_url": web(".git"), "ssh_url": "git@github.com:" + Repository + ".git",
	}
	for _, name := range repositoryURLs {
		shown[name+"_url"] = s.url("/%s", name)
	}
	for _, name := range []string{"forks", "forks_count", "open_issues", "open_issues_count", "size", "stargazers_count", "watchers", "watchers_count"} {
		shown[name] = 0
	}
	for _, name := range []string{"issues", "projects", "wiki", "pages", "discussions", "downloads"} {
		shown["has_"+name] = false
	}
	return shown
}

func (s *Server) getRepository(x *exchange) answer {
	shown := s.repository()
	shown["network_count"], shown["subscribers_count"] = 0, 0
	permission := s.people[x.caller]
	shown["permissions"] = map[string]any{"admin": permission == "admin", "push": permission != "read", "pull": true}
	header := map[string]string{}
	if x.caller != Bot && s.scopes != "" {
		header["X-OAuth-Scopes"] = s.scopes
	}
	if x.caller != Bot && !s.expires.IsZero() {
		header["GitHub-Authentication-Token-Expiration"] = s.expires.UTC().Format("2006-01-02 15:04:05 MST")
	}
	return answer{status: http.StatusOK, header: header, body: shown}
}

func (s *Server) getPermission(x *exchange) answer {
	login := x.path["username"]
	if strings.HasSuffix(login, "[bot]") {
		return message(http.StatusNotFound, login+" is not a user")
	}
	permission, found := s.people[login]
	if !found { // whoever may read
		permission = map[bool]string{true: "none", false: "read"}[s.private]
	}
	user := s.user(login).(map[string]any)
	user["role_name"] = permission
	return answer{status: http.StatusOK, body: map[string]any{"permission": permission, "role_name": permission, "user": user}}
}

func (s *Server) getBranch(x *exchange) answer {
	name := x.path["branch"]
	commit, found := s.commitOf(s.refs["refs/heads/"+name])
	if !found {
		return message(http.StatusNotFound, "Branch not found")
	}
	b := s.branches[name]
	protected := b.protection != nil || len(b.rules) > 0
	address := s.url("/branches/%s", name)
	return answer{status: http.StatusOK, body: map[string]any{
		"name": name, "commit": s.showCommit(commit), "protected": protected, "protection": map[string]any{"enabled": protected},
		"protection_url": address + "/protection", "_links": map[string]any{"self": address, "html": web("/tree/%s", name)},
	}}
}

// getProtection is for administrators, which the runner's token is never.
func (s *Server) getProtection(x *exchange) answer {
	b := s.branches[x.path["branch"]]
	switch {
	case x.caller == Bot:
		return message(http.StatusForbidden, "Resource not accessible by integration")
	case b == nil || b.protection == nil:
		return message(http.StatusNotFound, "Branch not protected")
	}
	return answer{status: http.StatusOK, body: b.protection}
}

func (s *Server) branchRules(x *exchange) answer {
	b := s.branches[x.path["branch"]]
	if b == nil {
		b = &branch{}
	}
	return page(s, x, b.rules, func(rule map[string]any) any { return rule })
}

func (s *Server) listRulesets(x *exchange) answer {
	return page(s, x, s.rulesets, func(ruleset map[string]any) any {
		return map[string]any{"id": ruleset["id"], "name": ruleset["name"], "target": ruleset["target"], "source_type": "Repository", "source": Repository, "enforcement": ruleset["enforcement"]}
	})
}

// getRuleset shows who may bypass a ruleset to administrators only.
func (s *Server) getRuleset(x *exchange) answer {
	i := s.ruleset(x)
	if i < 0 {
		return notFound()
	}
	shown := maps.Clone(s.rulesets[i])
	if x.caller == Bot {
		delete(shown, "bypass_actors")
	} else if shown["bypass_actors"] == nil {
		shown["bypass_actors"] = []any{}
	}
	return answer{status: http.StatusOK, body: shown}
}

func (s *Server) ruleset(x *exchange) int {
	return slices.IndexFunc(s.rulesets, func(ruleset map[string]any) bool { return ruleset["id"] == x.id("ruleset_id") })
}

// putRuleset creates a ruleset, or replaces one; only administrators may.
func (s *Server) putRuleset(x *exchange) answer {
	if x.caller == Bot {
		return message(http.StatusForbidden, "Resource not accessible by integration")
	}
	var fields struct {
		Name        string           `json:"name"`
		Target      string           `json:"target"`
		Enforcement string           `json:"enforcement"`
		Bypass      []map[string]any `json:"bypass_actors"`
		Conditions  map[string]any   `json:"conditions"`
		Rules       []map[string]any `json:"rules"`
	}
	x.decode(&fields)
	shown := map[string]any{
		"id": x.id("ruleset_id"), "name": fields.Name, "target": fields.Target, "source_type": "Repository", "source": Repository,
		"enforcement": fields.Enforcement,
	}
	if fields.Conditions != nil {
		shown["conditions"] = fields.Conditions
	}
	if fields.Rules != nil {
		shown["rules"] = fields.Rules
	}
	if fields.Bypass != nil {
		shown["bypass_actors"] = fields.Bypass
	}
	if x.r.Method == http.MethodPost {
		shown["id"] = s.id()
		s.rulesets = append(s.rulesets, shown)
		return answer{status: http.StatusCreated, body: shown}
	}
	i := s.ruleset(x)
	if i < 0 {
		return notFound()
	}
	s.rulesets[i] = shown
	return answer{status: http.StatusOK, body: shown}
}

// getImmutable says whether releases are immutable; it is a 404 where not.
func (s *Server) getImmutable(*exchange) answer {
	if !s.immutable {
		return notFound()
	}
	return answer{status: http.StatusOK, body: map[string]any{"enabled": true, "enforced_by_owner": false}}
}

func (s *Server) putImmutable(x *exchange) answer {
	if x.caller == Bot {
		return message(http.StatusForbidden, "Resource not accessible by integration")
	}
	s.immutable = true
	return answer{status: http.StatusNoContent}
}

func (s *Server) dispatch(x *exchange) answer {
	var fields struct {
		Ref    string         `json:"ref"`
		Inputs map[string]any `json:"inputs"`
	}
	x.decode(&fields)
	if !slices.Contains(s.workflows, x.path["workflow_id"]) {
		return notFound()
	}
	if _, found := s.resolve(fields.Ref); !found {
		return message(http.StatusUnprocessableEntity, "No ref found for: "+fields.Ref)
	}
	s.dispatches = append(s.dispatches, Dispatch{x.path["workflow_id"], fields.Ref, fields.Inputs})
	return answer{status: http.StatusNoContent}
}
