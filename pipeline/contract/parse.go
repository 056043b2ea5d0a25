package contract

import (
	"fmt"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/document"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// SchemaID is the name of the JSON Schema that describes what Parse reads.
const SchemaID = "https://linecook-ml.github.io/schema/contract.json"

// Parse reads and lints the contract in data. file is only used in positions.
// The contract is nil when a finding is an error: a contract that is not sound
// checks nothing.
func Parse(file string, data []byte) (*Contract, []report.Finding) {
	c := &Contract{file: file, text: data}
	doc, findings := document.Decode(file, data, c)
	hintAtArguments(findings)
	if doc == nil || report.HasErrors(findings) {
		return nil, findings
	}
	c.doc = doc
	findings = append(findings, lint(c)...)
	report.Sort(findings)
	if report.HasErrors(findings) {
		return nil, findings
	}
	return c, findings
}

// hintAtArguments helps those who copied the example of the standard's text, in
// which the pattern of invalidValues stands beside arguments.
func hintAtArguments(findings []report.Finding) {
	for i, f := range findings {
		for _, key := range allArguments {
			if f.Code == document.CodeUnknownKey && strings.HasPrefix(f.Message, fmt.Sprintf("unknown key %q in \"quality[", key)) {
				findings[i].Remedy = fmt.Sprintf("put %s under arguments; the example in the standard's text has it in the wrong place", key)
			}
		}
	}
}

// JSONSchema is the JSON Schema of the contracts that linecook reads, made from
// the same types as Parse.
func JSONSchema() ([]byte, error) {
	return document.Schema(Contract{}, SchemaID, "Open Data Contract Standard v3.1.0, as linecook reads it")
}
