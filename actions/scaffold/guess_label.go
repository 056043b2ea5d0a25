package scaffold

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// labelNames are what an outcome is usually called, the surest first.
var labelNames = []*regexp.Regexp{
	regexp.MustCompile(`(?i)^(label|target|y|outcome|class)$`),
	regexp.MustCompile(`(?i)(churn|fraud|default|convert|cancel|returned|delinq|clicked|bought|purchased|survived|failed|failure|late$|won$)`),
	regexp.MustCompile(`(?i)^is_`),
}

// numberNames are what a number that one wants to predict is usually called.
var numberNames = regexp.MustCompile(`(?i)^(label|target|y|outcome|cnt|count|counts|total|demand|sales|revenue|price|amount|quantity|volume|load|consumption)$`)

var (
	yesWords = []string{"yes", "y", "true", "t", "1", "positive", "pos"}
	noWords  = []string{"no", "n", "false", "f", "0", "negative", "neg", "none"}
)

// guessLabel settles the outcome: a column with two values, and which of them
// is the event, or a column of numbers.
func (p *plan) guessLabel(ctx context.Context, r request, s *surveyed) error {
	why := "named with --label"
	if r.label != "" {
		c, err := s.named("--label", r.label)
		switch {
		case err != nil:
			return err
		case c == p.day || c == p.moment:
			return question("--label: %q is the event's time; name the column with the outcome", c.physical)
		case !binary(c) && !numeric(c):
			return question("--label: the column %q (%s) has %s, and an outcome is a number or has two values; add such a column, as with the SQL: SELECT *, %s = 'late' AS label",
				c.physical, c.typ, plural(c.distinct, "value", "different values"), dataset.Identifier(c.physical))
		}
		p.label = c
	} else if p.label, why = s.likelyLabel(p); p.label == nil {
		return question("%s has no column with two different values that could be the outcome; name a column of numbers with --label, or add a column that is true or false, as with the SQL: SELECT *, delay > 10 AS label", strings.Join(s.files.patterns, ", "))
	}
	p.late = []*column{p.label}
	p.Regression = !binary(p.label)
	if p.Regression {
		p.Expression = s.expression(ctx, "%s", p.label)
		p.chose("label", p.label.physical, why)
		p.chose("outcome", p.Expression, fmt.Sprintf("a number; %s", plural(p.label.distinct, "value", "different values")))
		return nil
	}
	return p.guessEvent(ctx, s, why)
}

// guessEvent settles which of the label's two values is the event.
func (p *plan) guessEvent(ctx context.Context, s *surveyed, why string) error {
	event, whyEvent := event(p.label)
	form := "%s"
	switch p.label.typ {
	case contract.TypeString:
		form = "%s = " + strings.ReplaceAll(dataset.Literal(p.label.values[event]), "%", "%%")
	case contract.TypeInteger, contract.TypeNumber:
		form = "%s = " + p.label.values[event]
	}
	p.Expression = s.expression(ctx, form, p.label)
	counted, err := s.number(ctx, fmt.Sprintf("SELECT count(*) FILTER (WHERE %s) FROM %s", p.Expression, rowsTable))
	if err != nil {
		return err
	}
	if counted != p.label.counts[event] {
		return question("the values of %q cannot be told apart by %s; make it a column that is true or false", p.label.physical, p.Expression)
	}
	p.chose("label", p.label.physical, why)
	p.chose("outcome", p.Expression, fmt.Sprintf("%s; %d of %d rows", whyEvent, counted, counted+p.label.counts[1-event]))
	return nil
}

// binary says whether a column can be an outcome of two.
func binary(c *column) bool {
	return len(c.values) == 2 && slices.Contains([]string{contract.TypeBoolean, contract.TypeString, contract.TypeInteger, contract.TypeNumber}, c.typ)
}

// numeric says whether a column can be an outcome that is a number.
func numeric(c *column) bool {
	return c.distinct > 2 && (c.typ == contract.TypeInteger || c.typ == contract.TypeNumber)
}

// likelyLabel prefers outcomes of two, but a number that is called as such to
// those that are not.
func (s *surveyed) likelyLabel(p *plan) (*column, string) {
	var candidates []*column
	var number *column
	for _, c := range s.columns {
		if binary(c) && c != p.day && c != p.moment {
			candidates = append(candidates, c)
		}
		if numeric(c) && numberNames.MatchString(c.name) {
			number = c
		}
	}
	for _, names := range labelNames {
		for _, c := range slices.Backward(candidates) {
			if names.MatchString(c.name) {
				return c, fmt.Sprintf("two values, and a name that outcomes have; %s", choices("--label", len(candidates)))
			}
		}
	}
	if number != nil {
		return number, "a name that numbers to predict have; choose another with --label"
	}
	if len(candidates) == 0 {
		return nil, ""
	}
	return candidates[len(candidates)-1], fmt.Sprintf("the last column with two values; %s", choices("--label", len(candidates)))
}

func choices(flag string, n int) string {
	if n == 1 {
		return "there is no other"
	}
	return fmt.Sprintf("%d columns have two, choose with %s", n, flag)
}

// event is which of a label's two values means that it happened.
func event(c *column) (int, string) {
	switch c.typ {
	case contract.TypeBoolean:
		return slices.Index(c.values, "true"), "true is the event"
	case contract.TypeInteger, contract.TypeNumber:
		return 1, "the greater value is taken for the event"
	}
	for i, value := range c.values {
		other := c.values[1-i]
		if slices.Contains(yesWords, strings.ToLower(value)) && !slices.Contains(yesWords, strings.ToLower(other)) {
			return i, fmt.Sprintf("%q is taken for the event", value)
		}
	}
	for i, value := range c.values {
		other := c.values[1-i]
		if slices.Contains(noWords, strings.ToLower(other)) && !slices.Contains(noWords, strings.ToLower(value)) {
			return i, fmt.Sprintf("%q is taken for the event", value)
		}
	}
	rarer := 0
	if c.counts[1] < c.counts[0] {
		rarer = 1
	}
	return rarer, fmt.Sprintf("the rarer value, %q, is taken for the event", c.values[rarer])
}
