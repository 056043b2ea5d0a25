package contract

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

const (
	// maxValidValues and minRowsForValidValues bound when a column of texts
	// looks like a closed list: few different values, each of which had the
	// chance to be seen.
	maxValidValues        = 20
	minRowsForValidValues = 100
)

// A seenColumn is what the data shows of one column.
type seenColumn struct {
	column      dataset.Column
	rows, nulls int64
	// distinct is an estimate: it tells a code from a name, no more.
	distinct int64
	// looksLike counts the values that have the form of a type.
	looksLike   map[string]int64
	leadingZero int64
	// uncast says that some value only looks like one of the type.
	uncast    bool
	low, high *string
	values    []string
	inAll     bool
}

// inferable are the types that a text column is tried for, most special first,
// and what their values look like. Trying the casts themselves would cost an
// error message for every value of every other type.
var inferable = []struct{ typ, form string }{
	{TypeInteger, integerForm},
	{TypeNumber, numberForm},
	{TypeBoolean, `(?i:true|false)`},
	{TypeDate, dateForm},
	{TypeTimestamp, dateForm + "[T ]" + clockForm + offsetForm + "?"},
}

func see(ctx context.Context, s *dataset.Session, t *dataset.Table) ([]seenColumn, error) {
	columns, err := unionColumns(t)
	if err != nil {
		return nil, err
	}
	if columns == nil {
		return nil, fmt.Errorf("it has no columns")
	}
	relation := unionRelation(t, columns)
	if err := lookAtForms(ctx, s, relation, columns); err != nil {
		return nil, err
	}
	if columns[0].rows == 0 {
		return nil, fmt.Errorf("it has no rows")
	}
	return columns, lookAtValues(ctx, s, relation, columns)
}

// unionColumns lists the columns of all segments, each where it stands first.
func unionColumns(t *dataset.Table) ([]seenColumn, error) {
	var columns []seenColumn
	for _, segment := range t.Segments {
		for _, column := range segment.Columns {
			at := slices.IndexFunc(columns, func(c seenColumn) bool { return c.column.Name == column.Name })
			if at < 0 {
				columns = append(columns, seenColumn{column: column, looksLike: map[string]int64{}})
				continue
			}
			if columns[at].column.Type != column.Type {
				return nil, fmt.Errorf("the column %q is %s in some files and %s in others", column.Name, columns[at].column.Type, column.Type)
			}
		}
	}
	for i := range columns {
		columns[i].inAll = true
		for _, segment := range t.Segments {
			_, found := findColumn(segment, columns[i].column.Name)
			columns[i].inAll = columns[i].inAll && found
		}
	}
	return columns, nil
}

// unionRelation calls the i-th column v<i> in every segment.
func unionRelation(t *dataset.Table, columns []seenColumn) string {
	parts := make([]string, len(t.Segments))
	for s, segment := range t.Segments {
		values := make([]string, len(columns))
		for i, c := range columns {
			value := "NULL"
			if _, found := findColumn(segment, c.column.Name); found {
				value = "r." + dataset.Identifier(c.column.Name)
			}
			values[i] = fmt.Sprintf("%s AS v%d", value, i)
		}
		parts[s] = "SELECT " + strings.Join(values, ", ") + " FROM " + segment.Relation() + " AS r"
	}
	return "(" + strings.Join(parts, " UNION ALL ") + ")"
}

// lookAtForms counts, in one scan, what the values of each column look like.
func lookAtForms(ctx context.Context, s *dataset.Session, relation string, columns []seenColumn) error {
	expressions := []string{"count(*)"}
	var rows int64
	targets := []any{&rows}
	counts := make([]int64, len(columns)*len(inferable))
	for i := range columns {
		c, v := &columns[i], fmt.Sprintf("v%d", i)
		expressions = append(expressions, "count(*) FILTER (WHERE "+v+" IS NULL)", "approx_count_distinct("+v+")")
		targets = append(targets, &c.nulls, &c.distinct)
		if c.column.Type != "VARCHAR" {
			continue
		}
		expressions = append(expressions, "count(*) FILTER (WHERE "+matches(v, "[-+]?0[0-9]+.*")+")")
		targets = append(targets, &c.leadingZero)
		for j, t := range inferable {
			expressions = append(expressions, "count(*) FILTER (WHERE "+matches(v, t.form)+")")
			targets = append(targets, &counts[i*len(inferable)+j])
		}
	}
	if err := s.DB().QueryRowContext(ctx, "SELECT "+strings.Join(expressions, ", ")+" FROM "+relation).Scan(targets...); err != nil {
		return err
	}
	for i := range columns {
		columns[i].rows = rows
		for j, t := range inferable {
			columns[i].looksLike[t.typ] = counts[i*len(inferable)+j]
		}
	}
	return nil
}

func bare(logicalType string) *Property {
	return &Property{BaseProperty: BaseProperty{LogicalType: logicalType}}
}

// lookAtValues finds, in one more scan, the ends of each column under its type,
// and the values of those that look like closed lists.
func lookAtValues(ctx context.Context, s *dataset.Session, relation string, columns []seenColumn) error {
	expressions := []string{"1"}
	var one int
	targets := []any{&one}
	texts := make([]*string, len(columns))
	casts := make([]int64, len(columns))
	tried := make([]bool, len(columns))
	for i := range columns {
		c := &columns[i]
		typ := c.logicalType()
		typed, ok := bare(typ).cast(fmt.Sprintf("v%d", i), c.column.Type)
		if !ok || c.nulls == c.rows || bare(typ).isNested() {
			continue
		}
		expressions = append(expressions, "CAST(min("+typed+") AS VARCHAR)", "CAST(max("+typed+") AS VARCHAR)", "count("+typed+")")
		targets = append(targets, &c.low, &c.high, &casts[i])
		tried[i] = true
		// The estimate errs by some percent, so the limit is held on the values.
		if typ == TypeString && c.distinct <= 2*maxValidValues && c.rows-c.nulls >= minRowsForValidValues {
			expressions = append(expressions, "CAST(to_json(list_sort(list(DISTINCT "+typed+"))) AS VARCHAR)")
			targets = append(targets, &texts[i])
		}
	}
	if err := s.DB().QueryRowContext(ctx, "SELECT "+strings.Join(expressions, ", ")+" FROM "+relation).Scan(targets...); err != nil {
		return err
	}
	for i, text := range texts {
		c := &columns[i]
		if tried[i] && casts[i] < c.rows-c.nulls {
			c.uncast, c.low, c.high = true, nil, nil
		}
		if text == nil {
			continue
		}
		var values []*string
		if err := json.Unmarshal([]byte(*text), &values); err != nil {
			return fmt.Errorf("read the values of %s: %w", columns[i].column.Name, err)
		}
		for _, value := range values {
			if value != nil {
				columns[i].values = append(columns[i].values, *value)
			}
		}
		columns[i].distinct = int64(len(columns[i].values))
		if len(columns[i].values) > maxValidValues {
			columns[i].values = nil
		}
	}
	return nil
}

// logicalType is the type that the file declares, and for a text the most
// special one that every value has. Digits with a leading zero are codes, not
// numbers.
func (c *seenColumn) logicalType() string {
	if c.column.Type != "VARCHAR" {
		return c.declaredType()
	}
	values := c.rows - c.nulls
	for _, t := range inferable {
		code := c.leadingZero > 0 && (t.typ == TypeInteger || t.typ == TypeNumber)
		if values > 0 && c.looksLike[t.typ] == values && !code && !c.uncast {
			return t.typ
		}
	}
	return TypeString
}

func (c *seenColumn) declaredType() string {
	if contains(wholeTypes, typeFamily(c.column.Type)) && c.uncast {
		return TypeNumber
	}
	return typeOf(c.column.Type)
}

// typeOf is the logical type that holds the values of a DuckDB type.
func typeOf(duck string) string {
	if _, isList := listElement(duck); isList {
		return TypeArray
	}
	switch family := typeFamily(duck); {
	case structFields(duck) != nil:
		return TypeObject
	case contains(wholeTypes, family):
		return TypeInteger
	case contains([]string{"FLOAT", "DOUBLE", "DECIMAL"}, family):
		return TypeNumber
	case family == "BOOLEAN":
		return TypeBoolean
	case family == "DATE":
		return TypeDate
	case family == "TIME":
		return TypeTime
	case strings.HasPrefix(family, "TIMESTAMP"):
		return TypeTimestamp
	}
	return TypeString
}
