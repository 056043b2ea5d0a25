package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
)

// The Static Analysis Results Interchange Format, OASIS SARIF 2.1.0, as far as
// code scanning on GitHub reads it.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		ColumnKind  string            `json:"columnKind"`
		Results     []sarifResult     `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri"`
		Version        string      `json:"version,omitempty"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string       `json:"id"`
		ShortDescription sarifMessage `json:"shortDescription"`
	}
	sarifInvocation struct {
		ExecutionSuccessful bool                `json:"executionSuccessful"`
		Notifications       []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level   string       `json:"level"`
		Message sarifMessage `json:"message"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID              string             `json:"ruleId"`
		RuleIndex           int                `json:"ruleIndex"`
		Level               string             `json:"level"`
		Message             sarifMessage       `json:"message"`
		Locations           []sarifLocation    `json:"locations,omitempty"`
		PartialFingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions        []sarifSuppression `json:"suppressions,omitempty"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Status        string `json:"status"`
		Justification string `json:"justification"`
	}
	sarifLocation struct {
		PhysicalLocation sarifPhysicalLocation `json:"physicalLocation"`
	}
	sarifPhysicalLocation struct {
		ArtifactLocation sarifArtifactLocation `json:"artifactLocation"`
		Region           *sarifRegion          `json:"region,omitempty"`
	}
	sarifArtifactLocation struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
		EndColumn   int `json:"endColumn,omitempty"`
	}
)

const (
	sarifSchema    = "https://json.schemastore.org/sarif-2.1.0.json"
	informationURI = "https://github.com/linecook-ml/linecook"
)

// sarifLevels are the words of the format for the severities.
var sarifLevels = map[Severity]string{Error: "error", Warning: "warning", Info: "note"}

// SARIF writes a report for code scanning. A finding keeps its fingerprint when
// lines move or counts change. Where nothing was checked, the run is marked as
// one that did not succeed.
func SARIF(w io.Writer, r *Report) error {
	var codes []string
	for _, f := range r.Findings {
		codes = append(codes, f.Code)
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)
	run := sarifRun{
		Tool:        sarifTool{sarifDriver{Name: "linecook", InformationURI: informationURI, Version: Printable(r.Version), Rules: []sarifRule{}}},
		Invocations: []sarifInvocation{{ExecutionSuccessful: r.Checks() > 0}},
		// The reader of YAML counts characters, not UTF-16 units.
		ColumnKind: "unicodeCodePoints",
		Results:    []sarifResult{},
	}
	if r.Checks() == 0 {
		run.Invocations[0].Notifications = []sarifNotification{{Level: "error", Message: sarifMessage{"not one check ran"}}}
	}
	for _, code := range codes {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{ID: Printable(code), ShortDescription: sarifMessage{describe(code)}})
	}
	seen := map[string]int{}
	for _, f := range r.Findings {
		run.Results = append(run.Results, r.sarifResult(f, slices.Index(codes, f.Code), seen))
	}
	return JSON(w, sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}})
}

// describe is a code in words: contract/missing-column is "contract: missing
// column".
func describe(code string) string {
	return Printable(strings.NewReplacer("/", ": ", "-", " ").Replace(code))
}

func (r *Report) sarifResult(f Finding, rule int, seen map[string]int) sarifResult {
	result := sarifResult{
		RuleID: Printable(f.Code), RuleIndex: rule, Level: sarifLevels[f.Severity],
		Message: sarifMessage{sarifText(sentence(f))},
	}
	file := f.Position.File
	if file == "" {
		file = r.File
	}
	if file != "" {
		location := sarifPhysicalLocation{ArtifactLocation: sarifArtifactLocation{(&url.URL{Path: r.shown(file)}).String()}}
		if f.Position.Line > 0 {
			location.Region = &sarifRegion{f.Position.Line, f.Position.Column, f.Position.end()}
		}
		result.Locations = []sarifLocation{{location}}
	}
	if f.Waived != "" {
		result.Suppressions = []sarifSuppression{{Kind: "external", Status: "accepted", Justification: Printable(f.Waived)}}
	}
	// What a finding is about, not what it counted; the n-th of those alike.
	sum := sha256.Sum256([]byte(strings.Join([]string{f.Code, r.shown(file), f.Source, f.Partition, f.Column}, "\x00")))
	digest := hex.EncodeToString(sum[:16])
	seen[digest]++
	fingerprint := fmt.Sprintf("%s:%d", digest, seen[digest])
	// GitHub reads the first name only, and takes any text for its value.
	result.PartialFingerprints = map[string]string{"primaryLocationLineHash": fingerprint, "linecookFinding/v1": fingerprint}
	return result
}

// sarifText keeps brackets from becoming links, and braces from becoming
// placeholders (SARIF 2.1.0, 3.11.5 and 3.11.6).
func sarifText(text string) string {
	return strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, "{", "{{", "}", "}}").Replace(text)
}
