package feature

import (
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/report"
)

// personal refuses a feature that uses personal data without saying why: in its
// expression, in what it looks up or summarises, or in either side of its key.
func (l *linter) personal(i int, d Definition) {
	if strings.TrimSpace(d.PersonalData) != "" {
		return
	}
	observations, _ := l.find(l.plan.Observations.Source)
	l.personalIn(observations, d.Expression, d.Name, l.at("features", i, "expression"))
	l.personalQuery(i, d)
	l.personalCommand(i, d)
	source, text, _ := d.draws()
	from, known := l.find(source)
	if !known {
		return
	}
	form, value := "lookup", "value"
	if d.Aggregate != nil {
		form, value = "aggregate", "of"
	}
	l.personalIn(from, text, d.Name, l.at("features", i, form, value))
	for _, pair := range d.by() {
		there, here := key(pair)
		l.refusePersonal(from, there, d.Name, l.at("features", i, form, "by"), nowhere)
		l.refusePersonal(observations, here, d.Name, l.at("features", i, form, "by"), nowhere)
	}
}

// personalQuery looks at all that the feature's query may use.
func (l *linter) personalQuery(i int, d Definition) {
	for _, query := range l.plan.Queries {
		if query.Name != d.SQL {
			continue
		}
		tree, err := l.parser.parseQuery(l.ctx, query)
		if err != nil {
			return
		}
		position := l.at("features", i, "sql")
		observations, _ := l.find(l.plan.Observations.Source)
		own := tree.mentioned(observations.early())
		for _, read := range query.Reads {
			source, _ := l.find(read.Source)
			used := tree.mentioned(source.Columns)
			for _, pair := range read.By {
				there, here := key(pair)
				used, own = append(used, there), append(own, here)
			}
			for _, name := range used {
				l.refusePersonal(source, name, d.Name, position, nowhere)
			}
		}
		for _, name := range own {
			l.refusePersonal(observations, name, d.Name, position, nowhere)
		}
	}
}

// personalIn looks at an expression; one that does not parse has a finding
// already.
func (l *linter) personalIn(source Source, text, feature string, position report.Position) {
	if text == "" {
		return
	}
	expression, err := l.parser.Parse(l.ctx, text)
	if err != nil {
		return
	}
	for _, name := range expression.Columns {
		l.refusePersonal(source, name, feature, position, expression.span(text))
	}
}

func (l *linter) refusePersonal(source Source, column, feature string, position report.Position, span spanner) {
	if slices.Contains(source.Personal, column) {
		l.add("feature/personal-data", position,
			fmt.Sprintf("feature %s uses %s of source %s, which its contract classifies as personal data", feature, column, source.Name),
			"leave it out, or say why it may be used with personal_data")
		l.underline(span(column))
	}
}
