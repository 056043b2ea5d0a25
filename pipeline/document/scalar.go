package document

import (
	"math"
	"regexp"
	"strconv"
)

// Kind is what a scalar is under YAML 1.2's core schema.
type Kind string

// The kinds of a scalar.
const (
	Null    Kind = "null"
	Boolean Kind = "boolean"
	Integer Kind = "integer"
	Number  Kind = "number"
	Text    Kind = "text"
	// unclear is a plain scalar that YAML versions read differently, such as
	// 017 or 0x1F or 1_000, or one that is no finite number, such as .inf.
	unclear Kind = "unclear"
)

// A Scalar keeps a value as it was written, for places that accept several
// kinds. The zero Scalar stands for an absent key.
type Scalar struct {
	Kind Kind
	// Text is the spelling in the file, without quotes: "1.10" for 1.10.
	Text string
}

// Plain is the scalar that text is when it stands in a file without quotes.
func Plain(text string) Scalar { return Scalar{Kind: plainKind(text), Text: text} }

// Float is the value of a number; false for every other kind.
func (s Scalar) Float() (float64, bool) {
	if s.Kind != Integer && s.Kind != Number {
		return 0, false
	}
	f, err := strconv.ParseFloat(s.Text, 64)
	return f, err == nil
}

var (
	integerText = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)$`)
	numberText  = regexp.MustCompile(`^[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)
	// Numbers in one version of YAML or another: leading zeros, 0x, 0o, 0b,
	// underscores, .inf and .nan.
	unclearText = regexp.MustCompile(`^([-+]?([0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|\.(inf|Inf|INF))|\.(nan|NaN|NAN))$`)
)

// plainKind resolves a scalar that was written without quotes. It does not rely
// on the YAML library, which reads 1e3 as text and 017 as fifteen.
func plainKind(text string) Kind {
	switch text {
	case "", "~", "null", "Null", "NULL":
		return Null
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return Boolean
	}
	switch {
	case integerText.MatchString(text):
		return Integer
	case numberText.MatchString(text):
		if f, err := strconv.ParseFloat(text, 64); err != nil || math.IsInf(f, 0) {
			return unclear
		}
		return Number
	case unclearText.MatchString(text):
		return unclear
	}
	return Text
}

func isTrue(text string) bool { return text == "true" || text == "True" || text == "TRUE" }
