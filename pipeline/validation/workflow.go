package validation

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/linecook-ml/linecook/pipeline/report"
)

// A workflowRule is one thing that a workflow may not do.
type workflowRule struct {
	code  string
	check func(w *workflow)
}

// workflowRules is every check of a workflow, in order.
var workflowRules = []workflowRule{
	{"repository/pull-request-target", (*workflow).pullRequestTarget},
	{"repository/permissions-write-all", (*workflow).writeAll},
	{"repository/permissions-missing", (*workflow).noPermissions},
	{"repository/unpinned-action", (*workflow).unpinned},
	{"repository/untrusted-expression", (*workflow).untrusted},
	{"repository/secrets-inherit", (*workflow).inherits},
}

// Workflow checks a workflow of GitHub's. The file is no document of linecook's:
// it is looked at, and what linecook does not know in it is let be. One that
// cannot be looked at is a finding.
func Workflow(file string, text []byte) []report.Finding {
	w, unreadable := readWorkflow(file, text)
	if unreadable != nil {
		return []report.Finding{*unreadable}
	}
	for _, rule := range workflowRules {
		w.code = rule.code
		rule.check(w)
	}
	return w.findings
}

// Action checks a composite action that stands in the repository.
func Action(file string, text []byte) []report.Finding {
	w := &workflow{source: newSource(file, text)}
	root, unreadable := w.parse(text)
	if unreadable != nil {
		return []report.Finding{*unreadable}
	}
	w.steps = w.stepsOf(w.get(w.get(root, "runs"), "steps"))
	w.code = "repository/unpinned-action"
	w.unpinned()
	w.code = "repository/untrusted-expression"
	w.untrusted()
	return w.findings
}

// A workflow is a workflow's file, or an action's, as far as the rules look.
type workflow struct {
	*source
	root  ast.Node
	jobs  []job
	steps []step
	// code is the rule's that is being checked.
	code     string
	findings []report.Finding
}

type job struct {
	name string
	key  ast.Node
	node ast.Node
	uses ast.Node // of a job that calls a workflow
}

type step struct {
	uses ast.Node
	// scripts are the texts that a program of the step runs.
	scripts []ast.Node
}

func readWorkflow(file string, text []byte) (*workflow, *report.Finding) {
	w := &workflow{source: newSource(file, text)}
	root, unreadable := w.parse(text)
	if unreadable != nil {
		return nil, unreadable
	}
	w.root = root
	jobs := w.entries(w.get(root, "jobs"))
	if len(jobs) == 0 {
		return nil, &report.Finding{
			Code: unreadableCode, Severity: report.Error, Position: w.at(root),
			Message: "the workflow has no jobs that could be checked", Remedy: "write jobs: with a job in it, or remove the file",
		}
	}
	for _, entry := range jobs {
		j := job{name: text1(entry.key), key: entry.key, node: entry.value, uses: w.get(entry.value, "uses")}
		w.jobs = append(w.jobs, j)
		w.steps = append(w.steps, w.stepsOf(w.get(entry.value, "steps"))...)
		if j.uses != nil {
			w.steps = append(w.steps, step{uses: j.uses})
		}
	}
	return w, nil
}

func (w *workflow) stepsOf(list ast.Node) []step {
	var steps []step
	for _, item := range w.items(list) {
		s := step{uses: w.get(item, "uses")}
		if run := w.get(item, "run"); run != nil {
			s.scripts = append(s.scripts, run)
		}
		// The one action whose input is a program of its own.
		if s.uses != nil && strings.HasPrefix(text1(s.uses), "actions/github-script@") {
			if script := w.get(w.get(item, "with"), "script"); script != nil {
				s.scripts = append(s.scripts, script)
			}
		}
		steps = append(steps, s)
	}
	return steps
}

func (w *workflow) find(severity report.Severity, position report.Position, remedy, format string, values ...any) {
	w.findings = append(w.findings, report.Finding{
		Code: w.code, Severity: severity, Position: position, Message: fmt.Sprintf(format, values...), Remedy: remedy,
	})
}

func (w *workflow) pullRequestTarget() {
	const event = "pull_request_target"
	on := w.get(w.root, "on")
	found := []ast.Node{}
	if text1(on) == event {
		found = append(found, on)
	}
	for _, item := range w.items(on) {
		if text1(item) == event {
			found = append(found, item)
		}
	}
	for _, entry := range w.entries(on) {
		if text1(entry.key) == event {
			found = append(found, entry.key)
		}
	}
	for _, node := range found {
		w.find(report.Error, w.at(node), "use pull_request; what needs a secret belongs into a workflow that no pull request starts",
			"the event %s runs with the repository's secrets and a token that writes, for whoever opens a pull request", event)
	}
}

func (w *workflow) writeAll() {
	refuse := func(node ast.Node, of string) {
		if text1(node) == "write-all" {
			w.find(report.Error, w.at(node), "name the permissions that are needed, each for the job that needs it",
				"%s may write everything in the repository", of)
		}
	}
	refuse(w.get(w.root, "permissions"), "the workflow")
	for _, j := range w.jobs {
		refuse(w.get(j.node, "permissions"), fmt.Sprintf("job %q", j.name))
	}
}

func (w *workflow) noPermissions() {
	if w.has(w.root, "permissions") {
		return
	}
	for _, j := range w.jobs {
		if !w.has(j.node, "permissions") {
			w.find(report.Warning, w.at(j.key), "write `permissions: {}` at the top of the workflow, and what a job needs in the job",
				"job %q has the permissions that the repository's settings give to everybody, which may be to write everything", j.name)
		}
	}
}

var (
	commitPattern = regexp.MustCompile(`^[0-9a-fA-F]{40}$`)
	imagePattern  = regexp.MustCompile(`@sha256:[0-9a-f]{64}$`)
)

func (w *workflow) unpinned() {
	for _, s := range w.steps {
		uses := text1(s.uses)
		if uses == "" || strings.HasPrefix(uses, "./") {
			continue
		}
		if image, ok := strings.CutPrefix(uses, "docker://"); ok {
			if !imagePattern.MatchString(image) {
				w.find(report.Error, w.at(s.uses), "name the image by its digest, as image@sha256:…", "the image %q may be another one tomorrow", uses)
			}
			continue
		}
		action, ref, _ := strings.Cut(uses, "@")
		if commitPattern.MatchString(ref) {
			continue
		}
		severity := report.Error
		owner, _, _ := strings.Cut(action, "/")
		if owner == "actions" || owner == "github" {
			severity = report.Warning // GitHub's own, whose runner is trusted already
		}
		w.find(severity, w.at(s.uses), "name the full commit, as "+action+"@<40 digits> # v1.2.3",
			"%q is not pinned to a commit: who can move the tag or branch can change what runs here", uses)
	}
}

func (w *workflow) untrusted() {
	for _, s := range w.steps {
		for _, script := range s.scripts {
			for _, expression := range expressions(scalar(script)) {
				for _, context := range contexts(expression) {
					severity, ok := untrustedContext(context)
					if !ok {
						continue
					}
					w.find(severity, w.locate(script, "${{"+expression), "hand it over in env: and write \"$NAME\" in the script",
						"the script holds ${{ %s }}, whose text others choose: it becomes part of the program", strings.TrimSpace(expression))
					break
				}
			}
		}
	}
}

func (w *workflow) inherits() {
	for _, j := range w.jobs {
		secrets := w.get(j.node, "secrets")
		if j.uses == nil || text1(secrets) != "inherit" {
			continue
		}
		severity := report.Error
		if strings.HasPrefix(text1(j.uses), "./") {
			severity = report.Warning
		}
		w.find(severity, w.at(secrets), "hand over the secrets that it needs, each by name", "job %q gives every secret to %q", j.name, text1(j.uses))
	}
}
