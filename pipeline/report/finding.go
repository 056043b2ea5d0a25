// Package report holds what linecook has to say: findings, and their rendering
// for people and programs.
//
//  1. A check produces findings: values, never errors.
//  2. A Report gathers the findings of one run and says how many checks ran;
//     a report in which nothing was checked is not clean.
//  3. The report is put in a total order and rendered as text, JSON or Markdown.
package report

import (
	"cmp"
	"fmt"
	"slices"
)

// Severity ranks a finding. Only Error stops a line.
type Severity string

// The severities, most serious first.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

func (s Severity) rank() int {
	return slices.Index([]Severity{Error, Warning, Info}, s)
}

// A Position is a place in a file that a person can open. Line and Column
// count from 1 and are 0 where unknown. Width is how many characters from there
// on are meant, 0 where that is not known.
type Position struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Width  int    `json:"width,omitempty"`
}

// String renders file:line:column, leaving out what is unknown.
func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
}

// end is the column behind what is meant, 0 where that is not known.
func (p Position) end() int {
	if p.Width == 0 {
		return 0
	}
	return p.Column + p.Width
}

// A Finding is one thing that is wrong with what linecook was given, said once
// and completely: where, what, and what to do.
type Finding struct {
	// Code is stable and names the rule, like "contract/missing-column".
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	// Message is one sentence that names the value that is wrong.
	Message string `json:"message"`
	// Remedy says what to do about it; empty where only the reader can know.
	Remedy string `json:"remedy,omitempty"`
	// Position is the rule's or the setting's place, not the data's.
	Position Position `json:"position,omitzero"`
	// Span is the part that is meant of the text at Position, for Underline, which
	// then keeps the line it stands in as Excerpt.
	Span    *Span  `json:"-"`
	Excerpt string `json:"excerpt,omitempty"`
	// Source, Partition and Column name the data; each may be empty.
	Source    string `json:"source,omitempty"`
	Partition string `json:"partition,omitempty"`
	Column    string `json:"column,omitempty"`
	// Count is how many rows break the rule, exactly; 0 where rows do not apply.
	Count int64 `json:"count,omitempty"`
	// Samples are some of the offending values with their row identity.
	Samples []string `json:"samples,omitempty"`
	// Waived says until when, by whom and why an error was let pass, which is then
	// of severity Info and says so in its message; empty for every other finding.
	Waived string `json:"waived,omitempty"`
}

// Sort puts findings in their total order: severity, place, data, code, message.
func Sort(findings []Finding) {
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Severity.rank(), b.Severity.rank()),
			cmp.Compare(a.Position.File, b.Position.File),
			cmp.Compare(a.Position.Line, b.Position.Line),
			cmp.Compare(a.Position.Column, b.Position.Column),
			cmp.Compare(a.Source, b.Source),
			cmp.Compare(a.Partition, b.Partition),
			cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Message, b.Message),
		)
	})
}

// HasErrors reports whether any finding stops a line.
func HasErrors(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == Error })
}
