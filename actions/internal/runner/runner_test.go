package runner_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/actions/internal/runner"
	"github.com/linecook-ml/linecook/actions/internal/runner/runnertest"
	"github.com/linecook-ml/linecook/pipeline/report"
)

func onLaptop(stdout *bytes.Buffer) *runner.Runner {
	return runner.New(func(string) string { return "" }, stdout, nil)
}

func ExampleRunner_Annotate() {
	environment := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": "/home/runner/w"}
	r := runner.New(func(key string) string { return environment[key] }, os.Stdout, nil)
	r.Annotate([]report.Finding{{
		Code: "contract/missing-column", Severity: report.Error,
		Message:  `the column "carrier" is missing`,
		Remedy:   `rename "airline", or change the contract`,
		Position: report.Position{File: "/home/runner/w/contracts/flights.odcs.yaml", Line: 31, Column: 7},
		Source:   "flights", Partition: "date=2013-10-01",
	}})
	// Output:
	// ::error col=7,file=contracts/flights.odcs.yaml,line=31,title=contract/missing-column::the column "carrier" is missing → rename "airline", or change the contract (source flights, partition date=2013-10-01)
}

func TestALaptopGetsPlainTextAndNoFiles(t *testing.T) {
	var out bytes.Buffer
	r := onLaptop(&out)
	if r.Active() {
		t.Error("active without GITHUB_ACTIONS")
	}
	r.Annotate([]report.Finding{{Code: "a/b", Severity: report.Error, Message: "m"}})
	if out.Len() > 0 {
		t.Errorf("printed %q", out.String())
	}
	for name, err := range map[string]error{
		"SetOutput": r.SetOutput("key", "v"), "SetEnv": r.SetEnv("LINECOOK_A", "v"), "Summary": r.Summary("# t"),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.Group("Train", func() { r.Print("::error::shown as it is\x1b[2J") })
	w := r.Writer()
	fmt.Fprint(w, "10 %\r20 %")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want := "Train\n::error::shown as it is\\x1b[2J\n10 %\r20 %"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

// A key is wrong on a laptop too, or the mistake would be found on GitHub.
func TestKeysAreIdentifiers(t *testing.T) {
	var out bytes.Buffer
	r := onLaptop(&out)
	for _, key := range []string{"", "1a", "-a", "a b", "a=b", "a<<b", "a\nb", "a\n", "é", "a.b"} {
		if err := r.SetOutput(key, "v"); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", key)) {
			t.Errorf("key %q: %v", key, err)
		}
	}
	for _, key := range []string{"PATH", "NODE_OPTIONS", "GITHUB_OUTPUT", "LD_PRELOAD", "LINECOOK_A B"} {
		if err := r.SetEnv(key, "v"); err == nil {
			t.Errorf("variable %q accepted", key)
		}
	}
	for _, key := range []string{"a", "_", "bundle-id", "A_1"} {
		if err := r.SetOutput(key, "v"); err != nil {
			t.Error(err)
		}
	}
}

func TestEachWriteDrawsItsOwnDelimiter(t *testing.T) {
	s := onRunner(t)
	for _, key := range []string{"a", "b"} {
		if err := s.SetOutput(key, "one\ntwo"); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for line := range strings.Lines(contents(t, s.output)) {
		if _, delimiter, ok := strings.Cut(strings.TrimSpace(line), "<<"); ok {
			seen[delimiter] = true
		}
	}
	if len(seen) != 2 {
		t.Errorf("delimiters %v", seen)
	}
	values, err := runnertest.ReadFile(contents(t, s.output))
	if err != nil || values["a"] != "one\ntwo" || values["b"] != "one\ntwo" {
		t.Errorf("read back %q, %v", values, err)
	}
}

func TestNoOutputWithoutRandomness(t *testing.T) {
	s := onRunner(t)
	getenv := func(key string) string { return map[string]string{"GITHUB_OUTPUT": s.output}[key] }

	short := runner.New(getenv, &s.log, strings.NewReader("x"))
	if err := short.SetOutput("a", "v"); err == nil {
		t.Error("a delimiter was drawn from one byte")
	}
	known := runner.New(getenv, &s.log, bytes.NewReader(make([]byte, 16)))
	value := "linecook_" + strings.Repeat("0", 32)
	if err := known.SetOutput("a", value); err == nil {
		t.Error("a value may not contain its delimiter")
	}
	if got := contents(t, s.output); got != "" {
		t.Errorf("wrote %q", got)
	}
}

func TestAnEarlierWriterLeftItsLineOpen(t *testing.T) {
	s := onRunner(t)
	if err := os.WriteFile(s.output, []byte("earlier=1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.SetOutput("later", "2"); err != nil {
		t.Fatal(err)
	}
	values, err := runnertest.ReadFile(contents(t, s.output))
	if err != nil || values["earlier"] != "1" || values["later"] != "2" {
		t.Errorf("read back %q, %v", values, err)
	}
}

func TestUnwritableFilesAreErrors(t *testing.T) {
	s := onRunner(t, "GITHUB_OUTPUT", t.TempDir(), "GITHUB_STEP_SUMMARY", t.TempDir())
	if err := s.SetOutput("a", "v"); err == nil || !strings.Contains(err.Error(), "GITHUB_OUTPUT") {
		t.Errorf("output: %v", err)
	}
	if err := s.Summary("x"); err == nil || !strings.Contains(err.Error(), "GITHUB_STEP_SUMMARY") {
		t.Errorf("summary: %v", err)
	}
}

func TestOutputsPastTheLimitAreRefused(t *testing.T) {
	s := onRunner(t)
	if err := s.SetOutput("a", strings.Repeat("x", 1<<20)); err != nil {
		t.Fatal(err)
	}
	before := contents(t, s.output)
	if err := s.SetOutput("b", "x"); err == nil {
		t.Error("accepted")
	}
	if contents(t, s.output) != before {
		t.Error("a refused output was written")
	}
}

func TestAnnotationsKeepTheRunnersLimits(t *testing.T) {
	tests := []struct {
		name     string
		calls    []int // errors in each call
		commands int
		more     []string
	}{
		{"as many as fit", []int{10}, 10, nil},
		{"one too many", []int{11}, 10, []string{"+2 more errors"}},
		{"many", []int{500}, 10, []string{"+491 more errors"}},
		{"in two calls", []int{6, 6}, 10, []string{"+3 more errors"}},
		{"after the limit", []int{10, 2}, 10, []string{"+2 more errors"}},
		{"none", []int{0}, 0, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := onRunner(t)
			for _, n := range test.calls {
				var findings []report.Finding
				for i := range n {
					findings = append(findings, report.Finding{Code: "a/b", Severity: report.Error, Message: fmt.Sprint("finding ", i)})
				}
				s.Annotate(findings)
			}
			if got := len(runnertest.ReadLog(s.log.String())); got != test.commands {
				t.Errorf("%d annotations, want %d", got, test.commands)
			}
			for _, more := range test.more {
				if !strings.Contains(s.log.String(), more) {
					t.Errorf("no %q in %s", more, s.log.String())
				}
			}
			if len(test.more) == 0 && strings.Contains(s.log.String(), "more") {
				t.Errorf("more of nothing: %s", s.log.String())
			}
		})
	}
}

func TestEachLevelHasItsOwnAnnotations(t *testing.T) {
	s := onRunner(t)
	var findings []report.Finding
	for range 12 {
		for _, severity := range []report.Severity{report.Info, report.Warning, report.Error} {
			findings = append(findings, report.Finding{Code: "a/b", Severity: severity, Message: "m"})
		}
	}
	s.Annotate(findings)
	count := map[string]int{}
	for _, c := range runnertest.ReadLog(s.log.String()) {
		count[c.Name]++
	}
	for _, level := range []string{"error", "warning", "notice"} {
		if count[level] != 10 {
			t.Errorf("%d of level %s", count[level], level)
		}
	}
	if !strings.HasPrefix(s.log.String(), "::error") {
		t.Error("the errors do not come first")
	}
}

func TestLongMessagesAreCutBetweenCharacters(t *testing.T) {
	s := onRunner(t)
	s.Annotate([]report.Finding{{Code: "a/b", Severity: report.Error, Message: strings.Repeat("é", 4000)}})
	data := runnertest.ReadLog(s.log.String())[0].Data
	if len(data) > 4096 || !strings.Contains(data, " more bytes)") || strings.ContainsRune(data, '\ufffd') {
		t.Errorf("%d bytes, ending in %q", len(data), data[len(data)-40:])
	}
}

func TestPlacesOfAnnotations(t *testing.T) {
	tests := []struct {
		position   report.Position
		file, line string
	}{
		{report.Position{}, "", ""},
		{report.Position{File: "a/b.yaml"}, "a/b.yaml", "1"},
		{report.Position{File: "a/b.yaml", Line: 7}, "a/b.yaml", "7"},
		{report.Position{File: "/home/runner/w/a.yaml", Line: 7}, "a.yaml", "7"},
		{report.Position{File: "/home/runner/other/a.yaml", Line: 7}, "/home/runner/other/a.yaml", "7"},
	}
	for _, test := range tests {
		s := onRunner(t)
		s.Annotate([]report.Finding{{Code: "a/b", Severity: report.Warning, Message: "m", Position: test.position}})
		got := runnertest.ReadLog(s.log.String())[0].Properties
		if got["file"] != test.file || got["line"] != test.line {
			t.Errorf("%v: %q", test.position, got)
		}
	}
}

func TestSummaryIsCutHonestlyAtItsLimit(t *testing.T) {
	s := onRunner(t)
	if err := s.Summary("# Report"); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, s.summary); got != "# Report\n" {
		t.Errorf("wrote %q", got)
	}
	line := strings.Repeat("x", 99) + "\n"
	if err := s.Summary(strings.Repeat(line, 20_000)); err != nil {
		t.Fatal(err)
	}
	got := contents(t, s.summary)
	if len(got) > 1<<20 {
		t.Fatalf("%d bytes", len(got))
	}
	kept := strings.Count(got, line)
	if want := fmt.Sprintf("+%d more lines", 20_000-kept); !strings.Contains(got, want) || kept < 10_000 {
		t.Errorf("kept %d lines, want the note %q", kept, want)
	}

	for range 20 {
		if err := s.Summary(strings.Repeat(line, 3)); err != nil {
			t.Fatal(err)
		}
	}
	if got := contents(t, s.summary); len(got) > 1<<20 {
		t.Errorf("%d bytes after more calls", len(got))
	}
	if !strings.Contains(s.log.String(), "+3 more lines") {
		t.Errorf("a full summary says nothing in the log: %q", s.log.String())
	}
}

// A secret that is known is shown nowhere: not in a log, an annotation, a summary
// or an output; on a runner and on a laptop, in one piece or in several.
func TestASecretIsShownNowhere(t *testing.T) {
	const token, key = "ghs_0123456789", "-----BEGIN KEY-----\nc2VjcmV0c2VjcmV0\n-----END KEY-----"
	for _, active := range []string{"true", ""} {
		s := onRunner(t, "GITHUB_ACTIONS", active)
		s.Hide(token, key, "", "short", "ghs_01234567")
		s.Print("a " + token)
		w := s.Writer()
		fmt.Fprintf(w, "b %s\nc2VjcmV0c2VjcmV0 %s", token, "short")
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		s.Group("c "+token, func() {})
		s.Annotate([]report.Finding{{Code: "a/b" + token, Severity: report.Error, Message: token, Position: report.Position{File: token + ".yaml"}}})
		if err := s.Summary("d " + token + " " + key); err != nil {
			t.Fatal(err)
		}
		if err := s.SetOutput("a", "x"+token); err == nil || strings.Contains(err.Error(), token) {
			t.Errorf("an output took it: %v", err)
		}
		for place, text := range map[string]string{"log": s.log.String(), "summary": contents(t, s.summary), "output": contents(t, s.output)} {
			for _, secret := range []string{token, "c2VjcmV0c2VjcmV0", "ghs_"} {
				if strings.Contains(text, secret) {
					t.Errorf("the %s shows %q: %s", place, secret, text)
				}
			}
		}
		if log := s.log.String(); !strings.Contains(log, "a ***") || !strings.Contains(log, "b ***\n*** short") {
			t.Errorf("the log %q", log)
		}
	}
}

func TestWhatIsNotHiddenIsShown(t *testing.T) {
	s := onRunner(t)
	s.Hide("", "a", " \n ")
	s.Print("an apple a day")
	if got := s.log.String(); got != "an apple a day\n" {
		t.Errorf("printed %q", got)
	}
}

func TestGroupEndsWhenItsBodyPanics(t *testing.T) {
	s := onRunner(t)
	func() {
		defer func() { _ = recover() }()
		s.Group("Train", func() { panic("no") })
	}()
	expectCommands(t, s.log.String(), "group", "endgroup")
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("closed pipe") }

func TestABrokenLogDoesNotPanic(t *testing.T) {
	r := runner.New(func(key string) string {
		return map[string]string{"GITHUB_ACTIONS": "true"}[key]
	}, broken{}, nil)
	r.Print("x")
	r.Annotate([]report.Finding{{Code: "a/b", Severity: report.Error, Message: "m"}})
	w := r.Writer()
	if _, err := fmt.Fprintln(w, "x"); err == nil {
		t.Error("the writer hides the failure")
	}
}
