package dataset

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever bytes a CSV begins with, its header is refused or names columns that
// SQL can tell apart.
func FuzzCSVHeader(f *testing.F) {
	for _, seed := range []string{
		"", "a,b\n1,2\n", "\ufeffa;b\r\n", "\"a\nb\",c\n", "\"a\"\"b\"\n", "a,a\n", ",\n", "\n\n", "\r", "caf\xe9\n", "\x00\x01", "PAR1", "\x1f\x8b\x08",
	} {
		for _, delimiter := range []string{"", ";", "\t", "|", "é", "\""} {
			f.Add([]byte(seed), delimiter)
		}
	}
	f.Fuzz(func(t *testing.T, content []byte, delimiter string) {
		columns, err := parseHeader(strings.NewReader(string(content)), delimiter)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, column := range columns {
			lower := strings.ToLower(column.Name)
			if strings.TrimSpace(column.Name) == "" || !utf8.ValidString(column.Name) || seen[lower] {
				t.Fatalf("column %q of %q", column.Name, content)
			}
			seen[lower] = true
		}
		if len(columns) == 0 {
			t.Fatalf("no column and no error for %q", content)
		}
	})
}

// An escaped path matches itself and nothing else.
func FuzzEscapeGlob(f *testing.F) {
	f.Add("a[1].csv", "a1.csv")
	f.Add("*", "x")
	f.Add("a?[b-c]", "axb")
	f.Fuzz(func(t *testing.T, path, other string) {
		if strings.Contains(path, `\`) || !utf8.ValidString(path) {
			t.Skip("a backslash is a separator on one system and an escape on the others")
		}
		if ok, err := filepath.Match(escapeGlob(path), path); err != nil || !ok {
			t.Errorf("%q does not match itself: %v", path, err)
		}
		if ok, err := filepath.Match(escapeGlob(path), other); err != nil || ok != (other == path) {
			t.Errorf("%q matches %q: %v, %v", path, other, ok, err)
		}
	})
}
