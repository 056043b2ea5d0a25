package promotion

import (
	"context"
	"fmt"

	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/ledger"
	"github.com/linecook-ml/linecook/pipeline/registry"
)

// Weigh answers a request and changes nothing: a dry run of Promote. An error
// means that there is no decision.
func Weigh(ctx context.Context, versions registry.Registry, runs ledger.Store, decider Decider, stages []Stage, request Request) (Decision, error) {
	if err := CheckStages(stages); err != nil {
		return Decision{}, err
	}
	requirement, err := FindStage(stages, request.Stage)
	if err != nil {
		return Decision{}, err
	}
	evidence, err := Gather(ctx, versions, runs, requirement, request)
	if err != nil {
		return Decision{}, err
	}
	decision, err := decider.Decide(ctx, evidence, requirement)
	if err != nil {
		return Decision{}, err
	}
	if err := decision.check(evidence); err != nil {
		return Decision{}, err
	}
	return decision, nil
}

// Promote answers a request and, when the answer is yes, assigns the version to
// the stage with the decision as the event's record. A denial is a Decision
// that is not Allowed and no error; the assignment is nil then. Of two
// promotions at once one wins: the other's error is registry.ErrConflict, since
// the history it was weighed against has changed.
func Promote(ctx context.Context, versions registry.Registry, runs ledger.Store, decider Decider, stages []Stage, request Request) (Decision, *registry.Assignment, error) {
	decision, err := Weigh(ctx, versions, runs, decider, stages, request)
	if err != nil || !decision.Allowed {
		return decision, nil, err
	}
	record, err := canonical.Marshal(Record{Decision: decision, Policy: decider.Policy()})
	if err != nil {
		return decision, nil, fmt.Errorf("record the decision: %w", err)
	}
	assignment, err := versions.Assign(ctx, registry.Assignment{
		Name:     request.Pipeline,
		Stage:    request.Stage,
		Sequence: next(decision.Evidence.History, request.Stage),
		Version:  decision.Version,
		BundleID: decision.BundleID,
		At:       decision.At,
		Actor:    request.Actor,
		Decision: record,
		Reason:   request.Reason,
	})
	if err != nil {
		return decision, nil, err
	}
	return decision, &assignment, nil
}

// next is the number of the stage's next event after the history that was
// weighed, so that an event in between makes the assignment a conflict.
func next(history []Assignment, stage string) int {
	last := int64(0)
	for _, a := range history {
		if a.Stage == stage {
			last = max(last, a.Sequence)
		}
	}
	return int(last) + 1
}

// check holds a decision against the evidence it was asked about. A decider
// that answers about something else, or allows with nothing required, has not
// answered.
func (d Decision) check(evidence Evidence) error {
	about := d.Operation == evidence.Operation && d.Pipeline == evidence.Pipeline && d.Stage == evidence.Stage && d.Version == evidence.Candidate.Version &&
		d.BundleID == evidence.Candidate.BundleID && d.At.Equal(evidence.At)
	if !about {
		return fmt.Errorf("the decision is about %s on %s and not about %s on %s: no decision was made", d.Version, d.Stage, evidence.Candidate.Version, evidence.Stage)
	}
	if d.Allowed != (len(d.Denials) == 0) || len(d.Required) == 0 {
		return fmt.Errorf("the decision on %s for %s says allowed: %t with %d denials of %d required checks: it contradicts itself", d.Version, d.Stage, d.Allowed, len(d.Denials), len(d.Required))
	}
	return nil
}
