package settings_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/actions"
	"github.com/linecook-ml/linecook/actions/internal/github/githubtest"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// A place is a working tree, and the repository on GitHub that it belongs to.
type place struct {
	t      *testing.T
	dir    string
	server *githubtest.Server
	token  string
}

// newPlace is this repository's own pipeline and rulesets, with a workflow that
// scores every morning.
func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{t: t, dir: t.TempDir(), server: githubtest.New(t), token: githubtest.PersonToken}
	root := filepath.Join("..", "..")
	for from, to := range map[string]string{
		"examples/flight-delay/pipeline.yaml":                        "pipeline.yaml",
		"actions/scaffold/templates/rulesets/linecook-main.json":     ".github/rulesets/linecook-main.json",
		"actions/scaffold/templates/rulesets/linecook-versions.json": ".github/rulesets/linecook-versions.json",
		"actions/scaffold/templates/rulesets/linecook-state.json":    ".github/rulesets/linecook-state.json",
	} {
		text, err := os.ReadFile(filepath.Join(root, from))
		if err != nil {
			t.Fatal(err)
		}
		p.write(to, string(text))
	}
	p.write(".github/workflows/linecook-score.yml", "name: linecook score\non:\n  schedule:\n    - cron: '17 5 * * *'\njobs: {}\n")
	p.write(".github/workflows/other.yml", "name: other\non: [push]\njobs: {}\n")
	return p
}

func (p *place) write(path, text string) {
	p.t.Helper()
	path = filepath.Join(p.dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) run(arguments ...string) (code int, out, log string) {
	p.t.Helper()
	var stdout, stderr bytes.Buffer
	environment := map[string]string{
		"GITHUB_API_URL": p.server.URL(), "GITHUB_REPOSITORY": githubtest.Repository, "GITHUB_TOKEN": p.token,
	}
	arguments = append(arguments, "--dir", p.dir, "--pipeline", filepath.Join(p.dir, "pipeline.yaml"), "--home", filepath.Join(p.dir, ".linecook"))
	code = actions.Main(arguments, &stdout, &stderr, func(key string) string { return environment[key] }, func() time.Time { return noon })
	return code, stdout.String(), stderr.String()
}

// writes are the requests that change something.
func (p *place) writes() (all []string) {
	for _, request := range p.server.Requests() {
		if !strings.HasPrefix(request, "GET ") {
			all = append(all, request)
		}
	}
	return all
}

func (p *place) expect(want int, lines []string, arguments ...string) string {
	p.t.Helper()
	code, out, log := p.run(arguments...)
	if code != want {
		p.t.Errorf("%q: exit code %d, want %d\n%s%s", arguments, code, want, out, log)
	}
	for _, line := range lines {
		if !strings.Contains(out+log, line) {
			p.t.Errorf("%q does not say %q:\n%s%s", arguments, line, out, log)
		}
	}
	return out
}

func TestSetupSetsWhatDiffersAndNothingElse(t *testing.T) {
	p := newPlace(t)
	p.expect(1, []string{
		"differs  immutable-releases", "differs  workflow-permissions", "was: the default is write", "differs  ruleset/linecook-main", "was: there is none of that name",
		"differs  environment/prod",
	}, "setup", "--dry-run")
	if w := p.writes(); len(w) > 0 {
		t.Errorf("a dry run wrote %q", w)
	}

	p.expect(0, []string{"changed  immutable-releases", "changed  ruleset/linecook-versions", "changed  environment/dev"}, "setup")
	if n := len(p.server.Rulesets()); n != 3 {
		t.Errorf("%d rulesets", n)
	}

	p.server.Forget()
	out := p.expect(0, []string{"same     ruleset/linecook-state"}, "setup")
	if w := p.writes(); len(w) > 0 || strings.Contains(out, "changed") {
		t.Errorf("a second run wrote %q and says:\n%s", w, out)
	}
	p.expect(0, nil, "setup", "--dry-run")
}

// Somebody lowers the bar on GitHub, or the file raises it: the same ruleset is
// written anew, and its number stays.
func TestSetupRepairsARuleset(t *testing.T) {
	p := newPlace(t)
	p.expect(0, nil, "setup")
	file := filepath.Join(p.dir, ".github", "rulesets", "linecook-main.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []struct{ old, new, says string }{
		{`"required_approving_review_count": 1`, `"required_approving_review_count": 2`, "was: rules.pull_request.parameters.required_approving_review_count is 1, the file says 2"},
		{`    {"type": "deletion"},` + "\n", "", `was: rules.types is ["deletion","non_fast_forward","pull_request","required_status_checks"]`},
		{`"active"`, `"evaluate"`, `was: enforcement is "active", the file says "evaluate"`},
		{`"bypass_actors": []`, `"bypass_actors": [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "pull_request"}]`, "was: bypass_actors is [], the file says"},
		{`"context": "validate"`, `"context": "other"`, `was: rules.required_status_checks.parameters.required_status_checks is [{"context":"validate"}]`},
		{`["~DEFAULT_BRANCH"]`, `["~ALL"]`, `was: conditions.ref_name.include is ["~DEFAULT_BRANCH"]`},
	} {
		p.write(".github/rulesets/linecook-main.json", string(text))
		p.expect(0, nil, "setup")
		changed := strings.Replace(string(text), change.old, change.new, 1)
		if changed == string(text) {
			t.Fatalf("the file has no %q", change.old)
		}
		p.write(".github/rulesets/linecook-main.json", changed)
		p.expect(1, []string{change.says}, "setup", "--dry-run")
		p.server.Forget()
		p.expect(0, []string{"changed  ruleset/linecook-main"}, "setup")
		if w := p.writes(); len(w) != 1 || !strings.HasPrefix(w[0], "PUT /repos/octo/flights/rulesets/") {
			t.Errorf("wrote %q", w)
		}
	}
	if n := len(p.server.Rulesets()); n != 3 {
		t.Errorf("%d rulesets", n)
	}
}

// A job's own token may set nothing: every setting is tried, and each says so.
func TestSetupWithoutTheRight(t *testing.T) {
	p := newPlace(t)
	p.token = githubtest.Token
	p.expect(3, []string{"immutable-releases: make releases immutable: GitHub answered 403", "ruleset/linecook-main: write the ruleset", "failed   workflow-permissions"}, "setup")
	if n := len(p.server.Rulesets()); n != 0 {
		t.Errorf("%d rulesets", n)
	}
}

func TestSetupReadsItsFilesBeforeItAsks(t *testing.T) {
	for name, test := range map[string]struct{ text, says string }{
		"no JSON":        {"rules", "extra.json: "},
		"a key twice":    {`{"name": "a", "name": "b"}`, "extra.json: "},
		"an unknown key": {`{"name": "a", "target": "tag", "enforcement": "active", "rulez": []}`, "rulez"},
		"no rules":       {`{"name": "a", "target": "tag", "enforcement": "active"}`, "without rules"},
		"no name":        {`{"target": "tag", "enforcement": "active", "rules": [{"type": "deletion"}]}`, "needs name"},
		"a name twice":   {`{"name": "linecook: main branch", "target": "tag", "enforcement": "active", "rules": [{"type": "deletion"}]}`, "are both called"},
	} {
		p := newPlace(t)
		p.write(".github/rulesets/extra.json", test.text)
		p.expect(2, []string{test.says}, "setup")
		if requests := p.server.Requests(); len(requests) > 0 {
			t.Errorf("%s: asked %q", name, requests)
		}
	}
	p := newPlace(t)
	if err := os.RemoveAll(filepath.Join(p.dir, ".github", "rulesets")); err != nil {
		t.Fatal(err)
	}
	p.expect(2, []string{"there are no rulesets in"}, "setup")
}

// healthy is a repository that has been set up and in which the lines run.
func healthy(t *testing.T) *place {
	t.Helper()
	p := newPlace(t)
	p.expect(0, nil, "setup")
	p.server.Commit(githubtest.Commit{Message: "state", Author: githubtest.Bot, Branch: "linecook-state", Files: map[string]string{"ledger": "1"}})
	return p
}

func ran(at time.Time, conclusion string) githubtest.Workflow {
	return githubtest.Workflow{File: "linecook-score.yml", State: "active", Created: noon.AddDate(-1, 0, 0), Ran: at, Conclusion: conclusion}
}

func TestDoctor(t *testing.T) {
	this := noon.Add(-6 * time.Hour)
	for _, test := range []struct {
		name   string
		change func(*place)
		code   int
		says   []string
	}{
		{"all is well", func(p *place) { p.server.Schedule(ran(this, "success")) }, 0,
			[]string{"ok       schedule/linecook-score.yml: the schedule is alive", "it ran last on 2026-03-10T06:00:00Z", "0 findings, 0 unknown"}},
		{"a run that has not ended", func(p *place) { p.server.Schedule(ran(this, "")) }, 0, nil},
		{"yesterday's run, and today's is only late", func(p *place) { p.server.Schedule(ran(noon.AddDate(0, 0, -1), "success")) }, 0, nil},
		{"a schedule that GitHub disabled", func(p *place) {
			w := ran(this, "success")
			w.State = "disabled_inactivity"
			p.server.Schedule(w)
		}, 1, []string{"finding  schedule/linecook-score.yml", "disabled_inactivity", "→ enable it: gh workflow enable linecook-score.yml"}},
		{"a run that was dropped", func(p *place) { p.server.Schedule(ran(noon.AddDate(0, 0, -3), "success")) }, 1,
			[]string{"it ran last on 2026-03-07T12:00:00Z, and was due on 2026-03-09T05:17:00Z", "→ score the days that are missing"}},
		{"a run that failed", func(p *place) { p.server.Schedule(ran(this, "failure")) }, 1, []string{"ended with failure"}},
		{"a schedule that never ran", func(p *place) { p.server.Schedule(ran(time.Time{}, "")) }, 1, []string{"it never ran, and was due on"}},
		{"a schedule that is new", func(p *place) {
			w := ran(time.Time{}, "")
			w.Created = noon.Add(-time.Hour)
			p.server.Schedule(w)
		}, 1, []string{"unknown  schedule/linecook-score.yml", "it has not been due since it is there"}},
		{"a workflow that was not pushed", func(*place) {}, 1, []string{"GitHub does not know .github/workflows/linecook-score.yml"}},
		{"no schedule", func(p *place) { p.write(".github/workflows/linecook-score.yml", "on: workflow_dispatch\n") }, 0, nil},
		{"rights that somebody gave", func(p *place) { p.server.Schedule(ran(this, "success")); p.server.Rights("write") }, 1,
			[]string{"finding  workflow-permissions", "the default is write", "→ run `linecook setup`"}},
		{"a job's own token", func(p *place) { p.server.Schedule(ran(this, "success")); p.token = githubtest.Token }, 1,
			[]string{"ok       token", "it may do what its app was given", "unknown  ruleset/linecook-main", "does not see who may bypass it", "unknown  workflow-permissions", "→ use a token that may see it"}},
		{"a token that ends soon", func(p *place) { p.server.Schedule(ran(this, "success")); p.server.Expire(noon.AddDate(0, 0, 6)) }, 1,
			[]string{"finding  token", "it expires on 2026-03-16T12:00:00Z", "→ make another and hand it over as GITHUB_TOKEN", "1 findings, 0 unknown"}},
		{"a token that lasts", func(p *place) {
			p.server.Schedule(ran(this, "success"))
			p.server.Expire(noon.AddDate(0, 0, 8))
			p.server.Scope("repo, workflow")
		}, 0, []string{"it may administer it; its scopes are repo, workflow; it expires on 2026-03-18T12:00:00Z"}},
		{"a token of too few scopes", func(p *place) { p.server.Schedule(ran(this, "success")); p.server.Scope("public_repo, gist") }, 1,
			[]string{"it is a classic one without the scope repo, and has public_repo, gist", "→ use a token of somebody who administers"}},
		{"a token of somebody who may only write", func(p *place) { p.server.Schedule(ran(this, "success")); p.server.Grant(githubtest.Person, "write") }, 1,
			[]string{"who it belongs to may not administer the repository, only write to it"}},
		{"a token that GitHub forgot", func(p *place) { p.server.Schedule(ran(this, "success")); p.token = "ghp_revoked" }, 1,
			[]string{"finding  token", "it has expired, was revoked or is mistyped: GitHub does not accept the token: Bad credentials", "1 ok, 1 findings, 10 unknown"}},
		{"a repository that the token does not see", func(p *place) {
			p.server.Schedule(ran(this, "success"))
			p.server.Fail(githubtest.Fault{Method: "GET", Path: "/repos/octo/flights$", Status: 404})
		}, 1, []string{"it does not see the repository that GITHUB_REPOSITORY names"}},
		{"an API that fails", func(p *place) {
			p.server.Schedule(ran(this, "success"))
			p.server.Fail(githubtest.Fault{Method: "GET", Path: "/immutable-releases$", Status: 401, Body: `{"message":"Bad credentials"}`})
		}, 1, []string{"unknown  immutable-releases", "Bad credentials"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := healthy(t)
			test.change(p)
			p.server.Forget()
			p.expect(test.code, test.says, "doctor")
			if w := p.writes(); len(w) > 0 {
				t.Errorf("doctor wrote %q", w)
			}
		})
	}
}

// A repository in which nothing was done yet has a finding for each thing, and
// the registry on GitHub is read where it is asked for.
func TestDoctorOfANewRepository(t *testing.T) {
	p := newPlace(t)
	out := p.expect(1, nil, "doctor", "--json", "--registry", "github")
	var answer struct {
		OK     bool
		Checks []struct {
			Code, State, Remedy string
			Details             []string
		}
	}
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	states := map[string]string{}
	for _, c := range answer.Checks {
		states[c.Code] = c.State
		if (c.State == "ok") != (c.Remedy == "") {
			t.Errorf("%s is %s with the remedy %q", c.Code, c.State, c.Remedy)
		}
	}
	for code, want := range map[string]string{
		"immutable-releases": "finding", "workflow-permissions": "finding", "ruleset/linecook-main": "finding", "ruleset/linecook-versions": "finding",
		"environment/prod": "finding", "state-branch": "finding", "registry": "ok", "schedule/linecook-score.yml": "finding",
	} {
		if states[code] != want {
			t.Errorf("%s is %q, want %q", code, states[code], want)
		}
	}
	if answer.OK {
		t.Error("ok")
	}
}
