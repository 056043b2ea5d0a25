package feature

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Programs is what a plan's commands are run with.
type Programs struct {
	// Start runs a program; nil where none can be run.
	Start Starter
	// Root is the folder of pipeline.yaml, which a program's own path starts from
	// unless it is one of the command's files.
	Root string
	// Hidden are files and folders that no program may read.
	Hidden []string
	// Scratch is the folder that runs have their folders in. DuckDB may write it.
	Scratch string
	// Known is a folder that outputs are kept in, so that a run that would be given
	// the very bytes of an earlier one takes over its output; empty for none. Fresh
	// says that every run is made all the same.
	Known string
	Fresh bool
	// Progress is told, one call at a time, how many batches of a command are
	// done; nil for nobody.
	Progress func(command string, done, total int)
}

// A Starter runs a program to its end. It kills the program, and all that it has
// started, when its time is over or ctx is. The error is ErrNoProgram, that of
// ctx, or a failure of the tool.
type Starter func(ctx context.Context, p Program) (Exit, error)

// ErrNoProgram is the error of a Starter where the program is not there.
var ErrNoProgram = errors.New("there is no such program")

// A Program is one run of a program that is not linecook's.
type Program struct {
	// Run is the program and its arguments. A name without a slash is looked for
	// among the installed programs.
	Run []string
	// Folder is the working directory, and all that the program may write.
	Folder string
	// Hidden is what it may not read, but for Folder and the folder that its own
	// environment lies in.
	Hidden  []string
	Timeout time.Duration
	// MaxFile is how many bytes a file that it writes may have.
	MaxFile int64
}

// An Exit is how a program ended.
type Exit struct {
	// Code is the exit code, Signal the name of the signal that ended it instead.
	Code     int
	Signal   string
	TimedOut bool
	// Said is what it wrote to its standard output, from the beginning, and
	// Complained what it wrote last to its standard error; each is cut.
	Said, Complained string
}

// maxOutput bounds what a command writes: far more than the features of any one
// partition, and less than a runner's disk.
const maxOutput = 1 << 30

// open makes the folder of a run, with the command's files, and returns what
// removes it.
func (p Programs) open(c Command, name string) (folder string, remove func() error, err error) {
	folder = filepath.Join(p.Scratch, name)
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", nil, fmt.Errorf("command %s: %w", c.Name, err)
	}
	remove = func() error { return os.RemoveAll(folder) }
	if err := c.carry(folder); err != nil {
		return "", nil, errors.Join(fmt.Errorf("command %s: %w", c.Name, err), remove())
	}
	return folder, remove, nil
}

// run runs the words of a command's setting in its folder. Only a run that ended
// well has no error.
func (p Programs) run(ctx context.Context, c Command, folder, setting string, words []string) (Exit, error) {
	if p.Start == nil {
		return Exit{}, fmt.Errorf("command %s: no program can be run here", c.Name)
	}
	exit, err := p.Start(ctx, Program{
		Run: p.words(c, folder, words), Folder: folder, Hidden: append(slices.Clone(p.Hidden), p.Scratch), Timeout: c.within().Duration, MaxFile: maxOutput,
	})
	fail := func(remedy, format string, values ...any) (Exit, error) {
		return exit, &CommandError{Command: c.Name, Setting: setting, Message: fmt.Sprintf(format, values...), Remedy: remedy}
	}
	switch {
	case errors.Is(err, ErrNoProgram):
		return fail("install the environment before linecook runs, or correct the name", "cannot be run, %q: %s", words[0], err)
	case err != nil:
		return exit, fmt.Errorf("command %s: %w", c.Name, err)
	case exit.TimedOut:
		setting = "timeout"
		return fail("give it more time with timeout, or less to do", "took longer than %s%s", c.within(), last(exit.Complained))
	case exit.Signal != "":
		return fail("", "was ended by the signal %s%s", exit.Signal, last(exit.Complained))
	case exit.Code != 0:
		return fail("", "ended with exit code %d%s", exit.Code, last(exit.Complained))
	}
	return exit, nil
}

// words are a run's with the program's path made whole: in the run's folder for
// one of the command's files, else from the folder of pipeline.yaml.
func (p Programs) words(c Command, folder string, words []string) []string {
	whole := slices.Clone(words)
	switch {
	case c.Carries(filepath.ToSlash(filepath.Clean(words[0]))):
		whole[0] = filepath.Join(folder, words[0])
	case strings.Contains(words[0], "/") && !filepath.IsAbs(words[0]):
		whole[0] = filepath.Join(p.Root, words[0])
	}
	return whole
}

// carry writes the command's files. They can be run: which of them are programs
// their first lines say.
func (c Command) carry(folder string) error {
	for _, file := range c.Carried {
		path := filepath.Join(folder, filepath.FromSlash(file.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(file.Text), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// last is the end of a program's complaints, on one line.
func last(complained string) string {
	const lines = 5
	all := strings.FieldsFunc(complained, func(r rune) bool { return r == '\n' || r == '\r' })
	all = slices.DeleteFunc(all, func(line string) bool { return strings.TrimSpace(line) == "" })
	if len(all) == 0 {
		return ", and said nothing on its standard error"
	}
	return "; it said last: " + strings.Join(all[max(0, len(all)-lines):], " | ")
}

// Ask notes what each command's environment answers, in the plan and in the
// configuration that it was made from: from now on it must answer the same.
func (p Plan) Ask(ctx context.Context) error {
	for i, c := range p.Commands {
		answer, err := p.Programs.ask(ctx, c)
		if err != nil {
			return err
		}
		p.Commands[i].Answer = answer
	}
	return nil
}

// ask is what a command's environment answers now; it is never empty.
func (p Programs) ask(ctx context.Context, c Command) (string, error) {
	folder, remove, err := p.open(c, c.Name+"-version")
	if err != nil {
		return "", err
	}
	exit, err := p.run(ctx, c, folder, "version", c.Version)
	if err := errors.Join(err, remove()); err != nil {
		return "", err
	}
	answer := strings.TrimSpace(strings.ReplaceAll(exit.Said, "\r\n", "\n"))
	if answer == "" {
		return "", &CommandError{Command: c.Name, Setting: "version", Message: "does not tell its environment: version answers nothing on its standard output",
			Remedy: "ask a program that prints what is installed, as [python3, -VV]"}
	}
	return answer, nil
}

// same refuses an environment that answers something else than it did before.
func (p Programs) same(ctx context.Context, c Command) error {
	if p.Known != "" && !p.Fresh {
		return nil
	}
	now, err := p.ask(ctx, c)
	if err != nil || c.Answer == "" || now == c.Answer {
		return err
	}
	was, is := differing(c.Answer, now)
	return &CommandError{Command: c.Name, Setting: "version", Message: fmt.Sprintf("has another environment than in training: it answers %q, and answered %q", is, was),
		Remedy: "install what the lock file of the training says, or train again"}
}

// differing are the first lines in which two texts differ.
func differing(a, b string) (string, string) {
	one, two := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range max(len(one), len(two)) {
		var x, y string
		if i < len(one) {
			x = one[i]
		}
		if i < len(two) {
			y = two[i]
		}
		if x != y {
			return x, y
		}
	}
	return a, b
}
