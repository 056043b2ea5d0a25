package contract

import (
	"fmt"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/document"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// A rowCheck counts the rows of a view's base for which cond is true.
type rowCheck struct {
	property int
	code     string
	cond     string
	position report.Position
	severity report.Severity
	remedy   string
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
}

// plan lists the row checks of a contract, property by property.
func (c *Contract) plan() []rowCheck {
	var checks []rowCheck
	properties := c.object().Properties
	for i := range properties {
		pl := planner{
			contract: c, p: &properties[i], index: i,
			raw: fmt.Sprintf("r%d", i), typed: fmt.Sprintf("t%d", i), missing: fmt.Sprintf("m%d", i),
		}
		pl.constraints()
		pl.options()
		pl.rules()
		checks = append(checks, pl.checks...)
	}
	return checks
}

type planner struct {
	contract *Contract
	p        *Property
	index    int
	checks   []rowCheck
	// raw, typed and missing are the property's columns of a view's base.
	raw, typed, missing string
}

func (pl *planner) add(check rowCheck, path ...any) {
	check.property = pl.index
	check.position = pl.contract.Position(join(at("schema", 0, "properties", pl.index), path...)...)
	if check.severity == "" {
		check.severity = report.Error
	}
	pl.checks = append(pl.checks, check)
}

// absent is the condition that a row has no value: none, or a listed one. The
// typed value cannot tell, because a bad value is NULL there as well.
func (pl *planner) absent() string {
	return "(" + pl.raw + " IS NULL OR " + pl.missing + ")"
}

func (pl *planner) constraints() {
	p := pl.p
	pl.add(rowCheck{
		code: "contract/type", needsTyped: true,
		cond:    "NOT " + pl.absent() + " AND " + pl.typed + " IS NULL",
		problem: "have a value that is no " + p.LogicalType, remedy: "correct the values, or the property's logicalType",
	}, "logicalType")
	switch {
	case p.isRequired():
		pl.add(rowCheck{code: "contract/required", cond: pl.absent(), problem: "have no value, and the contract requires one", remedy: "fill the values, or set required: false"}, "required")
	case p.isKey():
		pl.add(rowCheck{code: "contract/required", cond: pl.absent(), problem: "have no value, and it is part of the primary key", remedy: "fill the values, or choose another key"}, "primaryKey")
	}
}

func (pl *planner) options() {
	p, o := pl.p, pl.p.options()
	add := func(option, code, cond, problem string) {
		pl.add(rowCheck{code: code, cond: cond, problem: problem, needsTyped: true, remedy: "correct the values, or the option " + option}, "logicalTypeOptions", option)
	}
	for _, b := range bounds(o) {
		if given(b.value) {
			literal, _ := boundLiteral(p.LogicalType, b.value)
			add(b.key, "contract/range", pl.typed+" "+b.breaks+" "+literal, fmt.Sprintf("break %s %s", b.key, b.value.Text))
		}
	}
	if given(o.MultipleOf) {
		add("multipleOf", "contract/multiple-of", pl.multipleOf(o.MultipleOf), "are no multiple of "+o.MultipleOf.Text)
	}
	if o.MinLength != nil {
		add("minLength", "contract/length", fmt.Sprintf("length(%s) < %d", pl.typed, *o.MinLength), fmt.Sprintf("are shorter than %d characters", *o.MinLength))
	}
	if o.MaxLength != nil {
		add("maxLength", "contract/length", fmt.Sprintf("length(%s) > %d", pl.typed, *o.MaxLength), fmt.Sprintf("are longer than %d characters", *o.MaxLength))
	}
	if o.Pattern != nil {
		pl.add(rowCheck{
			code: "contract/pattern", cond: "false", pattern: *o.Pattern, needsTyped: true,
			problem: fmt.Sprintf("do not match the pattern %q", clip(*o.Pattern)), remedy: "correct the values, or the pattern",
		}, "logicalTypeOptions", "pattern")
	}
	if cond := pl.formatBroken(); cond != "" {
		add("format", "contract/format", cond, "are no "+o.Format)
	}
}

// multipleOf allows a fraction the rounding error of one division: 0.3 is a
// multiple of 0.1.
func (pl *planner) multipleOf(m Text) string {
	literal, _ := boundLiteral(pl.p.LogicalType, m)
	if pl.p.LogicalType == TypeInteger && m.Kind == "integer" {
		return pl.typed + " % " + literal + " <> 0"
	}
	quotient := "(" + pl.typed + " / " + literal + ")"
	return "abs(" + quotient + " - round(" + quotient + ")) > 1e-9 * greatest(1, abs(" + quotient + "))"
}

// The forms of texts. email is the pattern of HTML's <input type=email>, with a
// dot demanded in the domain.
const (
	emailForm = "[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+"
	uuidForm  = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
	ipv4Form  = `((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])`
)

// maxFloat32 is the greatest finite number of format f32.
const maxFloat32 = "'3.4028234663852886e38'::DOUBLE"

func (pl *planner) formatBroken() string {
	format := pl.p.options().Format
	switch pl.p.LogicalType {
	case TypeString:
		for _, f := range []struct{ format, form string }{{"email", emailForm}, {"uuid", uuidForm}, {"ipv4", ipv4Form}} {
			if f.format == format {
				return "NOT " + matches(pl.typed, f.form)
			}
		}
	case TypeInteger:
		for _, f := range integerFormats {
			if f.format == format && f.low != "" {
				return fmt.Sprintf("%s NOT BETWEEN '%s'::%s AND '%s'::%s", pl.typed, f.low, f.duck, f.high, f.duck)
			}
		}
	case TypeNumber:
		if format == "f32" {
			return "abs(" + pl.typed + ") > " + maxFloat32
		}
	}
	return ""
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
			check.cond, check.problem = pl.raw+" IS NULL", "are null"
		case MetricMissingValues:
			check.cond, check.problem = pl.absent(), "are missing"
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
func (pl *planner) invalid(r *Rule) string {
	if len(r.Arguments.ValidValues) == 0 {
		return "false"
	}
	valid := validLiterals(pl.p, r)
	if valid == nil {
		return "NOT " + pl.absent()
	}
	return "NOT " + pl.absent() + " AND coalesce(NOT list_contains([" + strings.Join(valid, ", ") + "], " + pl.typed + "), true)"
}

// validLiterals are a rule's valid values, without null.
func validLiterals(p *Property, r *Rule) []string {
	var valid []string
	for _, v := range r.Arguments.ValidValues {
		if literal, ok := valueLiteral(p.LogicalType, v); ok && v.Kind != document.Null {
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

// A boundColumn is a property as one segment holds it.
type boundColumn struct {
	property *Property
	column   dataset.Column
	present  bool
	// castable says that the column can hold values of the contract's type.
	castable bool
	// ignored says that the column's values are still to come.
	ignored bool
}

// A view is one segment seen through the contract, cut to the partition.
type view struct {
	segment dataset.Segment
	columns []boundColumn
	where   string
}

func (c *Contract) view(s dataset.Segment) view {
	v := view{segment: s}
	properties := c.object().Properties
	for i := range properties {
		b := boundColumn{property: &properties[i]}
		b.column, b.present = findColumn(s, properties[i].Column())
		if b.present {
			_, b.castable = properties[i].cast("x", b.column.Type)
		}
		v.columns = append(v.columns, b)
	}
	return v
}

func (b boundColumn) raw() string { return "r." + dataset.Identifier(b.column.Name) }

func (b boundColumn) typed() string {
	expression, ok := b.property.cast(b.raw(), b.column.Type)
	if !ok {
		return "CAST(NULL AS " + b.property.duckType() + ")"
	}
	return expression
}

func (b boundColumn) missing() string {
	family := typeFamily(b.column.Type)
	raw := b.raw()
	if family == "ENUM" || family == "UUID" {
		raw, family = "CAST("+raw+" AS VARCHAR)", "VARCHAR"
	}
	if missing := b.property.missing(raw, family); missing != "" {
		return missing
	}
	return "false"
}

// base is SQL for a view's rows: for the i-th property, r<i> is the value in the
// file, t<i> the value under the contract and m<i> whether it is listed as
// missing. only limits it to some properties.
func (v view) base(relation string, extra []string, only func(i int) bool) string {
	columns := append([]string{}, extra...)
	for i, b := range v.columns {
		if !b.present || !only(i) {
			continue
		}
		columns = append(columns, fmt.Sprintf("%s AS r%d, %s AS t%d, %s AS m%d", b.raw(), i, b.typed(), i, b.missing(), i))
	}
	if len(columns) == 0 {
		columns = append(columns, "1 AS one")
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM " + relation + " AS r" + v.where
}

// can reports whether the view has what a check needs.
func (v view) can(c *rowCheck) bool {
	b := v.columns[c.property]
	return b.present && !b.ignored && (b.castable || !c.needsTyped)
}
