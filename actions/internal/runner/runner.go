// Package runner speaks the GitHub Actions runner's protocol, and stays quiet
// on a laptop. The data's steps:
//
//  1. New takes the environment, the log and a source of randomness; nothing
//     here reads the process's own.
//  2. Foreign text (names, cells, messages of other programs) reaches the log
//     through Print or Writer, which disarm what the runner would obey.
//  3. Findings become annotations, within the runner's limits, with an honest
//     count of what did not fit.
//  4. Outputs and variables are appended to the runner's command files, each
//     value between delimiters drawn at random for that one write.
//  5. Markdown is appended to the step summary, cut honestly at its limit.
//
// Where the variable that announces a feature is unset, the feature is a no-op
// or plain text, never a panic.
package runner

import (
	"crypto/rand"
	"fmt"
	"io"
	"strings"

	githubactions "github.com/sethvargo/go-githubactions"

	"github.com/linecook-ml/linecook/pipeline/report"
)

// A Runner is one step's side of the protocol. It is not safe for concurrent use.
type Runner struct {
	getenv func(string) string
	stdout io.Writer
	random io.Reader

	annotated map[report.Severity]int // annotations issued in this step
	written   int                     // bytes of values handed over through command files
}

// New returns the runner that getenv describes. Commands and text go to stdout.
// Delimiters are drawn from random; nil means crypto/rand.
func New(getenv func(string) string, stdout io.Writer, random io.Reader) *Runner {
	if random == nil {
		random = rand.Reader
	}
	return &Runner{getenv: getenv, stdout: stdout, random: random, annotated: map[report.Severity]int{}}
}

// Active reports whether the process is a step of a GitHub Actions job.
func (r *Runner) Active() bool {
	return r.getenv("GITHUB_ACTIONS") == "true"
}

// Group folds what body prints under a title in the log; on a laptop the title
// is a plain line. The group ends even if body panics.
func (r *Runner) Group(title string, body func()) {
	if !r.Active() {
		fmt.Fprintln(r.stdout, printable(title))
		body()
		return
	}
	r.issue("group", disarm(title), nil)
	defer r.issue("endgroup", "", nil)
	body()
}

// Mask asks the runner to hide secret in every later line of the log. Each line
// of a secret of several lines is hidden on its own too, because the log is
// searched line by line. On a laptop nothing is printed: there is nobody who
// would hide it.
func (r *Runner) Mask(secret string) {
	if !r.Active() {
		return
	}
	parts := strings.FieldsFunc(secret, func(c rune) bool { return c == '\n' || c == '\r' })
	if len(parts) > 1 {
		parts = append([]string{secret}, parts...)
	}
	for _, part := range parts {
		if strings.TrimSpace(part) != "" {
			r.issue("add-mask", part, nil)
		}
	}
}

// issue writes one workflow command. The library escapes message and
// properties; its own printing panics when the stream is closed, so only its
// rendering is used. A log that cannot be written has no reader to be told.
func (r *Runner) issue(name, message string, properties githubactions.CommandProperties) {
	command := githubactions.Command{Name: name, Message: message, Properties: properties}
	fmt.Fprintln(r.stdout, command.String())
}
