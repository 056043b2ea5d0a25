// Package runner speaks the GitHub Actions runner's protocol, and stays quiet
// on a laptop. The data's steps:
//
//  1. New takes the environment, the log and a source of randomness; nothing
//     here reads the process's own.
//  2. Foreign text (names, cells, messages of other programs) reaches the log
//     through Print or Writer, which disarm what the runner would obey. What Hide
//     names is shown nowhere.
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
	"maps"
	"slices"
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
	hidden    []string                // what is never shown, longest first
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
		fmt.Fprintln(r.stdout, printable(r.conceal(title)))
		body()
		return
	}
	r.issue("group", disarm(title), nil)
	defer r.issue("endgroup", "", nil)
	body()
}

// shortest is the length in bytes from which a secret is hidden: a shorter one
// would blank words that are none.
const shortest = 8

// Hide makes everything that is printed or written from now on show *** in place
// of a secret, and each of its lines: on a laptop too, and in files. The runner's
// own add-mask is no help to a program, which would print the secret to whatever
// its stream is redirected to; GitHub masks what it keeps as a secret by itself.
func (r *Runner) Hide(secrets ...string) {
	for _, secret := range secrets {
		parts := append(strings.FieldsFunc(secret, func(c rune) bool { return c == '\n' || c == '\r' }), secret)
		for _, part := range parts {
			if len(part) >= shortest && !slices.Contains(r.hidden, part) {
				r.hidden = append(r.hidden, part)
			}
		}
	}
	// The longest first, so that none is left in part.
	slices.SortStableFunc(r.hidden, func(a, b string) int { return len(b) - len(a) })
}

// conceal is text without the secrets.
func (r *Runner) conceal(text string) string {
	for _, secret := range r.hidden {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return text
}

// issue writes one workflow command. The library escapes message and
// properties; its own printing panics when the stream is closed, so only its
// rendering is used. A log that cannot be written has no reader to be told.
func (r *Runner) issue(name, message string, properties githubactions.CommandProperties) {
	shown := maps.Clone(properties)
	for key, value := range shown {
		shown[key] = r.conceal(value)
	}
	command := githubactions.Command{Name: name, Message: r.conceal(message), Properties: shown}
	fmt.Fprintln(r.stdout, command.String())
}
