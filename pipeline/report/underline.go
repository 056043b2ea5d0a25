package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Span is a part of a text that stands in a file: of an SQL expression in YAML,
// or of a whole file.
type Span struct {
	// Text is the whole text, as it is understood.
	Text string
	// At and Width are where the part begins in it, and its length, in bytes.
	At, Width int
}

// Underline finds the parts that findings are about in the files that they stand
// in: it moves a finding's position, which is where the text begins, to the part,
// and keeps the line, so that people see it underlined. texts are by file, as
// positions name it.
func Underline(findings []Finding, texts map[string]string) {
	for i := range findings {
		f := &findings[i]
		text, known := texts[f.Position.File]
		if !known || f.Span == nil || f.Position.Line == 0 || f.Position.Column == 0 {
			continue
		}
		start, end, found := f.Span.find(text, offset(text, f.Position))
		if !found {
			continue
		}
		line := strings.LastIndexByte(text[:start], '\n') + 1
		whole, _, _ := strings.Cut(text[line:], "\n")
		f.Excerpt = strings.TrimRight(whole, "\r")
		f.Position.Line = strings.Count(text[:start], "\n") + 1
		f.Position.Column = utf8.RuneCountInString(text[line:start]) + 1
		// A part over several lines is underlined to the end of the first.
		f.Position.Width = max(1, utf8.RuneCountInString(text[start:min(end, line+len(f.Excerpt))]))
	}
}

// offset is where a position is in a text, in bytes.
func offset(text string, p Position) int {
	at := 0
	for range p.Line - 1 {
		next := strings.IndexByte(text[at:], '\n')
		if next < 0 {
			return len(text)
		}
		at += next + 1
	}
	for range p.Column - 1 {
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	return min(at, len(text))
}

// find is where the part is in the file. What stands there may have more than the
// text that it is understood as: quotes, escapes, indentation, line ends for
// spaces. Such characters are passed over.
func (s Span) find(file string, at int) (start, end int, found bool) {
	if at < len(file) && (file[at] == '|' || file[at] == '>') {
		// The header of a block in YAML.
		next := strings.IndexByte(file[at:], '\n')
		if next < 0 {
			return 0, 0, false
		}
		at += next + 1
	}
	last := min(s.At+max(1, s.Width), len(s.Text))
	start = -1
	for i := 0; i < last; {
		want, size := utf8.DecodeRuneInString(s.Text[i:])
		if at >= len(file) {
			return 0, 0, false
		}
		have, width := utf8.DecodeRuneInString(file[at:])
		if unicode.IsSpace(want) {
			// A space may be a line end there, or several.
			if !unicode.IsSpace(have) {
				i += size
				if have == '\\' {
					at += width
				}
				continue
			}
			for at < len(file) && unicode.IsSpace(have) {
				at += width
				have, width = utf8.DecodeRuneInString(file[at:])
			}
			for i < last && unicode.IsSpace(want) {
				i += size
				want, size = utf8.DecodeRuneInString(s.Text[i:])
			}
			continue
		}
		if want == have {
			if i <= s.At && s.At < i+size {
				start = at
			}
			i += size
			end = at + width
		}
		at += width
	}
	if start < 0 {
		// The part is a space, or the text ends before it.
		return 0, 0, false
	}
	return start, end, true
}

// longestExcerpt is how many characters of a line are shown.
const longestExcerpt = 120

// underlined is the line with the part underlined, for people; it is empty where
// there is none.
func (f Finding) underlined() string {
	if f.Excerpt == "" || f.Position.Width == 0 {
		return ""
	}
	line := []rune(f.Excerpt)
	from := min(f.Position.Column-1, len(line))
	to := min(from+f.Position.Width, len(line))
	first := 0
	for first < from && unicode.IsSpace(line[first]) {
		first++
	}
	before, after := "", ""
	if len(line)-first > longestExcerpt {
		if from-first > longestExcerpt/3 {
			first, before = from-longestExcerpt/3, "… "
		}
		if last := first + longestExcerpt; last < len(line) {
			line, after = line[:max(last, min(to, last+longestExcerpt))], " …"
			to = min(to, len(line))
		}
	}
	number := fmt.Sprint(f.Position.Line)
	margin := strings.Repeat(" ", len(number))
	left := before + Printable(string(line[first:from]))
	part := Printable(string(line[from:to]))
	return fmt.Sprintf("%s | %s%s%s%s\n%s | %s%s", number, left, part, Printable(string(line[to:])), after,
		margin, strings.Repeat(" ", utf8.RuneCountInString(left)), strings.Repeat("^", max(1, utf8.RuneCountInString(part))))
}
