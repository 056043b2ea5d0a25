package train

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/metric"
)

// candidates is the cross-validation as a table: a row for each candidate, a
// column for each fold; the chosen one is marked.
func candidates(cv *evaluation.CrossValidation) table.Writer {
	header := []any{"", "parameters"}
	for i := range cv.Folds {
		header = append(header, fmt.Sprintf("fold %d", i+1))
	}
	t := command.Table(append(header, "mean", "standard error")...)
	for i, c := range cv.Candidates {
		row := table.Row{"", parameters(c)}
		if int64(i) == cv.Chosen {
			row[0] = "→"
		}
		for _, score := range c.Scores {
			row = append(row, metric.Figure(score))
		}
		t.AppendRow(append(row, metric.Figure(c.Mean), metric.Figure(c.StandardError)))
	}
	return t
}

// rule says by what the candidates were compared and chosen.
func rule(cv *evaluation.CrossValidation) string {
	text := fmt.Sprintf("cross-validation by %s (%s) on %d rolling origins before the evaluation", cv.Metric, cv.Direction, len(cv.Folds))
	switch {
	case len(cv.Candidates) == 1:
		return text
	case cv.OneStandardError:
		return text + "; chosen is the first within one standard error of the best mean"
	default:
		return text + "; chosen is the best mean, the first of equals"
	}
}

func parameters(c evaluation.Candidate) string {
	if len(c.Parameters) == 0 {
		return "defaults"
	}
	var all []string
	for name, value := range c.Parameters {
		all = append(all, name+"="+strconv.FormatFloat(value, 'g', -1, 64))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// timelineWidth is how many characters the whole of time gets.
const timelineWidth = 60

// timeline draws each fold, and the evaluation below them, against time: ─ is
// trained on, █ evaluated, blank neither.
func timeline(r *evaluation.Report) string {
	begin, end := r.Training.From, r.Period.To
	for _, f := range r.CrossValidation.Folds {
		if f.Training.From.Before(begin) {
			begin = f.Training.From
		}
	}
	at := func(t time.Time) int {
		return int(int64(t.Sub(begin)/time.Second) * timelineWidth / max(1, int64(end.Sub(begin)/time.Second)))
	}
	var b strings.Builder
	draw := func(name string, training, period evaluation.Period, trained, evaluated int64) {
		line := []rune(strings.Repeat(" ", timelineWidth))
		fill := func(p evaluation.Period, mark rune) {
			from := min(at(p.From), timelineWidth-1)
			for i := from; i < max(at(p.To), from+1); i++ {
				line[i] = mark
			}
		}
		fill(training, '─')
		fill(period, '█')
		fmt.Fprintf(&b, "%-10s %s %d → %d, %s to %s\n", name, string(line), trained, evaluated,
			period.From.Format(time.DateOnly), period.To.Format(time.DateOnly))
	}
	for i, f := range r.CrossValidation.Folds {
		draw(fmt.Sprintf("fold %d", i+1), f.Training, f.Period, f.TrainingRows, f.Rows)
	}
	draw("evaluation", r.Training, r.Period, r.TrainingRows, r.Rows)
	return b.String()
}

// shuffled is the random split beside the one by time. Only the latter counts.
func shuffled(r *evaluation.Report) table.Writer {
	t := command.Table("metric", "shuffled", "in time order", "difference")
	for _, s := range r.Split.Shuffled.Estimates {
		i := slices.IndexFunc(r.Estimates, func(e metric.Estimate) bool { return e.Metric == s.Metric })
		if i < 0 {
			continue
		}
		later := r.Estimates[i].Value
		t.AppendRow(table.Row{s.Metric, metric.Figure(s.Value), metric.Figure(later), metric.Figure(s.Value - later)})
	}
	return t
}

// asked says which random split that is.
func asked(s *evaluation.Shuffled) string {
	return fmt.Sprintf("random split (seed %d, %d rows to train on, %d to evaluate on): it knows the future and decides nothing", s.Seed, s.TrainingRows, s.Rows)
}

// grouped says what split.group has taken away; empty where it has not been asked for.
func grouped(s evaluation.Split) string {
	if !s.Grouped {
		return ""
	}
	return fmt.Sprintf("only entities that training has not seen: %d later observations were not evaluated\n", s.DroppedRows)
}
