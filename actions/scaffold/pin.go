package scaffold

import (
	"context"
	"os/exec"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/actions/internal/command"
)

const (
	// unknownCommit stands where the commit is not known. No action has it, so
	// that a workflow fails, and says so, until somebody puts the right one there.
	unknownCommit = "0000000000000000000000000000000000000000"
	// origin is where linecook's releases are.
	origin = "https://" + command.Module
	// askFor is how long GitHub is waited for.
	askFor = 10 * time.Second
)

// A pin is the commit whose actions the workflows use.
type pin struct {
	Commit string
	// Release is its version, as v1.2.3. Only a release's commit names programs
	// to download; the actions of another one build linecook from source.
	Release string
}

// String is the pin as a workflow has it, with the version beside it for people.
func (p pin) String() string {
	if p.Release == "" {
		return p.Commit
	}
	return p.Commit + " # " + p.Release
}

// pinOf is the commit that goes with this program. A release's own commit holds
// the digests of its programs, so that none of them can know it; GitHub does.
// Where it cannot be asked, the commit is that of the program's source.
func pinOf(ctx context.Context, build command.Build) pin {
	if build.Release {
		if commit := tagged(ctx, build.Version); commit != "" {
			return pin{Commit: commit, Release: build.Version}
		}
	}
	if len(build.Commit) == len(unknownCommit) {
		return pin{Commit: build.Commit}
	}
	return pin{Commit: unknownCommit}
}

// tagged asks for a tag's commit; "" is that there is no answer.
func tagged(ctx context.Context, tag string) string {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	// Asking must not become a question to the user.
	git := exec.CommandContext(ctx, "git", "-c", "credential.helper=", "-c", "core.askPass=", "ls-remote", origin, "refs/tags/"+tag, "refs/tags/"+tag+"^{}")
	git.Env = append(git.Environ(), "GIT_TERMINAL_PROMPT=0")
	out, err := git.Output()
	if err != nil {
		return ""
	}
	// What an annotated tag points at comes after the tag itself.
	commit := ""
	for line := range strings.Lines(string(out)) {
		if hash, _, ok := strings.Cut(line, "\t"); ok && len(hash) == len(unknownCommit) {
			commit = hash
		}
	}
	return commit
}

// explain says what is left to do about the pin.
func (p pin) explain(build command.Build) string {
	switch {
	case p.Commit == unknownCommit:
		return "this linecook does not know the commit it was built from: put the full SHA that you trust in place of " + unknownCommit + " in " + workflowFolder + "/linecook-*.yml"
	case build.Release && p.Release == "":
		return "GitHub did not say which commit " + build.Version + " is, so the workflows use " + p.Commit + ", whose actions build linecook from source and take minutes: put the tag's commit in its place, from `git ls-remote " + origin + " " + build.Version + "`"
	}
	return ""
}
