package contract

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// unitWords are the words of a description that say how a number is to be
// read, by what they mean. Exchanging one for another of another meaning changes
// every value without touching one.
var unitWords = map[string]string{
	"°f": "fahrenheit", "fahrenheit": "fahrenheit", "°c": "celsius", "celsius": "celsius", "kelvin": "kelvin",
	"mph": "mph", "km/h": "km/h", "kmh": "km/h", "kph": "km/h", "knots": "knot", "kt": "knot", "m/s": "m/s",
	"mile": "mile", "miles": "mile", "km": "kilometre", "kilometres": "kilometre", "kilometers": "kilometre",
	"metres": "metre", "meters": "metre", "feet": "foot", "ft": "foot", "inch": "inch", "inches": "inch",
	"cm": "centimetre", "centimetres": "centimetre", "centimeters": "centimetre", "mm": "millimetre", "millimetres": "millimetre", "millimeters": "millimetre",
	"millibar": "hectopascal", "millibars": "hectopascal", "hpa": "hectopascal", "inhg": "inhg",
	"millisecond": "millisecond", "milliseconds": "millisecond", "ms": "millisecond",
	"second": "second", "seconds": "second", "minute": "minute", "minutes": "minute",
	"hour": "hour", "hours": "hour", "day": "day", "days": "day", "week": "week", "weeks": "week", "month": "month", "months": "month",
	"gram": "gram", "grams": "gram", "kg": "kilogram", "kilograms": "kilogram", "lb": "pound", "lbs": "pound", "ounces": "ounce",
	"litre": "litre", "litres": "litre", "liters": "litre", "gallons": "gallon",
	"usd": "usd", "dollar": "usd", "dollars": "usd", "eur": "eur", "euro": "eur", "euros": "eur", "gbp": "gbp", "cent": "cent", "cents": "cent", "thousand": "thousand", "thousands": "thousand",
	"percent": "percent", "%": "percent", "fraction": "fraction", "ratio": "fraction",
	"utc": "utc", "local": "local time", "hhmm": "hhmm",
}

// unitsOf lists the meanings of the unit words of a text, sorted, each once.
func unitsOf(text string) []string {
	var found []string
	for _, word := range words(text) {
		if unit, ok := unitWords[word]; ok {
			found = append(found, unit)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// words are a text's words in small letters, without punctuation.
func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !strings.ContainsRune("°%/", r)
	})
}

// meaning compares texts that say what values are. No program can tell whether
// the meaning moved, so an edit of more than spelling asks for a look at the
// model; an exchanged unit is an edit of every value.
func (c *comparer) meaning(s site, key, before, after string) {
	if slices.Equal(words(before), words(after)) || before == "" || after == "" {
		c.text(s, key, before, after)
		return
	}
	was, is := unitsOf(before), unitsOf(after)
	if len(was) > 0 && len(is) > 0 && !slices.Equal(was, is) {
		c.add(s, "unit-changed", redefined, "%s spoke of %s and now speaks of %s: the same numbers mean something else",
			key, strings.Join(was, ", "), strings.Join(is, ", "))
		return
	}
	c.add(s, "meaning", verdict{Documentation, Documentation, Recheck}, "%s; see whether the values still mean what the model learned", moved(key, before, after))
}

// unitProperties are the names that customs outside the standard give to the
// unit of a property's values.
var unitProperties = []string{"unit", "units", "unitofmeasure", "unitofmeasurement", "measurementunit", "currency", "timezone"}

func isUnitProperty(name string) bool {
	return slices.Contains(unitProperties, strings.ToLower(name[strings.LastIndex(name, ".")+1:]))
}

// customVerdict: what linecook reads steers what the model sees; what another
// tool reads may steer anything.
func customVerdict(p CustomProperty) verdict {
	if p.Property == customLastLineEnds {
		return verdict{Breaking, Compatible, NoEffect} // what writers must do
	}
	if strings.HasPrefix(p.Property, customPrefix) {
		return redefined
	}
	return replaced
}

func (c *comparer) custom(s site, before, after []CustomProperty) {
	lists(c, s, before, after, lister[CustomProperty]{
		what: "custom property", kind: "custom-property",
		keys: []func(CustomProperty) string{
			func(p CustomProperty) string { return p.Property },
			func(p CustomProperty) string { return string(p.ID) },
		},
		name: func(p CustomProperty) string { return p.Property },
		removed: func(p CustomProperty) verdict {
			if isUnitProperty(p.Property) {
				return verdict{Compatible, Breaking, Recheck}
			}
			return customVerdict(p)
		},
		added: func(p CustomProperty) verdict {
			if isUnitProperty(p.Property) {
				return verdict{Documentation, Documentation, Recheck}
			}
			return customVerdict(p)
		},
		reordered: always[CustomProperty](documented),
		change: func(s site, before, after CustomProperty) {
			c.fields(s, before, after, func(key string, s site) {
				switch key {
				case "id":
					c.id(s, before.ID, after.ID)
				case "description":
					c.text(s, key, before.Description, after.Description)
				case "property":
					c.add(s, "custom-property-changed", redefined, "%s", moved("the custom property", before.Property, after.Property))
				case "value":
					if isUnitProperty(after.Property) {
						c.add(s, "unit-changed", redefined, "the %s was %s and is now %s: the same numbers mean something else", after.Property, showAny(before.Value), showAny(after.Value))
						return
					}
					c.add(s, "custom-property-changed", customVerdict(after), "the custom property %q was %s and is now %s", clip(after.Property), showAny(before.Value), showAny(after.Value))
				}
			})
		},
	})
}

// showAny is a free value in a message.
func showAny(v any) string {
	switch reflect.ValueOf(v).Kind() {
	case reflect.Map, reflect.Slice:
		return clip(fmt.Sprintf("%v", v))
	case reflect.String:
		return fmt.Sprintf("%q", clip(fmt.Sprint(v)))
	case reflect.Invalid:
		return "null"
	}
	return clip(fmt.Sprint(v))
}

// definitions are links for people.
func (c *comparer) definitions(s site, before, after []AuthoritativeDefinition) {
	lists(c, s, before, after, lister[AuthoritativeDefinition]{
		what: "authoritative definition", kind: "definition",
		keys: []func(AuthoritativeDefinition) string{
			func(d AuthoritativeDefinition) string { return string(d.ID) },
			func(d AuthoritativeDefinition) string { return d.Type + " " + d.URL },
			func(d AuthoritativeDefinition) string { return d.Type },
		},
		name:    func(d AuthoritativeDefinition) string { return d.Type },
		removed: always[AuthoritativeDefinition](documented), added: always[AuthoritativeDefinition](documented), reordered: always[AuthoritativeDefinition](documented),
		change: func(s site, before, after AuthoritativeDefinition) {
			c.fields(s, before, after, func(key string, s site) {
				switch key {
				case "id":
					c.id(s, before.ID, after.ID)
				case "url":
					c.text(s, key, before.URL, after.URL)
				case "type":
					c.text(s, key, before.Type, after.Type)
				case "description":
					c.text(s, key, before.Description, after.Description)
				}
			})
		},
	})
}
