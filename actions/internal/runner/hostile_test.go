package runner_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/linecook-ml/linecook/actions/internal/runner"
	"github.com/linecook-ml/linecook/actions/internal/runner/runnertest"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/pipeline/report/reporttest"
)

// A stage is a runner to write to, and what came of it.
type stage struct {
	*runner.Runner
	log                  bytes.Buffer
	output, env, summary string
}

func onRunner(t testing.TB, extra ...string) *stage {
	t.Helper()
	return newStage(filepath.Join(t.TempDir(), "step"), extra...)
}

// newStage is a runner whose files have names that begin with prefix.
func newStage(prefix string, extra ...string) *stage {
	s := &stage{output: prefix + "-output", env: prefix + "-env", summary: prefix + "-summary"}
	variables := map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": s.output, "GITHUB_ENV": s.env,
		"GITHUB_STEP_SUMMARY": s.summary, "GITHUB_WORKSPACE": "/home/runner/w",
	}
	for i := 0; i+1 < len(extra); i += 2 {
		variables[extra[i]] = extra[i+1]
	}
	s.Runner = runner.New(func(key string) string { return variables[key] }, &s.log, nil)
	return s
}

func contents(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(data)
}

// Every hostile text through every sink: the runner obeys only what this
// package meant to say.
func TestHostileTextForgesNothing(t *testing.T) {
	for i, text := range reporttest.Naughty() {
		t.Run(fmt.Sprint(i), func(t *testing.T) { checkSinks(t, text) })
	}
}

func FuzzHostileTextForgesNothing(f *testing.F) {
	for _, text := range reporttest.Hostile() {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { checkSinks(t, text) })
}

func checkSinks(t *testing.T, text string) {
	t.Helper()
	dir := t.TempDir()
	sink := func(name string, check func(*testing.T, *stage)) {
		t.Run(name, func(t *testing.T) { check(t, newStage(filepath.Join(dir, name))) })
	}

	sink("print", func(t *testing.T, s *stage) {
		s.Print(text)
		expectCommands(t, s.log.String())
	})
	sink("writer in pieces", func(t *testing.T, s *stage) {
		w := s.Writer()
		for _, b := range []byte(text) {
			if _, err := w.Write([]byte{b}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		expectCommands(t, s.log.String())
	})
	sink("group", func(t *testing.T, s *stage) {
		s.Group(text, func() { s.Print(text) })
		expectCommands(t, s.log.String(), "group", "endgroup")
	})
	sink("annotation", func(t *testing.T, s *stage) {
		s.Annotate([]report.Finding{{
			Code: text, Severity: report.Error, Message: text, Remedy: text, Source: text, Partition: text, Column: text,
			Position: report.Position{File: "x" + text, Line: 3, Column: 4},
		}})
		expectCommands(t, s.log.String(), "error")
		c := runnertest.ReadLog(s.log.String())[0]
		// The runner trims the properties, of which the title is the last.
		title := strings.TrimRightFunc(c.Properties["title"], unicode.IsSpace)
		if title != strings.TrimRightFunc(text, unicode.IsSpace) || c.Properties["line"] != "3" || c.Properties["col"] != "4" || len(c.Properties) != 4 {
			t.Errorf("properties %q", c.Properties)
		}
		if len(c.Data) > 4096 {
			t.Errorf("message of %d bytes", len(c.Data))
		}
	})
	sink("output", func(t *testing.T, s *stage) {
		expectValue(t, s.SetOutput("value", text), s.output, "value", text)
	})
	sink("env", func(t *testing.T, s *stage) {
		expectValue(t, s.SetEnv("LINECOOK_VALUE", text), s.env, "LINECOOK_VALUE", text)
	})
	sink("output key", func(t *testing.T, s *stage) {
		if err := s.SetOutput(text, "v"); err != nil {
			if got := contents(t, s.output); got != "" {
				t.Errorf("a refused key wrote %q", got)
			}
			return
		}
		values, err := runnertest.ReadFile(contents(t, s.output))
		if err != nil || len(values) != 1 || values[text] != "v" {
			t.Errorf("read back %q, %v", values, err)
		}
	})
	sink("summary", func(t *testing.T, s *stage) {
		if err := s.Summary(text); err != nil {
			t.Fatal(err)
		}
		expectCommands(t, s.log.String())
	})
}

func expectCommands(t *testing.T, log string, want ...string) {
	t.Helper()
	var got []string
	for _, c := range runnertest.ReadLog(log) {
		got = append(got, c.Name)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the runner would obey %q, want %q, in the log %q", got, want, log)
	}
}

func expectValue(t *testing.T, err error, path, key, want string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	values, err := runnertest.ReadFile(contents(t, path))
	if err != nil {
		t.Fatal(err)
	}
	if len(values) != 1 || values[key] != want {
		t.Errorf("read back %q, want only %s=%q", values, key, want)
	}
}

// The model must find the attack that it guards against, or the tests above
// prove nothing.
func TestModelObeysRealCommands(t *testing.T) {
	for _, log := range []string{
		"::error::x", "\u3000::error::x", "ok\r::error::x", "text ##[error]x", "::SET-OUTPUT name=a::b",
		"::error file=a,line=1::x",
	} {
		if len(runnertest.ReadLog(log)) != 1 {
			t.Errorf("the model does not obey %q", log)
		}
	}
	values, err := runnertest.ReadFile("a<<D\nx\nD\npromote<<D\ntrue\nD\n")
	if err != nil || values["promote"] != "true" {
		t.Errorf("the model does not see a second value: %q, %v", values, err)
	}
}
