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
		fmt.Fprintf(&b, "\n        %s%s\n", Printable(f.where()), Printable(f.Message))
		if shown := f.underlined(); shown != "" {
			fmt.Fprintf(&b, "          %s\n", strings.ReplaceAll(shown, "\n", "\n          "))
		}
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

// where names the data that a finding is about, as a prefix to its message.
func (f Finding) where() string {
	place := strings.TrimSpace(f.Source + " " + f.Partition)
	if place == "" {
		return ""
	}
	return place + ": "
}

// JSON writes any value, indented, for programs.
func JSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// Printable replaces what would steer a terminal or hide text: control
// characters, line ends, bidirectional overrides and code points that are no
// characters, which XML does not allow, become visible escapes.
func Printable(text string) string {
	clean := func(r rune) bool {
		return r != unicode.ReplacementChar && !unicode.IsControl(r) && !unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Noncharacter_Code_Point)
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
