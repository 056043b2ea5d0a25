package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A MergedPull is the pull request whose merge made a commit.
type MergedPull struct {
	Number int
	Author string
	// Base is the branch it was merged into, Head its last commit, Merge the
	// commit that its merge made.
	Base, Head, Merge string
	// Commits is how many it has; GitHub lists 250 of them at most.
	Commits int
}

// A Review is what somebody said of a pull request, as it stands now.
type Review struct {
	Reviewer string
	// Bot says that an app made it.
	Bot bool
	// State is APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED or PENDING.
	State  string
	Commit string
	At     time.Time
}

// Makers are the accounts behind one commit; one that GitHub does not know is an
// empty text.
type Makers struct{ Commit, Author, Committer string }

type account struct {
	Login string `json:"login"`
	Type  string `json:"type"` // User, Bot, Organization or Mannequin
}

type side struct {
	Ref string `json:"ref"`
	SHA string `json:"sha"`
}

type pull struct {
	Number         int        `json:"number"`
	User           account    `json:"user"`
	MergedAt       *time.Time `json:"merged_at"`
	MergeCommitSHA string     `json:"merge_commit_sha"`
	Base           side       `json:"base"`
	Head           side       `json:"head"`
	Commits        int        `json:"commits"`
}

// PullOf returns the pull request whose merge made the commit; false is a commit
// that no merge made, or that two claim. A commit that only came along with one
// is not what was reviewed.
func (c *Client) PullOf(ctx context.Context, commit string) (MergedPull, bool, error) {
	listed, err := list[pull](ctx, c, "/commits/"+url.PathEscape(commit)+"/pulls", "the pull requests of commit "+commit)
	if err != nil {
		return MergedPull{}, false, err
	}
	made := []pull{}
	for _, p := range listed {
		if p.MergedAt != nil && strings.EqualFold(p.MergeCommitSHA, commit) {
			made = append(made, p)
		}
	}
	if len(made) != 1 {
		return MergedPull{}, false, nil
	}
	// Lists leave out how many commits there are.
	var p pull
	if _, err := c.call(ctx, http.MethodGet, fmt.Sprintf("/pulls/%d", made[0].Number), nil, &p); err != nil {
		return MergedPull{}, false, explain(err, "read pull request %d", made[0].Number)
	}
	return MergedPull{
		Number: p.Number, Author: p.User.Login, Base: p.Base.Ref, Head: p.Head.SHA, Merge: p.MergeCommitSHA, Commits: p.Commits,
	}, true, nil
}

// Reviews returns all reviews of a pull request, oldest first.
func (c *Client) Reviews(ctx context.Context, number int) ([]Review, error) {
	type review struct {
		User        *account  `json:"user"`
		State       string    `json:"state"`
		CommitID    string    `json:"commit_id"`
		SubmittedAt time.Time `json:"submitted_at"`
	}
	listed, err := list[review](ctx, c, fmt.Sprintf("/pulls/%d/reviews", number), fmt.Sprintf("the reviews of pull request %d", number))
	if err != nil {
		return nil, err
	}
	all := []Review{}
	for _, r := range listed {
		// Of an account that is gone nobody can say whose word it was.
		if r.User == nil {
			continue
		}
		all = append(all, Review{Reviewer: r.User.Login, Bot: r.User.Type == "Bot", State: r.State, Commit: r.CommitID, At: r.SubmittedAt})
	}
	return all, nil
}

// PullCommits returns who made the commits of a pull request, oldest first.
func (c *Client) PullCommits(ctx context.Context, number int) ([]Makers, error) {
	type commit struct {
		SHA       string   `json:"sha"`
		Author    *account `json:"author"`
		Committer *account `json:"committer"`
	}
	listed, err := list[commit](ctx, c, fmt.Sprintf("/pulls/%d/commits", number), fmt.Sprintf("the commits of pull request %d", number))
	if err != nil {
		return nil, err
	}
	login := func(a *account) string {
		if a == nil {
			return ""
		}
		return a.Login
	}
	all := []Makers{}
	for _, made := range listed {
		all = append(all, Makers{Commit: made.SHA, Author: login(made.Author), Committer: login(made.Committer)})
	}
	return all, nil
}

// Permission is what somebody may do in the repository: admin, write, read or
// none. GitHub has an answer for every person. A 404 is a failure: who asks for
// changes must not pass for a stranger.
func (c *Client) Permission(ctx context.Context, login string) (string, error) {
	var has struct {
		Permission string `json:"permission"`
	}
	_, err := c.call(ctx, http.MethodGet, "/collaborators/"+url.PathEscape(login)+"/permission", nil, &has)
	return has.Permission, explain(err, "ask what %s may do", login)
}
