package github

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// MaxDescription is GitHub's limit of a deployment status's description, in
// characters.
const MaxDescription = 140

// A Deployment shows people that something was put somewhere.
type Deployment struct {
	ID          int64
	Ref         string
	Task        string
	Environment string
	// Description and Payload are for people and for programs.
	Description string
	Payload     map[string]string
	// Creator made it, at Created; GitHub says so, and nobody else can.
	Creator string
	Created time.Time
}

// Actions is who a job's token belongs to.
const Actions = "github-actions[bot]"

// deployment is one as GitHub shows it.
type deployment struct {
	ID          int64           `json:"id"`
	Ref         string          `json:"ref"`
	Task        string          `json:"task"`
	Environment string          `json:"environment"`
	Description string          `json:"description"`
	Payload     json.RawMessage `json:"payload"`
	Creator     *account        `json:"creator"`
	Created     time.Time       `json:"created_at"`
}

func deploymentsOf(found []deployment) []Deployment {
	all := make([]Deployment, len(found))
	for i, d := range found {
		all[i] = Deployment{ID: d.ID, Ref: d.Ref, Task: d.Task, Environment: d.Environment, Description: d.Description, Created: d.Created.UTC()}
		if d.Creator != nil {
			all[i].Creator = d.Creator.Login
		}
		// Whoever else deploys there has a payload of another form.
		_ = json.Unmarshal(d.Payload, &all[i].Payload)
	}
	return all
}

// Deployments returns the deployments of a task to an environment, newest first.
func (c *Client) Deployments(ctx context.Context, environment, task string) ([]Deployment, error) {
	query := url.Values{"environment": {environment}, "task": {task}}
	found, err := list[deployment](ctx, c, "/deployments?"+query.Encode(), "the deployments of "+task+" to "+environment)
	return deploymentsOf(found), err
}

// AllDeployments returns the deployments of a task to every environment, newest
// first.
func (c *Client) AllDeployments(ctx context.Context, task string) ([]Deployment, error) {
	found, err := list[deployment](ctx, c, "/deployments?"+url.Values{"task": {task}}.Encode(), "the deployments of "+task)
	return deploymentsOf(found), err
}

// CreateDeployment creates a deployment of what its ref stands for, as it is:
// GitHub merges nothing into it and waits for no check.
func (c *Client) CreateDeployment(ctx context.Context, d Deployment) (Deployment, error) {
	var created struct {
		ID int64 `json:"id"`
	}
	_, err := c.call(ctx, http.MethodPost, "/deployments", struct {
		Ref              string            `json:"ref"`
		Task             string            `json:"task"`
		AutoMerge        bool              `json:"auto_merge"`
		RequiredContexts []string          `json:"required_contexts"`
		Payload          map[string]string `json:"payload"`
		Environment      string            `json:"environment"`
		Description      string            `json:"description"`
	}{d.Ref, d.Task, false, []string{}, d.Payload, d.Environment, Clip(d.Description, MaxDescription)}, &created)
	if err != nil {
		return Deployment{}, explain(err, "create a deployment to %s", d.Environment)
	}
	d.ID = created.ID
	return d, nil
}

// DeploymentState returns the state that a deployment was last said to be in,
// like success; it is empty before the first.
func (c *Client) DeploymentState(ctx context.Context, id int64) (string, error) {
	var statuses []struct {
		State string `json:"state"`
	}
	if _, err := c.call(ctx, http.MethodGet, fmt.Sprintf("/deployments/%d/statuses?per_page=1", id), nil, &statuses); err != nil {
		return "", explain(err, "read the state of deployment %d", id)
	}
	if len(statuses) == 0 {
		return "", nil
	}
	return statuses[0].State, nil
}

// SetDeploymentState says which state a deployment is in. Others in the same
// environment keep theirs: they may be of another pipeline. log is a page for
// people, or empty.
func (c *Client) SetDeploymentState(ctx context.Context, id int64, state, description, log string) error {
	_, err := c.call(ctx, http.MethodPost, fmt.Sprintf("/deployments/%d/statuses", id), struct {
		State        string `json:"state"`
		Description  string `json:"description"`
		LogURL       string `json:"log_url,omitempty"`
		AutoInactive bool   `json:"auto_inactive"`
	}{state, Clip(description, MaxDescription), log, false}, nil)
	return explain(err, "set the state of deployment %d", id)
}

// Clip cuts a text to at most limit characters, and shows that it did.
func Clip(text string, limit int) string {
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	return string(runes[:limit-1]) + "…"
}
