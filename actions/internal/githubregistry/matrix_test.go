package githubregistry_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/actions/internal/github/githubtest"
	"github.com/linecook-ml/linecook/actions/internal/githubregistry"
	"github.com/linecook-ml/linecook/actions/internal/witness"
	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	ledgerdir "github.com/linecook-ml/linecook/pipeline/ledger/dir"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/promotion/promotiontest"
	"github.com/linecook-ml/linecook/pipeline/registry"
	"github.com/linecook-ml/linecook/pipeline/registry/registrytest"
	"github.com/linecook-ml/linecook/policy"
)

// A verb is what a command asks of the registry, and what must hold after it.
type verb struct {
	name    string
	prepare func(testing.TB, *githubtest.Server)
	run     func(context.Context, testing.TB, registry.Registry) error
	// lasting says that faults which pass are met by another verb with the same
	// requests.
	lasting bool
	// The verb ends old or new; the two are one where it changes nothing.
	old, new string
}

// errDenied is the end of a promotion that the policy does not allow.
var errDenied = errors.New("denied")

// gate is linecook's own policy. Its text would make every event long, and is
// not what fails here.
type gate struct{ *policy.Engine }

func (gate) Policy() map[string]string { return map[string]string{"always.rego": "package always"} }

var engine = sync.OnceValue(func() gate {
	e, err := policy.New(context.Background(), policy.Options{})
	if err != nil {
		panic(err)
	}
	return gate{e}
})

var stages = []promotion.Stage{{Name: "prod", MinApprovals: 1, Require: []string{"approved", "attested", "clean_commit", "contract_clean", "honest_features", "protected_policy"}}}

const builder = githubtest.Repository + "/.github/workflows/train.yml"

// verify believes every statement that names what it is about.
func verify(statement []byte, digest string) (promotion.Provenance, error) {
	var signed struct {
		Envelope struct {
			Payload []byte `json:"payload"`
		} `json:"dsseEnvelope"`
	}
	var says struct{ Ref, Commit string }
	if err := errors.Join(json.Unmarshal(statement, &signed), json.Unmarshal(signed.Envelope.Payload, &says)); err != nil {
		return promotion.Provenance{}, err
	}
	return promotion.Provenance{Repository: githubtest.Repository, Ref: says.Ref, Commit: says.Commit, Builder: builder, Digest: digest, Run: "https://github.com/octo/flights/actions/runs/900/attempts/1"}, nil
}

// promote does what the command does in a job of the default branch: the run's
// number is the time of the request.
func promote(ctx context.Context, t testing.TB, versions registry.Registry, version string, at time.Time) error {
	t.Helper()
	r := versions.(*githubregistry.Registry)
	request := promotion.Request{
		Pipeline: name, Version: version, Stage: "prod", At: at, Actor: "grace", Confirm: r.Confirm(noon), Witness: &witness.GitHub{Client: r.Client, Verify: verify},
		Origin: originOf(at.Unix(), r.Commit),
		Policy: promotion.PolicyOrigin{Commit: r.Commit, Unchanged: true, Protected: true},
	}
	granted, err := promotion.Before(ctx, r, request)
	if granted != nil && granted.Doubt != nil {
		hiding, again := granted.Without(r, request, r.Confirm(noon, granted.Event.Tag()))
		decision, err := promotion.Weigh(ctx, hiding, ledgerdir.Open(t.TempDir()), engine(), stages, again)
		if err = cmp.Or(err, denial(decision)); err != nil {
			return err
		}
	}
	if granted != nil {
		r.Show(ctx, name, "prod")
	}
	if err != nil || granted != nil {
		return err
	}
	decision, _, err := promotion.Promote(ctx, r, ledgerdir.Open(t.TempDir()), engine(), stages, request)
	return cmp.Or(err, denial(decision))
}

// denial is errDenied with the reasons, or nil.
func denial(d promotion.Decision) error {
	if d.Allowed {
		return nil
	}
	return fmt.Errorf("%w: %s", errDenied, strings.Join(strings.Fields(d.String()), " "))
}

func publishOne(ctx context.Context, t testing.TB, r registry.Registry, version string, content string) error {
	t.Helper()
	_, archive := registrytest.Archive(t, version, content)
	_, err := r.Register(ctx, registry.Registration{Name: name, Version: version, RegisteredAt: noon, Actor: "ada"}, archive)
	return err
}

// prepareVersions registers two versions of a commit that was merged, approved
// and attested, and has a run for each that puts it on prod, an hour apart.
func prepareVersions(t testing.TB, s *githubtest.Server) registry.Registry {
	t.Helper()
	r := open(t, s)
	head := s.Commit(githubtest.Commit{Branch: "better", Parent: s.Head(""), Message: "better", Author: "linus"})
	merge := s.Commit(githubtest.Commit{Message: "merge", Author: "linus"})
	r.Commit = merge
	s.AddRun(githubtest.Run{ID: 900, Workflow: ".github/workflows/train.yml", Event: "push", Conclusion: "success", Actor: "ada", Started: noon, Updated: noon})
	s.Grant("barbara", "write")
	s.AddPull(githubtest.Pull{Number: 7, Author: "linus", HeadBranch: "better", Head: head, Merge: merge, MergedBy: "linus", Reviews: []githubtest.Review{{Author: "barbara", State: "APPROVED"}}})
	for i, version := range []string{"1.0.0", "1.1.0"} {
		at := noon.Add(time.Duration(i) * time.Hour)
		s.AddRun(githubtest.Run{
			ID: at.Unix(), Workflow: githubregistry.Promoters[0], Event: "workflow_dispatch", Title: "linecook promote " + version + " to prod",
			Conclusion: "success", Actor: "grace", Started: at, Updated: at.Add(time.Minute),
		})
		promotiontest.Register(t, r, version, func(m *bundle.Manifest, _ *evaluation.Report) { m.Code.Commit = merge })
		_, reg, err := r.Fetch(t.Context(), name, version)
		if err != nil {
			t.Fatal(err)
		}
		s.Attest(reg.ArchiveSHA256, fmt.Appendf(nil, `{"predicateType":"https://slsa.dev/provenance/v1","ref":%q,"commit":%q}`, "refs/tags/"+registry.VersionTag(name, version), merge))
	}
	return r
}

// prepareStages registers two versions and puts the first on prod.
func prepareStages(t testing.TB, s *githubtest.Server) {
	t.Helper()
	if err := promote(t.Context(), t, prepareVersions(t, s), "1.0.0", noon); err != nil {
		t.Fatal(err)
	}
}

var verbs = []verb{
	{
		name: "publish", prepare: func(testing.TB, *githubtest.Server) {},
		run: func(ctx context.Context, t testing.TB, r registry.Registry) error {
			return publishOne(ctx, t, r, "1.0.0", "one")
		},
		old: "versions [] prod []", new: "versions [1.0.0] prod []",
	},
	{
		// The tag was pushed, and a run that died left a draft with a file that
		// broke off and one that arrived as another.
		name: "publish a draft", prepare: func(t testing.TB, s *githubtest.Server) {
			s.Tag(tag, s.Head(""), "of a person")
			s.Fail(
				githubtest.Fault{Method: "POST", Path: "/assets$", Stored: true, Status: 200, Body: `{}`},
				githubtest.Fault{Method: "POST", Path: "/assets$", Spoilt: true},
				githubtest.Fault{Method: "POST", Path: "/assets$", Starter: true, Status: 401},
			)
			if err := publishOne(t.Context(), t, open(t, s), "1.0.0", "one"); err == nil {
				t.Fatal("it left no draft")
			}
		},
		run: func(ctx context.Context, t testing.TB, r registry.Registry) error {
			return publishOne(ctx, t, r, "1.0.0", "one")
		},
		old: "versions [] prod []", new: "versions [1.0.0] prod []",
	},
	{
		// As train does: it looks for the version, and for what serves, to compare
		// with. Where that is not to be had the policy has no comparison, and denies.
		name: "publish beside a champion", prepare: prepareStages,
		run: func(ctx context.Context, t testing.TB, r registry.Registry) error {
			absent := func(err error) bool {
				return errors.Is(err, registry.ErrNotFound) || errors.Is(err, registry.ErrCorrupt)
			}
			if _, _, err := r.Fetch(ctx, name, "1.2.0"); err != nil && !absent(err) {
				return err
			}
			history, err := r.History(ctx, name)
			if err != nil {
				return err
			}
			if serving, found := registry.Current(history, "prod"); found {
				if _, _, err := r.Fetch(ctx, name, serving.Version); err != nil && !absent(err) {
					return err
				}
			}
			return publishOne(ctx, t, r, "1.2.0", "three")
		},
		old: "versions [1.0.0 1.1.0] prod [1.0.0]", new: "versions [1.0.0 1.1.0 1.2.0] prod [1.0.0]",
	},
	{
		name: "promote", prepare: prepareStages,
		run: func(ctx context.Context, t testing.TB, r registry.Registry) error {
			return promote(ctx, t, r, "1.1.0", noon.Add(time.Hour))
		},
		old: "versions [1.0.0 1.1.0] prod [1.0.0]", new: "versions [1.0.0 1.1.0] prod [1.0.0 1.1.0]",
	},
	{
		// Whatever of the evidence is not there to be seen, the no of one who may
		// write stays a no.
		name: "promote against an objection", lasting: true, prepare: func(t testing.TB, s *githubtest.Server) {
			prepareStages(t, s)
			s.Grant("ken", "write")
			s.AddReview(7, githubtest.Review{Author: "ken", State: "CHANGES_REQUESTED"})
		},
		run: func(ctx context.Context, t testing.TB, r registry.Registry) error {
			err := promote(ctx, t, r, "1.1.0", noon.Add(time.Hour))
			if errors.Is(err, errDenied) {
				return nil
			}
			return cmp.Or(err, errors.New("it was promoted"))
		},
		old: "versions [1.0.0 1.1.0] prod [1.0.0]", new: "versions [1.0.0 1.1.0] prod [1.0.0]",
	},
	{
		// A run that died after its event is started again, and decides anew.
		name: "promote in doubt", prepare: func(t testing.TB, s *githubtest.Server) {
			prepareStages(t, s)
			at := noon.Add(time.Hour)
			if err := promote(t.Context(), t, open(t, s), "1.1.0", at); err != nil {
				t.Fatal(err)
			}
			s.ChangeRun(at.Unix(), func(r *githubtest.Run) { r.Conclusion = "cancelled" })
		},
		run: func(ctx context.Context, t testing.TB, r registry.Registry) error {
			return promote(ctx, t, r, "1.1.0", noon.Add(time.Hour))
		},
		old: "versions [1.0.0 1.1.0] prod [1.0.0 1.1.0]", new: "versions [1.0.0 1.1.0] prod [1.0.0 1.1.0]",
	},
	{
		name: "score", prepare: prepareStages,
		run: func(ctx context.Context, _ testing.TB, r registry.Registry) error {
			history, err := r.History(ctx, name)
			if err != nil {
				return err
			}
			if err := r.(*githubregistry.Registry).Confirm(noon)(ctx, name, history, "prod"); err != nil {
				return err
			}
			current, _ := registry.Current(history, "prod")
			b, _, err := r.Fetch(ctx, name, current.Version)
			if err == nil && b.ID != current.BundleID {
				return errors.New("another bundle came")
			}
			return err
		},
		old: "versions [1.0.0 1.1.0] prod [1.0.0]", new: "versions [1.0.0 1.1.0] prod [1.0.0]",
	},
	{
		name: "list", prepare: prepareStages,
		run: func(ctx context.Context, t testing.TB, r registry.Registry) error {
			regs, err := r.Registrations(ctx, name)
			if err == nil && len(regs) != 2 {
				t.Errorf("the list has %d versions", len(regs))
			}
			if err != nil {
				return err
			}
			_, err = r.History(ctx, name)
			return err
		},
		old: "versions [1.0.0 1.1.0] prod [1.0.0]", new: "versions [1.0.0 1.1.0] prod [1.0.0]",
	},
	{
		name: "audit", prepare: prepareStages,
		run: func(ctx context.Context, _ testing.TB, r registry.Registry) error {
			audit, err := r.(*githubregistry.Registry).Audit(ctx, name, noon)
			if err == nil && (len(audit.Events) != 1 || !audit.Clean()) {
				err = errors.New("the audit is not clean: " + problems(audit))
			}
			return err
		},
		old: "versions [1.0.0 1.1.0] prod [1.0.0]", new: "versions [1.0.0 1.1.0] prod [1.0.0]",
	},
}

// called is the verb of a name.
func called(name string) verb {
	return verbs[slices.IndexFunc(verbs, func(v verb) bool { return v.name == name })]
}

// seen is what state has said of servers that have the same refs and releases:
// most cells end in one of two states.
var seen sync.Map

// state is the registry as somebody else sees it, who trusts nothing.
func state(t testing.TB, s *githubtest.Server) string {
	t.Helper()
	published := s.Published()
	said, found := seen.Load(published)
	if !found {
		said = look(t, s)
		seen.Store(published, said)
	}
	return said.(string)
}

func look(t testing.TB, s *githubtest.Server) string {
	t.Helper()
	r := open(t, s)
	regs, err := r.Registrations(t.Context(), name)
	if err != nil {
		return "broken: " + err.Error()
	}
	versions := []string{}
	for _, reg := range regs {
		if _, _, err := r.Fetch(t.Context(), name, reg.Version); err != nil {
			return "broken: " + err.Error()
		}
		versions = append(versions, reg.Version)
	}
	history, err := r.History(t.Context(), name)
	if err != nil {
		return "broken: " + err.Error()
	}
	prod := []string{}
	for _, a := range history {
		prod = append(prod, a.Version)
	}
	return fmt.Sprint("versions ", versions, " prod ", prod)
}

// wrong is what there must never be, whatever failed: two releases of a tag, or
// a published one that lacks something.
func wrong(s *githubtest.Server, finished bool) string {
	releases := map[string]int{}
	for _, release := range s.Releases() {
		releases[release.Tag]++
		if release.Draft {
			if finished {
				return "a draft of " + release.Tag + " is left over"
			}
			continue
		}
		complete := 0
		for _, a := range release.Assets {
			if a.State == "uploaded" && len(a.Content) > 0 {
				complete++
			}
		}
		if complete != 5 || len(release.Assets) != 5 {
			return fmt.Sprintf("%s is published with %d files, %d of them complete", release.Tag, len(release.Assets), complete)
		}
	}
	for tag, n := range releases {
		if n > 1 {
			return fmt.Sprintf("%s has %d releases", tag, n)
		}
	}
	return ""
}

// shown says what people would see wrong: each event is one deployment, and the
// last of them is the active one.
func shown(s *githubtest.Server) string {
	events := 0
	for _, tag := range s.Tags() {
		if _, stage, _, err := registry.ParseStageTag(tag); err == nil && stage == "prod" {
			events++
		}
	}
	all := s.Deployments()
	if len(all) != events {
		return fmt.Sprintf("%d events are shown as %d deployments", events, len(all))
	}
	for i, d := range all {
		want := "inactive"
		if i == len(all)-1 {
			want = "success"
		}
		if n := len(d.Statuses); n == 0 || d.Statuses[n-1].State != want {
			return fmt.Sprintf("deployment %d of %d is not %s: %v", i+1, len(all), want, d.Statuses)
		}
	}
	return ""
}

// patient is a registry whose client waits no real time.
func patient(t testing.TB, s *githubtest.Server) registry.Registry {
	t.Helper()
	o := options(s)
	o.Deadline = s.Patient
	client, err := github.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return githubregistry.New(githubregistry.Options{Client: client, Repository: githubtest.Repository, Commit: s.Head("")})
}

// TestFaultMatrix meets every request of every verb with every fault. Whatever
// the cell: no release twice, none published that is not whole, the stage as it
// was or as it should be, at most one clear error, and the next run ends well.
// The verbs that do not come to the registry are in package actions.
func TestFaultMatrix(t *testing.T) {
	for _, v := range verbs {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			prepared := githubtest.New(t)
			prepared.Immutable()
			v.prepare(t, prepared)
			githubtest.Matrix{Prepared: prepared, Lasting: v.lasting, Clean: v.clean, Cell: v.cell}.Run(t)
		})
	}
}

// clean runs the verb without faults.
func (v verb) clean(t testing.TB, s *githubtest.Server) {
	t.Helper()
	if got := state(t, s.Copy(t)); got != v.old {
		t.Fatalf("it begins with %s", got)
	}
	if err := v.run(t.Context(), t, patient(t, s)); err != nil {
		t.Fatal(err)
	}
	if got := state(t, s.Copy(t)); got != v.new {
		t.Fatalf("it ends with %s", got)
	}
}

func (v verb) cell(t testing.TB, s *githubtest.Server, request string, kind githubtest.Kind) string {
	t.Helper()
	complain := func(format string, values ...any) {
		t.Helper()
		t.Errorf("%s under %s: %s", request, kind.Name, fmt.Sprintf(format, values...))
	}
	err := v.run(t.Context(), t, patient(t, s))
	if trouble := wrong(s, false); trouble != "" {
		complain("%s", trouble)
	}
	got := state(t, s)
	switch {
	case err == nil && got != v.new:
		complain("it says that all is well, and leaves %s", got)
	case got != v.old && got != v.new:
		complain("it leaves %s", got)
	case err != nil && !githubtest.Clear(err.Error()):
		complain("its error is %q", err)
	case err != nil && kind.Passes:
		complain("it gives up: %v", err)
	}
	if again := v.run(t.Context(), t, patient(t, s)); again != nil {
		complain("the next run ends with %v", again)
	}
	if trouble := wrong(s, true) + shown(s); trouble != "" {
		complain("after the next run %s", trouble)
	}
	if got := state(t, s); got != v.new {
		complain("the next run leaves %s", got)
	}
	switch {
	case errors.Is(err, errDenied):
		return githubtest.CellDenied
	case err != nil:
		return githubtest.CellError
	}
	return githubtest.CellOK
}
