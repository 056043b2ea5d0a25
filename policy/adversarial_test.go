package policy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/ledger"
	ledgerdir "github.com/linecook-ml/linecook/pipeline/ledger/dir"
	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/promotion/promotiontest"
	"github.com/linecook-ml/linecook/pipeline/registry"
	registrydir "github.com/linecook-ml/linecook/pipeline/registry/dir"
)

const (
	trainedAt = "0000000000000000000000000000000000000000"
	headOf    = "1111111111111111111111111111111111111111"
	mainAt    = "2222222222222222222222222222222222222222"
)

// A world is all that a promotion to prod rests on, and is good: 1.0.0 serves,
// 1.1.0 is better on the same rows, ran a week on staging, and was approved,
// built and tagged as it should be. An attack spoils one thing in it.
type world struct {
	t        *testing.T
	root     string
	versions *registrydir.Registry
	runs     ledger.Store
	stages   []promotion.Stage
	request  promotion.Request
	modules  map[string]string
	// What the witness says.
	provenance promotion.Provenance
	approvals  promotion.Approvals
	head       string
	// manifest and report spoil 1.1.0 before it is sealed.
	manifest func(*bundle.Manifest)
	report   func(*evaluation.Report)
	// days are the outcomes on staging.
	days []ledger.Outcome
	// later runs when everything else is in place.
	later func(*world)
	// decider asks another than the engine.
	decider func(promotion.Decider) promotion.Decider
	// deadline is the engine's. It is met by the bomb that is meant to, and not
	// by a slow machine.
	deadline time.Duration
}

func (w *world) Provenance(_ context.Context, about promotion.Subject) (promotion.Provenance, error) {
	p := w.provenance
	if p.Digest == "" {
		p.Digest = about.ArchiveSHA256
	}
	return p, nil
}

func (w *world) Approvals(context.Context, promotion.Subject) (promotion.Approvals, error) {
	return w.approvals, nil
}

func (w *world) Head(context.Context, string) (string, error) { return w.head, nil }

func newWorld(t *testing.T) *world {
	floor, psi, root := 0.65, 0.25, t.TempDir()
	at := func(text string) time.Time {
		parsed, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	w := &world{
		t: t, root: root, versions: registrydir.Open(root), runs: ledgerdir.Open(t.TempDir()), deadline: time.Minute,
		stages: []promotion.Stage{
			{Name: "dev", Require: []string{"contract_clean"}},
			{Name: "staging", After: "dev", Require: []string{"contract_clean"}},
			{
				Name: "prod", After: "staging", MinDays: 7, MaxAgeDays: 60, MinApprovals: 1, MaxPSI: &psi,
				Metrics:  []promotion.MetricFloor{{Metric: "roc_auc", Min: &floor, MinRows: 1000}},
				Builders: []string{"octo/flights/.github/workflows/train.yml"},
				Require: []string{
					"approved", "attested", "champion_not_worse", "clean_commit", "contract_clean", "drift_bounded", "evaluated_later",
					"honest_features", "metric_floors", "newer_version", "protected_policy", "recent_training", "staged_days",
				},
			},
		},
		provenance: promotion.Provenance{
			Looked: true, Verified: true, Repository: "octo/flights", Ref: "refs/tags/flight-delay@v1.1.0", Commit: trainedAt,
			Builder: "octo/flights/.github/workflows/train.yml",
			Run:     "https://github.com/octo/flights/actions/runs/5/attempts/1", Actor: "ada", TriggeredBy: "ada",
		},
		approvals: promotion.Approvals{
			Looked: true, Commit: trainedAt, PullRequest: 12, Base: "main", Head: headOf, MergeCommit: trainedAt, Author: "linus", Commits: 1,
			Authors: []promotion.Authors{{Commit: headOf, Author: "linus", Committer: "web-flow"}},
			Reviews: []promotion.Review{{Reviewer: "barbara", State: "APPROVED", Commit: headOf, At: at("2013-09-30T12:00:00Z"), Permission: "write"}},
		},
		head: mainAt,
		days: slices.Repeat([]ledger.Outcome{ledger.Scored}, 7),
	}
	w.request = promotion.Request{
		Pipeline: promotiontest.Pipeline, Version: "1.1.0", Stage: "prod", At: at("2013-10-10T06:00:00Z"), Actor: "grace", Witness: w,
		Origin: promotion.Origin{
			Kind: promotion.OriginGitHub, Repository: "octo/flights", Ref: "refs/heads/main", Commit: mainAt, DefaultBranch: "main",
			Workflow: "octo/flights/.github/workflows/promote.yml@refs/heads/main", Run: "https://github.com/octo/flights/actions/runs/1/attempts/1", TriggeredBy: "grace",
		},
		Policy: promotion.PolicyOrigin{Commit: mainAt, Unchanged: true, Protected: true},
	}
	return w
}

// put assigns a version without asking anybody, as history has it.
func (w *world) put(stage, version, id, date string) {
	w.t.Helper()
	history, err := w.versions.History(context.Background(), promotiontest.Pipeline)
	if err != nil {
		w.t.Fatal(err)
	}
	_, err = w.versions.Assign(context.Background(), registry.Assignment{
		Name: promotiontest.Pipeline, Stage: stage, Sequence: registry.Next(history, stage), Version: version, BundleID: id,
		At: promotiontest.Day(w.t, date), Actor: "ada", Decision: []byte(`{"operation":"promote"}`),
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// promote builds the world and asks for the promotion.
func (w *world) promote() (promotion.Decision, *registry.Assignment, error) {
	w.t.Helper()
	champion := promotiontest.Register(w.t, w.versions, "1.0.0", nil)
	for _, stage := range w.stages {
		w.put(stage.Name, "1.0.0", champion, "2013-09-15")
	}
	candidate := promotiontest.Register(w.t, w.versions, "1.1.0", func(m *bundle.Manifest, r *evaluation.Report) {
		r.Comparison = &evaluation.Comparison{
			Version: "1.0.0", BundleID: champion, Stage: "prod", Trained: r.Training, Period: r.Period, Rows: r.Rows,
			Differences: []evaluation.SliceDifference{{Difference: metric.Difference{Metric: "roc_auc", Value: 0.008, Low: 0.004, High: 0.012, Level: 0.95, N: 27315}}},
		}
		if w.manifest != nil {
			w.manifest(m)
		}
		if w.report != nil {
			w.report(r)
		}
	})
	w.put("dev", "1.1.0", candidate, "2013-10-01")
	w.put("staging", "1.1.0", candidate, "2013-10-02")
	for i, outcome := range w.days {
		promotiontest.Run(w.t, w.runs, "staging", fmt.Sprintf("2013-10-%02d", 3+i), outcome, "1.1.0", candidate)
	}
	if w.later != nil {
		w.later(w)
	}
	engine, err := New(context.Background(), Options{Modules: w.modules, Deadline: w.deadline, Memory: 64 << 20})
	if err != nil {
		return promotion.Decision{}, nil, err
	}
	decider := promotion.Decider(engine)
	if w.decider != nil {
		decider = w.decider(engine)
	}
	return promotion.Promote(context.Background(), w.versions, w.runs, decider, w.stages, w.request)
}

// The world is good: without an attack the promotion is allowed.
func TestTheGoodPromotionIsAllowed(t *testing.T) {
	decision, event, err := newWorld(t).promote()
	if err != nil || !decision.Allowed || event == nil {
		t.Fatalf("%s%v", decision, err)
	}
}

// edit is a check of one's own that a pull request brings along.
func edit(body string) map[string]string { return own(body) }

// Attempts to get past the gate, each through Promote. Each is refused by the
// check that is named, or by an error that says what is named; and nothing
// changes on the stage.
func TestNobodyGetsPast(t *testing.T) {
	review := func(change func(*promotion.Review)) func(*world) {
		return func(w *world) { change(&w.approvals.Reviews[0]) }
	}
	cases := map[string]struct {
		attack func(*world)
		denied string
		fails  string
	}{
		// Approvals.
		"the author approves":                       {attack: func(w *world) { w.approvals.Author = "Barbara" }, denied: "approved"},
		"who wrote a commit approves":               {attack: func(w *world) { w.approvals.Authors[0].Author = "barbara" }, denied: "approved"},
		"the trainer approves":                      {attack: review(func(r *promotion.Review) { r.Reviewer = "ada" }), denied: "approved"},
		"the trainer registers it as somebody else": {attack: func(w *world) { w.provenance.Actor, w.provenance.TriggeredBy = "barbara", "barbara" }, denied: "approved"},
		"who trained it again approves":             {attack: func(w *world) { w.provenance.TriggeredBy = "Barbara" }, denied: "approved"},
		"the run that trained it is deleted":        {attack: func(w *world) { w.provenance.Actor, w.provenance.TriggeredBy = "", "" }, denied: "approved"},
		"the promoter approves":                     {attack: func(w *world) { w.request.Actor = "barbara" }, denied: "approved"},
		"who runs it again approves":                {attack: func(w *world) { w.request.Origin.TriggeredBy = "barbara" }, denied: "approved"},
		"approved before the last push":             {attack: review(func(r *promotion.Review) { r.Commit = trainedAt }), denied: "approved"},
		"approval dismissed":                        {attack: review(func(r *promotion.Review) { r.State = "DISMISSED" }), denied: "approved"},
		"approved by a passer-by":                   {attack: review(func(r *promotion.Review) { r.Permission = "read" }), denied: "approved"},
		"only a comment":                            {attack: review(func(r *promotion.Review) { r.State = "COMMENTED" }), denied: "approved"},
		"approved in the future":                    {attack: review(func(r *promotion.Review) { r.At = r.At.AddDate(0, 1, 0) }), denied: "approved"},
		"changes are asked for": {attack: func(w *world) {
			r := w.approvals.Reviews[0]
			r.Reviewer, r.State = "ken", "CHANGES_REQUESTED"
			w.approvals.Reviews = append(w.approvals.Reviews, r)
		}, denied: "approved"},
		"pushed without a pull request":  {attack: func(w *world) { w.approvals = promotion.Approvals{Looked: true, Commit: trainedAt} }, denied: "approved"},
		"approval of another commit":     {attack: func(w *world) { w.approvals.Commit, w.approvals.MergeCommit = headOf, headOf }, denied: "approved"},
		"merged into a branch of theirs": {attack: func(w *world) { w.approvals.Base = "mine" }, denied: "approved"},
		"authors hidden by many commits": {attack: func(w *world) { w.approvals.Commits = 251 }, denied: "approved"},
		"an author without an account":   {attack: func(w *world) { w.approvals.Authors[0].Author = "" }, denied: "approved"},
		"GitHub was not asked":           {attack: func(w *world) { w.request.Witness = nil }, denied: "approved"},
		"approvals count as text":        {attack: review(func(r *promotion.Review) { r.State = "approved" }), fails: "/evidence/approvals/reviews/0/state"},

		// Provenance and identity of the bundle.
		"unsigned":                                {attack: func(w *world) { w.provenance = promotion.Provenance{Looked: true, Problem: "none"} }, denied: "attested"},
		"attested by another repository":          {attack: func(w *world) { w.provenance.Repository = "mallory/flights" }, denied: "attested"},
		"attested for another tag":                {attack: func(w *world) { w.provenance.Ref = "refs/tags/flight-delay@v1.0.0" }, denied: "attested"},
		"attested for a branch":                   {attack: func(w *world) { w.provenance.Ref = "refs/heads/main" }, denied: "attested"},
		"attested by another workflow":            {attack: func(w *world) { w.provenance.Builder = "octo/flights/.github/workflows/lint.yml" }, denied: "attested"},
		"attested from another commit":            {attack: func(w *world) { w.provenance.Commit = headOf }, denied: "attested"},
		"attested in a run of another repository": {attack: func(w *world) { w.provenance.Run = "https://github.com/mallory/flights/actions/runs/5/attempts/1" }, denied: "attested"},
		"attestation of another file":             {attack: func(w *world) { w.provenance.Digest = "sha256:" + strings.Repeat("9", 64) }, denied: "attested"},
		"a file swapped in the registry":          {attack: func(w *world) { w.later = func(w *world) { w.swap("1.1.0", "1.0.0") } }, fails: "corrupt registry"},
		"one byte of the bundle":                  {attack: func(w *world) { w.later = func(w *world) { w.damage("1.1.0") } }, fails: "corrupt registry"},
		"a dirty tree":                            {attack: func(w *world) { w.manifest = func(m *bundle.Manifest) { m.Code.Dirty = true } }, denied: "clean_commit"},
		"no commit":                               {attack: func(w *world) { w.manifest = func(m *bundle.Manifest) { m.Code.Commit = "" } }, denied: "clean_commit"},
		"a version nobody registered":             {attack: func(w *world) { w.request.Version = "6.6.6" }, fails: "not found"},
		"a version that is a path":                {attack: func(w *world) { w.request.Version = "../1.1.0" }, fails: "not a version"},
		"another bundle under the number": {attack: func(w *world) {
			w.later = func(w *world) {
				promotiontest.Register(w.t, registrydir.Open(w.t.TempDir()), "1.1.0", nil)
				w.request.Version = "1.0.0"
			}
		}, denied: "not_current"},

		// Rules.
		"rules relaxed in the same pull request":        {attack: func(w *world) { w.stages[2].Require = []string{"contract_clean"}; w.request.Policy.Unchanged = false }, denied: "default_branch_policy"},
		"promoted from a branch":                        {attack: func(w *world) { w.request.Origin.Ref = "refs/heads/relaxed" }, denied: "default_branch_policy"},
		"promoted from a fork's pull request":           {attack: func(w *world) { w.request.Origin.Ref = "refs/pull/12/merge" }, denied: "default_branch_policy"},
		"promoted from the tag itself":                  {attack: func(w *world) { w.request.Origin.Ref = "refs/tags/main" }, denied: "default_branch_policy"},
		"rules of another commit":                       {attack: func(w *world) { w.request.Policy.Commit = headOf }, denied: "default_branch_policy"},
		"a branch that nobody protects":                 {attack: func(w *world) { w.request.Policy.Protected = false }, denied: "protected_policy"},
		"an old run started again, under rules of then": {attack: func(w *world) { w.head = headOf }, denied: "protected_policy"},
		"the branch's head is not to be had":            {attack: func(w *world) { w.head = "" }, denied: "protected_policy"},
		"promoted on a laptop":                          {attack: func(w *world) { w.request.Origin = promotion.Origin{Kind: promotion.OriginLocal} }, denied: "protected_policy"},
		"said to be a rehearsal":                        {attack: func(w *world) { w.request.Origin.Kind = promotion.OriginRehearsal }, denied: "protected_policy"},
		"from nowhere":                                  {attack: func(w *world) { w.request.Origin.Kind = "" }, fails: "/evidence/origin/kind"},
		"an unknown stage":                              {attack: func(w *world) { w.request.Stage = "production" }, fails: "use one of: dev, staging, prod"},
		"a stage that requires nothing":                 {attack: func(w *world) { w.stages[2].Require = nil }, fails: "requires nothing"},
		"no stages":                                     {attack: func(w *world) { w.stages = nil; w.later = nil }, fails: "no stage is named"},
		"a mistyped check":                              {attack: func(w *world) { w.stages[2].Require[0] = "aproved" }, fails: `"aproved"`},
		"a mistyped rule": {attack: func(w *world) {
			w.modules = edit(`input.evidence.candidate.verifed == true`)
			w.stages[2].Require = append(w.stages[2].Require, "own")
		}, denied: "own"},
		"a rule that redefines a check": {attack: func(w *world) { w.modules = map[string]string{"own.rego": "package linecook.checks\n\nmerged if true"} }, fails: `"merged" is the toolkit's`},
		"a rule that allows everything": {attack: func(w *world) {
			w.modules = map[string]string{"own.rego": "package linecook.promotion\n\nallowed if true"}
		}, fails: "belong to package linecook.checks"},
		"a rule that asks the network": {attack: func(w *world) {
			w.modules = edit(`http.send({"method": "GET", "url": "http://127.0.0.1"}).status_code == 200`)
		}, fails: "undefined function"},
		"a bomb of work": {attack: func(w *world) {
			w.modules = edit(`count([1 | some a in numbers.range(1, 9000); some b in numbers.range(1, 9000); a + b == 0]) > 0`)
			w.stages[2].Require = append(w.stages[2].Require, "own")
			w.deadline = 100 * time.Millisecond
		}, fails: "no answer within"},
		"a bomb of memory": {attack: func(w *world) {
			w.modules = edit(`count([s | some a in numbers.range(1, 4000); s := sprintf("%0900000d", [a])]) > 0`)
			w.stages[2].Require = append(w.stages[2].Require, "own")
		}, fails: "more than 64 MiB of memory"},
		"a policy that gives no answer": {attack: func(w *world) { w.decider = func(promotion.Decider) promotion.Decider { return silent{} } }, fails: "contradicts itself"},

		// Evidence of the model.
		"no metric of the floor":           {attack: func(w *world) { w.report = func(r *evaluation.Report) { r.Estimates = r.Estimates[1:] } }, denied: "metric_floors"},
		"below the floor at its low end":   {attack: func(w *world) { w.report = func(r *evaluation.Report) { r.Estimates[0].Low = 0.64 } }, denied: "metric_floors"},
		"lucky on a dozen rows":            {attack: func(w *world) { w.report = func(r *evaluation.Report) { r.Estimates[0].N = 12 } }, denied: "metric_floors"},
		"evaluated on its training period": {attack: func(w *world) { w.report = func(r *evaluation.Report) { r.Comparison = nil; r.Period = r.Training } }, denied: "evaluated_later"},
		"stale metrics":                    {attack: func(w *world) { w.request.At = w.request.At.AddDate(0, 6, 0) }, denied: "recent_training"},
		"trained on the future":            {attack: func(w *world) { w.manifest = func(m *bundle.Manifest) { m.Until = "2014-01-01" } }, denied: "recent_training"},
		"worse on the same rows": {attack: func(w *world) {
			w.report = func(r *evaluation.Report) {
				d := &r.Comparison.Differences[0]
				d.Low, d.Value, d.High = -0.012, -0.008, -0.004
			}
		}, denied: "champion_not_worse"},
		"compared with nothing":      {attack: func(w *world) { w.report = func(r *evaluation.Report) { r.Comparison = nil } }, denied: "champion_not_worse"},
		"compared with a weaker one": {attack: func(w *world) { w.report = func(r *evaluation.Report) { r.Comparison.Version = "0.9.0" } }, denied: "champion_not_worse"},
		"replayed evidence of another": {attack: func(w *world) {
			w.report = func(r *evaluation.Report) { r.Comparison.BundleID = "sha256:" + strings.Repeat("7", 64) }
		}, denied: "champion_not_worse"},
		"the champion is lost": {attack: func(w *world) { w.later = func(w *world) { w.damage("1.0.0") } }, denied: "champion_not_worse"},
		"a broken contract":    {attack: func(w *world) { w.report = func(r *evaluation.Report) { r.Contract.Errors = 1 } }, denied: "contract_clean"},
		"a leaking feature":    {attack: func(w *world) { w.report = func(r *evaluation.Report) { r.Honesty.StaticPassed = false } }, denied: "honest_features"},
		"a proof of other features": {attack: func(w *world) {
			w.report = func(r *evaluation.Report) { r.Honesty.Dynamic.SnapshotDigest = "sha256:" + strings.Repeat("8", 64) }
		}, fails: "proof of honesty is of the snapshot"},

		// Stages and time.
		"skipping staging": {attack: func(w *world) {
			w.later = func(w *world) { w.request.Version = "1.2.0"; promotiontest.Register(w.t, w.versions, "1.2.0", nil) }
		}, denied: "previous_stage"},
		"an older version":             {attack: func(w *world) { w.later = (*world).older }, denied: "newer_version"},
		"too few days on staging":      {attack: func(w *world) { w.days = w.days[1:] }, denied: "staged_days"},
		"carried-forward days counted": {attack: func(w *world) { w.days[3] = ledger.CarriedForward }, denied: "staged_days"},
		"days of another bundle":       {attack: func(w *world) { w.days = nil }, denied: "staged_days"},
		"drift on staging":             {attack: func(w *world) { w.later = (*world).drifts }, denied: "drift_bounded"},
		"the clock set back":           {attack: func(w *world) { w.request.At = w.request.At.AddDate(0, 0, -20) }, denied: "in_order"},
		"on the stage already":         {attack: func(w *world) { w.request.Version = "1.0.0" }, denied: "not_current"},
		"a rollback to what never was": {attack: func(w *world) { w.request.Operation = promotion.OperationRollback }, denied: "served_before"},
		"an operation of their own":    {attack: func(w *world) { w.request.Operation = "force" }, fails: "/evidence/operation"},
		"an event taken out":           {attack: func(w *world) { w.later = func(w *world) { w.remove("staging", 1) } }, fails: "corrupt registry"},
		"an event edited":              {attack: func(w *world) { w.later = func(w *world) { w.edit("staging", 2, "1.1.0", "1.0.0") } }, denied: "previous_stage"},
		"an event edited by hand":      {attack: func(w *world) { w.later = func(w *world) { w.edit("staging", 2, `,"`, `, "`) } }, fails: "corrupt registry"},
		"nobody asks":                  {attack: func(w *world) { w.request.Actor = "" }, fails: "/evidence/actor"},
	}
	if len(cases) < 25 {
		t.Fatalf("only %d attacks", len(cases))
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			test.attack(w)
			decision, event, err := w.promote()
			if decision.Allowed || event != nil {
				t.Fatalf("promoted: allowed %t, event %t", decision.Allowed, event != nil)
			}
			switch {
			case test.fails != "":
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Errorf("error %v, want one that names %s\n%s", err, test.fails, decision)
				}
			case err != nil:
				t.Error(err)
			case !slices.ContainsFunc(decision.Denials, func(d promotion.Denial) bool { return d.Code == test.denied }):
				t.Errorf("not denied by %s:\n%s", test.denied, decision)
			}
			// Whatever was tried, prod is as it was; where the registry is corrupt it
			// cannot be read at all.
			history, err := w.versions.History(context.Background(), promotiontest.Pipeline)
			if err != nil && !errors.Is(err, registry.ErrCorrupt) {
				t.Error(err)
			}
			if current, found := registry.Current(history, "prod"); found && current.Sequence != 1 {
				t.Errorf("prod has event %d: version %s", current.Sequence, current.Version)
			}
		})
	}
}

// silent answers with nothing that was required.
type silent struct{}

func (silent) Decide(_ context.Context, e promotion.Evidence, s promotion.Stage) (promotion.Decision, error) {
	return promotion.Decision{
		Allowed: true, Operation: e.Operation, Pipeline: e.Pipeline, Stage: e.Stage, Version: e.Candidate.Version, BundleID: e.Candidate.BundleID, At: e.At, Evidence: e, Requirement: s,
	}, nil
}

func (silent) Policy() map[string]string { return nil }

func (w *world) file(parts ...string) string {
	return filepath.Join(append([]string{w.root, promotiontest.Pipeline}, parts...)...)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) damage(version string) {
	data, err := os.ReadFile(w.versions.BundlePath(promotiontest.Pipeline, version))
	w.must(err)
	data[len(data)/2] ^= 0xff
	w.must(os.WriteFile(w.versions.BundlePath(promotiontest.Pipeline, version), data, 0o600))
}

func (w *world) swap(version, with string) {
	data, err := os.ReadFile(w.versions.BundlePath(promotiontest.Pipeline, with))
	w.must(err)
	w.must(os.WriteFile(w.versions.BundlePath(promotiontest.Pipeline, version), data, 0o600))
}

func (w *world) remove(stage string, sequence int) {
	w.must(os.Remove(w.file("stages", stage, fmt.Sprintf("%06d.json", sequence))))
}

func (w *world) edit(stage string, sequence int, old, with string) {
	path := w.file("stages", stage, fmt.Sprintf("%06d.json", sequence))
	data, err := os.ReadFile(path)
	w.must(err)
	w.must(os.WriteFile(path, []byte(strings.ReplaceAll(string(data), old, with)), 0o600))
}

// older asks for a version below what serves, which was on every stage but prod.
func (w *world) older() {
	id := promotiontest.Register(w.t, w.versions, "0.9.0", nil)
	w.put("dev", "0.9.0", id, "2013-10-08")
	w.put("staging", "0.9.0", id, "2013-10-08")
	w.request.Version = "0.9.0"
}

// drifts adds a day on which monitoring saw another world.
func (w *world) drifts() {
	history, err := w.versions.History(context.Background(), promotiontest.Pipeline)
	w.must(err)
	current, _ := registry.Current(history, "staging")
	_, err = w.runs.Append(context.Background(), ledger.Run{
		Pipeline: promotiontest.Pipeline, Stage: "staging", LogicalDate: "2013-10-10", StartedAt: promotiontest.Day(w.t, "2013-10-10"), Outcome: ledger.Scored, Actor: "ada",
		Bundle: ledger.Bundle{Name: promotiontest.Pipeline, Version: "1.1.0", ID: current.BundleID},
		Output: &ledger.Output{Path: "scores.parquet", SHA256: "sha256:" + strings.Repeat("0", 64), Rows: 900},
		Drift:  promotiontest.Drift(0.4),
	})
	w.must(err)
}
