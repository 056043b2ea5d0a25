package validation

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// A Repository is what was looked at in a whole repository.
type Repository struct {
	Workflows    int `json:"workflows"`
	Actions      int `json:"actions"`
	Environments int `json:"environments"`
	Pipelines    int `json:"pipelines"`
	Contracts    int `json:"contracts"`
	Policies     int `json:"policies"`

	Findings []report.Finding `json:"-"`
	// PolicyFolders are the folders called policy that hold Rego.
	PolicyFolders []string `json:"-"`
}

// maxFile bounds a file of the repository that is read whole.
const maxFile = 4 << 20

// skipped are folders that hold no file of the repository's own life: what a
// tool installed, what tests feed on, what is a pattern for other files.
var skipped = []string{"node_modules", "vendor", "testdata", "templates", "__pycache__", "site-packages"}

// CheckRepository looks through a repository: workflows and actions, environments
// of Python, and every pipeline and contract. root is
// the folder's path as people know it, for findings. An error means that the
// folder cannot be read.
func CheckRepository(files fs.FS, root string) (*Repository, error) {
	c := &inspector{files: files, root: root, result: &Repository{}}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != "." && (strings.HasPrefix(entry.Name(), ".") && name != ".github" || slices.Contains(skipped, entry.Name())) {
				return fs.SkipDir
			}
			if _, err := fs.Stat(files, path.Join(name, "pyvenv.cfg")); err == nil {
				return fs.SkipDir // a virtual environment
			}
			return nil
		}
		c.look(name)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look through the repository %s: %w", root, err)
	}
	slices.Sort(c.result.PolicyFolders)
	c.result.PolicyFolders = slices.Compact(c.result.PolicyFolders)
	report.Sort(c.result.Findings)
	return c.result, nil
}

type inspector struct {
	files  fs.FS
	root   string
	result *Repository
}

var (
	workflowFile    = regexp.MustCompile(`^\.github/workflows/[^/]+\.ya?ml$`)
	requirementFile = regexp.MustCompile(`^(requirements([._-][^/]*)?|constraints)\.txt$`)
)

func (c *inspector) look(name string) {
	base := path.Base(name)
	switch {
	case workflowFile.MatchString(name):
		c.read(name, func(shown string, text []byte) []report.Finding {
			c.result.Workflows++
			return Workflow(shown, text)
		})
	case base == "action.yml", base == "action.yaml":
		c.read(name, func(shown string, text []byte) []report.Finding {
			c.result.Actions++
			return Action(shown, text)
		})
	case requirementFile.MatchString(base), path.Base(path.Dir(name)) == "requirements" && path.Ext(name) == ".txt":
		c.read(name, func(shown string, text []byte) []report.Finding {
			c.result.Environments++
			return Requirements(shown, text)
		})
	case base == "pyproject.toml":
		c.read(name, func(shown string, text []byte) []report.Finding {
			c.result.Environments++
			return Project(shown, text, c.locked(path.Dir(name)))
		})
	case base == "pipeline.yaml":
		c.read(name, func(shown string, text []byte) []report.Finding {
			c.result.Pipelines++
			_, findings := pipeline.ParseConfig(shown, text)
			return findings
		})
	case strings.HasSuffix(base, ".odcs.yaml"):
		c.read(name, func(shown string, text []byte) []report.Finding {
			c.result.Contracts++
			_, findings := contract.Parse(shown, text)
			return findings
		})
	case path.Ext(base) == ".rego" && strings.Contains("/"+path.Dir(name)+"/", "/policy/"):
		c.result.Policies++
		folder := path.Dir(name)
		for path.Base(folder) != "policy" {
			folder = path.Dir(folder)
		}
		c.result.PolicyFolders = append(c.result.PolicyFolders, folder)
	}
}

// read gives a file to a check. A file that cannot be read was not checked.
func (c *inspector) read(name string, check func(shown string, text []byte) []report.Finding) {
	shown := path.Join(c.root, name)
	text, err := c.content(name)
	if err != nil {
		c.result.Findings = append(c.result.Findings, report.Finding{
			Code: "repository/unreadable", Severity: report.Error, Position: report.Position{File: shown, Line: 1},
			Message: fmt.Sprintf("%s cannot be read: %s", shown, err), Remedy: "correct the file or remove it: what cannot be read cannot be checked",
		})
		return
	}
	c.result.Findings = append(c.result.Findings, check(shown, text)...)
}

func (c *inspector) content(name string) ([]byte, error) {
	file, err := c.files.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("it has more than %d bytes", maxFile)
	}
	return text, nil
}

// lockFiles are those that bind every dependency; one above the project serves
// a workspace.
var lockFiles = []string{"uv.lock", "poetry.lock", "pdm.lock", "pylock.toml"}

func (c *inspector) locked(folder string) bool {
	has := func(name string) bool {
		_, err := fs.Stat(c.files, name)
		return err == nil
	}
	// It is checked to be pinned where it stands.
	if has(path.Join(folder, "requirements.txt")) {
		return true
	}
	for {
		for _, name := range lockFiles {
			if has(path.Join(folder, name)) {
				return true
			}
		}
		if folder == "." {
			return false
		}
		folder = path.Dir(folder)
	}
}
