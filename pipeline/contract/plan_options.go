package contract

import (
	"fmt"
	"math/big"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// options plans what logicalTypeOptions ask for. All of it is asked of the
// value under the contract, and of nothing that is missing or of another type.
func (pl *planner) options() {
	p, o := pl.p, pl.p.options()
	for _, b := range bounds(o) {
		if given(b.value) {
			literal, _ := p.boundLiteral(b.value)
			pl.option(b.key, "contract/range", fmt.Sprintf("break %s %s", b.key, b.value.Text), func(x string) string { return x + " " + b.breaks + " " + literal })
		}
	}
	if given(o.MultipleOf) {
		pl.option("multipleOf", "contract/multiple-of", "are no multiple of "+o.MultipleOf.Text, pl.multipleOf(o.MultipleOf))
	}
	pl.lengths(o)
	if o.UniqueItems != nil && *o.UniqueItems {
		pl.option("uniqueItems", "contract/items", "have an item twice", func(x string) string {
			present := "list_filter(" + pl.itemList(x) + ", lambda item: item IS NOT NULL)"
			return "len(list_distinct(" + present + ")) < len(" + present + ")"
		})
	}
	if p.LogicalType == TypeObject {
		pl.objectOptions(o)
	}
	if o.Pattern != nil {
		pl.add(rowCheck{
			code: "contract/pattern", cond: func(value) string { return never }, pattern: *o.Pattern, needsTyped: true,
			problem: fmt.Sprintf("do not match the pattern %q", clip(*o.Pattern)), remedy: "correct the values, or the pattern",
		}, "logicalTypeOptions", "pattern")
	}
	if broken := pl.formatBroken(o.Format); broken != nil {
		pl.option("format", "contract/format", "are no "+o.Format, broken)
	}
}

// option adds a check of the value under the contract, x.
func (pl *planner) option(name, code, problem string, broken func(x string) string) {
	pl.add(rowCheck{
		code: code, problem: problem, needsTyped: true, remedy: "correct the values, or the option " + name,
		cond: func(v value) string { return broken(v.typed) },
	}, "logicalTypeOptions", name)
}

func (pl *planner) lengths(o TypeOptions) {
	characters := func(x string) string { return "length(" + x + ")" }
	items := func(x string) string { return "len(" + pl.itemList(x) + ")" }
	for _, l := range []struct {
		option, code string
		limit        *int
		measure      func(x string) string
		breaks, say  string
	}{
		{"minLength", "contract/length", o.MinLength, characters, "<", "are shorter than %d characters"},
		{"maxLength", "contract/length", o.MaxLength, characters, ">", "are longer than %d characters"},
		{"minItems", "contract/items", o.MinItems, items, "<", "have fewer than %d items"},
		{"maxItems", "contract/items", o.MaxItems, items, ">", "have more than %d items"},
	} {
		if l.limit != nil {
			pl.option(l.option, l.code, fmt.Sprintf(l.say, *l.limit), func(x string) string { return fmt.Sprintf("%s %s %d", l.measure(x), l.breaks, *l.limit) })
		}
	}
}

// itemList is a typed array as a list; one whose items are not described is
// JSON text.
func (pl *planner) itemList(x string) string {
	if pl.p.Items == nil {
		return "from_json(CAST(" + x + " AS JSON), '[\"JSON\"]')"
	}
	return x
}

// objectOptions asks for the properties that an object has a value for: of
// those that the contract describes or, where it describes none, of all.
func (pl *planner) objectOptions(o TypeOptions) {
	text := func(x string) string {
		if len(pl.p.Properties) == 0 {
			return "CAST(" + x + " AS JSON)"
		}
		return "CAST(to_json(" + x + ") AS JSON)"
	}
	count := func(x string) string {
		key := "'/' || replace(replace(item, '~', '~0'), '/', '~1')"
		return "len(list_filter(json_keys(" + text(x) + "), lambda item: json_extract(" + text(x) + ", " + key + ") <> 'null'::JSON))"
	}
	if o.MinProperties != nil {
		pl.option("minProperties", "contract/properties", fmt.Sprintf("have fewer than %d properties", *o.MinProperties), func(x string) string { return fmt.Sprintf("%s < %d", count(x), *o.MinProperties) })
	}
	if o.MaxProperties != nil {
		pl.option("maxProperties", "contract/properties", fmt.Sprintf("have more than %d properties", *o.MaxProperties), func(x string) string { return fmt.Sprintf("%s > %d", count(x), *o.MaxProperties) })
	}
	for _, name := range o.Required {
		pl.option("required", "contract/properties", fmt.Sprintf("have no %q, which the object requires", name), func(x string) string {
			return x + " IS NOT NULL AND coalesce(json_extract(" + text(x) + ", " + pointer(name) + ") = 'null'::JSON, true)"
		})
	}
}

// multipleOf is exact where it can be. An integer is a multiple of 5/2 where it is
// one of 5. A number is a multiple of 0.01 where it is as near to one as floats
// come: both were rounded in their last place, and so was a sum that led there.
func (pl *planner) multipleOf(m Text) func(x string) string {
	exact, _ := new(big.Rat).SetString(m.Text) // lint has made sure that it is a number
	if pl.p.LogicalType == TypeInteger {
		// Only 0 is a multiple of what the type has no room for.
		step := "TRY_CAST(" + dataset.Literal(exact.Num().String()) + " AS " + pl.p.duckType() + ")"
		return func(x string) string { return "coalesce(" + x + " % " + step + ", " + x + ") <> 0" }
	}
	step, _ := pl.p.boundLiteral(m)
	return func(x string) string {
		rest, near := "abs("+x+" % "+step+")", fewUnits+" * abs("+x+")"
		if exact.IsInt() {
			// Below 2^53, whole numbers are not rounded.
			near = "CASE WHEN abs(" + x + ") < 9007199254740992 THEN 0 ELSE " + near + " END"
		}
		return "least(" + rest + ", " + step + " - " + rest + ") > " + near
	}
}

// fewUnits is four units in the last place of 1, a DOUBLE.
const fewUnits = "'8.881784197001252e-16'::DOUBLE"

// maxFloat32 is the greatest finite number of format f32.
const maxFloat32 = "'3.4028234663852886e38'::DOUBLE"

// formatBroken is the condition that a value has not the format; nil where
// there is nothing to ask.
func (pl *planner) formatBroken(format string) func(x string) string {
	switch pl.p.LogicalType {
	case TypeString:
		for _, f := range stringFormats {
			if f.format == format && f.form != "" {
				return func(x string) string { return "NOT " + matches(x, f.form) }
			}
		}
	case TypeInteger:
		for _, f := range integerFormats {
			if f.format == format && f.low != "" {
				return func(x string) string {
					return fmt.Sprintf("%s NOT BETWEEN '%s'::%s AND '%s'::%s", x, f.low, f.duck, f.high, f.duck)
				}
			}
		}
	case TypeNumber:
		if format == "f32" {
			return func(x string) string { return "abs(" + x + ") > " + maxFloat32 }
		}
	}
	return nil
}
