package githubtest

import (
	"net/http"
	"slices"
)

// A Pull is one of the server's pull requests.
type Pull struct {
	Number        int
	Title, Author string
	// Base is the branch that it asks to enter; empty is the default branch.
	Base string
	// Head is the last commit that it brings, of the branch HeadBranch.
	Head, HeadBranch string
	// Commits are those that it brings, oldest first; empty is the head alone.
	Commits []string
	// Merge is the commit that it became; empty is not merged.
	Merge, MergedBy string
	Reviews         []Review
	at              string
}

// A Review is what somebody says of a pull request.
type Review struct {
	ID     int64
	Author string
	// State is APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED or PENDING.
	State string
	// Commit is what was looked at; empty is the pull request's head.
	Commit string
	Body   string
	At     string
}

// AddPull opens a pull request, or merges it.
func (s *Server) AddPull(p Pull) {
	s.locked(func() {
		if p.Base == "" {
			p.Base = DefaultBranch
		}
		if p.Head == "" {
			p.Head = s.refs["refs/heads/"+DefaultBranch]
		}
		if p.HeadBranch == "" {
			p.HeadBranch = "change"
		}
		if len(p.Commits) == 0 {
			p.Commits = []string{p.Head}
		}
		p.at = s.now()
		for i := range p.Reviews {
			s.complete(&p, &p.Reviews[i])
		}
		s.pulls = append(s.pulls, &p)
	})
}

// AddReview reviews a pull request.
func (s *Server) AddReview(number int, review Review) {
	s.locked(func() {
		p, found := s.pull(int64(number))
		if !found {
			s.t.Errorf("no pull request %d to review", number)
			return
		}
		s.complete(p, &review)
		p.Reviews = append(p.Reviews, review)
	})
}

// Review lets somebody review a pull request, or gives the last review of theirs
// another state, as a dismissal does.
func (s *Server) Review(number int, author, state string) {
	known := false
	s.locked(func() {
		if p, found := s.pull(int64(number)); found {
			for i := range slices.Backward(p.Reviews) {
				if !known && p.Reviews[i].Author == author {
					p.Reviews[i].State, known = state, true
				}
			}
		}
	})
	if !known {
		s.AddReview(number, Review{Author: author, State: state})
	}
}

func (s *Server) complete(p *Pull, review *Review) {
	review.ID = s.id()
	if review.Commit == "" {
		review.Commit = p.Head
	}
	if review.At == "" {
		review.At = s.now()
	}
}

func (s *Server) pull(number int64) (*Pull, bool) {
	i := slices.IndexFunc(s.pulls, func(p *Pull) bool { return int64(p.Number) == number })
	if i < 0 {
		return nil, false
	}
	return s.pulls[i], true
}

// showPull is a pull request as lists have it.
func (s *Server) showPull(p *Pull) map[string]any {
	address, page := s.url("/pulls/%d", p.Number), web("/pull/%d", p.Number)
	state, merge, merged := "open", any(nil), any(nil)
	if p.Merge != "" {
		state, merge, merged = "closed", p.Merge, p.at
	}
	side := func(branch, commit string) any {
		return map[string]any{"label": "octo:" + branch, "ref": branch, "sha": commit, "user": s.user("octo"), "repo": s.repository()}
	}
	links := map[string]any{}
	for _, name := range []string{"comments", "commits", "statuses", "html", "issue", "review_comments", "review_comment", "self"} {
		links[name] = map[string]any{"href": address + "/" + name}
	}
	return map[string]any{
		"id": p.Number, "node_id": nodeID("PR", p.Number), "number": p.Number, "title": p.Title, "body": nil, "state": state, "locked": false,
		"url": address, "html_url": page, "diff_url": page + ".diff", "patch_url": page + ".patch", "issue_url": s.url("/issues/%d", p.Number),
		"comments_url": s.url("/issues/%d/comments", p.Number), "commits_url": address + "/commits", "statuses_url": s.url("/statuses/%s", p.Head),
		"review_comment_url": address + "/comments{/number}", "review_comments_url": address + "/comments",
		"user": s.user(p.Author), "assignee": nil, "milestone": nil, "labels": []any{}, "author_association": "MEMBER", "auto_merge": nil, "draft": false,
		"created_at": p.at, "updated_at": p.at, "closed_at": merged, "merged_at": merged, "merge_commit_sha": merge,
		"base": side(p.Base, s.refs["refs/heads/"+p.Base]), "head": side(p.HeadBranch, p.Head), "_links": links,
	}
}

func (s *Server) getPull(x *exchange) answer {
	p, found := s.pull(x.id("pull_number"))
	if !found {
		return notFound()
	}
	shown := s.showPull(p)
	for _, name := range []string{"additions", "changed_files", "comments", "commits", "deletions", "review_comments"} {
		shown[name] = 0
	}
	shown["commits"] = len(p.Commits)
	shown["mergeable"], shown["mergeable_state"], shown["maintainer_can_modify"] = nil, "unknown", false
	shown["merged"], shown["merged_by"] = p.Merge != "", s.user(p.MergedBy)
	return answer{status: http.StatusOK, body: shown}
}

// pullsOf are the pull requests that brought a commit, or bring it.
func (s *Server) pullsOf(x *exchange) answer {
	commit, found := s.commitOf(x.path["commit_sha"])
	if !found {
		return message(http.StatusUnprocessableEntity, "No commit found for SHA: "+x.path["commit_sha"])
	}
	var of []*Pull
	for _, p := range s.pulls {
		if p.Merge == commit.sha || p.Head == commit.sha {
			of = append(of, p)
		}
	}
	return page(s, x, of, func(p *Pull) any { return s.showPull(p) })
}

// mostCommits is how many commits of a pull request GitHub lists at most.
const mostCommits = 250

func (s *Server) listPullCommits(x *exchange) answer {
	p, found := s.pull(x.id("pull_number"))
	if !found {
		return notFound()
	}
	return page(s, x, p.Commits[:min(len(p.Commits), mostCommits)], func(sha string) any {
		commit, found := s.commitOf(sha)
		if !found {
			s.t.Errorf("pull request %d brings %s, which is no commit", p.Number, sha)
		}
		return s.showCommit(commit)
	})
}

func (s *Server) listReviews(x *exchange) answer {
	p, found := s.pull(x.id("pull_number"))
	if !found {
		return notFound()
	}
	address := s.url("/pulls/%d", p.Number)
	return page(s, x, p.Reviews, func(r Review) any {
		where := web("/pull/%d#pullrequestreview-%d", p.Number, r.ID)
		return map[string]any{
			"id": r.ID, "node_id": nodeID("PRR", r.ID), "user": s.user(r.Author), "body": r.Body, "state": r.State, "commit_id": r.Commit,
			"html_url": where, "pull_request_url": address, "author_association": "MEMBER", "submitted_at": r.At,
			"_links": map[string]any{"html": map[string]any{"href": where}, "pull_request": map[string]any{"href": address}},
		}
	})
}
