package contract

import (
	"fmt"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// Nested values come in two forms: typed, as Parquet has them (structs and
// lists), and as JSON text, as every text format has them. Both are taken apart
// by the contract, and each part is a value with a type of its own.

// A step leads from a value to a part of it: to one property of an object, or
// to every item of an array.
type step struct {
	property *Property
	items    bool
}

// asProperty is an array's items as a property, so that what holds for a
// property holds for each item.
func (i *Item) asProperty() *Property {
	p := Property(*i)
	return &p
}

func (p *Property) isNested() bool {
	return p.LogicalType == TypeObject || p.LogicalType == TypeArray
}

// parts lists the steps from a property to its parts; nil where the contract
// describes none.
func (p *Property) parts() []step {
	switch {
	case p.LogicalType == TypeArray && p.Items != nil:
		return []step{{property: p.Items.asProperty(), items: true}}
	case p.LogicalType == TypeObject && len(p.Properties) > 0:
		steps := make([]step, len(p.Properties))
		for i := range p.Properties {
			steps[i] = step{property: &p.Properties[i]}
		}
		return steps
	}
	return nil
}

// name is how the part is called in messages, after its whole.
func (s step) name(whole string) string {
	if s.items {
		return whole + "[]"
	}
	return whole + "." + s.property.Column()
}

// A part is SQL for one part of a nested value, and its DuckDB type.
type part struct{ sql, typ string }

const typeJSON = "JSON"

// asJSON turns text into JSON, where it is any; a nested value in a text column
// is JSON text. ok is false for types that hold no JSON.
func asJSON(v, typ string) (string, bool) {
	switch typ {
	case typeJSON:
		return v, true
	case "VARCHAR":
		return "CASE WHEN json_valid(" + v + ") THEN CAST(" + v + " AS JSON) END", true
	}
	return "", false
}

// pointer is a JSON pointer (RFC 6901) to a key.
func pointer(key string) string {
	return dataset.Literal("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key))
}

// take is the part of v that a step leads to; for items it is the list of all.
// It is false where the type has no such part.
func (s step) take(v, typ string) (part, bool) {
	json, isJSON := asJSON(v, typ)
	switch {
	case s.items && isJSON:
		return part{"CASE WHEN json_type(" + json + ") = 'ARRAY' THEN from_json(" + json + ", '[\"JSON\"]') END", typeJSON}, true
	case s.items:
		element, ok := listElement(typ)
		return part{v, element}, ok
	case isJSON:
		return part{"json_extract(" + json + ", " + pointer(s.property.Column()) + ")", typeJSON}, true
	}
	for _, field := range structFields(typ) {
		if field.Name == s.property.Column() {
			return part{"struct_extract(" + v + ", " + dataset.Literal(field.Name) + ")", field.Type}, true
		}
	}
	return part{}, false
}

// along is the condition that cond is true of the part that steps lead to: of
// at least one of them, where the way goes through an array. p is the property
// that v is a value of.
func along(p *Property, v part, steps []step, depth int, cond func(value) string) string {
	if len(steps) == 0 {
		typed, _ := p.cast(v.sql, v.typ)
		return cond(value{raw: v.present(), typed: typed, missing: p.missingCondition(v.sql, v.typ)})
	}
	next := steps[0]
	taken, ok := next.take(v.sql, v.typ)
	if !ok {
		return "false"
	}
	if !next.items {
		whole := "(" + v.sql + ") IS NOT NULL"
		if json, isJSON := asJSON(v.sql, v.typ); isJSON {
			whole = "json_type(" + json + ") = 'OBJECT'"
		}
		return "(" + whole + " AND " + along(next.property, taken, steps[1:], depth, cond) + ")"
	}
	item := fmt.Sprintf("item%d", depth)
	inner := along(next.property, part{item, taken.typ}, steps[1:], depth+1, cond)
	return "len(list_filter(" + taken.sql + ", lambda " + item + ": coalesce(" + inner + ", false))) > 0"
}

// present is v, with JSON's own null as no value.
func (v part) present() string {
	if v.typ == typeJSON {
		return "nullif(" + v.sql + ", 'null'::JSON)"
	}
	return v.sql
}

// castNested is cast for objects and arrays: a struct or a list of the parts
// that the contract describes, each under its own type. One whose parts the
// contract does not describe is kept as JSON text.
func (p *Property) castNested(v, typ string) (string, bool) {
	json, isJSON := asJSON(v, typ)
	kind := "OBJECT"
	if p.LogicalType == TypeArray {
		kind = "ARRAY"
		if _, ok := listElement(typ); !ok && !isJSON {
			return "", false
		}
	} else if structFields(typ) == nil && !isJSON {
		return "", false
	}
	built := "CAST(to_json(" + v + ") AS VARCHAR)"
	if isJSON {
		built = "CAST(" + json + " AS VARCHAR)"
	}
	if parts := p.parts(); parts != nil {
		var ok bool
		if built, ok = build(parts, v, typ); !ok {
			return "", false
		}
	}
	if isJSON {
		is := "json_type(" + json + ") = '" + kind + "'"
		if kind == "OBJECT" {
			// Of two values under one key, readers take one or the other.
			keys := "json_keys(" + json + ")"
			is += " AND list_unique(" + keys + ") = len(" + keys + ")"
		}
		return "CASE WHEN " + is + " THEN " + built + " END", true
	}
	return "CASE WHEN " + v + " IS NOT NULL THEN " + built + " END", true
}

func build(parts []step, v, typ string) (string, bool) {
	fields := make([]string, len(parts))
	for i, s := range parts {
		taken, ok := s.take(v, typ)
		if !ok {
			return "", false
		}
		if s.items {
			cast, ok := s.property.cast("item", taken.typ)
			return "list_transform(" + taken.sql + ", lambda item: " + cast + ")", ok
		}
		cast, ok := s.property.cast(taken.sql, taken.typ)
		if !ok {
			return "", false
		}
		fields[i] = dataset.Literal(s.property.Name) + ": " + cast
	}
	return "{" + strings.Join(fields, ", ") + "}", true
}

// nestedType is the DuckDB type of castNested.
func (p *Property) nestedType() string {
	parts := p.parts()
	if parts == nil {
		return "VARCHAR"
	}
	if p.LogicalType == TypeArray {
		return parts[0].property.duckType() + "[]"
	}
	fields := make([]string, len(parts))
	for i, s := range parts {
		fields[i] = dataset.Identifier(s.property.Name) + " " + s.property.duckType()
	}
	return "STRUCT(" + strings.Join(fields, ", ") + ")"
}

// structFields are the fields of a DuckDB type like STRUCT(a INTEGER, "b c"
// VARCHAR[]); nil for any other type.
func structFields(typ string) []dataset.Column {
	inner, ok := strings.CutPrefix(typ, "STRUCT(")
	if !ok || !strings.HasSuffix(inner, ")") {
		return nil
	}
	var fields []dataset.Column
	for _, field := range splitTop(strings.TrimSuffix(inner, ")")) {
		field = strings.TrimSpace(field)
		name, typ, found := strings.Cut(field, " ")
		if strings.HasPrefix(field, `"`) {
			end := 1
			for end < len(field) && (field[end] != '"' || (end+1 < len(field) && field[end+1] == '"')) {
				if field[end] == '"' {
					end++
				}
				end++
			}
			if end >= len(field) {
				return nil
			}
			name, typ, found = strings.ReplaceAll(field[1:end], `""`, `"`), strings.TrimSpace(field[end+1:]), true
		}
		if !found {
			return nil
		}
		fields = append(fields, dataset.Column{Name: name, Type: typ})
	}
	return fields
}

// listElement is the type of the elements of a DuckDB list or fixed array.
func listElement(typ string) (string, bool) {
	if !strings.HasSuffix(typ, "]") {
		return "", false
	}
	open := strings.LastIndexByte(typ, '[')
	return typ[:max(open, 0)], open > 0
}

// splitTop splits at the commas that stand in no brackets and no quotes.
func splitTop(s string) []string {
	var parts []string
	depth, start, quoted := 0, 0, false
	for i, c := range s {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}
