package contract

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/document"
)

// missingValues are the values, without null, that the rule lists as missing.
func (r Rule) missingValues() []Text {
	if ruleType(&r) != "library" || r.Metric != MetricMissingValues || r.Arguments == nil {
		return nil
	}
	var listed []Text
	for _, v := range r.Arguments.MissingValues {
		if v.Kind != document.Null {
			listed = append(listed, v)
		}
	}
	return listed
}

// missingCondition is the condition that v is a listed missing value.
func (p *Property) missingCondition(v, columnType string) string {
	if p.isNested() {
		return never
	}
	if missing := p.missing(plainText(v, columnType)); missing != "" {
		return missing
	}
	return never
}

// missing is missingCondition for v of a family of types; "" where v can be no
// listed value.
//
// A text is compared with what is written: N/A is a legitimate entry for a file's
// column of numbers. Where the column has a type, -999 and -999.0 are one value.
func (p *Property) missing(v, family string) string {
	isText := family == "VARCHAR"
	if !isText {
		var ok bool
		if v, ok = p.castNative(v, family); !ok {
			return ""
		}
	}
	var listed []string
	for _, r := range p.Quality {
		for _, value := range r.missingValues() {
			if isText {
				listed = append(listed, dataset.Literal(value.Text))
			} else if literal, ok := p.missingLiteral(value.Text); ok {
				listed = append(listed, literal)
			}
		}
	}
	if listed == nil {
		return ""
	}
	return "coalesce(" + v + " IN (" + strings.Join(listed, ", ") + "), false)"
}

// missingLiteral is SQL for a listed value as one of the property's type, whether
// it is listed in quotes or not: read like a text of the data, or else like a
// bound. It is NULL or false where the text is no such value.
func (p *Property) missingLiteral(text string) (string, bool) {
	if p.LogicalType == TypeInteger {
		// By its digits: a float has no room for those of wide integers.
		x, ok := wholeNumber(text)
		return "TRY_CAST(" + dataset.Literal(x) + " AS " + p.duckType() + ")", ok
	}
	literal := dataset.Literal(text)
	read := p.castText(literal, p.try(literal, "VARCHAR"))
	if bound, ok := p.boundLiteral(Text{Kind: document.Text, Text: text}); ok {
		read = "coalesce(" + read + ", " + bound + ")"
	}
	return read, true
}

var numberText = regexp.MustCompile(`^` + numberForm + `$`)

// wholeNumber is the digits of a number that has no fraction: -999 of -9.990e2.
func wholeNumber(text string) (string, bool) {
	// A float bounds the exponent, and with it the digits.
	if _, err := strconv.ParseFloat(text, 64); err != nil || !numberText.MatchString(text) {
		return "", false
	}
	x, ok := new(big.Rat).SetString(text)
	if !ok || !x.IsInt() {
		return "", false
	}
	return x.Num().String(), true
}
