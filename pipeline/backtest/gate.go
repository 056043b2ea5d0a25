package backtest

import (
	"context"
	"slices"

	"github.com/linecook-ml/linecook/pipeline/promotion"
)

// A Gate is what a stage answered, as far as a rehearsal can ask it.
type Gate struct {
	promotion.Decision
	// NotJudged are the codes, sorted, of the checks that the stage requires and
	// that ask for what a rehearsal has not. They are in neither Required nor
	// Passed.
	NotJudged []string `json:"not_judged"`
}

// A gatekeeper decides without the checks that ask for what a rehearsal has
// not. The decision keeps the whole requirement, so that a record that is taken
// out of the rehearsal does not come out the same when it is made again.
type gatekeeper struct {
	promotion.Decider
	live []string
}

// Decide implements promotion.Decider.
func (g gatekeeper) Decide(ctx context.Context, evidence promotion.Evidence, requirement promotion.Stage) (promotion.Decision, error) {
	d, err := g.Decider.Decide(ctx, evidence, requirement)
	if err != nil {
		return promotion.Decision{}, err
	}
	d.Required = slices.DeleteFunc(slices.Clone(d.Required), g.isLive)
	d.Passed = slices.DeleteFunc(slices.Clone(d.Passed), g.isLive)
	d.Denials = slices.DeleteFunc(slices.Clone(d.Denials), func(denial promotion.Denial) bool { return g.isLive(denial.Code) })
	d.Allowed = len(d.Denials) == 0
	return d, nil
}

func (g gatekeeper) isLive(code string) bool { return slices.Contains(g.live, code) }

// notJudged are the live checks that a stage requires.
func (g gatekeeper) notJudged(stage promotion.Stage) []string {
	codes := slices.DeleteFunc(append([]string{}, stage.Require...), func(code string) bool { return !g.isLive(code) })
	slices.Sort(codes)
	return codes
}
