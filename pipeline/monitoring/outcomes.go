package monitoring

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// scoresSource names the published scores among a session's tables.
const scoresSource = "linecook-published-scores"

// Outcomes are published scores beside what happened, in the order of their
// partition and key.
type Outcomes struct {
	Partition []string
	// Carried says that a score was carried forward.
	Carried []bool
	Score   []float64
	// Label is the outcome, where Known.
	Label []float64
	Known []bool
}

// Read joins score files with the labels that were known before the cut-off: as
// in training, no label is known before the columns that it is made of.
// Rows whose observation cannot be found have no label.
func Read(ctx context.Context, c *pipeline.Config, contracts pipeline.Contracts, files []string, before time.Time) (outcomes *Outcomes, err error) {
	absolute := make([]string, len(files))
	for i, file := range files {
		if absolute[i], err = filepath.Abs(file); err != nil {
			return nil, err
		}
	}
	_, index, _ := c.Source(c.Observations.Source)
	session, findings, err := dataset.Open(ctx, dataset.Options{Root: c.Root},
		c.Specs()[index], dataset.Spec{Name: scoresSource, Paths: absolute, Format: "parquet"})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	if len(findings) > 0 {
		return nil, fmt.Errorf("read outcomes: %s", findings[0].Message)
	}
	plan, err := c.LabelPlan(contracts, session)
	if err != nil {
		return nil, err
	}
	known, err := plan.LabelKnown(ctx, session.DB())
	if err != nil {
		return nil, err
	}
	rows, err := session.DB().QueryContext(ctx, outcomesQuery(c, plan.Sources[0].Select, known, session.Table(scoresSource), before))
	if err != nil {
		return nil, fmt.Errorf("read outcomes: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	outcomes = &Outcomes{}
	for rows.Next() {
		var partition time.Time
		var carried bool
		var score float64
		var label *float64
		if err := rows.Scan(&partition, &carried, &score, &label); err != nil {
			return nil, fmt.Errorf("read outcomes: %w", err)
		}
		outcomes.Partition = append(outcomes.Partition, partition.Format(time.DateOnly))
		outcomes.Carried = append(outcomes.Carried, carried)
		outcomes.Score = append(outcomes.Score, score)
		known := label != nil && !math.IsNaN(*label)
		if !known {
			label = new(float64)
		}
		outcomes.Known, outcomes.Label = append(outcomes.Known, known), append(outcomes.Label, *label)
	}
	return outcomes, rows.Err()
}

func outcomesQuery(c *pipeline.Config, typed, known string, scores *dataset.Table, before time.Time) string {
	partition := dataset.Identifier(c.Observations.Partition)
	// A key may come back in another partition.
	equal := []string{fmt.Sprintf("s.%[1]s::DATE = o.%[1]s::DATE", partition)}
	var relations, order []string
	for _, segment := range scores.Segments {
		relations = append(relations, "SELECT * FROM "+segment.Relation())
	}
	for _, name := range c.Observations.Key {
		equal = append(equal, fmt.Sprintf("s.%[1]s = o.%[1]s", dataset.Identifier(name)))
		order = append(order, "s."+dataset.Identifier(name))
	}
	return fmt.Sprintf(`SELECT s.%[1]s, s.status = 'carried_forward', s.%[2]s,
			CASE WHEN o."__known_at" < TIMESTAMP %[3]s THEN o."__label" END
		FROM (%[4]s) s LEFT JOIN (
			SELECT *, (%[5]s
			)::DOUBLE AS "__label", %[6]s AS "__known_at" FROM (%[7]s)
		) o ON %[8]s ORDER BY s.%[1]s, %[9]s`,
		partition, pipeline.ScoreColumn, dataset.Literal(before.UTC().Format("2006-01-02 15:04:05")),
		strings.Join(relations, " UNION ALL BY NAME "), c.Label.Expression, known, typed,
		strings.Join(equal, " AND "), strings.Join(order, ", "))
}
