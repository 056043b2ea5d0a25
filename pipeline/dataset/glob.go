package dataset

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// match finds the files of a pattern. A file that is called exactly so comes
// first: names may contain the characters of patterns, and so may the root.
func match(root, pattern string) ([]string, error) {
	literal, glob := below(root, pattern)
	if _, err := os.Lstat(literal); err == nil {
		return []string{literal}, nil
	}
	return filepath.Glob(glob)
}

// below is a pattern seen from the root: as the name of one file, and as a glob.
func below(root, pattern string) (literal, glob string) {
	if filepath.IsAbs(pattern) {
		return pattern, pattern
	}
	return filepath.Join(root, pattern), filepath.Join(escapeGlob(root), pattern)
}

// Names reports whether a pattern, as [Spec] has them, names a file: by whatever
// path, and also where the file is not there yet and would be read from then on.
func Names(root, pattern, file string) bool {
	root, err := filepath.Abs(root)
	if err != nil {
		return false
	}
	if file, err = filepath.Abs(file); err != nil {
		return false
	}
	pattern = filepath.FromSlash(pattern)
	literal, glob := below(root, pattern)
	if matched, err := filepath.Match(glob, file); file == filepath.Clean(literal) || err == nil && matched {
		return true
	}
	there, err := os.Stat(file)
	if err != nil {
		return false
	}
	paths, err := match(root, pattern)
	return err == nil && slices.ContainsFunc(paths, func(path string) bool {
		named, err := os.Stat(path)
		return err == nil && os.SameFile(there, named)
	})
}

// escapeGlob makes a path a pattern that matches that path alone, in Go's
// globs and in DuckDB's.
func escapeGlob(path string) string {
	return strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]").Replace(path)
}
