package contract

import (
	"strings"

	"github.com/linecook-ml/linecook/pipeline/document"
)

// customPrefix is the part of the names of customProperties that is ours. Other
// tools' properties pass unread.
const customPrefix = "linecook."

// customProperties are the names under customPrefix that have an effect. A name
// that is not here is refused: a setting that does nothing looks like one that
// works.
var customProperties = []string{}

// lintCustom refuses unknown properties of ours, wherever customProperties may
// stand.
func lintCustom(l *linter) {
	c := l.contract
	l.custom(c.CustomProperties, "customProperties")
	if c.Description != nil {
		l.custom(c.Description.CustomProperties, "description", "customProperties")
	}
	for i, o := range c.Schema {
		l.custom(o.CustomProperties, "schema", i, "customProperties")
		for j, r := range o.Quality {
			l.custom(r.CustomProperties, "schema", i, "quality", j, "customProperties")
		}
		for j, p := range o.Properties {
			l.customOfProperty(p.BaseProperty, "schema", i, "properties", j)
		}
	}
}

func (l *linter) customOfProperty(p BaseProperty, path ...any) {
	l.custom(p.CustomProperties, join(path, "customProperties")...)
	for k, r := range p.Quality {
		l.custom(r.CustomProperties, join(path, "quality", k, "customProperties")...)
	}
}

func (l *linter) custom(list []CustomProperty, path ...any) {
	for i, p := range list {
		if !strings.HasPrefix(p.Property, customPrefix) || contains(customProperties, p.Property) {
			continue
		}
		hint, remedy := "", "remove it; no linecook setting stands in contracts in this version"
		if near, ok := document.Nearest(p.Property, customProperties); ok {
			hint = "; did you mean " + near + "?"
		}
		if len(customProperties) > 0 {
			remedy = "use one of: " + strings.Join(customProperties, ", ")
		}
		l.error("contract/custom-property", remedy, join(path, i, "property"), "the custom property %q is not one of linecook's%s", p.Property, hint)
	}
}
