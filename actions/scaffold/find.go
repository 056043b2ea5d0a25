package scaffold

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/actions/internal/command"
)

// files are the data files of one table.
type files struct {
	// patterns are their paths, or globs for them, as pipeline.yaml names them:
	// relative to the folder, with slashes.
	patterns []string
	// names are the files themselves, relative to the folder, sorted.
	names []string
	// title is what the table may be called after.
	title string
	// guessed says that no argument named the files. They must then have one
	// header to be one table.
	guessed bool
}

const (
	// maxVisited bounds the search for data below a folder: past it, a folder is
	// no repository to begin in, and naming the file is quicker.
	maxVisited = 20000
	// maxListed is how many candidates an error lists.
	maxListed = 10
)

var (
	dataFile = regexp.MustCompile(`(?i)(\.(csv|jsonl|ndjson)(\.gz|\.zst)?|\.parquet)$`)
	// notData are folders whose files belong to somebody else.
	notData = []string{"node_modules", "vendor", "venv", "site-packages"}
	// keyed is a folder of the Hive layout, as in date=2013-10-01.
	keyed = regexp.MustCompile(`^([^=]+)=.+$`)
)

// find resolves the arguments to the files of one table; without arguments it
// looks for the only table there is.
func find(dir string, arguments []string) (*files, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, command.UsageError(fmt.Errorf("--dir %q is not a folder; make it, with the data in it", dir))
	}
	if len(arguments) == 0 {
		return search(dir, ".")
	}
	if len(arguments) == 1 {
		if info, err := os.Stat(arguments[0]); err == nil && info.IsDir() {
			below, err := inside(dir, arguments[0])
			if err != nil {
				return nil, err
			}
			return search(dir, below)
		}
	}
	f := &files{}
	for _, argument := range arguments {
		names, err := named(dir, argument)
		if err != nil {
			return nil, err
		}
		if len(names) == 1 && names[0].exact {
			f.patterns = append(f.patterns, literal(names[0].path))
		} else {
			pattern, err := inside(dir, argument)
			if err != nil {
				return nil, err
			}
			f.patterns = append(f.patterns, pattern)
		}
		for _, name := range names {
			f.names = append(f.names, name.path)
		}
	}
	slices.Sort(f.names)
	f.names = slices.Compact(f.names)
	f.title = title(dir, f.names)
	f.generalise(dir)
	return f, nil
}

type match struct {
	path  string
	exact bool
}

// named is the file that an argument names, or the files that it matches.
func named(dir, argument string) ([]match, error) {
	paths, exact := []string{argument}, true
	if info, err := os.Stat(argument); errors.Is(err, fs.ErrNotExist) {
		exact = false
		if paths, err = filepath.Glob(argument); err != nil || len(paths) == 0 {
			return nil, command.UsageError(fmt.Errorf("there is no file %q; name the data's file, as in data/customers.csv", argument))
		}
	} else if err != nil {
		return nil, command.UsageError(err)
	} else if info.IsDir() {
		return nil, command.UsageError(fmt.Errorf("%q is a folder; name the files in it, as in %q", argument, filepath.Join(argument, "*.csv")))
	}
	var matches []match
	for _, path := range paths {
		relative, err := inside(dir, path)
		if err != nil {
			return nil, err
		}
		if !dataFile.MatchString(path) {
			return nil, command.UsageError(fmt.Errorf("the name of %q does not tell its format; linecook reads .csv and .jsonl (also .gz and .zst) and .parquet", path))
		}
		matches = append(matches, match{relative, exact})
	}
	return matches, nil
}

// inside is a path relative to the folder. Data outside it would be missing
// wherever else the repository is checked out.
func inside(dir, path string) (string, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	relative, err := filepath.Rel(root, full)
	if err != nil || !filepath.IsLocal(relative) {
		return "", command.UsageError(fmt.Errorf("%q lies outside the folder %q; put the data into it, so that a runner finds it too", path, dir))
	}
	return filepath.ToSlash(relative), nil
}

var globSigns = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)

// literal is the glob that matches this path alone.
func literal(path string) string { return globSigns.Replace(path) }

// generalise writes several files as one glob where the folder holds no other
// that it matches: tomorrow's file then belongs to the table too.
func (f *files) generalise(dir string) {
	if len(f.names) < 2 {
		return
	}
	pattern := family(f.names[0])
	for _, name := range f.names {
		if family(name) != pattern {
			return
		}
	}
	matches, err := filepath.Glob(filepath.Join(literal(filepath.ToSlash(dir)), filepath.FromSlash(pattern)))
	if err == nil && len(matches) == len(f.names) {
		f.patterns = []string{pattern}
	}
}

// family is the glob of the files that lie and end like this one.
func family(name string) string {
	folders := strings.Split(name, "/")
	last := len(folders) - 1
	for i, folder := range folders[:last] {
		if parts := keyed.FindStringSubmatch(folder); parts != nil {
			folders[i] = literal(parts[1]) + "=*"
		} else {
			folders[i] = literal(folder)
		}
	}
	folders[last] = "*" + dataFile.FindString(folders[last])
	return strings.Join(folders, "/")
}

// search finds the families of data files below a folder and settles on the
// only one; which files of a family make a table is for their headers to say.
func search(dir, below string) (*files, error) {
	var names []string
	visited := 0
	err := filepath.WalkDir(filepath.Join(dir, filepath.FromSlash(below)), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		visited++
		base := entry.Name()
		switch {
		case visited > maxVisited:
			return fmt.Errorf("there are more than %d files below %q", maxVisited, dir)
		case entry.IsDir() && visited > 1 && (strings.HasPrefix(base, ".") || slices.Contains(notData, base)):
			return fs.SkipDir
		case !entry.IsDir() && !strings.HasPrefix(base, ".") && dataFile.MatchString(base):
			relative, err := filepath.Rel(dir, path)
			names = append(names, filepath.ToSlash(relative))
			return err
		}
		return nil
	})
	if err != nil {
		return nil, command.UsageError(fmt.Errorf("look for data: %w; name the file, as in `linecook init data/customers.csv`", err))
	}
	if len(names) == 0 {
		return nil, command.UsageError(fmt.Errorf("there is no .csv, .jsonl or .parquet file below %q; put the data there, or name its file", filepath.Join(dir, below)))
	}
	slices.Sort(names)
	families := map[string]bool{}
	for _, name := range names {
		families[family(name)] = true
	}
	if len(families) > 1 {
		return nil, ambiguous(names)
	}
	f := &files{names: names, patterns: []string{literal(names[0])}, title: title(dir, names), guessed: true}
	f.generalise(dir)
	return f, nil
}

func ambiguous(names []string) error {
	listed := names[:min(len(names), maxListed)]
	more := ""
	if n := len(names) - len(listed); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return command.UsageError(fmt.Errorf("there is more than one table here: %s%s; name the one with a row for each prediction, as in `linecook init %s`",
		strings.Join(listed, ", "), more, shellWord(names[0])))
}

// title is the name of the one file, or of the folder that holds several.
func title(dir string, names []string) string {
	if len(names) == 1 {
		base := filepath.Base(filepath.FromSlash(names[0]))
		return strings.TrimSuffix(base, dataFile.FindString(base))
	}
	for _, folder := range slices.Backward(strings.Split(names[0], "/")[:strings.Count(names[0], "/")]) {
		if !keyed.MatchString(folder) && folder != "data" {
			return folder
		}
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	return filepath.Base(absolute)
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./@%+=:,-]+$`)

// shellWord quotes a word for a shell.
func shellWord(word string) string {
	if plainWord.MatchString(word) && !strings.HasPrefix(word, "-") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
