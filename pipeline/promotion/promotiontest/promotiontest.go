// Package promotiontest fills a registry and a ledger for tests of promotion:
// bundles that are whole and small, and runs that scored.
package promotiontest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/ledger"
	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/registry"
)

// Pipeline is the name that everything here is registered under.
const Pipeline = "flight-delay"

// Day is midnight UTC of a date, YYYY-MM-DD.
func Day(t testing.TB, date string) time.Time {
	t.Helper()
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		t.Fatal(err)
	}
	return day
}

// Report is an evaluation on September 2013 that every check can pass.
func Report(t testing.TB) evaluation.Report {
	t.Helper()
	return evaluation.Report{
		Task:         metric.Classification,
		Training:     evaluation.Period{From: Day(t, "2013-01-01"), To: Day(t, "2013-08-31")},
		Period:       evaluation.Period{From: Day(t, "2013-09-01"), To: Day(t, "2013-10-01")},
		GapSeconds:   86400,
		TrainingRows: 221000,
		Rows:         27315,
		Estimates: []metric.Estimate{
			{Metric: "roc_auc", Value: 0.71, Low: 0.702, High: 0.718, Level: 0.95, N: 27315, Positives: 4210, Days: 30},
			{Metric: "log_loss", Value: 0.391, Low: 0.385, High: 0.398, Level: 0.95, N: 27315, Positives: 4210, Days: 30},
		},
		Slices: []evaluation.Slice{{Feature: "origin", Level: "JFK", Estimates: []metric.Estimate{
			{Metric: "roc_auc", Value: 0.69, Low: 0.675, High: 0.705, Level: 0.95, N: 9100, Positives: 1300, Days: 30},
		}}},
		Reliability: []metric.Bin{{N: 27315, Positives: 4210, MeanPredicted: 0.15, ObservedRate: 0.154, Low: 0.15, High: 0.158}},
		Split:       evaluation.Split{Kind: evaluation.SplitTime, ComparedRows: 27315, LabelDelaySeconds: 14400},
		Leakage:     evaluation.Leakage{Features: 1, Rows: 27315},
		Contract:    evaluation.Contract{Checks: 31, Rows: 262144},
		Honesty:     evaluation.Honesty{StaticPassed: true, FeaturesChecked: 1, Dynamic: Certificate(t)},
	}
}

// Certificate is of the bundle that Register makes.
func Certificate(t testing.TB) evaluation.Certificate {
	t.Helper()
	return evaluation.Certificate{
		Passed: true, CutOffs: []time.Time{Day(t, "2013-03-01"), Day(t, "2013-06-10")}, Observations: 4000, Features: 1,
		RowsRemoved: 310000, RowsScrambled: 310000, Sample: 2000, Seed: 42,
		SnapshotDigest:    "sha256:" + strings.Repeat("0", 64),
		DefinitionsDigest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", // of {}
	}
}

// Register puts a version on the shelf and returns its bundle id. change may
// spoil the manifest and the evaluation before the bundle is sealed.
func Register(t testing.TB, versions registry.Registry, version string, change func(*bundle.Manifest, *evaluation.Report)) string {
	t.Helper()
	digest := "sha256:" + strings.Repeat("0", 64)
	manifest := bundle.Manifest{
		Format:    bundle.Format,
		Name:      Pipeline,
		Version:   version,
		Until:     "2013-10-01",
		Sources:   []bundle.SourceFingerprint{{Name: "flights", SHA256: digest, Rows: 262144, Files: 1}},
		Snapshot:  bundle.Snapshot{Digest: digest, Rows: 221000, Columns: 12},
		Code:      bundle.Code{Commit: strings.Repeat("0", 40)},
		Toolchain: bundle.Toolchain{Linecook: "test", Go: "test", DuckDB: "test", Platform: "test"},
	}
	report := Report(t)
	if change != nil {
		change(&manifest, &report)
	}
	data, err := evaluation.Write(report)
	if err != nil {
		t.Fatal(err)
	}
	files := []bundle.File{{Path: "evaluation.json", Role: bundle.RoleEvaluation, Data: data}}
	for _, role := range []bundle.Role{
		bundle.RoleModel, bundle.RolePrepare, bundle.RoleFeatures, bundle.RoleInputContract,
		bundle.RoleOutputContract, bundle.RoleProfile, bundle.RoleConfig,
	} {
		files = append(files, bundle.File{Path: string(role), Role: role, Data: []byte("{}")})
	}
	id, archive, err := bundle.Build(manifest, files)
	if err != nil {
		t.Fatal(err)
	}
	_, err = versions.Register(context.Background(), registry.Registration{
		Name: Pipeline, Version: version, RegisteredAt: Day(t, "2013-10-01"), Actor: "ada",
	}, archive)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Drift is of the one feature, so much, and of the scores, none.
func Drift(psi float64) []ledger.Drift {
	none := 0.0
	return []ledger.Drift{{Feature: "distance", Status: "measured", PSI: &psi, N: 900}, {Feature: "score", Status: "measured", PSI: &none, N: 900}}
}

// Run records one run of a bundle on a stage.
func Run(t testing.TB, runs ledger.Store, stage, date string, outcome ledger.Outcome, version, bundleID string) {
	t.Helper()
	run := ledger.Run{
		Pipeline: Pipeline, Stage: stage, LogicalDate: date, StartedAt: Day(t, date), Outcome: outcome, Actor: "ada",
		Bundle: ledger.Bundle{Name: Pipeline, Version: version, ID: bundleID},
	}
	if outcome != ledger.Scored {
		run.Reason = "the data broke its contract"
	}
	if outcome != ledger.Stopped {
		run.Output = &ledger.Output{Path: "scores.parquet", SHA256: "sha256:" + strings.Repeat("0", 64), Rows: 900}
		run.Drift = Drift(0.02)
	}
	if _, err := runs.Append(context.Background(), run); err != nil {
		t.Fatal(err)
	}
}
