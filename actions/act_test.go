package actions_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/actions/internal/github/githubtest"
)

// The workflows run here for real, in act's host mode: no container engine and
// no network, but a repository with an origin, events, tags and jobs. .ci/run
// builds act and names it in LINECOOK_ACT.

// repository is the name under which act knows the clone.
const repository = githubtest.Repository

// A host is a repository with an origin, and act to run its workflows.
type host struct {
	act    string
	root   string // the working tree whose workflows run
	origin string // the bare repository that the jobs clone and push to
	cache  string
	env    []string
	github *githubtest.Server // nil where no job speaks to the API
	runs   int64              // how many it has run
}

// needAct is the act binary; where there is none the test is skipped.
func needAct(t *testing.T) string {
	t.Helper()
	act := os.Getenv("LINECOOK_ACT")
	if act == "" {
		t.Skip("LINECOOK_ACT does not name an act binary: .ci/run builds one")
	}
	return act
}

// newHost puts files (by path) under version control and returns a host for
// them, or skips the test where there is no act.
func newHost(t *testing.T, files map[string][]byte) *host {
	t.Helper()
	act := needAct(t)
	home := t.TempDir()
	h := &host{
		act:    act,
		root:   filepath.Join(t.TempDir(), "tree"),
		origin: filepath.Join(t.TempDir(), "origin.git"),
		cache:  t.TempDir(),
	}
	h.env = append(goEnvironment(t),
		"HOME="+home, "XDG_CONFIG_HOME="+filepath.Join(home, ".config"), "XDG_CACHE_HOME="+filepath.Join(home, ".cache"),
		"PATH="+os.Getenv("PATH"), "TMPDIR="+t.TempDir(), "LANG=C.UTF-8",
	)
	// Whatever is fetched from or pushed to the repository on GitHub goes to the
	// bare one here.
	config := `[url "file://` + filepath.ToSlash(h.origin) + `"]
	insteadOf = https://github.com/` + repository + `
[user]
	name = Test
	email = test@example.com
`
	write(t, filepath.Join(home, ".gitconfig"), []byte(config))
	for path, data := range files {
		write(t, filepath.Join(h.root, filepath.FromSlash(path)), data)
	}
	h.git(t, "init", "--quiet", "--initial-branch=main")
	h.git(t, "remote", "add", "origin", "https://github.com/"+repository)
	h.git(t, "add", "--all")
	h.git(t, "commit", "--quiet", "--message=the tree under test")
	h.git(t, "clone", "--quiet", "--bare", ".", h.origin)
	return h
}

// goEnvironment is what the go command inside a job needs, now that HOME is
// another one.
func goEnvironment(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("go", "env", "-json", "GOCACHE", "GOMODCACHE", "GOFLAGS", "GOPROXY", "GOSUMDB", "GOTOOLCHAIN").Output()
	if err != nil {
		t.Fatal(err)
	}
	var variables map[string]string
	if err := json.Unmarshal(out, &variables); err != nil {
		t.Fatal(err)
	}
	var environment []string
	for key, value := range variables {
		environment = append(environment, key+"="+value)
	}
	return environment
}

func (h *host) git(t *testing.T, arguments ...string) string {
	t.Helper()
	command := exec.Command("git", arguments...)
	command.Dir, command.Env = h.root, h.env
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
	return string(out)
}

// run has act run a workflow for an event and returns the log, and whether the
// jobs succeeded.
func (h *host) run(t *testing.T, workflow, event string, payload map[string]any) (string, bool) {
	t.Helper()
	data, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	eventFile := filepath.Join(t.TempDir(), "event.json")
	write(t, eventFile, data)
	arguments := []string{
		event, "--eventpath", eventFile, "--workflows", ".github/workflows/" + workflow,
		"--platform", "ubuntu-latest=-self-hosted", "--no-skip-checkout", "--no-cache-server",
		"--action-cache-path", h.cache,
	}
	h.runs++
	arguments = append(arguments, "--env", fmt.Sprint("GITHUB_RUN_ID=", h.runs))
	if h.github != nil {
		arguments = append(arguments, "--env", "GITHUB_API_URL="+h.github.URL(), "--secret", "GITHUB_TOKEN="+githubtest.Token)
	}
	for _, action := range thirdPartyActions(t, filepath.Join(h.root, ".github", "workflows", workflow)) {
		standIn, err := filepath.Abs(filepath.Join("testdata", "act", filepath.Base(strings.Split(action, "@")[0])))
		if err != nil {
			t.Fatal(err)
		}
		arguments = append(arguments, "--local-repository", action+"="+standIn)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, h.act, arguments...)
	command.Dir, command.Env = h.root, h.env
	// A job's own children must not keep the test waiting once act is gone.
	command.WaitDelay = 10 * time.Second
	var log bytes.Buffer
	command.Stdout, command.Stderr = &log, &log
	start := time.Now()
	err = command.Run()
	t.Logf("%s on %s: %s", workflow, event, time.Since(start).Round(100*time.Millisecond))
	if ctx.Err() != nil {
		t.Fatalf("act did not end: %v\n%s", ctx.Err(), log.String())
	}
	return log.String(), err == nil
}

// saved returns the files on the branch that carries linecook's home folder.
func (h *host) saved(t *testing.T) []string {
	t.Helper()
	return strings.Fields(h.git(t, "--git-dir", h.origin, "ls-tree", "-r", "--name-only", "linecook-state"))
}

var usesPattern = regexp.MustCompile(`uses: ([A-Za-z0-9_-]+/[A-Za-z0-9_/-]+@\S+)`)

func thirdPartyActions(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, match := range usesPattern.FindAllStringSubmatch(string(data), -1) {
		found = append(found, match[1])
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	mode := fs.FileMode(0o644)
	if strings.HasPrefix(string(data), "#!") {
		mode = 0o755
	}
	if err := os.WriteFile(path, data, mode); err != nil {
		t.Fatal(err)
	}
}

// tree returns the repository's files that are under version control or about
// to be, as far as keep wants them.
func tree(t *testing.T, keep func(path string) bool) map[string][]byte {
	t.Helper()
	needAct(t)
	command := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	command.Dir = ".."
	out, err := command.Output()
	if err != nil {
		t.Fatalf("the act test runs from a git checkout: %v", err)
	}
	files := map[string][]byte{}
	for path := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		if !keep(path) {
			continue
		}
		data, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(path)))
		if os.IsNotExist(err) {
			continue // removed in the working tree, not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		files[path] = data
	}
	return files
}

func contains(t *testing.T, log string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(log, line) {
			t.Errorf("the log lacks %q", line)
		}
	}
	if t.Failed() {
		t.Log(log)
	}
}

// What stands between an event and the command: inputs arrive as variables,
// outputs come back, and the home folder survives from run to run.
func TestWorkflowsHandOverInputsOutputsAndState(t *testing.T) {
	files := tree(t, func(path string) bool {
		return strings.HasPrefix(path, ".github/") || strings.HasPrefix(path, "actions/")
	})
	stub, err := os.ReadFile(filepath.Join("testdata", "act", "stub", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	for path := range files {
		if strings.HasSuffix(path, ".go") {
			delete(files, path)
		}
	}
	files["main.go"] = stub
	files["go.mod"] = []byte("module example.com/stub\n\ngo 1.26\n")
	files["go.sum"] = nil
	h := newHost(t, files)

	log, ok := h.run(t, "validate.yml", "pull_request", map[string]any{})
	if !ok {
		t.Fatal(log)
	}
	contains(t, log,
		"stub validate LINECOOK_PIPELINE=examples/flight-delay/pipeline.yaml",
		"stub validate LINECOOK_FORMAT=github",
		"findings=findings-of-validate")

	log, ok = h.run(t, "train.yml", "push", map[string]any{"ref": "refs/tags/flight-delay@v1.2.3"})
	if !ok {
		t.Fatal(log)
	}
	contains(t, log,
		"stub train LINECOOK_PIPELINE=examples/flight-delay/pipeline.yaml",
		"stub train LINECOOK_VERSION=1.2.3",
		"attested archive-of-train sha256:", "no linecook-state yet", "saved 1 files to linecook-state")

	if log, ok = h.run(t, "train.yml", "push", map[string]any{"ref": "refs/heads/main"}); ok {
		t.Errorf("a branch was trained as a version:\n%s", log)
	}
	contains(t, log, "no version X.Y.Z")

	log, ok = h.run(t, "promote.yml", "workflow_dispatch", map[string]any{"inputs": map[string]any{
		"pipeline": "p.yaml", "version": "1.2.3", "to": "dev", "reason": "first $(id) `id` \"try\"", "dry-run": "false",
	}})
	if !ok {
		t.Fatal(log)
	}
	contains(t, log, "restored 1 files", "stub promote LINECOOK_TO=dev", "stub promote LINECOOK_DRY_RUN=false",
		"stub promote LINECOOK_REASON=first $(id) `id` \"try\"", "saved 2 files")

	// A denial fails the run, and its record is kept.
	if log, ok = h.run(t, "promote.yml", "workflow_dispatch", map[string]any{"inputs": map[string]any{
		"pipeline": "p.yaml", "version": "6.6.6", "to": "prod", "dry-run": "false",
	}}); ok {
		t.Errorf("a denied promotion is green:\n%s", log)
	}
	contains(t, log, "saved 3 files")

	log, ok = h.run(t, "score.yml", "workflow_dispatch", map[string]any{"inputs": map[string]any{
		"pipeline": "p.yaml", "stage": "prod", "date": "2013-10-01",
	}})
	if !ok {
		t.Fatal(log)
	}
	contains(t, log, "stub score LINECOOK_STAGE=prod", "stub score LINECOOK_DATE=2013-10-01", "rows=rows-of-score")

	if log, ok = h.run(t, "score.yml", "workflow_dispatch", map[string]any{"inputs": map[string]any{
		"pipeline": "p.yaml", "stage": "prod", "date": "2013-10-01\nevil=1",
	}}); ok {
		t.Errorf("a date of two lines was taken:\n%s", log)
	}
	contains(t, log, "not of the form YYYY-MM-DD")

	log, ok = h.run(t, "score.yml", "schedule", map[string]any{})
	if !ok {
		t.Fatal(log)
	}
	contains(t, log,
		"stub score LINECOOK_PIPELINE=examples/flight-delay/pipeline.yaml",
		"stub score LINECOOK_STAGE=prod", "stub score LINECOOK_DATE=2013-")

	saved := h.saved(t)
	for _, path := range []string{"runs/train-", "runs/promote-dev", "runs/promote-prod", "runs/score-2013-10-01"} {
		if !slices.Contains(saved, path) {
			t.Errorf("%s is not on the state branch", path)
		}
	}
}

// commit changes files of a commit, pushes that to the main branch in the place of
// what came after it, as the merge commit of a pull request is made, and returns
// the new commit.
func (h *host) commit(t *testing.T, base string, files map[string][]byte) string {
	t.Helper()
	h.git(t, "reset", "--quiet", "--hard", base)
	for path, data := range files {
		write(t, filepath.Join(h.root, filepath.FromSlash(path)), data)
	}
	h.git(t, "add", "--all")
	h.git(t, "commit", "--quiet", "--message=a change")
	return h.push(t)
}

// push makes the last commit known to the origin and to GitHub.
func (h *host) push(t *testing.T) string {
	t.Helper()
	h.git(t, "push", "--quiet", "origin", "+HEAD:main")
	head := strings.TrimSpace(h.git(t, "rev-parse", "HEAD"))
	h.github.Push(head, "ada")
	return head
}

// The four workflows on the real example, against a GitHub that keeps its state:
// a pull request breaks a contract and mends it, a tag becomes a release, a
// promotion is denied and then allowed, and the day is scored with what serves.
func TestWorkflowsOnGitHub(t *testing.T) {
	const (
		pipeline = "examples/flight-delay/pipeline.yaml"
		contract = "examples/flight-delay/contracts/flights.odcs.yaml"
		pull     = 7
		tag      = "flight-delay@v1.0.0"
	)
	files := tree(t, func(path string) bool { return !strings.HasSuffix(path, "_test.go") })
	h := newHost(t, files)
	h.github = githubtest.New(t, pull)
	h.github.Immutable()
	base := h.push(t)

	// A pull request breaks a contract: beside the line, and in one comment.
	broken := bytes.Replace(files[contract], []byte("name: distance"), []byte("name: distances"), 1)
	if bytes.Equal(broken, files[contract]) {
		t.Fatalf("%s names no column distance", contract)
	}
	validate := func(head string) (string, bool) {
		return h.run(t, "validate.yml", "pull_request", map[string]any{"pull_request": map[string]any{
			"number": pull, "head": map[string]any{"sha": head, "repo": map[string]any{"full_name": repository}},
			"base": map[string]any{"sha": base, "repo": map[string]any{"full_name": repository}},
		}})
	}
	log, ok := validate(h.commit(t, base, map[string][]byte{contract: broken}))
	if ok {
		t.Errorf("a broken contract is green:\n%s", log)
	}
	contains(t, log, "::error", "file="+contract, "distances")
	first := h.github.Comments(pull)
	if len(first) != 1 || !strings.Contains(first[0].Body, "distances") {
		t.Fatalf("comments %+v\n%s", first, log)
	}
	// Mended, the same comment takes it back.
	if log, ok = validate(h.commit(t, base, map[string][]byte{"NOTE.md": []byte("mended\n")})); !ok {
		t.Fatal(log)
	}
	contains(t, log, "::set-output:: errors=0")
	if then := h.github.Comments(pull); len(then) != 1 || then[0].ID != first[0].ID || strings.Contains(then[0].Body, "distances") {
		t.Errorf("comments %+v", then)
	}

	// A pushed tag becomes a release, attested.
	head := strings.TrimSpace(h.git(t, "rev-parse", "HEAD"))
	h.github.Tag(tag, head, "")
	public := map[string]any{"private": false, "full_name": repository, "default_branch": "main"}
	log, ok = h.run(t, "train.yml", "push", map[string]any{"ref": "refs/tags/" + tag, "repository": public})
	if !ok {
		t.Fatal(log)
	}
	contains(t, log, "::set-output:: version=1.0.0", "::set-output:: bundle-id=sha256:", "attested flight-delay-1.0.0.tar.zst sha256:")
	releases := h.github.Releases()
	if len(releases) != 1 || releases[0].Tag != tag || releases[0].Draft || len(releases[0].Assets) < 5 {
		t.Fatalf("the releases are %+v\n%s", releases, log)
	}

	// Nobody passes staging by; each stage is an event and a deployment.
	promote := func(stage string) (string, bool) {
		h.github.AddRun(githubtest.Run{
			ID: h.runs + 1, Workflow: ".github/workflows/promote.yml", Event: "workflow_dispatch", Title: "linecook promote 1.0.0 to " + stage + " of " + pipeline,
			Conclusion: "success", Actor: "nektos/act", Started: time.Now(), Updated: time.Now().Add(time.Hour),
		})
		return h.run(t, "promote.yml", "workflow_dispatch", map[string]any{"repository": public, "inputs": map[string]any{
			"pipeline": pipeline, "version": "1.0.0", "to": stage, "dry-run": "false",
		}})
	}
	if log, ok = promote("prod"); ok {
		t.Fatalf("promoted past staging:\n%s", log)
	}
	contains(t, log, "::set-output:: allowed=false")
	if tags := h.github.Tags(); !slices.Equal(tags, []string{tag}) {
		t.Errorf("a denial left the tags %q", tags)
	}
	for _, stage := range []string{"dev", "staging", "prod"} {
		if log, ok = promote(stage); !ok {
			t.Fatal(log)
		}
		contains(t, log, "::set-output:: allowed=true", "::set-output:: denials=0")
		if message := h.github.TagMessage("flight-delay#" + stage + "#1"); !strings.HasPrefix(message, tag+" to "+stage+" by ") {
			t.Errorf("the event of %s is %q", stage, message)
		}
	}
	var deployed []string
	for _, d := range h.github.Deployments() {
		deployed = append(deployed, d.Environment)
	}
	if !slices.Equal(deployed, []string{"dev", "staging", "prod"}) {
		t.Errorf("deployments to %q", deployed)
	}

	// The schedule scores this day of the year that the example's data has, except
	// on two days that it does not have whole.
	event, payload := "schedule", map[string]any{"repository": public}
	if day := time.Now().UTC().Format("01-02"); day == "12-31" || day == "02-29" {
		event, payload["inputs"] = "workflow_dispatch", map[string]any{"pipeline": pipeline, "date": "2013-10-01"}
	}
	log, ok = h.run(t, "score.yml", event, payload)
	if !ok {
		t.Fatal(log)
	}
	contains(t, log, "::set-output:: outcome=scored", "::set-output:: bundle-id=sha256:")

	// A stage tag that somebody pushed is not scored with.
	h.github.Tag("flight-delay#prod#2", head, strings.Replace(h.github.TagMessage("flight-delay#prod#1"), `"sequence":1,"stage":"prod","version"`, `"sequence":2,"stage":"prod","version"`, 1))
	if forged, ok := h.run(t, "score.yml", event, payload); ok || !strings.Contains(forged, "flight-delay#prod#2 is not used") {
		t.Errorf("a forged event is scored with:\n%s", forged)
	}
	saved := h.saved(t)
	const scores = "scores/flight-delay/stage=prod/date=2013-"
	if !slices.ContainsFunc(saved, func(path string) bool {
		return strings.HasPrefix(path, scores) && strings.HasSuffix(path, ".parquet")
	}) {
		t.Errorf("no Parquet file below %s on the state branch, which holds %q", scores, saved)
	}
	if slices.ContainsFunc(saved, func(path string) bool { return strings.HasPrefix(path, "registry/") }) {
		t.Errorf("the state branch holds a registry: %q", saved)
	}
}
