package actions_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/linecook-ml/linecook/actions/internal/attestation/attestationtest"
	"github.com/linecook-ml/linecook/actions/internal/github/githubtest"
	"github.com/linecook-ml/linecook/actions/internal/githubregistry"
	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/registry"
)

// A hub has a GitHub for each script that asks for one. Their statements are
// signed by one authority.
type hub struct {
	t         *testing.T
	authority *attestationtest.Authority
	mu        sync.Mutex
	servers   map[string]*githubtest.Server // by the script's folder
}

// open makes the environment that of a job in a new repository. The authority's
// roots are in roots.jsonl, those of another in others.jsonl.
func (h *hub) open(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: github")
	}
	s := githubtest.New(h.t)
	h.mu.Lock()
	h.servers[ts.Getenv("WORK")] = s
	h.mu.Unlock()
	for name, value := range map[string]string{
		"GITHUB_API_URL": s.URL(), "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": githubtest.Repository,
		"GITHUB_TOKEN": githubtest.Token, "GITHUB_SHA": s.Head(""),
	} {
		ts.Setenv(name, value)
	}
	ts.Check(os.WriteFile(ts.MkAbs("roots.jsonl"), h.authority.Roots(h.t), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("others.jsonl"), attestationtest.New(h.t).Roots(h.t), 0o600))
}

// server is the script's GitHub, for a command with so many arguments.
func (h *hub) server(ts *testscript.TestScript, neg bool, args []string, usage string, counts ...int) *githubtest.Server {
	h.mu.Lock()
	s := h.servers[ts.Getenv("WORK")]
	h.mu.Unlock()
	if neg || s == nil || len(counts) > 0 && !slices.Contains(counts, len(args)) {
		ts.Fatalf("usage: github, then %s", usage)
	}
	return s
}

func (h *hub) tags(ts *testscript.TestScript, neg bool, args []string) {
	if got := h.server(ts, neg, args, "tags NAME...").Tags(); !slices.Equal(got, args) {
		ts.Fatalf("the tags are %q", got)
	}
}

func number(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

func (h *hub) merged(ts *testscript.TestScript, neg bool, args []string) {
	s := h.server(ts, neg, args, "merged NUMBER AUTHOR FILE", 3)
	head := s.Commit(githubtest.Commit{Branch: "change", Parent: s.Head(""), Message: "a change", Author: args[1]})
	merge := strings.TrimSpace(ts.ReadFile(args[2]))
	s.Push(merge, args[1])
	s.AddPull(githubtest.Pull{Number: number(ts, args[0]), Author: args[1], HeadBranch: "change", Head: head, Merge: merge, MergedBy: args[1]})
}

func (h *hub) review(ts *testscript.TestScript, neg bool, args []string) {
	s := h.server(ts, neg, args, "review NUMBER PERSON STATE", 3)
	s.Grant(args[1], "write")
	s.Review(number(ts, args[0]), args[1], args[2])
}

// trainingRun is the number of the run that attests.
const trainingRun = 50

// attest makes a workflow's run sign what it built, and nothing else be signed.
// The run of nobody is kept no more.
func (h *hub) attest(ts *testscript.TestScript, neg bool, args []string) {
	s := h.server(ts, neg, args, "attest [ARCHIVE WORKFLOW REF FILE [PERSON]]", 0, 4, 5)
	s.RemoveAttestations()
	s.ChangeRun(trainingRun, nil)
	if len(args) == 0 {
		return
	}
	person := "ada"
	if len(args) == 5 {
		person = args[4]
	}
	archive, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	digest := canonical.DigestBytes(archive)
	claim := attestationtest.Provenance(digest, githubtest.Repository, args[1], args[2], strings.TrimSpace(ts.ReadFile(args[3])))
	claim.Run = fmt.Sprintf("https://github.com/%s/actions/runs/%d/attempts/1", githubtest.Repository, trainingRun)
	s.AddAttestation(digest, h.authority.Sign(h.t, claim))
	if person != "nobody" {
		s.AddRun(githubtest.Run{ID: trainingRun, Workflow: ".github/workflows/" + args[1], Event: "push", Conclusion: "success", Actor: person, Started: time.Now(), Updated: time.Now()})
	}
}

// dispatched makes the environment that of a run which somebody has started.
func (h *hub) dispatched(ts *testscript.TestScript, neg bool, args []string) {
	s := h.server(ts, neg, args, "dispatched ID FILE TITLE [PERSON]", 3, 4)
	person := "ada"
	if len(args) == 4 {
		person = args[3]
	}
	runner(ts, false, []string{githubtest.DefaultBranch, args[1]})
	for name, value := range map[string]string{
		"GITHUB_REPOSITORY": githubtest.Repository, "GITHUB_RUN_ID": args[0], "GITHUB_ACTOR": person, "GITHUB_TRIGGERING_ACTOR": person,
	} {
		ts.Setenv(name, value)
	}
	if commit := ts.Getenv("GITHUB_SHA"); s.Head("") != commit {
		s.Push(commit, person)
	}
	now := time.Now()
	if text := ts.Getenv("LINECOOK_NOW"); text != "" {
		var err error
		now, err = time.Parse(time.RFC3339, text)
		ts.Check(err)
	}
	s.AddRun(githubtest.Run{
		ID: int64(number(ts, args[0])), Workflow: githubregistry.Promoters[0], Event: "workflow_dispatch", Title: args[2], Conclusion: "success",
		Actor: person, Started: now.Add(-time.Minute), Updated: now.Add(time.Hour),
	})
}

// ended says how the promoting step of an attempt ended, and makes the
// environment that attempt's.
func (h *hub) ended(ts *testscript.TestScript, neg bool, args []string) {
	s := h.server(ts, neg, args, "ended ID ATTEMPT CONCLUSION", 3)
	id, attempt := int64(number(ts, args[0])), number(ts, args[1])
	end := githubtest.Run{ID: id, Attempt: attempt, Conclusion: args[2]}
	found := false
	s.ChangeRun(id, func(r *githubtest.Run) {
		if r.Attempt == attempt {
			r.Conclusion, r.Steps, found = end.Conclusion, nil, true
		}
	})
	if !found {
		s.AddRun(end)
	}
	ts.Setenv("GITHUB_RUN_ID", args[0])
	ts.Setenv("GITHUB_RUN_ATTEMPT", args[1])
}

func (h *hub) forge(ts *testscript.TestScript, neg bool, args []string) {
	s := h.server(ts, neg, args, "forge NAME FROM", 2)
	_, _, sequence, err := registry.ParseStageTag(args[0])
	ts.Check(err)
	_, _, from, err := registry.ParseStageTag(args[1])
	ts.Check(err)
	// The event's own number stands after those that its decision lists.
	record, own := s.TagMessage(args[1]), fmt.Sprintf(`"sequence":%d,"stage"`, from)
	i := strings.LastIndex(record, own)
	s.Tag(args[0], s.Head(""), record[:i]+fmt.Sprintf(`"sequence":%d,"stage"`, sequence)+record[i+len(own):])
}

func (h *hub) untag(ts *testscript.TestScript, neg bool, args []string) {
	h.server(ts, neg, args, "untag NAME", 1).RemoveTag(args[0])
}
