package promotion

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/ledger"
	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/registry"
)

// A Request asks to put a version on a stage.
type Request struct {
	// Operation is OperationPromote unless said.
	Operation Operation
	Pipeline  string
	Version   string
	Stage     string
	// At is the logical time of the promotion. Runs after its day are not
	// counted, and data or evaluations from after it are denied.
	At    time.Time
	Actor string
	// Reason is for people and decides nothing.
	Reason string
	// Origin is where the promotion runs, Policy where its rules were read.
	Origin Origin
	Policy PolicyOrigin
	// Confirm is asked before what is on any stage is believed.
	Confirm registry.Confirmation
	// Witness is asked for what neither registry nor ledger knows; nil is nobody.
	Witness Witness
}

// Gather collects the evidence for a request. It fails where something could
// not be looked at; what was looked at and is not there stays out of the
// evidence, and the policy finds it missing.
func Gather(ctx context.Context, versions registry.Registry, runs ledger.Store, requirement Stage, request Request) (Evidence, error) {
	fail := func(err error) (Evidence, error) {
		return Evidence{}, fmt.Errorf("gather the evidence for %s: %w", registry.VersionTag(request.Pipeline, request.Version), err)
	}
	candidate, registration, err := versions.Fetch(ctx, request.Pipeline, request.Version)
	if err != nil {
		return fail(err)
	}
	until, err := parseUntil(candidate.Manifest.Until)
	if err != nil {
		return fail(err)
	}
	report, err := evaluation.Read(candidate.Data(bundle.RoleEvaluation))
	if err != nil {
		return fail(err)
	}
	if err := certified(candidate, report.Honesty.Dynamic); err != nil {
		return fail(err)
	}
	history, err := versions.History(ctx, request.Pipeline)
	if err != nil {
		return fail(err)
	}
	if request.Confirm != nil {
		// Not only of the stages that the decision rests on: the record lists every
		// event, and a false one must not gain by that. Nor only of those that have
		// events: where all were removed a version would be the first again.
		if err := request.Confirm(ctx, request.Pipeline, history); err != nil {
			return fail(err)
		}
	}
	before, err := assignments(history)
	if err != nil {
		return fail(err)
	}
	champion, err := champion(ctx, versions, history, requirement.Name)
	if err != nil {
		return fail(err)
	}
	staged, err := stageRuns(ctx, runs, requirement.After, candidate.ID, until, request)
	if err != nil {
		return fail(err)
	}
	provenance, approvals, err := testimony(ctx, requirement, request, candidate, registration)
	if err != nil {
		return fail(err)
	}
	rules, err := rulesOf(ctx, requirement, request)
	if err != nil {
		return fail(err)
	}
	return Evidence{
		Operation: request.operation(),
		Pipeline:  request.Pipeline,
		Stage:     request.Stage,
		At:        request.At.UTC(),
		Actor:     request.Actor,
		Origin:    request.Origin,
		Policy:    rules,
		Candidate: Candidate{
			Version:       request.Version,
			BundleID:      candidate.ID,
			Verified:      candidate.ID == registration.BundleID && registration.Version == request.Version,
			ArchiveSHA256: registration.ArchiveSHA256,
			TrainedBy:     registration.Actor,
			Until:         until,
			TrainedCommit: candidate.Manifest.Code.Commit,
			Dirty:         candidate.Manifest.Code.Dirty,
		},
		Provenance: provenance,
		Approvals:  approvals,
		Evaluation: evaluationOf(report),
		Comparison: comparisonOf(report.Comparison),
		Honesty:    report.Honesty,
		Contract:   report.Contract,
		History:    before,
		Champion:   champion,
		Runs:       staged,
	}, nil
}

func (r Request) operation() Operation { return cmp.Or(r.Operation, OperationPromote) }

// The checks that need a witness. Others, of one's own too, find what was asked
// for these.
const (
	checkApproved  = "approved"
	checkAttested  = "attested"
	checkProtected = "protected_policy"
)

// required are the checks of the stage that the request must pass.
func (r Request) required(requirement Stage) []string {
	if r.operation() == OperationRollback {
		return requirement.Rollback
	}
	return requirement.Require
}

// rulesOf is where the rules were read, with what GitHub says of the branch where
// the stage requires that.
func rulesOf(ctx context.Context, requirement Stage, request Request) (PolicyOrigin, error) {
	rules := request.Policy
	branch := request.Origin.DefaultBranch
	if request.Witness == nil || branch == "" || !slices.Contains(request.required(requirement), checkProtected) {
		return rules, nil
	}
	var err error
	if rules.Head, err = request.Witness.Head(ctx, branch); err != nil {
		return PolicyOrigin{}, fmt.Errorf("look up the rules' branch: %w", err)
	}
	return rules, nil
}

// testimony asks the witness for what the stage requires: a promotion, and a
// rollback above all, must not wait for a service that it does not need.
func testimony(ctx context.Context, requirement Stage, request Request, candidate *bundle.Bundle, registration registry.Registration) (provenance Provenance, approvals Approvals, err error) {
	required := request.required(requirement)
	about := Subject{
		Pipeline: request.Pipeline, Version: request.Version, Tag: registry.VersionTag(request.Pipeline, request.Version),
		BundleID: candidate.ID, ArchiveSHA256: registration.ArchiveSHA256, Commit: candidate.Manifest.Code.Commit,
	}
	if request.Witness != nil && slices.Contains(required, checkAttested) {
		if provenance, err = request.Witness.Provenance(ctx, about); err != nil {
			return Provenance{}, Approvals{}, fmt.Errorf("look for its provenance: %w", err)
		}
	}
	if request.Witness != nil && slices.Contains(required, checkApproved) {
		if approvals, err = request.Witness.Approvals(ctx, about); err != nil {
			return Provenance{}, Approvals{}, fmt.Errorf("look for its approvals: %w", err)
		}
	}
	return provenance, approvals.normal(), nil
}

// normal has no nil list, so that none and not looked differ by Looked alone.
func (a Approvals) normal() Approvals {
	a.Authors = append([]Authors{}, a.Authors...)
	a.Reviews = append([]Review{}, a.Reviews...)
	for i := range a.Reviews {
		a.Reviews[i].At = a.Reviews[i].At.UTC()
	}
	return a
}

// certified refuses a certificate of honesty that is of other features than the
// bundle's.
func certified(b *bundle.Bundle, c evaluation.Certificate) error {
	if !c.Passed {
		return nil
	}
	if c.SnapshotDigest != b.Manifest.Snapshot.Digest {
		return fmt.Errorf("its proof of honesty is of the snapshot %s, and the bundle's is %s; train again", c.SnapshotDigest, b.Manifest.Snapshot.Digest)
	}
	for _, member := range b.Manifest.Members {
		if member.Role == bundle.RoleFeatures && member.SHA256 != c.DefinitionsDigest {
			return fmt.Errorf("its proof of honesty is of the definitions %s, and the bundle's are %s; train again", c.DefinitionsDigest, member.SHA256)
		}
	}
	return nil
}

// parseUntil reads a manifest's cut-off; a date means its midnight, UTC.
func parseUntil(text string) (time.Time, error) {
	if date, err := time.Parse(time.DateOnly, text); err == nil {
		return date, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("the bundle's cut-off %q is neither a date nor a time; train again", text)
	}
	return at.UTC(), nil
}

func evaluationOf(r evaluation.Report) Evaluation {
	e := Evaluation{
		Task:       string(r.Task),
		Training:   r.Training,
		Period:     r.Period,
		GapSeconds: r.GapSeconds,
		Rows:       r.Rows,
		Estimates:  estimates(r.Task, "", r.Estimates),
		Split: Split{
			Kind: r.Split.Kind, Grouped: r.Split.Grouped, ComparedRows: r.Split.ComparedRows, OverlapRows: r.Split.OverlapRows,
		},
		Leakage: r.Leakage,
	}
	if cv := r.CrossValidation; cv != nil {
		e.CrossValidation = CrossValidation{Folds: int64(len(cv.Folds)), Candidates: int64(len(cv.Candidates))}
	}
	for _, s := range r.Slices {
		e.Estimates = append(e.Estimates, estimates(r.Task, s.Name(), s.Estimates)...)
	}
	return e
}

func estimates(task metric.Task, slice string, measured []metric.Estimate) []Estimate {
	all := []Estimate{}
	for _, m := range measured {
		e := Estimate{Metric: m.Metric, Slice: slice, Value: m.Value, Low: m.Low, High: m.High, Level: m.Level, N: int64(m.N)}
		if task == metric.Classification {
			positives := int64(m.Positives)
			e.Positives = &positives
		}
		all = append(all, e)
	}
	return all
}

func assignments(history []registry.Assignment) ([]Assignment, error) {
	all := []Assignment{}
	for _, a := range history {
		digest, err := a.Digest()
		if err != nil {
			return nil, err
		}
		all = append(all, Assignment{
			Stage: a.Stage, Sequence: int64(a.Sequence), Version: a.Version, BundleID: a.BundleID, At: a.At.UTC(), Operation: operationOf(a), Digest: digest,
		})
	}
	return all, nil
}

// champion is what serves on the stage, or nil when nothing does. A champion
// whose bundle is lost, damaged or of another linecook's form is nil as well: it
// must not stop a stage from being repaired, and where the policy asks for a
// comparison it finds none.
func champion(ctx context.Context, versions registry.Registry, history []registry.Assignment, stage string) (*Champion, error) {
	serving, found := registry.Current(history, stage)
	if !found {
		return nil, nil
	}
	b, _, err := versions.Fetch(ctx, serving.Name, serving.Version)
	if errors.Is(err, registry.ErrCorrupt) || errors.Is(err, registry.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the champion %s of %s: %w", serving.Version, stage, err)
	}
	if report, err := evaluation.Read(b.Data(bundle.RoleEvaluation)); err == nil {
		return &Champion{Version: serving.Version, BundleID: b.ID, Evaluation: evaluationOf(report)}, nil
	}
	return nil, nil
}

// stageRuns counts the candidate's days on the stage before, from its cut-off up
// to the day of the request: on earlier ones it would be tried on what it was
// trained on. A day is that of its last scores, which a later attempt without any
// leaves in place, else that of its last attempt. It is empty when there were none.
func stageRuns(ctx context.Context, runs ledger.Store, stage, bundleID string, until time.Time, request Request) ([]StageRuns, error) {
	if stage == "" {
		return []StageRuns{}, nil
	}
	all, err := runs.Runs(ctx, request.Pipeline, stage)
	if err != nil {
		return nil, fmt.Errorf("read the runs on %s: %w", stage, err)
	}
	today := request.At.UTC().Format(time.DateOnly)
	count := StageRuns{Stage: stage, BundleID: bundleID, Drift: []Drift{}}
	for i, run := range all {
		last := i+1 == len(all) || all[i+1].LogicalDate != run.LogicalDate
		if scored, ok := ledger.LastScoredOn(all, run.LogicalDate); ok {
			run = scored
		}
		day, err := time.Parse(time.DateOnly, run.LogicalDate)
		if err != nil {
			return nil, fmt.Errorf("read the runs on %s: %w", stage, err)
		}
		if !last || run.LogicalDate > today || day.Before(until) || run.Bundle.ID != bundleID {
			continue
		}
		switch run.Outcome {
		case ledger.Scored:
			count.DaysScored++
			count.Drift, count.DriftDate = driftOf(run), run.LogicalDate
		case ledger.CarriedForward:
			count.DaysCarriedForward++
		case ledger.Stopped:
			count.DaysStopped++
		}
		count.LastDate = run.LogicalDate
	}
	if count.LastDate == "" {
		return []StageRuns{}, nil
	}
	return []StageRuns{count}, nil
}

func driftOf(run ledger.Run) []Drift {
	all := []Drift{}
	for _, d := range run.Drift {
		all = append(all, Drift(d))
	}
	return all
}
