package runner

import (
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

// The runner's limits: what one job may hand over, and the summary of one
// step, which is dropped whole when it is larger.
const (
	maxHanded  = 1 << 20
	maxSummary = 1 << 20
)

var keyPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// SetOutput hands value to later steps as the step output key. It does nothing
// where GITHUB_OUTPUT is unset. A key that is no identifier, or more than 1 MiB
// of outputs in one step, is an error.
func (r *Runner) SetOutput(key, value string) error {
	if err := r.setVariable("GITHUB_OUTPUT", key, value); err != nil {
		return fmt.Errorf("setting the output %q: %w", key, err)
	}
	return nil
}

// SetEnv sets the environment variable key for later steps of the job. Only
// names that start with LINECOOK_ are accepted: a variable such as PATH or
// NODE_OPTIONS would steer other programs. It does nothing where GITHUB_ENV is
// unset.
func (r *Runner) SetEnv(key, value string) error {
	if !strings.HasPrefix(key, "LINECOOK_") {
		return fmt.Errorf("setting the variable %q: its name does not start with LINECOOK_", key)
	}
	if err := r.setVariable("GITHUB_ENV", key, value); err != nil {
		return fmt.Errorf("setting the variable %q: %w", key, err)
	}
	return nil
}

// setVariable appends key and value to the command file that the variable
// called file names. A value of several lines stands between delimiters; one
// that could be foreseen would let a crafted value end its own block and forge
// the next key (CVE-2022-35954), so each write draws its own.
func (r *Runner) setVariable(file, key, value string) error {
	if !keyPattern.MatchString(key) {
		return fmt.Errorf("a key is a letter or _ and then letters, digits, _ and -")
	}
	if r.conceal(value) != value {
		return fmt.Errorf("its value holds a secret")
	}
	path := r.getenv(file)
	if path == "" {
		return nil
	}
	if r.written+len(value) > maxHanded {
		return fmt.Errorf("its %d bytes would bring this step past the runner's limit of %d bytes", len(value), maxHanded)
	}
	var seed [16]byte
	if _, err := io.ReadFull(r.random, seed[:]); err != nil {
		return fmt.Errorf("drawing a delimiter: %w", err)
	}
	delimiter := "linecook_" + hex.EncodeToString(seed[:])
	if strings.Contains(value, delimiter) {
		return fmt.Errorf("its value contains the delimiter that was drawn for it")
	}
	if err := appendLines(path, key+"<<"+delimiter+"\n"+value+"\n"+delimiter+"\n"); err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	r.written += len(value)
	return nil
}

// Summary appends markdown to the step summary. What would pass the runner's
// limit of 1 MiB is left out at a line's end, and the summary, or the log where
// even that has no room, says how many lines are missing. It does nothing where
// GITHUB_STEP_SUMMARY is unset.
func (r *Runner) Summary(markdown string) error {
	path := r.getenv("GITHUB_STEP_SUMMARY")
	if path == "" || markdown == "" {
		return nil
	}
	markdown = r.conceal(markdown)
	if !strings.HasSuffix(markdown, "\n") {
		markdown += "\n"
	}
	written := int64(0)
	if info, err := os.Stat(path); err == nil {
		written = info.Size()
	}
	const noteRoom = 256
	room := int(maxSummary - noteRoom - written)
	if len(markdown) > room {
		kept := ""
		if room > 0 {
			kept = markdown[:strings.LastIndexByte(markdown[:room], '\n')+1]
		}
		note := fmt.Sprintf("+%d more lines, past the limit of 1 MiB for a step's summary", strings.Count(markdown[len(kept):], "\n"))
		markdown = kept + "\n" + note + "\n"
		if written+int64(len(markdown)) > maxSummary {
			r.Print(note)
			return nil
		}
	}
	if err := appendLines(path, markdown); err != nil {
		return fmt.Errorf("writing GITHUB_STEP_SUMMARY: %w", err)
	}
	return nil
}

// appendLines appends text to a command file in one write. If an earlier writer
// left the last line open, text starts on a line of its own.
func appendLines(path, text string) (err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := file.Close(); err == nil {
			err = closeErr
		}
	}()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if size := info.Size(); size > 0 {
		var last [1]byte
		if _, err := file.ReadAt(last[:], size-1); err != nil {
			return err
		}
		if last[0] != '\n' {
			text = "\n" + text
		}
	}
	_, err = file.WriteString(text)
	return err
}
