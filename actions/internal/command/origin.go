package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/promotion"
)

// maxEvent bounds the event's file; GitHub's own bound of a payload.
const maxEvent = 25 << 20

// Origin is where a promotion runs, as the runner says it. On a laptop only the
// kind is known: nothing else could be believed.
func (a *App) Origin() (promotion.Origin, error) {
	if a.Getenv("GITHUB_ACTIONS") != "true" {
		return promotion.Origin{Kind: promotion.OriginLocal}, nil
	}
	branch, err := a.defaultBranch()
	if err != nil {
		return promotion.Origin{}, err
	}
	return promotion.Origin{
		Kind:          promotion.OriginGitHub,
		Repository:    a.Getenv("GITHUB_REPOSITORY"),
		Ref:           a.Getenv("GITHUB_REF"),
		Commit:        a.Getenv("GITHUB_SHA"),
		DefaultBranch: branch,
		Workflow:      a.Getenv("GITHUB_WORKFLOW_REF"),
		Run:           a.WorkflowRun(),
		TriggeredBy:   a.Getenv("GITHUB_TRIGGERING_ACTOR"),
	}, nil
}

// WorkflowRun is the address of the attempt that runs; empty elsewhere than on a
// runner.
func (a *App) WorkflowRun() string {
	if a.Getenv("GITHUB_ACTIONS") != "true" {
		return ""
	}
	return fmt.Sprintf("%s/%s/actions/runs/%s/attempts/%s", a.Getenv("GITHUB_SERVER_URL"), a.Getenv("GITHUB_REPOSITORY"), a.Getenv("GITHUB_RUN_ID"), a.Getenv("GITHUB_RUN_ATTEMPT"))
}

// defaultBranch is the repository's, from the event that the runner wrote; empty
// where the event does not say.
func (a *App) defaultBranch() (string, error) {
	path := a.Getenv("GITHUB_EVENT_PATH")
	if path == "" {
		return "", nil
	}
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read GITHUB_EVENT_PATH: %w", err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxEvent))
	if err != nil {
		return "", fmt.Errorf("read GITHUB_EVENT_PATH: %w", err)
	}
	var event, repository map[string]json.RawMessage
	var branch string
	if err := json.Unmarshal(text, &event); err != nil {
		return "", fmt.Errorf("GITHUB_EVENT_PATH is no JSON object: %w", err)
	}
	// Maps and not a struct, whose keys would be taken in any case.
	if json.Unmarshal(event["repository"], &repository) != nil || json.Unmarshal(repository["default_branch"], &branch) != nil {
		return "", nil
	}
	return branch, nil
}

// PolicyOrigin compares the rules, which are the pipeline's file, the folder of its
// policy and, where they are elsewhere, the checks in folder, with those of a commit: on a runner the job's, else the last
// one. What cannot be compared is not unchanged.
func (a *App) PolicyOrigin(ctx context.Context, c *pipeline.Config, origin promotion.Origin, folder string) promotion.PolicyOrigin {
	rules := promotion.PolicyOrigin{Commit: origin.Commit, Protected: origin.Kind == promotion.OriginGitHub && a.Getenv("GITHUB_REF_PROTECTED") == "true"}
	git := func(args ...string) ([]byte, error) {
		return exec.CommandContext(ctx, "git", append([]string{"-C", c.Root}, args...)...).Output()
	}
	if rules.Commit == "" {
		head, err := git("rev-parse", "HEAD")
		if err != nil {
			return rules
		}
		rules.Commit = strings.TrimSpace(string(head))
	}
	// The stages may stand in this folder, wherever the checks are.
	home := filepath.Join(c.Root, policyFolder)
	rules.Unchanged = sameFile(git, c, rules.Commit) && sameFolder(git, c.Root, rules.Commit, home) &&
		(folder == "" || sameFolder(git, c.Root, rules.Commit, folder))
	return rules
}

// sameFile compares the bytes of the pipeline's file with those in a commit:
// the status of a working tree believes what its index was told.
func sameFile(git func(...string) ([]byte, error), c *pipeline.Config, commit string) bool {
	then, err := git("show", commit+":./"+filepath.Base(c.File))
	return err == nil && bytes.Equal(then, c.Text)
}

// sameFolder compares the files below a folder, their names included.
func sameFolder(git func(...string) ([]byte, error), root, commit, folder string) bool {
	relative, err := filepath.Rel(root, folder)
	if err != nil || !filepath.IsLocal(relative) {
		return false // the rules of another repository, or of none
	}
	relative = filepath.ToSlash(relative)
	listed, err := git("ls-tree", "-r", "-z", "--name-only", commit, "--", "./"+relative+"/")
	if err != nil {
		return false
	}
	then := map[string]bool{}
	for _, name := range strings.Split(strings.TrimSuffix(string(listed), "\x00"), "\x00") {
		if name != "" {
			then[name] = true
		}
	}
	now := 0
	err = filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		was, err := git("show", commit+":./"+filepath.ToSlash(name))
		if err != nil || !bytes.Equal(was, text) {
			return fmt.Errorf("%s differs", name)
		}
		now++
		return nil
	})
	if os.IsNotExist(err) {
		return len(then) == 0
	}
	return err == nil && now == len(then)
}
