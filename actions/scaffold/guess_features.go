package scaffold

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/feature"
)

const (
	// maxLevels and rowsPerLevel bound a text that is read as a category: more
	// values, or fewer rows for each, and it is rather a name or a remark.
	maxLevels    = 200
	rowsPerLevel = 5
	// fewIntegers is how many different whole numbers look like a code, given
	// rowsPerInteger rows for each.
	fewIntegers    = 10
	rowsPerInteger = 20
	// enoughToSuspect is the fewest rows on which it is no accident that a column
	// tells the outcome exactly.
	enoughToSuspect = 50
	// weekdayDays is the fewest days over which a weekday can mean anything.
	weekdayDays = 14
)

// guessFeatures takes every column that can be read as a number or a category,
// less those that name things and those that must have come with the outcome.
func (p *plan) guessFeatures(ctx context.Context, _ request, s *surveyed) error {
	parts, err := s.partsOfOutcome(ctx, p)
	if err != nil {
		return err
	}
	for _, c := range s.columns {
		if c == p.day || c == p.moment || c == p.label {
			continue
		}
		kind, why := kindOf(c, s.rows)
		if len(p.entity) == 1 && c == p.entity[0] && why == "" {
			why = "names the entity; summarise its earlier rows instead"
		}
		if why == "" && slices.Contains(parts, c) {
			p.late = append(p.late, c)
			why = "a part of the outcome, so it is taken to come with it"
			p.note("%s is a part of the outcome; it stands under known_later, and is no feature", c.physical)
		}
		if why == "" && !slices.Contains(p.entity, c) {
			told, err := s.tellsOutcome(ctx, p, c)
			if err != nil {
				return err
			}
			if told {
				p.late = append(p.late, c)
				why = "tells the outcome exactly, so it is taken to come with it"
				p.note("%s tells the outcome exactly; it stands under known_later, and is no feature", c.physical)
			}
		}
		if why == "" {
			missing, err := s.missing(ctx, p, c)
			if err != nil {
				return err
			}
			f := candidate{Name: c.name, Type: kind, Expression: s.expression(ctx, "%s", c), MaxMissing: missing}
			p.Features = append(p.Features, f)
			continue
		}
		if c.typ == contract.TypeString {
			hint, err := s.almostNumbers(ctx, c)
			if err != nil {
				return err
			}
			why += hint
		}
		p.LeftOut = append(p.LeftOut, leftOut{c.name, why})
	}
	if err := p.weekday(ctx, s); err != nil {
		return err
	}
	if len(p.Features) == 0 {
		return question("%s has no column left to predict %q from", strings.Join(s.files.patterns, ", "), p.label.physical)
	}
	return nil
}

// kindOf is how a column is read as a feature, or why it is not one.
func kindOf(c *column, rows int64) (kind, why string) {
	levels := plural(c.distinct, "value", "different values")
	category := c.distinct <= maxLevels && c.distinct*rowsPerLevel <= rows
	switch {
	case c.distinct == 0:
		return "", "no value"
	case c.distinct == 1 && c.nulls == 0:
		return "", "the same in all rows"
	case c.typ == contract.TypeInteger && c.distinct == rows && rows > fewIntegers:
		return "", "a different value in each row"
	case c.typ == contract.TypeBoolean || c.typ == contract.TypeNumber:
		return string(feature.Numeric), ""
	case c.typ == contract.TypeInteger && !idName.MatchString(c.name):
		if c.distinct > 2 && c.distinct <= fewIntegers && c.distinct*rowsPerInteger <= rows {
			return string(feature.Categorical), ""
		}
		return string(feature.Numeric), ""
	case (c.typ == contract.TypeString || c.typ == contract.TypeInteger) && category:
		return string(feature.Categorical), ""
	case c.typ == contract.TypeString || c.typ == contract.TypeInteger:
		return "", levels
	}
	return "", "a " + c.typ + "; an expression can make a number of it"
}

// tellsOutcome says whether a column gives the outcome away: by having a value
// exactly where it happened (or did not), by each of few values standing for
// one outcome, or by a threshold that divides the outcomes.
func (s *surveyed) tellsOutcome(ctx context.Context, p *plan, c *column) (bool, error) {
	if p.Regression {
		return s.tellsNumber(ctx, p, c)
	}
	known := p.label.counts[0] + p.label.counts[1]
	if known < enoughToSuspect || min(p.label.counts[0], p.label.counts[1]) < 2 {
		return false, nil
	}
	var agree, pairs, values int64
	var apart bool
	err := s.one(ctx, fmt.Sprintf(`SELECT
			count(*) FILTER (WHERE (c IS NULL) = y), count(DISTINCT (c, y)) FILTER (WHERE c IS NOT NULL), count(DISTINCT c),
			coalesce(max(c) FILTER (WHERE y) < min(c) FILTER (WHERE NOT y) OR min(c) FILTER (WHERE y) > max(c) FILTER (WHERE NOT y), false)
		FROM (SELECT %s AS c, (%s) AS y FROM %s) WHERE y IS NOT NULL`, c.sql(), p.Expression, rowsTable), &agree, &pairs, &values, &apart)
	if err != nil {
		return false, err
	}
	few := values > 1 && values*rowsPerInteger <= known
	byGaps := c.nulls > 0 && (agree == 0 || agree == known)
	byThreshold := apart && c.typ != contract.TypeString && s.rows-c.nulls >= enoughToSuspect
	return byGaps || few && pairs == values && c.nulls < s.rows/2 || byThreshold, nil
}

// tellsNumber says whether a column is the outcome in another unit.
func (s *surveyed) tellsNumber(ctx context.Context, p *plan, c *column) (bool, error) {
	if c.typ != contract.TypeInteger && c.typ != contract.TypeNumber {
		return false, nil
	}
	var n int64
	var same bool
	// A correlation of 1 but for rounding; DuckDB's is NULL or NaN for a constant.
	err := s.one(ctx, fmt.Sprintf("SELECT count(*), coalesce(abs(corr(c, y)) BETWEEN 1 - 1e-9 AND 1 + 1e-9, false) FROM (SELECT %s AS c, %s AS y FROM %s) WHERE c IS NOT NULL AND y IS NOT NULL",
		c.sql(), p.Expression, rowsTable), &n, &same)
	return same && n >= enoughToSuspect, err
}

// mostParts bounds how many columns are added up two by two.
const mostParts = 60

// partsOfOutcome finds the pairs of columns whose sum is the outcome in every
// row, as the casual and the registered rentals are of a count.
func (s *surveyed) partsOfOutcome(ctx context.Context, p *plan) ([]*column, error) {
	var numbers []*column
	for _, c := range s.columns {
		if c != p.label && (c.typ == contract.TypeInteger || c.typ == contract.TypeNumber) && c.distinct > 1 {
			numbers = append(numbers, c)
		}
	}
	if !p.Regression || s.rows-p.label.nulls < enoughToSuspect || len(numbers) > mostParts {
		return nil, nil
	}
	type pair struct{ a, b *column }
	var pairs []pair
	var sums []string
	for i, a := range numbers {
		for _, b := range numbers[i+1:] {
			pairs = append(pairs, pair{a, b})
			sums = append(sums, fmt.Sprintf("coalesce(bool_and(%s::DOUBLE + %s::DOUBLE IS NOT DISTINCT FROM y), false)", a.sql(), b.sql()))
		}
	}
	if len(pairs) == 0 {
		return nil, nil
	}
	found, targets := make([]bool, len(pairs)), make([]any, len(pairs))
	for i := range found {
		targets[i] = &found[i]
	}
	err := s.one(ctx, fmt.Sprintf("SELECT %s FROM (SELECT *, (%s)::DOUBLE AS y FROM %s) WHERE y IS NOT NULL", strings.Join(sums, ", "), p.Expression, rowsTable), targets...)
	var parts []*column
	for i, whole := range found {
		if whole {
			parts = append(parts, pairs[i].a, pairs[i].b)
		}
	}
	return parts, err
}

// missing is the limit for gaps that a feature needs, 0 where the usual one
// does: one halfway between its worst day and nothing at all.
func (s *surveyed) missing(ctx context.Context, p *plan, c *column) (float64, error) {
	if c.nulls == 0 {
		return 0, nil
	}
	var worst float64
	err := s.one(ctx, fmt.Sprintf("SELECT max(share) FROM (SELECT avg((%s IS NULL)::INTEGER) AS share FROM %s GROUP BY %s)", c.sql(), rowsTable, p.day.sql()), &worst)
	if err != nil || worst <= feature.DefaultMaxMissing {
		return 0, err
	}
	return math.Ceil((worst+1)/2*100) / 100, nil
}

// almostNumbers tells of a text that a few odd words keep from being a number.
func (s *surveyed) almostNumbers(ctx context.Context, c *column) (string, error) {
	var odd int64
	var example string
	err := s.one(ctx, fmt.Sprintf(`SELECT count(*) FILTER (WHERE n IS NULL), coalesce(min(v) FILTER (WHERE n IS NULL), '')
		FROM (SELECT %s AS v, TRY_CAST(v AS DOUBLE) AS n FROM %s WHERE v IS NOT NULL)`, c.sql(), rowsTable), &odd, &example)
	if err != nil || odd*10 > s.rows-c.nulls {
		return "", err
	}
	return fmt.Sprintf("; numbers but for %[1]s such as %[2]q: list %[2]q and %[3]q under null of the source, and make the column a number in the contract", plural(odd, "row", "rows"), example, ""), nil
}

// weekday adds the one feature that every day has.
func (p *plan) weekday(ctx context.Context, s *surveyed) error {
	taken := slices.ContainsFunc(s.columns, func(c *column) bool { return strings.EqualFold(c.name, "weekday") })
	if taken || p.span.last.Sub(p.span.first) < weekdayDays*24*time.Hour {
		return nil
	}
	n, err := s.number(ctx, fmt.Sprintf("SELECT count(DISTINCT dayname(%s)) FROM %s", p.day.sql(), rowsTable))
	if err != nil || n < 2 {
		return err
	}
	p.Features = append(p.Features, candidate{
		Name: "weekday", Type: string(feature.Categorical), Expression: s.expression(ctx, "dayname(%s)", p.day),
	})
	return nil
}
