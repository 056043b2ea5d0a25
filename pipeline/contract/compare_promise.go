package contract

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// promiseNames are the service levels of the standard with their short names,
// and whether a smaller or a greater value promises more. Where it is neither, or
// both, the two values are only known to differ. Latency and freshness are one
// promise: how old the newest value may be.
var promiseNames = []struct {
	names     []string
	direction int // -1 smaller is better, 1 greater is better, 0 unknown
}{
	{[]string{"latency", "ly", "freshness"}, -1},
	{[]string{"frequency", "fy"}, -1},
	{[]string{"errorrate", "er"}, -1},
	{[]string{"timetodetect", "td"}, -1},
	{[]string{"timetonotify", "tn"}, -1},
	{[]string{"timetorepair", "tr"}, -1},
	{[]string{"generalavailability", "ga"}, -1},
	{[]string{"availability", "av"}, 1},
	{[]string{"throughput", "th"}, 1},
	// Kept for at least so long to those who read, for at most so long to those
	// who must delete.
	{[]string{"retention", "re"}, 0},
	{[]string{"endofsupport", "es"}, 1},
	{[]string{"endoflife", "el"}, 1},
}

// promiseName is a service level's full name in small letters, whichever of its
// names the contract uses.
func promiseName(name string) (string, int) {
	name = strings.ToLower(strings.TrimSpace(name))
	for _, p := range promiseNames {
		if contains(p.names, name) {
			return p.names[0], p.direction
		}
	}
	return name, 0
}

// promiseSeconds converts units of time. A bare m is left out: it is a minute to
// some and a month to others.
var promiseSeconds = map[string]float64{
	"s": 1, "sec": 1, "second": 1, "seconds": 1,
	"min": 60, "minute": 60, "minutes": 60,
	"h": 3600, "hr": 3600, "hour": 3600, "hours": 3600,
	"d": 86400, "day": 86400, "days": 86400,
	"w": 604800, "week": 604800, "weeks": 604800,
}

func (c *comparer) promises(s site, before, after []SLAProperty) {
	about := func(p SLAProperty) string {
		name, _ := promiseName(p.Property)
		return name + " " + p.Element
	}
	lists(c, s, before, after, lister[SLAProperty]{
		what: "service level", kind: "sla",
		keys: []func(SLAProperty) string{
			func(p SLAProperty) string { return string(p.ID) },
			func(p SLAProperty) string { return about(p) + " " + p.Driver },
			about,
			func(p SLAProperty) string { name, _ := promiseName(p.Property); return name },
		},
		name:    func(p SLAProperty) string { return p.Property },
		removed: always[SLAProperty](loosened), added: always[SLAProperty](tightened), reordered: always[SLAProperty](documented),
		change: func(s site, before, after SLAProperty) {
			valued := false
			c.fields(s, before, after, func(key string, s site) {
				switch key {
				case "id":
					c.id(s, before.ID, after.ID)
				case "property":
					c.promiseProperty(s, before.Property, after.Property)
				case "value", "unit":
					c.once(&valued, func() { c.promiseValue(s, before, after) })
				case "valueExt", "element":
					c.add(s, "sla-changed", replaced, "the %s of the service level %q changed", key, clip(after.Property))
				case "driver", "description", "schedule", "scheduler":
					c.note(s, key)
				}
			})
		},
	})
}

func (c *comparer) promiseProperty(s site, before, after string) {
	was, _ := promiseName(before)
	is, _ := promiseName(after)
	if was == is {
		c.text(s, "property", before, after)
		return
	}
	c.add(s, "sla-changed", replaced, "%s", moved("the service level", before, after))
}

func (c *comparer) promiseValue(s site, before, after SLAProperty) {
	said := fmt.Sprintf("%s was %s and is now %s", after.Property, promised(before), promised(after))
	_, direction := promiseName(after.Property)
	was, is, ok := promiseNumbers(before, after)
	switch {
	case ok && was == is:
		c.add(s, "sla-respelled", documented, "%s, which is the same", said)
	case !ok || direction == 0:
		c.add(s, "sla-changed", replaced, "%s, and it cannot be told which promises more", said)
	case (is > was) == (direction > 0):
		c.add(s, "sla-tightened", tightened, "%s, which promises more", said)
	default:
		c.add(s, "sla-loosened", loosened, "%s, which promises less", said)
	}
}

func promised(p SLAProperty) string { return strings.TrimSpace(show(p.Value) + " " + p.Unit) }

// promiseNumbers makes two values comparable: dates as days, times in seconds,
// and other numbers where their units agree.
func promiseNumbers(before, after SLAProperty) (was, is float64, ok bool) {
	first, errFirst := time.Parse(time.DateOnly, before.Value.Text)
	second, errSecond := time.Parse(time.DateOnly, after.Value.Text)
	if errFirst == nil && errSecond == nil && before.Unit == after.Unit {
		return float64(first.Unix()), float64(second.Unix()), true
	}
	was, okWas := promiseNumber(before.Value)
	is, okIs := promiseNumber(after.Value)
	unitWas, unitIs := strings.ToLower(before.Unit), strings.ToLower(after.Unit)
	if okWas && okIs && unitWas == unitIs {
		return was, is, true
	}
	secondsWas, knownWas := promiseSeconds[unitWas]
	secondsIs, knownIs := promiseSeconds[unitIs]
	return was * secondsWas, is * secondsIs, okWas && okIs && knownWas && knownIs
}

// promiseNumber reads a number, which some contracts write as a text.
func promiseNumber(v Text) (float64, bool) {
	if x, ok := v.Float(); ok {
		return x, true
	}
	if strings.ContainsAny(v.Text, "xXnNiI_") {
		return 0, false
	}
	x, err := strconv.ParseFloat(strings.TrimSuffix(v.Text, "%"), 64)
	return x, err == nil
}
