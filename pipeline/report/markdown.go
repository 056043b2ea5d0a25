package report

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Markdown writes findings as one table.
func Markdown(w io.Writer, findings []Finding) error {
	var b strings.Builder
	b.WriteString("| | where | what | remedy |\n|---|---|---|---|\n")
	for _, f := range findings {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", f.Severity, MarkdownText(f.Position.String()), MarkdownText(f.Message), MarkdownText(f.Remedy))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// maxCell bounds one text of a page in bytes, so that one finding cannot crowd
// out the others.
const maxCell = 2000

// MarkdownPage renders findings for a step summary or a comment in at most limit
// bytes: a table for each file, the file with the most serious finding first,
// and the samples folded away below it. Where that is too long the samples are
// left out, and then the least serious findings; the page's end says how many.
func MarkdownPage(findings []Finding, limit int) string {
	findings = slices.Clone(findings)
	Sort(findings)
	rows := make([]markdownRow, len(findings))
	for i, f := range findings {
		rows[i] = markdownRowOf(f)
	}
	if page := markdownPage(rows, len(rows), true); len(page) <= limit {
		return page
	}
	shown := sort.Search(len(rows), func(n int) bool {
		return len(markdownPage(rows, n+1, false)) > limit
	})
	return markdownPage(rows, shown, false)
}

// A markdownRow is a finding's rows in the tables of a page.
type markdownRow struct {
	file    string
	text    string
	samples []string
}

func markdownRowOf(f Finding) markdownRow {
	rule, place := MarkdownText(clip(f.Code)), MarkdownText(clip(placeOf(f)))
	row := markdownRow{file: f.Position.File}
	row.text = fmt.Sprintf("| %s | %s | %s | %s | %s |\n", markdownSeverity(f.Severity), rule, place, MarkdownText(clip(f.Message)), MarkdownText(clip(advice(f))))
	for _, sample := range f.Samples {
		row.samples = append(row.samples, fmt.Sprintf("| %s | %s | %s |\n", rule, place, MarkdownText(clip(sample))))
	}
	return row
}

// markdownPage renders the first shown of the rows.
func markdownPage(rows []markdownRow, shown int, samples bool) string {
	var b strings.Builder
	files := []string{}
	groups := map[string][]markdownRow{}
	dropped := 0
	for _, row := range rows[:shown] {
		if groups[row.file] == nil {
			files = append(files, row.file)
		}
		groups[row.file] = append(groups[row.file], row)
		dropped += len(row.samples)
	}
	for _, file := range files {
		heading := "Not in a file"
		if file != "" {
			heading = MarkdownText(clip(file))
		}
		fmt.Fprintf(&b, "#### %s\n\n", heading)
		b.WriteString("| | rule | where | what is wrong | what to do |\n|---|---|---|---|---|\n")
		for _, row := range groups[file] {
			b.WriteString(row.text)
		}
		b.WriteString("\n")
		if samples {
			markdownSamples(&b, groups[file])
		}
	}
	switch left := len(rows) - shown; {
	case left > 0:
		fmt.Fprintf(&b, "+%s more, and no samples: the page has no room for them.\n\n", plural(left, "finding"))
	case !samples && dropped > 0:
		fmt.Fprintf(&b, "+%s: the page has no room for them.\n\n", plural(dropped, "sample"))
	}
	return b.String()
}

func markdownSamples(b *strings.Builder, rows []markdownRow) {
	var samples []string
	for _, row := range rows {
		samples = append(samples, row.samples...)
	}
	if len(samples) == 0 {
		return
	}
	fmt.Fprintf(b, "<details><summary>%s</summary>\n\n| rule | where | sample |\n|---|---|---|\n", plural(len(samples), "sample"))
	for _, row := range samples {
		b.WriteString(row)
	}
	b.WriteString("\n</details>\n\n")
}

// placeOf is a finding's place below its file, and the data that it is about.
func placeOf(f Finding) string {
	var parts []string
	switch {
	case f.Position.Line > 0 && f.Position.Column > 0:
		parts = append(parts, fmt.Sprintf("%d:%d", f.Position.Line, f.Position.Column))
	case f.Position.Line > 0:
		parts = append(parts, strconv.Itoa(f.Position.Line))
	}
	for _, text := range []string{f.Source, f.Partition, f.Column} {
		if text != "" {
			parts = append(parts, text)
		}
	}
	if f.Count > 0 {
		parts = append(parts, plural(int(f.Count), "row"))
	}
	return strings.Join(parts, ", ")
}

// advice is what to do about a finding, or why nothing has to be done.
func advice(f Finding) string {
	if f.Waived == "" {
		return f.Remedy
	}
	return strings.TrimSpace("waived " + f.Waived + ". " + f.Remedy)
}

func markdownSeverity(s Severity) string {
	if s == Error {
		return "**error**"
	}
	return string(s)
}

func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// clip shortens a text to about maxCell bytes, between characters, and says by
// how much.
func clip(text string) string {
	if len(text) <= maxCell {
		return text
	}
	keep := maxCell
	for keep > 0 && !utf8.RuneStart(text[keep]) {
		keep--
	}
	return fmt.Sprintf("%s … (+%d more bytes)", text[:keep], len(text)-keep)
}

// apart is what keeps two characters apart and shows nothing. GitHub looks for
// mentions, references and emoji in the rendered text, where an escape of
// Markdown's is gone.
const apart = "\u200b"

// references are what GitHub turns into a link, a notification or a picture
// although it is no Markdown. A commit's digits are left out: they lead to a
// commit of this very repository or nowhere, and a count of rows has them too.
var references = []struct {
	pattern *regexp.Regexp
	apart   string
}{
	{regexp.MustCompile(`@`), "@" + apart},                           // @person, person@example.com, owner/repo@commit
	{regexp.MustCompile(`#`), "#" + apart},                           // #1, owner/repo#1
	{regexp.MustCompile(`(?i)\b(GH)-`), "${1}" + apart + "-"},        // GH-1
	{regexp.MustCompile(`:(/)`), ":" + apart + "${1}"},               // https://
	{regexp.MustCompile(`(?i)(www)\.`), "${1}" + apart + "."},        // www.example.com
	{regexp.MustCompile(`(?i)(mailto|xmpp):`), "${1}" + apart + ":"}, // mailto:
	{emoji, ":" + apart + "${1}"},                                    // :tada:, and :100: of file:100:7
	{emoji, ":" + apart + "${1}"},                                    // :b: of :a:b:, whose colon :a: has taken
}

var emoji = regexp.MustCompile(`:([A-Za-z0-9_+-]+:)`)

// markdownEscapes are the characters that mean something to GitHub's Markdown
// inside a line, HTML included.
var markdownEscapes = strings.NewReplacer(
	"\\", "\\\\", "`", "\\`", "*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]", "(", "\\(", ")", "\\)",
	"|", "\\|", "~", "\\~", "#", "\\#", "!", "\\!", "$", "\\$", "&", "&amp;", "<", "&lt;", ">", "&gt;",
	apart, "&#8203;",
)

// MarkdownText makes foreign text harmless and literal in a line of Markdown: in
// a table's cell, a heading, or a paragraph after other text.
func MarkdownText(text string) string {
	text = Printable(text)
	for _, r := range references {
		text = r.pattern.ReplaceAllString(text, r.apart)
	}
	return markdownEscapes.Replace(text)
}
