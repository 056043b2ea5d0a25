package contract

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"

	"github.com/linecook-ml/linecook/pipeline/document"
)

// options compares what narrows a type. That an empty mapping stands where none
// stood says nothing.
func (c *comparer) options(s site, before, after BaseProperty) {
	was, is := before.options(), after.options()
	said := len(c.changes)
	var low, high bool
	c.fields(s, was, is, func(key string, s site) {
		switch key {
		case "minLength":
			c.limit(s, key, was.MinLength, is.MinLength, 1)
		case "maxLength":
			c.limit(s, key, was.MaxLength, is.MaxLength, -1)
		case "minItems":
			c.limit(s, key, was.MinItems, is.MinItems, 1)
		case "maxItems":
			c.limit(s, key, was.MaxItems, is.MaxItems, -1)
		case "minProperties":
			c.limit(s, key, was.MinProperties, is.MinProperties, 1)
		case "maxProperties":
			c.limit(s, key, was.MaxProperties, is.MaxProperties, -1)
		case "pattern":
			c.pattern(s, was.Pattern, is.Pattern)
		case "format":
			c.format(s, before, after)
		case "minimum", "exclusiveMinimum":
			c.once(&low, func() { c.bound(s, before, after, 1) })
		case "maximum", "exclusiveMaximum":
			c.once(&high, func() { c.bound(s, before, after, -1) })
		case "multipleOf":
			c.multiple(s, was.MultipleOf, is.MultipleOf)
		case "uniqueItems":
			c.flag(s, key, deref(was.UniqueItems), deref(is.UniqueItems), tightened)
		case "required":
			c.requiredParts(s, was.Required, is.Required)
		case "timezone":
			c.timezone(s, before, after)
		case "defaultTimezone":
			if zone(was.DefaultTimezone) == zone(is.DefaultTimezone) {
				c.text(s, key, was.DefaultTimezone, is.DefaultTimezone)
				return
			}
			c.add(s, "timezone", redefined, "%s: the same texts mean other moments", moved("the time zone", was.DefaultTimezone, is.DefaultTimezone))
		}
	})
	if len(c.changes) == said {
		c.note(s, "logicalTypeOptions")
	}
}

// timezone: where it is not said, values with an offset and values without one are
// taken. A time of day has no offset in any case.
func (c *comparer) timezone(s site, before, after BaseProperty) {
	was, is := before.options().Timezone, after.options().Timezone
	switch {
	case before.LogicalType == TypeTime && after.LogicalType == TypeTime:
		c.note(s, "timezone")
	case was == nil:
		c.relate(s, "timezone", 1, fmt.Sprintf("timezone is now %v", *is))
	case is == nil:
		c.relate(s, "timezone", -1, fmt.Sprintf("timezone, which was %v, is gone", *was))
	default:
		c.add(s, "timezone", redefined, "timezone was %v and is now %v: what was asked of every value is refused", *was, *is)
	}
}

// zone is the standard's default where none is written.
func zone(name string) string {
	if name == "" || name == "UTC" {
		return "Etc/UTC"
	}
	return name
}

// relate adds the finding of an ordered promise: stricter is above 0 where the
// new one asks for more, below 0 where it asks for less.
func (c *comparer) relate(s site, kind string, stricter int, said string) {
	switch {
	case stricter > 0:
		c.add(s, kind+"-tightened", tightened, "%s: values that were taken before are refused", said)
	case stricter < 0:
		c.add(s, kind+"-loosened", loosened, "%s: values that were ruled out can arrive", said)
	default:
		c.add(s, "documentation", documented, "%s, which is the same", said)
	}
}

// limit compares whole numbers; direction is 1 where a greater one is stricter.
func (c *comparer) limit(s site, key string, before, after *int, direction int) {
	switch {
	case before == nil:
		c.relate(s, key, 1, fmt.Sprintf("%s is now %d", key, *after))
	case after == nil:
		c.relate(s, key, -1, fmt.Sprintf("%s, which was %d, is gone", key, *before))
	default:
		stricter := direction
		if *after < *before {
			stricter = -direction
		}
		c.relate(s, key, stricter, fmt.Sprintf("%s was %d and is now %d", key, *before, *after))
	}
}

// pattern: whether one regular expression takes all that another takes is not
// worked out, so two that differ are only known to differ.
func (c *comparer) pattern(s site, before, after *string) {
	switch {
	case before == nil:
		c.relate(s, "pattern", 1, fmt.Sprintf("the pattern %q is new", clip(*after)))
	case after == nil:
		c.relate(s, "pattern", -1, fmt.Sprintf("the pattern %q is gone", clip(*before)))
	default:
		c.add(s, "pattern-changed", replaced, "%s: each may take what the other refuses", moved("the pattern", *before, *after))
	}
}

func (c *comparer) format(s site, before, after BaseProperty) {
	said := moved("the format", before.options().Format, after.options().Format)
	was, is := before.format(), after.format()
	switch {
	case was == is:
		c.relate(s, "format", 0, said)
	case was == "" && before.LogicalType == TypeString:
		c.relate(s, "format", 1, said)
	case is == "" && after.LogicalType == TypeString:
		c.relate(s, "format", -1, said)
	case withinFormat(was, is):
		c.relate(s, "format", -1, said)
	case withinFormat(is, was):
		c.relate(s, "format", 1, said)
	default:
		c.add(s, "format-changed", replaced, "%s: values are written in another way", said)
	}
}

// format is the one that holds where none is written. Only texts may then have
// any form; moments and times are in ISO 8601, which no pattern says in full.
func (p BaseProperty) format() string {
	format := p.options().Format
	if format != "" {
		return format
	}
	switch p.LogicalType {
	case TypeInteger:
		return "i64"
	case TypeNumber:
		return "f64"
	case TypeDate:
		return "yyyy-MM-dd"
	}
	return ""
}

// withinFormat says whether every number of the format small is one of the
// format large.
func withinFormat(small, large string) bool {
	if small == "f32" && large == "f64" {
		return true
	}
	kindSmall, bitsSmall, okSmall := integerBits(small)
	kindLarge, bitsLarge, okLarge := integerBits(large)
	switch {
	case !okSmall || !okLarge:
		return false
	case kindSmall == kindLarge:
		return bitsSmall < bitsLarge
	default:
		return kindSmall == 'u' && bitsSmall < bitsLarge
	}
}

func integerBits(format string) (kind byte, bits int, ok bool) {
	if len(format) < 2 || (format[0] != 'i' && format[0] != 'u') {
		return 0, 0, false
	}
	bits, err := strconv.Atoi(format[1:])
	return format[0], bits, err == nil
}

// multiple: a multiple of 6 is a multiple of 3.
func (c *comparer) multiple(s site, before, after Text) {
	said := fmt.Sprintf("multipleOf was %s and is now %s", show(before), show(after))
	switch {
	case !given(before):
		c.relate(s, "multiple", 1, "multipleOf is now "+show(after))
		return
	case !given(after):
		c.relate(s, "multiple", -1, "multipleOf, which was "+show(before)+", is gone")
		return
	}
	order, numbers := compareNumbers(before, after)
	switch {
	case numbers && order == 0:
		c.relate(s, "multiple", 0, said)
	case divides(before, after):
		c.relate(s, "multiple", 1, said)
	case divides(after, before):
		c.relate(s, "multiple", -1, said)
	default:
		c.add(s, "multiple-changed", replaced, "%s: each may take what the other refuses", said)
	}
}

func divides(small, large Text) bool {
	if small.Kind != document.Integer || large.Kind != document.Integer {
		return false
	}
	x, okX := new(big.Int).SetString(small.Text, 10)
	y, okY := new(big.Int).SetString(large.Text, 10)
	return okX && okY && x.Sign() > 0 && new(big.Int).Mod(y, x).Sign() == 0
}

func (c *comparer) requiredParts(s site, before, after []string) {
	gone := slices.DeleteFunc(slices.Clone(before), func(name string) bool { return slices.Contains(after, name) })
	come := slices.DeleteFunc(slices.Clone(after), func(name string) bool { return slices.Contains(before, name) })
	if len(gone)+len(come) == 0 {
		c.note(s, "the list of required parts")
	}
	if len(come) > 0 {
		c.relate(s, "required", 1, fmt.Sprintf("the parts %q are now required", come))
	}
	if len(gone) > 0 {
		c.relate(s, "required", -1, fmt.Sprintf("the parts %q are no longer required", gone))
	}
}
