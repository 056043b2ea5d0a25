package command

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// Progress tells people how far a long command is: a bar that is redrawn on a
// terminal, a line now and then elsewhere.
type Progress struct {
	out      io.Writer
	terminal bool
	drawn    bool
}

// NewProgress writes to out; it draws a bar where out is a terminal.
func NewProgress(out io.Writer) *Progress {
	return &Progress{out: out, terminal: isTerminal(out)}
}

func isTerminal(w io.Writer) bool {
	for {
		wrapped, ok := w.(interface{ Unwrap() io.Writer })
		if !ok {
			break
		}
		w = wrapped.Unwrap()
	}
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Step says what begins.
func (p *Progress) Step(text string) {
	p.End()
	_, _ = fmt.Fprintf(p.out, "· %s\n", text)
}

const (
	barWidth = 30
	// linesPerRun is about how many lines a run of items leaves in a log.
	linesPerRun = 8
)

// Item says that done of total items are done, and which was the last.
func (p *Progress) Item(done, total int, last string) {
	if p.terminal {
		filled := barWidth * done / total
		_, _ = fmt.Fprintf(p.out, "\r\x1b[K  %s%s %d/%d  %s", strings.Repeat("█", filled), strings.Repeat("░", barWidth-filled), done, total, last)
		p.drawn = true
		return
	}
	if done == total || done%max(1, total/linesPerRun) == 0 {
		_, _ = fmt.Fprintf(p.out, "  %d/%d  %s\n", done, total, last)
	}
}

// batches tells of the runs of commands, where there are more than a few.
func (a *App) batches() func(command string, done, total int) {
	const few = 20
	progress := NewProgress(a.Err)
	return func(command string, done, total int) {
		if total <= few {
			return
		}
		progress.Item(done, total, "runs of command "+command)
		if done == total {
			progress.End()
		}
	}
}

// End finishes a bar that is drawn, so that what follows starts a line.
func (p *Progress) End() {
	if p.drawn {
		_, _ = fmt.Fprintln(p.out)
		p.drawn = false
	}
}
