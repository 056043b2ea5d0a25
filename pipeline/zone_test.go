package pipeline_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/report"
)

const zonedContract = `apiVersion: v3.1.0
kind: DataContract
id: %[1]s
version: 1.0.0
status: active
schema:
  - name: %[1]s
    properties:
      - {name: n, logicalType: integer}
      - {name: day, logicalType: date}
      - {name: seen, logicalType: timestamp%[2]s}
      - {name: done, logicalType: boolean}
`

const zonedPipeline = `format: linecook.pipeline/v1
name: zones
sources:
  - {name: asked, contract: asked.odcs.yaml, path: [asked.csv], partition: day, event_time: seen, known_at: seen,
     known_later: [{columns: [done], known_at: seen + INTERVAL 1 HOUR}]}
  - {name: read, contract: read.odcs.yaml, path: [read.csv], event_time: seen, known_at: seen + INTERVAL 10 MINUTE}
observations: {source: asked, decision_time: seen, key: [n], entity: [n], partition: day}
label: {name: done, expression: done, known_at: seen + INTERVAL 1 HOUR}
features:
  - name: readings
    aggregate: {source: read, function: count, window: 3 hours}
  - name: latest
    lookup: {source: read, value: n, within: 2 hours}
  - name: age
    sql: age
  - name: local_hour
    expression: hour(seen AT TIME ZONE 'UTC' AT TIME ZONE 'America/New_York')
queries:
  - {name: age, file: age.sql, reads: [{source: read, within: 2 hours}]}
split: {holdout: 1 day}
estimator: {kind: logistic_regression}
evaluation: {metrics: [roc_auc]}
stages:
  - {name: dev, require: [contract_clean]}
scoring: {max_age: 1 day}
`

// Readings are written in the local time of New York, on the days on which its
// clocks change. Windows are of time that has passed, not of what clocks show. Of
// the hour that comes twice the times are read as the second one's, which without
// an offset cannot be told apart: known later than they were, never earlier.
func TestLocalTimesAcrossTheClockChanges(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		day    string
		offset bool
	}{{"2013-03-10", false}, {"2013-11-03", false}, {"2013-11-03", true}} {
		day, err := time.Parse(time.DateOnly, c.day)
		if err != nil {
			t.Fatal(err)
		}
		asked, read := "n,day,seen,done\n", "n,day,seen,done\n"
		var readings []time.Time
		for n := range 48 {
			at := day.Add(time.Duration(n) * 30 * time.Minute)
			asked += fmt.Sprintf("%d,%s,%s,true\n", n, c.day, at.Add(20*time.Minute).Format("2006-01-02T15:04:05Z"))
			layout := time.DateTime
			if c.offset {
				layout = time.RFC3339
			}
			read += fmt.Sprintf("%d,%s,%s,true\n", n, c.day, at.In(zone).Format(layout))
			understood := at
			if again := at.Add(time.Hour); !c.offset && again.In(zone).Format(time.DateTime) == at.In(zone).Format(time.DateTime) {
				understood = again
			}
			readings = append(readings, understood)
		}
		zoned := ", logicalTypeOptions: {defaultTimezone: America/New_York}"
		if c.offset {
			zoned = ", logicalTypeOptions: {timezone: true}"
		}
		snapshot := zonedSnapshot(t, map[string]string{
			"asked.csv": asked, "asked.odcs.yaml": fmt.Sprintf(zonedContract, "asked", ""),
			"read.csv": read, "read.odcs.yaml": fmt.Sprintf(zonedContract, "read", zoned),
			"age.sql": "SELECT epoch(min(__decided_at - seen)) / 60 AS age FROM read",
		})
		for row, decided := range snapshot.DecidedAt {
			count, latest, age := 0, -1, -1
			for n, at := range readings {
				if at.Add(10*time.Minute).After(decided) || at.After(decided) {
					continue
				}
				if at.After(decided.Add(-3 * time.Hour)) {
					count++
				}
				if latest < 0 || !at.Before(readings[latest]) {
					latest, age = n, int(decided.Sub(at).Minutes())
				}
			}
			got := fmt.Sprint(snapshot.Frame.Columns[0].Numbers[row], snapshot.Frame.Columns[1].Numbers[row], snapshot.Frame.Columns[2].Numbers[row], snapshot.Frame.Columns[3].Numbers[row])
			if want := fmt.Sprint(count, latest, age, decided.In(zone).Hour()); got != want {
				t.Errorf("%s, with offsets %v, decided at %s: %s, want %s", c.day, c.offset, decided, got, want)
			}
		}
	}
}

func zonedSnapshot(t *testing.T, files map[string]string) *feature.Snapshot {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, findings := pipeline.ParseConfig(filepath.Join(dir, "pipeline.yaml"), []byte(zonedPipeline))
	if report.HasErrors(findings) {
		t.Fatalf("%+v", findings)
	}
	contracts, findings := c.ReadContracts(os.ReadFile)
	findings = append(findings, c.ReadQueries(os.ReadFile)...)
	if report.HasErrors(findings) {
		t.Fatalf("%+v", findings)
	}
	session, findings, err := c.Open(t.Context())
	if err != nil || len(findings) > 0 {
		t.Fatal(findings, err)
	}
	t.Cleanup(func() {
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	})
	plan, err := c.Plan(contracts, session, true)
	if err != nil {
		t.Fatal(err)
	}
	if honest, findings, err := plan.Lint(t.Context(), session.DB(), c.At); err != nil || honest != 4 || len(findings) > 0 {
		t.Fatalf("%d honest, %+v, %v", honest, findings, err)
	}
	snapshot, err := plan.Build(t.Context(), session.DB(), feature.Range{})
	if err != nil {
		t.Fatal(strings.ReplaceAll(err.Error(), dir, ""))
	}
	return snapshot
}
