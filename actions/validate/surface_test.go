package validate

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/actions/internal/github/githubtest"
	"github.com/linecook-ml/linecook/actions/internal/runner/runnertest"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/pipeline/report/reporttest"
)

const pull = 7

// A job is a step of a pull request's job on a runner, and what came of it.
type job struct {
	t        testing.TB
	dir      string
	env      map[string]string
	server   *githubtest.Server
	log      bytes.Buffer
	surfaces surface
}

func newJob(t testing.TB) *job {
	t.Helper()
	dir := t.TempDir()
	j := &job{t: t, dir: dir, server: githubtest.New(t, pull)}
	j.env = map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": j.path("output"), "GITHUB_STEP_SUMMARY": j.path("summary"), "GITHUB_WORKSPACE": dir,
		"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": j.path("event.json"), "GITHUB_REPOSITORY": githubtest.Repository,
		"GITHUB_API_URL": j.server.URL(), "GITHUB_SERVER_URL": "https://github.com", "GITHUB_RUN_ID": "100", "GITHUB_TOKEN": githubtest.Token,
	}
	j.event(githubtest.Repository)
	j.surfaces = surface{comment: commentAuto}
	return j
}

func (j *job) path(name string) string { return filepath.Join(j.dir, name) }

func (j *job) event(head string) {
	j.t.Helper()
	text := fmt.Sprintf(`{"pull_request":{"number":%d,"head":{"sha":%q,"repo":{"full_name":%q}},"base":{"sha":%q,"repo":{"full_name":%q}}}}`,
		pull, strings.Repeat("1", 40), head, strings.Repeat("2", 40), githubtest.Repository)
	if err := os.WriteFile(j.path("event.json"), []byte(text), 0o600); err != nil {
		j.t.Fatal(err)
	}
}

func (j *job) read(name string) string {
	j.t.Helper()
	text, err := os.ReadFile(j.path(name))
	if err != nil {
		j.t.Fatal(err)
	}
	return string(text)
}

// do runs a function as a command of linecook would run.
func (j *job) do(work func(ctx context.Context, app *command.App) error) int {
	j.log.Reset()
	app := &command.App{Out: &j.log, Err: &j.log, Getenv: func(key string) string { return j.env[key] }, Clock: func() time.Time { return time.Unix(0, 0) }}
	return app.Run([]string{"work"}, &cobra.Command{Use: "work", RunE: func(cmd *cobra.Command, _ []string) error { return work(cmd.Context(), app) }})
}

func (j *job) show(pipeline string, findings ...report.Finding) {
	j.t.Helper()
	r := &report.Report{Title: "linecook validate", File: pipeline, Findings: findings, Subjects: []report.Subject{{Name: "source flights", Checks: 3}}}
	if code := j.do(func(ctx context.Context, app *command.App) error { return j.surfaces.show(ctx, app, pipeline, r) }); code != 0 {
		j.t.Errorf("exit code %d: %s", code, j.log.String())
	}
}

func broken(message string) report.Finding {
	return report.Finding{Code: "contract/type", Severity: report.Error, Message: message, Position: report.Position{File: "c.odcs.yaml", Line: 3, Column: 5}, Samples: []string{"row 1: x"}}
}

func (j *job) comments() []string {
	var bodies []string
	for _, c := range j.server.Comments(pull) {
		bodies = append(bodies, c.Body)
	}
	return bodies
}

func TestOneCommentFollowsThePullRequest(t *testing.T) {
	j := newJob(t)
	j.show("p.yaml")
	if len(j.comments()) != 0 || !strings.Contains(j.log.String(), "nothing to say") {
		t.Errorf("a clean start: %q, %s", j.comments(), j.log.String())
	}
	j.show("p.yaml", broken("first"))
	j.env["GITHUB_RUN_ID"] = "101"
	j.show("p.yaml", broken("second"))
	if c := j.comments(); len(c) != 1 || !strings.Contains(c[0], "second") || strings.Contains(c[0], "first") || !strings.Contains(c[0], "**not clean**: 1 error") {
		t.Errorf("comments %q", c)
	}
	j.env["GITHUB_RUN_ID"] = "102"
	j.show("p.yaml")
	if c := j.comments(); len(c) != 1 || strings.Contains(c[0], "second") || !strings.Contains(c[0], "**clean**: no findings") {
		t.Errorf("what is resolved is left standing: %q", c)
	}
	// A run that was slow says nothing over what a later one said.
	j.env["GITHUB_RUN_ID"] = "101"
	j.show("p.yaml", broken("late"))
	if c := j.comments(); strings.Contains(c[0], "late") || !strings.Contains(j.log.String(), "later run") {
		t.Errorf("comments %q", c)
	}
	// Another pipeline of the repository has a comment of its own.
	j.show("other/p.yaml", broken("other"))
	if c := j.comments(); len(c) != 2 {
		t.Errorf("comments %q", c)
	}
	if c := j.comments()[0]; !strings.Contains(c, "Of commit "+strings.Repeat("1", 40)) || !strings.Contains(c, "https://github.com/octo/flights/actions/runs/102") {
		t.Errorf("the comment does not say of what it speaks: %q", c)
	}
}

// A run whose time is over does not leave an earlier verdict standing.
func TestATimeoutIsSaidEverywhere(t *testing.T) {
	j := newJob(t)
	pipeline := filepath.Join("..", "testdata", "shop", "pipeline.yaml")
	j.show(filepath.ToSlash(pipeline), broken("first"))
	app := &command.App{Out: &j.log, Err: &j.log, Getenv: func(key string) string { return j.env[key] }, Clock: time.Now}
	if code := app.Run([]string{"validate", "--timeout", "1ns", "--pipeline", pipeline}, Command(app)); code != command.Failure {
		t.Errorf("exit code %d: %s", code, j.log.String())
	}
	const says = "took longer than --timeout 1ns"
	if c := j.comments(); len(c) != 1 || !strings.Contains(c[0], says) || strings.Contains(c[0], "first") {
		t.Errorf("comments %q", c)
	}
	if !strings.Contains(j.read("summary"), says) || !strings.Contains(j.log.String(), "linecook: timeout: ") {
		t.Errorf("%s\n%s", j.read("summary"), j.log.String())
	}
}

func TestWhatKeepsTheCommentAwayIsSaid(t *testing.T) {
	tests := []struct {
		name   string
		change func(*job)
		says   string
		calls  bool
	}{
		{"a fork", func(j *job) { j.event("eve/flights") }, "fork", false},
		{"another event", func(j *job) { j.env["GITHUB_EVENT_NAME"] = "push" }, "the event is push", false},
		{"an event that is not served", func(j *job) { j.env["GITHUB_EVENT_NAME"] = "pull_request_target" }, "the event is pull_request_target", false},
		{"no token", func(j *job) { delete(j.env, "GITHUB_TOKEN") }, "GITHUB_TOKEN is empty", false},
		{"a token that reads", func(j *job) { j.server.ReadOnly() }, "pull-requests: write", true},
		{"a token of nobody", func(j *job) { j.env["GITHUB_TOKEN"] = "ghs_other" }, "Bad credentials", true},
		{"a broken event", func(j *job) { j.env["GITHUB_EVENT_PATH"] = j.dir }, "GITHUB_EVENT_PATH", false},
		{"an address in the clear", func(j *job) { j.env["GITHUB_API_URL"] = "http://example.com" }, "GITHUB_API_URL", false},
		{"nobody wants one", func(j *job) { j.surfaces.comment = commentNever }, "", false},
		{"a laptop", func(j *job) { delete(j.env, "GITHUB_ACTIONS") }, "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			j := newJob(t)
			test.change(j)
			j.show("p.yaml", broken("first"))
			if !strings.Contains(j.log.String(), test.says) || test.says == "" && j.log.Len() > 0 {
				t.Errorf("the log says %q", j.log.String())
			}
			if called := len(j.server.Requests()) > 0; called != test.calls || len(j.comments()) > 0 {
				t.Errorf("requests %q", j.server.Requests())
			}
			if !strings.Contains(j.read("summary"), "first") {
				t.Error("the summary does not have it either")
			}
		})
	}
}

func TestAlwaysSaysThatAllIsWell(t *testing.T) {
	j := newJob(t)
	j.surfaces.comment = commentAlways
	j.show("p.yaml")
	if c := j.comments(); len(c) != 1 || !strings.Contains(c[0], "**clean**") {
		t.Errorf("comments %q", c)
	}
}

func TestOutputsAndFiles(t *testing.T) {
	j := newJob(t)
	j.surfaces.sarif, j.surfaces.junit = j.path("out/a.sarif"), j.path("out/a.xml")
	warning := broken("second")
	warning.Severity = report.Warning
	j.show("p.yaml", broken("first"), warning)
	got, err := runnertest.ReadFile(j.read("output"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"findings": "2", "errors": "1", "checks": "3", "clean": "false",
		"sarif": filepath.ToSlash(j.surfaces.sarif), "junit": filepath.ToSlash(j.surfaces.junit)}
	if !maps.Equal(got, want) {
		t.Errorf("outputs %q", got)
	}
	if !json.Valid([]byte(j.read("out/a.sarif"))) || !strings.HasPrefix(j.read("out/a.xml"), "<?xml") {
		t.Error("the files are not what they are called")
	}
	left, err := filepath.Glob(j.path("out/*"))
	hidden, hiddenErr := filepath.Glob(j.path("out/.*"))
	if err != nil || hiddenErr != nil || len(left) != 2 || len(hidden) != 0 {
		t.Errorf("left %q and %q", left, hidden)
	}
	// A file that cannot be written is a failure, and the rest is shown.
	j.surfaces.sarif = j.path("summary/a.sarif")
	r := &report.Report{Title: "t", File: "p.yaml", Findings: []report.Finding{broken("third")}}
	if code := j.do(func(ctx context.Context, app *command.App) error { return j.surfaces.show(ctx, app, "p.yaml", r) }); code != command.Failure {
		t.Errorf("exit code %d", code)
	}
	if !strings.Contains(j.read("summary"), "third") {
		t.Error("the summary lacks what came after")
	}
}

// A page of thousands of findings keeps the limits of summary and comment.
func TestManyFindingsKeepTheLimits(t *testing.T) {
	j := newJob(t)
	var findings []report.Finding
	for i := range 5_000 {
		f := broken(fmt.Sprintf("number %d %s", i, strings.Repeat("é", 150)))
		f.Position.File = fmt.Sprint("file", i%40)
		findings = append(findings, f)
	}
	j.show("p.yaml", findings...)
	comment := j.comments()[0]
	if len(comment) > 65_536 || !strings.Contains(comment, "findings more") || !strings.Contains(comment, "Of commit") {
		t.Errorf("comment of %d bytes ends %q", len(comment), comment[len(comment)-100:])
	}
	summary := j.read("summary")
	if len(summary) > 1<<20 || !strings.Contains(summary, "findings more") {
		t.Errorf("summary of %d bytes", len(summary))
	}
	if _, err := reporttest.Page(summary); err != nil {
		t.Error(err)
	}
}

// What was checked gives way to what was found.
func TestManySubjectsLeaveRoomForTheFindings(t *testing.T) {
	r := &report.Report{Title: "linecook validate", File: "p.yaml", Findings: []report.Finding{broken("the one")}}
	for i := range 3_000 {
		r.Subjects = append(r.Subjects, report.Subject{Name: fmt.Sprint("source ", i, strings.Repeat("<", 300)), Checks: 1})
	}
	text := page("p.yaml", r, github.MaxComment)
	if len(text) > github.MaxComment || !strings.Contains(text, "the one") || strings.Contains(text, "What was checked") {
		t.Errorf("a page of %d bytes: %.300s", len(text), text)
	}
}

// Whatever stands in a column's name or a cell: summary, comment, annotations,
// outputs, SARIF and JUnit show it, and nobody obeys it.
func TestHostileTextReachesNoReaderAsMoreThanText(t *testing.T) {
	texts := reporttest.Naughty()
	var j *job
	markers := map[string]bool{}
	for i, text := range texts {
		if i%50 == 0 {
			// Each comment is looked for among all that there are.
			j = newJob(t)
			j.surfaces = surface{sarif: j.path("a.sarif"), junit: j.path("a.xml"), comment: commentAuto}
		}
		for _, name := range []string{"summary", "output"} {
			if err := os.Remove(j.path(name)); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
		j.env["GITHUB_RUN_ID"] = fmt.Sprint(200 + i)
		j.server.Left(githubtest.Budget)
		r := &report.Report{
			Title: "linecook validate", File: "p" + text + ".yaml", Details: text, Subjects: []report.Subject{{Name: "source " + text, Checks: 3}},
			Findings: []report.Finding{{
				Code: "contract/type" + text, Severity: report.Error, Message: text, Remedy: text, Source: text, Partition: text, Column: text,
				Position: report.Position{File: "c" + text + ".odcs.yaml", Line: 3, Column: 5}, Samples: []string{text}, Count: 2,
			}},
		}
		pipeline := r.File
		code := j.do(func(ctx context.Context, app *command.App) error {
			if err := j.surfaces.show(ctx, app, pipeline, r); err != nil {
				return err
			}
			return app.Report(report.FormatGitHub, r)
		})
		if code != command.Found {
			t.Errorf("%q: exit code %d: %s", text, code, j.log.String())
			continue
		}
		names := []string{}
		for _, c := range runnertest.ReadLog(j.log.String()) {
			names = append(names, c.Name)
		}
		if !slices.Equal(names, []string{"error"}) {
			t.Errorf("%q: the runner obeys %q in the log %q", text, names, j.log.String())
		}
		outputs, err := runnertest.ReadFile(j.read("output"))
		if keys := slices.Sorted(maps.Keys(outputs)); err != nil || !slices.Equal(keys, []string{"checks", "clean", "errors", "findings", "junit", "sarif"}) {
			t.Errorf("%q: outputs %q, %v", text, outputs, err)
		}
		comments := j.comments()
		body, _, footed := strings.Cut(comments[len(comments)-1], "\nOf commit ")
		if !footed || !strings.HasPrefix(body, "<!-- linecook:validate:p") {
			t.Errorf("%q: comment %q", text, body)
		}
		marker, _, _ := strings.Cut(body, "\n")
		markers[marker] = true
		for sink, page := range map[string]string{"summary": j.read("summary"), "comment": body} {
			for _, read := range []func(string) ([]string, error){reporttest.Page, reporttest.GFM} {
				shown, err := read(page)
				if err != nil {
					t.Errorf("%q in the %s: %v", text, sink, err)
				} else if want := strings.TrimSpace(report.Printable(text)); len(text) < 1000 && !slices.Contains(shown, want) {
					t.Errorf("%q is not in the %s: %q", want, sink, shown)
				}
			}
		}
		checkSARIF(t, j.read("a.sarif"), text)
		checkJUnit(t, j.read("a.xml"), text)
	}
	if len(markers) != len(texts) {
		t.Errorf("only %d of %d pipelines were told apart", len(markers), len(texts))
	}
}

// A viewer of SARIF makes links of [text](target) in a message, unless a
// backslash stands before the bracket.
func checkSARIF(t *testing.T, text, foreign string) {
	t.Helper()
	var log struct {
		Runs []struct {
			Results []struct {
				Message   struct{ Text string }
				Locations []any
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &log); err != nil || len(log.Runs) != 1 || len(log.Runs[0].Results) != 1 || len(log.Runs[0].Results[0].Locations) != 1 {
		t.Errorf("%q: SARIF %v %s", foreign, err, text)
		return
	}
	message := log.Runs[0].Results[0].Message.Text
	if message != report.Printable(message) {
		t.Errorf("%q: the message steers: %q", foreign, message)
	}
	for i := 0; i < len(message); i++ {
		switch message[i] {
		case '\\':
			i++
		case '[', ']':
			t.Errorf("%q: a link in %q", foreign, message)
			return
		}
	}
}

func checkJUnit(t *testing.T, text, foreign string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(text))
	elements := map[string]int{}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Errorf("%q: JUnit %v", foreign, err)
			return
		}
		switch token := token.(type) {
		case xml.StartElement:
			elements[token.Name.Local]++
		case xml.Comment, xml.Directive:
			t.Errorf("%q: JUnit holds %v", foreign, token)
		}
	}
	want := map[string]int{"testsuites": 1, "testsuite": 1, "testcase": 2, "failure": 1, "system-out": 1}
	if !maps.Equal(elements, want) {
		t.Errorf("%q: JUnit has %v", foreign, elements)
	}
}

// The most serious findings have the runner's ten places, in their order.
func TestTheMostSeriousAnnotationsComeFirst(t *testing.T) {
	j := newJob(t)
	var findings []report.Finding
	for i := range 30 {
		severity := []report.Severity{report.Info, report.Warning, report.Error}[i%3]
		findings = append(findings, report.Finding{Code: "a/b", Severity: severity, Message: fmt.Sprint("number ", i), Position: report.Position{File: "f", Line: 30 - i}})
	}
	r := &report.Report{Title: "t", File: "p.yaml", Findings: findings, Subjects: []report.Subject{{Name: "x", Checks: 1}}}
	j.do(func(_ context.Context, app *command.App) error { return app.Report(report.FormatGitHub, r) })
	var got []string
	for _, c := range runnertest.ReadLog(j.log.String()) {
		got = append(got, c.Name+" "+c.Properties["line"])
	}
	var want []string
	for offset, name := range []string{"error", "warning", "notice"} {
		for line := 1 + offset; line <= 30; line += 3 {
			want = append(want, fmt.Sprint(name, " ", line))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("annotations %q, want %q", got, want)
	}
}

func TestMarkersTellPipelinesApart(t *testing.T) {
	seen := map[string]string{}
	for _, pipeline := range []string{"p.yaml", "a/p.yaml", "a-p.yaml", "a--p.yaml", "a p.yaml", "a\tp.yaml", "é", "è", "", "-->", "x\n-->"} {
		m := marker(pipeline)
		if other, taken := seen[m]; taken || strings.Contains(m, "--") || strings.ContainsAny(m, "<> \n") {
			t.Errorf("%q and %q have the marker %q", pipeline, other, m)
		}
		seen[m] = pipeline
	}
}
