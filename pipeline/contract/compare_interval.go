package contract

import (
	"math"
	"slices"
)

// A span is the numbers between two ends. An end that is open does not belong
// to it.
type span struct {
	low, high         float64
	lowOpen, highOpen bool
}

// A domain is what a metric can be.
type domain struct {
	low, high float64
	whole     bool
}

// domainOf: a metric of the standard counts, or is a share of what it counts; a
// query can yield any number.
func domainOf(r Rule) domain {
	switch {
	case ruleType(&r) != "library":
		return domain{math.Inf(-1), math.Inf(1), false}
	case r.Unit == "percent":
		return domain{0, 100, false}
	}
	return domain{0, math.Inf(1), true}
}

// allowed is the part of a domain that keeps an operator, as spans in order that
// do not touch.
func allowed(op operator, d domain) []span {
	below := func(x float64, open bool) span { return span{math.Inf(-1), x, true, open} }
	above := func(x float64, open bool) span { return span{x, math.Inf(1), open, true} }
	var spans []span
	switch op.name {
	case "mustBe":
		spans = []span{{op.low, op.low, false, false}}
	case "mustNotBe":
		spans = []span{below(op.low, true), above(op.low, true)}
	case "mustBeGreaterThan":
		spans = []span{above(op.low, true)}
	case "mustBeGreaterOrEqualTo":
		spans = []span{above(op.low, false)}
	case "mustBeLessThan":
		spans = []span{below(op.low, true)}
	case "mustBeLessOrEqualTo":
		spans = []span{below(op.low, false)}
	case "mustBeBetween":
		spans = []span{{op.low, op.high, false, false}}
	case "mustNotBeBetween":
		spans = []span{below(op.low, true), above(op.high, true)}
	}
	var out []span
	for _, s := range spans {
		s = s.clipped(d)
		if s.low > s.high || (s.low == s.high && (s.lowOpen || s.highOpen)) {
			continue
		}
		// Whole numbers leave nothing between 2 and 3.
		if last := len(out) - 1; d.whole && last >= 0 && out[last].high+1 == s.low {
			out[last].high, out[last].highOpen = s.high, s.highOpen
			continue
		}
		out = append(out, s)
	}
	return out
}

func (s span) clipped(d domain) span {
	if s.low < d.low {
		s.low, s.lowOpen = d.low, math.IsInf(d.low, 0)
	}
	if s.high > d.high {
		s.high, s.highOpen = d.high, math.IsInf(d.high, 0)
	}
	if !d.whole {
		return s
	}
	if !math.IsInf(s.low, 0) {
		low := math.Ceil(s.low)
		if low == s.low && s.lowOpen {
			low++
		}
		s.low, s.lowOpen = low, false
	}
	if !math.IsInf(s.high, 0) {
		high := math.Floor(s.high)
		if high == s.high && s.highOpen {
			high--
		}
		s.high, s.highOpen = high, false
	}
	return s
}

// within says whether each number of a is one of b.
func within(a, b []span) bool {
	return !slices.ContainsFunc(a, func(inner span) bool {
		return !slices.ContainsFunc(b, inner.in)
	})
}

func (s span) in(outer span) bool {
	low := s.low > outer.low || (s.low == outer.low && (s.lowOpen || !outer.lowOpen))
	high := s.high < outer.high || (s.high == outer.high && (s.highOpen || !outer.highOpen))
	return low && high
}

// allowedBoth is what two rules allow; false where they do not count the same
// thing in the same unit, or do not have one operator each.
func allowedBoth(before, after Rule) (was, is []span, ok bool) {
	if ruleType(&before) != ruleType(&after) || before.Metric != after.Metric || unitOf(before) != unitOf(after) {
		return nil, nil, false
	}
	a, errA := operatorOf(&before)
	b, errB := operatorOf(&after)
	if errA != nil || errB != nil || operators(before) != 1 || operators(after) != 1 {
		return nil, nil, false
	}
	return allowed(a, domainOf(before)), allowed(b, domainOf(after)), true
}

// operators counts the operators of a rule.
func operators(r Rule) int {
	n := 0
	for _, has := range []bool{
		given(r.MustBe), given(r.MustNotBe), r.MustBeGreaterThan != nil, r.MustBeGreaterOrEqualTo != nil, r.MustBeLessThan != nil, r.MustBeLessOrEqualTo != nil,
		r.MustBeBetween != nil, r.MustNotBeBetween != nil,
	} {
		if has {
			n++
		}
	}
	return n
}

// asksForFew says that a rule is never broken by counting less: only then does a
// longer list of valid values loosen it.
func asksForFew(r Rule) bool {
	op, err := operatorOf(&r)
	if err != nil || operators(r) != 1 {
		return false
	}
	d := domainOf(r)
	spans := allowed(op, d)
	return len(spans) == 1 && spans[0].low == d.low && !spans[0].lowOpen
}
