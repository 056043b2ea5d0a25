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
		order, ok := stricterBound(before, after, was, is, side)
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
		order, ok := stricterBound(p, p, plain, exclusive, side)
		if order > 0 {
			return exclusive, ok
		}
		return plain, ok
	}
}

// stricterBound is above 0 where the second bound asks for more.
func stricterBound(p, q BaseProperty, a, b bound, side int) (int, bool) {
	if p.LogicalType == TypeInteger && q.LogicalType == TypeInteger {
		a, b = a.inclusive(side), b.inclusive(side)
	}
	order, ok := compareValues(p, q, a.value, b.value)
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

// compareValues orders b of q against a of p: above 0 where b is greater. Numbers
// compare as numbers; dates and times by their order.
func compareValues(p, q BaseProperty, a, b Text) (int, bool) {
	numeric := func(p BaseProperty) bool { return p.LogicalType == TypeInteger || p.LogicalType == TypeNumber }
	switch {
	case numeric(p) && numeric(q):
		return compareNumbers(a, b)
	case p.LogicalType != q.LogicalType:
		return 0, false
	}
	switch p.LogicalType {
	case TypeDate, TypeTimestamp:
		x, zoneX, okX := p.moment(a)
		y, zoneY, okY := q.moment(b)
		return y.Compare(x), okX && okY && zoneX == zoneY
	case TypeTime:
		x, errX := clock(a.Text)
		y, errY := clock(b.Text)
		return y.Compare(x), errX == nil && errY == nil
	}
	return 0, false
}

// moment is what a clock in a time zone shows. Moments of two zones are not
// ordered here: how far the zones lie apart on a day is known to DuckDB alone.
func (p BaseProperty) moment(v Text) (t time.Time, in string, ok bool) {
	t, zoned, ok := parseTimestamp(v.Text)
	if zoned {
		return t, zone(""), ok
	}
	return t, zone(p.options().DefaultTimezone), ok
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
