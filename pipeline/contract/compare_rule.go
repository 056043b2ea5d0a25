package contract

import (
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/document"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// stops says whether breaking the rule stops a line.
func (r Rule) stops() bool { return ruleType(&r) != "text" && severityOf(&r) == report.Error }

// ruleName names a rule in paths and messages.
func ruleName(r Rule) string {
	for _, name := range []string{r.Name, string(r.ID), r.Metric, r.Engine} {
		if name != "" {
			return name
		}
	}
	return ruleType(&r)
}

// weigh: a rule that stops nothing asks for nothing.
func weigh(v verdict, rules ...Rule) verdict {
	if slices.ContainsFunc(rules, Rule.stops) {
		return v
	}
	if len(rules) > 0 && !slices.ContainsFunc(rules, func(r Rule) bool { return ruleType(&r) != "text" }) {
		return documented
	}
	return harmless
}

// weighWhole is weigh for a rule that came or went, and with it what it lists as
// missing.
func weighWhole(v verdict, r Rule) verdict {
	if r.missingValues() != nil {
		return replaced
	}
	return weigh(v, r)
}

func (c *comparer) rules(s site, before, after []Rule) {
	// What a rule is about tells it from its neighbours before its numbers do.
	about := func(r Rule) string {
		return strings.Join([]string{ruleType(&r), r.Metric, r.Engine, r.Query, strings.Join(deref(r.Arguments).Properties, ","), operatorName(r)}, "\x00")
	}
	lists(c, s, before, after, lister[Rule]{
		what: "rule", kind: "rule",
		keys: []func(Rule) string{
			func(r Rule) string { return string(r.ID) },
			func(r Rule) string { return r.Name },
			written,
			about,
			func(r Rule) string { return ruleType(&r) + " " + r.Metric },
		},
		name:    ruleName,
		removed: func(r Rule) verdict { return weighWhole(loosened, r) },
		added:   func(r Rule) verdict { return weighWhole(tightened, r) }, reordered: always[Rule](documented),
		change: c.rule,
	})
}

// written is the whole rule as a file says it; empty for one that no file can
// say, which is then paired by other means.
func written(r Rule) string {
	text, err := document.Encode(r, nil)
	if err != nil {
		return ""
	}
	return string(text)
}

func operatorName(r Rule) string {
	op, _ := operatorOf(&r)
	return op.name
}

func (c *comparer) rule(s site, before, after Rule) {
	compared := false
	c.fields(s, before, after, func(key string, s site) {
		switch {
		case key == "id":
			c.id(s, before.ID, after.ID)
		case contains([]string{"name", "description", "dimension", "method", "businessImpact", "schedule", "scheduler", "tags"}, key):
			c.note(s, key)
		case key == "authoritativeDefinitions":
			c.definitions(s, before.AuthoritativeDefinitions, after.AuthoritativeDefinitions)
		case key == "customProperties":
			c.custom(s, before.CustomProperties, after.CustomProperties)
		case key == "severity":
			c.severity(s, before, after)
		case key == "arguments":
			c.arguments(s, before, after)
		case strings.HasPrefix(key, "must"):
			// Two keys differ where one operator took the place of another.
			c.once(&compared, func() { c.operator(s, before, after) })
		case key == "type" && ruleType(&before) == ruleType(&after):
			c.text(s, key, before.Type, after.Type)
		case key == "unit" && unitOf(before) == unitOf(after):
			c.text(s, key, before.Unit, after.Unit)
		case contains([]string{"type", "metric", "rule", "unit", "query", "engine", "implementation"}, key):
			c.add(s, "rule-changed", weigh(replaced, before, after), "the %s of the rule %q changed: it asks for something else", key, clip(ruleName(after)))
		}
	})
}

func unitOf(r Rule) string {
	if r.Unit == "" {
		return "rows"
	}
	return r.Unit
}

func (c *comparer) severity(s site, before, after Rule) {
	was, is := string(severityOf(&before)), string(severityOf(&after))
	said := fmt.Sprintf("the severity of the rule %q was %s and is now %s", clip(ruleName(after)), was, is)
	switch {
	case was == is:
		c.text(s, "severity", before.Severity, after.Severity)
	case before.stops():
		c.add(s, "rule-loosened", loosened, "%s: breaking it no longer stops a line", said)
	case after.stops():
		c.add(s, "rule-tightened", tightened, "%s: breaking it now stops a line", said)
	default:
		c.add(s, "rule-severity", harmless, "%s", said)
	}
}

// operator compares what two operators allow.
func (c *comparer) operator(s site, before, after Rule) {
	was, is, ok := allowedBoth(before, after)
	said := fmt.Sprintf("the rule %q said %s and now says %s", clip(ruleName(after)), sayOperator(before), sayOperator(after))
	switch {
	case !ok:
		c.add(s, "rule-changed", weigh(replaced, before, after), "%s, and the two cannot be compared", said)
	case within(was, is) && within(is, was):
		c.add(s, "documentation", documented, "%s, which is the same", said)
	case within(is, was):
		c.add(s, "rule-tightened", weigh(tightened, before, after), "%s: data that kept it before can break it", said)
	case within(was, is):
		c.add(s, "rule-loosened", weigh(loosened, before, after), "%s: data that it ruled out can arrive", said)
	default:
		c.add(s, "rule-changed", weigh(replaced, before, after), "%s: each allows what the other does not", said)
	}
}

func sayOperator(r Rule) string {
	op, err := operatorOf(&r)
	if err != nil {
		return err.Error()
	}
	return op.String()
}

func (c *comparer) arguments(s site, before, after Rule) {
	was, is := deref(before.Arguments), deref(after.Arguments)
	said := len(c.changes)
	few := asksForFew(before) && asksForFew(after)
	c.fields(s, was, is, func(key string, s site) {
		switch key {
		case "validValues":
			c.validValues(s, before, after, few)
		case "missingValues":
			c.missingValues(s, before, after)
		case "pattern":
			c.argumentPattern(s, before, after, few)
		case "properties":
			c.add(s, "rule-changed", weigh(replaced, before, after), "the rule %q is about (%s) and was about (%s)", clip(ruleName(after)), strings.Join(is.Properties, ", "), strings.Join(was.Properties, ", "))
		}
	})
	if len(c.changes) == said {
		c.note(s, "arguments")
	}
}

// listed are the values that only one of two lists has, as the contract writes
// them.
func listed(before, after []Text) (gone, come []string) {
	for _, v := range before {
		if !slices.Contains(after, v) {
			gone = append(gone, show(v))
		}
	}
	for _, v := range after {
		if !slices.Contains(before, v) {
			come = append(come, show(v))
		}
	}
	return gone, come
}

// missingValues reports what a list of missing values gained or lost. Such a
// value is none for every other check, and for readers, whatever the severity of
// the rule that lists it.
func (c *comparer) missingValues(s site, before, after Rule) {
	gone, come := listed(before.missingValues(), after.missingValues())
	if len(gone)+len(come) == 0 {
		c.note(s, "the way in which the values are listed")
	}
	if len(come) > 0 {
		c.add(s, "missing-values-grown", replaced, "the rule %q now lists %s, which is no value any more for any check", clip(ruleName(after)), clip(strings.Join(come, ", ")))
	}
	if len(gone) > 0 {
		c.add(s, "missing-values-shrunk", replaced, "the rule %q no longer lists %s, which is a value again for every check", clip(ruleName(after)), clip(strings.Join(gone, ", ")))
	}
}

// validValues is how ODCS writes an enumeration. A value that is gone breaks
// both sides: rows that have it, history included, are refused, and who selects
// it finds nothing. A value that is new breaks who took the list for complete,
// and is a level that no encoder has seen.
func (c *comparer) validValues(s site, before, after Rule, few bool) {
	was, is := deref(before.Arguments).ValidValues, deref(after.Arguments).ValidValues
	switch {
	case was == nil:
		c.add(s, "enum-added", weigh(verdict{Breaking, Compatible, Recheck}, before, after), "the values are now limited to a list of %d", len(is))
		return
	case is == nil:
		c.add(s, "enum-removed", weigh(loosened, before, after), "the list of %d values is gone: any value can arrive", len(was))
		return
	}
	gone, come := listed(was, is)
	if len(gone)+len(come) == 0 {
		c.note(s, "the order of the values")
	}
	grown, shrunk := loosened, replaced
	if !few {
		grown = replaced
	}
	if len(gone) > 0 {
		c.add(s, "enum-shrunk", weigh(shrunk, before, after), "%s no longer valid: rows that have it are refused, history included, and readers that select it find nothing", are(gone))
	}
	if len(come) > 0 {
		c.add(s, "enum-grown", weigh(grown, before, after), "%s now valid: readers that know the old list, and a model that was trained on it, meet values that they never saw", are(come))
	}
}

func are(list []string) string {
	if len(list) == 1 {
		return clip(list[0]) + " is"
	}
	return clip(strings.Join(list, ", ")) + " are"
}

func (c *comparer) argumentPattern(s site, before, after Rule, few bool) {
	was, is := deref(before.Arguments).Pattern, deref(after.Arguments).Pattern
	v, kind := replaced, "pattern-changed"
	switch {
	case was == nil && few:
		v, kind = tightened, "pattern-tightened"
	case is == nil && few:
		v, kind = loosened, "pattern-loosened"
	}
	c.add(s, kind, weigh(v, before, after), "%s in the rule %q", moved("the pattern", deref(was), deref(is)), clip(ruleName(after)))
}
