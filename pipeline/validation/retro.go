package validation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/ledger"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// A Retro is what the contracts of today say of days that were run before.
type Retro struct {
	// Days are the recorded days, oldest first.
	Days []RetroDay `json:"days"`
	// Rules are those that would stop at least one day, in order of their place.
	Rules []RetroRule `json:"rules"`
}

// A RetroDay is one recorded day, checked again.
type RetroDay struct {
	Date string `json:"date"`
	// Outcome is the recorded one.
	Outcome ledger.Outcome `json:"outcome"`
	// Gone says why the day cannot be checked again; empty where it was.
	Gone string `json:"gone,omitempty"`
	// Stops says that the contracts of today would stop the day.
	Stops bool `json:"stops"`
}

// A RetroRule is one rule of a contract, and the days that it would stop.
type RetroRule struct {
	Code     string          `json:"code"`
	Position report.Position `json:"position"`
	Source   string          `json:"source"`
	Column   string          `json:"column,omitempty"`
	Dates    []string        `json:"dates"`
	// Then counts the dates that were not scored from their own data at the time
	// either.
	Then int `json:"then"`
}

// Recorded are the last n days on record, oldest first, each by its last
// attempt. runs holds the runs of each stage in the pipeline's order: of a day
// that several stages ran, the last stage counts.
func Recorded(runs [][]ledger.Run, n int) []ledger.Run {
	byDate := map[string]ledger.Run{}
	var dates []string
	for _, stage := range runs {
		for _, run := range stage {
			if last, ok := ledger.Latest(stage, run.LogicalDate); ok {
				if _, seen := byDate[run.LogicalDate]; !seen {
					dates = append(dates, run.LogicalDate)
				}
				byDate[run.LogicalDate] = last
			}
		}
	}
	slices.Sort(dates)
	var recorded []ledger.Run
	for _, date := range dates[max(0, len(dates)-n):] {
		recorded = append(recorded, byDate[date])
	}
	return recorded
}

// Replay checks recorded days again, under contracts, on the data that session
// has of them. Only sources with partitions tell one day from another; a day
// that had rows then and has none now is gone, and not a day that would stop.
func Replay(ctx context.Context, c *pipeline.Config, contracts pipeline.Contracts, session *dataset.Session, runs []ledger.Run) (*Retro, error) {
	retro := &Retro{}
	for _, run := range runs {
		day := RetroDay{Date: run.LogicalDate, Outcome: run.Outcome}
		findings, gone, err := replayDay(ctx, c, contracts, session, run)
		if err != nil {
			return nil, err
		}
		if day.Gone = gone; gone == "" {
			day.Stops = report.HasErrors(findings)
			retro.count(findings, run)
		}
		retro.Days = append(retro.Days, day)
	}
	slices.SortStableFunc(retro.Rules, func(a, b RetroRule) int {
		return strings.Compare(fmt.Sprintf("%s %09d %09d %s", a.Position.File, a.Position.Line, a.Position.Column, a.Code),
			fmt.Sprintf("%s %09d %09d %s", b.Position.File, b.Position.Line, b.Position.Column, b.Code))
	})
	return retro, nil
}

func replayDay(ctx context.Context, c *pipeline.Config, contracts pipeline.Contracts, session *dataset.Session, run ledger.Run) (findings []report.Finding, gone string, err error) {
	checked := 0
	for _, source := range c.Sources {
		rules, table := contracts[source.Name], session.Table(source.Name)
		if rules == nil || table == nil || source.Partition == "" {
			continue
		}
		result, err := contract.Check(ctx, session, table, rules, contract.CheckOptions{
			Partition: &contract.Partition{Column: source.Partition, Value: run.LogicalDate},
			Ignore:    source.LateColumns(),
			Now:       Scope{Date: run.LogicalDate}.now(),
		})
		if err != nil {
			return nil, "", fmt.Errorf("check source %s of %s again: %w", source.Name, run.LogicalDate, err)
		}
		if result.Rows == 0 && hadRows(run, source.Name) {
			return nil, fmt.Sprintf("source %s has no rows of it any more", source.Name), nil
		}
		checked++
		findings = append(findings, result.Findings...)
	}
	if checked == 0 {
		return nil, "no source has partitions", nil
	}
	return findings, "", nil
}

func hadRows(run ledger.Run, source string) bool {
	return slices.ContainsFunc(run.Inputs, func(in ledger.Input) bool { return in.Source == source && in.Rows > 0 })
}

// count adds a day to each rule that would stop it.
func (r *Retro) count(findings []report.Finding, run ledger.Run) {
	for _, f := range findings {
		if f.Severity != report.Error {
			continue
		}
		i := slices.IndexFunc(r.Rules, func(rule RetroRule) bool {
			return rule.Code == f.Code && rule.Position == f.Position && rule.Source == f.Source
		})
		if i < 0 {
			r.Rules = append(r.Rules, RetroRule{Code: f.Code, Position: f.Position, Source: f.Source, Column: f.Column})
			i = len(r.Rules) - 1
		}
		rule := &r.Rules[i]
		if slices.Contains(rule.Dates, run.LogicalDate) {
			continue
		}
		rule.Dates = append(rule.Dates, run.LogicalDate)
		if run.Outcome != ledger.Scored {
			rule.Then++
		}
	}
}

// maxDates bounds the dates that a finding lists.
const maxDates = 10

// Findings tell what the replay found, as notes: a rule may well be there to
// stop such days. at is the place of what is said of all days.
func (r *Retro) Findings(at report.Position) []report.Finding {
	if len(r.Days) == 0 {
		return []report.Finding{{
			Code: "retro/no-runs", Severity: report.Info, Position: at,
			Message: "the ledger has no run yet, so there is no day to check again",
		}}
	}
	var findings []report.Finding
	for _, rule := range r.Rules {
		message := fmt.Sprintf("this rule (%s) would have stopped %d of the last %s: %s", rule.Code, len(rule.Dates), days(len(r.Days)), List(rule.Dates))
		if rule.Then > 0 {
			message += fmt.Sprintf("; %d of them did not score their own data at the time either", rule.Then)
		}
		findings = append(findings, report.Finding{
			Code: "retro/would-stop", Severity: report.Info, Position: rule.Position, Source: rule.Source, Column: rule.Column, Message: message,
		})
	}
	return append(findings, report.Finding{Code: "retro/replayed", Severity: report.Info, Position: at, Message: r.sum()})
}

func (r *Retro) sum() string {
	var gone, stop, recovered []string
	for _, day := range r.Days {
		switch {
		case day.Gone != "":
			gone = append(gone, day.Date)
		case day.Stops:
			stop = append(stop, day.Date)
		case day.Outcome != ledger.Scored:
			recovered = append(recovered, day.Date)
		}
	}
	said := fmt.Sprintf("of the last %s on record (%s to %s), %d would stop under these contracts", days(len(r.Days)), r.Days[0].Date, r.Days[len(r.Days)-1].Date, len(stop))
	if len(recovered) > 0 {
		said += fmt.Sprintf("; %s stopped or carried forward then, and would pass: %s", days(len(recovered)), List(recovered))
	}
	if len(gone) > 0 {
		said += fmt.Sprintf("; %s not replayable, the data are gone: %s", days(len(gone)), List(gone))
	}
	return said
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

// List joins the first few of texts and says how many more there are.
func List(texts []string) string {
	if len(texts) <= maxDates {
		return strings.Join(texts, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(texts[:maxDates], ", "), len(texts)-maxDates)
}
