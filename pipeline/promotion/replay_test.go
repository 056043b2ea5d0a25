package promotion_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/canonical"
	ledgerdir "github.com/linecook-ml/linecook/pipeline/ledger/dir"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/promotion/promotiontest"
	"github.com/linecook-ml/linecook/pipeline/registry"
	registrydir "github.com/linecook-ml/linecook/pipeline/registry/dir"
)

// recorded is a history with one promotion.
func recorded(t *testing.T) []registry.Assignment {
	t.Helper()
	versions, runs := registrydir.Open(t.TempDir()), ledgerdir.Open(t.TempDir())
	promotiontest.Register(t, versions, "1.0.0", nil)
	allows := decider{allowed: true, change: func(d *promotion.Decision) {
		digest, err := canonical.Digest(d.Evidence)
		if err != nil {
			t.Fatal(err)
		}
		d.EvidenceDigest = digest
	}}
	if _, _, err := promotion.Promote(ctx, versions, runs, allows, stages, request(t, "1.0.0", "dev", "2013-10-02")); err != nil {
		t.Fatal(err)
	}
	history, err := versions.History(ctx, promotiontest.Pipeline)
	if err != nil || len(history) != 1 {
		t.Fatal(history, err)
	}
	return history
}

func TestReplayDecidesAgain(t *testing.T) {
	history := recorded(t)
	for _, allowed := range []bool{true, false} {
		again, err := promotion.Replay(ctx, decider{allowed: allowed}, stages, history)
		if err != nil || len(again) != 1 || again[0].Decision == nil || again[0].Decision.Allowed != allowed || again[0].Event.Version != "1.0.0" {
			t.Errorf("%+v, %v", again, err)
		}
	}
}

func TestWhatCannotBeDecidedAgainIsNoPermission(t *testing.T) {
	history := recorded(t)
	change := func(old, with string) func([]registry.Assignment) {
		return func(h []registry.Assignment) {
			if !bytes.Contains(h[0].Decision, []byte(old)) {
				t.Fatalf("%s is not in %s", old, h[0].Decision)
			}
			h[0].Decision = bytes.Replace(h[0].Decision, []byte(old), []byte(with), 1)
		}
	}
	tests := []struct {
		name    string
		change  func([]registry.Assignment)
		stages  []promotion.Stage
		decider promotion.Decider
		says    string
	}{
		{"no record", func(h []registry.Assignment) { h[0].Decision = []byte("{}") }, stages, decider{allowed: true}, "no evidence"},
		{"not JSON", func(h []registry.Assignment) { h[0].Decision = []byte("[") }, stages, decider{allowed: true}, "not a decision"},
		{"evidence that was touched", change(`"verified":true`, `"verified":false`), stages, decider{allowed: true}, "digest"},
		{"a field of another version", change(`"dirty":`, `"filthy":true,"dirty":`), stages, decider{allowed: true}, "not a decision"},
		{"a stage that is gone", nil, stages[1:2], decider{allowed: true}, "stage"},
		{"a decider that fails", nil, stages, decider{err: errors.New("no answer")}, "no answer"},
		{"a decider that contradicts itself", nil, stages, decider{allowed: true, change: func(d *promotion.Decision) { d.Required = nil }}, "contradicts"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := []registry.Assignment{history[0]}
			h[0].Decision = bytes.Clone(history[0].Decision)
			if test.change != nil {
				test.change(h)
			}
			again, err := promotion.Replay(ctx, test.decider, test.stages, h)
			if err != nil || len(again) != 1 || again[0].Decision != nil || !strings.Contains(again[0].Problem, test.says) {
				t.Errorf("%+v, %v", again, err)
			}
		})
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := promotion.Replay(cancelled, decider{allowed: true}, stages, history); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
