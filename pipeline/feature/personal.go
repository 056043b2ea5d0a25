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
		l.refusePersonal(from, there, d.Name, l.at("features", i, form, "by"))
		l.refusePersonal(observations, here, d.Name, l.at("features", i, form, "by"))
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
		l.refusePersonal(source, name, feature, expression.place(text, position)(name))
	}
}

func (l *linter) refusePersonal(source Source, column, feature string, position report.Position) {
	if slices.Contains(source.Personal, column) {
		l.add("feature/personal-data", position,
			fmt.Sprintf("feature %s uses %s of source %s, which its contract classifies as personal data", feature, column, source.Name),
			"leave it out, or say why it may be used with personal_data")
	}
}
