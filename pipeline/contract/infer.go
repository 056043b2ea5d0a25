package contract

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/document"
)

// InferOptions name the contract that Infer proposes.
type InferOptions struct {
	// ID identifies the contract; empty means Name.
	ID string
	// Name is the contract's and the table's name; empty means the table's.
	Name string
	// Version is empty for 1.0.0.
	Version string
	// PrimaryKey is the columns of the key, which is never guessed: that no two
	// rows are alike so far does not say what a row is.
	PrimaryKey []string
}

// Infer proposes a contract that the table keeps: a start to be edited by
// someone who knows what the data means. Render writes it. A table without
// rows or with a nested column cannot be proposed for.
func Infer(ctx context.Context, s *dataset.Session, t *dataset.Table, opt InferOptions) (*Contract, error) {
	if opt.Name == "" {
		opt.Name = t.Name
	}
	if opt.ID == "" {
		opt.ID = opt.Name
	}
	if opt.Version == "" {
		opt.Version = "1.0.0"
	}
	c := &Contract{
		APIVersion: "v3.1.0", Kind: Kind, ID: opt.ID, Name: opt.Name, Version: opt.Version, Status: "draft",
		Schema: []Object{{Name: opt.Name}}, comments: map[string]string{"": "Proposed by linecook from the data. Edit it: the data shows what was, not what must be."},
	}
	c.Schema[0].PhysicalType = "table"
	columns, err := see(ctx, s, t)
	if err != nil {
		return nil, fmt.Errorf("infer a contract from %s: %w", t.Name, err)
	}
	for i, seen := range columns {
		p, err := seen.property()
		if err != nil {
			return nil, fmt.Errorf("infer a contract from %s: %w", t.Name, err)
		}
		if at := slices.Index(opt.PrimaryKey, p.Name); at >= 0 {
			yes, position := true, at+1
			p.PrimaryKey, p.PrimaryKeyPosition = &yes, &position
		}
		c.Schema[0].Properties = append(c.Schema[0].Properties, p)
		c.comments[fmt.Sprint(at("schema", 0, "properties", i)...)] = seen.comment()
	}
	for _, name := range opt.PrimaryKey {
		if c.Schema[0].property(name) == nil {
			return nil, fmt.Errorf("infer a contract from %s: it has no column %q for the primary key", t.Name, name)
		}
	}
	return c, nil
}

// Render writes a contract as the YAML that Parse reads, with the comments that
// Infer made.
func Render(c *Contract) ([]byte, error) {
	return document.Encode(c, func(path ...any) string { return c.comments[fmt.Sprint(path...)] })
}

func (c *seenColumn) property() (Property, error) {
	p := Property{Name: c.column.Name, BaseProperty: BaseProperty{LogicalType: c.logicalType()}}
	p.describeParts(c.column.Type)
	if _, ok := p.cast("v", c.column.Type); !ok {
		return Property{}, fmt.Errorf("the column %q has the type %s, which a contract cannot hold yet", c.column.Name, c.column.Type)
	}
	if strings.TrimSpace(c.column.Name) == "" {
		return Property{}, fmt.Errorf("a column has no name")
	}
	if c.column.Type != "VARCHAR" {
		p.PhysicalType = c.column.Type
	}
	if c.nulls == 0 && c.inAll {
		yes := true
		p.Required = &yes
	}
	if c.values != nil {
		zero := Text{Kind: document.Integer, Text: "0"}
		r := Rule{Metric: MetricInvalidValues, Arguments: &Arguments{}, MustBe: zero}
		for _, value := range c.values {
			r.Arguments.ValidValues = append(r.Arguments.ValidValues, Text{Kind: document.Text, Text: value})
		}
		p.Quality = []Rule{r}
	}
	return p, nil
}

// describeParts gives a nested property the parts that its DuckDB type has.
func (p *Property) describeParts(duck string) {
	for _, field := range structFields(duck) {
		part := Property{Name: field.Name, BaseProperty: BaseProperty{LogicalType: typeOf(field.Type)}}
		part.describeParts(field.Type)
		p.Properties = append(p.Properties, part)
	}
	if element, ok := listElement(duck); ok {
		part := Property{BaseProperty: BaseProperty{LogicalType: typeOf(element)}}
		part.describeParts(element)
		item := Item(part)
		p.Items = &item
	}
}

func (c *seenColumn) comment() string {
	var parts []string
	switch {
	case c.nulls == c.rows:
		return "No value was seen."
	case c.values != nil:
		parts = append(parts, fmt.Sprintf("%d different values", len(c.values)))
	case c.low != nil && c.high != nil:
		parts = append(parts, fmt.Sprintf("from %s to %s", clip(*c.low), clip(*c.high)))
	}
	if c.nulls > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d rows without a value", c.nulls, c.rows))
	}
	if parts == nil {
		return ""
	}
	return "Seen: " + strings.Join(parts, ", ") + "."
}
