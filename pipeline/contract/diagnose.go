package contract

import (
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// checkColumns compares the columns of each view with the contract's.
func (k *checker) checkColumns() error {
	for _, v := range k.views {
		unexpected := k.unexpected(v)
		explained := map[string]bool{}
		for i, b := range v.columns {
			if b.ignored {
				continue
			}
			k.result.Checks++
			switch {
			case !b.present:
				near, err := k.nearestColumn(v, i, unexpected)
				if err != nil {
					return err
				}
				if near != nil {
					explained[near.name] = true
				}
				k.add(k.missingColumn(v, i, near))
			case !b.castable:
				k.wrongColumnType(v, i)
			case b.property.isNested():
				k.unexpectedParts(v, i)
			}
		}
		for _, column := range unexpected {
			if !explained[column.Name] {
				k.add(report.Finding{Code: "contract/unexpected-column", Severity: report.Warning, Column: column.Name, Position: k.contract.place("properties"),
					Message: fmt.Sprintf("%s has the column %q, which the contract does not describe", files(v.segment), column.Name), Remedy: "describe it in the contract, or leave it out of the data"})
			}
		}
	}
	return nil
}

func (k *checker) unexpected(v view) []dataset.Column {
	expected := map[string]bool{}
	for _, b := range v.columns {
		expected[b.property.Column()] = true
	}
	var out []dataset.Column
	for _, c := range v.segment.Columns {
		if !expected[c.Name] {
			out = append(out, c)
		}
	}
	return out
}

func files(s dataset.Segment) string {
	switch len(s.Files) {
	case 0:
		return "the data"
	case 1:
		return s.Files[0]
	}
	return fmt.Sprintf("%s and %d more files", s.Files[0], len(s.Files)-1)
}

func (k *checker) missingColumn(v view, i int, near *nearColumn) report.Finding {
	p := v.columns[i].property
	message := fmt.Sprintf("the column %q, which contract %s %s requires, is missing in %s", p.Column(), k.contract.title(), k.contract.Version, files(v.segment))
	remedy := "bring the column back, or change the contract and train again"
	delimiter := k.undivided(v)
	switch {
	case delimiter != "":
		message += fmt.Sprintf(", which has one column, %q", v.segment.Columns[0].Name)
		remedy = fmt.Sprintf("name what separates its fields, %q as it seems, as the delimiter of the source, or with --delimiter", delimiter)
	case near != nil:
		message += fmt.Sprintf("; the nearest is %q: %s", near.name, near.why)
		remedy = fmt.Sprintf("if %q is the same column, rename it back in the data, or set physicalName: %s in the contract", near.name, near.name)
	}
	f := report.Finding{Code: "contract/missing-column", Severity: report.Error, Message: message, Remedy: remedy, Position: k.contract.propertyPosition(i), Column: p.Column()}
	k.diagnose(&f)
	return f
}

// undivided is what separates the fields of a file that was read as one column,
// where this column's name is made of those that the contract has.
func (k *checker) undivided(v view) string {
	delimiter := v.segment.Undivided()
	if delimiter == "" {
		return ""
	}
	known := 0
	for _, name := range strings.Split(v.segment.Columns[0].Name, delimiter) {
		if slices.ContainsFunc(v.columns, func(b boundColumn) bool { return b.property.Column() == strings.Trim(name, `"`) }) {
			known++
		}
	}
	if known < 2 {
		return ""
	}
	return delimiter
}

func (c *Contract) title() string {
	if c.Name != "" {
		return c.Name
	}
	return c.ID
}

// wrongColumnType adds a finding for each part of a column that cannot hold
// values of the contract's type.
func (k *checker) wrongColumnType(v view, i int) {
	b := v.columns[i]
	for _, m := range mismatches(b.property, b.property.Name, b.column.Type, k.contract.at("properties", i)) {
		f := report.Finding{Code: m.code, Severity: report.Error, Column: b.property.Column(), Position: k.contract.Position(m.path...),
			Message: fmt.Sprintf("%s in %s", m.problem, files(v.segment)), Remedy: "write the column with the contract's type, or correct the contract"}
		k.diagnose(&f)
		k.add(f)
	}
}

// A mismatch is a part of a column whose type no value of the contract's can
// have.
type mismatch struct {
	code, problem string
	path          []any
}

func mismatches(p *Property, name, typ string, path []any) []mismatch {
	wrong := []mismatch{{"contract/column-type", fmt.Sprintf("the column %q is %s, and the contract says %s,", name, typ, p.LogicalType), join(path, "logicalType")}}
	if !p.isNested() {
		if _, ok := p.cast("v", typ); ok {
			return nil
		}
		return wrong
	}
	_, isList := listElement(typ)
	_, isJSON := asJSON("v", typ)
	if !isJSON && (isList != (p.LogicalType == TypeArray) || (!isList && structFields(typ) == nil)) {
		return wrong
	}
	var found []mismatch
	for i, s := range p.parts() {
		below := join(path, "items")
		if !s.items {
			below = join(path, "properties", i)
		}
		taken, ok := s.take("v", typ)
		if !ok {
			found = append(found, mismatch{"contract/missing-column", fmt.Sprintf("%q is missing", s.name(name)), join(below, "name")})
			continue
		}
		found = append(found, mismatches(s.property, s.name(name), taken.typ, below)...)
	}
	return found
}

// unexpectedParts says which parts of a typed nested column the contract does
// not describe.
func (k *checker) unexpectedParts(v view, i int) {
	b := v.columns[i]
	for _, name := range undescribed(b.property, b.property.Name, b.column.Type) {
		k.add(report.Finding{Code: "contract/unexpected-column", Severity: report.Warning, Column: name, Position: k.contract.place("properties", i),
			Message: fmt.Sprintf("%s has %q, which the contract does not describe", files(v.segment), name), Remedy: "describe it in the contract, or leave it out of the data"})
	}
}

func undescribed(p *Property, name, typ string) []string {
	var names []string
	for _, field := range structFields(typ) {
		if len(p.Properties) > 0 && !slices.ContainsFunc(p.Properties, func(q Property) bool { return q.Column() == field.Name }) {
			names = append(names, name+"."+field.Name)
		}
	}
	for _, s := range p.parts() {
		if taken, ok := s.take("v", typ); ok && taken.typ != typeJSON {
			names = append(names, undescribed(s.property, s.name(name), taken.typ)...)
		}
	}
	return names
}
