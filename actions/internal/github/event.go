package github

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxEvent bounds the event's file; GitHub's own bound of a payload.
const maxEvent = 25 << 20

// A PullRequest is what a job runs for.
type PullRequest struct {
	Number int
	// Fork says that the commits come from another repository, so that the
	// job's token may only read.
	Fork bool
	// Head is the commit that is proposed, Base the one it is compared with.
	Head, Base string
}

// ErrNoPullRequest says that the event is another one.
var ErrNoPullRequest = errors.New("no pull request")

// ReadEvent reads the pull request that the job runs for from the file that
// GITHUB_EVENT_PATH names. Every other event, pull_request_target among them, is
// ErrNoPullRequest; a payload that is not what GitHub writes is another error.
func ReadEvent(getenv func(string) string) (PullRequest, error) {
	name := getenv("GITHUB_EVENT_NAME")
	if name != "pull_request" {
		if name == "" {
			name = "none"
		}
		return PullRequest{}, fmt.Errorf("the event is %s: %w", name, ErrNoPullRequest)
	}
	path := getenv("GITHUB_EVENT_PATH")
	file, err := os.Open(path)
	if err != nil {
		return PullRequest{}, fmt.Errorf("read GITHUB_EVENT_PATH: %w", err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxEvent+1))
	if err != nil {
		return PullRequest{}, fmt.Errorf("read GITHUB_EVENT_PATH: %w", err)
	}
	if len(text) > maxEvent {
		return PullRequest{}, fmt.Errorf("GITHUB_EVENT_PATH is longer than %d bytes", maxEvent)
	}
	pull, err := parsePullRequest(text, getenv("GITHUB_REPOSITORY"))
	if err != nil {
		return PullRequest{}, fmt.Errorf("GITHUB_EVENT_PATH: %w", err)
	}
	return pull, nil
}

func parsePullRequest(text []byte, repository string) (PullRequest, error) {
	var pull PullRequest
	var head, base string
	if err := errors.Join(
		field(text, &pull.Number, "pull_request", "number"),
		field(text, &pull.Head, "pull_request", "head", "sha"),
		field(text, &pull.Base, "pull_request", "base", "sha"),
		field(text, &base, "pull_request", "base", "repo", "full_name"),
	); err != nil {
		return PullRequest{}, err
	}
	if pull.Number < 1 {
		return PullRequest{}, fmt.Errorf("pull_request.number is %d", pull.Number)
	}
	if !isCommit(pull.Head) || !isCommit(pull.Base) {
		return PullRequest{}, fmt.Errorf("pull_request.head.sha %q or base.sha %q is no commit", pull.Head, pull.Base)
	}
	if !strings.EqualFold(base, repository) {
		return PullRequest{}, fmt.Errorf("the pull request is to %q, and the job runs in %q", base, repository)
	}
	// The head of a fork that was deleted has no repository any more.
	if err := field(text, &head, "pull_request", "head", "repo", "full_name"); err != nil {
		head = ""
	}
	pull.Fork = !strings.EqualFold(head, base)
	return pull, nil
}

func isCommit(text string) bool {
	return (len(text) == 40 || len(text) == 64) && strings.Trim(text, "0123456789abcdef") == ""
}

// field reads one value of a payload. Keys are taken as they are written:
// encoding/json would accept Number for number into a struct.
func field(text []byte, into any, path ...string) error {
	for i, key := range path {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(text, &object); err != nil {
			return fmt.Errorf("%s is no object: %w", strings.Join(path[:i], "."), err)
		}
		value, ok := object[key]
		if !ok || string(value) == "null" {
			return fmt.Errorf("%s is missing", strings.Join(path[:i+1], "."))
		}
		text = value
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(path, "."), err)
	}
	return nil
}
