package contract

import (
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// DuckDB's own casts are lax: '1.5' becomes the integer 2, 'nan' a number,
// '2013-10-01 05:00' a date, an offset is dropped from a timestamp, and one of 99
// hours is added. Texts are therefore held to these forms before they are cast.
const (
	integerForm = `[-+]?[0-9]+`
	numberForm  = `[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?`
	dateForm    = `[0-9]{4}-[0-9]{2}-[0-9]{2}`
	hourForm    = `([01][0-9]|2[0-3])`
	minuteForm  = `[0-5][0-9]`
	clockForm   = hourForm + `:` + minuteForm + `(:[0-5][0-9](\.[0-9]{1,9})?)?`
	offsetForm  = `(Z|[-+]` + hourForm + `(:?` + minuteForm + `)?)`
)

// integerFormats give the DuckDB type that holds each width and the range where
// that type is wider. An integer without a format is i64 here: the default of
// the standard's schema, i32, would refuse identifiers that every table has.
var integerFormats = []struct{ format, duck, low, high string }{
	{"i8", "BIGINT", "-128", "127"},
	{"i16", "BIGINT", "-32768", "32767"},
	{"i32", "BIGINT", "-2147483648", "2147483647"},
	{"i64", "BIGINT", "", ""},
	{"i128", "HUGEINT", "", ""},
	{"u8", "BIGINT", "0", "255"},
	{"u16", "BIGINT", "0", "65535"},
	{"u32", "BIGINT", "0", "4294967295"},
	{"u64", "HUGEINT", "0", "18446744073709551615"},
	{"u128", "UHUGEINT", "", ""},
}

func integerFormatNames() []string {
	names := make([]string, len(integerFormats))
	for i, f := range integerFormats {
		names[i] = f.format
	}
	return names
}

// duckType is the type of a property's values in SQL.
func (p *Property) duckType() string {
	switch p.LogicalType {
	case TypeObject, TypeArray:
		return p.nestedType()
	case TypeInteger:
		for _, f := range integerFormats {
			if f.format == p.options().Format {
				return f.duck
			}
		}
		return "BIGINT"
	case TypeNumber:
		return "DOUBLE"
	case TypeDate:
		return "DATE"
	case TypeTimestamp:
		return "TIMESTAMP"
	case TypeTime:
		return "TIME"
	case TypeBoolean:
		return "BOOLEAN"
	}
	return "VARCHAR"
}

// cast is SQL for the value of v, a column of DuckDB type columnType, under the
// contract: NULL where v is no such value, or is one of the property's missing
// values. It is false where no value of that column could be one.
func (p *Property) cast(v, columnType string) (string, bool) {
	if p.isNested() {
		return p.castNested(v, columnType)
	}
	v, family := plainText(v, columnType)
	tried := p.try(v, family)
	return p.castTried(v, family, tried)
}

// castTried is cast where the part of it that try gives has been worked out.
func (p *Property) castTried(v, family, tried string) (string, bool) {
	expression, ok := "", false
	if family == "VARCHAR" {
		expression, ok = p.castText(v, tried), true
	} else {
		expression, ok = p.castNative(v, family)
	}
	if missing := p.missing(v, family); ok && missing != "" {
		expression = "CASE WHEN " + missing + " THEN NULL ELSE " + expression + " END"
	}
	return expression, ok
}

// plainText is v as text where its type is one of text in disguise, and the
// family of its type.
func plainText(v, columnType string) (text, family string) {
	switch family = typeFamily(columnType); family {
	case "ENUM", "UUID":
		return "CAST(" + v + " AS VARCHAR)", "VARCHAR"
	case typeJSON:
		return "CASE WHEN json_type(" + v + ") NOT IN ('OBJECT', 'ARRAY') THEN " + v + " ->> '$' END", "VARCHAR"
	}
	return v, family
}

// never is the condition that holds for no row.
const never = "false"

func matches(v, form string) string {
	return "regexp_full_match(" + v + ", " + dataset.Literal(form) + ")"
}

// try is DuckDB's own cast of a text, which castText needs more than once: a
// query works it out in a column of its own. It is "" where castText needs none.
func (p *Property) try(v, family string) string {
	if family != "VARCHAR" {
		return ""
	}
	if f, ok := p.timeFormat(); ok {
		return f.parse(v)
	}
	switch p.LogicalType {
	case TypeInteger, TypeNumber, TypeDate, TypeTimestamp:
		return "TRY_CAST(" + v + " AS " + p.duckType() + ")"
	}
	return ""
}

// canonical is the condition that v is written as DuckDB itself writes x. Most
// values are, and comparing costs a fraction of what a regular expression costs.
func canonical(v, x string) string { return "CAST(" + x + " AS VARCHAR) = " + v }

// castText holds the text v, which DuckDB casts to x, to the forms above. What
// a cast leaves open is asked for and no more, because these conditions are
// worked out for every value of a text file.
func (p *Property) castText(v, x string) string {
	if f, ok := p.timeFormat(); ok {
		return f.cast(p, v, x)
	}
	switch p.LogicalType {
	case TypeInteger:
		return "CASE WHEN " + canonical(v, x) + " THEN " + x + " WHEN " + matches(v, integerForm) + " THEN " + x + " END"
	case TypeNumber:
		// Beside numberForm, DuckDB's cast takes space around a number, digits
		// divided by underscores, two signs, infinities and what is not a number.
		return "CASE WHEN isfinite(" + x + ") AND " + v + " >= '-' AND " + v + "[-1] >= '.' AND NOT contains(" + v + ", '_') THEN " + x +
			" WHEN " + matches(v, numberForm) + " AND isfinite(" + x + ") THEN " + x + " END"
	case TypeBoolean:
		return "CASE WHEN " + v + " = 'true' THEN true WHEN " + v + " = 'false' THEN false WHEN lower(" + v + ") = 'true' THEN true WHEN lower(" + v + ") = 'false' THEN false END"
	case TypeDate:
		// The year has four digits, and it is none of the special words.
		return "CASE WHEN strlen(" + v + ") = 10 AND " + canonical(v, x) + " THEN " + x + " END"
	case TypeTime:
		return "CASE WHEN " + matches(v, clockForm) + " THEN TRY_CAST(" + v + " AS TIME) END"
	case TypeTimestamp:
		return p.castMoment(v, x)
	}
	return v
}

// castMoment is castText for timestamps in ISO 8601.
func (p *Property) castMoment(v, x string) string {
	o := p.options()
	// Of what DuckDB writes, this length has neither a year of five digits nor one
	// of the special words.
	plain := "strlen(" + v + ") = 19 AND " + canonical(v, x)
	naive := "WHEN " + plain + " THEN " + p.utc(x) + " WHEN " + matches(v, dateForm+"[T ]"+clockForm) + " THEN " + p.utc(x) + " "
	zoned := "WHEN " + matches(v, dateForm+"[T ]"+clockForm+offsetForm) + " THEN TRY_CAST(" + v + " AS TIMESTAMPTZ) AT TIME ZONE 'UTC' "
	if o.Timezone != nil && *o.Timezone {
		naive = ""
	}
	if o.Timezone != nil && !*o.Timezone {
		zoned = ""
	}
	return "CASE " + naive + zoned + "END"
}

// utc is a timestamp without an offset, read in the property's default time
// zone.
func (p *Property) utc(x string) string {
	zone := p.options().DefaultTimezone
	if zone == "" || zone == "UTC" || zone == "Etc/UTC" {
		return x
	}
	return "((" + x + " AT TIME ZONE " + dataset.Literal(zone) + ") AT TIME ZONE 'UTC')"
}

// wholeTypes are DuckDB's types of whole numbers.
var wholeTypes = []string{"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"}

func (p *Property) castNative(v, family string) (string, bool) {
	whole := contains(wholeTypes, family)
	float := family == "FLOAT" || family == "DOUBLE"
	moment := contains([]string{"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}, family)
	zoned := family == "TIMESTAMP WITH TIME ZONE"
	o := p.options()
	switch p.LogicalType {
	case TypeInteger:
		switch {
		case whole && family == p.duckType():
			return v, true
		case whole:
			return "TRY_CAST(" + v + " AS " + p.duckType() + ")", true
		// Tools without nullable integers store them as floats; a fraction is a
		// bad value.
		case float || family == "DECIMAL":
			return "CASE WHEN " + v + " = trunc(" + v + ") THEN TRY_CAST(" + v + " AS " + p.duckType() + ") END", true
		}
	case TypeNumber:
		switch {
		case float:
			return "CASE WHEN isfinite(" + v + ") THEN CAST(" + v + " AS DOUBLE) END", true
		case whole || family == "DECIMAL":
			return "CAST(" + v + " AS DOUBLE)", true
		}
	case TypeBoolean:
		if family == "BOOLEAN" {
			return v, true
		}
	case TypeDate:
		switch {
		case family == "DATE":
			return "CASE WHEN isfinite(" + v + ") THEN " + v + " END", true
		case moment:
			return "CASE WHEN isfinite(" + v + ") AND " + v + " = date_trunc('day', " + v + ") THEN CAST(" + v + " AS DATE) END", true
		}
	case TypeTimestamp:
		switch {
		case moment && (o.Timezone == nil || !*o.Timezone):
			return "CASE WHEN isfinite(" + v + ") THEN " + p.utc("CAST("+v+" AS TIMESTAMP)") + " END", true
		case zoned && (o.Timezone == nil || *o.Timezone):
			return "CASE WHEN isfinite(" + v + ") THEN " + v + " AT TIME ZONE 'UTC' END", true
		}
	case TypeTime:
		if family == "TIME" {
			return v, true
		}
	}
	return "", false
}

// typeFamily drops the parameters of a DuckDB type; a nested type is "".
func typeFamily(t string) string {
	if strings.HasSuffix(t, "]") {
		return ""
	}
	family, _, _ := strings.Cut(t, "(")
	return family
}
