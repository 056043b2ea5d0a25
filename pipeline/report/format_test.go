package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/linecook-ml/linecook/pipeline/report"
)

// hostile is text from data that means something to a terminal, a runner, XML,
// SARIF, Markdown or HTML.
const hostile = "a\x00b\x1b[31m\r\n::error::x ]]> --> <script>&amp; [link](http://example.com) {0} \u202e \ufffe \xff \"'"

func sample() *report.Report {
	return &report.Report{
		Title: "linecook validate", Version: "1.0.0", File: "pipeline.yaml", Root: "/repo",
		Subjects: []report.Subject{{Name: "source flights", Checks: 20}, {Name: "source weather", Checks: 0}},
		Findings: []report.Finding{
			{Code: "contract/range", Severity: report.Error, Message: "3 values are too great", Remedy: "correct them", Source: "weather", Column: "temp", Count: 3, Position: report.Position{File: "/repo/contracts/weather äöü.odcs.yaml", Line: 12, Column: 7}},
			{Code: "contract/range", Severity: report.Error, Message: "4 values are too small", Source: "weather", Column: "temp", Count: 4, Position: report.Position{File: "/repo/contracts/weather äöü.odcs.yaml", Line: 12, Column: 30}},
			{Code: "contract/type", Severity: report.Info, Message: "waived until 2013-10-31 by ops (broken gauge): 1 value", Waived: "until 2013-10-31 by ops (broken gauge)", Position: report.Position{File: "contracts/weather äöü.odcs.yaml", Line: 3}},
			{Code: "contract/unexpected-column", Severity: report.Warning, Message: hostile, Column: hostile, Samples: []string{hostile}, Position: report.Position{File: hostile}},
			{Code: "feature/late", Severity: report.Info, Message: "nothing to point at"},
		},
	}
}

func write(t *testing.T, format string, r *report.Report) string {
	t.Helper()
	f, ok := report.FormatOf(format)
	if !ok {
		t.Fatalf("there is no format %s", format)
	}
	var b bytes.Buffer
	if err := f.Write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The formats that people are told of, in their order.
func TestFormatNames(t *testing.T) {
	if got, want := report.FormatNames(), "text, json, github, markdown, sarif or junit"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if _, ok := report.FormatOf("SARIF"); ok {
		t.Error("names are written one way only")
	}
}

// Every format says the same thing twice in the same bytes, and no text from
// data steers what reads it.
func TestFormatsAreRepeatableAndHarmless(t *testing.T) {
	for _, format := range report.Formats {
		first := write(t, format.Name, sample())
		if again := write(t, format.Name, sample()); again != first {
			t.Errorf("%s: two runs differ", format.Name)
		}
		for _, bad := range []string{"\x00", "\x1b", "\r", "\n::error", "\u202e", "\xff"} {
			if strings.Contains(first, bad) && format.Name != "json" {
				t.Errorf("%s: %q came through:\n%s", format.Name, bad, first)
			}
		}
		if strings.Contains(first, "<script>") && (format.Name == "markdown" || format.Name == "junit") {
			t.Errorf("%s: a tag came through", format.Name)
		}
	}
}

func TestCleanNeedsChecks(t *testing.T) {
	for _, test := range []struct {
		name    string
		report  report.Report
		clean   bool
		summary string
	}{
		{"checked and well", report.Report{Subjects: []report.Subject{{"a", 2}}, Details: "2 checks"}, true, "clean: no findings; 2 checks"},
		{"a warning", report.Report{Subjects: []report.Subject{{"a", 2}}, Findings: []report.Finding{{Code: "c", Severity: report.Warning}}}, true, "clean: 1 warning"},
		{"an error", report.Report{Subjects: []report.Subject{{"a", 2}}, Findings: []report.Finding{{Code: "c", Severity: report.Error}}}, false, "not clean: 1 error"},
		{"waived", report.Report{Subjects: []report.Subject{{"a", 2}}, Findings: []report.Finding{{Code: "c", Severity: report.Info, Waived: "until"}}}, true, "clean: 1 info, 1 waived"},
		{"no subject", report.Report{}, false, "not clean: 1 error"},
		{"no check", report.Report{Subjects: []report.Subject{{"a", 0}}}, false, "not clean: 1 error"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := test.report
			r.Complete()
			if r.Clean() != test.clean || r.Summary() != test.summary {
				t.Errorf("clean %v, %q", r.Clean(), r.Summary())
			}
			if unchecked := r.Checks() == 0; unchecked != (len(r.Findings) > 0 && r.Findings[0].Code == report.CodeNothingChecked) {
				t.Errorf("%+v", r.Findings)
			}
			for _, format := range report.Formats {
				if !test.clean && !strings.Contains(write(t, format.Name, &r), "error") {
					t.Errorf("%s does not say that something is wrong", format.Name)
				}
			}
		})
	}
}

func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile("testdata/sarif-2.1.0.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("sarif.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// The official schema, without its descriptions, takes what is written, and
// would refuse a log that is wrong.
func TestSARIFKeepsTheOfficialSchema(t *testing.T) {
	schema := sarifSchema(t)
	for _, r := range []*report.Report{sample(), {}, {Findings: []report.Finding{{Code: "c", Severity: report.Error}}}, {Subjects: []report.Subject{{"a", 1}}}} {
		r.Complete()
		text := write(t, "sarif", r)
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
		broken, err := jsonschema.UnmarshalJSON(strings.NewReader(strings.Replace(text, `"driver"`, `"chauffeur"`, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if schema.Validate(broken) == nil {
			t.Error("the schema takes anything")
		}
	}
}

type log struct {
	Runs []struct {
		Tool struct {
			Driver struct{ Rules []struct{ ID string } }
		}
		Invocations []struct{ ExecutionSuccessful bool }
		Results     []struct {
			RuleID       string
			RuleIndex    int
			Level        string
			Message      struct{ Text string }
			Suppressions []struct{ Kind, Status, Justification string }
			Locations    []struct {
				PhysicalLocation struct {
					ArtifactLocation struct{ URI string }
					Region           struct{ StartLine, StartColumn int }
				}
			}
			PartialFingerprints map[string]string
		}
	}
}

func readSARIF(t *testing.T, r *report.Report) log {
	t.Helper()
	var l log
	if err := json.Unmarshal([]byte(write(t, "sarif", r)), &l); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestSARIFSaysWhereAndHowBad(t *testing.T) {
	r := sample()
	r.Complete()
	run := readSARIF(t, r).Runs[0]
	var got []string
	for _, result := range run.Results {
		if rule := run.Tool.Driver.Rules[result.RuleIndex].ID; rule != result.RuleID {
			t.Errorf("the rule of %s is %s", result.RuleID, rule)
		}
		place := result.Locations[0].PhysicalLocation
		got = append(got, fmt.Sprintf("%s %s %s:%d:%d suppressed %d", result.Level, result.RuleID, place.ArtifactLocation.URI, place.Region.StartLine, place.Region.StartColumn, len(result.Suppressions)))
	}
	want := []string{
		"error contract/range contracts/weather%20%C3%A4%C3%B6%C3%BC.odcs.yaml:12:7 suppressed 0",
		"error contract/range contracts/weather%20%C3%A4%C3%B6%C3%BC.odcs.yaml:12:30 suppressed 0",
		"warning contract/unexpected-column",
		"note feature/late pipeline.yaml:0:0 suppressed 0",
		"note contract/type contracts/weather%20%C3%A4%C3%B6%C3%BC.odcs.yaml:3:0 suppressed 1",
	}
	for i := range want {
		if len(got) != len(want) || !strings.HasPrefix(got[i], want[i]) {
			t.Fatal(cmp.Diff(want, got))
		}
	}
	if text := run.Results[2].Message.Text; !strings.Contains(text, `\[link\](http`) || !strings.Contains(text, "{{0}}") {
		t.Errorf("links and placeholders are live: %s", text)
	}
	if !run.Invocations[0].ExecutionSuccessful {
		t.Error("checks ran")
	}
	if readSARIF(t, &report.Report{}).Runs[0].Invocations[0].ExecutionSuccessful {
		t.Error("a run without checks looks like one that succeeded")
	}
}

// An alert is the same one tomorrow, when lines have moved and counts differ,
// and another one where it is about something else.
func TestSARIFFingerprints(t *testing.T) {
	prints := func(edit func(*report.Finding)) string {
		f := report.Finding{Code: "contract/range", Severity: report.Error, Message: "3 values", Count: 3, Source: "weather", Partition: "date=2013-10-01", Column: "temp", Position: report.Position{File: "a.yaml", Line: 3}}
		edit(&f)
		return readSARIF(t, &report.Report{Findings: []report.Finding{f}}).Runs[0].Results[0].PartialFingerprints["primaryLocationLineHash"]
	}
	same := prints(func(*report.Finding) {})
	for name, edit := range map[string]func(*report.Finding){
		"line": func(f *report.Finding) { f.Position.Line = 9 }, "count": func(f *report.Finding) { f.Count, f.Message = 5, "5 values" },
		"severity": func(f *report.Finding) { f.Severity = report.Warning },
	} {
		if prints(edit) != same {
			t.Errorf("another %s is another alert", name)
		}
	}
	for name, edit := range map[string]func(*report.Finding){
		"code": func(f *report.Finding) { f.Code = "contract/type" }, "column": func(f *report.Finding) { f.Column = "dewp" },
		"file": func(f *report.Finding) { f.Position.File = "b.yaml" }, "source": func(f *report.Finding) { f.Source = "flights" },
		"partition": func(f *report.Finding) { f.Partition = "date=2013-10-02" },
	} {
		if prints(edit) == same {
			t.Errorf("another %s is the same alert", name)
		}
	}
	twins := readSARIF(t, &report.Report{Findings: []report.Finding{{Code: "c"}, {Code: "c"}}}).Runs[0].Results
	if twins[0].PartialFingerprints["linecookFinding/v1"] == twins[1].PartialFingerprints["linecookFinding/v1"] {
		t.Error("two findings share a fingerprint")
	}
}

type suites struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Skipped  int `xml:"skipped,attr"`
	Cases    []struct {
		Class   string    `xml:"classname,attr"`
		Name    string    `xml:"name,attr"`
		Failure *struct{} `xml:"failure"`
		Error   *struct{} `xml:"error"`
		Skipped *struct {
			Message string `xml:"message,attr"`
		} `xml:"skipped"`
	} `xml:"testsuite>testcase"`
}

func readJUnit(t *testing.T, r *report.Report) suites {
	t.Helper()
	text := write(t, "junit", r)
	for _, c := range text {
		if c < ' ' && c != '\n' && c != '\t' || c == '\ufffe' {
			t.Errorf("%q cannot stand in XML 1.0", c)
		}
	}
	var s suites
	if err := xml.Unmarshal([]byte(text), &s); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return s
}

func TestJUnitCases(t *testing.T) {
	r := sample()
	r.Complete()
	s := readJUnit(t, r)
	var got []string
	for _, c := range s.Cases {
		state := "passed"
		switch {
		case c.Error != nil:
			state = "error"
		case c.Failure != nil:
			state = "failed"
		case c.Skipped != nil:
			state = "skipped: " + c.Skipped.Message
		}
		got = append(got, c.Class+" "+c.Name+" "+state)
	}
	want := []string{
		"linecook validate source flights passed",
		"linecook validate source weather error",
		"contracts/weather äöü.odcs.yaml contract/range failed",
		got[3], // the hostile one
		"pipeline.yaml feature/late passed",
		"contracts/weather äöü.odcs.yaml contract/type skipped: waived until 2013-10-31 by ops (broken gauge): 1 value",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s.Tests != 6 || s.Failures != 1 || s.Errors != 1 || s.Skipped != 1 {
		t.Errorf("%+v", s)
	}
	empty := &report.Report{}
	if s := readJUnit(t, empty); s.Tests != 1 || s.Errors != 1 {
		t.Errorf("a run without checks: %+v", s)
	}
}

func ExampleJUnit() {
	r := &report.Report{
		Title: "linecook contract lint", Subjects: []report.Subject{{Name: "flights.odcs.yaml", Checks: 1}},
		Findings: []report.Finding{{Code: "contract/no-type", Severity: report.Error, Message: "no type", Position: report.Position{File: "flights.odcs.yaml", Line: 9, Column: 3}}},
	}
	_ = report.JUnit(os.Stdout, r)
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?>
	// <testsuites name="linecook contract lint" tests="2" failures="1" errors="0" skipped="0">
	//   <testsuite name="linecook contract lint" tests="2" failures="1" errors="0" skipped="0">
	//     <testcase classname="linecook contract lint" name="flights.odcs.yaml">
	//       <system-out>1 checks</system-out>
	//     </testcase>
	//     <testcase classname="flights.odcs.yaml" name="contract/no-type" file="flights.odcs.yaml" line="9">
	//       <failure message="no type" type="contract/no-type">error flights.odcs.yaml:9:3: no type</failure>
	//     </testcase>
	//   </testsuite>
	// </testsuites>
}
