package contract

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/pipeline/document"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// maxWaiver bounds how long a waiver may last: an exception that outlives half
// a year is a rule, and belongs into the contract.
const maxWaiver = 180 * 24 * time.Hour

// A WaiverFile is what stands in waivers.yaml beside a pipeline's file: known
// errors that may pass for a while, each with somebody who answers for it.
type WaiverFile struct {
	Waivers []Waiver `yaml:"waivers" required:"true" description:"the exceptions, each for one kind of finding"`

	doc *document.Document
}

// A Waiver lets one kind of error pass until a day. What it names must agree
// with the finding; what it leaves out agrees with all.
type Waiver struct {
	Code       string `yaml:"code" required:"true" description:"the finding's code, like contract/range"`
	Source     string `yaml:"source" description:"the source's name"`
	Column     string `yaml:"column" description:"the column's name in the data"`
	Partition  string `yaml:"partition" description:"the partition as findings name it, like date=2013-10-01"`
	Reason     string `yaml:"reason" required:"true" description:"why the error may pass"`
	ApprovedBy string `yaml:"approved_by" required:"true" description:"who answers for it"`
	From       Day    `yaml:"from" required:"true" description:"the first day, as 2013-10-01"`
	Until      Day    `yaml:"until" required:"true" description:"the last day, at most 180 days after the first"`
}

// A Day is a day of the calendar, in UTC.
type Day struct{ time.Time }

const dayPattern = `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`

// UnmarshalText reads a day as 2013-10-01.
func (d *Day) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return fmt.Errorf("%q is no day of the calendar; write it as 2013-10-01", clip(string(text)))
	}
	d.Time = t
	return nil
}

// JSONSchemaPattern is the form of a day.
func (*Day) JSONSchemaPattern() string { return dayPattern }

func (d Day) String() string { return d.Format(time.DateOnly) }

// waivable are the codes of errors that say how data differs from what was
// agreed, and how the agreement moved: somebody can know them and answer for
// them. Every other error says, always or at times, that something could not be
// checked, and what is unknown cannot be answered for. A code that is new to
// linecook is such a one until it is added here.
var waivable = []string{
	"contract/column-type", "contract/duplicate-values", "contract/format", "contract/invalid-values", "contract/items", "contract/length",
	"contract/missing-column", "contract/missing-values", "contract/multiple-of", "contract/null-values", "contract/pattern",
	"contract/primary-key", "contract/properties", "contract/range", "contract/required", "contract/row-count", "contract/sql",
	"contract/type", "contract/unexpected-column", "contract/unique", CodeVersionBump,
}

// Waivable says whether a waiver may name the code.
func Waivable(code string) bool { return slices.Contains(waivable, code) }

// WaiverSchema is the JSON Schema of waivers.yaml, for editors.
func WaiverSchema() ([]byte, error) {
	return document.Schema(WaiverFile{}, "https://linecook-ml.github.io/schema/waivers.json", "linecook waivers.yaml")
}

// ParseWaivers reads waivers.yaml. It is nil when a finding is an error: a file
// of exceptions that is not sound excepts nothing.
func ParseWaivers(file string, data []byte) (*WaiverFile, []report.Finding) {
	w := &WaiverFile{}
	doc, findings := document.Decode(file, data, w)
	if doc == nil || report.HasErrors(findings) {
		return nil, findings
	}
	w.doc = doc
	for i := range w.Waivers {
		findings = append(findings, w.lint(i)...)
	}
	report.Sort(findings)
	if report.HasErrors(findings) {
		return nil, findings
	}
	return w, findings
}

func (w *WaiverFile) lint(i int) []report.Finding {
	var findings []report.Finding
	add := func(code, remedy, key, format string, args ...any) {
		findings = append(findings, report.Finding{Code: code, Severity: report.Error, Message: fmt.Sprintf(format, args...), Remedy: remedy, Position: w.doc.Position("waivers", i, key)})
	}
	waiver := w.Waivers[i]
	if !Waivable(waiver.Code) {
		remedy := "waivable are: " + strings.Join(waivable, ", ")
		if near, ok := document.Nearest(waiver.Code, waivable); ok {
			remedy = "did you mean " + near + "? " + remedy
		}
		add("waiver/unwaivable", remedy, "code", "%q cannot be waived: only what data breaks can be, never that something could not be checked", clip(waiver.Code))
	}
	for _, text := range []struct{ key, value string }{{"reason", waiver.Reason}, {"approved_by", waiver.ApprovedBy}} {
		if strings.TrimSpace(text.value) == "" {
			add("waiver/empty-value", "say it", text.key, "the waiver's %s is empty", text.key)
		}
	}
	switch lasts := waiver.Until.Sub(waiver.From.Time); {
	case lasts < 0:
		add("waiver/dates", "correct one of them", "until", "the waiver ends on %s, before it begins on %s", waiver.Until, waiver.From)
	case lasts > maxWaiver:
		add("waiver/dates", "shorten it; what is needed for longer belongs into the contract", "until", "the waiver lasts %d days, from %s until %s; at most 180 are allowed", int(lasts.Hours())/24, waiver.From, waiver.Until)
	}
	return findings
}

// matches says whether the waiver is about the finding.
func (w Waiver) matches(f report.Finding) bool {
	agrees := func(wanted, has string) bool { return wanted == "" || wanted == has }
	return w.Code == f.Code && agrees(w.Source, f.Source) && agrees(w.Column, f.Column) && agrees(w.Partition, f.Partition)
}

func (w Waiver) String() string {
	said := w.Code
	for _, part := range []struct{ name, value string }{{"source", w.Source}, {"column", w.Column}, {"partition", w.Partition}} {
		if part.value != "" {
			said += fmt.Sprintf(", %s %s", part.name, clip(part.value))
		}
	}
	return said
}

// ApplyWaivers lets the errors pass that a waiver covers on the day of today.
// Such a finding stays in the list, as a note that says who waived it, why and
// until when; waived lists them again. A waiver that has ended, has not begun, or
// covered nothing gets a finding of its own: an ended one an error where it would
// have covered one, else a warning. w may be nil.
func ApplyWaivers(findings []report.Finding, w *WaiverFile, today time.Time) (all, waived []report.Finding) {
	all = slices.Clone(findings)
	if w == nil {
		return all, nil
	}
	day := today.UTC().Truncate(24 * time.Hour)
	var said []report.Finding
	for i, waiver := range w.Waivers {
		if !Waivable(waiver.Code) {
			continue
		}
		active := !day.Before(waiver.From.Time) && !day.After(waiver.Until.Time)
		covered := 0
		for k, f := range findings {
			if f.Severity != report.Error || !waiver.matches(f) {
				continue
			}
			covered++
			if active && all[k].Waived == "" {
				all[k].Severity = report.Info
				all[k].Waived = fmt.Sprintf("until %s by %s (%s)", waiver.Until, waiver.ApprovedBy, waiver.Reason)
				all[k].Message = "waived " + all[k].Waived + ": " + f.Message
			}
		}
		if f, ok := waiver.state(day, covered); ok {
			if w.doc != nil {
				f.Position = w.doc.Position("waivers", i)
			}
			said = append(said, f)
		}
	}
	for _, f := range all {
		if f.Waived != "" {
			waived = append(waived, f)
		}
	}
	all = append(all, said...)
	report.Sort(all)
	return all, waived
}

// state is what is to be said of the waiver itself.
func (w Waiver) state(day time.Time, covered int) (report.Finding, bool) {
	f := report.Finding{Source: w.Source, Column: w.Column, Partition: w.Partition}
	switch {
	case day.After(w.Until.Time):
		f.Code, f.Severity = "waiver/expired", report.Warning
		f.Message = fmt.Sprintf("the waiver of %s ended on %s", w, w.Until)
		f.Remedy = "remove it"
		if covered > 0 {
			f.Severity = report.Error
			f.Message += ", and what it covered is still wrong"
			f.Remedy = "correct the data or the contract, or have the waiver approved again"
		}
	case day.Before(w.From.Time):
		f.Code, f.Severity = "waiver/not-begun", report.Info
		f.Message, f.Remedy = fmt.Sprintf("the waiver of %s begins on %s and covers nothing before", w, w.From), "wait, or correct from"
	case covered == 0:
		f.Code, f.Severity = "waiver/unused", report.Info
		f.Message, f.Remedy = fmt.Sprintf("the waiver of %s covers no error of this run", w), "remove it once what it covered is right"
	default:
		return f, false
	}
	return f, true
}
