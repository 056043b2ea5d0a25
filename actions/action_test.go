package actions_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/linecook-ml/linecook/actions"
)

type step struct {
	Name  string            `yaml:"name"`
	ID    string            `yaml:"id"`
	Uses  string            `yaml:"uses"`
	Run   string            `yaml:"run"`
	Shell string            `yaml:"shell"`
	Env   map[string]string `yaml:"env"`
	With  map[string]any    `yaml:"with"`
}

type action struct {
	Inputs map[string]struct {
		Description string `yaml:"description"`
		Required    bool   `yaml:"required"`
		Default     any    `yaml:"default"`
	} `yaml:"inputs"`
	Outputs map[string]struct {
		Description string `yaml:"description"`
		Value       string `yaml:"value"`
	} `yaml:"outputs"`
	Runs struct {
		Using string `yaml:"using"`
		Steps []step `yaml:"steps"`
	} `yaml:"runs"`
}

var verbs = []string{"validate", "train", "promote", "score"}

var setOutput = regexp.MustCompile(`SetOutput\("([^"]+)"`)

// outputsOf returns the outputs that a verb's command hands to the runner, as
// its source says.
func outputsOf(t *testing.T, verb string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(verb, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range setOutput.FindAllStringSubmatch(string(data), -1) {
			found = append(found, match[1])
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// help returns what linecook says of a verb's flags.
func help(t *testing.T, verb string) string {
	t.Helper()
	var out, log bytes.Buffer
	none := func(string) string { return "" }
	if code := actions.Main([]string{verb, "--help"}, &out, &log, none, time.Now); code != 0 {
		t.Fatalf("%s --help: exit code %d\n%s", verb, code, log.String())
	}
	return out.String()
}

func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// installLine is how every action gets the program, verified.
const installLine = "bash \"$GITHUB_ACTION_PATH/../internal/install/install.sh\"\n"

// secrets are inputs that are no flags: a flag's value stands in the list of
// processes.
var secrets = map[string]string{"token": "GITHUB_TOKEN"}

// A composite action gets no INPUT_ variables on GitHub although act sets them,
// so an input that is not mapped would be lost there and nowhere else.
func TestActionsMapEveryInputAndOutput(t *testing.T) {
	for _, verb := range verbs {
		t.Run(verb, func(t *testing.T) {
			var a action
			readYAML(t, filepath.Join(verb, "action.yml"), &a)
			if a.Runs.Using != "composite" || len(a.Runs.Steps) == 0 {
				t.Fatalf("runs %+v", a.Runs)
			}
			if install := a.Runs.Steps[0].Run; install != installLine {
				t.Errorf("the first step runs %q, want %q", install, installLine)
			}
			last := a.Runs.Steps[len(a.Runs.Steps)-1]
			if last.ID != verb || !strings.Contains(last.Run, `/linecook" `+verb) {
				t.Errorf("the last step does not run %s: %+v", verb, last)
			}
			flags := help(t, verb)
			for name, input := range a.Inputs {
				variable, secret := secrets[name]
				if !secret {
					variable = "LINECOOK_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
				}
				if strings.Contains(flags, " --"+name+" ") == secret {
					t.Errorf("the input %s is no flag of linecook %s, or a secret that is one", name, verb)
				}
				if last.Env[variable] != "${{ inputs."+name+" }}" {
					t.Errorf("the input %s is not handed over as %s", name, variable)
				}
				if input.Description == "" || input.Required == (input.Default != nil) {
					t.Errorf("the input %s needs a description, and a default unless it is required", name)
				}
			}
			if len(last.Env) != len(a.Inputs) {
				t.Errorf("%d variables for %d inputs", len(last.Env), len(a.Inputs))
			}
			if got := slices.Sorted(maps.Keys(a.Outputs)); !slices.Equal(got, outputsOf(t, verb)) {
				t.Errorf("outputs %q, the command sets %q", got, outputsOf(t, verb))
			}
			for name, output := range a.Outputs {
				if output.Value != "${{ steps."+verb+".outputs."+name+" }}" || output.Description == "" {
					t.Errorf("the output %s: %+v", name, output)
				}
			}
			checkSteps(t, a.Runs.Steps, true)
		})
	}
}

func TestStateActionInterpolatesNothing(t *testing.T) {
	var a action
	readYAML(t, filepath.Join("internal", "state", "action.yml"), &a)
	checkSteps(t, a.Runs.Steps, true)
	var mapped []string
	for _, s := range a.Runs.Steps {
		mapped = append(mapped, slices.Collect(maps.Values(s.Env))...)
	}
	for name := range a.Inputs {
		if !slices.Contains(mapped, "${{ inputs."+name+" }}") {
			t.Errorf("the input %s is not handed over", name)
		}
	}
}

type workflow struct {
	RunName     string         `yaml:"run-name"`
	On          map[string]any `yaml:"on"`
	Permissions map[string]any `yaml:"permissions"`
	Jobs        map[string]struct {
		Permissions map[string]string `yaml:"permissions"`
		Timeout     int               `yaml:"timeout-minutes"`
		Concurrency struct {
			Group  string `yaml:"group"`
			Cancel bool   `yaml:"cancel-in-progress"`
		} `yaml:"concurrency"`
		Steps []step `yaml:"steps"`
	} `yaml:"jobs"`
}

func TestWorkflowsAreCallableWithLeastPermissions(t *testing.T) {
	for name, want := range map[string]map[string]string{
		"ci":       {"contents": "read"},
		"validate": {"contents": "read", "pull-requests": "write"},
		"train":    {"contents": "write", "id-token": "write", "attestations": "write"},
		"promote":  {"contents": "write", "deployments": "write", "actions": "read", "pull-requests": "read", "attestations": "read"},
		"score":    {"contents": "write", "actions": "read", "deployments": "read"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("..", ".github", "workflows", name+".yml")
			var w workflow
			readYAML(t, path, &w)
			if w.Permissions == nil || len(w.Permissions) != 0 {
				t.Errorf("permissions at the top: %v", w.Permissions)
			}
			if _, callable := w.On["workflow_call"]; !callable && name != "ci" {
				t.Error("no other repository can call it")
			}
			for id, job := range w.Jobs {
				if !maps.Equal(job.Permissions, want) {
					t.Errorf("job %s: permissions %v, want %v", id, job.Permissions, want)
				}
				if job.Timeout == 0 {
					t.Errorf("job %s may hang", id)
				}
				if want["contents"] == "write" && (job.Concurrency.Group == "" || job.Concurrency.Cancel) {
					t.Errorf("job %s: a write may be cancelled halfway", id)
				}
				checkSteps(t, job.Steps, false)
			}
			checkPins(t, path)
		})
	}
}

// A run that promotes says so where nobody else can: in its own name and in the
// name of its step, which the events are held against.
func TestPromotionsAreNamedAsTheirEventsAreAudited(t *testing.T) {
	const name = "linecook ${{ inputs.dry-run && 'dry run of ' || '' }}${{ inputs.rollback && 'rollback' || 'promote' }} ${{ inputs.version }} to ${{ inputs.to }}"
	for path, want := range map[string]string{
		filepath.Join("..", ".github", "workflows", "promote.yml"):         name + " of ${{ inputs.pipeline }}",
		filepath.Join("scaffold", "templates", "workflows", "promote.yml"): name,
	} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var w workflow
		if err := yaml.Unmarshal(regexp.MustCompile(`(?m)^<%.*%>\n`).ReplaceAll(text, nil), &w); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if w.RunName != want {
			t.Errorf("%s: run-name %q, want %q", path, w.RunName, want)
		}
		if i := slices.IndexFunc(w.Jobs["promote"].Steps, func(s step) bool { return strings.Contains(s.Uses, "/actions/promote") }); i < 0 || w.Jobs["promote"].Steps[i].Name != "Promote" {
			t.Errorf("%s has no step Promote", path)
		}
	}
}

// checkSteps holds what keeps a crafted input out of a shell line: expressions
// stand in env and with only, where nothing parses their value.
func checkSteps(t *testing.T, steps []step, composite bool) {
	t.Helper()
	for _, s := range steps {
		if strings.Contains(s.Run, "${{") {
			t.Errorf("a shell line holds an expression: %q", s.Run)
		}
		if composite && s.Run != "" && s.Shell != "bash" {
			t.Errorf("the shell of %q is %q", s.Run, s.Shell)
		}
		if strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["persist-credentials"] != false {
			t.Error("a checkout leaves its token in the workspace")
		}
	}
}

var (
	usesLine = regexp.MustCompile(`uses:\s*(\S+)(.*)`)
	pinned   = regexp.MustCompile(`^[A-Za-z0-9_-]+/[A-Za-z0-9_/-]+@[0-9a-f]{40}$`)
	release  = regexp.MustCompile(`^ # v\d+\.\d+\.\d+$`)
)

// checkPins: what another repository publishes is named by its commit, with the
// version beside it for people.
func checkPins(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	uses := usesLine.FindAllStringSubmatch(string(data), -1)
	if len(uses) == 0 {
		t.Errorf("%s uses nothing", path)
	}
	for _, use := range uses {
		if strings.HasPrefix(use[1], "./") {
			continue
		}
		if !pinned.MatchString(use[1]) || !release.MatchString(use[2]) {
			t.Errorf("%s: %s is not pinned to a commit with its version beside it", path, strings.TrimSpace(use[0]))
		}
	}
}
