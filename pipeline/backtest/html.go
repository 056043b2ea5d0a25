package backtest

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/pipeline/ledger"
	"github.com/linecook-ml/linecook/pipeline/metric"
)

//go:embed templates
var templates embed.FS

var pageTemplate = template.Must(template.ParseFS(templates, "templates/*"))

// HTML writes a report as one page that needs nothing else: style and figures
// are in it, and it asks for no network and no script. The same report gives
// the same bytes. Text from outside is escaped. Nothing is written where the
// report's dates cannot be read.
func HTML(w io.Writer, r *Report) error {
	t, err := newTimeline(r)
	if err != nil {
		return fmt.Errorf("write the HTML report: %w", err)
	}
	var page bytes.Buffer
	if err := pageTemplate.ExecuteTemplate(&page, "report.html", newPage(r, t)); err != nil {
		return fmt.Errorf("write the HTML report: %w", err)
	}
	_, err = w.Write(page.Bytes())
	return err
}

// A page is what the template shows: text that is ready to be read.
type page struct {
	Format, Pipeline, Description   string
	Period, Stage, Version, ShortID string
	Verdict                         string
	Tiles                           []tile
	Daily, Months, Errors           *chart
	Calendar                        *chart
	Quality                         *grid
	Missed                          []missed
	Gates                           []gate
	Findings                        []finding
	MoreFindings                    string
	Evaluation                      *grid
	Origin                          []fact
	Sources                         []source
}

// A tile is one key figure.
type tile struct{ Tone, Label, Value, Note string }

// A grid is a table of figures: the first column is text, the others numbers.
type grid struct {
	Head []string
	Rows []gridRow
}

type gridRow struct {
	Class string
	Cells []cell
}

// A cell is a figure with what qualifies it.
type cell struct{ Value, Note string }

type missed struct{ Date, Class, Outcome, Reason, Rows, WithoutScore, Oldest string }

type fact struct{ Name, Value, Class string }

type source struct{ Name, Rows, Files, Fingerprint string }

func newPage(r *Report, t timeline) page {
	p := page{
		Format: clean(r.Format), Pipeline: clean(r.Pipeline), Description: clean(r.Description),
		Period: days(t.from, t.to), Stage: clean(r.Stage), Version: clean(r.Bundle.Version), ShortID: shortID(r.Bundle.ID),
		Verdict: verdict(r), Tiles: tiles(r),
		Quality: qualityGrid(r), Missed: missedDays(r), Gates: gates(r.Decisions),
		Evaluation: evaluationGrid(r), Origin: origin(r),
	}
	p.Findings, p.MoreFindings = findings(r)
	for _, s := range r.Sources {
		p.Sources = append(p.Sources, source{clean(s.Source), count(s.Rows), count(int64(s.Files)), clean(s.Fingerprint)})
	}
	if len(r.Days) > 0 {
		p.Calendar, p.Daily = calendar(r, t), dailyChart(r, t)
	}
	p.Months, p.Errors = monthChart(r), reliabilityChart(r)
	if r.Task == metric.Regression {
		p.Errors = residualChart(r)
	}
	return p
}

// verdict is the whole report in one sentence.
func verdict(r *Report) string {
	if len(r.Days) == 0 {
		for _, d := range r.Decisions {
			if !d.Allowed {
				return fmt.Sprintf("Nothing was scored: the gate of %s refused the bundle.", clean(d.Stage))
			}
		}
		return "Nothing was scored: the line stopped before its first day."
	}
	text := func(n int) string {
		if n == 0 {
			return "none"
		}
		return count(int64(n))
	}
	verb := "were"
	if r.Totals.Days == 1 {
		verb = "was"
	}
	sentence := fmt.Sprintf("%s of %s %s scored, %s carried forward, %s stopped", text(r.Totals.Scored),
		counted(int64(r.Totals.Days), "day"), verb, text(r.Totals.CarriedForward), text(r.Totals.Stopped))
	sentence = capital(sentence)
	e, ok := find(r.Quality.Estimates, headline(r))
	if !ok {
		return sentence + "; outcomes do not tell yet how good the scores are."
	}
	return fmt.Sprintf("%s; %s %s (%s%sto%s%s) once outcomes were known.", sentence, metricName(e.Metric), decimal(e.Value), decimal(e.Low), nbsp, nbsp, decimal(e.High))
}

// capital begins a text of Latin letters with a capital one.
func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

func tiles(r *Report) []tile {
	oldest := 0
	for _, d := range r.Days {
		oldest = max(oldest, d.OldestDays)
	}
	scored := tile{Label: "Days scored", Value: count(int64(r.Totals.Scored)), Note: "of " + count(int64(r.Totals.Days))}
	carried := tile{Label: "Carried forward", Value: count(int64(r.Totals.CarriedForward)), Note: "no day"}
	if r.Totals.CarriedForward > 0 {
		carried.Tone, carried.Note = "carried", "oldest score "+counted(int64(oldest), "day")
	}
	stopped := tile{Label: "Stopped", Value: count(int64(r.Totals.Stopped)), Note: "no day"}
	if r.Totals.Stopped > 0 {
		stopped.Tone, stopped.Note = "stopped", "published nothing"
	}
	scores := tile{Label: "Scores published", Value: count(r.Totals.Scores), Note: count(r.Totals.CarriedScores) + " carried forward"}
	all := []tile{scored, carried, stopped, scores}
	if e, ok := find(r.Quality.Estimates, headline(r)); ok {
		all = append(all, tile{Label: metricName(e.Metric), Value: decimal(e.Value), Note: level(e) + "\n" + interval(e)})
	}
	if r.Quality.MeanLabel != nil {
		all = append(all, tile{Label: capital(r.observed()), Value: r.amount(r.Quality.MeanLabel), Note: "mean score " + r.amount(r.Quality.MeanScore)})
	}
	return all
}

// metricsOf lists every metric that some estimate can be shown for, in order of
// appearance.
func metricsOf(sets ...[]metric.Estimate) []string {
	var names []string
	seen := map[string]bool{}
	for _, estimates := range sets {
		for _, e := range estimates {
			if whole(e) && !seen[e.Metric] {
				seen[e.Metric] = true
				names = append(names, e.Metric)
			}
		}
	}
	return names
}

func estimateCells(estimates []metric.Estimate, names []string) []cell {
	cells := make([]cell, len(names))
	for i, name := range names {
		cells[i] = cell{Value: none}
		if e, ok := find(estimates, name); ok {
			cells[i] = cell{decimal(e.Value), interval(e)}
		}
	}
	return cells
}

// qualityGrid is a row for each month, one for all of them, and one for what
// was carried forward.
func qualityGrid(r *Report) *grid {
	if r.Quality.Scores == 0 && r.Carried == nil {
		return nil
	}
	sets := [][]metric.Estimate{r.Quality.Estimates}
	for _, q := range r.Months {
		sets = append(sets, q.Estimates)
	}
	names := metricsOf(sets...)
	g := &grid{Head: []string{"Period", "Days", "Scores", "Outcomes known", capital(r.observed()), "Mean score"}}
	for _, name := range names {
		g.Head = append(g.Head, metricName(name))
	}
	add := func(class, label string, q Quality) {
		row := gridRow{class, []cell{{Value: label}, {Value: count(int64(q.Days))}, {Value: count(q.Scores)},
			{Value: count(q.Labels)}, {Value: r.amount(q.MeanLabel)}, {Value: r.amount(q.MeanScore)}}}
		row.Cells = append(row.Cells, estimateCells(q.Estimates, names)...)
		g.Rows = append(g.Rows, row)
	}
	for _, q := range r.Months {
		add("", monthName(q.Period), q)
	}
	add("total", "All scored days", r.Quality)
	if r.Carried != nil {
		add("apart", "Carried forward", *r.Carried)
	}
	return g
}

// evaluationGrid is the holdout, as a whole and by slice.
func evaluationGrid(r *Report) *grid {
	e := r.Evaluation
	if e == nil {
		return nil
	}
	names := metricsOf(e.Estimates)
	if len(names) == 0 {
		return nil
	}
	g := &grid{Head: []string{"Rows", "Outcomes"}}
	for _, name := range names {
		g.Head = append(g.Head, metricName(name))
	}
	add := func(class, label string, estimates []metric.Estimate) {
		n := 0
		for _, estimate := range estimates {
			n = max(n, estimate.N)
		}
		g.Rows = append(g.Rows, gridRow{class, append([]cell{{Value: label}, {Value: count(int64(n))}}, estimateCells(estimates, names)...)})
	}
	for _, s := range e.Slices {
		add("", clean(s.Name()), s.Estimates)
	}
	add("total", "All", e.Estimates)
	return g
}

func missedDays(r *Report) []missed {
	var rows []missed
	for _, d := range r.Days {
		if d.Outcome == ledger.Scored {
			continue
		}
		m := missed{Date: d.Date, Class: outcomeClass(d.Outcome), Outcome: outcomeName(d.Outcome), Reason: clean(d.Reason),
			Rows: count(d.Rows), WithoutScore: count(d.WithoutScore), Oldest: none}
		if d.OldestDays > 0 {
			m.Oldest = counted(int64(d.OldestDays), "day")
		}
		rows = append(rows, m)
	}
	return rows
}

// origin says what the bundle was made from.
func origin(r *Report) []fact {
	var facts []fact
	add := func(name, value, class string) {
		if value != "" {
			facts = append(facts, fact{name, value, class})
		}
	}
	if r.Bundle.Name != "" {
		add("Bundle", clean(r.Bundle.Name+"@v"+r.Bundle.Version), "")
	}
	add("Bundle id", clean(r.Bundle.ID), "digest")
	add("Snapshot", clean(r.Bundle.Snapshot), "digest")
	add("Cut-off", clean(r.Bundle.Until), "")
	if e := r.Evaluation; e != nil {
		add("Trained on", fmt.Sprintf("%s to %s · %s", minute(e.Training.From), minute(e.Training.To), counted(e.TrainingRows, "observation")), "")
		add("Evaluated on", fmt.Sprintf("%s to %s · %s", minute(e.Period.From), minute(e.Period.To), counted(e.Rows, "observation")), "")
		add("Gap between them", counted(e.GapSeconds/int64(24*time.Hour/time.Second), "day"), "")
		add("Contracts", fmt.Sprintf("%s on %s, %s", counted(e.Contract.Checks, "check"), counted(e.Contract.Rows, "row"), counted(e.Contract.Errors, "error")), "")
		add("Known in time", counted(e.Honesty.FeaturesChecked, "feature")+" proven", "")
	}
	if n := len(r.Decisions); n > 0 {
		add("Policy", clean(r.Decisions[n-1].PolicyDigest), "digest")
	}
	return facts
}
