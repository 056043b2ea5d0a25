package pipeline

import (
	"path/filepath"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/document"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// A Part is a file that a pipeline is made of, or a glob of such files.
type Part struct {
	// What it is, as "the contract of source flights".
	What          string
	Root, Pattern string
	Position      report.Position
}

// Names reports whether the part is, or would be, the file at path.
func (p Part) Names(path string) bool { return dataset.Names(p.Root, p.Pattern, path) }

// Parts are what the pipeline in a file with this text is made of: as far as the
// text can be understood, since one that is to be mended has its files too.
func Parts(file string, text []byte) []Part {
	c := &Config{File: file, Root: filepath.Dir(file)}
	c.Document, _ = document.Decode(file, text, c)
	parts := []Part{{What: "the pipeline's file", Root: ".", Pattern: file, Position: report.Position{File: file}}}
	if c.Document == nil {
		return parts
	}
	add := func(what, pattern string, at ...any) {
		if pattern != "" {
			parts = append(parts, Part{What: what, Root: c.Root, Pattern: pattern, Position: c.At(at...)})
		}
	}
	for i, source := range c.Sources {
		add("the contract of source "+source.Name, source.Contract, "sources", i, "contract")
		for j, path := range source.Path {
			add("data of source "+source.Name, path, "sources", i, "path", j)
		}
	}
	for i, query := range c.Queries {
		add("the query "+query.Name, query.File, "queries", i, "file")
	}
	for i, command := range c.Commands {
		for j, path := range command.Files {
			add("a file of command "+command.Name, path, "commands", i, "files", j)
		}
		add("the lock file of command "+command.Name, command.Lock, "commands", i, "lock")
	}
	return parts
}
