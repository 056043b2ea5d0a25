package pipeline

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// What a command may be made of: what a person has written and another reviews.
const (
	maxCommandFile  = 1 << 20
	maxCommandFiles = 200
)

// ReadCommands reads the files of the pipeline's commands. files is the folder of
// pipeline.yaml, out of which no path and no link leads.
func (c *Config) ReadCommands(files fs.FS) []report.Finding {
	var findings []report.Finding
	for i := range c.Commands {
		r := commandReader{config: c, files: files, i: i, command: &c.Commands[i]}
		r.read()
		findings = append(findings, r.findings...)
	}
	return findings
}

// A commandReader reads the files of one command.
type commandReader struct {
	config   *Config
	files    fs.FS
	i        int
	command  *feature.Command
	findings []report.Finding
}

func (r *commandReader) find(remedy string, at []any, format string, values ...any) {
	position := r.config.At(append([]any{"commands", r.i}, at...)...)
	r.findings = append(r.findings, finding("config/command", position, remedy, "command "+r.command.Name+": "+format, values...))
}

func (r *commandReader) read() {
	r.command.Carried = nil
	for j, pattern := range r.command.Files {
		at := []any{"files", j}
		names, err := r.glob(pattern)
		switch {
		case err != nil:
			r.find("name files below the folder of pipeline.yaml, as features/*.py", at, "%q cannot be looked for: %s", pattern, err)
		case len(names) == 0:
			r.find("write the file, or correct the path", at, "no file is called %q", pattern)
		}
		for _, name := range names {
			r.carry(name, at)
		}
	}
	if r.command.Lock != "" {
		if lock := path.Clean(r.command.Lock); fs.ValidPath(lock) {
			r.command.Lock = lock
			r.carry(lock, []any{"lock"})
		} else {
			r.find("name a file below the folder of pipeline.yaml", []any{"lock"}, "its lock file %q lies elsewhere", r.command.Lock)
		}
	}
	slices.SortFunc(r.command.Carried, func(a, b feature.Carried) int { return strings.Compare(a.Path, b.Path) })
	if len(r.command.Carried) > maxCommandFiles {
		r.find("name those that it needs", []any{"files"}, "it is made of %d files; there may be %d", len(r.command.Carried), maxCommandFiles)
	}
	if len(r.findings) == 0 {
		r.words("run", r.command.Run)
		r.words("version", r.command.Version)
	}
}

// glob lists the files that a pattern names, without folders.
func (r *commandReader) glob(pattern string) ([]string, error) {
	clean := path.Clean(pattern)
	if !fs.ValidPath(clean) {
		return nil, errors.New("it leads out of the pipeline's folder")
	}
	names, err := fs.Glob(r.files, clean)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(names, func(name string) bool {
		info, err := fs.Stat(r.files, name)
		return err == nil && info.IsDir()
	}), nil
}

// carry reads a file, once.
func (r *commandReader) carry(name string, at []any) {
	if r.command.Carries(name) {
		return
	}
	text, err := fs.ReadFile(r.files, name)
	top, _, _ := strings.Cut(name, "/")
	stem, _, _ := strings.Cut(top, ".")
	switch {
	case err != nil:
		r.find("write the file, or correct the path", at, "%s cannot be read: %s", name, err)
		return
	case slices.Contains([]string{"batch", "observations", "inputs", "output"}, stem):
		r.find("move it into a folder, as features/"+name, at, "%s lies where what it is given, or gives, does", name)
		return
	case len(text) > maxCommandFile || !utf8.Valid(text) || bytes.ContainsRune(text, 0):
		r.find("write it as UTF-8, without NUL bytes and below 1 MiB", at, "%s is no text that can be read", name)
		return
	}
	r.command.Carried = append(r.command.Carried, feature.Carried{Path: name, Text: string(text)})
}

// words checks that a program is made of what the bundle carries, or installed.
func (r *commandReader) words(key string, words []string) {
	carried := false
	for j, word := range words {
		clean := path.Clean(word)
		if r.command.Carries(clean) {
			carried = true
			continue
		}
		if strings.TrimSpace(word) == "" {
			r.find("write the program and its arguments as a list, as [python3, features/network.py]", []any{key, j}, "a word of %s is empty", key)
			return
		}
		info, err := fs.Stat(r.files, clean)
		if j > 0 && fs.ValidPath(clean) && err == nil && !info.IsDir() {
			r.find("add it to files", []any{key, j}, "%s names %s, which is not among its files, so that scoring would not have it", key, word)
			return
		}
	}
	if key == "run" && !carried {
		r.find("name one of "+names(r.command.Carried, func(f feature.Carried) string { return f.Path }), []any{key}, "run names none of its files")
	}
}

// lintCommands checks what needs no file.
func (c *Config) lintCommands() []report.Finding {
	var findings []report.Finding
	for i, command := range c.Commands {
		if !nameGrammar.MatchString(strings.ReplaceAll(command.Name, "_", "-")) {
			findings = append(findings, finding("config/name", c.At("commands", i, "name"), "use lower-case letters, digits, hyphens and underscores", "%q is not the name of a command", command.Name))
		}
		for _, list := range []struct {
			key   string
			words []string
		}{{"run", command.Run}, {"files", command.Files}, {"version", command.Version}} {
			if len(list.words) == 0 {
				findings = append(findings, finding("config/command", c.At("commands", i, list.key), "", "command %s: %s is empty", command.Name, list.key))
			}
		}
	}
	return findings
}

// programs are what the commands are run with over a session. They may not read
// the pipeline's folder nor its sources: what is known there would be the future
// of most batches, and hiding rows in an experiment does not hide them in a file.
func (c *Config) programs(session *dataset.Session) feature.Programs {
	p := c.Programs
	p.Root, p.Hidden, p.Scratch = c.Root, []string{c.Root}, session.Scratch()
	for _, source := range c.Sources {
		if table := session.Table(source.Name); table != nil {
			for _, file := range table.Files() {
				p.Hidden = append(p.Hidden, c.Path(file))
			}
		}
	}
	return p
}
