package report

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// A Report is what one run of a command found, and what it looked at.
type Report struct {
	// Title names the command, like "linecook validate".
	Title string
	// Version is the program's.
	Version string
	// File stands in for the place of findings that have none.
	File string
	// Root is the folder that paths are shown relative to; empty leaves them.
	Root     string
	Subjects []Subject
	Findings []Finding
	// Details end the summary: what else is worth a number.
	Details string
	// Data is what the command has to say to programs; nil for the report alone.
	Data any
}

// A Subject is one thing that was looked at, and how many checks ran on it.
type Subject struct {
	Name   string `json:"name"`
	Checks int    `json:"checks"`
}

// CodeNothingChecked is the code of the error that stands for a run in which
// nothing was checked and nothing said why.
const CodeNothingChecked = "report/nothing-checked"

// Complete adds the error that a run without checks is, unless another error
// says already that something is wrong, and puts the findings in order. They are
// a list from then on, be it an empty one.
func (r *Report) Complete() {
	if r.Checks() == 0 && !HasErrors(r.Findings) {
		r.Findings = append(r.Findings, Finding{
			Code: CodeNothingChecked, Severity: Error, Position: Position{File: r.File},
			Message: "nothing was checked, so nothing is known to be well", Remedy: "name what is to be checked",
		})
	}
	if r.Findings == nil {
		r.Findings = []Finding{}
	}
	Sort(r.Findings)
}

// Checks is how many checks ran.
func (r *Report) Checks() int {
	total := 0
	for _, s := range r.Subjects {
		total += s.Checks
	}
	return total
}

// Clean reports whether something was checked and nothing stops a line.
func (r *Report) Clean() bool { return r.Checks() > 0 && !HasErrors(r.Findings) }

// Summary says the result in one line.
func (r *Report) Summary() string {
	verdict := "clean"
	if !r.Clean() {
		verdict = "not clean"
	}
	said := verdict + ": " + Count(r.Findings)
	waived := 0
	for _, f := range r.Findings {
		if f.Waived != "" {
			waived++
		}
	}
	if waived > 0 {
		said += fmt.Sprintf(", %d waived", waived)
	}
	if r.Details != "" {
		said += "; " + r.Details
	}
	return said
}

// A Format is one way to write a report.
type Format struct {
	Name  string
	Write func(io.Writer, *Report) error
}

// Formats are the ways to write a report, in the order in which they are
// offered.
var Formats = []Format{
	{"text", writeText},
	{"json", writeJSON},
	{"github", writeSummary},
	{"markdown", writeMarkdown},
	{"sarif", SARIF},
	{"junit", JUnit},
}

// FormatGitHub is the format in which the findings are annotations: the door
// hands them to the runner, and only the summary is written.
const FormatGitHub = "github"

// FormatNames lists the formats, as "a, b or c".
func FormatNames() string {
	names := make([]string, len(Formats))
	for i, f := range Formats {
		names[i] = f.Name
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// FormatOf finds a format by its name.
func FormatOf(name string) (Format, bool) {
	for _, f := range Formats {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}

func writeText(w io.Writer, r *Report) error {
	return errors.Join(Text(w, r.Findings), writeSummary(w, r))
}

func writeSummary(w io.Writer, r *Report) error {
	_, err := fmt.Fprintln(w, Printable(r.Summary()))
	return err
}

func writeJSON(w io.Writer, r *Report) error {
	if r.Data != nil {
		return JSON(w, r.Data)
	}
	findings := r.Findings
	if findings == nil {
		findings = []Finding{}
	}
	return JSON(w, struct {
		Clean    bool      `json:"clean"`
		Subjects []Subject `json:"subjects"`
		Findings []Finding `json:"findings"`
	}{r.Clean(), r.Subjects, findings})
}

func writeMarkdown(w io.Writer, r *Report) error {
	if _, err := fmt.Fprintf(w, "### %s\n\n%s\n\n", MarkdownText(r.Title), MarkdownText(r.Summary())); err != nil {
		return err
	}
	if len(r.Findings) == 0 {
		return nil
	}
	return Markdown(w, r.Findings)
}

// sentence is a finding in words: what is wrong, what to do, and on which data.
func sentence(f Finding) string {
	said := f.Message
	if f.Remedy != "" {
		said += " → " + f.Remedy
	}
	var data []string
	for _, item := range []struct{ name, value string }{{"source", f.Source}, {"partition", f.Partition}, {"column", f.Column}} {
		if item.value != "" {
			data = append(data, item.name+" "+item.value)
		}
	}
	if f.Count > 0 {
		data = append(data, fmt.Sprintf("%d rows", f.Count))
	}
	if data != nil {
		said += " (" + strings.Join(data, ", ") + ")"
	}
	return Printable(said)
}

// shown is a path from the report's root where it lies below it, with slashes.
func (r *Report) shown(file string) string {
	file = strings.ReplaceAll(file, `\`, "/")
	root := strings.TrimSuffix(strings.ReplaceAll(r.Root, `\`, "/"), "/")
	if root != "" {
		file = strings.TrimPrefix(file, root+"/")
	}
	return strings.TrimPrefix(file, "./")
}
