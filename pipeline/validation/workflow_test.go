package validation

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/report"
)

const commit = "0123456789012345678901234567890123456789"

// clean is a workflow with nothing to say about.
const clean = `name: clean
on:
  pull_request:
    types: [opened]
permissions: {}
jobs:
  test:
    runs-on: ubuntu-latest
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@` + commit + ` # v6.0.0
      - uses: ./actions/own
      - uses: docker://alpine@sha256:` + commit + commit12 + `
      - run: echo "$TITLE ${{ github.sha }} ${{ github.event.pull_request.number }} ${{ 'github.head_ref' }}"
        env:
          TITLE: ${{ github.event.pull_request.title }}
  call:
    uses: other/repo/.github/workflows/x.yml@` + commit + `
    secrets:
      token: ${{ secrets.TOKEN }}
`

const commit12 = "012345678901234567890123"

// A breach is an edit of the clean workflow, with the finding that it makes.
type breach struct {
	name, old, new string
	code           string
	severity       report.Severity
	at             string
}

var breaches = []breach{
	{"event as a key", "  pull_request:\n    types: [opened]", "  pull_request_target:", "repository/pull-request-target", report.Error, "3:3"},
	{"event alone", "on:\n  pull_request:\n    types: [opened]", "on: pull_request_target", "repository/pull-request-target", report.Error, "2:5"},
	{"event in a list", "on:\n  pull_request:\n    types: [opened]", "on: [push, pull_request_target]", "repository/pull-request-target", report.Error, "2:12"},
	{"event behind an alias", "name: clean\non:\n  pull_request:\n    types: [opened]", "x: &e pull_request_target\non: *e", "repository/pull-request-target", report.Error, "1:7"},
	{"quoted event", "on:\n  pull_request:\n    types: [opened]", "'on': \"pull_request_target\"", "repository/pull-request-target", report.Error, "2:7"},
	{"write-all at the top", "permissions: {}", "permissions: write-all", "repository/permissions-write-all", report.Error, "5:14"},
	{"write-all in a job", "permissions:\n      contents: read", "permissions: write-all", "repository/permissions-write-all", report.Error, "9:18"},
	{"no permissions at the top", "permissions: {}\n", "", "repository/permissions-missing", report.Warning, "17:3"},
	{"a tag", "other/repo/.github/workflows/x.yml@" + commit, "other/repo/.github/workflows/x.yml@v1", "repository/unpinned-action", report.Error, "19:11"},
	{"a branch of GitHub's own", "actions/checkout@" + commit, "actions/checkout@main", "repository/unpinned-action", report.Warning, "12:15"},
	{"part of a commit", "actions/checkout@" + commit, "actions/checkout@" + commit[:39], "repository/unpinned-action", report.Warning, "12:15"},
	{"no ref", "actions/checkout@" + commit, "evil/action", "repository/unpinned-action", report.Error, "12:15"},
	{"an image's tag", "alpine@sha256:" + commit + commit12, "alpine:3", "repository/unpinned-action", report.Error, "14:15"},
	{"title in a script", `"$TITLE `, `"${{ github.event.pull_request.title }} `, "repository/untrusted-expression", report.Error, "15:20"},
	{"head ref", "github.sha", "github.head_ref", "repository/untrusted-expression", report.Error, "15:27"},
	{"other case", "github.sha", "GitHub.Head_Ref", "repository/untrusted-expression", report.Error, "15:27"},
	{"by index", "github.sha", "github['event'].issue['title']", "repository/untrusted-expression", report.Error, "15:27"},
	{"by a computed index", "github.sha", "github.event[env.KIND].body", "repository/untrusted-expression", report.Error, "15:27"},
	{"a star", "github.sha", "github.event.commits.*.message", "repository/untrusted-expression", report.Error, "15:27"},
	{"an item", "github.sha", "github.event.commits[0].message", "repository/untrusted-expression", report.Error, "15:27"},
	{"within a function", "github.sha", "format('{0}', github.event.comment.body)", "repository/untrusted-expression", report.Error, "15:27"},
	{"the whole event", "github.sha", "toJSON(github.event)", "repository/untrusted-expression", report.Error, "15:27"},
	{"everything", "github.sha", "toJSON( github )", "repository/untrusted-expression", report.Error, "15:27"},
	{"after a text with braces", "github.sha", "format('}}', github.head_ref)", "repository/untrusted-expression", report.Error, "15:27"},
	{"an input", "github.sha", "inputs.version", "repository/untrusted-expression", report.Warning, "15:27"},
	{"an input of the event", "github.sha", "github.event.inputs.version", "repository/untrusted-expression", report.Warning, "15:27"},
	{"lines of a block", `run: echo "$TITLE ${{ github.sha }} ${{ github.event.pull_request.number }} ${{ 'github.head_ref' }}"`,
		"run: |\n          true\n          echo ${{ github.head_ref }}", "repository/untrusted-expression", report.Error, "17:16"},
	{"a script action", "uses: ./actions/own", "uses: actions/github-script@" + commit + "\n        with:\n          script: f(${{ github.head_ref }})", "repository/untrusted-expression", report.Error, "15:21"},
	{"all secrets", "secrets:\n      token: ${{ secrets.TOKEN }}", "secrets: inherit", "repository/secrets-inherit", report.Error, "20:14"},
	{"all secrets to a neighbour", "uses: other/repo/.github/workflows/x.yml@" + commit + "\n    secrets:\n      token: ${{ secrets.TOKEN }}",
		"uses: ./.github/workflows/x.yml\n    secrets: inherit", "repository/secrets-inherit", report.Warning, "20:14"},
}

func TestWorkflows(t *testing.T) {
	if findings := Workflow("w.yml", []byte(clean)); len(findings) > 0 {
		t.Fatalf("the clean workflow has findings: %+v", findings)
	}
	for _, test := range breaches {
		t.Run(test.name, func(t *testing.T) {
			if strings.Count(clean, test.old) != 1 {
				t.Fatalf("%q stands %d times in the workflow", test.old, strings.Count(clean, test.old))
			}
			findings := Workflow("w.yml", []byte(strings.Replace(clean, test.old, test.new, 1)))
			if len(findings) != 1 {
				t.Fatalf("%d findings: %+v", len(findings), findings)
			}
			f := findings[0]
			if f.Code != test.code || f.Severity != test.severity || f.Position.String() != "w.yml:"+test.at || f.Message == "" || f.Remedy == "" {
				t.Errorf("%+v", f)
			}
		})
	}
	for _, rule := range workflowRules {
		if !slices.ContainsFunc(breaches, func(b breach) bool { return b.code == rule.code }) {
			t.Errorf("nothing makes %s fire", rule.code)
		}
	}
}

// Every untrusted context fires when it is written out, in each notation.
func TestEveryUntrustedContextFires(t *testing.T) {
	for _, name := range slices.Concat(untrustedContexts, inputContexts) {
		written := strings.ReplaceAll(name, "*", "x")
		members := strings.Split(written, ".")
		for _, expression := range []string{written, " " + strings.ToUpper(written) + " ", members[0] + "['" + strings.Join(members[1:], "']['") + "']", "f(1, " + written + ")"} {
			fires := false
			for _, context := range contexts(expression) {
				_, bad := untrustedContext(context)
				fires = fires || bad
			}
			if !fires {
				t.Errorf("%s does not fire as %q", name, expression)
			}
		}
	}
	for _, trusted := range []string{"github.sha", "github.event.number", "github.event.pull_request.head.sha", "runner.temp", "steps.x.outputs.y", "'github.head_ref'", "env.X", "input", "github_token", "secrets.X", "matrix.os"} {
		for _, context := range contexts(trusted) {
			if _, bad := untrustedContext(context); bad {
				t.Errorf("%s fires", trusted)
			}
		}
	}
}

func TestWorkflowsThatCannotBeRead(t *testing.T) {
	for name, text := range map[string]string{
		"no YAML":           "on: [",
		"a tab":             "on:\n\tpush:",
		"duplicate key":     "on: push\njobs: {a: {steps: []}}\njobs: {}",
		"text":              "just text",
		"nothing":           "",
		"a list":            "- a\n- b",
		"no jobs":           "on: push\n",
		"jobs are a list":   "on: push\njobs: [a]\n",
		"two documents":     clean + "---\n" + clean,
		"too long":          clean + strings.Repeat("# x\n", 1<<19),
		"alias to itself":   "on: push\njobs: &a *a\n",
		"alias to nothing":  "on: push\njobs: *nobody\n",
		"binary":            "\x00\xff\xfe",
		"an alias bomb":     "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\njobs: *c\n",
		"a custom document": "%YAML 9.9\n---\n",
	} {
		findings := Workflow("w.yml", []byte(text))
		if len(findings) != 1 || findings[0].Code != "repository/workflow-unreadable" || findings[0].Severity != report.Error || findings[0].Position.Line < 1 {
			t.Errorf("%s: %+v", name, findings)
		}
	}
}

func TestActions(t *testing.T) {
	const action = `name: a
description: b
inputs:
  name:
    default: x
runs:
  using: composite
  steps:
    - uses: owner/action@` + commit + `
    - shell: bash
      env:
        NAME: ${{ inputs.name }}
      run: echo "$NAME"
`
	if findings := Action("action.yml", []byte(action)); len(findings) > 0 {
		t.Errorf("a clean action has findings: %+v", findings)
	}
	if findings := Action("action.yml", []byte("name: a\nruns: {using: node24, main: index.js}\n")); len(findings) > 0 {
		t.Errorf("a program has findings: %+v", findings)
	}
	for text, code := range map[string]string{
		strings.Replace(action, "@"+commit, "@v1", 1):                     "repository/unpinned-action",
		strings.Replace(action, `"$NAME"`, `"${{ inputs.name }}"`, 1):     "repository/untrusted-expression",
		strings.Replace(action, `"$NAME"`, `"${{ github.head_ref }}"`, 1): "repository/untrusted-expression",
		"[": "repository/workflow-unreadable",
	} {
		if findings := Action("action.yml", []byte(text)); len(findings) != 1 || findings[0].Code != code {
			t.Errorf("%s: %+v", code, findings)
		}
	}
}

func FuzzWorkflow(f *testing.F) {
	f.Add(clean)
	for _, b := range breaches {
		f.Add(strings.Replace(clean, b.old, b.new, 1))
	}
	f.Fuzz(func(t *testing.T, text string) {
		// A carriage return alone ends a line of YAML as well.
		lines := strings.Count(text, "\n") + strings.Count(text, "\r") + 1
		for _, finding := range slices.Concat(Workflow("w.yml", []byte(text)), Action("a.yml", []byte(text))) {
			if finding.Position.Line < 1 || finding.Position.Line > lines+1 || finding.Message == "" {
				t.Errorf("%d lines: %+v", lines, finding)
			}
		}
	})
}

func FuzzContexts(f *testing.F) {
	for _, seed := range []string{"a.b['c'][0].*", "f(x[y[z]])", "'", "a[", "a['b", "a.", "[[[["} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		for _, expression := range expressions("${{" + text + "}}") {
			_ = fmt.Sprint(contexts(expression))
		}
	})
}
