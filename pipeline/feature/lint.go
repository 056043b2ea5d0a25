package feature

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// Lint is the static proof of temporal honesty. It reads every expression and
// reports those that are not a function of one row, that use columns a source
// does not have, that do not fit the columns' types, or that reach something
// not yet known at the decision time. It returns how many features it has found
// honest.
func (p Plan) Lint(ctx context.Context, db *sql.DB, at Locator) (honest int, findings []report.Finding, err error) {
	parser, err := NewParser(ctx, db)
	if err != nil {
		return 0, nil, err
	}
	l := linter{ctx: ctx, db: db, parser: parser, plan: p, at: at}
	l.sources()
	l.observations()
	queries, commands := l.queries(), l.commands()
	sound := make([]bool, len(p.Definitions))
	seen := map[string]bool{}
	for i, definition := range p.Definitions {
		before := len(l.findings)
		if seen[definition.Name] {
			l.add("feature/duplicate", l.at("features", i, "name"), "two features are called "+definition.Name, "rename one of them")
		}
		seen[definition.Name] = true
		if strings.HasPrefix(definition.Name, ReservedPrefix) {
			l.add("feature/reserved-name", l.at("features", i, "name"),
				fmt.Sprintf("a feature is called %s; names that begin with %s are linecook's own", definition.Name, ReservedPrefix), "rename the feature")
		}
		l.definition(i, definition)
		l.personal(i, definition)
		sound[i] = len(l.findings) == before && (definition.SQL == "" || queries[definition.SQL]) && (definition.Command == "" || commands[definition.Command])
	}
	l.bind(sound)
	if l.err != nil {
		return 0, nil, l.err
	}
	for _, ok := range sound {
		if ok {
			honest++
		}
	}
	report.Sort(l.findings)
	return honest, l.findings, nil
}

type linter struct {
	ctx      context.Context
	db       *sql.DB
	parser   *Parser
	plan     Plan
	at       Locator
	findings []report.Finding
	uses     []use
	// err is a failure of the tool: then the findings say nothing.
	err error
}

func (l *linter) add(code string, position report.Position, message, remedy string) {
	l.findings = append(l.findings, report.Finding{
		Code: code, Severity: report.Error, Position: position, Message: message, Remedy: remedy,
	})
}

// expression parses text and checks that source has its columns. feature is the
// index of whose it is, or -1.
func (l *linter) expression(source Source, text string, values family, position report.Position, feature int) (Expression, bool) {
	expression, err := l.parser.Parse(l.ctx, text)
	var mistake *expressionError
	switch {
	case errors.As(err, &mistake):
		l.add("feature/expression", position, err.Error(), "")
		if mistake.width > 0 {
			l.underline(&report.Span{Text: text, At: mistake.at, Width: mistake.width})
		}
		return Expression{}, false
	case err != nil:
		l.err = err
		return Expression{}, false
	}
	ok := l.columns(source, expression.Columns, position, expression.span(text))
	if ok {
		l.uses = append(l.uses, use{source: source.Name, text: text, family: values, position: position, feature: feature})
	}
	return expression, ok
}

func (l *linter) columns(source Source, names []string, position report.Position, span spanner) bool {
	complete := true
	for _, name := range names {
		if !slices.Contains(source.Columns, name) {
			complete = false
			l.add("feature/unknown-column", position,
				fmt.Sprintf("source %s has no column %s in its contract", source.Name, name),
				"columns: "+strings.Join(source.Columns, ", "))
			l.underline(span(name))
		}
	}
	return complete
}

func (l *linter) sources() {
	for i, source := range l.plan.Sources {
		for _, name := range source.Columns {
			if strings.HasPrefix(name, ReservedPrefix) {
				l.add("feature/reserved-name", l.at("sources", i, "contract"),
					fmt.Sprintf("source %s has a column %s; names that begin with %s are linecook's own", source.Name, name, ReservedPrefix), "rename the column")
			}
		}
		l.expression(source, source.EventTime, moments, l.at("sources", i, "event_time"), -1)
		l.expression(source, source.KnownAt, moments, l.at("sources", i, "known_at"), -1)
		for j, later := range source.Later {
			l.columns(source, later.Columns, l.at("sources", i, "known_later", j, "columns"), nowhere)
			l.expression(source, later.KnownAt, moments, l.at("sources", i, "known_later", j, "known_at"), -1)
		}
	}
}

func (l *linter) observations() {
	source, ok := l.source(l.plan.Observations.Source, l.at("observations", "source"))
	if !ok {
		return
	}
	l.early(source, l.plan.Observations.DecisionTime, moments, "the decision time", l.at("observations", "decision_time"), -1)
	for _, part := range []struct {
		key   string
		names []string
	}{
		{"key", l.plan.Observations.Key},
		{"entity", l.plan.Observations.Entity},
		{"partition", []string{l.plan.Observations.Partition}},
	} {
		position := l.at("observations", part.key)
		if l.columns(source, part.names, position, nowhere) {
			l.refuseLate(source, Expression{Columns: part.names}, "the "+part.key, position, nowhere)
		}
	}
	if l.plan.Label == nil {
		return
	}
	position := l.at("label", "expression")
	if label, ok := l.expression(source, l.plan.Label.Expression, numbers, position, -1); ok && len(source.lateness(label.Columns)) == 0 {
		l.add("feature/label-not-late", position,
			fmt.Sprintf("the label %s uses only columns that are known with the row; then there is nothing to predict", l.plan.Label.Name),
			"list the outcome's columns under known_later of source "+source.Name)
	}
	l.expression(source, l.plan.Label.KnownAt, moments, l.at("label", "known_at"), -1)
}

// early checks an expression over the observation's own row: everything in it
// must be known with the row.
func (l *linter) early(source Source, text string, values family, what string, position report.Position, feature int) {
	if expression, ok := l.expression(source, text, values, position, feature); ok {
		l.refuseLate(source, expression, what, position, expression.span(text))
	}
}

// A spanner finds where a column is used in a text; nil says that the whole text
// is meant.
type spanner func(name string) *report.Span

func nowhere(string) *report.Span { return nil }

func (e Expression) span(text string) spanner {
	return func(name string) *report.Span {
		at := e.Offsets[name]
		width := len(name)
		if !strings.HasPrefix(text[at:], name) {
			width = len(dataset.Identifier(name))
		}
		return &report.Span{Text: text, At: at, Width: width}
	}
}

// underline says which part of a text the last finding is about.
func (l *linter) underline(span *report.Span) { l.findings[len(l.findings)-1].Span = span }

func (l *linter) refuseLate(source Source, expression Expression, what string, position report.Position, span spanner) {
	for _, later := range source.Later {
		for _, name := range expression.Columns {
			if !slices.Contains(later.Columns, name) {
				continue
			}
			l.add("feature/known-too-late", position,
				fmt.Sprintf("%s uses %s, which source %s knows only from %s on, after the decision time", what, name, source.Name, later.KnownAt),
				fmt.Sprintf("leave %s out, or summarise past rows of it with an aggregate, which counts only what was known", name))
			l.underline(span(name))
			return
		}
	}
}

func (l *linter) source(name string, position report.Position) (Source, bool) {
	for _, source := range l.plan.Sources {
		if source.Name == name {
			return source, true
		}
	}
	var names []string
	for _, source := range l.plan.Sources {
		names = append(names, source.Name)
	}
	l.add("feature/unknown-source", position, fmt.Sprintf("there is no source called %s", name), "sources: "+strings.Join(names, ", "))
	return Source{}, false
}

func (l *linter) definition(i int, d Definition) {
	form, err := d.form()
	if err != nil {
		l.add("feature/form", l.at("features", i), err.Error(), "")
		return
	}
	if d.MaxMissing != nil && !(*d.MaxMissing >= 0 && *d.MaxMissing <= 1) {
		l.add("feature/max-missing", l.at("features", i, "max_missing"), fmt.Sprintf("max_missing of feature %s is a share between 0 and 1", d.Name), "")
	}
	switch form {
	case "expression":
		if source, ok := l.find(l.plan.Observations.Source); ok {
			l.early(source, d.Expression, d.values(), "feature "+d.Name, l.at("features", i, "expression"), i)
		}
	case "lookup":
		if source, ok := l.source(d.Lookup.Source, l.at("features", i, "lookup", "source")); ok {
			l.expression(source, d.Lookup.Value, d.values(), l.at("features", i, "lookup", "value"), i)
			l.keys(source, d.Lookup.By, "of feature "+d.Name, l.at("features", i, "lookup", "by"))
		}
	case "aggregate":
		if source, ok := l.source(d.Aggregate.Source, l.at("features", i, "aggregate", "source")); ok {
			l.aggregate(i, d, source)
		}
	case "sql":
		if !slices.ContainsFunc(l.plan.Queries, func(q Query) bool { return q.Name == d.SQL }) {
			l.add("feature/query", l.at("features", i, "sql"), fmt.Sprintf("there is no query called %s", d.SQL), "add it to queries, with its file")
		}
	case "command":
		if !slices.ContainsFunc(l.plan.Commands, func(c Command) bool { return c.Name == d.Command }) {
			l.add("feature/command", l.at("features", i, "command"), fmt.Sprintf("there is no command called %s", d.Command), "add it to commands, with its files")
		}
	}
}

func (l *linter) aggregate(i int, d Definition, source Source) {
	of := l.at("features", i, "aggregate", "of")
	switch {
	case !slices.Contains(functions, d.Aggregate.Function):
		l.add("feature/aggregate", l.at("features", i, "aggregate", "function"),
			fmt.Sprintf("feature %s: there is no function %q", d.Name, d.Aggregate.Function), "functions: "+strings.Join(functions, ", "))
	case d.Aggregate.Of != "":
		l.expression(source, d.Aggregate.Of, d.Aggregate.values(), of, i)
	case d.Aggregate.Function != "count":
		l.add("feature/aggregate", of, fmt.Sprintf("feature %s: %s needs of, the SQL it summarises", d.Name, d.Aggregate.Function), "")
	}
	n := l.at("features", i, "aggregate", "n")
	switch {
	case d.Aggregate.Function != "last" && d.Aggregate.N != 0:
		l.add("feature/aggregate", n, fmt.Sprintf("feature %s: n is how many rows last looks at; %s has none", d.Name, d.Aggregate.Function), "leave n out, or use the function last")
	case d.Aggregate.Function == "last" && (d.Aggregate.N < 1 || d.Aggregate.N > mostLast):
		l.add("feature/aggregate", n, fmt.Sprintf("feature %s: last needs n, how many rows it looks at, from 1 to %d; it is %d", d.Name, mostLast, d.Aggregate.N), "")
	}
	l.keys(source, d.Aggregate.By, "of feature "+d.Name, l.at("features", i, "aggregate", "by"))
}

// keys checks both sides of a join: the observation's side must be known early.
func (l *linter) keys(source Source, by []string, feature string, position report.Position) {
	observations, ok := l.find(l.plan.Observations.Source)
	if !ok {
		return
	}
	for _, pair := range by {
		there, here := key(pair)
		l.columns(source, []string{there}, position, nowhere)
		if l.columns(observations, []string{here}, position, nowhere) {
			l.refuseLate(observations, Expression{Columns: []string{here}}, "the key "+feature, position, nowhere)
		}
	}
}

func (l *linter) find(name string) (Source, bool) { return l.plan.source(name) }
