package contract

import (
	"fmt"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// Types are the columns of TypedSelect.
func (c *Contract) Types() []dataset.Column {
	properties := c.object().Properties
	columns := make([]dataset.Column, len(properties))
	for i := range properties {
		columns[i] = dataset.Column{Name: properties[i].Name, Type: properties[i].duckType()}
	}
	return columns
}

// TypedSelect is a SELECT of exactly the contract's properties, by name and with
// the types of Types, over all segments of a table. A column that a segment lacks
// is NULL there, as is every value that is no value of its type. Rows without a
// value for a required property or for a part of the primary key are left out:
// history that broke the contract must not feed anything. Timestamps are in UTC.
func (c *Contract) TypedSelect(t *dataset.Table) (string, error) {
	if len(t.Segments) == 0 {
		return "", fmt.Errorf("the table %s has no files to read", t.Name)
	}
	properties := c.object().Properties
	var required []string
	for i := range properties {
		if properties[i].isRequired() || properties[i].isKey() {
			required = append(required, dataset.Identifier(properties[i].Name)+" IS NOT NULL")
		}
	}
	where := ""
	if required != nil {
		where = " WHERE " + strings.Join(required, " AND ")
	}
	parts := make([]string, len(t.Segments))
	types := c.plainTypes()
	for s, segment := range t.Segments {
		segment = segment.Typed(types)
		values := make([]string, len(properties))
		for i := range properties {
			p := &properties[i]
			value := "CAST(NULL AS " + p.duckType() + ")"
			if column, found := findColumn(segment, p.Column()); found {
				if cast, ok := p.cast("r."+dataset.Identifier(column.Name), column.Type); ok {
					value = cast
				}
			}
			values[i] = value + " AS " + dataset.Identifier(p.Name)
		}
		parts[s] = "SELECT * FROM (SELECT " + strings.Join(values, ", ") + " FROM " + segment.Relation() + " AS r)" + where
	}
	return strings.Join(parts, " UNION ALL "), nil
}

// plainTypes are the types, by column, in which values that are written plainly
// mean what they mean as texts under the contract.
func (c *Contract) plainTypes() map[string]string {
	types := map[string]string{}
	for i := range c.object().Properties {
		p := &c.object().Properties[i]
		as := p.duckType()
		// The values that mean "none" are listed as they are written, and so are
		// times in formats of their own.
		if _, formatted := p.timeFormat(); formatted || p.isNested() || p.missing("v", "VARCHAR") != "" {
			continue
		}
		if _, castable := p.castNative("v", as); castable {
			types[p.Column()] = as
		}
	}
	return types
}

func findColumn(s dataset.Segment, name string) (dataset.Column, bool) {
	for _, c := range s.Columns {
		if c.Name == name {
			return c, true
		}
	}
	return dataset.Column{}, false
}
