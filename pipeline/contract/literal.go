package contract

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/document"
)

// boundLiteral is SQL for a bound of a property whose type has an order.
func (p *Property) boundLiteral(v Text) (string, bool) {
	switch p.LogicalType {
	case TypeInteger:
		if v.Kind == document.Integer && len(v.Text) <= 38 {
			if _, err := strconv.ParseInt(v.Text, 10, 64); err == nil {
				return dataset.Literal(v.Text) + "::BIGINT", true
			}
			return dataset.Literal(v.Text) + "::HUGEINT", true
		}
		fallthrough
	case TypeNumber:
		x, ok := v.Float()
		return dataset.Literal(strconv.FormatFloat(x, 'g', -1, 64)) + "::DOUBLE", ok
	case TypeDate:
		t, err := time.Parse(time.DateOnly, v.Text)
		return "DATE " + dataset.Literal(t.Format(time.DateOnly)), err == nil && v.Kind == document.Text
	case TypeTimestamp:
		t, zoned, ok := parseTimestamp(v.Text)
		literal := "TIMESTAMP " + dataset.Literal(t.UTC().Format("2006-01-02 15:04:05.999999"))
		if !zoned {
			literal = p.utc(literal)
		}
		return literal, ok
	case TypeTime:
		return "TIME " + dataset.Literal(v.Text), clockText.MatchString(v.Text)
	}
	return "", false
}

var (
	clockText  = regexp.MustCompile(`^` + clockForm + `$`)
	momentText = regexp.MustCompile(`^` + dateForm + `(T` + clockForm + offsetForm + `?)?$`)
)

// parseTimestamp reads a moment. One that is not zoned has no offset: it is what
// a clock shows, as if the clock were in UTC.
func parseTimestamp(text string) (t time.Time, zoned, ok bool) {
	text = strings.Replace(text, " ", "T", 1)
	if !momentText.MatchString(text) {
		return time.Time{}, false, false
	}
	for _, layout := range []string{
		"2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07",
	} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, strings.Contains(layout, "Z"), true
		}
	}
	return time.Time{}, false, false
}

// valueLiteral is SQL for one value of a property.
func (p *Property) valueLiteral(v Text) (string, bool) {
	switch p.LogicalType {
	case TypeString:
		return dataset.Literal(v.Text), v.Kind != document.Null && v.Kind != document.Boolean
	case TypeBoolean:
		return strings.ToLower(v.Text), v.Kind == document.Boolean
	}
	return p.boundLiteral(v)
}

// dataLiteral is SQL for a text out of the data. A byte of zero, which a file may
// hold and the contract not, would end the statement.
func dataLiteral(text string) string {
	parts := strings.Split(text, "\x00")
	for i := range parts {
		parts[i] = dataset.Literal(parts[i])
	}
	return "(" + strings.Join(parts, " || chr(0) || ") + ")"
}

// show is a value as the contract writes it.
func show(v Text) string {
	if v.Kind == document.Text {
		return strconv.Quote(clip(v.Text))
	}
	if v.Kind == document.Null {
		return "null"
	}
	return v.Text
}

// clip keeps foreign text in a message short.
func clip(s string) string {
	const limit = 80
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	return string(runes[:limit-1]) + "…"
}
