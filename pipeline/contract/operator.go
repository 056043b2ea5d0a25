package contract

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/document"
)

// An operator compares a metric with one number, or with a range whose both
// ends belong to it.
type operator struct {
	name      string
	low, high float64
	ranged    bool
	// truth is set where a boolean is compared instead of a number.
	truth *bool
}

// operatorOf is a rule's one operator. Lint has made sure that there is one.
func operatorOf(r *Rule) (operator, error) {
	for _, o := range []struct {
		name string
		text Text
	}{{"mustBe", r.MustBe}, {"mustNotBe", r.MustNotBe}} {
		if !given(o.text) {
			continue
		}
		if o.text.Kind == document.Boolean && ruleType(r) == "sql" {
			truth := strings.EqualFold(o.text.Text, "true")
			return operator{name: o.name, truth: &truth}, nil
		}
		x, ok := o.text.Float()
		if !ok {
			return operator{}, fmt.Errorf("%s must be a number, not %s", o.name, show(o.text))
		}
		return operator{name: o.name, low: x}, nil
	}
	for _, o := range []struct {
		name  string
		value *float64
	}{
		{"mustBeGreaterThan", r.MustBeGreaterThan}, {"mustBeGreaterOrEqualTo", r.MustBeGreaterOrEqualTo},
		{"mustBeLessThan", r.MustBeLessThan}, {"mustBeLessOrEqualTo", r.MustBeLessOrEqualTo},
	} {
		if o.value != nil {
			return operator{name: o.name, low: *o.value}, nil
		}
	}
	for _, o := range []struct {
		name   string
		values []float64
	}{{"mustBeBetween", r.MustBeBetween}, {"mustNotBeBetween", r.MustNotBeBetween}} {
		if o.values == nil {
			continue
		}
		if len(o.values) != 2 || o.values[0] >= o.values[1] {
			return operator{}, fmt.Errorf("%s must be two numbers, the smaller one first", o.name)
		}
		return operator{name: o.name, low: o.values[0], high: o.values[1], ranged: true}, nil
	}
	return operator{}, fmt.Errorf("the rule has no operator")
}

// holds reports whether the metric x keeps the rule.
func (o operator) holds(x float64) bool {
	switch o.name {
	case "mustBe":
		return x == o.low
	case "mustNotBe":
		return x != o.low
	case "mustBeGreaterThan":
		return x > o.low
	case "mustBeGreaterOrEqualTo":
		return x >= o.low
	case "mustBeLessThan":
		return x < o.low
	case "mustBeLessOrEqualTo":
		return x <= o.low
	case "mustBeBetween":
		return x >= o.low && x <= o.high
	case "mustNotBeBetween":
		return x < o.low || x > o.high
	}
	return false
}

// String reads like the contract. It says how a range is read, because the
// standard's text and its implementations differ.
func (o operator) String() string {
	if o.truth != nil {
		return o.name + " " + strconv.FormatBool(*o.truth)
	}
	if o.ranged {
		return fmt.Sprintf("%s [%s, %s], both included", o.name, number(o.low), number(o.high))
	}
	return o.name + " " + number(o.low)
}

func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
