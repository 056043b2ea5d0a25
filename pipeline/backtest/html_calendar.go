package backtest

import (
	"fmt"
	"strconv"
	"time"

	"github.com/linecook-ml/linecook/pipeline/ledger"
)

// A timeline is the days of a report, each by its distance from the first.
type timeline struct {
	from, to time.Time
}

// newTimeline checks every date of the report, so that the charts can rely on
// them.
func newTimeline(r *Report) (timeline, error) {
	var t timeline
	var err error
	if t.from, err = time.Parse(time.DateOnly, r.From); err != nil {
		return t, fmt.Errorf("the report's first day %q is not a date like 2013-09-01", r.From)
	}
	if t.to, err = time.Parse(time.DateOnly, r.To); err != nil {
		return t, fmt.Errorf("the report's last day %q is not a date like 2013-12-31", r.To)
	}
	if t.to.Before(t.from) {
		return t, fmt.Errorf("the report's last day %s lies before its first, %s", r.To, r.From)
	}
	for _, d := range r.Days {
		date, err := time.Parse(time.DateOnly, d.Date)
		if err != nil || date.Before(t.from) || date.After(t.to) {
			return t, fmt.Errorf("the report holds the day %q, which is not a date from %s to %s", d.Date, r.From, r.To)
		}
	}
	return t, nil
}

// length is the number of days, both ends included.
func (t timeline) length() int { return int(t.to.Sub(t.from).Hours()/24) + 1 }

// index is a date's distance from the first day; newTimeline has checked it.
func (t timeline) index(date string) float64 {
	at, _ := time.Parse(time.DateOnly, date)
	return at.Sub(t.from).Hours() / 24
}

func outcomeName(o ledger.Outcome) string {
	switch o {
	case ledger.Scored:
		return "scored"
	case ledger.CarriedForward:
		return "carried forward"
	case ledger.Stopped:
		return "stopped"
	default:
		return clean(string(o))
	}
}

// outcomeClass is fail closed: an outcome that is not known looks like a stop.
func outcomeClass(o ledger.Outcome) string {
	switch o {
	case ledger.Scored:
		return "scored"
	case ledger.CarriedForward:
		return "carried"
	default:
		return "stopped"
	}
}

// The calendar's cells, and where its columns begin.
const (
	cellPitch    = 31.5
	cellSize     = 27.0
	cellHeight   = 22.0
	calendarLeft = 84.0
	calendarTop  = 22.0
)

// calendar is one row for each month and one cell for each day.
func calendar(r *Report, t timeline) *chart {
	byDate := map[string]Day{}
	for _, d := range r.Days {
		byDate[d.Date] = d
	}
	c := &chart{
		drawing: drawing{ID: "calendar", Width: 1080, Title: "Calendar of days by outcome"},
		Heading: "Every day by its outcome",
		Note:    "Rest the pointer on a day to see what is known of it.",
	}
	c.Desc = fmt.Sprintf("%s scored, %d carried forward, %d stopped. Days that were not scored are in a table below.", counted(int64(r.Totals.Scored), "day"), r.Totals.CarriedForward, r.Totals.Stopped)
	for i := range 31 {
		c.text("tick middle", calendarLeft+cellPitch*float64(i)+cellSize/2, 12, strconv.Itoa(i+1))
	}
	row := -1
	seen := map[string]bool{}
	var month time.Month
	for i := range t.length() {
		date := t.from.AddDate(0, 0, i)
		if row < 0 || date.Month() != month {
			row++
			month = date.Month()
			c.text("tick end", calendarLeft-10, calendarTop+26*float64(row)+15, date.Format("Jan 2006"))
		}
		x, y := calendarLeft+cellPitch*float64(date.Day()-1), calendarTop+26*float64(row)
		d, ran := byDate[date.Format(time.DateOnly)]
		if !ran {
			seen["idle"] = true
			c.rect("cell idle", x, y, cellSize, cellHeight, date.Format(time.DateOnly)+" · no run")
			continue
		}
		class := outcomeClass(d.Outcome)
		seen[class] = true
		c.rect("cell "+class, x, y, cellSize, cellHeight, dayTip(r, d))
		if letter := map[string]string{"carried": "C", "stopped": "S"}[class]; letter != "" {
			c.text("letter middle", x+cellSize/2, y+cellHeight/2+4.5, letter)
		}
	}
	for _, k := range []key{{"scored", "scored"}, {"carried", "carried forward (C)"}, {"stopped", "stopped (S)"}, {"idle", "no run"}} {
		if seen[k.Class] {
			c.Legend = append(c.Legend, key{"swatch " + k.Class, k.Text})
		}
	}
	c.Height = calendarTop + 26*float64(row+1)
	return c
}
