package validation

import (
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// otherLocks are lock files that tools write, beside those of Python: they bind
// every dependency by what they are.
var otherLocks = []string{"go.sum", "package-lock.json", "renv.lock"}

// elsewhere is a requirement that leads to other files.
var elsewhere = regexp.MustCompile(`^(-[rce]\b|--(requirement|constraint|editable)\b|\.)`)

// locks checks that the lock files of the commands pin everything.
func locks(c *pipeline.Config) []report.Finding {
	var findings []report.Finding
	for _, command := range c.Commands {
		if base := path.Base(command.Lock); slices.Contains(lockFiles, base) || slices.Contains(otherLocks, base) {
			continue
		}
		file, text := filepath.ToSlash(c.Path(command.Lock)), command.LockText()
		findings = append(findings, Requirements(file, []byte(text))...)
		for _, r := range requirements(text) {
			if elsewhere.MatchString(r.text) {
				findings = append(findings, report.Finding{
					Code: requirementCode, Severity: report.Error, Position: report.Position{File: file, Line: r.line, Column: 1},
					Message: fmt.Sprintf("%q leads to other files, which the bundle does not carry", r.text),
					Remedy:  "write into this file what is installed, and list code of your own under files",
				})
			}
		}
	}
	return findings
}
