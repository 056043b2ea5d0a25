package scaffold

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// text tells what was read, guessed and written, and what to do next.
func text(r request, s *surveyed, p *plan, files []file) string {
	var b strings.Builder
	line := func(format string, values ...any) {
		b.WriteString(report.Printable(strings.TrimRight(fmt.Sprintf(format, values...), " ")) + "\n")
	}
	line("Read %s: %s, %s, %s to %s.", strings.Join(s.files.patterns, ", "),
		plural(s.rows, "row", "rows"), plural(int64(len(s.columns)), "column", "columns"),
		p.span.first.Format(time.DateOnly), p.span.last.Format(time.DateOnly))
	if s.delimiter != "" {
		line("Its fields are separated by %q.", s.delimiter)
	}
	line("")
	line("Guessed (each stands in %s, to be edited)", configFile)
	for _, c := range p.choices {
		line("  %-11s %s", c.what, c.value)
		line("  %-11s   %s", "", c.why)
	}
	for _, kind := range []feature.Kind{feature.Numeric, feature.Categorical} {
		var named []string
		for _, f := range p.Features {
			if f.Type == string(kind) {
				named = append(named, f.Name)
			}
		}
		if len(named) > 0 {
			line("  %-11s %s", kind, strings.Join(named, ", "))
		}
	}
	for i, out := range p.LeftOut {
		what := ""
		if i == 0 {
			what = "left out"
		}
		line("  %-11s %s: %s", what, out.Name, out.Why)
	}
	for _, c := range s.columns {
		if c.name != c.physical {
			line("  %-11s %s: linecook uses the name %s itself", "renamed", c.name, c.physical)
		}
	}
	line("")
	line("Wrote")
	width := 0
	for _, f := range files {
		width = max(width, len(f.path))
	}
	for _, f := range files {
		line("  %-*s  %s", width, f.path, f.what)
	}
	if len(p.notes) > 0 {
		line("")
		line("Note")
	}
	for _, note := range p.notes {
		line("  %s", note)
	}
	line("")
	line("Next")
	if filepath.Clean(r.dir) != "." {
		line("  cd %s", shellWord(r.dir))
	}
	line("  linecook validate")
	line("  linecook train --version 0.1.0")
	line("  linecook promote --version 0.1.0 --to dev")
	line("  linecook setup --dry-run    # once it is on GitHub")
	return b.String()
}
