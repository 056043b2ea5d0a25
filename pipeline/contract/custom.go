package contract

import (
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/document"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// customPrefix is the part of the names of customProperties that is ours. Other
// tools' properties pass unread.
const customPrefix = "linecook."

// The names under customPrefix: what the standard cannot say.
const (
	customEventTime    = customPrefix + "eventTime"
	customKnownAt      = customPrefix + "knownAt"
	customLabel        = customPrefix + "label"
	customLabelKnownAt = customPrefix + "labelKnownAt"
	customEntityKey    = customPrefix + "entityKey"
	customPartition    = customPrefix + "partition"
	customLastLineEnds = customPrefix + "lastLineEnds"
	customPII          = customPrefix + "pii"
)

// Where a custom property may stand.
const (
	atObject   = "a schema object"
	atProperty = "a property"
	elsewhere  = "this place"
)

// What a custom property's value is.
const (
	valueSQL        = "SQL over one row, as text"
	valueProperty   = "the name of a property"
	valueProperties = "a list of names of properties"
	valueBoolean    = "true or false"
)

// customProperties are the names that have an effect. A name that is not here is
// refused: a setting that does nothing looks like one that works.
var customProperties = []struct{ name, level, value string }{
	{customEventTime, atObject, valueSQL},
	{customKnownAt, atObject, valueSQL},
	{customLabel, atObject, valueSQL},
	{customLabelKnownAt, atObject, valueSQL},
	{customEntityKey, atObject, valueProperties},
	{customPartition, atObject, valueProperty},
	{customLastLineEnds, atObject, valueBoolean},
	{customPII, atProperty, valueBoolean},
}

// Times is what a contract says about time, which the standard has no words
// for. An empty field is not said. Expressions are SQL over one row.
type Times struct {
	EventTime, KnownAt, Label, LabelKnownAt, Partition string
	EntityKey                                          []string
	places                                             map[string]report.Position
}

// Place is where the contract says one of them, by its custom property's name
// without the prefix, as in eventTime.
func (t Times) Place(name string) report.Position { return t.places[customPrefix+name] }

// Times reads the custom properties of the schema object that is meant.
func (c *Contract) Times() Times {
	t := Times{places: map[string]report.Position{}}
	for i, p := range c.object().CustomProperties {
		text, _ := p.Value.(string)
		switch p.Property {
		case customEventTime:
			t.EventTime = text
		case customKnownAt:
			t.KnownAt = text
		case customLabel:
			t.Label = text
		case customLabelKnownAt:
			t.LabelKnownAt = text
		case customPartition:
			t.Partition = text
		case customEntityKey:
			t.EntityKey = texts(p.Value)
		default:
			continue
		}
		t.places[p.Property] = c.place("customProperties", i, "value")
	}
	return t
}

func texts(value any) []string {
	list, _ := value.([]any)
	out := make([]string, 0, len(list))
	for _, item := range list {
		if text, ok := item.(string); ok {
			out = append(out, text)
		}
	}
	if len(out) != len(list) {
		return nil
	}
	return out
}

// lintCustom refuses unknown properties of ours, wherever customProperties may
// stand, and values that they cannot have.
func lintCustom(l *linter) {
	c := l.contract
	l.custom(c.CustomProperties, elsewhere, nil, "customProperties")
	if c.Description != nil {
		l.custom(c.Description.CustomProperties, elsewhere, nil, "description", "customProperties")
	}
	for i := range c.Servers {
		l.custom(c.Servers[i].CustomProperties, elsewhere, nil, "servers", i, "customProperties")
	}
	for i := range c.Support {
		l.custom(c.Support[i].CustomProperties, elsewhere, nil, "support", i, "customProperties")
	}
	for i := range c.Roles {
		l.custom(c.Roles[i].CustomProperties, elsewhere, nil, "roles", i, "customProperties")
	}
	if c.Team != nil && c.Team.Team != nil {
		l.custom(c.Team.Team.CustomProperties, elsewhere, nil, "team", "customProperties")
	}
	for i := range c.Schema {
		o := &c.Schema[i]
		l.custom(o.CustomProperties, atObject, o, "schema", i, "customProperties")
		for j, r := range o.Quality {
			l.custom(r.CustomProperties, elsewhere, nil, "schema", i, "quality", j, "customProperties")
		}
		for j := range o.Properties {
			l.customOfProperty(&o.Properties[j], at("schema", i, "properties", j))
		}
	}
}

func (l *linter) customOfProperty(p *Property, path []any) {
	l.custom(p.CustomProperties, atProperty, nil, join(path, "customProperties")...)
	for k, r := range p.Quality {
		l.custom(r.CustomProperties, elsewhere, nil, join(path, "quality", k, "customProperties")...)
	}
	for i, s := range p.parts() {
		if s.items {
			l.customOfProperty(s.property, join(path, "items"))
			continue
		}
		l.customOfProperty(s.property, join(path, "properties", i))
	}
}

func (l *linter) custom(list []CustomProperty, level string, o *Object, path ...any) {
	seen := map[string]bool{}
	for i, p := range list {
		if !strings.HasPrefix(p.Property, customPrefix) {
			continue
		}
		where := join(path, i, "property")
		var names []string
		for _, known := range customProperties {
			if known.level == level {
				names = append(names, known.name)
			}
		}
		known := slices.IndexFunc(customProperties, func(k struct{ name, level, value string }) bool { return k.name == p.Property })
		switch {
		case known < 0:
			l.error("contract/custom-property", oneOf(names), where, "the custom property %q is not one of linecook's%s", p.Property, didYouMean(p.Property, names))
		case customProperties[known].level != level:
			l.error("contract/custom-property", "move it", where, "%s says something about %s and has no effect at %s", p.Property, customProperties[known].level, level)
		case seen[p.Property]:
			l.error("contract/custom-property", "keep one of them", where, "%s is said twice", p.Property)
		default:
			l.customValue(p, customProperties[known].value, o, join(path, i, "value"))
		}
		seen[p.Property] = true
	}
}

func oneOf(names []string) string {
	if len(names) == 0 {
		return "remove it; no linecook setting stands here"
	}
	return "use one of: " + strings.Join(names, ", ")
}

func didYouMean(word string, names []string) string {
	if near, ok := document.Nearest(word, names); ok {
		return "; did you mean " + near + "?"
	}
	return ""
}

func (l *linter) customValue(p CustomProperty, kind string, o *Object, path []any) {
	ok := false
	var named []string
	switch kind {
	case valueBoolean:
		_, ok = p.Value.(bool)
	case valueSQL:
		text, isText := p.Value.(string)
		ok = isText && strings.TrimSpace(text) != ""
	case valueProperty:
		text, isText := p.Value.(string)
		ok, named = isText, []string{text}
	case valueProperties:
		named = texts(p.Value)
		ok = len(named) > 0
	}
	if !ok {
		l.error("contract/custom-value", "", path, "%s must be %s", p.Property, kind)
		return
	}
	for i, name := range named {
		if o.property(name) == nil {
			l.error("contract/custom-value", "name a property of this object", path, "%s names %q, and the object %q has no such property", p.Property, name, o.Name)
		}
		if slices.Contains(named[:i], name) {
			l.error("contract/custom-value", "name each property once", path, "%s names %q twice", p.Property, name)
		}
	}
	if p.Property != customPartition {
		return
	}
	if column := o.property(named[0]); column != nil && column.LogicalType != TypeDate && column.LogicalType != TypeTimestamp {
		l.error("contract/custom-value", "name a property with logicalType: date", path, "the partition %q is a %s, and partitions are days", named[0], column.LogicalType)
	}
}
