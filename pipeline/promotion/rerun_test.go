package promotion_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	ledgerdir "github.com/linecook-ml/linecook/pipeline/ledger/dir"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/promotion/promotiontest"
	"github.com/linecook-ml/linecook/pipeline/registry"
	registrydir "github.com/linecook-ml/linecook/pipeline/registry/dir"
)

// An event that nobody confirms is not taken for granted because a run names it:
// whoever may push tags can name any run.
func TestADoubtfulEventIsDecidedAnew(t *testing.T) {
	versions, runs := registrydir.Open(t.TempDir()), ledgerdir.Open(t.TempDir())
	promotiontest.Register(t, versions, "1.0.0", nil)
	promotiontest.Register(t, versions, "1.1.0", nil)
	asked := request(t, "1.0.0", "dev", "2013-10-02")
	for i, version := range []string{"1.0.0", "1.1.0"} {
		asked = request(t, version, "dev", "2013-10-02")
		asked.Origin = promotion.Origin{Kind: promotion.OriginGitHub, Run: fmt.Sprintf("https://github.com/octo/flights/actions/runs/%d/attempts/1", i+1)}
		if _, event, err := promotion.Promote(ctx, versions, runs, decider{allowed: true}, stages, asked); err != nil || event == nil {
			t.Fatal(event, err)
		}
	}
	broken := errors.New("nobody could be asked")
	for name, c := range map[string]struct{ says, doubt, fails error }{
		"confirmed":      {},
		"in doubt":       {says: fmt.Errorf("forged: %w", registry.ErrUnconfirmed), doubt: registry.ErrUnconfirmed},
		"nobody answers": {says: broken, fails: broken},
	} {
		t.Run(name, func(t *testing.T) {
			asked.Confirm = func(_ context.Context, _ string, _ []registry.Assignment, stages ...string) error {
				if !slices.Equal(stages, []string{"dev"}) {
					t.Errorf("it asks about %q", stages)
				}
				return c.says
			}
			granted, err := promotion.Before(ctx, versions, asked)
			if !errors.Is(err, c.fails) || (granted == nil) != (c.fails != nil) || granted != nil && !errors.Is(granted.Doubt, c.doubt) {
				t.Errorf("granted %+v, %v", granted, err)
			}
		})
	}

	// Without it, its version is weighed against what was there before.
	open := asked
	open.Operation, open.Version, open.Confirm = promotion.OperationPromote, "1.1.0", func(context.Context, string, []registry.Assignment, ...string) error {
		return registry.ErrUnconfirmed
	}
	granted, err := promotion.Before(ctx, versions, open)
	if err != nil || granted == nil {
		t.Fatal(granted, err)
	}
	var confirmed []string
	hiding, again := granted.Without(versions, open, func(_ context.Context, name string, history []registry.Assignment, stages ...string) error {
		if name != promotiontest.Pipeline || len(stages) > 0 {
			t.Errorf("it asks about %q of %s, and not about every stage", stages, name)
		}
		for _, a := range history {
			confirmed = append(confirmed, a.Tag())
		}
		return nil
	})
	decision, err := promotion.Weigh(ctx, hiding, runs, decider{allowed: true}, stages, again)
	if err != nil || decision.Version != "1.1.0" || len(decision.Evidence.History) != 1 || decision.Evidence.Champion == nil || decision.Evidence.Champion.Version != "1.0.0" {
		t.Errorf("decided on %+v, %v", decision, err)
	}
	if !slices.Equal(confirmed, []string{"flight-delay#dev#1"}) {
		t.Errorf("asked about %q", confirmed)
	}
	if history, err := versions.History(ctx, promotiontest.Pipeline); err != nil || len(history) != 2 {
		t.Errorf("the registry has %d events, %v", len(history), err)
	}
}
