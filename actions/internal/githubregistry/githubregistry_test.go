package githubregistry_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/actions/internal/github/githubtest"
	"github.com/linecook-ml/linecook/actions/internal/githubregistry"
	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/registry"
	"github.com/linecook-ml/linecook/pipeline/registry/registrytest"
)

const (
	name = registrytest.Name
	tag  = name + "@v1.0.0"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// options are those of a client with a clock that stands until somebody sleeps.
func options(s *githubtest.Server) github.Options {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return github.Options{
		APIURL: s.URL(), Token: githubtest.Token, Repository: githubtest.Repository,
		Now:    func() time.Time { return now },
		Sleep:  func(ctx context.Context, d time.Duration) error { now = now.Add(d); return ctx.Err() },
		Jitter: func() float64 { return 1 },
	}
}

func open(t testing.TB, s *githubtest.Server, change ...func(*githubregistry.Options)) *githubregistry.Registry {
	t.Helper()
	client, err := github.New(options(s))
	if err != nil {
		t.Fatal(err)
	}
	o := githubregistry.Options{
		Client: client, Repository: githubtest.Repository, Commit: s.Head(""), Log: "https://github.com/octo/flights/actions/runs/1",
		Warn: func(text string) { t.Errorf("a warning: %s", text) },
	}
	for _, f := range change {
		f(&o)
	}
	return githubregistry.New(o)
}

func register(t testing.TB, r registry.Registry, version, content string) (registry.Registration, error) {
	t.Helper()
	_, archive := registrytest.Archive(t, version, content)
	return r.Register(t.Context(), registry.Registration{Name: name, Version: version, RegisteredAt: noon, Actor: "ada"}, archive)
}

func mustRegister(t testing.TB, r registry.Registry, version, content string) registry.Registration {
	t.Helper()
	reg, err := register(t, r, version, content)
	if err != nil {
		t.Fatal(err)
	}
	return reg
}

func event(reg registry.Registration, stage string, sequence int) registry.Assignment {
	return registry.Assignment{
		Name: name, Stage: stage, Sequence: sequence, Version: reg.Version, BundleID: reg.BundleID, At: noon.Add(time.Duration(sequence) * time.Hour),
		Actor: "grace", Decision: []byte(`{"allowed":true}`), Reason: "it is better",
	}
}

func mustAssign(t testing.TB, r registry.Registry, a registry.Assignment) {
	t.Helper()
	if _, err := r.Assign(t.Context(), a); err != nil {
		t.Fatal(err)
	}
}

// The suite that every registry passes, on releases that change and on those
// that do not, on github.com and on a server that gives no digests.
func TestConformance(t *testing.T) {
	for _, kind := range []struct {
		name   string
		change func(*githubtest.Server)
	}{
		{"github.com", func(*githubtest.Server) {}},
		{"immutable releases", (*githubtest.Server).Immutable},
		{"Enterprise Server", func(s *githubtest.Server) { s.Enterprise(); s.Digestless() }},
	} {
		t.Run(kind.name, func(t *testing.T) {
			registrytest.Run(t, func(t *testing.T) func() registry.Registry {
				s := githubtest.New(t)
				kind.change(s)
				s.Left(1 << 30)
				return func() registry.Registry { return open(t, s) }
			})
		})
	}
}

// What a release holds, to the last file.
func TestARelease(t *testing.T) {
	s := githubtest.New(t)
	s.Immutable()
	r := open(t, s, func(o *githubregistry.Options) {
		o.Statement = func(name, digest string) ([]byte, error) { return []byte(name + " " + digest + "\n"), nil }
	})
	reg := mustRegister(t, r, "1.0.0", "one")
	releases := s.Releases()
	if len(releases) != 1 {
		t.Fatalf("%d releases", len(releases))
	}
	release := releases[0]
	if release.Draft || release.Latest || release.Prerelease || !release.Immutable || release.Tag != tag || release.Name != "flight-delay 1.0.0" {
		t.Errorf("%+v", release)
	}
	for _, want := range []string{"<!-- linecook " + reg.BundleID + " -->\n", "The bundle is in flight-delay-1.0.0.tar.zst.", "# flight-delay 1.0.0"} {
		if !strings.Contains(release.Body, want) {
			t.Errorf("the notes lack %q:\n%s", want, release.Body)
		}
	}
	contents := map[string][]byte{}
	for _, a := range release.Assets {
		contents[a.Name] = a.Content
	}
	if len(contents) != 6 || canonical.DigestBytes(contents["manifest.json"]) != reg.BundleID || canonical.DigestBytes(contents["flight-delay-1.0.0.tar.zst"]) != reg.ArchiveSHA256 {
		t.Errorf("the assets are %d: %v", len(contents), contents)
	}
	lines := strings.Split(strings.TrimSpace(string(contents["SHA256SUMS"])), "\n")
	if len(lines) != 5 {
		t.Errorf("SHA256SUMS has %q", lines)
	}
	for _, line := range lines {
		digest, file, _ := strings.Cut(line, "  ")
		if sum := sha256.Sum256(contents[file]); hex.EncodeToString(sum[:]) != digest {
			t.Errorf("SHA256SUMS says %s", line)
		}
	}
	if got, want := string(contents["provenance.intoto.jsonl"]), "flight-delay-1.0.0.tar.zst "+reg.ArchiveSHA256+"\n"; got != want {
		t.Errorf("the statement is %q, want %q", got, want)
	}
	if message := s.TagMessage(tag); !strings.HasPrefix(message, tag+"\n\nbundle sha256:") {
		t.Errorf("the tag says %q", message)
	}
	if _, err := register(t, open(t, s), "2.0.0-rc.1", "two"); err != nil || !s.Releases()[1].Prerelease {
		t.Errorf("%v, %+v", err, s.Releases()[1])
	}
}

// On a push of the tag it is there already.
func TestAPushedTagIsAdopted(t *testing.T) {
	for kind, message := range map[string]string{"lightweight": "", "annotated": "of a person"} {
		t.Run(kind, func(t *testing.T) {
			s := githubtest.New(t)
			object := s.Tag(tag, s.Head(""), message)
			mustRegister(t, open(t, s), "1.0.0", "one")
			if got := s.Tag("other", s.Head(""), ""); message == "" && got != object {
				t.Errorf("the tag stands for %s", got)
			}
			if s.TagMessage(tag) == "" || message != "" && s.TagMessage(tag) != message {
				t.Errorf("the tag was replaced: %q", s.TagMessage(tag))
			}
		})
	}
	s := githubtest.New(t)
	old := s.Head("")
	s.Tag(tag, old, "of a person")
	now := s.Commit(githubtest.Commit{Author: "ada", Message: "later"})
	_, err := register(t, open(t, s), "1.0.0", "one")
	if err == nil || !strings.Contains(err.Error(), old) || !strings.Contains(err.Error(), now) || !strings.Contains(err.Error(), "choose the next") {
		t.Errorf("error %v", err)
	}
	if n := len(s.Releases()); n != 0 {
		t.Errorf("%d releases", n)
	}
}

// A rerun of what is done changes nothing, and clears up.
func TestARerun(t *testing.T) {
	s := githubtest.New(t)
	reg := mustRegister(t, open(t, s), "1.0.0", "one")
	before := s.Releases()
	s.AddRelease(githubtest.Release{Tag: tag, Draft: true, Body: "<!-- linecook " + reg.BundleID + " -->\nleft over"})
	s.AddRelease(githubtest.Release{Tag: tag, Draft: true, Body: "by hand"})
	mustRegister(t, open(t, s), "1.0.0", "one")
	after := s.Releases()
	if len(after) != 2 || after[1].Body != "by hand" || fmt.Sprint(before[0].Assets[0].ID, before[0].PublishedAt) != fmt.Sprint(after[0].Assets[0].ID, after[0].PublishedAt) {
		t.Errorf("%+v", after)
	}
}

// Of many runs at once one may be too slow in every round, and the last of them:
// it looks, publishes, and somebody was quicker. What stands is its answer then.
func TestARunThatIsTooSlowInEveryRound(t *testing.T) {
	for _, c := range []struct {
		content string
		want    error
	}{
		{"one", nil},
		{"two", registry.ErrConflict},
	} {
		t.Run(c.content, func(t *testing.T) {
			s := githubtest.New(t)
			first := mustRegister(t, open(t, s), "1.0.0", "one")
			const rounds = 4 // publish.go's maxRounds
			for range rounds {
				s.Fail(githubtest.Fault{Method: "GET", Path: "/releases/tags/", Status: 404}) // it is not there yet
			}
			reg, err := register(t, open(t, s), "1.0.0", c.content)
			if !errors.Is(err, c.want) || err == nil && reg != first {
				t.Errorf("%+v, %v", reg, err)
			}
			if trouble := wrong(s, true); trouble != "" {
				t.Error(trouble)
			}
		})
	}
}

// A draft that a run left is finished: what is whole stays, what is not is sent
// again, and the registration says when it began.
func TestADraftIsFinished(t *testing.T) {
	s := githubtest.New(t)
	s.Fail(
		githubtest.Fault{Method: "POST", Path: "/assets$", Starter: true, Status: 401}, // the first file breaks off, and then the run
	)
	if _, err := register(t, open(t, s), "1.0.0", "one"); err == nil {
		t.Fatal("it did not fail")
	}
	s.AddRelease(githubtest.Release{Tag: tag, Draft: true, Body: "<!-- linecook " + canonical.DigestBytes(nil) + " -->\nof another bundle"})
	mustRegister(t, open(t, s), "1.0.0", "one")
	releases := s.Releases()
	if len(releases) != 1 || releases[0].Draft || len(releases[0].Assets) != 5 {
		t.Fatalf("%+v", releases)
	}
	for _, a := range releases[0].Assets {
		if a.State != "uploaded" {
			t.Errorf("%s is %s", a.Name, a.State)
		}
	}
}

func TestTheFirstAttemptSaysWhenAndByWhom(t *testing.T) {
	s := githubtest.New(t)
	s.Fail(githubtest.Fault{Method: "PATCH", Path: "/releases/", Status: 401})
	if _, err := register(t, open(t, s), "1.0.0", "one"); err == nil {
		t.Fatal("it did not fail")
	}
	s.Forget()
	_, archive := registrytest.Archive(t, "1.0.0", "one")
	again := registry.Registration{Name: name, Version: "1.0.0", RegisteredAt: noon.Add(time.Hour), Actor: "grace"}
	reg, err := open(t, s).Register(t.Context(), again, archive)
	if err != nil || !reg.RegisteredAt.Equal(noon) || reg.Actor != "ada" {
		t.Errorf("%+v, %v", reg, err)
	}
	for _, request := range s.Requests() {
		if githubtest.IsUpload(request) {
			t.Errorf("%s sends what is there", request)
		}
	}
}

// What somebody changed behind linecook's back is never used.
func TestTampering(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*githubtest.Server)
		says   string
	}{
		{"another archive", func(s *githubtest.Server) { s.Swap(tag, "flight-delay-1.0.0.tar.zst", []byte("evil")) }, "was registered"},
		{"another registration", func(s *githubtest.Server) { s.Swap(tag, "registration.json", []byte("{}")) }, "registration.json"},
		{"the files of another version", func(s *githubtest.Server) {
			mustRegister(t, open(t, s), "1.1.0", "two")
			for _, release := range s.Releases() {
				for _, a := range release.Assets {
					if release.Tag == name+"@v1.1.0" && a.Name == "registration.json" {
						s.Swap(tag, a.Name, a.Content)
					}
				}
			}
		}, "registers flight-delay@v1.1.0"},
		{"a release by hand", func(s *githubtest.Server) { s.AddRelease(githubtest.Release{Tag: name + "@v2.0.0"}) }, "not published by linecook"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := githubtest.New(t)
			mustRegister(t, open(t, s), "1.0.0", "one")
			c.change(s)
			r := open(t, s)
			if _, err := r.Registrations(t.Context(), name); !isCorrupt(err) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("the list's error is %v", err)
			}
			if c.name == "a release by hand" {
				return
			}
			if _, _, err := r.Fetch(t.Context(), name, "1.0.0"); !isCorrupt(err) {
				t.Errorf("the bundle's error is %v", err)
			}
		})
	}
}

func TestEventsThatNobodyWrote(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*githubtest.Server)
		says   string
	}{
		{"a lightweight tag", func(s *githubtest.Server) { s.Tag(name+"#prod#2", s.Head(""), "") }, "no message"},
		{"a message of a person", func(s *githubtest.Server) { s.Tag(name+"#prod#2", s.Head(""), "put it there") }, "no record"},
		{"the record of another event", func(s *githubtest.Server) { s.Tag(name+"#prod#2", s.Head(""), s.TagMessage(name+"#prod#1")) }, "records the event flight-delay#prod#1"},
		{"another first line", func(s *githubtest.Server) {
			s.Tag(name+"#prod#1", s.Head(""), "x"+s.TagMessage(name+"#prod#1"))
		}, "first line"},
		{"a record that was edited", func(s *githubtest.Server) {
			s.Tag(name+"#prod#1", s.Head(""), strings.Replace(s.TagMessage(name+"#prod#1"), `"reason":"`, `"reason": "`, 1))
		}, "no event"},
		{"a name that is none", func(s *githubtest.Server) { s.Tag(name+"#prod#two", s.Head(""), "x") }, "does not name a stage event"},
		{"an event that was removed", func(s *githubtest.Server) {
			s.Tag(name+"#prod#3", s.Head(""), strings.NewReplacer(`"sequence":1`, `"sequence":3`).Replace(s.TagMessage(name+"#prod#1")))
		}, "where flight-delay#prod#2 should stand"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := githubtest.New(t)
			r := open(t, s)
			mustAssign(t, r, event(mustRegister(t, r, "1.0.0", "one"), "prod", 1))
			c.change(s)
			if _, err := open(t, s).History(t.Context(), name); !isCorrupt(err) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// What people see of an event.
func TestDeployments(t *testing.T) {
	s := githubtest.New(t)
	r := open(t, s)
	one, two := mustRegister(t, r, "1.0.0", "one"), mustRegister(t, r, "1.1.0", "two")
	mustAssign(t, r, event(one, "prod", 1))
	mustAssign(t, r, event(two, "prod", 2))
	if message := s.TagMessage(name + "#prod#2"); !strings.HasPrefix(message, "flight-delay@v1.1.0 to prod by grace\n\n{\"actor\":\"grace\"") {
		t.Errorf("the tag says %q", message)
	}
	expectDeployments(t, s, "flight-delay@v1.0.0 prod flight-delay#prod#1 success,inactive", "flight-delay@v1.1.0 prod flight-delay#prod#2 success")

	// Deployments that fail hold nothing up, and are made good by the next event.
	var warnings []string
	deaf := open(t, s, func(o *githubregistry.Options) { o.Warn = func(text string) { warnings = append(warnings, text) } })
	s.Fail(githubtest.Fault{Method: "POST", Path: "/deployments$", Status: 403})
	mustAssign(t, deaf, event(one, "prod", 3))
	s.Fail(githubtest.Fault{Method: "POST", Path: "/statuses$", Status: 403})
	mustAssign(t, deaf, event(two, "prod", 4))
	if len(warnings) != 2 || !strings.Contains(warnings[0], "not shown") {
		t.Errorf("warnings %q", warnings)
	}
	mustAssign(t, open(t, s), event(one, "prod", 5))
	all := s.Deployments()
	var events []string
	for _, d := range all {
		states := ""
		if n := len(d.Statuses); n > 0 {
			states = d.Statuses[n-1].State
		}
		events = append(events, string(d.Payload)[strings.Index(string(d.Payload), "#prod#")+6:][:1]+states)
	}
	if want := []string{"1inactive", "2inactive", "3inactive", "4inactive", "5success"}; !slices.Equal(events, want) {
		t.Errorf("deployments %q, want %q", events, want)
	}
}

// A run that died after its event finds the version on the stage already, and
// leaves people in the dark no longer.
func TestARerunShowsTheEvent(t *testing.T) {
	s := githubtest.New(t)
	r := open(t, s, func(o *githubregistry.Options) { o.Warn = func(string) {} })
	one := mustRegister(t, r, "1.0.0", "one")
	s.Fail(githubtest.Fault{Method: "GET", Path: "/deployments$", Status: 401})
	mustAssign(t, r, event(one, "prod", 1))
	expectDeployments(t, s)
	if _, err := open(t, s).Assign(t.Context(), event(one, "prod", 2)); !errors.Is(err, registry.ErrConflict) {
		t.Error(err)
	}
	expectDeployments(t, s, "flight-delay@v1.0.0 prod flight-delay#prod#1 success")

	s.Fail(githubtest.Fault{Method: "GET", Path: "/deployments$", Status: 401})
	mustAssign(t, r, event(one, "staging", 1))
	open(t, s).Show(t.Context(), name, "staging")
	open(t, s).Show(t.Context(), name, "dev") // nothing is there to be shown
	expectDeployments(t, s, "flight-delay@v1.0.0 prod flight-delay#prod#1 success", "flight-delay@v1.0.0 staging flight-delay#staging#1 success")
}

// The releases of a repository are many, and most are none of ours.
func TestVersionsAmongOtherReleases(t *testing.T) {
	s := githubtest.New(t)
	r := open(t, s)
	mustRegister(t, r, "1.0.0", "one")
	for i := range 120 {
		s.AddRelease(githubtest.Release{Tag: fmt.Sprintf("v0.%d.0", i)})
	}
	s.AddRelease(githubtest.Release{Tag: "bikes@v1.0.0"})
	s.AddRelease(githubtest.Release{Tag: name + "@vnext"})
	s.AddRelease(githubtest.Release{Tag: name + "@v2.0.0", Draft: true})
	mustRegister(t, r, "1.1.0", "two")
	regs, err := open(t, s).Registrations(t.Context(), name)
	if err != nil || len(regs) != 2 || regs[0].Version != "1.0.0" || regs[1].Version != "1.1.0" {
		t.Errorf("%+v, %v", regs, err)
	}
	// A draft beyond the first page is found and finished.
	s.Fail(githubtest.Fault{Method: "PATCH", Path: "/releases/", Status: 401})
	if _, err := register(t, r, "1.2.0", "three"); err == nil {
		t.Fatal("it did not fail")
	}
	for i := range 120 {
		s.AddRelease(githubtest.Release{Tag: fmt.Sprintf("v1.%d.0", i)})
	}
	mustRegister(t, open(t, s), "1.2.0", "three")
	finished := 0
	for _, release := range s.Releases() {
		if release.Tag == name+"@v1.2.0" {
			finished++
			if release.Draft || len(release.Assets) != 5 {
				t.Errorf("%+v", release)
			}
		}
	}
	if finished != 1 {
		t.Errorf("%d releases", finished)
	}
}

func expectDeployments(t *testing.T, s *githubtest.Server, want ...string) {
	t.Helper()
	var got []string
	for _, d := range s.Deployments() {
		var states []string
		for _, status := range d.Statuses {
			states = append(states, status.State)
		}
		_, payload, _ := strings.Cut(string(d.Payload), `"event":"`)
		payload, _, _ = strings.Cut(payload, `"`)
		got = append(got, fmt.Sprint(d.Ref, " ", d.Environment, " ", payload, " ", strings.Join(states, ",")))
	}
	if !slices.Equal(got, want) {
		t.Errorf("deployments %q, want %q", got, want)
	}
}

func TestARecordThatIsTooLong(t *testing.T) {
	s := githubtest.New(t)
	r := open(t, s)
	a := event(mustRegister(t, r, "1.0.0", "one"), "prod", 1)
	a.Decision = []byte(`{"slices":"` + strings.Repeat("x", githubregistry.MaxMessage) + `"}`)
	if _, err := r.Assign(t.Context(), a); err == nil || !strings.Contains(err.Error(), "evaluate fewer slices") {
		t.Errorf("error %v", err)
	}
	if tags := s.Tags(); len(tags) != 1 {
		t.Errorf("tags %q", tags)
	}
}

func isCorrupt(err error) bool { return errors.Is(err, registry.ErrCorrupt) }

// An event is asked for once. What stands in the folder is what git named, or
// nothing.
func TestEventsAreKept(t *testing.T) {
	s := githubtest.New(t)
	cache := t.TempDir()
	keeping := func(o *githubregistry.Options) { o.Cache = cache }
	r := open(t, s)
	one, two := mustRegister(t, r, "1.0.0", "one"), mustRegister(t, r, "1.1.0", "two")
	mustAssign(t, r, event(one, "prod", 1))
	mustAssign(t, r, event(two, "prod", 2))
	read := func() (history []registry.Assignment, requests int) {
		t.Helper()
		s.Forget()
		history, err := open(t, s, keeping).History(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		return history, len(s.Requests())
	}
	first, cold := read()
	again, warm := read()
	if cold != 3 || warm != 1 || fmt.Sprint(first) != fmt.Sprint(again) {
		t.Errorf("%d requests, then %d; %v, then %v", cold, warm, first, again)
	}
	entries, err := os.ReadDir(cache)
	if err != nil || len(entries) != 2 {
		t.Fatal(entries, err)
	}
	path := filepath.Join(cache, entries[0].Name())
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// Whoever may write the folder cannot write the history.
	forged := strings.ReplaceAll(string(text), "1.0.0", "6.6.6")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(forged, "1.1.0", "6.6.6")), 0o600); err != nil {
		t.Fatal(err)
	}
	repaired, requests := read()
	if requests != 2 || fmt.Sprint(first) != fmt.Sprint(repaired) {
		t.Errorf("%d requests, %v", requests, repaired)
	}
}
