package runner

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"
)

// commandStart finds what the runner takes for a command at the start of a
// line. It trims Unicode white space before it looks; invisible characters are
// included here, so that no reading of "white space" lets one through.
var commandStart = regexp.MustCompile(`(?m)^([\p{Z}\p{C}]*)::`)

// lineBreaks are what the runner's line reader ends a line at.
var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// Print writes foreign text to the log as whole lines. On a runner nothing in
// it can be taken for a command; everywhere, control characters are shown
// instead of obeyed.
func (r *Runner) Print(text string) {
	text = strings.TrimSuffix(r.conceal(text), "\n")
	if r.Active() {
		text = disarm(text)
	} else {
		text = printable(text)
	}
	fmt.Fprintln(r.stdout, text)
}

// Writer is the log for code that writes in pieces. On a runner it holds each
// line until it is complete, so that a command cannot be put together from two
// writes; Close writes what is left. On a laptop it is stdout itself, where a
// progress bar may return the carriage.
func (r *Runner) Writer() io.WriteCloser {
	if !r.Active() {
		return direct{r}
	}
	return &lineWriter{r: r}
}

type direct struct{ r *Runner }

func (d direct) Write(p []byte) (int, error) {
	if _, err := io.WriteString(d.r.stdout, d.r.conceal(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (direct) Close() error { return nil }

// Unwrap is stdout itself, for who asks whether it is a terminal.
func (d direct) Unwrap() io.Writer { return d.r.stdout }

type lineWriter struct {
	r       *Runner
	pending []byte
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.pending = append(w.pending, p...)
	end := bytes.LastIndexByte(w.pending, '\n')
	if end < 0 {
		return len(p), nil
	}
	if _, err := io.WriteString(w.r.stdout, disarm(w.r.conceal(string(w.pending[:end])))+"\n"); err != nil {
		return 0, fmt.Errorf("writing to the log: %w", err)
	}
	w.pending = append(w.pending[:0], w.pending[end+1:]...)
	return len(p), nil
}

func (w *lineWriter) Close() error {
	if len(w.pending) == 0 {
		return nil
	}
	_, err := io.WriteString(w.r.stdout, disarm(w.r.conceal(string(w.pending)))+"\n")
	w.pending = nil
	if err != nil {
		return fmt.Errorf("writing to the log: %w", err)
	}
	return nil
}

// disarm returns text in which the runner finds no command: "::" at the start
// of a line and the legacy "##[" anywhere are broken up by a space, and a
// carriage return is the line break that the runner takes it for.
func disarm(text string) string {
	text = printable(lineBreaks.Replace(text))
	text = commandStart.ReplaceAllString(text, "${1}: :")
	return strings.ReplaceAll(text, "##[", "## [")
}

// printable shows control characters in Go's notation, so that text from data
// cannot steer a terminal. Line feeds and tabs stay.
func printable(text string) string {
	if strings.IndexFunc(text, steers) < 0 {
		return text
	}
	var b strings.Builder
	for _, c := range text {
		if steers(c) {
			fmt.Fprintf(&b, `\x%02x`, c)
		} else {
			b.WriteRune(c)
		}
	}
	return b.String()
}

func steers(c rune) bool {
	return unicode.IsControl(c) && c != '\n' && c != '\t'
}
