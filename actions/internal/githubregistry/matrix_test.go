package githubregistry_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/actions/internal/github/githubtest"
	"github.com/linecook-ml/linecook/actions/internal/githubregistry"
	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	ledgerdir "github.com/linecook-ml/linecook/pipeline/ledger/dir"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/promotion/promotiontest"
	"github.com/linecook-ml/linecook/pipeline/registry"
	"github.com/linecook-ml/linecook/pipeline/registry/registrytest"
)

// A verb is what a command asks of the registry, and what must hold after it.
type verb struct {
	name    string
	prepare func(testing.TB, *githubtest.Server)
	run     func(context.Context, testing.TB, registry.Registry) error
	// writes says that the verb changes something: then it ends old or new.
	old, new string
	// again is what running the verb ends with when all is done; nil is well.
	again error
}

// allows is a policy that has nothing against anybody.
type allows struct{}

func (allows) Decide(_ context.Context, e promotion.Evidence, s promotion.Stage) (promotion.Decision, error) {
	return promotion.Decision{
		Allowed: true, Operation: e.Operation, Pipeline: e.Pipeline, Stage: e.Stage, Version: e.Candidate.Version, BundleID: e.Candidate.BundleID, At: e.At, Actor: e.Actor,
		Required: s.Require, Passed: s.Require, Denials: []promotion.Denial{}, Requirement: s, Evidence: e,
	}, nil
}

func (allows) Policy() map[string]string { return map[string]string{"always.rego": "package always"} }

var stages = []promotion.Stage{{Name: "prod", Require: []string{"anything"}}}

func promote(ctx context.Context, t testing.TB, r registry.Registry, version string, at time.Time) error {
	t.Helper()
	_, _, err := promotion.Promote(ctx, r, ledgerdir.Open(t.TempDir()), allows{}, stages, promotion.Request{
		Pipeline: name, Version: version, Stage: "prod", At: at, Actor: "grace",
	})
	return err
}

func publishOne(ctx context.Context, t testing.TB, r registry.Registry, version string, content string) error {
	t.Helper()
	_, archive := registrytest.Archive(t, version, content)
	_, err := r.Register(ctx, registry.Registration{Name: name, Version: version, RegisteredAt: noon, Actor: "ada"}, archive)
	return err
}

// prepareVersions registers two versions.
func prepareVersions(t testing.TB, s *githubtest.Server) registry.Registry {
	t.Helper()
	r := open(t, s)
	for _, version := range []string{"1.0.0", "1.1.0"} {
		promotiontest.Register(t, r, version, func(m *bundle.Manifest, _ *evaluation.Report) { m.Code.Commit = s.Head("") })
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
		name: "promote", prepare: prepareStages,
		run: func(ctx context.Context, t testing.TB, r registry.Registry) error {
			return promote(ctx, t, r, "1.1.0", noon.Add(time.Hour))
		},
		old: "versions [1.0.0 1.1.0] prod [1.0.0]", new: "versions [1.0.0 1.1.0] prod [1.0.0 1.1.0]",
		again: registry.ErrConflict, // it is on the stage already
	},
	{
		name: "score", prepare: prepareStages,
		run: func(ctx context.Context, _ testing.TB, r registry.Registry) error {
			history, err := r.History(ctx, name)
			if err != nil {
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
}

// state is the registry as somebody else sees it, who trusts nothing.
func state(t testing.TB, s *githubtest.Server) string {
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

// patient is a registry whose client waits no real time: a request that hangs
// reaches its deadline at once.
func patient(t testing.TB, s *githubtest.Server) registry.Registry {
	t.Helper()
	o := options(s)
	o.Deadline = func(ctx context.Context, _ time.Duration) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(ctx)
		go func() {
			select {
			case <-s.Hung():
				cancel()
			case <-ctx.Done():
			}
		}()
		return ctx, cancel
	}
	client, err := github.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return githubregistry.New(githubregistry.Options{Client: client, Repository: githubtest.Repository, Commit: s.Head("")})
}

// A cell is what became of one request of one verb under one fault.
const (
	through = "ok"    // the verb came through
	failed  = "error" // it ended in one clear error, and the next run was well
	free    = "·"     // the fault does not fit the request
)

// TestFaultMatrix meets every request of every verb with every fault. Whatever
// the cell: no release twice, none published that is not whole, the stage as it
// was or as it should be, at most one clear error, and the next run ends well.
// With -v it prints the table; -short tries one cell in four.
func TestFaultMatrix(t *testing.T) {
	kinds := githubtest.Kinds()
	for _, v := range verbs {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			prepared := githubtest.New(t)
			prepared.Immutable()
			v.prepare(t, prepared)
			requests := clean(t, v, prepared)
			table := make([][]string, len(requests))
			for i, request := range requests {
				for j, kind := range kinds {
					cell := free
					if fits := kind.Fits == nil || kind.Fits(request); fits && (!testing.Short() || (i+j)%4 == 0) {
						cell = meet(t, v, prepared, i+1, request, kind)
					}
					table[i] = append(table[i], cell)
				}
			}
			t.Log("\n" + render(kinds, requests, table))
		})
	}
}

// clean runs a verb without faults and returns its requests.
func clean(t *testing.T, v verb, prepared *githubtest.Server) []string {
	t.Helper()
	s := prepared.Copy(t)
	if got := state(t, s); got != v.old {
		t.Fatalf("it begins with %s", got)
	}
	s.Forget()
	if err := v.run(t.Context(), t, patient(t, s)); err != nil {
		t.Fatal(err)
	}
	requests := s.Requests()
	if got := state(t, s); got != v.new {
		t.Fatalf("it ends with %s", got)
	}
	return requests
}

// A scope is a part of a test that clears up at its own end: a thousand cells
// would keep as many servers.
type scope struct {
	testing.TB
	cleanups []func()
}

func (s *scope) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }

func (s *scope) end() {
	for _, cleanup := range slices.Backward(s.cleanups) {
		cleanup()
	}
}

// meet is one cell.
func meet(whole *testing.T, v verb, prepared *githubtest.Server, nth int, request string, kind githubtest.Kind) string {
	whole.Helper()
	t := &scope{TB: whole}
	defer t.end()
	s := prepared.Copy(t)
	fault := kind.Fault
	fault.Nth = nth
	s.Fail(fault)
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
	case err != nil && !plain(err):
		complain("its error is %q", err)
	case err != nil && slices.Contains(harmless, kind.Name):
		complain("it gives up: %v", err)
	}
	again := v.run(t.Context(), t, patient(t, s))
	if got == v.new && v.again != nil {
		if !errors.Is(again, v.again) {
			complain("the next run ends with %v", again)
		}
	} else if again != nil {
		complain("the next run ends with %v", again)
	}
	if trouble := wrong(s, true) + shown(s); trouble != "" {
		complain("after the next run %s", trouble)
	}
	if got := state(t, s); got != v.new {
		complain("the next run leaves %s", got)
	}
	if err != nil {
		return failed
	}
	return through
}

// harmless are the faults that pass, so no verb may end because of one.
var harmless = []string{
	"500", "502", "502 but stored", "502 and a starter", "503", "403 secondary", "429 Retry-After", "429",
	"timeout before", "timeout after", "reset", "reset but stored", "cut off", "wrong digest",
}

// plain says that an error is one line that names what was asked for, without
// secrets.
func plain(err error) bool {
	text := err.Error()
	return len(text) > 20 && !strings.ContainsAny(text, "\n") && !strings.Contains(text, githubtest.Token) && !strings.Contains(text, "signature=")
}

func render(kinds []githubtest.Kind, requests []string, table [][]string) string {
	var b strings.Builder
	width := 0
	for i := range requests {
		requests[i] = short(requests[i])
		width = max(width, len(requests[i]))
	}
	for i, kind := range kinds {
		fmt.Fprintf(&b, "%*s %s %s\n", width+3, "", strings.Repeat("│     ", i), kind.Name)
	}
	for i, request := range requests {
		fmt.Fprintf(&b, "%2d %-*s", i+1, width, request)
		for _, cell := range table[i] {
			fmt.Fprintf(&b, " %-5s", cell)
		}
		b.WriteString("\n")
	}
	counts := map[string]int{}
	for _, row := range table {
		for _, cell := range row {
			counts[cell]++
		}
	}
	for _, cell := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&b, "%d × %s  ", counts[cell], cell)
	}
	return b.String()
}

// short is a request without what all have in common.
func short(request string) string {
	request = strings.ReplaceAll(request, "/repos/"+githubtest.Repository, "")
	request, _, _ = strings.Cut(request, "?per_page")
	request, _, _ = strings.Cut(request, "?signature")
	return strings.NewReplacer("uploads:", "", "downloads:/", "store ", "%23", "#").Replace(request)
}
