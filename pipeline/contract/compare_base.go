package contract

import (
	"fmt"

	"github.com/linecook-ml/linecook/pipeline/document"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// ParseBase reads a contract of the past, only to compare with it: what lint
// would say of it today is nobody's business any more. It is nil, with findings,
// where the file's keys and values are not sound.
func ParseBase(file string, data []byte) (*Contract, []report.Finding) {
	c := &Contract{file: file, text: data}
	doc, findings := document.Decode(file, data, c)
	if doc == nil || report.HasErrors(findings) {
		return nil, findings
	}
	c.doc = doc
	return c, nil
}

// CheckUnknown is the finding about a contract of the past that ParseBase
// refused with faults. What changed since cannot be told, so it counts as
// breaking: an error, unless the version has risen as a breaking change asks.
func CheckUnknown(before []byte, faults []report.Finding, after *Contract) report.Finding {
	f := report.Finding{
		Code: CodeBaseUnreadable, Severity: report.Error, Position: after.Position("version"),
		Message: "the contract of the past is not sound, so what changed since cannot be told and counts as breaking",
		Remedy:  "compare with a version of it that is sound, or write the next major version",
	}
	if len(faults) > 0 {
		f.Message += fmt.Sprintf(" (%s: %s)", faults[0].Position, faults[0].Message)
	}
	// Every other key is unknown here; the version is read in spite of them.
	var old struct {
		Version string `yaml:"version"`
	}
	document.Decode(after.file, before, &old)
	if versionFault(old.Version, after.Version, BumpMajor) == "" {
		f.Severity, f.Remedy = report.Warning, ""
		f.Message += fmt.Sprintf("; the version rose from %s to %s, as that asks", old.Version, after.Version)
	}
	return f
}
