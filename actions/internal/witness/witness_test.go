package witness_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/actions/internal/github/githubtest"
	"github.com/linecook-ml/linecook/actions/internal/witness"
	"github.com/linecook-ml/linecook/pipeline/promotion"
)

var digest = "sha256:" + strings.Repeat("1", 64)

func open(t *testing.T, server *githubtest.Server) *github.Client {
	t.Helper()
	client, err := github.New(github.Options{
		APIURL: server.URL(), Token: githubtest.Token, Repository: githubtest.Repository,
		Sleep: func(context.Context, time.Duration) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// merged is a server with a pull request of two commits that was merged.
func merged(t *testing.T) (server *githubtest.Server, merge, head string) {
	t.Helper()
	server = githubtest.New(t)
	first := server.Commit(githubtest.Commit{Branch: "faster", Parent: server.Head(""), Message: "one", Author: "linus"})
	head = server.Commit(githubtest.Commit{Branch: "faster", Message: "two", Author: ""})
	merge = server.Commit(githubtest.Commit{Message: "merge", Author: "linus"})
	server.Grant("barbara", "write")
	server.AddPull(githubtest.Pull{Number: 12, Author: "linus", HeadBranch: "faster", Head: head, Commits: []string{first, head}, Merge: merge, MergedBy: "barbara", Reviews: []githubtest.Review{
		{Author: "barbara", State: "CHANGES_REQUESTED", Commit: first, At: "2026-01-02T08:00:00Z"},
		{Author: "barbara", State: "APPROVED", At: "2026-01-02T09:00:00Z"},
		{Author: "eve", State: "APPROVED", At: "2026-01-02T10:00:00Z"},
		{Author: "critic[bot]", State: "APPROVED", At: "2026-01-02T11:00:00Z"},
	}})
	return server, merge, head
}

func TestApprovals(t *testing.T) {
	server, merge, head := merged(t)
	server.Forget()
	got, err := (&witness.GitHub{Client: open(t, server)}).Approvals(t.Context(), promotion.Subject{Commit: merge})
	if err != nil {
		t.Fatal(err)
	}
	first := got.Authors[0].Commit
	at := func(hour int) time.Time { return time.Date(2026, 1, 2, hour, 0, 0, 0, time.UTC) }
	want := promotion.Approvals{
		Looked: true, Commit: merge, PullRequest: 12, Base: "main", Head: head, MergeCommit: merge, Author: "linus", Commits: 2,
		Authors: []promotion.Authors{{Commit: first, Author: "linus", Committer: "linus"}, {Commit: head}},
		Reviews: []promotion.Review{
			{Reviewer: "barbara", State: "CHANGES_REQUESTED", Commit: first, At: at(8), Permission: "write"},
			{Reviewer: "barbara", State: "APPROVED", Commit: head, At: at(9), Permission: "write"},
			{Reviewer: "eve", State: "APPROVED", Commit: head, At: at(10), Permission: "read"},
			{Reviewer: "critic[bot]", State: "APPROVED", Commit: head, At: at(11), Permission: "none"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// The pull requests, the pull request, its commits, its reviews, two people.
	if requests := server.Requests(); len(requests) != 6 {
		t.Errorf("%d requests: %v", len(requests), requests)
	}
}

// A commit that no merge made has no approvals: one that was pushed, one that
// came along with a merge, one of a pull request that is still open.
func TestACommitThatNoMergeMade(t *testing.T) {
	server, _, head := merged(t)
	pushed := server.Commit(githubtest.Commit{Message: "pushed", Author: "linus"})
	server.AddPull(githubtest.Pull{Number: 13, Author: "linus", Head: pushed})
	for name, commit := range map[string]string{"pushed": pushed, "came along": head, "none": ""} {
		got, err := (&witness.GitHub{Client: open(t, server)}).Approvals(t.Context(), promotion.Subject{Commit: commit})
		if err != nil || !got.Looked || got.PullRequest != 0 || len(got.Reviews) != 0 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// Of a commit that is not there, or that nobody may be asked about, nothing is
// said: that is no evidence but a failure.
func TestWhatGitHubDoesNotAnswerIsAFailure(t *testing.T) {
	server, merge, _ := merged(t)
	w := &witness.GitHub{Client: open(t, server), Verify: func([]byte, string) (promotion.Provenance, error) { return promotion.Provenance{}, nil }}
	if _, err := w.Approvals(t.Context(), promotion.Subject{Commit: strings.Repeat("9", 40)}); err == nil {
		t.Error("a commit that is not there has approvals")
	}
	for _, path := range []string{"/commits/.*/pulls", "/pulls/12$", "/pulls/12/commits", "/pulls/12/reviews", "/collaborators/barbara"} {
		server.Fail(githubtest.Fault{Method: "GET", Path: path, Status: 403})
		if got, err := w.Approvals(t.Context(), promotion.Subject{Commit: merge}); !errors.Is(err, github.ErrDenied) || len(got.Reviews) != 0 {
			t.Errorf("%s: %+v, %v", path, got, err)
		}
	}
	server.Fail(githubtest.Fault{Method: "GET", Path: "/attestations/", Status: 403})
	if got, err := w.Provenance(t.Context(), promotion.Subject{ArchiveSHA256: digest}); !errors.Is(err, github.ErrDenied) || got.Verified {
		t.Errorf("%+v, %v", got, err)
	}
}

// GitHub lists 250 commits of a pull request. That there are more is part of the
// evidence.
func TestAPullRequestOfManyCommits(t *testing.T) {
	server := githubtest.New(t)
	var commits []string
	for range 251 {
		commits = append(commits, server.Commit(githubtest.Commit{Branch: "-", Parent: server.Head(""), Message: "one more", Author: "linus"}))
	}
	merge := server.Commit(githubtest.Commit{Message: "merge", Author: "linus"})
	server.AddPull(githubtest.Pull{Number: 1, Author: "linus", Head: commits[250], Commits: commits, Merge: merge})
	got, err := (&witness.GitHub{Client: open(t, server)}).Approvals(t.Context(), promotion.Subject{Commit: merge})
	if err != nil || got.Commits != 251 || len(got.Authors) != 250 {
		t.Errorf("%d commits, %d of them listed, %v", got.Commits, len(got.Authors), err)
	}
}

func TestProvenance(t *testing.T) {
	server := githubtest.New(t)
	about := promotion.Subject{ArchiveSHA256: digest}
	says := func(p promotion.Provenance, err error) witness.Verifier {
		return func(statement []byte, of string) (promotion.Provenance, error) {
			if of != digest || !strings.Contains(string(statement), "dsseEnvelope") {
				t.Errorf("asked to verify %s of %s", statement, of)
			}
			return p, err
		}
	}
	ask := func(verify witness.Verifier) promotion.Provenance {
		t.Helper()
		p, err := (&witness.GitHub{Client: open(t, server), Verify: verify}).Provenance(t.Context(), about)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if p := ask(nil); p.Looked || p.Verified {
		t.Errorf("nobody can verify, and %+v", p)
	}
	if p := ask(says(promotion.Provenance{}, nil)); !p.Looked || p.Verified || p.Problem != "the repository holds none" {
		t.Errorf("there is no statement, and %+v", p)
	}
	server.Attest(digest, []byte(`{"predicateType":"https://slsa.dev/provenance/v1"}`))
	if p := ask(says(promotion.Provenance{}, errors.New("the signature does not hold"))); p.Verified || p.Problem != "none of 1 holds: the signature does not hold" {
		t.Errorf("no statement holds, and %+v", p)
	}
	other := promotion.Provenance{Repository: "mallory/flights", Run: "https://github.com/mallory/flights/actions/runs/5/attempts/2"}
	if p := ask(says(other, nil)); !p.Looked || !p.Verified || p.Repository != "mallory/flights" || p.Actor != "" {
		t.Errorf("a statement of another repository holds, and %+v", p)
	}
}

// Who started the run of a statement that holds is what GitHub says.
func TestWhoTrained(t *testing.T) {
	server := githubtest.New(t)
	server.Attest(digest, []byte(`{"predicateType":"https://slsa.dev/provenance/v1"}`))
	address := "https://github.com/Octo/Flights/actions/runs/5/attempts/2"
	ask := func() (promotion.Provenance, error) {
		verify := func([]byte, string) (promotion.Provenance, error) {
			return promotion.Provenance{Repository: "Octo/Flights", Run: address}, nil
		}
		return (&witness.GitHub{Client: open(t, server), Verify: verify}).Provenance(t.Context(), promotion.Subject{ArchiveSHA256: digest})
	}
	if p, err := ask(); err != nil || !p.Verified || p.Run != address || p.Actor != "" || p.TriggeredBy != "" {
		t.Errorf("GitHub keeps no such run: %+v, %v", p, err)
	}
	for attempt, person := range []string{"ada", "grace"} {
		server.AddRun(githubtest.Run{ID: 5, Attempt: attempt + 1, Workflow: ".github/workflows/train.yml", Event: "push", Conclusion: "success", Actor: "ada", TriggeredBy: person, Started: time.Now(), Updated: time.Now()})
	}
	if p, err := ask(); err != nil || !p.Verified || p.Actor != "ada" || p.TriggeredBy != "grace" {
		t.Errorf("grace started what ada had started again: %+v, %v", p, err)
	}
	server.Fail(githubtest.Fault{Method: "GET", Path: "/actions/runs/5/attempts/2", Status: 403})
	if p, err := ask(); !errors.Is(err, github.ErrDenied) || p.Verified {
		t.Errorf("nobody may ask: %+v, %v", p, err)
	}
	address = "https://github.com/Octo/Flights/actions/runs/5"
	if p, err := ask(); err == nil || p.Verified {
		t.Errorf("no attempt is named: %+v", p)
	}
}

// Of several statements that hold, the one of the version's tag and commit counts.
func TestStatementsOfSeveralWorkflows(t *testing.T) {
	server := githubtest.New(t)
	refs := []string{"refs/heads/main", "refs/tags/flights@v1.0.0", "refs/tags/flights@v1.0.0"}
	commits := []string{"0123", "4567", "0123"}
	for i := range refs {
		server.Attest(digest, fmt.Appendf(nil, `{"predicateType":"https://slsa.dev/provenance/v1","at":%d}`, i))
	}
	asked := 0
	verify := func([]byte, string) (promotion.Provenance, error) {
		asked++
		return promotion.Provenance{Repository: "mallory/flights", Ref: refs[asked-1], Commit: commits[asked-1], Builder: fmt.Sprint(asked - 1)}, nil
	}
	for subject, want := range map[promotion.Subject]string{
		{ArchiveSHA256: digest, Tag: "flights@v1.0.0", Commit: "0123"}: "2",
		{ArchiveSHA256: digest, Tag: "flights@v1.0.0", Commit: "4567"}: "1",
		{ArchiveSHA256: digest, Tag: "flights@v2.0.0", Commit: "0123"}: "0",
	} {
		asked = 0
		p, err := (&witness.GitHub{Client: open(t, server), Verify: verify}).Provenance(t.Context(), subject)
		if err != nil || !p.Verified || p.Builder != want {
			t.Errorf("of %+v statement %q counts, want %s (%v)", subject, p.Builder, want, err)
		}
	}
}
