package validation

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/report"
)

const (
	requirementCode = "repository/unpinned-requirement"
	lockCode        = "repository/no-lock-file"
)

var (
	// exact is one requirement with one version, as name[extra]==1.2.3, whatever
	// it is conditional on.
	exact = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[^\]]*\])?\s*={2,3}\s*[A-Za-z0-9!+._-]+\s*(;.*)?$`)
	// fixedURL is a requirement from an address whose content cannot change.
	fixedURL  = regexp.MustCompile(`(@[0-9a-f]{40}([#;\s]|$))|(#(.*&)?sha256=[0-9a-f]{64})`)
	hashUse   = regexp.MustCompile(`\s*--hash[= ]\s*[a-z0-9]+:[0-9a-f]+`)
	pipOption = regexp.MustCompile(`^(-[a-zA-Z]|--[a-z-]+)`)
)

// A requirement is one logical line of a requirements file.
type requirement struct {
	line int
	text string
	// hashed says that its content is bound by a digest.
	hashed bool
}

// requirements are the lines of a pip requirements file that name something to
// install. A comment begins a line or follows white space; a backslash continues
// a line.
func requirements(text string) []requirement {
	var found []requirement
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		start, logical := i+1, uncommented(lines[i])
		for strings.HasSuffix(logical, "\\") && i+1 < len(lines) {
			i++
			logical = strings.TrimSuffix(logical, "\\") + " " + uncommented(lines[i])
		}
		logical = strings.TrimSpace(strings.TrimSuffix(logical, "\\"))
		if logical == "" {
			continue
		}
		bare := strings.TrimSpace(hashUse.ReplaceAllString(logical, ""))
		found = append(found, requirement{line: start, text: bare, hashed: bare != logical})
	}
	return found
}

var comment = regexp.MustCompile(`(^|\s)#.*$`)

func uncommented(line string) string { return strings.TrimSpace(comment.ReplaceAllString(line, "")) }

// Requirements checks that a requirements file names one version of everything:
// a trainer that installs another one tomorrow gives another model.
func Requirements(file string, text []byte) []report.Finding {
	all := requirements(string(text))
	hashes := 0
	for _, r := range all {
		if r.hashed {
			hashes++
		}
	}
	var findings []report.Finding
	find := func(r requirement, remedy, format string, values ...any) {
		findings = append(findings, report.Finding{
			Code: requirementCode, Severity: report.Error, Position: report.Position{File: file, Line: r.line, Column: 1},
			Message: fmt.Sprintf(format, values...), Remedy: remedy,
		})
	}
	for _, r := range all {
		target, editable := strings.CutPrefix(r.text, "-e")
		if !editable {
			target, editable = strings.CutPrefix(r.text, "--editable")
		}
		target = strings.TrimLeft(target, " =")
		switch {
		case !editable && pipOption.MatchString(r.text):
			// An option installs nothing; a file that it names is checked by itself.
		case local(target):
			// What stands in the repository is of its commit.
		case strings.Contains(target, "://"):
			if !fixedURL.MatchString(target) && !r.hashed {
				find(r, "name the full commit, or the file's sha256", "%q may be something else tomorrow", r.text)
			}
		case !exact.MatchString(target):
			find(r, "write the version that is installed now, as name==1.2.3, or compile the file with pip-compile or uv pip compile", "%q is not one version", r.text)
		case hashes > 0 && !r.hashed:
			find(r, "add its hashes, or take those of the others away", "%q has no hash, and others in the file have: pip refuses that", r.text)
		}
	}
	return findings
}

func local(target string) bool {
	return target == "." || strings.HasPrefix(target, "./") || strings.HasPrefix(target, "../") || strings.HasPrefix(target, ".[")
}

// A dependency is one entry of a pyproject.toml.
type dependency struct {
	line   int
	text   string
	pinned bool
}

var (
	tomlTable = regexp.MustCompile(`^\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$`)
	tomlKey   = regexp.MustCompile(`^\s*([A-Za-z0-9_."' -]+?)\s*=\s*(.*)$`)
	tomlText  = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"|'([^']*)'`)
)

// dependencies are what a pyproject.toml asks for: those of the project and of
// its extras and groups, and Poetry's. What only builds the project is left out.
func dependencies(text string) []dependency {
	var found []dependency
	table := ""
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if match := tomlTable.FindStringSubmatch(line); match != nil {
			table = bareKey(match[1])
			continue
		}
		match := tomlKey.FindStringSubmatch(line)
		if match == nil || strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		key := bareKey(table + "." + match[1])
		switch {
		case isPoetry(key):
			name := key[strings.LastIndexByte(key, '.')+1:]
			if name != "python" {
				found = append(found, dependency{line: i + 1, text: name + " = " + strings.TrimSpace(match[2])})
			}
		case isArray(key) && strings.HasPrefix(match[2], "["):
			depth := 0
			for rest := match[2]; ; rest = lines[i] {
				outside := tomlText.ReplaceAllString(rest, "")
				outside, _, _ = strings.Cut(outside, "#")
				for _, item := range tomlText.FindAllStringSubmatch(beforeComment(rest), -1) {
					entry := item[1] + item[2]
					found = append(found, dependency{line: i + 1, text: entry, pinned: exact.MatchString(entry) || fixedURL.MatchString(entry)})
				}
				depth += strings.Count(outside, "[") - strings.Count(outside, "]")
				if depth <= 0 || i+1 >= len(lines) {
					break
				}
				i++
			}
		}
	}
	return found
}

// beforeComment is a line without its comment; a # inside quotes begins none.
func beforeComment(line string) string {
	masked := tomlText.ReplaceAllStringFunc(line, func(text string) string { return strings.Repeat("x", len(text)) })
	if i := strings.IndexByte(masked, '#'); i >= 0 {
		return line[:i]
	}
	return line
}

// bareKey is a dotted key without quotes and spaces.
func bareKey(key string) string {
	return strings.Trim(strings.NewReplacer(`"`, "", "'", "", " ", "", "\t", "").Replace(key), ".")
}

func isArray(key string) bool {
	return key == "project.dependencies" || strings.HasPrefix(key, "project.optional-dependencies.") || strings.HasPrefix(key, "dependency-groups.")
}

var poetry = regexp.MustCompile(`^tool\.poetry\.(group\.[^.]+\.)?(dev-)?dependencies\.[^.]+$`)

func isPoetry(key string) bool { return poetry.MatchString(key) }

// Project checks that a pyproject.toml whose dependencies are ranges is locked:
// locked says that a lock file stands with it.
func Project(file string, text []byte, locked bool) []report.Finding {
	var open []dependency
	all := dependencies(string(text))
	for _, d := range all {
		if !d.pinned {
			open = append(open, d)
		}
	}
	if locked || len(open) == 0 {
		return nil
	}
	return []report.Finding{{
		Code: lockCode, Severity: report.Error, Position: report.Position{File: file, Line: open[0].line, Column: 1},
		Message: fmt.Sprintf("%d of %d dependencies are not one version, first %q, and there is no lock file", len(open), len(all), open[0].text),
		Remedy:  "commit the lock file: uv.lock, poetry.lock, pdm.lock, pylock.toml, or a compiled requirements.txt",
	}}
}
