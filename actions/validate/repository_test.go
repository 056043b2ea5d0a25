package validate

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"

	"github.com/linecook-ml/linecook/pipeline/report"
)

// tree writes files below a new folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func check(t *testing.T, root string) ([]report.Finding, []report.Subject) {
	t.Helper()
	findings, looked, err := repository(context.Background(), root)
	if err != nil {
		t.Fatal(err)
	}
	return findings, looked
}

// This repository keeps what it asks of others, and so does what it writes for
// them.
func TestThisRepositoryIsClean(t *testing.T) {
	findings, looked := check(t, filepath.Join("..", ".."))
	for _, f := range findings {
		t.Errorf("%+v", f)
	}
	seen := map[string]int{}
	for _, subject := range looked {
		seen[subject.Name] = subject.Checks
	}
	if seen["repository: workflows"] < 5 || seen["repository: actions"] < 5 || seen["repository: policies"] < 5 || seen["repository: pipelines"] < 1 || seen["repository: contracts"] < 2 {
		t.Errorf("looked at %v", looked)
	}
}

// pinned is a commit of the toolkit that is no release's.
type pinned string

func (pinned) Release() string { return "" }

func TestTheWorkflowsOfInitAreClean(t *testing.T) {
	templates, err := filepath.Glob(filepath.Join("..", "scaffold", "templates", "workflows", "*.yml"))
	if err != nil || len(templates) < 4 {
		t.Fatal(templates, err)
	}
	for _, current := range []bool{false, true} {
		files := map[string]string{}
		for _, name := range templates {
			var filled strings.Builder
			parsed, err := template.New(filepath.Base(name)).Delims("<%", "%>").ParseFiles(name)
			if err != nil {
				t.Fatal(err)
			}
			err = parsed.Execute(&filled, map[string]any{"Pin": pinned(strings.Repeat("0", 40)), "Name": "flights", "Current": current, "Last": "2013-12-31"})
			if err != nil || strings.Contains(filled.String(), "<no value>") {
				t.Fatal(err, filled.String())
			}
			files[".github/workflows/"+filepath.Base(name)] = filled.String()
		}
		findings, looked := check(t, tree(t, files))
		if len(findings) > 0 || len(looked) != 1 || looked[0].Checks != len(templates) {
			t.Errorf("%+v, looked at %v", findings, looked)
		}
	}
}

const (
	ownCheck = `package linecook.checks

# METADATA
# title: T
# description: D
# custom:
#   remediation: R
passed contains "own" if {
	input.evidence.actor == "ada"
}
`
	ownTest = `package linecook.checks_test

import data.linecook.checks

test_own if {
	"own" in checks.passed with input as {"evidence": {"actor": "ada"}}
}
`
)

func TestPoliciesOfARepository(t *testing.T) {
	shipped, err := os.ReadFile(filepath.Join("..", "..", "policy", "stages.rego"))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		files map[string]string
		// want are place and code of each finding, the place from the root.
		want []string
	}{
		{"a check with its test", map[string]string{"policy/own.rego": ownCheck, "policy/own_test.rego": ownTest}, nil},
		{"copies of the toolkit's", map[string]string{"policy/stages.rego": string(shipped)}, nil},
		{"no test", map[string]string{"policy/own.rego": ownCheck}, []string{"policy/own.rego:1 repository/policy-untested"}},
		{"a test that fails", map[string]string{"policy/own.rego": ownCheck, "policy/own_test.rego": strings.Replace(ownTest, `"actor": "ada"`, `"actor": "eve"`, 1)},
			[]string{"policy/own_test.rego:5 repository/policy-test-failed"}},
		{"it does not compile", map[string]string{"a/policy/own.rego": strings.Replace(ownCheck, "input.evidence", "http.send({}).evidence", 1)},
			[]string{"a/policy/own.rego:9:2 repository/policy-broken"}},
		{"it is no Rego", map[string]string{"policy/deep/own.rego": "package linecook.checks\n\npassed contains if if\n"}, []string{"policy/deep/own.rego:3:17 repository/policy-broken"}},
		{"a copy that was changed", map[string]string{"policy/stages.rego": string(shipped) + "\n# mine\n"}, []string{"repository/policy-broken"}},
		{"two folders", map[string]string{"a/policy/own.rego": "package other\n", "b/policy/own.rego": ownCheck, "b/policy/own_test.rego": ownTest},
			[]string{"a/policy/own.rego:1 repository/policy-broken"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root := tree(t, test.files)
			findings, _ := check(t, root)
			if len(findings) != len(test.want) {
				t.Fatalf("findings %+v", findings)
			}
			for i, f := range findings {
				got := strings.TrimPrefix(f.Position.String(), filepath.ToSlash(root)+"/") + " " + f.Code
				if !strings.HasSuffix(got, test.want[i]) || f.Message == "" || f.Remedy == "" || strings.Contains(f.Message, "\n") {
					t.Errorf("%q: %+v", got, f)
				}
			}
		})
	}
}

// A link that a pull request brings must not lead out of the repository.
func TestLinksDoNotLeadOut(t *testing.T) {
	outside := tree(t, map[string]string{"secret.txt": "password-1\n"})
	root := tree(t, map[string]string{"readme": ""})
	if err := os.Symlink(filepath.Join(outside, "secret.txt"), filepath.Join(root, "requirements.txt")); err != nil {
		t.Skip("no symbolic links here")
	}
	findings, _ := check(t, root)
	if len(findings) != 1 || findings[0].Code != "repository/unreadable" || strings.Contains(findings[0].Message, "password") {
		t.Errorf("%+v", findings)
	}
}

func TestAFolderThatIsNotThere(t *testing.T) {
	if _, _, err := repository(context.Background(), filepath.Join(t.TempDir(), "no")); err == nil || !strings.Contains(err.Error(), "--repository") {
		t.Errorf("error %v", err)
	}
	if findings, looked, err := repository(context.Background(), ""); findings != nil || looked != nil || err != nil {
		t.Error("no folder is no repository")
	}
}
