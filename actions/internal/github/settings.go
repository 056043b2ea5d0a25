package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A Ruleset is what GitHub demands of branches or tags, in GitHub's own words:
// name, target, enforcement, conditions, rules and bypass_actors. Who may bypass
// it is shown to administrators only.
type Ruleset map[string]any

// A NamedRuleset is where a ruleset stands.
type NamedRuleset struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// Rulesets returns the repository's own rulesets, without their rules.
func (c *Client) Rulesets(ctx context.Context) ([]NamedRuleset, error) {
	return list[NamedRuleset](ctx, c, "/rulesets?includes_parents=false", "the rulesets")
}

// Ruleset returns one in full.
func (c *Client) Ruleset(ctx context.Context, id int64) (Ruleset, error) {
	var ruleset Ruleset
	_, err := c.call(ctx, http.MethodGet, fmt.Sprintf("/rulesets/%d?includes_parents=false", id), nil, &ruleset)
	return ruleset, explain(err, "read the ruleset %d", id)
}

// PutRuleset creates a ruleset, where id is 0, or replaces one.
func (c *Client) PutRuleset(ctx context.Context, id int64, ruleset Ruleset) error {
	method, path := http.MethodPost, "/rulesets"
	if id != 0 {
		method, path = http.MethodPut, fmt.Sprintf("/rulesets/%d", id)
	}
	_, err := c.call(ctx, method, path, ruleset, nil)
	return explain(err, "write the ruleset %v", ruleset["name"])
}

// Environments returns the names of all environments. To ask for one by its name
// would make a no of every 404, and who then creates it takes its protection away.
func (c *Client) Environments(ctx context.Context) ([]string, error) {
	type page struct {
		Environments []struct {
			Name string `json:"name"`
		} `json:"environments"`
	}
	names := []string{}
	err := pages(ctx, c, "/environments", "the environments", func(p page) {
		for _, e := range p.Environments {
			names = append(names, e.Name)
		}
	})
	return names, err
}

// CreateEnvironment makes an environment. One that is there would lose its
// protection, so the caller looks first.
func (c *Client) CreateEnvironment(ctx context.Context, name string) error {
	_, err := c.call(ctx, http.MethodPut, "/environments/"+url.PathEscape(name), struct{}{}, nil)
	return explain(err, "create the environment %s", name)
}

// ImmutableReleases says whether a published release can never be changed.
func (c *Client) ImmutableReleases(ctx context.Context) (bool, error) {
	var answer struct {
		Enabled bool `json:"enabled"`
	}
	_, err := c.call(ctx, http.MethodGet, "/immutable-releases", nil, &answer)
	found, err := exists404(explain(err, "ask whether releases are immutable"))
	return found && answer.Enabled, err
}

// MakeReleasesImmutable holds from the next publication on.
func (c *Client) MakeReleasesImmutable(ctx context.Context) error {
	_, err := c.call(ctx, http.MethodPut, "/immutable-releases", nil, nil)
	return explain(err, "make releases immutable")
}

// WorkflowRights are what a job's token may where its workflow does not say.
type WorkflowRights struct {
	Default    string `json:"default_workflow_permissions"` // read or write
	MayApprove bool   `json:"can_approve_pull_request_reviews"`
}

// WorkflowRights returns the repository's.
func (c *Client) WorkflowRights(ctx context.Context) (WorkflowRights, error) {
	var rights WorkflowRights
	_, err := c.call(ctx, http.MethodGet, "/actions/permissions/workflow", nil, &rights)
	return rights, explain(err, "read the rights of workflows")
}

// SetWorkflowRights sets them.
func (c *Client) SetWorkflowRights(ctx context.Context, rights WorkflowRights) error {
	_, err := c.call(ctx, http.MethodPut, "/actions/permissions/workflow", rights, nil)
	return explain(err, "set the rights of workflows")
}

// A Workflow is one that GitHub knows, and State whether it runs it: active, or
// why not.
type Workflow struct {
	ID      int64     `json:"id"`
	Path    string    `json:"path"`
	State   string    `json:"state"`
	Created time.Time `json:"created_at"`
}

// Workflows returns all of the repository's.
func (c *Client) Workflows(ctx context.Context) ([]Workflow, error) {
	type page struct {
		Workflows []Workflow `json:"workflows"`
	}
	all := []Workflow{}
	err := pages(ctx, c, "/actions/workflows", "the workflows", func(p page) { all = append(all, p.Workflows...) })
	return all, err
}

// A Run is one of a workflow. Its conclusion is empty until it is completed.
type Run struct {
	Status     string    `json:"status"`
	Conclusion string    `json:"conclusion"`
	Created    time.Time `json:"created_at"`
	URL        string    `json:"html_url"`
}

// LastScheduledRun returns the last run that the schedule started, or
// ErrNotFound where it never did.
func (c *Client) LastScheduledRun(ctx context.Context, workflow int64) (Run, error) {
	var answer struct {
		Runs []Run `json:"workflow_runs"`
	}
	_, err := c.call(ctx, http.MethodGet, fmt.Sprintf("/actions/workflows/%d/runs?event=schedule&per_page=1", workflow), nil, &answer)
	if err != nil {
		return Run{}, explain(err, "list the runs of workflow %d", workflow)
	}
	if len(answer.Runs) == 0 {
		return Run{}, fmt.Errorf("runs of workflow %d: %w", workflow, ErrNotFound)
	}
	return answer.Runs[0], nil
}

// HasBranch says whether there is a branch of that name.
func (c *Client) HasBranch(ctx context.Context, name string) (bool, error) {
	_, err := c.Ref(ctx, "heads/"+strings.TrimPrefix(name, "refs/heads/"))
	return exists404(err)
}

// exists404 reads an answer in which 404 is a plain no.
func exists404(err error) (bool, error) {
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
