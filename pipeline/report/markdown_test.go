package report_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/pipeline/report/reporttest"
)

func ExampleMarkdownPage() {
	fmt.Print(report.MarkdownPage([]report.Finding{{
		Code: "contract/type", Severity: report.Error, Position: report.Position{File: "contracts/flights.odcs.yaml", Line: 31, Column: 7},
		Source: "flights", Column: "distance", Count: 2, Message: "2 values are no integer", Remedy: "correct the values",
		Samples: []string{`row 17: "12|5"`, `row 90: "<b>"`},
	}}, 1000))
	// Output:
	// #### contracts/flights.odcs.yaml
	//
	// | | rule | where | what is wrong | what to do |
	// |---|---|---|---|---|
	// | **error** | contract/type | 31:7, flights, distance, 2 rows | 2 values are no integer | correct the values |
	//
	// <details><summary>2 samples</summary>
	//
	// | rule | where | sample |
	// |---|---|---|
	// | contract/type | 31:7, flights, distance, 2 rows | row 17: "12\|5" |
	// | contract/type | 31:7, flights, distance, 2 rows | row 90: "&lt;b&gt;" |
	//
	// </details>
}

// Whatever data hold, GitHub shows it and does nothing else with it.
func TestMarkdownTextIsLiteral(t *testing.T) {
	for _, text := range reporttest.Naughty() {
		checkLiteral(t, text)
	}
}

func FuzzMarkdownTextIsLiteral(f *testing.F) {
	for _, text := range reporttest.Hostile() {
		f.Add(text)
	}
	f.Add(":a:b:c:d:e:")
	f.Fuzz(checkLiteral)
}

func checkLiteral(t *testing.T, text string) {
	t.Helper()
	shown, err := reporttest.Inline(report.MarkdownText(text))
	if err != nil {
		t.Error(err)
	} else if shown != report.Printable(text) {
		t.Errorf("%q is shown as %q", text, shown)
	}
}

// The model must find what it guards against.
func TestTheModelFindsMarkup(t *testing.T) {
	for _, line := range []string{
		"<b>", "a|b", "`a`", "*a*", "_a_", "[a]", "~a~", "$a$", "a & b", "&unheard;", "@octocat", "#1", "GH-1", ":tada:", "https://a",
		"www.a", "mailto:a", "\u202ea", "\x1b", "a\\\\|b",
	} {
		if text, err := reporttest.Inline(line); err == nil {
			t.Errorf("%q passes as the text %q", line, text)
		}
	}
	for _, page := range []string{"- a", "1. a", "    a", "> a", "---", "===", "</details>", "<details><summary>a</summary>", "| a | b |\n|---|---|\n| a |", "\ta", "##### a"} {
		if _, err := reporttest.Page(page); err == nil {
			t.Errorf("%q passes as a page", page)
		}
	}
}

func TestPagesHoldEveryTextAndNoMarkupOfTheirs(t *testing.T) {
	for _, text := range reporttest.Naughty() {
		page := report.MarkdownPage([]report.Finding{{
			Code: text, Severity: report.Warning, Message: text, Remedy: text, Source: text, Partition: text, Column: text, Waived: text,
			Position: report.Position{File: "x" + text, Line: 100, Column: 7}, Samples: []string{text, text},
		}}, 1<<20)
		texts, err := reporttest.Page(page)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if want := strings.TrimSpace(report.Printable(text)); len(text) < 1000 && !slices.Contains(texts, want) {
			t.Errorf("%q is not on the page %q", want, texts)
		}
		texts, err = reporttest.GFM(page)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		} else if want := strings.TrimSpace(report.Printable(text)); len(text) < 1000 && !slices.Contains(texts, want) {
			t.Errorf("a parser of GitHub's Markdown does not show %q, but %q", want, texts)
		}
	}
}

func TestPagesKeepTheirLimitHonestly(t *testing.T) {
	var findings []report.Finding
	for i := range 500 {
		severity := []report.Severity{report.Error, report.Warning, report.Info}[i%3]
		findings = append(findings, report.Finding{
			Code: "a/b", Severity: severity, Message: fmt.Sprintf("%s number %d é", severity, i), Samples: []string{"one", "two"},
			Position: report.Position{File: fmt.Sprint("file", i%5), Line: i + 1},
		})
	}
	whole := report.MarkdownPage(findings, 1<<20)
	if strings.Contains(whole, "+") || strings.Count(whole, "number") != 500 || strings.Count(whole, "<details>") != 5 {
		t.Errorf("the whole page is cut")
	}
	if page := report.MarkdownPage(findings, len(whole)-1); !strings.Contains(page, "+1000 samples") || strings.Count(page, "number") != 500 {
		t.Errorf("samples go first: %s", page[len(page)-100:])
	}
	for _, limit := range []int{20_000, 5_000, 1_000, 300} {
		page := report.MarkdownPage(findings, limit)
		shown := strings.Count(page, "number")
		if len(page) > limit {
			t.Errorf("%d bytes of %d", len(page), limit)
		}
		if !strings.Contains(page, fmt.Sprintf("+%d findings more", 500-shown)) {
			t.Errorf("the page of %d bytes shows %d and ends %q", limit, shown, page[max(0, len(page)-100):])
		}
		if shown <= 166 && strings.Contains(page, "warning number") {
			t.Error("a warning took an error's place")
		}
		if _, err := reporttest.Page(page); err != nil {
			t.Error(err)
		}
	}
	if page := report.MarkdownPage(nil, 100); page != "" {
		t.Errorf("nothing is rendered as %q", page)
	}
}

// One value of a megabyte takes no room from the others.
func TestLongTextsAreCutBetweenCharacters(t *testing.T) {
	long := strings.Repeat("é", 1<<19)
	page := report.MarkdownPage([]report.Finding{{Code: "a/b", Severity: report.Error, Message: long}, {Code: "a/c", Severity: report.Error, Message: "short"}}, 65_536)
	if !strings.Contains(page, "short") || !strings.Contains(page, "more bytes") || strings.ContainsRune(page, '\ufffd') {
		t.Errorf("page of %d bytes", len(page))
	}
}
