package contract

import (
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/document"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// A value is SQL for one value of a row: as the file has it, as the contract
// reads it, and whether it is listed as missing.
type value struct{ raw, typed, missing string }

// absent is the condition that there is no value: none, or a listed one. The
// typed value cannot tell, because a bad value is NULL there as well.
func (v value) absent() string {
	if v.missing == never {
		return "(" + v.raw + " IS NULL)"
	}
	return "(" + v.raw + " IS NULL OR " + v.missing + ")"
}

// there is the opposite of absent.
func (v value) there() string {
	if v.missing == never {
		return "(" + v.raw + " IS NOT NULL)"
	}
	return "(" + v.raw + " IS NOT NULL AND NOT " + v.missing + ")"
}

// countAbsent counts the rows that are absent. DuckDB counts values in a fraction
// of the time that it takes to count the rows where a condition holds.
func (v value) countAbsent() string {
	if v.missing == never {
		return "count(*) - count(" + v.raw + ")"
	}
	return countIf(v.absent())
}

// countUntyped counts the rows that have a value and none of the type: every
// value of the type is a value.
func (v value) countUntyped() string {
	if v.missing == never {
		return "count(" + v.raw + ") - count(" + v.typed + ")"
	}
	return countIf(v.there()) + " - count(" + v.typed + ")"
}

// A rowCheck counts the rows for which cond is true of a property's value, or of
// the part of it that steps lead to.
type rowCheck struct {
	property int
	steps    []step
	// name is how the value is called, as in address.city or tags[].
	name     string
	code     string
	cond     func(value) string
	position report.Position
	severity report.Severity
	remedy   string
	// count is SQL that counts the rows of a column where cond is true in a cheaper
	// way; nil where there is none.
	count func(value) string
	// problem completes "N rows of column c …".
	problem string
	// rule is nil where every row counted is a violation; otherwise the count
	// is the metric that the rule's operator judges.
	rule *Rule
	// pattern, where it is set, is judged here and not in SQL: a distinct value
	// counts when cond is true of it or when it does not match.
	pattern string
	// needsTyped says that the check has no meaning where the column cannot hold
	// values of the contract's type.
	needsTyped bool
	// masked says that values may not be shown.
	masked bool
}

// plan lists the row checks of a contract, property by property, each followed
// by its parts.
func (c *Contract) plan() []rowCheck {
	pl := planner{contract: c}
	properties := c.object().Properties
	for i := range properties {
		pl.property, pl.masked = i, properties[i].isSensitive()
		pl.plan(&properties[i], properties[i].Name, nil, c.at("properties", i))
	}
	return pl.checks
}

type planner struct {
	contract *Contract
	checks   []rowCheck
	// property is the column at hand, p the property that is planned: the
	// column's or that of a part, to which steps lead.
	property int
	masked   bool
	p        *Property
	name     string
	steps    []step
	path     []any
}

func (pl *planner) plan(p *Property, name string, steps []step, path []any) {
	pl.p, pl.name, pl.steps, pl.path = p, name, steps, path
	pl.constraints()
	pl.options()
	pl.rules()
	for i, s := range p.parts() {
		below := join(path, "items")
		if !s.items {
			below = join(path, "properties", i)
		}
		pl.plan(s.property, s.name(name), append(slices.Clone(steps), s), below)
	}
}

func (pl *planner) add(check rowCheck, path ...any) {
	check.property, check.steps, check.name, check.masked = pl.property, pl.steps, pl.name, pl.masked
	check.position = pl.contract.Position(join(pl.path, path...)...)
	if check.severity == "" {
		check.severity = report.Error
	}
	pl.checks = append(pl.checks, check)
}

func (pl *planner) constraints() {
	p := pl.p
	pl.add(rowCheck{
		code: "contract/type", needsTyped: true,
		cond:    func(v value) string { return v.there() + " AND " + v.typed + " IS NULL" },
		count:   value.countUntyped,
		problem: "have a value that is no " + p.LogicalType, remedy: "correct the values, or the property's logicalType",
	}, "logicalType")
	switch {
	case p.isRequired():
		pl.add(rowCheck{code: "contract/required", cond: value.absent, count: value.countAbsent, problem: "have no value, and the contract requires one", remedy: "fill the values, or set required: false"}, "required")
	case p.isKey():
		pl.add(rowCheck{code: "contract/required", cond: value.absent, count: value.countAbsent, problem: "have no value, and it is part of the primary key", remedy: "fill the values, or choose another key"}, "primaryKey")
	}
}

func (pl *planner) rules() {
	for k := range pl.p.Quality {
		r := &pl.p.Quality[k]
		if ruleType(r) != "library" {
			continue
		}
		check := rowCheck{rule: r, severity: severityOf(r), code: metricCode(r.Metric), remedy: ruleRemedy(r)}
		switch r.Metric {
		case MetricNullValues:
			check.cond, check.problem = func(v value) string { return v.raw + " IS NULL" }, "are null"
			check.count = func(v value) string { return "count(*) - count(" + v.raw + ")" }
		case MetricMissingValues:
			check.cond, check.count, check.problem = value.absent, value.countAbsent, "are missing"
		case MetricInvalidValues:
			check.cond, check.problem, check.needsTyped = pl.invalid(r), "are invalid", true
			if r.Arguments.Pattern != nil {
				check.pattern = *r.Arguments.Pattern
			}
		default:
			continue
		}
		pl.add(check, "quality", k)
	}
}

// invalid is neither missing nor valid; a value that is not of the property's
// type is not valid.
func (pl *planner) invalid(r *Rule) func(value) string {
	if len(r.Arguments.ValidValues) == 0 {
		return func(value) string { return never }
	}
	valid := validLiterals(pl.p, r)
	if valid == nil {
		return value.there
	}
	return func(v value) string {
		return v.there() + " AND coalesce(" + v.typed + " NOT IN (" + strings.Join(valid, ", ") + "), true)"
	}
}

// validLiterals are a rule's valid values, without null.
func validLiterals(p *Property, r *Rule) []string {
	var valid []string
	for _, v := range r.Arguments.ValidValues {
		if literal, ok := p.valueLiteral(v); ok && v.Kind != document.Null {
			valid = append(valid, literal)
		}
	}
	return valid
}

func severityOf(r *Rule) report.Severity {
	if r.Severity == "" {
		return report.Error
	}
	return report.Severity(r.Severity)
}

// metricCode turns nullValues into contract/null-values.
func metricCode(metric string) string {
	var b strings.Builder
	b.WriteString("contract/")
	for _, c := range metric {
		if c >= 'A' && c <= 'Z' {
			b.WriteByte('-')
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

func ruleRemedy(r *Rule) string {
	if r.Description != "" {
		return "the rule says: " + clip(r.Description)
	}
	return "correct the data, or the rule"
}
