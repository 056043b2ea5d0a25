// Package witness says what GitHub knows of a bundle: who approved the commit
// that it was trained from, and which workflow built it.
//
//  1. Approvals finds the pull request whose merge made the commit, who made its
//     commits, what was said of it, and what each reviewer may do.
//  2. Head is the default branch's last commit, whose rules are those of now.
//  3. Provenance fetches the signed statements about the bundle's file and
//     verifies them; of those that hold, the first of the version's tag and commit
//     is the answer, or else the first, with who started the run that its
//     certificate names.
//
// All state facts. Whether they are enough is the policy's to say.
package witness

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/pipeline/promotion"
)

// A Verifier checks one signed statement, a Sigstore bundle in JSON, about the
// file of that digest, "sha256:" and hexadecimal. An error says why the
// statement proves nothing.
type Verifier func(statement []byte, digest string) (promotion.Provenance, error)

// GitHub is a promotion.Witness.
type GitHub struct {
	Client *github.Client
	// Verify checks statements; nil is nobody who could, so that none are fetched.
	Verify Verifier
}

// Approvals implements promotion.Witness. It takes three requests, one more for
// each further hundred commits or reviews, and one for each reviewer.
func (g *GitHub) Approvals(ctx context.Context, about promotion.Subject) (promotion.Approvals, error) {
	a := promotion.Approvals{Looked: true, Commit: about.Commit}
	if about.Commit == "" {
		return a, nil // trained outside a repository
	}
	pull, found, err := g.Client.PullOf(ctx, about.Commit)
	if err != nil || !found {
		return a, err
	}
	a.PullRequest, a.Base, a.Head, a.MergeCommit = int64(pull.Number), pull.Base, pull.Head, pull.Merge
	a.Author, a.Commits = pull.Author, int64(pull.Commits)
	commits, err := g.Client.PullCommits(ctx, pull.Number)
	if err != nil {
		return promotion.Approvals{}, err
	}
	for _, c := range commits {
		a.Authors = append(a.Authors, promotion.Authors(c))
	}
	reviews, err := g.Client.Reviews(ctx, pull.Number)
	if err != nil {
		return promotion.Approvals{}, err
	}
	permissions := map[string]string{}
	for _, r := range reviews {
		key := strings.ToLower(r.Reviewer)
		if r.Bot {
			// What an app may do, GitHub does not say; its word is nobody's.
			permissions[key] = "none"
		}
		if _, asked := permissions[key]; !asked {
			if permissions[key], err = g.Client.Permission(ctx, r.Reviewer); err != nil {
				return promotion.Approvals{}, err
			}
		}
		a.Reviews = append(a.Reviews, promotion.Review{Reviewer: r.Reviewer, State: r.State, Commit: r.Commit, At: r.At.UTC(), Permission: permissions[key]})
	}
	return a, nil
}

// Head implements promotion.Witness, in one request.
func (g *GitHub) Head(ctx context.Context, branch string) (string, error) {
	ref, err := g.Client.Ref(ctx, "heads/"+branch)
	return ref.SHA, err
}

// Provenance implements promotion.Witness, in one request, and one more for the
// run of a statement that holds.
func (g *GitHub) Provenance(ctx context.Context, about promotion.Subject) (promotion.Provenance, error) {
	if g.Verify == nil {
		return promotion.Provenance{}, nil
	}
	statements, err := g.Client.Attestations(ctx, about.ArchiveSHA256)
	if err != nil {
		return promotion.Provenance{}, err
	}
	problems, verified := []string{}, []promotion.Provenance{}
	for _, s := range statements {
		provenance, err := g.Verify(s.Bundle, about.ArchiveSHA256)
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		provenance.Looked, provenance.Verified = true, true
		verified = append(verified, provenance)
	}
	if len(verified) > 0 {
		// Another workflow may have signed the same file for a purpose of its own.
		ours := slices.IndexFunc(verified, func(p promotion.Provenance) bool {
			return p.Ref == "refs/tags/"+about.Tag && p.Commit == about.Commit
		})
		return g.started(ctx, verified[max(0, ours)])
	}
	slices.Sort(problems)
	problem := "the repository holds none"
	if len(problems) > 0 {
		problem = fmt.Sprintf("none of %d holds: %s", len(statements), strings.Join(slices.Compact(problems), "; "))
	}
	return promotion.Provenance{Looked: true, Problem: problem}, nil
}

// started adds who started the run that a verified statement is of.
func (g *GitHub) started(ctx context.Context, p promotion.Provenance) (promotion.Provenance, error) {
	if !strings.EqualFold(p.Repository, g.Client.Repository()) {
		return p, nil // it proves nothing of this one
	}
	run, number, err := github.ParseAttempt(p.Run)
	if err != nil {
		return promotion.Provenance{}, fmt.Errorf("the certificate of the bundle's statement: %w", err)
	}
	attempt, err := g.Client.RunAttempt(ctx, run, number)
	if errors.Is(err, github.ErrNotFound) {
		return p, nil // GitHub keeps it no more
	}
	if err != nil {
		return promotion.Provenance{}, err
	}
	p.Actor, p.TriggeredBy = attempt.Actor, attempt.TriggeredBy
	return p, nil
}
