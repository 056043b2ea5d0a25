package inference

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/ledger"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/pipeline/validation"
)

// previous names the earlier scores among the session's tables.
const previous = "linecook-previous-scores"

// carryForward publishes the last valid score of each entity, marked with its
// age and the reason, or nothing where all of them are too old. Where today's
// observations themselves can be trusted, they say which entities are due;
// else all that were scored within the maximum age are.
func (s *shift) carryForward(ctx context.Context, checked *validation.Result, stage *staging) (err error) {
	s.run.Reason = reason(s.run.Findings)
	runs, err := s.in.Ledger.Runs(ctx, s.run.Pipeline, s.in.Stage)
	if err != nil {
		return err
	}
	if run, ok := ledger.LastScoredOn(runs, s.in.Date); ok && s.intact(run) {
		s.run.Outcome = ledger.Stopped
		s.run.Reason += fmt.Sprintf("; the valid scores of attempt %d stay in place", run.Attempt)
		return nil
	}
	files, err := s.validScores(runs)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		s.stop()
		return nil
	}
	specs := []dataset.Spec{{Name: previous, Paths: files, Format: "parquet"}}
	due := s.observationsHold(checked)
	if due {
		specs = append(specs, s.config.Specs()[s.observationSource()])
	}
	session, findings, err := dataset.Open(ctx, dataset.Options{Root: s.config.Root, WriteDirs: []string{stage.dir}}, specs...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	if len(findings) > 0 {
		return fmt.Errorf("earlier scores cannot be read: %w", firstError(findings))
	}
	last, ok := s.lastScores(session.Table(previous))
	if !ok {
		s.stop()
		return nil
	}
	rows, err := s.carriedRows(session, last, due)
	if err != nil {
		return err
	}
	var carried, expected int64
	var oldest int
	if err := session.DB().QueryRowContext(ctx, fmt.Sprintf(
		"SELECT count(*) FILTER (WHERE score IS NOT NULL), count(*), coalesce(max(age_days), 0) FROM (%s)", rows)).Scan(&carried, &expected, &oldest); err != nil {
		return fmt.Errorf("carry scores forward: %w", err)
	}
	if carried == 0 {
		s.stop()
		return nil
	}
	output, err := s.publish(ctx, session, stage, fmt.Sprintf("SELECT * FROM (%s) WHERE score IS NOT NULL", rows))
	if err != nil {
		return err
	}
	output.Carried, output.WithoutScore, output.OldestDays = carried, expected-carried, oldest
	s.run.Outcome, s.run.Output = ledger.CarriedForward, output
	return nil
}

func (s *shift) stop() {
	s.run.Outcome = ledger.Stopped
	s.run.Reason += fmt.Sprintf("; and no score of the last %s could be carried forward", s.config.Scoring.MaxAge)
}

// reason is the first error, and how many more there are.
func reason(findings []report.Finding) string {
	var failures []report.Finding
	for _, f := range findings {
		if f.Severity == report.Error {
			failures = append(failures, f)
		}
	}
	if len(failures) == 0 {
		return "nothing was checked"
	}
	text := failures[0].Message
	switch more := len(failures) - 1; {
	case more == 1:
		text += " (and 1 more finding)"
	case more > 1:
		text += fmt.Sprintf(" (and %d more findings)", more)
	}
	return text
}

func (s *shift) observationSource() int {
	return slices.IndexFunc(s.config.Sources, func(source pipeline.Source) bool { return source.Name == s.config.Observations.Source })
}

// observationsHold reports whether today's observations were checked and
// nothing is wrong with them: the fault then lies with another source.
func (s *shift) observationsHold(checked *validation.Result) bool {
	name := s.config.Observations.Source
	seen := slices.ContainsFunc(checked.Sources, func(source validation.Source) bool {
		return source.Name == name && source.Checks > 0 && source.Rows > 0
	})
	return seen && !slices.ContainsFunc(s.run.Findings, func(f report.Finding) bool {
		return f.Source == name && f.Severity == report.Error
	})
}

// intact reports whether the scores of a run are still the bytes that the
// ledger recorded.
func (s *shift) intact(run ledger.Run) bool {
	sum, err := digest(s.outputPath(run))
	return err == nil && sum == run.Output.SHA256
}

func (s *shift) outputPath(run ledger.Run) string {
	return filepath.Join(s.in.Home, filepath.FromSlash(run.Output.Path))
}

// validScores lists the score files of the days within the maximum age that
// were scored, and whose bytes are still those that the ledger recorded.
func (s *shift) validScores(runs []ledger.Run) ([]string, error) {
	oldest := s.day.Add(-s.config.Scoring.MaxAge.Duration)
	var files []string
	for day := oldest; day.Before(s.day); day = day.AddDate(0, 0, 1) {
		run, ok := ledger.LastScoredOn(runs, day.Format(time.DateOnly))
		if !ok {
			continue
		}
		if !s.intact(run) {
			s.run.Findings = append(s.run.Findings, report.Finding{
				Code: "scores/altered", Severity: report.Warning, Partition: run.LogicalDate,
				Message: fmt.Sprintf("the scores of %s are gone or were altered since they were recorded; none of them is carried forward", run.LogicalDate),
				Remedy:  "score that day again",
			})
			continue
		}
		absolute, err := filepath.Abs(s.outputPath(run))
		if err != nil {
			return nil, err
		}
		files = append(files, absolute)
	}
	return files, nil
}

// lastScores is the query of the last valid score of each entity. Scores that are
// not of these entities, since another bundle was on the stage, say nothing.
func (s *shift) lastScores(scores *dataset.Table) (query string, ok bool) {
	o := s.config.Observations
	var relations []string
	order := []string{"scored_on DESC", "decided_at DESC"}
	for _, segment := range scores.Segments {
		has := func(name string) bool {
			return slices.ContainsFunc(segment.Columns, func(c dataset.Column) bool { return c.Name == name })
		}
		if slices.ContainsFunc(o.Entity, func(name string) bool { return !has(name) }) {
			continue
		}
		relations = append(relations, "SELECT * FROM "+segment.Relation())
		for _, name := range o.Key {
			if column := dataset.Identifier(name); has(name) && !slices.Contains(order, column) {
				order = append(order, column)
			}
		}
	}
	return fmt.Sprintf(`SELECT * FROM (
		SELECT *, row_number() OVER (PARTITION BY %s ORDER BY %s, %s) AS "__rank" FROM (%s) p
		WHERE status = 'scored') WHERE "__rank" = 1`,
		qualified("p", o.Entity), strings.Join(order, ", "), pipeline.ScoreColumn, strings.Join(relations, " UNION ALL BY NAME ")), len(relations) > 0
}

// carriedRows is the query of the scores to publish; score is NULL for an
// observation whose entity has none.
func (s *shift) carriedRows(session *dataset.Session, last string, due bool) (string, error) {
	o := s.config.Observations
	today := dataset.Literal(s.in.Date)
	var identity, from string
	if due {
		typed, err := s.recipe.Contracts[o.Source].TypedSelect(session.Table(o.Source))
		if err != nil {
			return "", err
		}
		var equal []string
		for _, name := range o.Entity {
			equal = append(equal, fmt.Sprintf("o.%[1]s = l.%[1]s", dataset.Identifier(name)))
		}
		identity = qualified("o", s.identity()) + ", o.decided_at"
		from = fmt.Sprintf("(SELECT *, (%s\n)::TIMESTAMP AS decided_at FROM (%s) WHERE %s = DATE %s) o LEFT JOIN (%s) l ON %s",
			o.DecisionTime, typed, dataset.Identifier(o.Partition), today, last, strings.Join(equal, " AND "))
	} else {
		var columns []string
		for _, name := range s.identity() {
			switch {
			case name == o.Partition:
				columns = append(columns, fmt.Sprintf("DATE %s AS %s", today, dataset.Identifier(name)))
			case slices.Contains(o.Entity, name):
				columns = append(columns, "l."+dataset.Identifier(name))
			default:
				columns = append(columns, fmt.Sprintf("NULL AS %s", dataset.Identifier(name)))
			}
		}
		identity = strings.Join(columns, ", ") + ", NULL::TIMESTAMP AS decided_at"
		from = "(" + last + ") l"
	}
	return fmt.Sprintf(`SELECT %s, l.%s, 'carried_forward' AS status, l.scored_on,
		(DATE %s - l.scored_on)::INTEGER AS age_days, %s AS reason, l.bundle_version, l.bundle_id
		FROM %s ORDER BY ALL`, identity, pipeline.ScoreColumn, today, dataset.Literal(s.run.Reason), from), nil
}
