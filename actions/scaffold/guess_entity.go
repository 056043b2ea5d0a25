package scaffold

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/contract"
)

// idName is what a column that names something is usually called.
var idName = regexp.MustCompile(`(?i:(^|[^a-z])(id|ids|uuid|guid|key|code|nr|no|num|number|name|sku|email)$)|[a-z](Id|ID|Key|Code|Number|Name)$`)

// maxKeyParts bounds the columns that are tried together as a key: eight give
// 28 pairs and 56 triples, each one pass over the rows.
const maxKeyParts = 8

// guessEntity settles what recurs, and the key of one observation.
func (p *plan) guessEntity(ctx context.Context, r request, s *surveyed) error {
	if len(r.entity) > 0 {
		return p.askedEntity(ctx, r, s)
	}
	if p.span.days == s.rows {
		return p.oneRowADay(s)
	}
	for _, columns := range combinations(p.entityPool(s)) {
		unique, err := s.unique(ctx, p.day, columns)
		if err != nil {
			return err
		}
		if !unique {
			continue
		}
		p.entity, p.key = columns, append([]*column{p.day}, columns...)
		why := "no two rows of a day share it"
		if len(columns) > 1 {
			why = "no two rows of a day share these"
		}
		if columns[0].distinct == s.rows {
			why += "; none recurs, so no score can be carried forward: name what recurs with --entity"
		}
		p.chose("entity", list(columns), why)
		return nil
	}
	return question("no column, and no two or three of them, tell the rows of one day apart; name those that do with --entity, as in --entity store,product, and see whether rows are there twice")
}

// entityPool is the columns that may name something: those that recur, and those
// that never do, names first.
func (p *plan) entityPool(s *surveyed) (recurring, single []*column) {
	var others, numbers []*column
	for _, c := range s.columns {
		named := idName.MatchString(c.name)
		few := c.distinct*rowsPerLevel <= s.rows
		fit := c.typ == contract.TypeString || c.typ == contract.TypeInteger && (named || few || c.distinct == s.rows)
		switch {
		case !fit || c.nulls > 0 || c.distinct < 2 || c == p.label || c == p.day:
		case c.distinct == s.rows && named:
			single = append(single, c)
		case c.distinct == s.rows:
			numbers = append(numbers, c)
		case named:
			recurring = append(recurring, c)
		default:
			others = append(others, c)
		}
	}
	return append(recurring, others...), append(single, numbers...)
}

// combinations are the recurring columns one by one, those that never recur, and
// then pairs and triples of the first few that do: of many columns some always
// tell the rows of a day apart by chance.
func combinations(recurring, single []*column) [][]*column {
	var all [][]*column
	for _, c := range recurring {
		all = append(all, []*column{c})
	}
	for _, c := range single {
		all = append(all, []*column{c})
	}
	few := recurring[:min(len(recurring), maxKeyParts)]
	for i, a := range few {
		for _, b := range few[i+1:] {
			all = append(all, []*column{a, b})
		}
	}
	for i, a := range few {
		for j, b := range few[i+1:] {
			for _, c := range few[i+j+2:] {
				all = append(all, []*column{a, b, c})
			}
		}
	}
	return all
}

// askedEntity takes the columns that were named, and looks for what else a key
// needs where they stand in several rows of a day.
func (p *plan) askedEntity(ctx context.Context, r request, s *surveyed) error {
	for _, argument := range r.entity {
		columns, err := s.namedAll("--entity", argument)
		if err != nil {
			return err
		}
		p.entity = append(p.entity, columns...)
	}
	for i, c := range p.entity {
		switch {
		case slices.Contains(p.entity[:i], c):
			return question("--entity names %q twice", c.physical)
		case c == p.label:
			return question("--entity: %q is the label", c.physical)
		case c.nulls > 0:
			return question("--entity: %d rows have no %q, and so no name; fill them in or leave them out", c.nulls, c.physical)
		}
	}
	p.chose("entity", list(p.entity), "named with --entity")
	key := slices.Clone(p.entity)
	if !slices.Contains(key, p.day) {
		key = append([]*column{p.day}, key...)
	}
	unique, err := s.unique(ctx, p.day, key)
	if err != nil || unique {
		p.key = key
		return err
	}
	for _, c := range s.columns {
		if c.nulls > 0 || slices.Contains(key, c) || c == p.label || c != p.moment && !idName.MatchString(c.name) {
			continue
		}
		longer := append(slices.Clone(key), c)
		if unique, err = s.unique(ctx, p.day, longer); err != nil {
			return err
		}
		if unique {
			p.key = longer
			p.chose("key", list(longer), fmt.Sprintf("the entity stands in several rows of a day; %s tells them apart", c.physical))
			return nil
		}
	}
	return question("--entity: several rows of one day share the same %s, and no other column tells them apart; name more columns, or remove rows that are there twice", list(p.entity))
}

// namedAll are the columns of one --entity: a column of that very name, or the
// names that commas separate.
func (s *surveyed) namedAll(flag, argument string) ([]*column, error) {
	if c, err := s.named(flag, argument); err == nil {
		return []*column{c}, nil
	}
	var columns []*column
	for name := range strings.SplitSeq(argument, ",") {
		c, err := s.named(flag, strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		columns = append(columns, c)
	}
	return columns, nil
}

// oneRowADay is a time series: the day is the key, and a constant column, if
// there is one, names what recurs.
func (p *plan) oneRowADay(s *surveyed) error {
	p.key = []*column{p.day}
	for _, c := range s.columns {
		if c.distinct == 1 && c.nulls == 0 && (c.typ == contract.TypeString || c.typ == contract.TypeInteger) {
			p.entity = []*column{c}
			p.chose("entity", c.physical, "one row a day, and this is the same in all")
			return nil
		}
	}
	p.entity = []*column{p.day}
	p.chose("entity", p.day.physical, "one row a day, and nothing that recurs, so no score can be carried forward")
	return nil
}

// unique says whether no two rows of a day share the values of columns.
func (s *surveyed) unique(ctx context.Context, day *column, columns []*column) (bool, error) {
	names := []string{day.sql()}
	for _, c := range columns {
		names = append(names, c.sql())
	}
	n, err := s.number(ctx, fmt.Sprintf("SELECT count(*) FROM (SELECT DISTINCT %s FROM %s)", strings.Join(names, ", "), rowsTable))
	return n == s.rows, err
}

// list is the names of columns as people read them.
func list(columns []*column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.physical
	}
	return strings.Join(names, ", ")
}
