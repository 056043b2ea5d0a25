package report_test

import (
	"io"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/report"
)

// What is meant is underlined where it stands in the file, however YAML writes
// the text it is a part of.
func TestUnderline(t *testing.T) {
	for _, c := range []struct {
		name, file string
		// place is where the value begins.
		line, column int
		text, part   string
		want         string
	}{
		{"plain", "a: 1\nexpression: dep_time > 5\n", 2, 13, "dep_time > 5", "dep_time", "" +
			"2 | expression: dep_time > 5\n" +
			"  |             ^^^^^^^^"},
		{"behind another", "expression: minute + dep_time\r\nb: 2", 1, 13, "minute + dep_time", "dep_time", "" +
			"1 | expression: minute + dep_time\n" +
			"  |                      ^^^^^^^^"},
		{"in quotes", `  expression: "minute + dep_time"`, 1, 15, "minute + dep_time", "dep_time", "" +
			"1 | expression: \"minute + dep_time\"\n" +
			"  |                       ^^^^^^^^"},
		{"with an escape", `expression: "'\"' || dep_time"`, 1, 13, `'"' || dep_time`, "dep_time", "" +
			`1 | expression: "'\"' || dep_time"` + "\n" +
			"  |                      ^^^^^^^^"},
		{"in single quotes", "expression: 'a = ''x'' + now()'", 1, 13, "a = 'x' + now()", "now", "" +
			"1 | expression: 'a = ''x'' + now()'\n" +
			"  |                          ^^^"},
		{"in a block", "expression: |-\n  minute +\n    dep_time\nb: 1", 1, 13, "minute +\n  dep_time", "dep_time", "" +
			"3 | dep_time\n" +
			"  | ^^^^^^^^"},
		{"folded", "expression: >\n  minute +\n  dep_time\n", 1, 13, "minute + dep_time\n", "dep_time", "" +
			"3 | dep_time\n" +
			"  | ^^^^^^^^"},
		{"over several lines", "expression: minute\n  + dep_time", 1, 13, "minute + dep_time", "dep_time", "" +
			"2 | + dep_time\n" +
			"  |   ^^^^^^^^"},
		{"in a map", "lookup: {value: lead(x), within: 1 day}", 1, 17, "lead(x)", "lead", "" +
			"1 | lookup: {value: lead(x), within: 1 day}\n" +
			"  |                 ^^^^"},
		{"wide letters", "expression: 'ä€' || x", 1, 13, "'ä€' || x", "x", "" +
			"1 | expression: 'ä€' || x\n" +
			"  |                     ^"},
		{"a whole file", "SELECT 1,\n\tnow() AS f", 1, 1, "SELECT 1,\n\tnow() AS f", "now", "" +
			"2 | now() AS f\n" +
			"  | ^^^"},
		{"control characters", "x: 'a\x1b[31m' || now()", 1, 4, "'a\x1b[31m' || now()", "now", "" +
			`1 | x: 'a\x1b[31m' || now()` + "\n" +
			"  |                   ^^^"},
	} {
		at := strings.LastIndex(c.text, c.part)
		findings := []report.Finding{{
			Code: "feature/x", Severity: report.Error, Message: "m", Position: report.Position{File: "f", Line: c.line, Column: c.column},
			Span: &report.Span{Text: c.text, At: at, Width: len(c.part)},
		}}
		report.Underline(findings, map[string]string{"f": c.file})
		var b strings.Builder
		if err := report.Text(&b, findings); err != nil {
			t.Fatal(err)
		}
		want := "          " + strings.ReplaceAll(c.want, "\n", "\n          ") + "\n"
		if !strings.HasSuffix(b.String(), want) {
			t.Errorf("%s:\n%s", c.name, b.String())
		}
		lines := strings.Split(c.file, "\n")
		f := findings[0]
		line := []rune(lines[f.Position.Line-1])
		if part := string(line[f.Position.Column-1 : f.Position.Column-1+f.Position.Width]); part != c.part {
			t.Errorf("%s: %v is %q", c.name, f.Position, part)
		}
	}
}

// What cannot be found is left as it is, and so are findings about no part.
func TestUnderlineLeavesTheRest(t *testing.T) {
	at := report.Position{File: "f", Line: 1, Column: 4}
	for _, f := range []report.Finding{
		{Position: at},
		{Position: at, Span: &report.Span{Text: "other", At: 0, Width: 5}},
		{Position: at, Span: &report.Span{Text: "", At: 0, Width: 0}},
		{Position: report.Position{File: "g", Line: 1, Column: 1}, Span: &report.Span{Text: "x", Width: 1}},
		{Position: report.Position{File: "f", Line: 99, Column: 1}, Span: &report.Span{Text: "x", Width: 1}},
		{Position: report.Position{File: "f", Line: 1}, Span: &report.Span{Text: "x", Width: 1}},
	} {
		findings := []report.Finding{f}
		report.Underline(findings, map[string]string{"f": "a: x"})
		if findings[0].Position != f.Position || findings[0].Excerpt != "" {
			t.Errorf("%+v became %+v", f, findings[0])
		}
	}
}

// Of a long line the part around what is meant is shown.
func TestLongLinesAreCut(t *testing.T) {
	text := strings.Repeat("a + ", 100) + "now()" + strings.Repeat(" + b", 100)
	findings := []report.Finding{{
		Code: "x", Severity: report.Error, Message: "m", Position: report.Position{File: "f", Line: 1, Column: 4},
		Span: &report.Span{Text: text, At: strings.Index(text, "now"), Width: 3},
	}}
	report.Underline(findings, map[string]string{"f": "e: " + text})
	var b strings.Builder
	if err := report.Text(&b, findings); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	source, carets := lines[len(lines)-2], lines[len(lines)-1]
	at := len([]rune(carets[:strings.Index(carets, "^")]))
	if string([]rune(source)[at:at+3]) != "now" || len(source) > 160 || !strings.Contains(source, "… ") || !strings.HasSuffix(source, " …") {
		t.Errorf("%s", b.String())
	}
}

// Whatever stands in a file and in a finding, the part is in the line.
func FuzzUnderline(f *testing.F) {
	f.Add("a: \"x + y\"\n", "x + y", 1, 4, 4, 1)
	f.Add("a: >-\n  x\n  y", "x y", 1, 4, 2, 1)
	f.Add("\xff\r\n\t'", "' \xff", 2, 1, 0, 3)
	f.Fuzz(func(t *testing.T, file, text string, line, column, at, width int) {
		if line < 0 || column < 0 || at < 0 || width < 0 || line > 9 || column > 99 || at > len(text) || width > len(text)-at {
			return
		}
		findings := []report.Finding{{Position: report.Position{File: "f", Line: line, Column: column}, Span: &report.Span{Text: text, At: at, Width: width}}}
		report.Underline(findings, map[string]string{"f": file})
		if p := findings[0].Position; p.Width > 0 && p.Column-1 > len([]rune(findings[0].Excerpt)) {
			t.Errorf("%+v of %q", p, findings[0].Excerpt)
		}
		if err := report.Text(io.Discard, findings); err != nil {
			t.Error(err)
		}
	})
}
