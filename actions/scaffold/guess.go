package scaffold

import (
	"context"
	"fmt"
	"time"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline/document"
)

// A choice is one thing that was settled, and why.
type choice struct {
	what, value, why string
}

// A plan is everything that the files say.
type plan struct {
	Name    string
	Columns []*column
	choices []choice
	notes   []string

	// day is the partition; moment the timestamp of the event, nil where the day
	// is all there is.
	day, moment *column
	span        span
	// When is SQL for the event's time; KnownLater for when its outcome is known.
	When, KnownLater string

	label      *column
	Expression string
	// Regression says that the label is a number, not one of two values.
	Regression bool
	// late are the columns that are filled in with the outcome.
	late        []*column
	entity, key []*column

	Features []candidate
	LeftOut  []leftOut

	// holdoutDays is the length of the evaluation.
	holdoutDays int64
}

// A candidate is a column, or an expression over one, that becomes a feature.
type candidate struct {
	Name, Type, Expression string
	// MaxMissing is 0 where the usual limit does.
	MaxMissing float64
}

// A leftOut is a column that becomes no feature.
type leftOut struct {
	Name, Why string
}

func (p *plan) chose(what, value, why string) {
	p.choices = append(p.choices, choice{what, value, why})
}

func (p *plan) note(format string, values ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, values...))
}

// guess settles what the columns mean, in the order in which one answer leads
// to the next.
func guess(ctx context.Context, r request, s *surveyed) (*plan, error) {
	p := &plan{Name: r.name, Columns: s.columns}
	for _, step := range []func(context.Context, request, *surveyed) error{
		p.guessTime, p.guessLabel, p.guessEntity, p.guessFeatures, p.guessSplit,
	} {
		if err := step(ctx, r, s); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// question is what only the user can answer.
func question(format string, values ...any) error {
	return command.UsageError(fmt.Errorf(format, values...))
}

// meant suggests the name that was likely meant.
func meant(name string, names []string) string {
	if near, ok := document.Nearest(name, names); ok {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

const (
	// holdoutShare of the days judge the model, at most a month of them.
	holdoutShare   = 5
	maxHoldoutDays = 31
	// enoughRows is the fewest rows of an evaluation whose interval says much: at
	// 100 rows, that of an AUC of 0.7 is about ± 0.1.
	enoughRows = 100
)

// guessSplit sizes the evaluation to the data, and says what it will lack.
func (p *plan) guessSplit(ctx context.Context, _ request, s *surveyed) error {
	length := int64(p.span.last.Sub(p.span.first)/(24*time.Hour)) + 1
	p.holdoutDays = max(p.span.step, min(length/holdoutShare, maxHoldoutDays), 1)
	from := p.span.last.AddDate(0, 0, 1-int(p.holdoutDays))
	var early, earlyKinds, late, lateKinds int64
	// As in training, an outcome counts that is known where its side ends.
	side := func(comparison string, end time.Time) string {
		rows := fmt.Sprintf("%s %s DATE '%s' AND (%s) <= TIMESTAMP '%s'", p.day.sql(), comparison, from.Format(time.DateOnly), p.KnownLater, end.Format(time.DateTime))
		return fmt.Sprintf("count(*) FILTER (WHERE %[1]s AND %[2]s IS NOT NULL), count(DISTINCT (%[3]s)) FILTER (WHERE %[1]s)", rows, p.label.sql(), p.Expression)
	}
	query := fmt.Sprintf("SELECT %s, %s FROM %s", side("<", from), side(">=", p.span.last.AddDate(0, 0, 1)), rowsTable)
	if err := s.one(ctx, query, &early, &earlyKinds, &late, &lateKinds); err != nil {
		return err
	}
	p.chose("holdout", days(p.holdoutDays), fmt.Sprintf("the last %d of %d rows whose outcome is known in time judge the model", late, early+late))
	switch {
	case earlyKinds < 2:
		p.note("train will refuse: the %d rows before %s have one outcome only; bring more days", early, from.Format(time.DateOnly))
	case lateKinds < 2:
		p.note("train will refuse: the %d rows from %s on have one outcome only; bring more days or set split.holdout", late, from.Format(time.DateOnly))
	case late < enoughRows:
		p.note("staging and prod will refuse: %d rows evaluate the model, and the stages ask for %d", late, enoughRows)
	}
	return nil
}

// days is a number of days as pipeline.yaml and people write it.
func days(n int64) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
