// Package registrytest is the one suite that every registry.Registry passes.
package registrytest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/registry"
)

// Name is the pipeline that Archive makes bundles of.
const Name = "flight-delay"

// Archive returns a small valid bundle of Name. content goes into its model:
// another content gives another id.
func Archive(t testing.TB, version, content string) (id string, archive []byte) {
	t.Helper()
	digest := canonical.DigestBytes([]byte("data"))
	m := bundle.Manifest{
		Name:     Name,
		Version:  version,
		Until:    "2013-08-31",
		Sources:  []bundle.SourceFingerprint{{Name: "flights", SHA256: digest, Rows: 10, Files: 1}},
		Snapshot: bundle.Snapshot{Digest: digest, Rows: 10, Columns: 2},
	}
	var files []bundle.File
	for _, role := range []bundle.Role{
		bundle.RoleModel, bundle.RolePrepare, bundle.RoleFeatures, bundle.RoleInputContract,
		bundle.RoleOutputContract, bundle.RoleProfile, bundle.RoleEvaluation, bundle.RoleConfig,
	} {
		files = append(files, bundle.File{Path: string(role), Role: role, Data: []byte(string(role) + " " + content)})
	}
	id, archive, err := bundle.Build(m, files)
	if err != nil {
		t.Fatal(err)
	}
	return id, archive
}

var noon = time.Date(2013, 9, 1, 12, 0, 0, 0, time.UTC)

// A suite is one case's new, empty store.
type suite struct {
	*testing.T
	ctx  context.Context
	open func() registry.Registry
	reg  registry.Registry
}

// Run runs the suite. store makes a new, empty store and returns how to open
// it; each call of that gives another handle, as another process would have.
func Run(t *testing.T, store func(t *testing.T) (open func() registry.Registry)) {
	for _, c := range []struct {
		name string
		test func(s suite)
	}{
		{"an empty registry", testEmpty},
		{"a registration comes back", testRegister},
		{"registering again", testRegisterAgain},
		{"what is not registered", testRegisterRefuses},
		{"versions in order", testOrder},
		{"two register at once", testRegisterRace},
		{"an assignment comes back", testAssign},
		{"what is not assigned", testAssignRefuses},
		{"history and its fold", testHistory},
		{"two promote at once", testAssignRace},
		{"a cancelled context", testCancelled},
	} {
		t.Run(c.name, func(t *testing.T) {
			open := store(t)
			c.test(suite{T: t, ctx: t.Context(), open: open, reg: open()})
		})
	}
}

func (s suite) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s suite) wantError(err, is error, message string) {
	s.Helper()
	if err == nil || is != nil && !errors.Is(err, is) || !strings.Contains(err.Error(), message) {
		s.Errorf("got %v; want an error that is %v with %q", err, is, message)
	}
}

func (s suite) same(got, want any) {
	s.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		s.Errorf("(-want +got)\n%s", diff)
	}
}

// register stores a version with a content of its own.
func (s suite) register(version string) registry.Registration {
	s.Helper()
	_, archive := Archive(s, version, version)
	reg, err := s.reg.Register(s.ctx, registry.Registration{Name: Name, Version: version, RegisteredAt: noon, Actor: "trainer"}, archive)
	s.must(err)
	return reg
}

// assignment returns a valid event.
func assignment(reg registry.Registration, stage string, sequence int) registry.Assignment {
	return registry.Assignment{
		Name: reg.Name, Stage: stage, Sequence: sequence, Version: reg.Version, BundleID: reg.BundleID,
		At: noon.Add(time.Duration(sequence) * time.Hour), Actor: "promoter",
		Decision: json.RawMessage(`{"allow":true}`), Reason: "all checks passed",
	}
}

func testEmpty(s suite) {
	regs, err := s.reg.Registrations(s.ctx, Name)
	s.must(err)
	history, err := s.reg.History(s.ctx, Name)
	s.must(err)
	if len(regs) != 0 || len(history) != 0 {
		s.Errorf("it holds %v and %v", regs, history)
	}
	_, _, err = s.reg.Fetch(s.ctx, Name, "1.0.0")
	s.wantError(err, registry.ErrNotFound, "flight-delay@v1.0.0")
	_, err = s.reg.Registrations(s.ctx, "../etc")
	s.wantError(err, nil, "not a name")
	_, err = s.reg.History(s.ctx, "")
	s.wantError(err, nil, "not a name")
	_, _, err = s.reg.Fetch(s.ctx, Name, "../1.0.0")
	s.wantError(err, nil, "not a version")
}

func testRegister(s suite) {
	id, archive := Archive(s, "1.0.0", "one")
	in := registry.Registration{
		Name: Name, Version: "1.0.0", Actor: "trainer",
		RegisteredAt: noon.In(time.FixedZone("", 3600)),
	}
	want := registry.Registration{
		Name: Name, Version: "1.0.0", BundleID: id, ArchiveSHA256: canonical.DigestBytes(archive),
		Size: int64(len(archive)), RegisteredAt: noon, Actor: "trainer",
	}
	got, err := s.reg.Register(s.ctx, in, archive)
	s.must(err)
	s.same(got, want)

	other := s.open()
	b, got, err := other.Fetch(s.ctx, Name, "1.0.0")
	s.must(err)
	s.same(got, want)
	if b.ID != id || string(b.Data(bundle.RoleModel)) != "model one" {
		s.Errorf("the bundle %s with %q came back", b.ID, b.Data(bundle.RoleModel))
	}
	regs, err := other.Registrations(s.ctx, Name)
	s.must(err)
	s.same(regs, []registry.Registration{want})
}

func testRegisterAgain(s suite) {
	first := s.register("1.0.0")
	_, archive := Archive(s, "1.0.0", "1.0.0")
	again := registry.Registration{Name: Name, Version: "1.0.0", RegisteredAt: noon.Add(time.Hour), Actor: "another"}
	got, err := s.open().Register(s.ctx, again, archive)
	s.must(err)
	s.same(got, first)

	id, archive := Archive(s, "1.0.0", "other")
	_, err = s.reg.Register(s.ctx, again, archive)
	s.wantError(err, registry.ErrConflict, id)
	s.wantError(err, registry.ErrConflict, first.BundleID)
	_, got, err = s.reg.Fetch(s.ctx, Name, "1.0.0")
	s.must(err)
	s.same(got, first)
}

func testRegisterRefuses(s suite) {
	id, archive := Archive(s, "1.0.0", "one")
	valid := registry.Registration{Name: Name, Version: "1.0.0", RegisteredAt: noon, Actor: "trainer"}
	for _, c := range []struct {
		name    string
		change  func(r *registry.Registration)
		archive []byte
		message string
	}{
		{"another name", func(r *registry.Registration) { r.Name = "bikes" }, archive, "the archive holds flight-delay@v1.0.0"},
		{"another version", func(r *registry.Registration) { r.Version = "1.0.1" }, archive, "the archive holds flight-delay@v1.0.0"},
		{"another id", func(r *registry.Registration) { r.BundleID = canonical.DigestBytes(nil) }, archive, id},
		{"another digest", func(r *registry.Registration) { r.ArchiveSHA256 = canonical.DigestBytes(nil) }, archive, "digest"},
		{"another size", func(r *registry.Registration) { r.Size = 1 }, archive, "bytes"},
		{"no time", func(r *registry.Registration) { r.RegisteredAt = time.Time{} }, archive, "when"},
		{"no actor", func(r *registry.Registration) { r.Actor = "" }, archive, "whom"},
		{"nothing", func(*registry.Registration) {}, nil, "not a bundle"},
		{"half an archive", func(*registry.Registration) {}, archive[:len(archive)/2], "cut off"},
	} {
		reg := valid
		c.change(&reg)
		_, err := s.reg.Register(s.ctx, reg, c.archive)
		if err == nil || !strings.Contains(err.Error(), c.message) {
			s.Errorf("%s: got %v; want an error with %q", c.name, err, c.message)
		}
	}
	regs, err := s.reg.Registrations(s.ctx, Name)
	s.must(err)
	if len(regs) != 0 {
		s.Errorf("refused, but registered: %v", regs)
	}
}

func testOrder(s suite) {
	for _, v := range []string{"1.10.0", "1.9.0", "2.0.0-rc.1", "2.0.0", "0.1.0"} {
		s.register(v)
	}
	regs, err := s.reg.Registrations(s.ctx, Name)
	s.must(err)
	var got []string
	for _, r := range regs {
		got = append(got, r.Version)
	}
	s.same(got, []string{"0.1.0", "1.9.0", "1.10.0", "2.0.0-rc.1", "2.0.0"})
}

// race runs n functions at once, each with its own handle, and returns which
// succeeded; every other must have failed with ErrConflict.
func (s suite) race(n int, run func(i int, r registry.Registry) error) (won []int) {
	s.Helper()
	errs := make([]error, n)
	var wait sync.WaitGroup
	for i := range n {
		handle := s.open()
		wait.Go(func() { errs[i] = run(i, handle) })
	}
	wait.Wait()
	for i, err := range errs {
		if err == nil {
			won = append(won, i)
		} else if !errors.Is(err, registry.ErrConflict) {
			s.Errorf("%d: %v", i, err)
		}
	}
	return won
}

func testRegisterRace(s suite) {
	const n = 8
	archives := make([][]byte, n)
	for i := range archives {
		_, archives[i] = Archive(s, "1.0.0", fmt.Sprint(i))
	}
	won := s.race(n, func(i int, r registry.Registry) error {
		_, err := r.Register(s.ctx, registry.Registration{Name: Name, Version: "1.0.0", RegisteredAt: noon, Actor: "trainer"}, archives[i])
		return err
	})
	if len(won) != 1 {
		s.Fatalf("of %d different bundles for one version, these were registered: %v", n, won)
	}
	b, _, err := s.reg.Fetch(s.ctx, Name, "1.0.0")
	s.must(err)
	if got, want := string(b.Data(bundle.RoleModel)), fmt.Sprint("model ", won[0]); got != want {
		s.Errorf("%q was registered and %q comes back", want, got)
	}

	_, same := Archive(s, "1.1.0", "same")
	won = s.race(n, func(_ int, r registry.Registry) error {
		_, err := r.Register(s.ctx, registry.Registration{Name: Name, Version: "1.1.0", RegisteredAt: noon, Actor: "trainer"}, same)
		return err
	})
	if len(won) != n {
		s.Errorf("of %d who registered the same bundle, only %v succeeded", n, won)
	}
}

func testAssign(s suite) {
	reg := s.register("1.0.0")
	in := assignment(reg, "prod", 1)
	in.At = in.At.In(time.FixedZone("", -3600))
	in.Decision = json.RawMessage(`{"b": [1.0, "\u00e9"], "a": {"reasons": []}}`)
	want := in
	want.At = noon.Add(time.Hour)
	want.Decision = json.RawMessage(`{"a":{"reasons":[]},"b":[1,"é"]}`)
	got, err := s.reg.Assign(s.ctx, in)
	s.must(err)
	s.same(got, want)
	history, err := s.open().History(s.ctx, Name)
	s.must(err)
	s.same(history, []registry.Assignment{want})
}

func testAssignRefuses(s suite) {
	one, two := s.register("1.0.0"), s.register("1.1.0")
	_, err := s.reg.Assign(s.ctx, assignment(one, "prod", 1))
	s.must(err)
	before, err := s.reg.History(s.ctx, Name)
	s.must(err)
	for _, c := range []struct {
		name    string
		change  func(a *registry.Assignment)
		is      error
		message string
	}{
		{"sequence taken", func(a *registry.Assignment) { a.Sequence = 1 }, registry.ErrConflict, "flight-delay#prod#1"},
		{"sequence skipped", func(a *registry.Assignment) { a.Sequence = 3 }, registry.ErrConflict, "flight-delay#prod#3"},
		{"no sequence", func(a *registry.Assignment) { a.Sequence = 0 }, nil, "sequence"},
		{"negative sequence", func(a *registry.Assignment) { a.Sequence = -1 }, nil, "sequence"},
		{"first of another stage", func(a *registry.Assignment) { a.Stage = "staging" }, registry.ErrConflict, "flight-delay#staging#2"},
		{"on the stage already", func(a *registry.Assignment) { a.Version, a.BundleID = one.Version, one.BundleID }, registry.ErrConflict, "already"},
		{"version not registered", func(a *registry.Assignment) { a.Version = "9.9.9" }, registry.ErrNotFound, "flight-delay@v9.9.9"},
		{"id of another version", func(a *registry.Assignment) { a.BundleID = one.BundleID }, registry.ErrConflict, one.BundleID},
		{"no id", func(a *registry.Assignment) { a.BundleID = "" }, nil, "bundle id"},
		{"stage that is not a name", func(a *registry.Assignment) { a.Stage = "../prod" }, nil, "not a name"},
		{"name that is not one", func(a *registry.Assignment) { a.Name = "Flight" }, nil, "not a name"},
		{"no time", func(a *registry.Assignment) { a.At = time.Time{} }, nil, "when"},
		{"no actor", func(a *registry.Assignment) { a.Actor = "" }, nil, "whom"},
		{"no decision", func(a *registry.Assignment) { a.Decision = nil }, nil, "decision"},
		{"null decision", func(a *registry.Assignment) { a.Decision = json.RawMessage("null") }, nil, "decision"},
		{"empty decision", func(a *registry.Assignment) { a.Decision = json.RawMessage(" { } ") }, nil, "decision"},
		{"decision that is not JSON", func(a *registry.Assignment) { a.Decision = json.RawMessage("{allow}") }, nil, "decision"},
		{"decision with a key twice", func(a *registry.Assignment) { a.Decision = json.RawMessage(`{"allow":false,"allow":true}`) }, nil, "twice"},
	} {
		a := assignment(two, "prod", 2)
		c.change(&a)
		_, err := s.reg.Assign(s.ctx, a)
		if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.message) {
			s.Errorf("%s: got %v; want an error that is %v with %q", c.name, err, c.is, c.message)
		}
	}
	after, err := s.reg.History(s.ctx, Name)
	s.must(err)
	s.same(after, before)
}

func testHistory(s suite) {
	one, two := s.register("1.0.0"), s.register("1.1.0")
	for _, a := range []registry.Assignment{
		assignment(one, "staging", 1),
		assignment(one, "prod", 1),
		assignment(two, "staging", 2),
		assignment(two, "prod", 2),
		assignment(one, "prod", 3), // rolled back
	} {
		_, err := s.reg.Assign(s.ctx, a)
		s.must(err)
	}
	history, err := s.open().History(s.ctx, Name)
	s.must(err)
	var tags []string
	for _, a := range history {
		tags = append(tags, a.Tag()+" "+a.Version)
	}
	s.same(tags, []string{
		"flight-delay#prod#1 1.0.0", "flight-delay#prod#2 1.1.0", "flight-delay#prod#3 1.0.0",
		"flight-delay#staging#1 1.0.0", "flight-delay#staging#2 1.1.0",
	})
	if current, ok := registry.Current(history, "prod"); !ok || current.Sequence != 3 || current.Version != "1.0.0" {
		s.Errorf("on prod is %v, %v", current, ok)
	}
	if past, ok := registry.At(history, "prod", noon.Add(150*time.Minute)); !ok || past.Sequence != 2 {
		s.Errorf("on prod was %v, %v", past, ok)
	}
	other, err := s.reg.History(s.ctx, "bikes")
	s.must(err)
	if len(other) != 0 {
		s.Errorf("another name has the history %v", other)
	}
}

func testAssignRace(s suite) {
	const n = 8
	var regs []registry.Registration
	for i := range n {
		regs = append(regs, s.register(fmt.Sprintf("1.%d.0", i)))
	}
	for round := 1; round <= 3; round++ {
		won := s.race(n, func(i int, r registry.Registry) error {
			// No two rounds promote the same bundle in the same place.
			_, err := r.Assign(s.ctx, assignment(regs[(i+round)%n], "prod", round))
			return err
		})
		// Who comes with what is on the stage already is refused as well.
		if len(won) != 1 {
			s.Fatalf("round %d: of %d promotions, these won: %v", round, n, won)
		}
		history, err := s.reg.History(s.ctx, Name)
		s.must(err)
		current, _ := registry.Current(history, "prod")
		if want := regs[(won[0]+round)%n].Version; current.Version != want || len(history) != round {
			s.Errorf("round %d: %s won, %s is on the stage, after %d events", round, want, current.Version, len(history))
		}
	}
}

func testCancelled(s suite) {
	reg := s.register("1.0.0")
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	_, archive := Archive(s, "1.1.0", "one")
	_, register := s.reg.Register(ctx, registry.Registration{Name: Name, Version: "1.1.0", RegisteredAt: noon, Actor: "trainer"}, archive)
	_, registrations := s.reg.Registrations(ctx, Name)
	_, _, fetch := s.reg.Fetch(ctx, Name, "1.0.0")
	_, assign := s.reg.Assign(ctx, assignment(reg, "prod", 1))
	_, history := s.reg.History(ctx, Name)
	for i, err := range []error{register, registrations, fetch, assign, history} {
		if !errors.Is(err, context.Canceled) {
			s.Errorf("call %d: %v", i, err)
		}
	}
	after, err := s.reg.Registrations(s.ctx, Name)
	s.must(err)
	if !slices.Equal(after, []registry.Registration{reg}) {
		s.Errorf("it holds %v", after)
	}
}
