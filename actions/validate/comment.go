package validate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// When a pull request is commented on.
const (
	commentAuto   = "auto"   // where there is something to say, and to take it back
	commentAlways = "always" // also to say that all is well
	commentNever  = "never"
)

var commentModes = []string{commentAuto, commentAlways, commentNever}

func checkComment(mode string) error {
	if !slices.Contains(commentModes, mode) {
		return command.UsageError(fmt.Errorf("--comment %q is unknown; use auto, always or never", mode))
	}
	return nil
}

// discuss keeps the one comment on the pull request up to date. The verdict is
// the exit code and the summary's: what keeps the comment away is said in the
// log and stops nothing.
func (s surface) discuss(ctx context.Context, app *command.App, pipeline string, r *report.Report) {
	if s.comment == commentNever || !app.Runner().Active() {
		return
	}
	said, err := s.put(ctx, app, pipeline, r)
	if err != nil {
		said = "no comment: " + why(err)
	}
	_, _ = fmt.Fprintln(app.Err, report.Printable(said))
}

// errFork: a fork's pull request gets no comment.
var errFork = errors.New("the pull request comes from a fork, whose token may only read; the step's summary has it all")

func why(err error) string {
	switch {
	case errors.Is(err, github.ErrDenied):
		return err.Error() + "; the job needs `permissions: pull-requests: write`, and the step's summary has it all"
	case errors.Is(err, github.ErrNoPullRequest), errors.Is(err, errFork):
		return err.Error()
	}
	return err.Error() + "; the step's summary has it all"
}

func (s surface) put(ctx context.Context, app *command.App, pipeline string, r *report.Report) (string, error) {
	pull, err := github.ReadEvent(app.Getenv)
	if err != nil {
		return "", err
	}
	if pull.Fork {
		return "", errFork
	}
	client, err := app.Client()
	if err != nil {
		return "", err
	}
	// Runs are numbered in their order; without a number nothing is newer.
	run, _ := strconv.ParseInt(app.Getenv("GITHUB_RUN_ID"), 10, 64)
	standing := github.Standing{
		Marker: marker(pipeline), Run: max(run, 0),
		OnlyUpdate: s.comment == commentAuto && len(r.Findings) == 0,
	}
	foot := footer(app.Getenv, pull.Head)
	standing.Body = page(pipeline, r, github.MaxComment-standing.Overhead()-len(foot)) + foot
	comment, outcome, err := client.PutComment(ctx, pull.Number, standing)
	if err != nil {
		return "", err
	}
	switch outcome {
	case github.Absent:
		return "no comment: there is nothing to say", nil
	case github.Superseded:
		return "no comment: that of a later run stands", nil
	}
	return fmt.Sprintf("comment %s: %s", outcome, comment.URL), nil
}

var (
	unmarked = regexp.MustCompile(`[^A-Za-z0-9./_]+`)
	host     = regexp.MustCompile(`^https://[A-Za-z0-9.-]+(:\d+)?$`)
	slug     = regexp.MustCompile(`^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$`)
	digits   = regexp.MustCompile(`^\d+$`)
)

// marker names the comment after the pipeline's file: the pipeline's own name
// is unknown while the file cannot be read.
func marker(pipeline string) string {
	name := unmarked.ReplaceAllString(pipeline, "-")
	if name != pipeline {
		sum := sha256.Sum256([]byte(pipeline))
		name += "." + hex.EncodeToString(sum[:4])
	}
	return "linecook:validate:" + name
}

// footer says of which commit a comment speaks, and where the whole page is.
func footer(getenv func(string) string, head string) string {
	server, repository, run := getenv("GITHUB_SERVER_URL"), getenv("GITHUB_REPOSITORY"), getenv("GITHUB_RUN_ID")
	text := fmt.Sprintf("\nOf commit %s.", head)
	if host.MatchString(server) && slug.MatchString(repository) && digits.MatchString(run) {
		text += fmt.Sprintf(" The [step's summary](%s/%s/actions/runs/%s) has it all.", server, repository, run)
	}
	return text + "\n"
}
