package monitoring_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/monitoring"
	"github.com/linecook-ml/linecook/pipeline/report"
)

const orders = `date,id,ordered_at,minutes_late
2024-03-01,1,2024-03-01 09:00:00,30
2024-03-01,2,2024-03-01 10:00:00,0
2024-03-02,3,2024-03-02 09:00:00,600
2024-03-02,4,2024-03-02 10:00:00,
`

const contract = `apiVersion: v3.1.0
kind: DataContract
id: orders
version: 1.0.0
status: active
schema:
  - name: orders
    properties:
      - {name: date, logicalType: date}
      - {name: id, logicalType: integer}
      - {name: ordered_at, logicalType: timestamp}
      - {name: minutes_late, logicalType: integer}
`

const config = `format: linecook.pipeline/v1
name: shop
sources:
  - name: orders
    contract: orders.odcs.yaml
    path: [orders.csv]
    partition: date
    event_time: ordered_at
    known_at: ordered_at
    known_later:
      - columns: [minutes_late]
        known_at: ordered_at + to_minutes(60 + minutes_late)
observations: {source: orders, decision_time: ordered_at, key: [id], entity: [id], partition: date}
label: {name: late, expression: '%s', known_at: %s}
features:
  - {name: hour, expression: hour(ordered_at)}
split: {holdout: 1 day}
estimator: {kind: logistic_regression}
evaluation: {metrics: [roc_auc]}
stages:
  - {name: dev, require: [contract_clean]}
scoring: {max_age: 1 day}
`

// The label, and one that is no number for the first order.
const (
	late   = "minutes_late > 15"
	unsure = "CASE WHEN id = 1 THEN ''nan''::DOUBLE ELSE minutes_late / 60 END"
)

// An outcome counts once it was known: when the label says so, but not before
// the columns that it is made of, which training holds it to as well.
func TestReadTakesOutcomesThatWereKnown(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"orders.csv": orders, "orders.odcs.yaml": contract} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	scores := filepath.Join(dir, "scores.parquet")
	s, findings, err := dataset.Open(t.Context(), dataset.Options{WriteDirs: []string{dir}})
	if err != nil || len(findings) > 0 {
		t.Fatal(findings, err)
	}
	if _, err := s.DB().Exec("COPY (SELECT DATE '2024-03-01' + ((id - 1) // 2)::INTEGER AS date, id, 'scored' AS status, id / 10 AS score FROM range(1, 6) r(id)) TO " + dataset.Literal(scores)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ label, knownAt, before, known string }{
		{late, "ordered_at + to_minutes(60 + minutes_late)", "2024-03-02 09:00:00", "1 2"},
		{late, "ordered_at", "2024-03-01 10:30:00", ""},
		{late, "ordered_at", "2024-03-01 11:00:01", "1 2"},
		{late, "ordered_at", "2024-03-02 20:00:00", "1 2"},
		{late, "ordered_at", "2024-03-02 20:00:01", "1 2 3"},
		{late, "ordered_at + INTERVAL 2 DAY", "2024-03-03 12:00:00", "1 2"},
		{unsure, "ordered_at", "2024-03-02 20:00:01", "2 3"},
		{late, "NULL::TIMESTAMP", "2030-01-01 00:00:00", ""},
	} {
		c1, findings := pipeline.ParseConfig(filepath.Join(dir, "pipeline.yaml"), []byte(fmt.Sprintf(config, c.label, c.knownAt)))
		if report.HasErrors(findings) {
			t.Fatalf("%+v", findings)
		}
		contracts, findings := c1.ReadContracts(os.ReadFile)
		if report.HasErrors(findings) {
			t.Fatalf("%+v", findings)
		}
		before, err := time.Parse(time.DateTime, c.before)
		if err != nil {
			t.Fatal(err)
		}
		outcomes, err := monitoring.Read(t.Context(), c1, contracts, []string{scores}, before)
		if err != nil {
			t.Fatal(err)
		}
		var known []string
		for i, score := range outcomes.Score {
			if outcomes.Known[i] {
				known = append(known, fmt.Sprint(score*10))
			}
		}
		if len(outcomes.Score) != 5 || strings.Join(known, " ") != c.known {
			t.Errorf("%s, %s before %s: %q are known, want %q", c.label, c.knownAt, c.before, known, c.known)
		}
	}
}
