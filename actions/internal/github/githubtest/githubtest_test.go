package githubtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// send sends a request as no client of ours would have to be trusted to, and
// returns status and body. A path that starts with http is one's own address.
func send(t testing.TB, s *Server, token, method, path string, body any) (int, string, http.Header) {
	t.Helper()
	var content []byte
	switch body := body.(type) {
	case nil:
	case string:
		content = []byte(body)
	default:
		content = text(body)
	}
	address := path
	if !strings.HasPrefix(path, "http") {
		address = s.URL() + path
	}
	r, err := http.NewRequestWithContext(t.Context(), method, address, bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	r.Header.Set("User-Agent", "test")
	if len(content) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	if _, upload := body.(string); upload {
		r.Header.Set("Content-Type", "application/octet-stream")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if strings.HasSuffix(path, "?raw") {
		r.URL.RawQuery = ""
		r.Header.Set("Accept", "application/octet-stream")
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(answer), response.Header
}

// Every route, as its own description has it; the story of a repository.
func TestEveryRouteIsAsGitHubDescribesIt(t *testing.T) {
	if !Described() {
		t.Skipf("%s names no description of GitHub's API", DescriptionVariable)
	}
	s := New(t, 7)
	commit := s.Commit(Commit{Author: "grace", Message: "train", Files: map[string]string{"policy/own.rego": "package own", "policy/deep/x": "1"}})
	s.AddPull(Pull{Number: 8, Title: "Train", Author: "grace", Merge: commit, MergedBy: Person, Reviews: []Review{{Author: "alan", State: "APPROVED"}}})
	tag := s.Tag("flights@v0.9.0", commit, "by hand")
	s.Protect(DefaultBranch, map[string]any{"enabled": true}, map[string]any{"type": "deletion", "ruleset_source_type": "Repository", "ruleset_source": Repository, "ruleset_id": 3})
	s.AddEnvironment("prod", map[string]any{"id": 1, "node_id": "GA_1", "type": "wait_timer", "wait_timer": 5})
	s.AddWorkflow("score.yml")
	s.Schedule(Workflow{File: "score.yml", State: "active", Created: s.clock, Ran: s.clock, Conclusion: "success"})
	s.Schedule(Workflow{File: "monitor.yml", State: "disabled_inactivity", Created: s.clock, Ran: s.clock})
	s.AddRun(Run{ID: 5, Workflow: ".github/workflows/promote.yml", Event: "workflow_dispatch", Title: "promote", Conclusion: "success", Actor: Person, Started: s.clock, Updated: s.clock})
	s.AddRun(Run{ID: 6, Event: "push", Started: s.clock, Updated: s.clock})
	s.Attest("sha256:00", []byte(`{"predicateType":"https://slsa.dev/provenance/v1"}`))
	s.Grant("alan", "write")
	used := map[string]bool{}
	// last is a number that an answer held under a name, for later paths.
	last := map[string]any{}
	var upload string
	for _, step := range []struct {
		token, method, path string
		body                any
		status              int
		keep                string
	}{
		{"", "GET", "/user", nil, 401, ""},
		{Token, "GET", "/user", nil, 403, ""},
		{PersonToken, "GET", "/user", nil, 200, ""},
		{Token, "GET", "", nil, 200, ""},
		{Token, "GET", "/collaborators/alan/permission", nil, 200, ""},
		{Token, "GET", "/collaborators/mallory/permission", nil, 200, ""},
		{Token, "GET", "/collaborators/critic[bot]/permission", nil, 404, ""},
		{Token, "GET", "/branches/main", nil, 200, ""},
		{Token, "GET", "/branches/other", nil, 404, ""},
		{Token, "GET", "/branches/main/protection", nil, 403, ""},
		{PersonToken, "GET", "/branches/main/protection", nil, 200, ""},
		{Token, "GET", "/rules/branches/main?per_page=100", nil, 200, ""},
		{PersonToken, "POST", "/rulesets", map[string]any{"name": "tags", "target": "tag", "enforcement": "active", "rules": []any{map[string]any{"type": "deletion"}}}, 201, "ruleset"},
		{Token, "GET", "/rulesets", nil, 200, ""},
		{Token, "GET", "/rulesets/{ruleset}", nil, 200, ""},
		{PersonToken, "PUT", "/rulesets/{ruleset}", map[string]any{"name": "tags", "target": "tag", "enforcement": "disabled"}, 200, ""},
		{Token, "GET", "/immutable-releases", nil, 404, ""},
		{PersonToken, "PUT", "/immutable-releases", nil, 204, ""},
		{Token, "GET", "/immutable-releases", nil, 200, ""},
		{Token, "GET", "/actions/permissions/workflow", nil, 403, ""},
		{PersonToken, "PUT", "/actions/permissions/workflow", map[string]any{"default_workflow_permissions": "read", "can_approve_pull_request_reviews": false}, 204, ""},
		{PersonToken, "GET", "/actions/permissions/workflow", nil, 200, ""},
		{Token, "GET", "/actions/workflows?per_page=100", nil, 200, ""},
		{Token, "GET", "/actions/workflows/1/runs?event=schedule&per_page=1", nil, 200, ""},
		{Token, "GET", "/actions/workflows/2/runs?event=schedule&per_page=1", nil, 200, ""},
		{Token, "GET", "/actions/workflows/9/runs?event=schedule&per_page=1", nil, 404, ""},
		{Token, "GET", "/actions/runs/5?exclude_pull_requests=true", nil, 200, ""},
		{Token, "GET", "/actions/runs/5/attempts/1?exclude_pull_requests=true", nil, 200, ""},
		{Token, "GET", "/actions/runs/5/attempts/2", nil, 404, ""},
		{Token, "GET", "/actions/runs/5/attempts/1/jobs?per_page=100&page=1", nil, 200, ""},
		{Token, "GET", "/actions/runs/6/attempts/1/jobs", nil, 200, ""},
		{Token, "GET", "/actions/runs/7/attempts/1/jobs", nil, 404, ""},
		{Token, "POST", "/actions/workflows/score.yml/dispatches", map[string]any{"ref": "main", "inputs": map[string]any{"date": "2026-01-01"}}, 204, ""},
		{Token, "GET", "/contents/policy/own.rego?ref=main", nil, 200, ""},
		{Token, "GET", "/contents/policy", nil, 200, ""},
		{Token, "GET", "/contents/nothing", nil, 404, ""},
		{Token, "GET", "/compare/main..." + commit, nil, 200, ""},
		{Token, "GET", "/git/ref/tags/flights@v0.9.0", nil, 200, ""},
		{Token, "GET", "/git/tags/" + tag, nil, 200, ""},
		{Token, "GET", "/git/commits/" + commit, nil, 200, ""},
		{Token, "GET", "/commits/flights@v0.9.0", nil, 200, ""},
		{Token, "GET", "/commits/" + commit + "/pulls", nil, 200, ""},
		{Token, "POST", "/git/tags", map[string]any{"tag": "x#prod#1", "message": "m", "object": commit, "type": "commit", "tagger": map[string]any{"name": "bot", "email": "b@example.com", "date": "2026-01-01T00:00:00Z"}}, 201, ""},
		{Token, "POST", "/git/refs", map[string]any{"ref": "refs/tags/x#prod#1", "sha": commit}, 201, ""},
		{Token, "POST", "/git/refs", map[string]any{"ref": "refs/tags/x#prod#1", "sha": commit}, 422, ""},
		{Token, "POST", "/git/refs", map[string]any{"ref": "refs/tags/y", "sha": strings.Repeat("0", 40)}, 422, ""},
		{Token, "GET", "/git/matching-refs/tags/x%23", nil, 200, ""},
		{Token, "DELETE", "/git/refs/tags/x%23prod%231", nil, 204, ""},
		{Token, "GET", "/pulls/8", nil, 200, ""},
		{Token, "GET", "/pulls/8/reviews", nil, 200, ""},
		{Token, "GET", "/pulls/8/commits", nil, 200, ""},
		{Token, "POST", "/issues", map[string]any{"title": "drift", "body": "much", "labels": []string{"drift"}}, 201, "issue"},
		{Token, "GET", "/issues?labels=drift&state=all", nil, 200, ""},
		{Token, "PATCH", "/issues/1", map[string]any{"state": "closed"}, 200, ""},
		{Token, "POST", "/issues/7/comments", map[string]any{"body": "hello"}, 201, "comment"},
		{Token, "PATCH", "/issues/comments/{comment}", map[string]any{"body": "bye"}, 200, ""},
		{Token, "GET", "/issues/7/comments", nil, 200, ""},
		{Token, "POST", "/releases", map[string]any{"tag_name": "flights@v0.9.0", "draft": true, "make_latest": "false", "name": "n", "body": "b"}, 201, "release"},
		{Token, "GET", "/releases/tags/flights@v0.9.0", nil, 404, ""},
		{Token, "GET", "/releases?per_page=1", nil, 200, ""},
		{Token, "POST", "UPLOAD?name=a b.txt", "content", 201, "asset"},
		{Token, "POST", "UPLOAD?name=a%23b.txt", "content", 422, ""},
		{Token, "GET", "/releases/{release}/assets", nil, 200, ""},
		{Token, "GET", "/releases/assets/{asset}", nil, 200, ""},
		{Token, "GET", "/releases/assets/{asset}?raw", nil, 302, ""},
		{Token, "PATCH", "/releases/{release}", map[string]any{"draft": false, "make_latest": "false"}, 200, ""},
		{Token, "GET", "/releases/{release}", nil, 200, ""},
		{Token, "GET", "/releases/tags/flights@v0.9.0", nil, 200, ""},
		{Token, "DELETE", "/releases/assets/{asset}", nil, 422, ""},
		{Token, "POST", "UPLOAD?name=late.txt", "content", 422, ""},
		{Token, "DELETE", "/git/refs/tags/flights@v0.9.0", nil, 422, ""},
		{Token, "POST", "/releases", map[string]any{"tag_name": "flights@v0.9.0"}, 422, ""},
		{Token, "DELETE", "/releases/{release}", nil, 204, ""},
		{Token, "POST", "/releases", map[string]any{"tag_name": "flights@v0.9.0"}, 422, ""},
		{Token, "POST", "/deployments", map[string]any{"ref": "flights@v0.9.0", "environment": "prod", "task": "promote", "auto_merge": false, "required_contexts": []string{}, "payload": map[string]any{"event": "x"}}, 201, "deployment"},
		{Token, "POST", "/deployments", map[string]any{"ref": "flights@v0.9.0", "environment": "prod"}, 202, ""},
		{Token, "GET", "/deployments?environment=prod&task=promote", nil, 200, ""},
		{Token, "POST", "/deployments/{deployment}/statuses", map[string]any{"state": "success", "description": "on prod", "log_url": "https://example.com/1"}, 201, ""},
		{Token, "POST", "/deployments/{deployment}/statuses", map[string]any{"state": "success", "description": strings.Repeat("x", 141)}, 422, ""},
		{Token, "GET", "/deployments/{deployment}/statuses", nil, 200, ""},
		{Token, "GET", "/environments", nil, 200, ""},
		{Token, "GET", "/environments/prod", nil, 200, ""},
		{PersonToken, "PUT", "/environments/staging", map[string]any{"prevent_self_review": true}, 200, ""},
		{Token, "GET", "/attestations/sha256:00", nil, 200, ""},
		{Token, "GET", "/attestations/sha256:01", nil, 404, ""},
	} {
		path := step.path
		for name, number := range last {
			path = strings.ReplaceAll(path, "{"+name+"}", fmt.Sprint(number))
		}
		if rest, found := strings.CutPrefix(path, "UPLOAD"); found {
			path = strings.ReplaceAll(strings.TrimSuffix(upload, "{?name,label}")+rest, " ", "%20")
		} else if path != "/user" {
			path = "/repos/" + Repository + path
		}
		status, body, _ := send(t, s, step.token, step.method, path, step.body)
		if status != step.status {
			t.Errorf("%s %s answers %d %s; want %d", step.method, path, status, body, step.status)
		}
		var kept struct {
			ID     json.Number `json:"id"`
			Upload string      `json:"upload_url"`
		}
		if step.keep != "" {
			if err := json.Unmarshal([]byte(body), &kept); err != nil {
				t.Fatal(body, err)
			}
			last[step.keep] = kept.ID
			upload = max(upload, kept.Upload)
		}
	}
	for _, request := range s.Requests() {
		method, path, _ := strings.Cut(request, " ")
		path, _, _ = strings.Cut(path, "?")
		name := apiHost
		if rest, found := strings.CutPrefix(path, "uploads:"); found {
			name, path = uploadHost, rest
		}
		path = strings.ReplaceAll(path, "%23", "#")
		for _, route := range routes {
			if route.host == name && route.method == method && route.path.MatchString(path) {
				used[string(route.host)+method+route.template] = true
				break
			}
		}
	}
	for _, route := range routes {
		if !used[string(route.host)+route.method+route.template] {
			t.Errorf("no step uses %s %s on the host %s", route.method, route.template, route.host)
		}
	}
}

// A recorder is a test that notes its complaints.
type recorder struct {
	testing.TB
	complaints []string
	cleanups   []func()
}

func (r *recorder) Errorf(format string, values ...any) {
	r.complaints = append(r.complaints, fmt.Sprintf(format, values...))
}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func TestTheFakeComplains(t *testing.T) {
	for _, c := range []struct {
		name      string
		described bool
		do        func(*recorder, *Server)
		says      string
	}{
		{"of a request that was not declared", false, func(r *recorder, s *Server) { send(r, s, Token, "GET", "/repos/octo/flights/hooks", nil) }, "was not declared"},
		{"of another repository", false, func(r *recorder, s *Server) { send(r, s, Token, "GET", "/repos/octo/other", nil) }, "was not declared"},
		{"of a parameter that was not declared", false, func(r *recorder, s *Server) { send(r, s, Token, "GET", "/repos/octo/flights?x=1", nil) }, "parameter x"},
		{"of a field that was not declared", false, func(r *recorder, s *Server) {
			send(r, s, Token, "POST", "/repos/octo/flights/issues/7/comments", map[string]any{"body": "x", "bold": true})
		}, "bold"},
		{"of a fault that was not met", false, func(_ *recorder, s *Server) { s.Fail(Fault{Method: "GET", Path: "x", Status: 500}) }, "no request met the fault"},
		{"of a token at the store", false, func(r *recorder, s *Server) { send(r, s, Token, "GET", s.servers[downloadHost].URL+"/1", nil) }, "gets a token"},
		{"of a type that GitHub does not take", true, func(r *recorder, s *Server) {
			send(r, s, Token, "POST", "/repos/octo/flights/issues/7/comments", map[string]any{"body": 5})
		}, "GitHub would refuse"},
		{"of a query that GitHub does not take", true, func(r *recorder, s *Server) { send(r, s, Token, "GET", "/repos/octo/flights/issues?state=ajar", nil) }, "GitHub would refuse"},
		{"of an answer that GitHub does not give", true, func(r *recorder, s *Server) {
			s.AddEnvironment("prod", map[string]any{"id": "one"})
			send(r, s, Token, "GET", "/repos/octo/flights/environments/prod", nil)
		}, "GitHub would not answer"},
		{"of a field that the fake invents", true, func(r *recorder, s *Server) {
			s.Protect(DefaultBranch, map[string]any{"strength": 11})
			send(r, s, PersonToken, "GET", "/repos/octo/flights/branches/main/protection", nil)
		}, "what GitHub does not know: strength"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.described && !Described() {
				t.Skipf("%s names no description of GitHub's API", DescriptionVariable)
			}
			r := &recorder{TB: t}
			s := New(r, 7)
			c.do(r, s)
			for _, cleanup := range slices.Backward(r.cleanups) {
				cleanup()
			}
			if !strings.Contains(strings.Join(r.complaints, "\n"), c.says) {
				t.Errorf("it says %q, and should say %q", r.complaints, c.says)
			}
		})
	}
}

func TestTheBudgetRunsOut(t *testing.T) {
	s := New(t)
	s.Left(1)
	if status, _, header := send(t, s, Token, "GET", "/repos/octo/flights", nil); status != 200 || header.Get("X-RateLimit-Remaining") != "0" {
		t.Error(status, header)
	}
	if status, body, _ := send(t, s, Token, "GET", "/repos/octo/flights", nil); status != 403 || !strings.Contains(body, "rate limit exceeded") {
		t.Error(status, body)
	}
}

// Tag objects have the names that git would give them.
func TestObjectsAreNamedAsGitNamesThem(t *testing.T) {
	// printf 'hello\n' | git hash-object --stdin
	if got := sha("blob", []byte("hello\n")); got != "ce013625030ba8dba906f756967f9e9ca394464a" {
		t.Error(got)
	}
}
