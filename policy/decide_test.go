package policy

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/promotion"
)

func TestGoodEvidenceIsAllowed(t *testing.T) {
	e := engine(t)
	evidence, requirement := good(t)
	decision, err := e.Decide(context.Background(), evidence, requirement)
	if err != nil {
		t.Fatal(err)
	}
	if !decision.Allowed || len(decision.Denials) != 0 {
		t.Fatalf("denied: %s", decision)
	}
	// What is asked of rollbacks alone is asked of no promotion.
	all := slices.DeleteFunc(e.codes(), func(code string) bool { return code == "served_before" })
	if !slices.Equal(decision.Required, all) || !slices.Equal(decision.Passed, all) {
		t.Errorf("required %v and passed %v, want every check: %v", decision.Required, decision.Passed, all)
	}
	if decision.PolicyDigest != e.Digest() {
		t.Errorf("policy digest %s, want %s", decision.PolicyDigest, e.Digest())
	}
}

// A decision holds all that is needed to make it again.
func TestADecisionCanBeReplayed(t *testing.T) {
	e := engine(t)
	evidence, requirement := good(t)
	evidence.Candidate.Dirty = true
	first, err := e.Decide(context.Background(), evidence, requirement)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	var read promotion.Decision
	if err := json.Unmarshal(stored, &read); err != nil {
		t.Fatal(err)
	}
	second, err := engine(t).Decide(context.Background(), read.Evidence, read.Requirement)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Error(diff)
	}
}

func TestADenialSaysWhatAndWhy(t *testing.T) {
	evidence, requirement := good(t)
	evidence.Evaluation.Estimates[0].Value, evidence.Evaluation.Estimates[0].Low = 0.641, 0.632
	decision, err := engine(t).Decide(context.Background(), evidence, requirement)
	if err != nil {
		t.Fatal(err)
	}
	want := `flight-delay@v1.1.0 may not serve on prod: 20 of 21 checks passed
  metric_floors: The metrics meet the stage's bounds
    roc_auc 0.641 (95 % low end 0.632, n 27315) is below the floor 0.65
    remedy: Improve the model or its data and train a new version, or have the bounds of stage prod
      reviewed and changed.
`
	if diff := cmp.Diff(want, decision.String()); diff != "" {
		t.Error(diff)
	}
}

// Attempts to get past the gate. Each spoils the good evidence in one way and
// is refused: by a denial with the code that is named, or by an error that says
// what is named.
func TestAdversarialPromotions(t *testing.T) {
	type input struct {
		e *promotion.Evidence
		r *promotion.Stage
	}
	nan, inf := math.NaN(), math.Inf(1)
	cases := map[string]struct {
		spoil  func(input)
		denied string
		fails  string
	}{
		"skipping staging":                     {spoil: func(i input) { i.e.History = i.e.History[:2] }, denied: "previous_stage"},
		"no history at all":                    {spoil: func(i input) { i.e.History = []promotion.Assignment{} }, denied: "previous_stage"},
		"history not looked at":                {spoil: func(i input) { i.e.History = nil }, fails: "/evidence/history"},
		"swapped bundle under the same tag":    {spoil: func(i input) { i.e.Candidate.BundleID = "sha256:" + strings.Repeat("3", 64) }, denied: "previous_stage"},
		"another version in the same bundle":   {spoil: func(i input) { i.e.Candidate.Version = "1.1.1" }, denied: "previous_stage"},
		"already serving":                      {spoil: func(i input) { i.e.History[1].Version = "1.1.0"; i.e.History[1].BundleID = i.e.Candidate.BundleID }, denied: "not_current"},
		"serving under another version":        {spoil: func(i input) { i.e.History[1].BundleID = i.e.Candidate.BundleID }, denied: "not_current"},
		"bundle not verified":                  {spoil: func(i input) { i.e.Candidate.Verified = false }, denied: "bundle_verified"},
		"bundle id is no digest":               {spoil: func(i input) { i.e.Candidate.BundleID = "latest" }, fails: "/evidence/candidate/bundle_id"},
		"unknown stage":                        {spoil: func(i input) { i.e.Stage = "production" }, fails: `"production"`},
		"requirement of an easier stage":       {spoil: func(i input) { i.r.Name = "dev" }, fails: `"dev"`},
		"evidence of an easier stage":          {spoil: func(i input) { i.e.Stage, i.r.Name = "staging", "staging" }, denied: "not_current"},
		"empty policy":                         {spoil: func(i input) { i.r.Require = []string{} }, denied: "checks_named"},
		"no policy":                            {spoil: func(i input) { i.r.Require = nil }, denied: "checks_named"},
		"mistyped check":                       {spoil: func(i input) { i.r.Require[0] = "metric_flors" }, fails: `"metric_flors"`},
		"a check named twice":                  {spoil: func(i input) { i.r.Require[1] = i.r.Require[0] }, fails: "/requirement/require"},
		"no metric":                            {spoil: func(i input) { i.e.Evaluation.Estimates = []promotion.Estimate{} }, denied: "metric_floors"},
		"metrics not looked at":                {spoil: func(i input) { i.e.Evaluation.Estimates = nil }, fails: "/evidence/evaluation/estimates"},
		"metric of another name":               {spoil: func(i input) { i.e.Evaluation.Estimates[0].Metric = "AUC" }, denied: "metric_floors"},
		"metric of a slice for the whole":      {spoil: func(i input) { i.e.Evaluation.Estimates[0].Slice = "origin=JFK" }, denied: "metric_floors"},
		"metric is not a number":               {spoil: func(i input) { i.e.Evaluation.Estimates[0].Low = nan }, fails: "NaN"},
		"metric is infinite":                   {spoil: func(i input) { i.e.Evaluation.Estimates[0].High = inf }, fails: "Inf"},
		"lucky value on few rows":              {spoil: func(i input) { i.e.Evaluation.Estimates[0].N = 12 }, denied: "metric_floors"},
		"metric on no rows":                    {spoil: func(i input) { i.e.Evaluation.Estimates[0].N = 0; i.r.Metrics[0].MinRows = 0 }, denied: "metric_floors"},
		"interval of no confidence":            {spoil: func(i input) { i.e.Evaluation.Estimates[0].Level = 0.01 }, denied: "metric_floors"},
		"interval beside the value":            {spoil: func(i input) { i.e.Evaluation.Estimates[0].Low = 0.9 }, denied: "metric_floors"},
		"two estimates to choose from":         {spoil: func(i input) { i.e.Evaluation.Estimates[1] = i.e.Evaluation.Estimates[0] }, denied: "metric_floors"},
		"value above the floor, low end below": {spoil: func(i input) { i.e.Evaluation.Estimates[0].Low = 0.64 }, denied: "metric_floors"},
		"floor is not a number":                {spoil: func(i input) { i.r.Metrics[0].Min = &nan }, fails: "NaN"},
		"floor without a bound":                {spoil: func(i input) { i.r.Metrics[0].Min = nil }, fails: "/requirement/metrics/0"},
		"no floors":                            {spoil: func(i input) { i.r.Metrics = nil }, denied: "metric_floors"},
		"evaluated on its training data":       {spoil: func(i input) { i.e.Evaluation.Period = i.e.Evaluation.Training }, denied: "evaluated_later"},
		"evaluated inside the gap":             {spoil: func(i input) { i.e.Evaluation.GapSeconds = 90000 }, denied: "evaluated_later"},
		"evaluated on the future":              {spoil: func(i input) { i.e.Evaluation.Period.To = i.e.At.Add(time.Second) }, denied: "evaluated_later"},
		"evaluated on no time at all":          {spoil: func(i input) { i.e.Evaluation.Period.To = i.e.Evaluation.Period.From }, denied: "evaluated_later"},
		"stale candidate":                      {spoil: func(i input) { i.e.At = i.e.At.AddDate(2, 0, 0) }, denied: "recent_training"},
		"trained on the future":                {spoil: func(i input) { i.e.Candidate.Until = i.e.At.AddDate(0, 0, 1) }, denied: "recent_training"},
		"a time in another zone":               {spoil: func(i input) { i.e.At = i.e.At.In(time.FixedZone("", 3600)) }, fails: "/evidence/at"},
		"a time before time":                   {spoil: func(i input) { i.e.At = time.Time{} }, denied: "evaluated_later"},
		"dated before what happened":           {spoil: func(i input) { i.e.At = i.e.History[1].At }, denied: "in_order"},
		"broken contract":                      {spoil: func(i input) { i.e.Contract.Errors = 1 }, denied: "contract_clean"},
		"contract with no checks":              {spoil: func(i input) { i.e.Contract.Checks = 0 }, denied: "contract_clean"},
		"contract on no rows":                  {spoil: func(i input) { i.e.Contract.Rows = 0 }, denied: "contract_clean"},
		"negative count of errors":             {spoil: func(i input) { i.e.Contract.Errors = -1 }, fails: "/evidence/contract/errors"},
		"leaking feature":                      {spoil: func(i input) { i.e.Honesty.StaticPassed = false }, denied: "honest_features"},
		"no feature checked":                   {spoil: func(i input) { i.e.Honesty.FeaturesChecked = 0 }, denied: "honest_features"},
		"a leak found by experiment":           {spoil: func(i input) { i.e.Honesty.Dynamic.Passed = false }, denied: "honest_features"},
		"no experiment":                        {spoil: func(i input) { i.e.Honesty.Dynamic = evaluation.Certificate{CutOffs: []time.Time{}} }, denied: "honest_features"},
		"an experiment on no cut-offs":         {spoil: func(i input) { i.e.Honesty.Dynamic.CutOffs = []time.Time{} }, denied: "honest_features"},
		"an experiment on no observations":     {spoil: func(i input) { i.e.Honesty.Dynamic.Observations = 0 }, denied: "honest_features"},
		"an experiment on other features":      {spoil: func(i input) { i.e.Honesty.Dynamic.Features-- }, denied: "honest_features"},
		"dirty tree":                           {spoil: func(i input) { i.e.Candidate.Dirty = true }, denied: "clean_commit"},
		"no commit":                            {spoil: func(i input) { i.e.Candidate.TrainedCommit = "" }, denied: "clean_commit"},
		"champion left out":                    {spoil: func(i input) { i.e.Champion = nil }, denied: "champion_not_worse"},
		"a weaker champion to compare with":    {spoil: func(i input) { i.e.Champion.BundleID = "sha256:" + strings.Repeat("3", 64) }, denied: "champion_not_worse"},
		"worse than the champion": {spoil: func(i input) {
			d := &i.e.Comparison.Differences[0]
			d.Low, d.Value, d.High = -0.03, -0.02, -0.01
		}, denied: "champion_not_worse"},
		"hardly run on staging": {spoil: func(i input) { i.e.Runs[0].DaysScored = 2; i.e.Runs[0].DaysCarriedForward = 40 }, denied: "staged_days"},
		"another bundle's runs": {spoil: func(i input) { i.e.Runs[0].BundleID = i.e.Champion.BundleID }, denied: "staged_days"},
		"another stage's runs":  {spoil: func(i input) { i.e.Runs[0].Stage = "dev" }, denied: "staged_days"},
		"nobody asks":           {spoil: func(i input) { i.e.Actor = " " }, fails: "/evidence/actor"},
		"nothing at all":        {spoil: func(i input) { *i.e = promotion.Evidence{Stage: i.r.Name} }, fails: "the input is not what the policy reads"},
	}
	e := engine(t)
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			evidence, requirement := good(t)
			test.spoil(input{&evidence, &requirement})
			decision, err := e.Decide(context.Background(), evidence, requirement)
			if decision.Allowed {
				t.Fatal("allowed")
			}
			switch {
			case test.fails != "":
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Fatalf("error %v, want one that names %s", err, test.fails)
				}
				if strings.Contains(err.Error(), "\n") {
					t.Errorf("error of more than one line: %v", err)
				}
			case err != nil:
				t.Fatal(err)
			case !slices.ContainsFunc(decision.Denials, func(d promotion.Denial) bool { return d.Code == test.denied }):
				t.Fatalf("not denied by %s:\n%s", test.denied, decision)
			}
		})
	}
}

// The first version ever: no history, no champion, no runs.
func TestTheFirstPromotionIsAllowed(t *testing.T) {
	evidence, requirement := good(t)
	evidence.Stage, evidence.History, evidence.Champion, evidence.Runs = "dev", []promotion.Assignment{}, nil, []promotion.StageRuns{}
	requirement.Name, requirement.After = "dev", ""
	requirement.Require = slices.DeleteFunc(requirement.Require, func(code string) bool { return code == "staged_days" || code == "drift_bounded" })
	decision, err := engine(t).Decide(context.Background(), evidence, requirement)
	if err != nil {
		t.Fatal(err)
	}
	if !decision.Allowed {
		t.Error(decision)
	}
}

func TestACancelledContextIsNoDecision(t *testing.T) {
	evidence, requirement := good(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	decision, err := engine(t).Decide(ctx, evidence, requirement)
	if err == nil || decision.Allowed {
		t.Errorf("decision %v, error %v", decision.Allowed, err)
	}
}

// An answer that a policy might give and that is not one.
func TestAMalformedAnswerIsAnError(t *testing.T) {
	required := []string{"a", "b"}
	cases := map[string]struct {
		answer string
		ok     bool
	}{
		"allowed":                         {`{"allowed":true,"required":["a","b"],"passed":["a","b"],"denials":{}}`, true},
		"denied":                          {`{"allowed":false,"required":["a","b"],"passed":["a"],"denials":{"b":[]}}`, true},
		"allowed with a denial":           {`{"allowed":true,"required":["a","b"],"passed":["a"],"denials":{"b":[]}}`, false},
		"allowed without a passed check":  {`{"allowed":true,"required":["a","b"],"passed":["a"],"denials":{}}`, false},
		"denied without a denial":         {`{"allowed":false,"required":["a","b"],"passed":["a","b"],"denials":{}}`, false},
		"denial of what passed":           {`{"allowed":false,"required":["a","b"],"passed":["a","b"],"denials":{"b":[]}}`, false},
		"denial of something else":        {`{"allowed":false,"required":["a","b"],"passed":["a"],"denials":{"c":[]}}`, false},
		"requires less":                   {`{"allowed":true,"required":["a"],"passed":["a"],"denials":{}}`, false},
		"requires more":                   {`{"allowed":true,"required":["a","b","c"],"passed":["a","b"],"denials":{}}`, false},
		"requires nothing":                {`{"allowed":true,"required":[],"passed":[],"denials":{}}`, false},
		"passes what nobody asked":        {`{"allowed":true,"required":["a","b"],"passed":["a","b","c"],"denials":{}}`, false},
		"more keys":                       {`{"allowed":true,"required":["a","b"],"passed":["a","b"],"denials":{},"override":true}`, false},
		"allowed as text":                 {`{"allowed":"true","required":["a","b"],"passed":["a","b"],"denials":{}}`, false},
		"allowed missing, all else there": {`{"required":["a","b"],"passed":["a","b"],"denials":{}}`, false},
		"true":                            {`true`, false},
		"null":                            {`null`, false},
		"nothing":                         {`{}`, false},
	}
	e := engine(t)
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			var value any
			if err := json.Unmarshal([]byte(test.answer), &value); err != nil {
				t.Fatal(err)
			}
			answer, err := e.read(value, required)
			if ok := err == nil; ok != test.ok {
				t.Errorf("answer %v, error %v, want ok %t", answer, err, test.ok)
			}
			if err != nil && answer.Allowed {
				t.Error("allowed beside an error")
			}
		})
	}
}

func BenchmarkDecide(b *testing.B) {
	e := engine(b)
	evidence, requirement := good(b)
	for b.Loop() {
		if _, err := e.Decide(context.Background(), evidence, requirement); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := New(context.Background(), Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// A remedy starts the workflow that is there.
func TestWhichWorkflowPromotes(t *testing.T) {
	for running, want := range map[string]string{
		"octo/flights/.github/workflows/promote.yml@refs/heads/main":        "promote.yml",
		"octo/flights/.github/workflows/linecook-promote.yaml@refs/heads/x": "linecook-promote.yaml",
		"":                            "linecook-promote.yml",
		"octo/flights/$(reboot).yml@": "linecook-promote.yml",
	} {
		if got := promoter(running); got != want {
			t.Errorf("%q: %q, want %q", running, got, want)
		}
	}
}
