package policy

import (
	"context"
	"testing"

	ledgerdir "github.com/linecook-ml/linecook/pipeline/ledger/dir"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/promotion/promotiontest"
	registrydir "github.com/linecook-ml/linecook/pipeline/registry/dir"
)

// A promotion that is on record is decided again from its record alone, and
// differently where the stage asks for more.
func TestRecordedPromotionsAreDecidedAgain(t *testing.T) {
	ctx := context.Background()
	versions, runs := registrydir.Open(t.TempDir()), ledgerdir.Open(t.TempDir())
	promotiontest.Register(t, versions, "1.0.0", nil)
	stages := []promotion.Stage{{Name: "dev", Require: []string{"clean_commit"}}}
	request := promotion.Request{Pipeline: promotiontest.Pipeline, Version: "1.0.0", Stage: "dev", At: promotiontest.Day(t, "2013-10-02"), Actor: "ada", Origin: promotion.Origin{Kind: promotion.OriginLocal}}
	decision, _, err := promotion.Promote(ctx, versions, runs, engine(t), stages, request)
	if err != nil || !decision.Allowed {
		t.Fatal(decision, err)
	}
	history, err := versions.History(ctx, promotiontest.Pipeline)
	if err != nil {
		t.Fatal(err)
	}
	again, err := promotion.Replay(ctx, engine(t), stages, history)
	if err != nil || len(again) != 1 || again[0].Decision == nil || !again[0].Decision.Allowed {
		t.Fatalf("%+v, %v", again, err)
	}
	floor := 0.99
	stages[0] = promotion.Stage{Name: "dev", Require: []string{"metric_floors"}, Metrics: []promotion.MetricFloor{{Metric: "roc_auc", Min: &floor}}}
	again, err = promotion.Replay(ctx, engine(t), stages, history)
	if err != nil || again[0].Decision == nil || again[0].Decision.Allowed || again[0].Decision.Denials[0].Code != "metric_floors" {
		t.Errorf("%+v, %v", again, err)
	}
}
