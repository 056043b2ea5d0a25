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
)

// hostile are texts that a column name, a cell, a file name or another
// program's message may hold, each meant to be obeyed by the runner.
func hostile() []string {
	texts := []string{
		"", " ", "plain", "\n", "\r", "\r\n", "::", ":::", "::::", "##[", "##[]", "%0A::error::x", "%250A",
		"::error::forged", " ::error::forged", "\t::error::forged", "\u00a0::error::forged",
		"\u2028::error::forged", "\u3000::error::forged", "\ufeff::error::forged", "\u200b::error::forged",
		"\x1b[31m::error::forged", "\x00::error::forged", "\x08::error::forged", "\x85::error::forged",
		"ok\n::error::forged", "ok\r::error::forged", "ok\r\n::error::forged", "ok\v::error::forged",
		"ok\f::error::forged", "ok\n \t \u2003::set-output name=promote::true",
		"::set-output name=promote::true", "::SET-OUTPUT name=promote::true", "::set-env name=PATH::/evil",
		"::add-path::/evil", "::add-mask::a", "::stop-commands::x", "::echo::on", "::group::x", "::endgroup::",
		"::add-matcher::/evil.json", "::save-state name=isPost::true", "::debug::x",
		"##[error]forged", "text ##[error]forged", "text ##[set-output name=promote;]true",
		"text\r##[add-path]/evil", "##[##[error]forged", "####[error]forged", "# #[error]forged", "##\x00[error]forged",
		"promote=true", "\npromote=true\n", "promote<<EOF\ntrue\nEOF", "\npromote<<EOF\ntrue\nEOF\n",
		"x\n_GitHubActionsFileCommandDelimeter_\npromote<<_GitHubActionsFileCommandDelimeter_\ntrue\n_GitHubActionsFileCommandDelimeter_",
		"x\nghadelimiter_0000\npromote=true", "x\r\nEOF\r\npromote=true", "<<", "a<<", "<<EOF", "=", "a=", "key<<=",
		"title,file=/etc/passwd,line=1", "x::y", "a=b,c=d::e", "::error file=a,line=1,title=t::forged",
		"</summary><script>alert(1)</script>", "| a | b |\n::error::forged", "`::error::forged`",
		strings.Repeat("::error::forged\n", 30), strings.Repeat("é", 5000), "\xff\xfe::error::forged",
		"a\u0085::error::forged", "a\u2029::error::forged", "😀::error::x", ":\u200b:error::x", "::error\n::forged",
	}
	return texts
}

// A stage is a runner to write to, and what came of it.
type stage struct {
	*runner.Runner
	log                  bytes.Buffer
	output, env, summary string
}

func onRunner(t testing.TB, extra ...string) *stage {
	t.Helper()
	dir := t.TempDir()
	s := &stage{
		output:  filepath.Join(dir, "output"),
		env:     filepath.Join(dir, "env"),
		summary: filepath.Join(dir, "summary"),
	}
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
	texts := hostile()
	if len(texts) < 60 {
		t.Fatalf("only %d hostile texts", len(texts))
	}
	for i, text := range texts {
		t.Run(fmt.Sprint(i), func(t *testing.T) { checkSinks(t, text) })
	}
}

func FuzzHostileTextForgesNothing(f *testing.F) {
	for _, text := range hostile() {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { checkSinks(t, text) })
}

func checkSinks(t *testing.T, text string) {
	t.Helper()

	t.Run("print", func(t *testing.T) {
		s := onRunner(t)
		s.Print(text)
		expectCommands(t, s.log.String())
	})
	t.Run("writer in pieces", func(t *testing.T) {
		s := onRunner(t)
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
	t.Run("group", func(t *testing.T) {
		s := onRunner(t)
		s.Group(text, func() { s.Print(text) })
		expectCommands(t, s.log.String(), "group", "endgroup")
	})
	t.Run("mask", func(t *testing.T) {
		s := onRunner(t)
		s.Mask(text)
		for _, c := range runnertest.ReadLog(s.log.String()) {
			if c.Name != "add-mask" || !strings.Contains(text, c.Data) {
				t.Errorf("forged %+v", c)
			}
		}
	})
	t.Run("annotation", func(t *testing.T) {
		s := onRunner(t)
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
	t.Run("output", func(t *testing.T) {
		s := onRunner(t)
		expectValue(t, s.SetOutput("value", text), s.output, "value", text)
	})
	t.Run("env", func(t *testing.T) {
		s := onRunner(t)
		expectValue(t, s.SetEnv("LINECOOK_VALUE", text), s.env, "LINECOOK_VALUE", text)
	})
	t.Run("output key", func(t *testing.T) {
		s := onRunner(t)
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
	t.Run("summary", func(t *testing.T) {
		s := onRunner(t)
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
