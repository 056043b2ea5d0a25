package policy

import (
	"errors"
	"regexp"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/linecook-ml/linecook/pipeline/report"
)

var placed = regexp.MustCompile(`([^\s:]+\.rego):(\d+)(?::(\d+))?:`)

// Place is where in a module an error of New or Test lies, with the file's name
// as it was given; zero where the error names none.
func Place(err error) report.Position {
	var faults ast.Errors
	if errors.As(err, &faults) && len(faults) > 0 && faults[0].Location != nil {
		at := faults[0].Location
		return report.Position{File: at.File, Line: at.Row, Column: at.Col}
	}
	if err == nil {
		return report.Position{}
	}
	match := placed.FindStringSubmatch(err.Error())
	if match == nil {
		return report.Position{}
	}
	line, _ := strconv.Atoi(match[2])
	column, _ := strconv.Atoi(match[3])
	return report.Position{File: match[1], Line: line, Column: column}
}

// Ships reports whether the toolkit itself ships a file of that name and
// content, its tests included: such a copy is no module of one's own.
func Ships(name, source string) bool {
	own, err := files.ReadFile(name)
	return err == nil && string(own) == source
}
