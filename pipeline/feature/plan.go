package feature

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// A Plan is everything that decides which features an observation has.
type Plan struct {
	Observations Observations
	// Label is nil where outcomes are not asked for, as in scoring.
	Label       *Label
	Sources     []Source
	Definitions []Definition
	// Queries are what definitions of the form sql take their values from.
	Queries []Query
	// Commands are what definitions of the form command take theirs from, and
	// Programs runs them.
	Commands []Command
	Programs Programs
}

type planText struct {
	Observations Observations `json:"observations"`
	Label        *Label       `json:"label"`
	Features     []Definition `json:"features"`
	Queries      []Query      `json:"queries,omitempty"`
	Commands     []Command    `json:"commands,omitempty"`
}

// Text is what the plan says, in canonical JSON: what features are, without
// where their sources lie.
func (p Plan) Text() ([]byte, error) {
	return canonical.Marshal(planText{p.Observations, p.Label, p.Definitions, p.queries(), p.commands()})
}

// ReadText reads the queries and commands of a plan's text. It refuses files that
// would lie outside a run's folder.
func ReadText(data []byte) ([]Query, []Command, error) {
	var said planText
	if err := canonical.Unmarshal(data, &said); err != nil {
		return nil, nil, err
	}
	for _, command := range said.Commands {
		for _, file := range command.Carried {
			if !fs.ValidPath(file.Path) || !filepath.IsLocal(filepath.FromSlash(file.Path)) {
				return nil, nil, fmt.Errorf("command %s has a file %q, which is no plain path", command.Name, file.Path)
			}
		}
	}
	return said.Queries, said.Commands, nil
}

// ReservedPrefix begins the columns that the plan adds; a source may not use it.
const ReservedPrefix = "__"

// A Locator finds where a part of pipeline.yaml is written.
type Locator func(path ...any) report.Position

func (p Plan) source(name string) (Source, bool) {
	for _, source := range p.Sources {
		if source.Name == name {
			return source, true
		}
	}
	return Source{}, false
}

// lateness lists which groups of later columns the names touch.
func (s Source) lateness(names []string) []int {
	var groups []int
	for i, later := range s.Later {
		if slices.ContainsFunc(names, func(name string) bool { return slices.Contains(later.Columns, name) }) {
			groups = append(groups, i)
		}
	}
	return groups
}

func identifiers(names []string) string { return strings.Join(identify(names), ", ") }

func identify(names []string) []string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = dataset.Identifier(name)
	}
	return quoted
}
