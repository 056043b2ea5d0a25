package runner

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	githubactions "github.com/sethvargo/go-githubactions"

	"github.com/linecook-ml/linecook/pipeline/report"
)

// The runner's limits, from its documentation: annotations of one level in one
// step, and the characters of a message. A message is measured in bytes, which
// are never fewer than characters however those are counted.
const (
	maxAnnotations = 10
	maxMessage     = 4096
)

// levels names the runner's command for each severity, most serious first.
var levels = []struct {
	severity report.Severity
	command  string
	plural   string
}{
	{report.Error, "error", "errors"},
	{report.Warning, "warning", "warnings"},
	{report.Info, "notice", "notices"},
}

// Annotate shows findings beside the lines they are about, most serious first.
// The runner keeps ten of a level in a step and drops the rest in silence, so
// where there are more, the last place says how many are in the summary only.
// On a laptop it does nothing: the report is printed there as text.
func (r *Runner) Annotate(findings []report.Finding) {
	if !r.Active() {
		return
	}
	findings = slices.Clone(findings)
	report.Sort(findings)
	for _, level := range levels {
		var of []report.Finding
		for _, f := range findings {
			if f.Severity == level.severity {
				of = append(of, f)
			}
		}
		room := maxAnnotations - r.annotated[level.severity]
		shown := len(of)
		if len(of) > room {
			shown = max(room-1, 0)
		}
		for _, f := range of[:shown] {
			r.issue(level.command, message(f), r.place(f))
		}
		if rest := len(of) - shown; rest > 0 {
			more := fmt.Sprintf("+%d more %s in the summary", rest, level.plural)
			if room > 0 {
				r.issue(level.command, more, nil)
			} else {
				r.Print(more)
			}
		}
		r.annotated[level.severity] += min(len(of), room)
	}
}

// message is the finding in words: what is wrong, what to do, and on which data.
func message(f report.Finding) string {
	parts := []string{f.Message}
	if f.Remedy != "" {
		parts = append(parts, "→", f.Remedy)
	}
	var data []string
	for _, item := range []struct{ name, value string }{
		{"source", f.Source}, {"partition", f.Partition}, {"column", f.Column},
	} {
		if item.value != "" {
			data = append(data, item.name+" "+item.value)
		}
	}
	if f.Count > 0 {
		data = append(data, strconv.FormatInt(f.Count, 10)+" rows")
	}
	if len(data) > 0 {
		parts = append(parts, "("+strings.Join(data, ", ")+")")
	}
	return cut(disarm(strings.Join(parts, " ")), maxMessage)
}

// place is where the annotation is shown. GitHub shows an annotation in "Files
// changed" only if it has a line, so a finding about a whole file stands at its
// first one.
func (r *Runner) place(f report.Finding) githubactions.CommandProperties {
	properties := githubactions.CommandProperties{"title": f.Code}
	if f.Position.File == "" {
		return properties
	}
	properties["file"] = r.inWorkspace(f.Position.File)
	properties["line"] = strconv.Itoa(max(f.Position.Line, 1))
	if f.Position.Column > 0 {
		properties["col"] = strconv.Itoa(f.Position.Column)
	}
	return properties
}

// inWorkspace makes an absolute path relative to the checked-out repository:
// GitHub knows files by that path only.
func (r *Runner) inWorkspace(path string) string {
	workspace := r.getenv("GITHUB_WORKSPACE")
	if workspace == "" || !filepath.IsAbs(path) {
		return filepath.ToSlash(path)
	}
	relative, err := filepath.Rel(workspace, path)
	if err != nil || !filepath.IsLocal(relative) {
		return filepath.ToSlash(path)
	}
	return filepath.ToSlash(relative)
}

// cut shortens text to at most limit bytes, between characters, and says by how
// much.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	const note = " … (+%d more bytes)"
	keep := limit - len(fmt.Sprintf(note, len(text)))
	for keep > 0 && !utf8.RuneStart(text[keep]) {
		keep--
	}
	return text[:keep] + fmt.Sprintf(note, len(text)-keep)
}
