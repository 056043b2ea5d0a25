package contract

import (
	"strconv"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/document"
)

// DuckDB's own casts are lax: '1.5' becomes the integer 2, 'nan' a number,
// '2013-10-01 05:00' a date, and an offset is dropped from a timestamp. Texts
// are therefore held to these forms before they are cast.
const (
	integerForm = `[-+]?[0-9]+`
	numberForm  = `[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?`
	dateForm    = `[0-9]{4}-[0-9]{2}-[0-9]{2}`
	clockForm   = `([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?`
	offsetForm  = `(Z|[-+][0-9]{2}(:?[0-9]{2})?)`
)

// timeFormats are the JDK patterns that can be checked: those that write a
// moment in ISO 8601's order. form is what a text must look like.
var timeFormats = []struct{ typ, format, form string }{
	{TypeDate, "yyyy-MM-dd", dateForm},
	{TypeTime, "HH:mm", `([01][0-9]|2[0-3]):[0-5][0-9]`},
	{TypeTime, "HH:mm:ss", `([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]`},
	{TypeTimestamp, "yyyy-MM-dd HH:mm", dateForm + ` [0-9]{2}:[0-9]{2}`},
	{TypeTimestamp, "yyyy-MM-dd HH:mm:ss", dateForm + ` [0-9]{2}:[0-9]{2}:[0-9]{2}`},
	{TypeTimestamp, "yyyy-MM-dd HH:mm:ssZ", dateForm + ` [0-9]{2}:[0-9]{2}:[0-9]{2}[-+][0-9]{4}`},
	{TypeTimestamp, "yyyy-MM-dd HH:mm:ssXXX", dateForm + ` [0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[-+][0-9]{2}:[0-9]{2})`},
	{TypeTimestamp, "yyyy-MM-dd'T'HH:mm:ss", dateForm + `T[0-9]{2}:[0-9]{2}:[0-9]{2}`},
	{TypeTimestamp, "yyyy-MM-dd'T'HH:mm:ss'Z'", dateForm + `T[0-9]{2}:[0-9]{2}:[0-9]{2}Z`},
	{TypeTimestamp, "yyyy-MM-dd'T'HH:mm:ssZ", dateForm + `T[0-9]{2}:[0-9]{2}:[0-9]{2}[-+][0-9]{4}`},
	{TypeTimestamp, "yyyy-MM-dd'T'HH:mm:ssXXX", dateForm + `T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[-+][0-9]{2}:[0-9]{2})`},
	{TypeTimestamp, "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", dateForm + `T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z`},
	{TypeTimestamp, "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", dateForm + `T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}(Z|[-+][0-9]{2}:[0-9]{2})`},
}

func timeFormatNames(typ string) []string {
	var names []string
	for _, f := range timeFormats {
		if f.typ == typ {
			names = append(names, f.format)
		}
	}
	return names
}

func timeForm(typ, format string) (string, bool) {
	for _, f := range timeFormats {
		if f.typ == typ && f.format == format {
			return f.form, true
		}
	}
	return "", false
}

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
	family := typeFamily(columnType)
	if family == "ENUM" || family == "UUID" {
		v, family = "CAST("+v+" AS VARCHAR)", "VARCHAR"
	}
	expression, ok := "", false
	if family == "VARCHAR" {
		expression, ok = p.castText(v), true
	} else {
		expression, ok = p.castNative(v, family)
	}
	if missing := p.missing(v, family); ok && missing != "" {
		expression = "CASE WHEN " + missing + " THEN NULL ELSE " + expression + " END"
	}
	return expression, ok
}

func matches(v, form string) string {
	return "regexp_full_match(" + v + ", " + dataset.Literal(form) + ")"
}

// canonical is the condition that v is written as DuckDB itself writes x. Most
// values are, and comparing costs a third of what a regular expression costs.
func canonical(v, x string) string { return "CAST(" + x + " AS VARCHAR) = " + v }

func (p *Property) castText(v string) string {
	o := p.options()
	form, formatted := timeForm(p.LogicalType, o.Format)
	switch p.LogicalType {
	case TypeInteger:
		x := "TRY_CAST(" + v + " AS " + p.duckType() + ")"
		return "CASE WHEN " + canonical(v, x) + " THEN " + x + " WHEN " + matches(v, integerForm) + " THEN " + x + " END"
	case TypeNumber:
		x := "TRY_CAST(" + v + " AS DOUBLE)"
		return "CASE WHEN " + matches(v, numberForm) + " AND isfinite(" + x + ") THEN " + x + " END"
	case TypeBoolean:
		return "CASE lower(" + v + ") WHEN 'true' THEN true WHEN 'false' THEN false END"
	case TypeDate:
		return "CASE WHEN " + matches(v, dateForm) + " THEN TRY_CAST(" + v + " AS DATE) END"
	case TypeTime:
		if !formatted {
			form = clockForm
		}
		return "CASE WHEN " + matches(v, clockForm) + " AND " + matches(v, form) + " THEN TRY_CAST(" + v + " AS TIME) END"
	case TypeTimestamp:
		x := "TRY_CAST(" + v + " AS TIMESTAMP)"
		// The year has four digits, and it is none of the special words.
		plain := v + "[5] = '-' AND isfinite(" + x + ") AND " + canonical(v, x)
		naive := "WHEN " + plain + " THEN " + x + " WHEN " + matches(v, dateForm+"[T ]"+clockForm) + " THEN " + x + " "
		zoned := "WHEN " + matches(v, dateForm+"[T ]"+clockForm+offsetForm) + " THEN TRY_CAST(" + v + " AS TIMESTAMPTZ) AT TIME ZONE 'UTC' "
		if o.Timezone != nil && *o.Timezone {
			naive = ""
		}
		if o.Timezone != nil && !*o.Timezone {
			zoned = ""
		}
		guard := ""
		if formatted {
			guard = "WHEN NOT " + matches(v, form) + " THEN NULL "
		}
		return "CASE " + guard + naive + zoned + "END"
	}
	return v
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
			return "CASE WHEN isfinite(" + v + ") THEN CAST(" + v + " AS TIMESTAMP) END", true
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

// missing is the condition that v is one of the values that the property's
// missingValues rules list, without NULL; "" where they list none.
func (p *Property) missing(v, family string) string {
	var texts, numbers []string
	for _, r := range p.Quality {
		if ruleType(&r) != "library" || r.Metric != MetricMissingValues || r.Arguments == nil {
			continue
		}
		for _, value := range r.Arguments.MissingValues {
			if value.Kind == document.Null {
				continue
			}
			texts = append(texts, dataset.Literal(value.Text))
			if x, ok := value.Float(); ok {
				numbers = append(numbers, dataset.Literal(strconv.FormatFloat(x, 'g', -1, 64))+"::DOUBLE")
			}
		}
	}
	isText := family == "VARCHAR"
	isNumber := !isText && (p.LogicalType == TypeInteger || p.LogicalType == TypeNumber)
	switch {
	case isText && texts != nil:
		return "coalesce(" + v + " IN (" + strings.Join(texts, ", ") + "), false)"
	case isNumber && numbers != nil:
		return "coalesce(CAST(" + v + " AS DOUBLE) IN (" + strings.Join(numbers, ", ") + "), false)"
	}
	return ""
}
