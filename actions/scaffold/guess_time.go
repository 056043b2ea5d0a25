package scaffold

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/dataset"
)

var (
	// dayName is what the day of a row is usually called.
	dayName = regexp.MustCompile(`(?i)^(date|day|ds|dt|partition_date|event_date|observation_date|snapshot_date|as_of|as_of_date)$`)
	// otherDay are dates that say something of the entity, not when the row was.
	otherDay = regexp.MustCompile(`(?i)(birth|born|dob|expir|valid|until|due|closed|ended|end_)`)
)

// guessTime settles the partition, which is a column of days, and the event's
// time.
func (p *plan) guessTime(ctx context.Context, r request, s *surveyed) error {
	var days, moments []*column
	for _, c := range s.columns {
		switch {
		case c.nulls > 0:
		case c.typ == contract.TypeDate:
			days = append(days, c)
		case c.typ == contract.TypeTimestamp:
			moments = append(moments, c)
		}
	}
	var asked *column
	if r.time != "" {
		var err error
		if asked, err = s.named("--time", r.time); err != nil {
			return err
		}
		switch {
		case asked.typ != contract.TypeDate && asked.typ != contract.TypeTimestamp:
			return question("--time: the column %q is of type %s; name one whose values are written YYYY-MM-DD, or YYYY-MM-DD HH:MM:SS", asked.physical, asked.typ)
		case asked.nulls > 0:
			return question("--time: %d rows have no %q, and would belong to no day; fill them in or leave them out", asked.nulls, asked.physical)
		case asked.typ == contract.TypeDate:
			days = []*column{asked}
		default:
			moments = []*column{asked}
		}
	}
	if len(days) == 0 {
		return s.noDays(ctx, moments)
	}
	p.day = likeliest(days)
	// A timestamp is the event's time only where it falls on the row's day.
	var onDay []*column
	for _, moment := range moments {
		day, err := s.dayOf(ctx, moment, days)
		if err != nil {
			return err
		}
		if asked == moment && day == nil {
			return s.noDays(ctx, moments)
		}
		if asked == moment {
			p.day = day
		}
		if day == p.day {
			onDay = append(onDay, moment)
		}
	}
	if len(onDay) == 1 && asked != p.day {
		p.moment = onDay[0]
	}
	p.chose("day", p.day.physical, whyDay(p.day, days, asked))
	when := p.day
	if p.moment != nil {
		when = p.moment
		p.chose("event time", p.moment.physical, "a timestamp that falls on the row's day in every row")
	} else {
		p.chose("event time", p.day.physical, "midnight, UTC; a timestamp on that day can be named with --time")
	}
	p.When = s.expression(ctx, "%s", when)
	p.KnownLater = s.expression(ctx, "%s + INTERVAL 1 DAY", when)
	var err error
	p.span, err = s.span(ctx, p.day)
	return err
}

func likeliest(days []*column) *column {
	for _, c := range days {
		if dayName.MatchString(c.name) {
			return c
		}
	}
	for _, c := range days {
		if !otherDay.MatchString(c.name) {
			return c
		}
	}
	return days[0]
}

func whyDay(day *column, days []*column, asked *column) string {
	switch {
	case asked == day:
		return "named with --time"
	case len(days) == 1:
		return "the only column with a date in every row"
	case dayName.MatchString(day.name):
		return fmt.Sprintf("of %d columns with a date in every row, the one called so; choose with --time", len(days))
	}
	return fmt.Sprintf("the first of %d columns with a date in every row; choose with --time", len(days))
}

// dayOf is the column of days that a timestamp falls on in every row.
func (s *surveyed) dayOf(ctx context.Context, moment *column, days []*column) (*column, error) {
	for _, day := range days {
		n, err := s.number(ctx, fmt.Sprintf("SELECT count(*) FROM %s WHERE CAST(%s AS DATE) <> %s", rowsTable, moment.sql(), day.sql()))
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return day, nil
		}
	}
	return nil, nil
}

// otherForms are ways to write a date that are not ISO 8601's.
var otherForms = []struct{ strptime, shown string }{
	{"%d/%m/%Y", "31/12/2024"}, {"%m/%d/%Y", "12/31/2024"}, {"%d.%m.%Y", "31.12.2024"}, {"%d-%m-%Y", "31-12-2024"}, {"%Y/%m/%d", "2024/12/31"}, {"%Y%m%d", "20241231"},
}

// noDays says what is missing and how to mend it.
func (s *surveyed) noDays(ctx context.Context, moments []*column) error {
	const need = "linecook needs a column with the day that a row belongs to, as YYYY-MM-DD: it trains on earlier days, evaluates on later ones, and scores one day at a time"
	source := strings.Join(s.files.patterns, ", ")
	if len(moments) > 0 {
		return question("%s has the timestamp %q, but no column with its day; %s. Add one, as with the SQL: SELECT *, CAST(%s AS DATE) AS date",
			source, moments[0].physical, need, dataset.Identifier(moments[0].physical))
	}
	for _, c := range s.columns {
		if (c.typ == contract.TypeDate || c.typ == contract.TypeTimestamp) && c.nulls > 0 {
			return question("%s: the column %q has no value in %d of %d rows, and a row without one belongs to no day; %s. Fill them in, or leave those rows out",
				source, c.physical, c.nulls, s.rows, need)
		}
		if c.typ != contract.TypeString && c.typ != contract.TypeInteger {
			continue
		}
		for _, form := range otherForms {
			strange, err := s.number(ctx, fmt.Sprintf("SELECT count(*) FROM %s WHERE try_strptime(CAST(%s AS VARCHAR), %s) IS NULL", rowsTable, c.sql(), dataset.Literal(form.strptime)))
			if err != nil {
				return err
			}
			if strange == 0 {
				return question("%s: the column %q looks like dates written as %s; %s. Write them so, as with the SQL: SELECT *, CAST(strptime(%s, %s) AS DATE) AS date",
					source, c.physical, form.shown, need, dataset.Identifier(c.physical), dataset.Literal(form.strptime))
			}
		}
	}
	return question("%s has no column of dates; %s. If all rows are of one export, add the day of the export, and collect some of them", source, need)
}
