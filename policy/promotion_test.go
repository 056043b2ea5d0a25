package policy

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/ledger"
	ledgerdir "github.com/linecook-ml/linecook/pipeline/ledger/dir"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/promotion/promotiontest"
	registrydir "github.com/linecook-ml/linecook/pipeline/registry/dir"
)

// A version's way from the shelf to prod through the real registry, ledger and
// policy, with what is denied on the way.
func TestTheWayToProd(t *testing.T) {
	ctx := context.Background()
	versions, runs := registrydir.Open(t.TempDir()), ledgerdir.Open(t.TempDir())
	floor := 0.65
	base := []string{"clean_commit", "contract_clean", "evaluated_later", "honest_features"}
	floors := []promotion.MetricFloor{{Metric: "roc_auc", Min: &floor, MinRows: 1000}}
	stages := []promotion.Stage{
		{Name: "dev", Require: base},
		{Name: "staging", After: "dev", Require: append(slices.Clone(base), "metric_floors"), Metrics: floors},
		{Name: "prod", After: "staging", Require: append(slices.Clone(base), "metric_floors", "champion_not_worse", "staged_days", "recent_training"), Metrics: floors, MinDays: 3, MaxAgeDays: 400},
	}
	e := engine(t)
	promote := func(version, stage, date string, denied ...string) {
		t.Helper()
		decision, assignment, err := promotion.Promote(ctx, versions, runs, e, stages, promotion.Request{
			Pipeline: promotiontest.Pipeline, Version: version, Stage: stage, At: promotiontest.Day(t, date), Actor: "ada", Origin: promotion.Origin{Kind: promotion.OriginLocal},
		})
		if err != nil {
			t.Fatal(err)
		}
		codes := []string{}
		for _, d := range decision.Denials {
			codes = append(codes, d.Code)
		}
		if !slices.Equal(codes, denied) || (assignment != nil) != (len(denied) == 0) {
			t.Fatalf("denied by %v, want %v; assignment %v\n%s", codes, denied, assignment, decision)
		}
	}

	id := promotiontest.Register(t, versions, "1.0.0", nil)
	promote("1.0.0", "staging", "2013-10-02", "previous_stage")
	promote("1.0.0", "dev", "2013-09-15", "evaluated_later")
	promote("1.0.0", "dev", "2013-10-02")
	promote("1.0.0", "dev", "2013-10-02", "not_current")
	promote("1.0.0", "staging", "2013-10-02")
	promote("1.0.0", "prod", "2013-10-02", "staged_days")
	for day := 2; day <= 4; day++ {
		promotiontest.Run(t, runs, "staging", fmt.Sprintf("2013-10-%02d", day), ledger.Scored, "1.0.0", id)
	}
	promote("1.0.0", "prod", "2013-10-04")

	worse := promotiontest.Register(t, versions, "1.1.0", func(_ *bundle.Manifest, r *evaluation.Report) {
		r.Estimates[0].Value, r.Estimates[0].Low, r.Estimates[0].High = 0.67, 0.66, 0.68
	})
	promote("1.1.0", "dev", "2013-10-05")
	promote("1.1.0", "staging", "2013-10-05")
	for day := 5; day <= 7; day++ {
		promotiontest.Run(t, runs, "staging", fmt.Sprintf("2013-10-%02d", day), ledger.Scored, "1.1.0", worse)
	}
	promote("1.1.0", "prod", "2013-10-07", "champion_not_worse")
	promote("1.1.0", "prod", "2015-01-01", "champion_not_worse", "recent_training")

	promotiontest.Register(t, versions, "1.2.0", func(m *bundle.Manifest, r *evaluation.Report) {
		m.Code.Dirty, r.Contract.Errors, r.Honesty.StaticPassed = true, 3, false
	})
	promote("1.2.0", "dev", "2013-10-08", "clean_commit", "contract_clean", "honest_features")
}
