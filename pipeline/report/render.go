package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Count says how many findings there are of each severity, as "2 errors, 1
// warning".
func Count(findings []Finding) string {
	var parts []string
	for _, severity := range []Severity{Error, Warning, Info} {
		n := 0
		for _, f := range findings {
			if f.Severity == severity {
				n++
			}
		}
		switch {
		case n == 1:
			parts = append(parts, "1 "+string(severity))
		case n > 1 && severity == Info:
			parts = append(parts, fmt.Sprintf("%d notes", n))
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", n, severity))
		}
	}
	if len(parts) == 0 {
		return "no findings"
	}
	return strings.Join(parts, ", ")
}

// Text writes findings for people to read in a terminal.
func Text(w io.Writer, findings []Finding) error {
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "%-7s %s", f.Severity, Printable(f.Code))
		if place := f.Position.String(); place != "" {
			fmt.Fprintf(&b, "  %s", Printable(place))
		}
		fmt.Fprintf(&b, "\n        %s\n", Printable(f.Message))
		for _, sample := range f.Samples {
			fmt.Fprintf(&b, "          %s\n", Printable(sample))
		}
		if f.Remedy != "" {
			fmt.Fprintf(&b, "        → %s\n", Printable(f.Remedy))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// JSON writes any value, indented, for programs.
func JSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// Markdown writes findings as a table, for step summaries and comments.
func Markdown(w io.Writer, findings []Finding) error {
	var b strings.Builder
	b.WriteString("| | where | what | remedy |\n|---|---|---|---|\n")
	for _, f := range findings {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", f.Severity, MarkdownText(f.Position.String()), MarkdownText(f.Message), MarkdownText(f.Remedy))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// markdownEscapes are the characters that mean something to GitHub's Markdown
// inside a table cell, HTML and mentions included.
var markdownEscapes = strings.NewReplacer(
	"\\", "\\\\", "`", "\\`", "*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]", "(", "\\(", ")", "\\)",
	"|", "\\|", "~", "\\~", "#", "\\#", "!", "\\!", "$", "\\$", "&", "&amp;", "<", "&lt;", ">", "&gt;",
	"@", "@&#8203;", "://", ":&#8203;//",
)

// MarkdownText makes foreign text harmless and literal in Markdown.
func MarkdownText(text string) string { return markdownEscapes.Replace(Printable(text)) }

// Printable replaces what would steer a terminal or hide text: control
// characters, line ends and bidirectional overrides become visible escapes.
func Printable(text string) string {
	clean := func(r rune) bool {
		return r != unicode.ReplacementChar && !unicode.IsControl(r) && !unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
	}
	if strings.IndexFunc(text, func(r rune) bool { return !clean(r) }) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if clean(r) {
			b.WriteRune(r)
		} else {
			quoted := fmt.Sprintf("%q", string(r))
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}
