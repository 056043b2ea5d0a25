package contract

import (
	"fmt"
	"strings"
	"time"

	"github.com/dlclark/regexp2"
)

// typeOptions lists the options of each logical type that can be a column.
var typeOptions = []struct {
	typ     string
	options []string
}{
	{TypeString, []string{"minLength", "maxLength", "pattern", "format"}},
	{TypeInteger, []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "format"}},
	{TypeNumber, []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "format"}},
	{TypeDate, []string{"format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}},
	{TypeTimestamp, []string{"format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "timezone", "defaultTimezone"}},
	{TypeTime, []string{"format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "timezone", "defaultTimezone"}},
	{TypeBoolean, nil},
	{TypeObject, []string{"minProperties", "maxProperties", "required"}},
	{TypeArray, []string{"minItems", "maxItems", "uniqueItems"}},
}

var allOptions = []string{
	"minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
	"timezone", "defaultTimezone", "minProperties", "maxProperties", "required", "minItems", "maxItems", "uniqueItems",
}

func lintProperties(l *linter) {
	for i, o := range l.contract.Schema {
		names, columns := map[string]bool{}, map[string]bool{}
		for j := range o.Properties {
			p := &o.Properties[j]
			path := at("schema", i, "properties", j)
			switch {
			case strings.TrimSpace(p.Name) == "":
				l.error("contract/empty-value", "give it a value", join(path, "name"), "the name of a property is empty")
			// DuckDB's names ignore case, so two that differ only in case are one.
			case names[strings.ToLower(p.Name)]:
				l.error("contract/duplicate-name", "rename or remove one of them", join(path, "name"), "two properties are called %q", p.Name)
			case columns[p.Column()]:
				l.error("contract/duplicate-name", "correct physicalName", join(path, "physicalName"), "two properties describe the column %q", p.Column())
			}
			names[strings.ToLower(p.Name)], columns[p.Column()] = true, true
			l.property(p, path)
		}
	}
}

func (l *linter) property(p *Property, path []any) {
	if p.LogicalType == "" {
		l.error("contract/no-type", "add logicalType", path, "the property %q has no logicalType, so its values cannot be checked", p.Name)
		return
	}
	if p.Properties != nil && p.LogicalType != TypeObject {
		l.error("contract/nested", "remove it, or correct logicalType", join(path, "properties"), "a property of type %s has no properties", p.LogicalType)
	}
	if p.Items != nil && p.LogicalType != TypeArray {
		l.error("contract/nested", "remove it, or correct logicalType", join(path, "items"), "a property of type %s has no items", p.LogicalType)
	}
	for _, t := range typeOptions {
		if t.typ != p.LogicalType {
			continue
		}
		for _, option := range allOptions {
			where := join(path, "logicalTypeOptions", option)
			if l.contract.doc.Has(where...) && !contains(t.options, option) {
				remedy := "a " + p.LogicalType + " has none"
				if len(t.options) > 0 {
					remedy = "use one of: " + strings.Join(t.options, ", ")
				}
				l.error("contract/type-option", remedy, where, "the option %s does not apply to logicalType %s", option, p.LogicalType)
				return
			}
		}
	}
	l.options(p, join(path, "logicalTypeOptions"))
	l.parts(p, path)
}

// parts lints what a nested property is made of. A part keeps its type, its
// options and its library rules; what needs a column of its own it cannot have.
func (l *linter) parts(p *Property, path []any) {
	if p.isNested() {
		for k := range p.Quality {
			if ruleType(&p.Quality[k]) == "library" && p.Quality[k].Metric != MetricNullValues {
				l.nested(join(path, "quality", k), "the rule %s of the %s %q", p.Quality[k].Metric, p.LogicalType, p.Name)
			}
		}
		if p.isKey() || p.isUnique() {
			l.nested(path, "a key or a unique value of type %s", p.LogicalType)
		}
	}
	names := map[string]bool{}
	for i, s := range p.parts() {
		below := join(path, "items")
		if !s.items {
			below = join(path, "properties", i)
			if names[strings.ToLower(s.property.Name)] {
				l.error("contract/duplicate-name", "rename or remove one of them", join(below, "name"), "two properties are called %q", s.property.Name)
			}
			names[strings.ToLower(s.property.Name)] = true
		}
		l.property(s.property, below)
		if s.property.isKey() || s.property.isUnique() {
			l.nested(below, "a key or a unique value inside of %q", p.Name)
		}
		if s.property.options().Pattern != nil {
			l.nested(join(below, "logicalTypeOptions", "pattern"), "a pattern inside of %q", p.Name)
		}
		for k := range s.property.Quality {
			l.nested(join(below, "quality", k), "a quality rule inside of %q", p.Name)
		}
	}
}

func (l *linter) nested(path []any, what string, args ...any) {
	l.error("contract/nested-rule", "state it for a column of plain values, or with an sql rule of the schema object", path, "%s cannot be checked", fmt.Sprintf(what, args...))
}

func (l *linter) options(p *Property, path []any) {
	o := p.options()
	l.lengths(o, path)
	if o.Pattern != nil {
		l.pattern(*o.Pattern, join(path, "pattern"))
	}
	l.format(p, o.Format, join(path, "format"))
	if o.Timezone != nil && *o.Timezone && p.LogicalType == TypeTime {
		l.error("contract/timezone", "use a timestamp", join(path, "timezone"), "a time of day with a time zone is no moment, and is not supported")
	}
	for _, bound := range bounds(o) {
		if !given(bound.value) {
			continue
		}
		if _, ok := p.boundLiteral(bound.value); !ok {
			l.error("contract/bound", "write it as the values are written", join(path, bound.key), "%s %q is not a value of type %s", bound.key, bound.value.Text, p.LogicalType)
		}
	}
	l.emptyRange(p, o, path)
	if given(o.MultipleOf) {
		if m, ok := o.MultipleOf.Float(); !ok || m <= 0 {
			l.error("contract/bound", "write a number greater than 0", join(path, "multipleOf"), "multipleOf %q is not a number greater than 0", o.MultipleOf.Text)
		}
	}
}

func (l *linter) lengths(o TypeOptions, path []any) {
	for _, length := range []struct {
		key   string
		value *int
	}{
		{"minLength", o.MinLength}, {"maxLength", o.MaxLength}, {"minItems", o.MinItems}, {"maxItems", o.MaxItems},
		{"minProperties", o.MinProperties}, {"maxProperties", o.MaxProperties},
	} {
		if length.value != nil && *length.value < 0 {
			l.error("contract/bound", "write 0 or more", join(path, length.key), "%s %d is negative", length.key, *length.value)
		}
	}
	for _, pair := range []struct {
		what      string
		low, high *int
	}{{"Length", o.MinLength, o.MaxLength}, {"Items", o.MinItems, o.MaxItems}, {"Properties", o.MinProperties, o.MaxProperties}} {
		if pair.low != nil && pair.high != nil && *pair.low > *pair.high {
			l.error("contract/empty-range", "correct one of them", join(path, "min"+pair.what), "min%s %d is greater than max%s %d: no value can keep both", pair.what, *pair.low, pair.what, *pair.high)
		}
	}
}

// emptyRange refuses bounds that no value can keep.
func (l *linter) emptyRange(p *Property, o TypeOptions, path []any) {
	for _, low := range bounds(o)[:2] {
		for _, high := range bounds(o)[2:] {
			order, ok := compareValues(p.BaseProperty, p.BaseProperty, low.value, high.value)
			if ok && (order < 0 || (order == 0 && (low.exclusive || high.exclusive))) {
				l.error("contract/empty-range", "correct one of them", join(path, low.key), "%s %s and %s %s: no value can keep both", low.key, low.value.Text, high.key, high.value.Text)
			}
		}
	}
}

type bound struct {
	key       string
	value     Text
	exclusive bool
	// breaks is the comparison that a bad value satisfies: value breaks bound.
	breaks string
}

// bounds lists the two lower bounds, then the two upper ones.
func bounds(o TypeOptions) []bound {
	return []bound{
		{"minimum", o.Minimum, false, "<"},
		{"exclusiveMinimum", o.ExclusiveMinimum, true, "<="},
		{"maximum", o.Maximum, false, ">"},
		{"exclusiveMaximum", o.ExclusiveMaximum, true, ">="},
	}
}

// patternTimeout bounds one match. A pattern that needs longer for one value
// backtracks without end.
const patternTimeout = 100 * time.Millisecond

// compilePattern reads an ECMA-262 regular expression. regexp2 has the
// lookaheads and backreferences of the standard's patterns, which DuckDB's and
// Go's RE2 refuse.
func compilePattern(pattern string) (*regexp2.Regexp, error) {
	re, err := regexp2.Compile(pattern, regexp2.ECMAScript)
	if err != nil {
		return nil, err
	}
	re.MatchTimeout = patternTimeout
	return re, nil
}

func (l *linter) pattern(pattern string, path []any) {
	if _, err := compilePattern(pattern); err != nil {
		l.error("contract/pattern", "correct the ECMA-262 regular expression", path, "the pattern does not compile: %v", err)
		return
	}
	if !strings.HasPrefix(pattern, "^") || !strings.HasSuffix(pattern, "$") {
		l.warn("contract/pattern-unanchored", "write ^ at its start and $ at its end", path, "the pattern %q is satisfied by a match anywhere in the value", clip(pattern))
	}
}

func (l *linter) format(p *Property, format string, path []any) {
	if format == "" {
		return
	}
	known := stringFormatNames()
	switch p.LogicalType {
	case TypeInteger:
		known = integerFormatNames()
	case TypeNumber:
		known = []string{"f32", "f64"}
	case TypeDate, TypeTimestamp, TypeTime:
		if _, err := readTimeFormat(p.LogicalType, format); err != nil {
			l.error("contract/format", "write a pattern of Java's DateTimeFormatter, as yyyy-MM-dd'T'HH:mm:ssXXX", path, "the format %q of a %s cannot be read: %v", clip(format), p.LogicalType, err)
		}
		return
	}
	if contains(known, format) {
		return
	}
	l.error("contract/format", "use one of: "+strings.Join(known, " | "), path, "the format %q of a %s is not supported%s", format, p.LogicalType, didYouMean(format, known))
}

// lintKeys holds that the positions of a composite primary key are 1, 2, 3….
func lintKeys(l *linter) {
	for i, o := range l.contract.Schema {
		seen := map[int]bool{}
		keys := 0
		for j, p := range o.Properties {
			path := at("schema", i, "properties", j, "primaryKeyPosition")
			position := -1
			if p.PrimaryKeyPosition != nil {
				position = *p.PrimaryKeyPosition
			}
			switch {
			case position != -1 && position < 1:
				l.error("contract/key-position", "count from 1", path, "primaryKeyPosition %d is neither 1 or more nor -1", position)
			case position > 0 && !p.isKey():
				l.error("contract/key-position", "set primaryKey: true, or remove the position", path, "the property %q has a primaryKeyPosition and is no primary key", p.Name)
			case position > 0 && seen[position]:
				l.error("contract/key-position", "give each part of the key a place of its own", path, "two properties have primaryKeyPosition %d", position)
			}
			seen[position] = true
			if p.isKey() {
				keys++
			}
		}
		for position := range seen {
			if position > keys {
				l.error("contract/key-position", "count from 1 without a gap", at("schema", i, "properties"), "a primaryKeyPosition is greater than the %d parts of the primary key", keys)
				break
			}
		}
	}
}
