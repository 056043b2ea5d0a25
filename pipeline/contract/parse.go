package contract

import (
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

// JSONSchema is the JSON Schema of the contracts that linecook reads, made from
// the same types as Parse.
func JSONSchema() ([]byte, error) {
	return document.Schema(Contract{}, SchemaID, "Open Data Contract Standard v3.1.0, as linecook reads it")
}
