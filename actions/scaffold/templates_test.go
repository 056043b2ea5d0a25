package scaffold

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/linecook-ml/linecook/policy"
)

const root = "../.."

var pinned = regexp.MustCompile(`uses: (\S+)@(\S+)(.*)`)

// pins are the third-party actions that files use, with commit and comment.
func pins(t *testing.T, paths []string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, use := range pinned.FindAllStringSubmatch(string(text), -1) {
			if !strings.HasPrefix(use[1], "linecook-ml/") && !strings.HasPrefix(use[1], "./") {
				found[use[1]] = use[2] + use[3]
			}
		}
	}
	return found
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %d files, error %v", pattern, len(paths), err)
	}
	return paths
}

// The workflows that init writes trust what this repository's own trust, and no
// other commit of it.
func TestWorkflowsPinWhatThisRepositoryPins(t *testing.T) {
	ours := pins(t, glob(t, filepath.Join(root, ".github/workflows/*.yml")))
	theirs := pins(t, glob(t, "templates/workflows/*.yml"))
	if len(theirs) == 0 {
		t.Fatal("no actions were found")
	}
	for action, commit := range theirs {
		if ours[action] != commit || !regexp.MustCompile(`^[0-9a-f]{40} # v`).MatchString(commit) {
			t.Errorf("%s@%s, this repository uses %q", action, commit, ours[action])
		}
	}
}

func TestWorkflowsUseTheGoOfThisModule(t *testing.T) {
	module, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(module))[1]
	for _, path := range glob(t, "templates/workflows/*.yml") {
		text, _ := os.ReadFile(path)
		if want := `go-version: "` + version + `"`; strings.Count(string(text), "go-version:") != 1 || !strings.Contains(string(text), want) {
			t.Errorf("%s does not say %s", path, want)
		}
	}
}

type workflow struct {
	Name        string         `yaml:"name"`
	On          map[string]any `yaml:"on"`
	Permissions map[string]any `yaml:"permissions"`
	Jobs        map[string]struct {
		Permissions map[string]string `yaml:"permissions"`
		Timeout     int               `yaml:"timeout-minutes"`
		Steps       []struct {
			Uses string            `yaml:"uses"`
			Run  string            `yaml:"run"`
			With map[string]any    `yaml:"with"`
			Env  map[string]string `yaml:"env"`
		} `yaml:"steps"`
	} `yaml:"jobs"`
}

// Each workflow asks for the least, interpolates nothing into a shell, and gives
// an action only inputs that it has.
func TestWorkflowsAreSound(t *testing.T) {
	for _, path := range glob(t, "templates/workflows/*.yml") {
		for _, current := range []bool{true, false} {
			to := pin{Commit: unknownCommit}
			if current {
				to.Release = "v1.2.3"
			}
			verb := strings.TrimSuffix(filepath.Base(path), ".yml")
			text, err := fill("workflows/"+verb+".yml", view{plan: &plan{Name: "shops"}, Pin: to, Current: current, Last: "2024-04-09"})
			if err != nil {
				t.Fatal(err)
			}
			var w workflow
			if err := yaml.Unmarshal(text, &w); err != nil {
				t.Fatalf("%s: %v\n%s", verb, err, text)
			}
			job, ok := w.Jobs[verb]
			if !ok || len(w.Jobs) != 1 || w.Permissions == nil || len(w.Permissions) > 0 || job.Timeout == 0 || w.Name != "linecook "+verb {
				t.Errorf("%s: %+v", verb, w)
			}
			// What this repository's own workflow may, which actions/action_test.go holds.
			var ours workflow
			if err := yaml.Unmarshal(source(t, filepath.Join(root, ".github/workflows", verb+".yml")), &ours); err != nil {
				t.Fatal(err)
			}
			if want := ours.Jobs[verb].Permissions; len(want) == 0 || !maps.Equal(job.Permissions, want) {
				t.Errorf("%s: permissions %v", verb, job.Permissions)
			}
			_, scheduled := w.On["schedule"]
			if scheduled != (verb == "score" && current) {
				t.Errorf("%s: scheduled: %t, data current: %t", verb, scheduled, current)
			}
			// Only a release has programs to download; another commit needs Go.
			if strings.Contains(string(text), "actions/setup-go@") == current || strings.Contains(string(text), unknownCommit+" # v1.2.3\n") != current {
				t.Errorf("%s, a release: %t:\n%s", verb, current, text)
			}
			verbs := 0
			for _, step := range job.Steps {
				if strings.Contains(step.Run, "${{") {
					t.Errorf("%s: a shell line interpolates: %s", verb, step.Run)
				}
				action, ours := strings.CutPrefix(step.Uses, "linecook-ml/linecook/")
				if !ours {
					continue
				}
				folder, ref, _ := strings.Cut(action, "@")
				if ref != unknownCommit {
					t.Errorf("%s uses %s", verb, step.Uses)
				}
				if folder == "actions/"+verb {
					verbs++
				}
				checkInputs(t, folder, step.With)
			}
			if verbs != 1 {
				t.Errorf("%s: its action is used %d times", verb, verbs)
			}
		}
	}
}

func source(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// checkInputs holds what a step gives an action against its action.yml.
func checkInputs(t *testing.T, folder string, with map[string]any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, folder, "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var action struct {
		Inputs map[string]struct {
			Required bool `yaml:"required"`
		} `yaml:"inputs"`
	}
	if err := yaml.Unmarshal(text, &action); err != nil {
		t.Fatal(err)
	}
	for name := range with {
		if _, ok := action.Inputs[name]; !ok {
			t.Errorf("%s has no input %s", folder, name)
		}
	}
	for name, input := range action.Inputs {
		if _, given := with[name]; input.Required && !given {
			t.Errorf("%s needs the input %s", folder, name)
		}
	}
}

// This repository lives under the rulesets that it gives to others; its main
// branch waits for one check more.
func TestRulesetsAreOurOwn(t *testing.T) {
	for _, path := range glob(t, "templates/rulesets/*.json") {
		theirs, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := os.ReadFile(filepath.Join(root, ".github/rulesets", filepath.Base(path)))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Replace(string(ours), `{"context": "run"}, `, "", 1) != string(theirs) {
			t.Errorf("%s is not this repository's own", path)
		}
		for _, check := range regexp.MustCompile(`"context": "([^"]+)"`).FindAllStringSubmatch(string(theirs), -1) {
			if _, err := os.Stat(filepath.Join("templates/workflows", check[1]+".yml")); err != nil {
				t.Errorf("%s waits for %s, which no workflow of init's reports", path, check[1])
			}
		}
	}
}

// The example checks work as their tests say, and they cover them.
func TestTheExampleChecksPassTheirTests(t *testing.T) {
	own := map[string]string{}
	for _, path := range glob(t, "templates/policy/*.rego") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		own["policy/"+filepath.Base(path)] = string(text)
	}
	report, err := policy.Test(context.Background(), own)
	if err != nil {
		t.Fatal(err)
	}
	if !report.Passed() {
		t.Errorf("%+v", report.Results)
	}
	ran := slices.ContainsFunc(report.Results, func(r policy.TestResult) bool { return strings.HasPrefix(r.File, "policy/") })
	uncovered := slices.ContainsFunc(report.NotCovered, func(at string) bool { return strings.HasPrefix(at, "policy/") })
	if !ran || uncovered {
		t.Errorf("the example's tests ran: %t; lines not covered: %q", ran, report.NotCovered)
	}
	for _, code := range []string{"enough_events", "precise"} {
		file := "policy/" + code + ".rego"
		engine, err := policy.New(context.Background(), policy.Options{Modules: map[string]string{file: own[file]}})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(engine.Checks(), func(c policy.Check) bool { return c.Code == code }) {
			t.Errorf("the policy has no check %s", code)
		}
	}
}
