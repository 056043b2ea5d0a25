package contract

import (
	"fmt"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/document"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// The metrics of the standard.
const (
	MetricNullValues      = "nullValues"
	MetricMissingValues   = "missingValues"
	MetricInvalidValues   = "invalidValues"
	MetricDuplicateValues = "duplicateValues"
	MetricRowCount        = "rowCount"
)

// metrics says where each metric may stand and what arguments it takes.
var metrics = []struct {
	name               string
	property, object   bool
	percent            bool
	arguments          []string
	needsArgument      bool
	objectArgumentOnly bool
}{
	{name: MetricNullValues, property: true, percent: true},
	{name: MetricMissingValues, property: true, percent: true, arguments: []string{"missingValues"}, needsArgument: true},
	{name: MetricInvalidValues, property: true, percent: true, arguments: []string{"validValues", "pattern"}, needsArgument: true},
	{name: MetricDuplicateValues, property: true, object: true, percent: true, arguments: []string{"properties"}, objectArgumentOnly: true},
	{name: MetricRowCount, object: true},
}

var allArguments = []string{"missingValues", "validValues", "pattern", "properties"}

func lintQuality(l *linter) {
	for i := range l.contract.Schema {
		o := &l.contract.Schema[i]
		for k := range o.Quality {
			l.rule(&o.Quality[k], o, nil, at("schema", i, "quality", k))
		}
		for j := range o.Properties {
			p := &o.Properties[j]
			for k := range p.Quality {
				l.rule(&p.Quality[k], o, p, at("schema", i, "properties", j, "quality", k))
			}
		}
	}
}

// ruleType is the type of a rule, which may be left out where there is a metric.
func ruleType(r *Rule) string {
	if r.Type == "" {
		return "library"
	}
	return r.Type
}

// ruleKeys are the keys that belong to some types of rules only.
var ruleKeys = []struct{ key, types string }{
	{"metric", "library"}, {"rule", "library"}, {"arguments", "library"},
	{"query", "sql"},
	{"engine", "custom"}, {"implementation", "custom"},
	{"mustBe", "library sql"}, {"mustNotBe", "library sql"},
	{"mustBeGreaterThan", "library sql"}, {"mustBeGreaterOrEqualTo", "library sql"},
	{"mustBeLessThan", "library sql"}, {"mustBeLessOrEqualTo", "library sql"},
	{"mustBeBetween", "library sql"}, {"mustNotBeBetween", "library sql"},
}

func (l *linter) rule(r *Rule, o *Object, p *Property, path []any) {
	typ := ruleType(r)
	for _, k := range ruleKeys {
		if l.contract.doc.Has(join(path, k.key)...) && !contains(strings.Fields(k.types), typ) {
			l.error("contract/rule-key", "remove it, or correct the rule's type", join(path, k.key), "a rule of type %s has no %s", typ, k.key)
		}
	}
	switch r.Severity {
	case "", string(report.Error), string(report.Warning), string(report.Info):
	default:
		l.error("contract/severity", "use one of: error, warning, info", join(path, "severity"), "the severity %q is not known, so it is unclear whether the rule may stop a line", r.Severity)
	}
	switch typ {
	case "text":
		return
	case "sql":
		l.sqlRule(r, o, p, path)
		return
	case "custom":
		l.customRule(r, p, path)
		return
	}
	l.libraryRule(r, o, p, path)
}

func (l *linter) libraryRule(r *Rule, o *Object, p *Property, path []any) {
	if r.DeprecatedRule != "" {
		l.error("contract/deprecated-rule", "call the key metric", join(path, "rule"), "the key rule is the old name of metric and is not read")
	}
	if r.Metric == "" {
		l.error("contract/no-metric", "add a metric", path, "the rule names no metric, so it would check nothing")
		return
	}
	for _, m := range metrics {
		if m.name != r.Metric {
			continue
		}
		if p != nil && !m.property {
			l.error("contract/metric-level", "move the rule to the schema object's quality", join(path, "metric"), "%s counts rows of a table and cannot stand at a property", m.name)
		}
		if p == nil && !m.object {
			l.error("contract/metric-level", "move the rule to the property's quality", join(path, "metric"), "%s is a metric of one property and cannot stand at the schema object", m.name)
		}
		l.arguments(r, m.arguments, path)
		if m.needsArgument && !hasArgument(r, m.arguments) {
			l.error("contract/no-argument", "add it under arguments", path, "%s needs the argument %s", m.name, strings.Join(m.arguments, " or "))
		}
		if m.objectArgumentOnly {
			l.duplicateArguments(r, o, p, path)
		}
		l.unit(r, m.percent, path)
	}
	l.argumentValues(r, p, path)
	l.operator(r, path)
}

func hasArgument(r *Rule, names []string) bool {
	a := r.Arguments
	if a == nil {
		return false
	}
	for _, name := range names {
		switch name {
		case "missingValues":
			if len(a.MissingValues) > 0 {
				return true
			}
		case "validValues":
			if len(a.ValidValues) > 0 {
				return true
			}
		case "pattern":
			if a.Pattern != nil {
				return true
			}
		}
	}
	return false
}

func (l *linter) arguments(r *Rule, known []string, path []any) {
	for _, name := range allArguments {
		where := join(path, "arguments", name)
		if l.contract.doc.Has(where...) && !contains(known, name) {
			remedy := r.Metric + " takes no arguments"
			if len(known) > 0 {
				remedy = "use one of: " + strings.Join(known, ", ")
			}
			l.error("contract/argument", remedy, where, "%s has no argument %s", r.Metric, name)
		}
	}
}

// duplicateArguments: at an object the argument names the columns of the key; a
// property is its own key.
func (l *linter) duplicateArguments(r *Rule, o *Object, p *Property, path []any) {
	named := r.Arguments != nil && len(r.Arguments.Properties) > 0
	if p != nil {
		if r.Arguments != nil && r.Arguments.Properties != nil {
			l.error("contract/argument", "remove it, or move the rule to the schema object", join(path, "arguments", "properties"), "duplicateValues at a property counts that property alone")
		}
		return
	}
	if !named {
		l.error("contract/no-argument", "add it under arguments", path, "duplicateValues at a schema object needs the argument properties")
		return
	}
	seen := map[string]bool{}
	for i, name := range r.Arguments.Properties {
		where := join(path, "arguments", "properties", i)
		if o.property(name) == nil {
			l.error("contract/unknown-property", "name a property of this object", where, "the object %q has no property %q", o.Name, name)
		}
		if seen[name] {
			l.error("contract/argument", "name each property once", where, "the property %q is named twice", name)
		}
		seen[name] = true
	}
}

func (o *Object) property(name string) *Property {
	for i := range o.Properties {
		if o.Properties[i].Name == name {
			return &o.Properties[i]
		}
	}
	return nil
}

func (l *linter) argumentValues(r *Rule, p *Property, path []any) {
	if r.Arguments == nil || p == nil {
		return
	}
	if r.Arguments.Pattern != nil {
		where := join(path, "arguments", "pattern")
		if p.LogicalType != TypeString {
			l.error("contract/argument", "use bounds or validValues", where, "a pattern applies to texts; the property %q is a %s", p.Name, p.LogicalType)
		}
		l.pattern(*r.Arguments.Pattern, where)
	}
	for i, v := range r.Arguments.ValidValues {
		// A missing value is never invalid, so listing null changes nothing.
		if v.Kind == document.Null {
			continue
		}
		if _, ok := p.valueLiteral(v); !ok {
			l.error("contract/argument", "write it as the values are written", join(path, "arguments", "validValues", i), "the valid value %s is not of type %s", show(v), p.LogicalType)
		}
	}
}

func (l *linter) unit(r *Rule, percent bool, path []any) {
	switch r.Unit {
	case "", "rows":
	case "percent":
		if !percent {
			l.error("contract/unit", "use unit: rows", join(path, "unit"), "%s has no meaning in percent", r.Metric)
		}
	default:
		l.error("contract/unit", "use rows or percent", join(path, "unit"), "the unit %q is not known", r.Unit)
	}
}

// operator demands exactly one: the standard's schema says so, and with two it
// would be unclear whether both or either must hold.
func (l *linter) operator(r *Rule, path []any) {
	var found []string
	for _, k := range ruleKeys {
		if strings.HasPrefix(k.key, "must") && l.contract.doc.Has(join(path, k.key)...) {
			found = append(found, k.key)
		}
	}
	if len(found) != 1 {
		what := "no operator, so nothing could break it"
		if len(found) > 1 {
			what = fmt.Sprintf("%d operators: %s", len(found), strings.Join(found, ", "))
		}
		l.error("contract/operator", "give it exactly one of the must… keys", path, "the rule has %s", what)
		return
	}
	op, err := operatorOf(r)
	if err != nil {
		l.error("contract/operator-value", "correct the value", join(path, found[0]), "%v", err)
		return
	}
	if r.Unit == "percent" && (op.low > 100 || op.high > 100 || op.low < 0 || op.high < 0) {
		l.error("contract/operator-value", "write a number from 0 to 100", join(path, found[0]), "%s is no percentage", op)
	}
}
