package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
)

// JUnit's XML as Jenkins, GitLab and the usual GitHub actions read it. There is
// no standard; these are the elements that all of them know.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string     `xml:"classname,attr"`
		Name    string     `xml:"name,attr"`
		File    string     `xml:"file,attr,omitempty"`
		Line    int        `xml:"line,attr,omitempty"`
		Failure *junitText `xml:"failure"`
		Error   *junitText `xml:"error"`
		Skipped *junitText `xml:"skipped"`
		Out     string     `xml:"system-out,omitempty"`
	}
	junitText struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes a report as test results: a test for each subject, which errs
// where no check ran on it, and a test for each code in each file. Errors are
// failures; warnings and notes are the output of a test that passed; errors that
// are waived are skipped tests that say so.
func JUnit(w io.Writer, r *Report) error {
	suite := junitSuite{Name: xmlText(r.Title)}
	for _, s := range r.Subjects {
		c := junitCase{Class: xmlText(r.Title), Name: xmlText(s.Name), Out: fmt.Sprintf("%d checks", s.Checks)}
		if s.Checks == 0 {
			c.Out, c.Error = "", &junitText{Message: "not one check ran"}
		}
		suite.Cases = append(suite.Cases, c)
	}
	if len(r.Subjects) == 0 {
		suite.Cases = append(suite.Cases, junitCase{Class: xmlText(r.Title), Name: "checks", Error: &junitText{Message: "nothing was checked"}})
	}
	suite.Cases = append(suite.Cases, r.junitCases()...)
	for _, c := range suite.Cases {
		suite.Tests++
		switch {
		case c.Error != nil:
			suite.Errors++
		case c.Failure != nil:
			suite.Failures++
		case c.Skipped != nil:
			suite.Skipped++
		}
	}
	all := junitSuites{Name: suite.Name, Tests: suite.Tests, Failures: suite.Failures, Errors: suite.Errors, Skipped: suite.Skipped, Suites: []junitSuite{suite}}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, xml.Header+string(text)+"\n")
	return err
}

// junitCases gathers the findings of one code in one file, waived ones apart, in
// the order of the first of each.
func (r *Report) junitCases() []junitCase {
	type key struct {
		file, code string
		waived     bool
	}
	var order []key
	groups := map[key][]Finding{}
	for _, f := range r.Findings {
		k := key{r.shown(f.Position.File), f.Code, f.Waived != ""}
		if k.file == "" {
			k.file = r.shown(r.File)
		}
		if !slices.Contains(order, k) {
			order = append(order, k)
		}
		groups[k] = append(groups[k], f)
	}
	cases := make([]junitCase, len(order))
	for i, k := range order {
		cases[i] = junitCaseOf(k.file, k.code, groups[k])
	}
	return cases
}

func junitCaseOf(file, code string, findings []Finding) junitCase {
	first := findings[0]
	c := junitCase{Class: xmlText(file), Name: xmlText(code), File: xmlText(file), Line: first.Position.Line}
	var failed, noted []string
	for _, f := range findings {
		line := fmt.Sprintf("%s %s: %s", f.Severity, f.Position, sentence(f))
		if f.Severity == Error {
			failed = append(failed, xmlText(line))
		} else {
			noted = append(noted, xmlText(line))
		}
	}
	message := xmlText(sentence(first))
	switch {
	case failed != nil:
		if len(failed) > 1 {
			message += fmt.Sprintf(" (and %d more)", len(failed)-1)
		}
		c.Failure = &junitText{Message: message, Type: xmlText(code), Text: strings.Join(failed, "\n")}
	case first.Waived != "":
		c.Skipped = &junitText{Message: message}
	}
	c.Out = strings.Join(noted, "\n")
	return c
}

// xmlText makes visible what XML 1.0 cannot hold: Printable does it for control
// characters; the last two code points of the plane are no characters.
func xmlText(text string) string {
	return strings.NewReplacer("\ufffe", `\ufffe`, "\uffff", `\uffff`).Replace(Printable(text))
}
