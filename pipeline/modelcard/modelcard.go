// Package modelcard describes a bundle to people, in Markdown: what it is, what
// it was trained on, how well it did and on whom, what was proven of it, and
// the digests by which it is known.
//
// A card says what the bundle says and adds nothing: the same bundle gives the
// same card. Its parts are those of Mitchell et al., "Model Cards for Model
// Reporting" (2019), as far as a bundle can know them.
package modelcard

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml"

	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// Markdown is the card of a bundle in at most limit characters, at least a few
// thousand: slices that do not fit are counted instead of shown.
func Markdown(b *bundle.Bundle, limit int) string {
	evaluated, err := evaluation.Read(b.Data(bundle.RoleEvaluation))
	shown := len(evaluated.Slices)
	for {
		card := markdown(b, evaluated, err, shown)
		if utf8.RuneCountInString(card) <= limit || shown == 0 {
			return card
		}
		shown /= 2
	}
}

func markdown(b *bundle.Bundle, evaluated evaluation.Report, unreadable error, shown int) string {
	var w strings.Builder
	m := b.Manifest
	fmt.Fprintf(&w, "# %s %s\n\n", literal(m.Name), literal(m.Version))
	if unreadable != nil {
		fmt.Fprintf(&w, "**The bundle's evaluation cannot be used:** %s\n\n", literal(unreadable.Error()))
	} else {
		what := "Predicts a number"
		if evaluated.Task == metric.Classification {
			what = "Predicts how probable an event is"
		}
		fmt.Fprintf(&w, "%s. Trained on %d observations from %s, evaluated on %d later ones from %s. Nothing known after %s was used.\n\n",
			what, evaluated.TrainingRows, period(evaluated.Training), evaluated.Rows, period(evaluated.Period), literal(m.Until))
		metrics(&w, evaluated)
		slices(&w, evaluated, shown)
		honesty(&w, evaluated.Honesty)
	}
	data(&w, b, evaluated)
	origin(&w, b)
	return w.String()
}

// literal makes foreign text harmless in a line of Markdown.
func literal(text string) string { return report.MarkdownText(text) }

// period is half open, so its last day is the one before its end.
func period(p evaluation.Period) string {
	return p.From.Format(time.DateOnly) + " to " + p.To.Add(-time.Nanosecond).Format(time.DateOnly)
}

func row(w *strings.Builder, name string, e metric.Estimate) {
	fmt.Fprintf(w, "| %s | %s | %.4f | %.4f – %.4f | %d | %d |\n", name, literal(e.Metric), e.Value, e.Low, e.High, e.N, e.Days)
}

func metrics(w *strings.Builder, r evaluation.Report) {
	w.WriteString("## Metrics\n\n")
	fmt.Fprintf(w, "On rows decided at least %s after the last that was fitted to, with the interval that so many rows of so many days allow (level %.0f %%).\n\n",
		time.Duration(r.GapSeconds)*time.Second, 100*r.Estimates[0].Level)
	w.WriteString("| rows | metric | value | interval | n | days |\n|---|---|---:|---|---:|---:|\n")
	for _, e := range r.Estimates {
		row(w, "all", e)
	}
	w.WriteString("\n")
}

func slices(w *strings.Builder, r evaluation.Report, shown int) {
	if len(r.Slices) == 0 {
		return
	}
	w.WriteString("## Slices\n\n| rows | metric | value | interval | n | days |\n|---|---|---:|---|---:|---:|\n")
	for _, s := range r.Slices[:shown] {
		for _, e := range s.Estimates {
			row(w, literal(s.Name()), e)
		}
	}
	if more := len(r.Slices) - shown; more > 0 {
		fmt.Fprintf(w, "\n+%d more slices in the bundle's evaluation\n", more)
	}
	w.WriteString("\n")
}

func honesty(w *strings.Builder, h evaluation.Honesty) {
	w.WriteString("## Honesty\n\n")
	verdict := map[bool]string{true: "passed", false: "**not passed**"}
	fmt.Fprintf(w, "- No feature reads what was known later, by its definition: %s; features: %d\n", verdict[h.StaticPassed], h.FeaturesChecked)
	d := h.Dynamic
	fmt.Fprintf(w, "- The same by experiment: %s, %d observations at %d cut-offs, %d rows taken away, %d put in disorder\n\n",
		verdict[d.Passed], d.Observations, len(d.CutOffs), d.RowsRemoved, d.RowsScrambled)
}

func data(w *strings.Builder, b *bundle.Bundle, r evaluation.Report) {
	w.WriteString("## Data\n\n| source | rows | files | content |\n|---|---:|---:|---|\n")
	for _, s := range b.Manifest.Sources {
		fmt.Fprintf(w, "| %s | %d | %d | `%s` |\n", literal(s.Name), s.Rows, s.Files, s.SHA256)
	}
	fmt.Fprintf(w, "\nContracts: %d checks on %d rows, %d errors.\n\n| contract | id | version | |\n|---|---|---|---|\n", r.Contract.Checks, r.Contract.Rows, r.Contract.Errors)
	for _, role := range []bundle.Role{bundle.RoleInputContract, bundle.RoleOutputContract} {
		for _, file := range b.ByRole(role) {
			id, version := contract(file.Data)
			fmt.Fprintf(w, "| %s | %s | %s | %s |\n", literal(file.Path), literal(id), literal(version), role)
		}
	}
	w.WriteString("\n")
}

// contract is what a data contract calls itself. One that cannot be read has no
// name here; the bundle holds its text.
func contract(text []byte) (id, version string) {
	var head struct {
		ID      string `yaml:"id"`
		Version string `yaml:"version"`
	}
	defer func() {
		// The reader has panicked on foreign text before.
		if recover() != nil {
			id, version = "unreadable", ""
		}
	}()
	if err := yaml.Unmarshal(text, &head); err != nil {
		return "unreadable", ""
	}
	return head.ID, head.Version
}

func origin(w *strings.Builder, b *bundle.Bundle) {
	m := b.Manifest
	commit := literal(m.Code.Commit)
	if m.Code.Commit == "" {
		commit = "none"
	}
	if m.Code.Dirty {
		commit += ", and changes that are in no commit"
	}
	fmt.Fprintf(w, "## Origin\n\n| | |\n|---|---|\n| bundle | `%s` |\n| features | `%s`, %d rows, %d columns |\n| commit | %s |\n| seed | %d |\n",
		b.ID, m.Snapshot.Digest, m.Snapshot.Rows, m.Snapshot.Columns, commit, m.Seed)
	fmt.Fprintf(w, "| made with | linecook %s, Go %s, DuckDB %s, %s |\n", literal(m.Toolchain.Linecook), literal(m.Toolchain.Go), literal(m.Toolchain.DuckDB), literal(m.Toolchain.Platform))
}
