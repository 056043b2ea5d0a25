package promotion

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/registry"
)

// A Replayed is a recorded promotion that was decided again.
type Replayed struct {
	Event registry.Assignment
	// Decision is the new one; nil where Problem says why there is none.
	Decision *Decision
	Problem  string
}

// Replay decides recorded promotions again: the evidence of then, under the
// decider and the stages of now. What cannot be decided again is no error, and
// no permission. The error is the context's.
func Replay(ctx context.Context, decider Decider, stages []Stage, history []registry.Assignment) ([]Replayed, error) {
	var all []Replayed
	for _, event := range history {
		decision, err := replay(ctx, decider, stages, event)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		replayed := Replayed{Event: event}
		if err != nil {
			replayed.Problem = err.Error()
		} else {
			replayed.Decision = &decision
		}
		all = append(all, replayed)
	}
	return all, nil
}

func replay(ctx context.Context, decider Decider, stages []Stage, event registry.Assignment) (Decision, error) {
	var recorded Record
	if err := canonical.Unmarshal(event.Decision, &recorded); err != nil {
		return Decision{}, fmt.Errorf("its record is not a decision: %w", err)
	}
	// The digest is of the text as it was: an earlier linecook's evidence had
	// fewer fields, and the policy of now will say which it lacks.
	var kept struct {
		Evidence json.RawMessage `json:"evidence"`
	}
	if err := json.Unmarshal(event.Decision, &kept); err != nil {
		return Decision{}, fmt.Errorf("its record is not a decision: %w", err)
	}
	text, err := canonical.Transform(kept.Evidence)
	if err != nil {
		return Decision{}, fmt.Errorf("its record holds no evidence: %w", err)
	}
	digest := canonical.DigestBytes(text)
	if digest != recorded.EvidenceDigest {
		return Decision{}, fmt.Errorf("its evidence is not what was decided on: its digest is %s and not %s", digest, recorded.EvidenceDigest)
	}
	requirement, err := FindStage(stages, event.Stage)
	if err != nil {
		return Decision{}, err
	}
	decision, err := decider.Decide(ctx, recorded.Evidence, requirement)
	if err != nil {
		return Decision{}, err
	}
	return decision, decision.check(recorded.Evidence)
}
