package inference

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/internal/atomicfile"
	"github.com/linecook-ml/linecook/pipeline/ledger"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// ScoresFile is the file in each date= folder.
const ScoresFile = "scores.parquet"

// scoresTable holds the predictions beside the observations' identifiers.
const scoresTable = feature.ReservedPrefix + "scores"

// staging is a folder on the same disk as the scores, in which a file can be
// written and checked before anyone sees it.
type staging struct{ dir string }

func newStaging(folder string) (*staging, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder for scores: %w", err)
	}
	absolute, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(absolute, ".writing-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for unfinished scores: %w", err)
	}
	return &staging{dir: dir}, nil
}

// Close removes what was not published.
func (s *staging) Close() error { return os.RemoveAll(s.dir) }

// identity is SQL for the columns that name a scored row: partition, key and
// entity, each once.
func (s *shift) identity() []string {
	o := s.config.Observations
	var columns []string
	for _, name := range slices.Concat([]string{o.Partition}, o.Key, o.Entity) {
		if !slices.Contains(columns, name) {
			columns = append(columns, name)
		}
	}
	return columns
}

// scoredRows is the query of today's scores.
func (s *shift) scoredRows() string {
	return fmt.Sprintf(`SELECT %s, o.%s AS decided_at, s.value AS %s, 'scored' AS status,
		DATE %s AS scored_on, 0::INTEGER AS age_days, NULL::VARCHAR AS reason, %s AS bundle_version, %s AS bundle_id
		FROM %s o JOIN %s s ON s.id = o.%s ORDER BY o.%s`,
		qualified("o", s.identity()), feature.DecidedColumn, pipeline.ScoreColumn, dataset.Literal(s.in.Date),
		dataset.Literal(s.run.Bundle.Version), dataset.Literal(s.run.Bundle.ID),
		feature.ObservationsTable, scoresTable, feature.IDColumn, feature.IDColumn)
}

func qualified(table string, columns []string) string {
	parts := make([]string, len(columns))
	for i, name := range columns {
		parts[i] = table + "." + dataset.Identifier(name)
	}
	return strings.Join(parts, ", ")
}

// publish writes the rows of a query, checks the file under the output
// contract and moves it to its place. Until the move nobody sees anything.
func (s *shift) publish(ctx context.Context, session *dataset.Session, stage *staging, query string) (*ledger.Output, error) {
	temporary := filepath.Join(stage.dir, ScoresFile)
	if _, err := session.DB().ExecContext(ctx, fmt.Sprintf("COPY (%s) TO %s (FORMAT parquet, COMPRESSION zstd)",
		query, dataset.Literal(temporary))); err != nil {
		return nil, fmt.Errorf("write scores: %w", err)
	}
	rows, err := s.checkOutput(ctx, temporary)
	if err != nil {
		return nil, err
	}
	sum, err := digest(temporary)
	if err != nil {
		return nil, err
	}
	target := filepath.Join(s.folder, "date="+s.in.Date, ScoresFile)
	if err := atomicfile.Move(temporary, target); err != nil {
		return nil, fmt.Errorf("publish scores: %w", err)
	}
	relative, err := filepath.Rel(s.in.Home, target)
	if err != nil {
		return nil, err
	}
	return &ledger.Output{Path: filepath.ToSlash(relative), SHA256: sum, Rows: rows}, nil
}

// checkOutput holds the written file against the bundle's output contract. A
// breach is a failure of ours, not of the data.
func (s *shift) checkOutput(ctx context.Context, path string) (rows int64, err error) {
	session, findings, err := dataset.Open(ctx, dataset.Options{Root: filepath.Dir(path)}, dataset.Spec{Name: "scores", Paths: []string{path}})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	if len(findings) == 0 {
		result, err := contract.Check(ctx, session, session.Table("scores"), s.recipe.Output, contract.CheckOptions{})
		if err != nil {
			return 0, err
		}
		rows, findings = result.Rows, result.Findings
	}
	if report.HasErrors(findings) {
		return 0, fmt.Errorf("the scores of %s break the output contract and are not published: %w", s.in.Date, firstError(findings))
	}
	return rows, nil
}

func digest(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil)), nil
}
