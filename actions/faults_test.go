package actions_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/actions"
	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/actions/internal/github/githubtest"
)

// A checkout is a working tree and an environment to run commands in, against a
// server that may fail.
type checkout struct {
	dir         string
	environment map[string]string
}

// An attempt is what a command has said.
type attempt struct {
	code     int
	out, log string
}

// complaint is the line in which a command that failed says why.
func (a attempt) complaint() string {
	_, text, _ := strings.Cut(a.log, "linecook: ")
	return strings.TrimSuffix(text, "\n")
}

// run is a command whose client waits no real time.
func (c checkout) run(s *githubtest.Server, arguments ...string) attempt {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var out, log bytes.Buffer
	app := &command.App{
		Out: &out, Err: &log, Clock: func() time.Time { return time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC) },
		Getenv: func(key string) string {
			if key == "GITHUB_API_URL" {
				return s.URL()
			}
			return c.environment[key]
		},
		GitHub: github.Options{
			Now: func() time.Time { return now }, Jitter: func() float64 { return 1 }, Deadline: s.Patient,
			Sleep: func(ctx context.Context, d time.Duration) error { now = now.Add(d); return ctx.Err() },
		},
	}
	code := actions.Run(app, append(arguments, "--home", filepath.Join(c.dir, ".linecook")))
	return attempt{code, out.String(), log.String()}
}

// newCheckout has the pipeline of the example, rulesets and a schedule.
func newCheckout(t *testing.T, environment map[string]string) checkout {
	t.Helper()
	c := checkout{dir: t.TempDir(), environment: environment}
	c.environment["GITHUB_REPOSITORY"] = githubtest.Repository
	for from, to := range map[string]string{
		"../examples/flight-delay/pipeline.yaml":          "pipeline.yaml",
		"scaffold/templates/rulesets/linecook-main.json":  ".github/rulesets/main.json",
		"scaffold/templates/rulesets/linecook-state.json": ".github/rulesets/state.json",
		"../.github/workflows/score.yml":                  ".github/workflows/score.yml",
	} {
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(c.dir, filepath.FromSlash(to)), text)
	}
	return c
}

// TestFaultMatrix meets every request of validate, setup and doctor with every
// fault; package githubregistry has the verbs that come to the registry. Whatever
// the cell, the command ends well or says in one line why not, and the next run
// ends well.
func TestFaultMatrix(t *testing.T) {
	t.Run("validate", validateMatrix)
	t.Run("setup", setupMatrix)
	t.Run("doctor", doctorMatrix)
}

// The verdict is the verdict, whatever becomes of the comment, of which there is
// one at most: this run's or, where it could not be written, the one before.
func validateMatrix(t *testing.T) {
	const number = 12
	c := newCheckout(t, map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_TOKEN": githubtest.PersonToken, "GITHUB_EVENT_NAME": "pull_request", "GITHUB_RUN_ID": "100", "GITHUB_SERVER_URL": "https://github.com",
	})
	broken := filepath.Join(c.dir, "broken.yaml")
	write(t, broken, []byte("format: linecook.pipeline/v9\n"))
	for name, value := range map[string]string{"GITHUB_EVENT_PATH": "event.json", "GITHUB_OUTPUT": "output", "GITHUB_STEP_SUMMARY": "summary"} {
		c.environment[name] = filepath.Join(c.dir, value)
	}
	write(t, c.environment["GITHUB_EVENT_PATH"], fmt.Appendf(nil, `{"pull_request":{"number":%d,"head":{"sha":%q,"repo":{"full_name":%q}},"base":{"sha":%q,"repo":{"full_name":%q}}}}`,
		number, strings.Repeat("1", 40), githubtest.Repository, strings.Repeat("2", 40), githubtest.Repository))
	validate := func(s *githubtest.Server) attempt { return c.run(s, "validate", "--pipeline", broken) }

	fresh := githubtest.New(t, number)
	spoken := githubtest.New(t, number)
	if a := validate(spoken); a.code != command.Found && a.code != command.Usage {
		t.Fatalf("%+v", a)
	}
	before := spoken.Comments(number)
	c.environment["GITHUB_RUN_ID"] = "101"
	for name, prepared := range map[string]*githubtest.Server{"a first comment": fresh, "a comment to update": spoken} {
		t.Run(name, func(t *testing.T) {
			clean := ""
			want := attempt{}
			githubtest.Matrix{
				Prepared: prepared,
				Clean: func(t testing.TB, s *githubtest.Server) {
					want = validate(s)
					if comments := s.Comments(number); len(comments) != 1 || comments[0].Body == before[0].Body {
						t.Fatalf("%+v leaves %+v", want, comments)
					}
					clean = s.Comments(number)[0].Body
				},
				Cell: func(t testing.TB, s *githubtest.Server, request string, kind githubtest.Kind) string {
					complain := complainer(t, request, kind)
					a := validate(s)
					if a.code != want.code || a.out != want.out {
						complain("the verdict is another: %+v", a)
					}
					comments := s.Comments(number)
					done := len(comments) == 1 && comments[0].Body == clean
					old := len(comments) == 0 || len(comments) == 1 && comments[0].Body == before[0].Body
					_, rest, failed := strings.Cut(a.log, "no comment: ")
					why, _, _ := strings.Cut(rest, "\n")
					switch {
					case !done && !old:
						complain("it leaves %+v", comments)
					case !done && !failed:
						complain("it does not say that there is no comment: %s", a.log)
					case failed && !githubtest.Clear(why):
						complain("it says %q", why)
					case failed && kind.Passes:
						complain("it gives up: %s", why)
					}
					validate(s)
					if comments := s.Comments(number); len(comments) != 1 || comments[0].Body != clean {
						complain("the next run leaves %+v", comments)
					}
					if failed {
						return githubtest.CellError
					}
					return githubtest.CellOK
				},
			}.Run(t)
		})
	}
}

func endsWell(run func(*githubtest.Server) attempt) func(testing.TB, *githubtest.Server) {
	return func(t testing.TB, s *githubtest.Server) {
		t.Helper()
		if a := run(s); a.code != command.Clean {
			t.Fatalf("%+v", a)
		}
	}
}

func complainer(t testing.TB, request string, kind githubtest.Kind) func(string, ...any) {
	return func(format string, values ...any) {
		t.Helper()
		t.Errorf("%s under %s: %s", request, kind.Name, fmt.Sprintf(format, values...))
	}
}

// A setting is as it was or as it should be, and never less; a run that was
// broken off is finished by the next, which a third has nothing to add to.
func setupMatrix(t *testing.T) {
	c := newCheckout(t, map[string]string{"GITHUB_TOKEN": githubtest.PersonToken})
	setup := func(s *githubtest.Server, arguments ...string) attempt {
		return c.run(s, append([]string{"setup", "--dir", c.dir, "--pipeline", filepath.Join(c.dir, "pipeline.yaml")}, arguments...)...)
	}
	fresh, changed := githubtest.New(t), githubtest.New(t)
	setup(changed)
	changed.LowerRulesets()
	for name, prepared := range map[string]*githubtest.Server{"a new repository": fresh, "one that somebody changed": changed} {
		// People guard prod.
		prepared.AddEnvironment("prod", map[string]any{"id": 1, "node_id": "GA_1", "type": "required_reviewers", "reviewers": []any{}})
		t.Run(name, func(t *testing.T) { setupFrom(t, prepared, setup) })
	}
}

func setupFrom(t *testing.T, prepared *githubtest.Server, setup func(*githubtest.Server, ...string) attempt) {
	githubtest.Matrix{
		Prepared: prepared,
		Clean:    endsWell(func(s *githubtest.Server) attempt { return setup(s) }),
		Cell: func(t testing.TB, s *githubtest.Server, request string, kind githubtest.Kind) string {
			complain := complainer(t, request, kind)
			a := setup(s)
			settled := func() {
				names := map[any]int{}
				for _, ruleset := range s.Rulesets() {
					names[ruleset["name"]]++
				}
				for name, n := range names {
					if n > 1 {
						complain("there are %d rulesets %s", n, name)
					}
				}
				if s.Environments()["prod"] != 1 {
					complain("nobody guards prod any more")
				}
			}
			settled()
			switch {
			case a.code == command.Clean && setup(s.Copy(t), "--dry-run").code != command.Clean:
				complain("it says that all is set, and it is not")
			case a.code != command.Clean && a.code != command.Failure:
				complain("it ends with %+v", a)
			case a.code == command.Failure && !githubtest.Clear(a.complaint()):
				complain("it says %q", a.log)
			case a.code == command.Failure && kind.Passes:
				complain("it gives up: %s", a.log)
			}
			if again := setup(s); again.code != command.Clean {
				complain("the next run ends with %+v", again)
			}
			settled()
			if third := setup(s, "--dry-run"); third.code != command.Clean {
				complain("the third run finds %+v", third)
			}
			if a.code != command.Clean {
				return githubtest.CellError
			}
			return githubtest.CellOK
		},
	}.Run(t)
}

// A doctor that could not ask does not say that all is well, and changes nothing.
func doctorMatrix(t *testing.T) {
	c := newCheckout(t, map[string]string{"GITHUB_TOKEN": githubtest.PersonToken})
	doctor := func(s *githubtest.Server) attempt {
		return c.run(s, "doctor", "--json", "--registry", "github", "--dir", c.dir, "--pipeline", filepath.Join(c.dir, "pipeline.yaml"))
	}
	prepared := githubtest.New(t)
	c.run(prepared, "setup", "--dir", c.dir, "--pipeline", filepath.Join(c.dir, "pipeline.yaml"))
	prepared.Commit(githubtest.Commit{Message: "state", Author: githubtest.Bot, Branch: "linecook-state", Files: map[string]string{"ledger": "1"}})
	ran := time.Date(2026, 3, 10, 6, 0, 0, 0, time.UTC)
	prepared.Schedule(githubtest.Workflow{File: "score.yml", State: "active", Created: ran.AddDate(-1, 0, 0), Ran: ran, Conclusion: "success"})
	githubtest.Matrix{
		Prepared: prepared,
		Clean:    endsWell(doctor),
		Cell: func(t testing.TB, s *githubtest.Server, request string, kind githubtest.Kind) string {
			complain := complainer(t, request, kind)
			a := doctor(s)
			var answer struct {
				OK     bool
				Checks []struct {
					Code, State, Remedy string
					Details             []string
				}
			}
			if err := json.Unmarshal([]byte(a.out), &answer); err != nil {
				complain("it says %+v: %v", a, err)
			}
			bad := 0
			for _, check := range answer.Checks {
				if check.State == "ok" {
					continue
				}
				bad++
				if check.Remedy == "" || len(check.Details) != 1 || !githubtest.Clear(check.Details[0]) {
					complain("it says of %s %q", check.Code, check.Details)
				}
			}
			switch {
			case answer.OK != (a.code == command.Clean) || answer.OK != (bad == 0):
				complain("it contradicts itself: %+v", a)
			case answer.OK != kind.Passes:
				complain("it ends with %+v", a)
			}
			for _, sent := range s.Requests() {
				if !strings.HasPrefix(sent, "GET ") {
					complain("it wrote %s", sent)
				}
			}
			if again := doctor(s); again.code != command.Clean {
				complain("the next run ends with %+v", again)
			}
			if !answer.OK {
				return githubtest.CellDenied
			}
			return githubtest.CellOK
		},
	}.Run(t)
}
