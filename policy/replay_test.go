package policy

import (
	"context"
	"slices"
	"strings"
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

// A recorded decision is made again from its record alone; whatever is edited in
// the record is named.
func TestARecordIsDecidedAgainFromItselfAlone(t *testing.T) {
	w := newWorld(t)
	w.modules = own(`input.evidence.actor == "grace"`)
	w.stages[2].Require = append(w.stages[2].Require, "own")
	decision, event, err := w.promote()
	if err != nil || !decision.Allowed {
		t.Fatal(decision, err)
	}
	again, err := Replay(context.Background(), event.Decision, nil)
	if err != nil || !again.Same() || !again.Allowed || again.PolicyDigest != decision.PolicyDigest {
		t.Fatalf("%+v, %v", again, err)
	}
	for name, test := range map[string]struct{ old, with, says string }{
		"the verdict":         {`"allowed":true`, `"allowed":false`, "it is now allowed, and was denied"},
		"who asked":           {`"actor":"grace","allowed"`, `"actor":"ada","allowed"`, "the record's actor is not that of its evidence"},
		"a fact":              {`"dirty":false`, `"dirty":true`, "the evidence is not what was decided on"},
		"a bound":             {`"min_days":7`, `"min_days":1`, "the requirement is not what was decided on"},
		"a check that passed": {`"passed":["approved",`, `"passed":["aproved",`, "aproved was passed and is not now"},
		"one's own rule":      {`input.evidence.actor == \"grace\"`, `input.evidence.actor != \"\"`, "the policy is not what decided"},
		"linecook's rule":     {`default allowed := false`, `default allowed := true`, "the policy is not what decided"},
		"the policy's digest": {decision.PolicyDigest, "sha256:" + strings.Repeat("0", 64), "the policy is not what decided"},
		"no policy":           {`"linecook/input.schema.json"`, `"linecook/output.schema.json"`, "the recorded policy cannot decide"},
		"another file":        {`"own/own.rego"`, `"their/own.rego"`, "is no file of a policy"},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Count(string(event.Decision), test.old) != 1 {
				t.Fatalf("%s stands %d times in the record", test.old, strings.Count(string(event.Decision), test.old))
			}
			again, err := Replay(context.Background(), []byte(strings.Replace(string(event.Decision), test.old, test.with, 1)), nil)
			if err != nil || again.Same() || !slices.ContainsFunc(again.Differences, func(d string) bool { return strings.Contains(d, test.says) }) {
				t.Errorf("%q, %v; want %s", again.Differences, err, test.says)
			}
		})
	}
	for _, text := range []string{"", "null", "{}", "[]", `{"evidence":1}`} {
		if again, err := Replay(context.Background(), []byte(text), nil); err != nil || again.Same() || again.Allowed {
			t.Errorf("%q: %+v, %v", text, again, err)
		}
	}
	present := &Present{Engine: engine(t), Stages: w.stages[:2]}
	if again, err := Replay(context.Background(), event.Decision, present); err != nil || again.Same() || !strings.Contains(again.Differences[0], "use one of: dev, staging") {
		t.Errorf("%+v, %v", again, err)
	}
}
