package github

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// An Attempt is one of a workflow's run, as GitHub has it. Nobody who may
// push can write any of it, but for what the run's own workflow puts into Title.
type Attempt struct {
	// Run is its number, Number that of the attempt, from 1.
	Run    int64
	Number int
	// Repository is where the commit comes from, as owner/name: a fork's pull
	// request runs in the repository that it is made to.
	Repository string
	// Workflow is the file, like .github/workflows/promote.yml.
	Workflow string
	Event    string
	// Branch is what the run is for: a branch, or a tag of any name. Commit is
	// whose workflow runs.
	Branch, Commit string
	Title          string
	// Actor started the first attempt, TriggeredBy this one.
	Actor, TriggeredBy string
	// Started is of this attempt, Updated the last change of it; Completed says
	// that it has ended.
	Started, Updated time.Time
	Completed        bool
}

// ParseAttempt reads the address of an attempt, which ends like
// /octo/flights/actions/runs/7/attempts/1.
func ParseAttempt(address string) (run int64, number int, err error) {
	_, rest, found := strings.Cut(address, "/actions/runs/")
	first, second, whole := strings.Cut(rest, "/attempts/")
	run, runErr := strconv.ParseInt(first, 10, 64)
	number, numberErr := strconv.Atoi(second)
	if !found || !whole || runErr != nil || numberErr != nil || run < 1 || number < 1 {
		return 0, 0, fmt.Errorf("%q is no attempt of a run", address)
	}
	return run, number, nil
}

// RunAttempt returns one attempt of a run; ErrNotFound is also that GitHub does
// not keep it any more.
func (c *Client) RunAttempt(ctx context.Context, run int64, number int) (Attempt, error) {
	var r struct {
		ID             int64     `json:"id"`
		Attempt        int       `json:"run_attempt"`
		Path           string    `json:"path"`
		Event          string    `json:"event"`
		HeadBranch     string    `json:"head_branch"`
		HeadSHA        string    `json:"head_sha"`
		Title          string    `json:"display_title"`
		Status         string    `json:"status"`
		Actor          account   `json:"actor"`
		TriggeredBy    account   `json:"triggering_actor"`
		Started        time.Time `json:"run_started_at"`
		Updated        time.Time `json:"updated_at"`
		HeadRepository struct {
			FullName string `json:"full_name"`
		} `json:"head_repository"`
	}
	if _, err := c.call(ctx, http.MethodGet, fmt.Sprintf("/actions/runs/%d/attempts/%d?exclude_pull_requests=true", run, number), nil, &r); err != nil {
		return Attempt{}, explain(err, "look up attempt %d of run %d", number, run)
	}
	// GitHub shows the path alone, and its description shows it in full.
	workflow, _, _ := strings.Cut(strings.TrimPrefix(r.Path, c.owner+"/"+c.name+"/"), "@")
	return Attempt{
		Run: r.ID, Number: r.Attempt, Repository: r.HeadRepository.FullName, Workflow: workflow, Event: r.Event, Branch: r.HeadBranch, Commit: r.HeadSHA,
		Title: r.Title, Actor: r.Actor.Login, TriggeredBy: r.TriggeredBy.Login, Started: r.Started.UTC(), Updated: r.Updated.UTC(), Completed: r.Status == "completed",
	}, nil
}

// LastAttempt is the number of a run's last attempt.
func (c *Client) LastAttempt(ctx context.Context, run int64) (int, error) {
	var r struct {
		Attempt int `json:"run_attempt"`
	}
	_, err := c.call(ctx, http.MethodGet, fmt.Sprintf("/actions/runs/%d?exclude_pull_requests=true", run), nil, &r)
	return r.Attempt, explain(err, "look up run %d", run)
}

// A Step is one of a job.
type Step struct {
	Name string `json:"name"`
	// Conclusion is success, or what else it ended as; empty is not yet.
	Conclusion string `json:"conclusion"`
}

// Steps returns the steps of all jobs of an attempt; those of a called workflow
// are among them, and those within an action are not.
func (c *Client) Steps(ctx context.Context, run int64, number int) ([]Step, error) {
	type jobs struct {
		Jobs []struct {
			Steps []Step `json:"steps"`
		} `json:"jobs"`
	}
	all := []Step{}
	err := pages(ctx, c, fmt.Sprintf("/actions/runs/%d/attempts/%d/jobs", run, number), fmt.Sprintf("the jobs of run %d", run), func(some jobs) {
		for _, job := range some.Jobs {
			all = append(all, job.Steps...)
		}
	})
	return all, err
}

// DefaultBranch is the name of the repository's.
func (c *Client) DefaultBranch(ctx context.Context) (string, error) {
	var repository struct {
		DefaultBranch string `json:"default_branch"`
	}
	if _, err := c.call(ctx, http.MethodGet, "", nil, &repository); err != nil {
		return "", explain(err, "look up the repository")
	}
	if repository.DefaultBranch == "" {
		return "", fmt.Errorf("look up the repository: GitHub names no default branch")
	}
	return repository.DefaultBranch, nil
}

// Contains says whether a commit is tip or came before it.
func (c *Client) Contains(ctx context.Context, tip, commit string) (bool, error) {
	if tip == commit {
		return true, nil
	}
	var compared struct {
		Status string `json:"status"`
	}
	_, err := c.call(ctx, http.MethodGet, "/compare/"+tip+"..."+commit+"?per_page=1", nil, &compared)
	found, err := exists404(explain(err, "compare %s with %s", commit, tip))
	return found && (compared.Status == "behind" || compared.Status == "identical"), err
}
