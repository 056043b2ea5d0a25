package contract

import (
	"fmt"
	"math/big"
	"time"

	"github.com/linecook-ml/linecook/pipeline/document"
)

// bound compares the lower (side 1) or the upper (side -1) end of a range,
// whichever of its two keys says it.
func (c *comparer) bound(s site, before, after BaseProperty, side int) {
	was, okWas := strongest(before, side)
	is, okIs := strongest(after, side)
	said := fmt.Sprintf("the %s end of the range was %s and is now %s", map[int]string{1: "lower", -1: "upper"}[side], was.say(), is.say())
	if !okWas || !okIs {
		c.add(s, "range-changed", replaced, "%s, and the two cannot be compared", said)
		return
	}
	switch {
	case !given(was.value) && !given(is.value):
		c.note(s, "the range")
	case !given(was.value):
		c.relate(s, "range", 1, said)
	case !given(is.value):
		c.relate(s, "range", -1, said)
	default:
		order, ok := stricterBound(before.LogicalType, after.LogicalType, was, is, side)
		if !ok {
			c.add(s, "range-changed", replaced, "%s, and the two cannot be compared", said)
			return
		}
		c.relate(s, "range", order, said)
	}
}

func (b bound) say() string {
	if !given(b.value) {
		return "open"
	}
	return b.breaksNot() + " " + show(b.value)
}

// breaksNot is the comparison that good values satisfy.
func (b bound) breaksNot() string {
	return map[string]string{"<": "≥", "<=": ">", ">": "≤", ">=": "<"}[b.breaks]
}

// strongest is the end of a range where both of its keys may stand; false where
// two stand and cannot be compared.
func strongest(p BaseProperty, side int) (bound, bool) {
	ends := bounds(p.options())[:2]
	if side < 0 {
		ends = bounds(p.options())[2:]
	}
	switch plain, exclusive := ends[0], ends[1]; {
	case !given(exclusive.value):
		return plain, true
	case !given(plain.value):
		return exclusive, true
	default:
		order, ok := stricterBound(p.LogicalType, p.LogicalType, plain, exclusive, side)
		if order > 0 {
			return exclusive, ok
		}
		return plain, ok
	}
}

// stricterBound is above 0 where the second bound asks for more.
func stricterBound(typeA, typeB string, a, b bound, side int) (int, bool) {
	if typeA == TypeInteger && typeB == TypeInteger {
		a, b = a.inclusive(side), b.inclusive(side)
	}
	order, ok := compareValues(typeA, typeB, a.value, b.value)
	if !ok {
		return 0, false
	}
	order *= side
	if order == 0 && a.exclusive != b.exclusive {
		order = 1
		if a.exclusive {
			order = -1
		}
	}
	return order, true
}

// inclusive is the same bound of whole numbers as one that belongs to the range:
// below 60 is up to 59.
func (b bound) inclusive(side int) bound {
	x, ok := new(big.Int).SetString(b.value.Text, 10)
	if !b.exclusive || b.value.Kind != document.Integer || !ok {
		return b
	}
	b.exclusive = false
	b.value.Text = x.Add(x, big.NewInt(int64(side))).String()
	return b
}

// compareValues orders b against a: above 0 where b is greater. Numbers compare
// as numbers; dates and times by their order.
func compareValues(typeA, typeB string, a, b Text) (int, bool) {
	numeric := func(t string) bool { return t == TypeInteger || t == TypeNumber }
	switch {
	case numeric(typeA) && numeric(typeB):
		return compareNumbers(a, b)
	case typeA != typeB:
		return 0, false
	}
	switch typeA {
	case TypeDate, TypeTimestamp:
		x, okX := parseTimestamp(a.Text)
		y, okY := parseTimestamp(b.Text)
		return y.Compare(x), okX && okY
	case TypeTime:
		x, errX := clock(a.Text)
		y, errY := clock(b.Text)
		return y.Compare(x), errX == nil && errY == nil
	}
	return 0, false
}

func clock(text string) (time.Time, error) {
	if t, err := time.Parse("15:04", text); err == nil {
		return t, nil
	}
	return time.Parse("15:04:05", text)
}

// compareNumbers is exact for whole numbers, which may be wider than a float64.
func compareNumbers(a, b Text) (int, bool) {
	if a.Kind == document.Integer && b.Kind == document.Integer {
		x, okX := new(big.Int).SetString(a.Text, 10)
		y, okY := new(big.Int).SetString(b.Text, 10)
		if !okX || !okY {
			return 0, false
		}
		return y.Cmp(x), true
	}
	x, okX := a.Float()
	y, okY := b.Float()
	switch {
	case !okX || !okY:
		return 0, false
	case y > x:
		return 1, true
	case y < x:
		return -1, true
	}
	return 0, true
}
