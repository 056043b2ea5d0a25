package promotion_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/ledger"
	ledgerdir "github.com/linecook-ml/linecook/pipeline/ledger/dir"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/promotion/promotiontest"
	"github.com/linecook-ml/linecook/pipeline/registry"
	registrydir "github.com/linecook-ml/linecook/pipeline/registry/dir"
)

var (
	ctx    = context.Background()
	stages = []promotion.Stage{
		{Name: "dev", Require: []string{"clean_commit"}},
		{Name: "staging", After: "dev", Require: []string{"clean_commit"}},
		{Name: "prod", After: "staging", Require: []string{"staged_days"}, MinDays: 2},
	}
)

func request(t *testing.T, version, stage, date string) promotion.Request {
	return promotion.Request{Pipeline: promotiontest.Pipeline, Version: version, Stage: stage, At: promotiontest.Day(t, date), Actor: "ada", Reason: "first try", Origin: promotion.Origin{Kind: promotion.OriginLocal}}
}

// decider answers every request in the same way, and may do something on the way.
type decider struct {
	allowed bool
	change  func(*promotion.Decision)
	err     error
	on      func()
}

func (d decider) Decide(_ context.Context, e promotion.Evidence, s promotion.Stage) (promotion.Decision, error) {
	if d.on != nil {
		d.on()
	}
	decision := promotion.Decision{
		Allowed: d.allowed, Operation: e.Operation, Pipeline: e.Pipeline, Stage: e.Stage, Version: e.Candidate.Version, BundleID: e.Candidate.BundleID,
		At: e.At, Actor: e.Actor, Required: s.Require, Passed: s.Require, Denials: []promotion.Denial{}, Requirement: s, Evidence: e,
	}
	if !d.allowed {
		decision.Passed = []string{}
		decision.Denials = []promotion.Denial{{Code: s.Require[0], Title: "T", Reason: "R", Remediation: "M"}}
	}
	if d.change != nil {
		d.change(&decision)
	}
	return decision, d.err
}

func (decider) Policy() map[string]string { return map[string]string{"always.rego": "package always"} }

func TestGatherFirstPromotion(t *testing.T) {
	versions, runs := registrydir.Open(t.TempDir()), ledgerdir.Open(t.TempDir())
	id := promotiontest.Register(t, versions, "1.0.0", nil)
	got, err := promotion.Gather(ctx, versions, runs, stages[0], request(t, "1.0.0", "dev", "2013-10-02"))
	if err != nil {
		t.Fatal(err)
	}
	positives, jfk := int64(4210), int64(1300)
	_, registration, err := versions.Fetch(ctx, promotiontest.Pipeline, "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	want := promotion.Evidence{
		Operation: promotion.OperationPromote,
		Pipeline:  "flight-delay", Stage: "dev", At: promotiontest.Day(t, "2013-10-02"), Actor: "ada",
		Candidate: promotion.Candidate{Version: "1.0.0", BundleID: id, ArchiveSHA256: registration.ArchiveSHA256, TrainedBy: "ada", Verified: true, Until: promotiontest.Day(t, "2013-10-01"), TrainedCommit: strings.Repeat("0", 40)},
		Origin:    promotion.Origin{Kind: promotion.OriginLocal},
		Approvals: promotion.Approvals{Authors: []promotion.Authors{}, Reviews: []promotion.Review{}},
		Evaluation: promotion.Evaluation{
			Task:     "classification",
			Training: evaluation.Period{From: promotiontest.Day(t, "2013-01-01"), To: promotiontest.Day(t, "2013-08-31")},
			Period:   evaluation.Period{From: promotiontest.Day(t, "2013-09-01"), To: promotiontest.Day(t, "2013-10-01")},

			GapSeconds: 86400, Rows: 27315,
			Estimates: []promotion.Estimate{
				{Metric: "roc_auc", Value: 0.71, Low: 0.702, High: 0.718, Level: 0.95, N: 27315, Positives: &positives},
				{Metric: "log_loss", Value: 0.391, Low: 0.385, High: 0.398, Level: 0.95, N: 27315, Positives: &positives},
				{Metric: "roc_auc", Slice: "origin=JFK", Value: 0.69, Low: 0.675, High: 0.705, Level: 0.95, N: 9100, Positives: &jfk},
			},
			Split:   promotion.Split{Kind: evaluation.SplitTime, ComparedRows: 27315},
			Leakage: evaluation.Leakage{Features: 1, Rows: 27315, Signals: []evaluation.Signal{}},
		},
		Honesty:  evaluation.Honesty{StaticPassed: true, FeaturesChecked: 1, Dynamic: promotiontest.Certificate(t)},
		Contract: evaluation.Contract{Checks: 31, Rows: 262144},
		History:  []promotion.Assignment{},
		Runs:     []promotion.StageRuns{},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Each day counts once, by its last attempt, if it was this bundle's and not
// after the day of the request.
// A certificate of other features, or of other definitions, vouches for nothing.
func TestACertificateOfAnotherBundle(t *testing.T) {
	for name, spoil := range map[string]func(*evaluation.Certificate){
		"snapshot":    func(c *evaluation.Certificate) { c.SnapshotDigest = "sha256:" + strings.Repeat("5", 64) },
		"definitions": func(c *evaluation.Certificate) { c.DefinitionsDigest = "sha256:" + strings.Repeat("5", 64) },
	} {
		versions, runs := registrydir.Open(t.TempDir()), ledgerdir.Open(t.TempDir())
		promotiontest.Register(t, versions, "1.0.0", func(_ *bundle.Manifest, r *evaluation.Report) { spoil(&r.Honesty.Dynamic) })
		if _, err := promotion.Gather(ctx, versions, runs, stages[0], request(t, "1.0.0", "dev", "2013-10-02")); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestGatherCountsDays(t *testing.T) {
	versions, runs := registrydir.Open(t.TempDir()), ledgerdir.Open(t.TempDir())
	id := promotiontest.Register(t, versions, "1.0.0", nil)
	other := promotiontest.Register(t, versions, "1.1.0", nil)
	for _, run := range []struct {
		stage, date string
		outcome     ledger.Outcome
		bundle      string
	}{
		{"staging", "2013-09-30", ledger.Scored, id}, // it was trained on that day
		{"staging", "2013-10-02", ledger.Scored, id},
		{"staging", "2013-10-03", ledger.Stopped, id},
		{"staging", "2013-10-03", ledger.Scored, id},
		{"staging", "2013-10-04", ledger.Scored, id},
		{"staging", "2013-10-04", ledger.Stopped, id},
		{"staging", "2013-10-05", ledger.CarriedForward, id},
		{"staging", "2013-10-06", ledger.Scored, id},
		{"staging", "2013-10-06", ledger.Scored, other},
		{"staging", "2013-10-09", ledger.Scored, id},
		{"dev", "2013-10-07", ledger.Scored, id},
	} {
		version := map[string]string{id: "1.0.0", other: "1.1.0"}[run.bundle]
		promotiontest.Run(t, runs, run.stage, run.date, run.outcome, version, run.bundle)
	}
	got, err := promotion.Gather(ctx, versions, runs, stages[2], request(t, "1.0.0", "prod", "2013-10-08"))
	if err != nil {
		t.Fatal(err)
	}
	var drift []promotion.Drift
	for _, d := range promotiontest.Drift(0.02) {
		drift = append(drift, promotion.Drift(d))
	}
	want := []promotion.StageRuns{{Stage: "staging", BundleID: id, DaysScored: 3, DaysCarriedForward: 1, LastDate: "2013-10-05", Drift: drift, DriftDate: "2013-10-04"}}
	if diff := cmp.Diff(want, got.Runs); diff != "" {
		t.Error(diff)
	}
}

func TestPromoteWritesTheEvent(t *testing.T) {
	versions, runs := registrydir.Open(t.TempDir()), ledgerdir.Open(t.TempDir())
	first := promotiontest.Register(t, versions, "1.0.0", nil)
	second := promotiontest.Register(t, versions, "1.1.0", nil)
	for i, version := range []string{"1.0.0", "1.1.0", "1.0.0"} {
		decision, assignment, err := promotion.Promote(ctx, versions, runs, decider{allowed: true}, stages, request(t, version, "dev", "2013-10-02"))
		if err != nil {
			t.Fatal(err)
		}
		if assignment == nil || assignment.Sequence != i+1 || assignment.Version != version || assignment.Reason != "first try" {
			t.Errorf("assignment %+v, want event %d with version %s", assignment, i+1, version)
		}
		var record promotion.Record
		if err := canonical.Unmarshal(assignment.Decision, &record); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(decision, record.Decision); diff != "" {
			t.Errorf("the event's record is not the decision: %s", diff)
		}
		if record.Policy["always.rego"] == "" {
			t.Errorf("the event keeps no policy: %v", record.Policy)
		}
		if i > 0 && (decision.Evidence.Champion == nil || decision.Evidence.Champion.BundleID != []string{"", first, second}[i]) {
			t.Errorf("the champion of promotion %d is %+v", i, decision.Evidence.Champion)
		}
	}
}

func TestADenialChangesNothing(t *testing.T) {
	versions, runs := registrydir.Open(t.TempDir()), ledgerdir.Open(t.TempDir())
	promotiontest.Register(t, versions, "1.0.0", nil)
	decision, assignment, err := promotion.Promote(ctx, versions, runs, decider{}, stages, request(t, "1.0.0", "dev", "2013-10-02"))
	if err != nil || decision.Allowed || assignment != nil || len(decision.Denials) != 1 {
		t.Errorf("decision %+v, assignment %v, error %v", decision, assignment, err)
	}
	if history, err := versions.History(ctx, promotiontest.Pipeline); err != nil || len(history) != 0 {
		t.Errorf("history %v, error %v", history, err)
	}
}

func TestWhatIsNoDecisionPromotesNothing(t *testing.T) {
	about := func(change func(*promotion.Decision)) decider { return decider{allowed: true, change: change} }
	cases := map[string]struct {
		decider promotion.Decider
		request func(*promotion.Request)
		stages  []promotion.Stage
		want    string
	}{
		"an error":                 {decider: decider{allowed: true, err: errors.New("no answer")}, want: "no answer"},
		"about another stage":      {decider: about(func(d *promotion.Decision) { d.Stage = "prod" }), want: "about 1.0.0 on prod"},
		"about another version":    {decider: about(func(d *promotion.Decision) { d.Version = "9.9.9" }), want: "about 9.9.9"},
		"about another bundle":     {decider: about(func(d *promotion.Decision) { d.BundleID = "sha256:00" }), want: "not about"},
		"about another time":       {decider: about(func(d *promotion.Decision) { d.At = d.At.Add(time.Hour) }), want: "not about"},
		"allowed with denials":     {decider: about(func(d *promotion.Decision) { d.Denials = make([]promotion.Denial, 1) }), want: "contradicts itself"},
		"allowed for nothing":      {decider: about(func(d *promotion.Decision) { d.Required = nil }), want: "contradicts itself"},
		"unknown stage":            {request: func(r *promotion.Request) { r.Stage = "production" }, want: "use one of: dev, staging, prod"},
		"unregistered version":     {request: func(r *promotion.Request) { r.Version = "2.0.0" }, want: "2.0.0"},
		"no stages":                {stages: []promotion.Stage{}, want: "no stage is named"},
		"a stage without a demand": {stages: []promotion.Stage{{Name: "dev"}}, want: "requires nothing"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			versions, runs := registrydir.Open(t.TempDir()), ledgerdir.Open(t.TempDir())
			promotiontest.Register(t, versions, "1.0.0", nil)
			asked, used, decides := request(t, "1.0.0", "dev", "2013-10-02"), stages, promotion.Decider(decider{allowed: true})
			if test.request != nil {
				test.request(&asked)
			}
			if test.stages != nil {
				used = test.stages
			}
			if test.decider != nil {
				decides = test.decider
			}
			_, assignment, err := promotion.Promote(ctx, versions, runs, decides, used, asked)
			if err == nil || !strings.Contains(err.Error(), test.want) || assignment != nil {
				t.Errorf("assignment %v, error %v, want one that says %s", assignment, err, test.want)
			}
			if history, err := versions.History(ctx, promotiontest.Pipeline); err != nil || len(history) != 0 {
				t.Errorf("history %v, error %v", history, err)
			}
		})
	}
}

// Somebody else's promotion lands between the evidence and the event.
func TestTwoPromotionsAtOnce(t *testing.T) {
	versions, runs := registrydir.Open(t.TempDir()), ledgerdir.Open(t.TempDir())
	promotiontest.Register(t, versions, "1.0.0", nil)
	promotiontest.Register(t, versions, "1.1.0", nil)
	interrupted := decider{allowed: true, on: func() {
		if _, _, err := promotion.Promote(ctx, versions, runs, decider{allowed: true}, stages, request(t, "1.1.0", "dev", "2013-10-02")); err != nil {
			t.Error(err)
		}
	}}
	_, assignment, err := promotion.Promote(ctx, versions, runs, interrupted, stages, request(t, "1.0.0", "dev", "2013-10-02"))
	if !errors.Is(err, registry.ErrConflict) || assignment != nil {
		t.Errorf("assignment %v, error %v, want a conflict", assignment, err)
	}
}

// A champion whose bundle is damaged is no evidence; a candidate whose bundle is
// damaged is an error.
func TestADamagedBundle(t *testing.T) {
	versions, runs := registrydir.Open(t.TempDir()), ledgerdir.Open(t.TempDir())
	promotiontest.Register(t, versions, "1.0.0", nil)
	promotiontest.Register(t, versions, "1.1.0", nil)
	if _, _, err := promotion.Promote(ctx, versions, runs, decider{allowed: true}, stages, request(t, "1.0.0", "dev", "2013-10-02")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(versions.BundlePath(promotiontest.Pipeline, "1.0.0"), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	evidence, err := promotion.Gather(ctx, versions, runs, stages[0], request(t, "1.1.0", "dev", "2013-10-03"))
	if err != nil || evidence.Champion != nil || len(evidence.History) != 1 {
		t.Errorf("champion %v, history %v, error %v", evidence.Champion, evidence.History, err)
	}
	_, err = promotion.Gather(ctx, versions, runs, stages[0], request(t, "1.0.0", "dev", "2013-10-03"))
	if !errors.Is(err, registry.ErrCorrupt) {
		t.Errorf("error %v, want a corrupt registry", err)
	}
}

func TestUntilMayBeATime(t *testing.T) {
	versions, runs := registrydir.Open(t.TempDir()), ledgerdir.Open(t.TempDir())
	promotiontest.Register(t, versions, "1.0.0", func(m *bundle.Manifest, _ *evaluation.Report) { m.Until = "2013-10-01T02:00:00+02:00" })
	evidence, err := promotion.Gather(ctx, versions, runs, stages[0], request(t, "1.0.0", "dev", "2013-10-02"))
	if err != nil || evidence.Candidate.Until != promotiontest.Day(t, "2013-10-01") {
		t.Errorf("until %s, error %v", evidence.Candidate.Until, err)
	}
}
