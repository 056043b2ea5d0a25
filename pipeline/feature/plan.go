package feature

import (
	"slices"
	"strings"

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
