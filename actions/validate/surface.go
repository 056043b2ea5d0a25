package validate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// A surface is where a result is shown beside the log: the step's summary and
// outputs, files for other programs, and a comment on the pull request.
type surface struct {
	sarif, junit string
	comment      string
}

func (s surface) files() []command.Output {
	return []command.Output{{Flag: "--sarif", Path: s.sarif, NewFolder: true}, {Flag: "--junit", Path: s.junit, NewFolder: true}}
}

// show puts a report onto the surface.
func (s surface) show(ctx context.Context, app *command.App, pipeline string, r *report.Report) error {
	app.Complete(r)
	err := errors.Join(
		writeReport(s.sarif, report.SARIF, r),
		writeReport(s.junit, report.JUnit, r),
		app.Runner().Summary(page(pipeline, r, maxSummary)),
		s.outputs(app, r),
	)
	s.discuss(ctx, app, pipeline, r)
	return err
}

func (s surface) outputs(app *command.App, r *report.Report) error {
	failures := 0
	for _, f := range r.Findings {
		if f.Severity == report.Error {
			failures++
		}
	}
	return errors.Join(
		app.Runner().SetOutput("findings", fmt.Sprint(len(r.Findings))),
		app.Runner().SetOutput("errors", fmt.Sprint(failures)),
		app.Runner().SetOutput("checks", fmt.Sprint(r.Checks())),
		app.Runner().SetOutput("clean", fmt.Sprint(r.Clean())),
		app.Runner().SetOutput("sarif", filepath.ToSlash(s.sarif)),
		app.Runner().SetOutput("junit", filepath.ToSlash(s.junit)),
	)
}

// writeReport writes a report to a file, whole or not at all; no path is no
// file.
func writeReport(path string, write func(io.Writer, *report.Report) error, r *report.Report) error {
	if path == "" {
		return nil
	}
	var b bytes.Buffer
	if err := write(&b, r); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return command.WriteFile(path, b.Bytes())
}

// maxSummary leaves room for other steps' lines within the runner's 1 MiB.
const maxSummary = 1<<20 - 1<<12

// maxName bounds a name in the head of a page, in characters: findings come first.
const maxName = 300

// page is a report for a step's summary or a comment, in at most limit bytes. A
// list of what was checked that would take half of them is left out.
func page(pipeline string, r *report.Report, limit int) string {
	var b strings.Builder
	verdict := "clean"
	if !r.Clean() {
		verdict = "not clean"
	}
	fmt.Fprintf(&b, "### linecook validate: %s\n\n**%s**%s\n\n", report.MarkdownText(github.Clip(pipeline, maxName)), verdict,
		report.MarkdownText(strings.TrimPrefix(r.Summary(), verdict)))
	if list := checked(r.Subjects); len(list) < limit/2 {
		b.WriteString(list)
	}
	return b.String() + report.MarkdownPage(r.Findings, limit-b.Len())
}

func checked(subjects []report.Subject) string {
	if len(subjects) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("<details><summary>What was checked</summary>\n\n| | checks |\n|---|---|\n")
	for _, subject := range subjects {
		fmt.Fprintf(&b, "| %s | %d |\n", report.MarkdownText(github.Clip(subject.Name, maxName)), subject.Checks)
	}
	b.WriteString("\n</details>\n\n")
	return b.String()
}
