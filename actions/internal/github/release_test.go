package github_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/actions/internal/github/githubtest"
	"github.com/linecook-ml/linecook/pipeline/canonical"
)

func draft(t *testing.T, client *github.Client) github.Release {
	t.Helper()
	release, err := client.CreateRelease(t.Context(), github.Release{Tag: "flights@v1.0.0", Name: "flights 1.0.0", Body: "notes", Draft: true})
	if err != nil {
		t.Fatal(err)
	}
	return release
}

// onDisk is a file that counts how often it is opened and closed.
func onDisk(t *testing.T, name, content string) (file github.File, opened, closed *int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	opened, closed = new(int), new(int)
	return github.File{Name: name, Size: int64(len(content)), Open: func() (io.ReadCloser, error) {
		*opened++
		f, err := os.Open(path)
		return counted{f, closed}, err
	}}, opened, closed
}

type counted struct {
	*os.File
	closed *int
}

func (c counted) Close() error { *c.closed++; return c.File.Close() }

func TestAReleaseFromDraftToPublication(t *testing.T) {
	for name, change := range map[string]func(*githubtest.Server){"github.com": func(*githubtest.Server) {}, "Enterprise Server": (*githubtest.Server).Enterprise} {
		t.Run(name, func(t *testing.T) {
			s := githubtest.New(t)
			change(s)
			client, _ := newClient(t, s)
			release := draft(t, client)
			if _, err := client.ReleaseByTag(t.Context(), "flights@v1.0.0"); !errors.Is(err, github.ErrNotFound) {
				t.Errorf("a draft is found by its tag: %v", err)
			}
			file, opened, closed := onDisk(t, "a.bin", "content")
			asset, err := client.Upload(t.Context(), release, file)
			if err != nil || asset.Digest != canonical.DigestBytes([]byte("content")) || asset.Size != 7 || !asset.Complete() || *opened != *closed {
				t.Fatalf("%+v, %v; opened %d times and closed %d times", asset, err, *opened, *closed)
			}
			if _, err := client.Upload(t.Context(), release, file); !errors.Is(err, github.ErrExists) {
				t.Errorf("a second file of that name: %v", err)
			}
			content, err := client.Download(t.Context(), asset)
			if err != nil || string(content) != "content" {
				t.Errorf("%q, %v", content, err)
			}
			release.Draft = false
			if release, err = client.UpdateRelease(t.Context(), release); err != nil || release.Draft || s.Releases()[0].Latest {
				t.Errorf("%+v, %v", release, err)
			}
			found, err := client.ReleaseByTag(t.Context(), "flights@v1.0.0")
			if err != nil || len(found.Assets) != 1 || found.Assets[0] != asset {
				t.Errorf("%+v, %v", found, err)
			}
			if _, err := client.CreateRelease(t.Context(), github.Release{Tag: "flights@v1.0.0"}); !errors.Is(err, github.ErrExists) {
				t.Errorf("a second release: %v", err)
			}
		})
	}
}

// An attempt that a limit turned away has read the file; the next opens it anew.
func TestAnUploadOpensItsFileForEachAttempt(t *testing.T) {
	s := githubtest.New(t)
	client, clock := newClient(t, s)
	release := draft(t, client)
	file, opened, closed := onDisk(t, "a.bin", strings.Repeat("x", 1<<20))
	s.Fail(githubtest.Fault{Method: "POST", Path: "/assets$", Status: 429, Header: map[string]string{"Retry-After": "3"}})
	if _, err := client.Upload(t.Context(), release, file); err != nil || len(clock.slept) != 1 {
		t.Fatal(err, clock.slept)
	}
	if *opened != *closed || *opened < 2 || len(s.Releases()[0].Assets[0].Content) != 1<<20 {
		t.Errorf("opened %d times, closed %d times, %d bytes", *opened, *closed, len(s.Releases()[0].Assets[0].Content))
	}
}

func TestAnUploadIsSentOnce(t *testing.T) {
	s := githubtest.New(t)
	client, _ := newClient(t, s)
	release := draft(t, client)
	file, _, _ := onDisk(t, "a.bin", "content")
	s.Fail(githubtest.Fault{Method: "POST", Path: "/assets$", Status: 502, Starter: true})
	if _, err := client.Upload(t.Context(), release, file); !errors.Is(err, github.ErrUnknownOutcome) {
		t.Fatal(err)
	}
	assets, err := client.Assets(t.Context(), release.ID)
	if err != nil || len(assets) != 1 || assets[0].Complete() {
		t.Fatalf("%+v, %v", assets, err)
	}
	for range 2 { // the second finds nothing to delete
		if err := client.DeleteAsset(t.Context(), assets[0].ID); err != nil {
			t.Error(err)
		}
	}
}

func TestNamesThatGitHubWouldChange(t *testing.T) {
	s := githubtest.New(t)
	client, _ := newClient(t, s)
	release := draft(t, client)
	for _, name := range []string{"", "a b", "a#b", "ü", "a/b", ".hidden", "end.", "a\nb"} {
		if _, err := client.Upload(t.Context(), release, github.File{Name: name, Size: 1}); err == nil || !strings.Contains(err.Error(), "would be changed") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// The token goes to the server's own upload host only, whatever an answer says.
func TestTheUploadAddressIsTheServersOwn(t *testing.T) {
	nobody := func(base string) *github.Client {
		client, err := github.New(github.Options{APIURL: base, Token: "t", Repository: "octo/flights", Base: refusing{}})
		if err != nil {
			t.Fatal(err)
		}
		return client
	}
	file := github.File{Name: "a", Size: 1, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("x")), nil }}
	for _, c := range []struct {
		base, upload string
		own          bool
	}{
		{"https://api.github.com", "https://uploads.github.com/repos/octo/flights/releases/1/assets{?name,label}", true},
		{"https://ghe.example.com/api/v3", "https://ghe.example.com/api/uploads/repos/octo/flights/releases/1/assets{?name,label}", true},
		{"https://api.octo.ghe.com", "https://uploads.octo.ghe.com/repos/octo/flights/releases/1/assets", true},
		{"https://api.github.com", "https://uploads.example.com/x", false},
		{"https://api.github.com", "http://uploads.github.com/x", false},
		{"https://api.github.com", "https://uploads.github.com.example.com/x", false},
		{"https://api.github.com", "https://me@uploads.github.com/x", false},
		{"https://ghe.example.com/api/v3", "https://uploads.ghe.example.com/x", false},
		{"https://api.github.com", "http://127.0.0.1/x", false},
		{"https://api.github.com", "%zz", false},
		{"https://api.github.com", "", false},
	} {
		_, err := nobody(c.base).Upload(t.Context(), github.Release{UploadURL: c.upload}, file)
		if sent := errors.Is(err, errRefusing); sent != c.own {
			t.Errorf("%s for %s: %v", c.upload, c.base, err)
		}
	}
}

func TestAnUploadThatIsSentElsewhereHasNoToken(t *testing.T) {
	elsewhere, s := githubtest.New(t), githubtest.New(t)
	client, _ := newClient(t, s)
	release := draft(t, client)
	s.Fail(githubtest.Fault{Method: "POST", Path: "/assets$", Status: 307, Header: map[string]string{"Location": elsewhere.URL() + "/x"}})
	file, _, _ := onDisk(t, "a.bin", "content")
	if _, err := client.Upload(t.Context(), release, file); !errors.Is(err, github.ErrDenied) {
		t.Error(err)
	}
}

func TestADownloadIsAllOfIt(t *testing.T) {
	s := githubtest.New(t)
	client, _ := newClient(t, s)
	release := draft(t, client)
	file, _, _ := onDisk(t, "a.bin", "content")
	asset, err := client.Upload(t.Context(), release, file)
	if err != nil {
		t.Fatal(err)
	}
	// An answer that breaks off is asked for again, from the store that gave it.
	s.Fail(githubtest.Fault{Method: "GET", Path: "^/[0-9]+$", Stored: true, Cut: true})
	if content, err := client.Download(t.Context(), asset); err != nil || string(content) != "content" {
		t.Errorf("%q, %v", content, err)
	}
	asset.Size--
	if _, err := client.Download(t.Context(), asset); err == nil {
		t.Error("it is longer than it should be, and nobody minds")
	}
	// The address of the store opens what it names.
	for range 5 {
		s.Fail(githubtest.Fault{Method: "GET", Path: "^/[0-9]+$"})
	}
	if _, err := client.Download(t.Context(), asset); err == nil || strings.Contains(err.Error(), "signature") {
		t.Error(err)
	}
	for _, location := range []string{"http://example.com/x", "ftp://example.com/x"} {
		s.Fail(githubtest.Fault{Method: "GET", Path: "/releases/assets/", Status: 302, Header: map[string]string{"Location": location}})
		if _, err := client.Download(t.Context(), asset); err == nil || !strings.Contains(err.Error(), "not encrypted") {
			t.Errorf("%s: %v", location, err)
		}
	}
}

// A refusing carries nothing.
type refusing struct{}

var errRefusing = errors.New("nothing is sent")

func (refusing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errRefusing }

func TestTags(t *testing.T) {
	s := githubtest.New(t)
	client, _ := newClient(t, s)
	object, err := client.CreateTag(t.Context(), github.Tag{Name: "x#prod#1", Message: "m", Commit: s.Head(""), By: "linecook", Email: "l@example.com", At: clockStart})
	if err != nil || !object.At.Equal(clockStart) || object.By != "linecook" {
		t.Fatalf("%+v, %v", object, err)
	}
	ref := github.Ref{Name: "tags/x#prod#1", SHA: object.SHA}
	for range 2 { // the second finds its own
		if err := client.CreateRef(t.Context(), ref); err != nil {
			t.Error(err)
		}
	}
	ref.SHA = s.Head("")
	if err := client.CreateRef(t.Context(), ref); !errors.Is(err, github.ErrExists) || !strings.Contains(err.Error(), object.SHA) {
		t.Error(err)
	}
	refs, err := client.Refs(t.Context(), "tags/x#")
	if err != nil || len(refs) != 1 || refs[0] != (github.Ref{Name: "tags/x#prod#1", SHA: object.SHA, Type: "tag"}) {
		t.Fatalf("%+v, %v", refs, err)
	}
	if commit, err := client.CommitOf(t.Context(), refs[0]); err != nil || commit != s.Head("") {
		t.Error(commit, err)
	}
	if _, err := client.Ref(t.Context(), "tags/y"); !errors.Is(err, github.ErrNotFound) {
		t.Error(err)
	}
}

// A ref whose answer is lost is looked for, and sent again where it is not.
func TestARefWithoutAnAnswer(t *testing.T) {
	for name, fault := range map[string]githubtest.Fault{"stored": {Status: 502, Stored: true}, "not stored": {Status: 502}} {
		t.Run(name, func(t *testing.T) {
			s := githubtest.New(t)
			client, _ := newClient(t, s)
			fault.Method, fault.Path = "POST", "/git/refs$"
			s.Fail(fault)
			if err := client.CreateRef(t.Context(), github.Ref{Name: "tags/x", SHA: s.Head("")}); err != nil || len(s.Tags()) != 1 {
				t.Error(err, s.Tags())
			}
		})
	}
}

func TestDeploymentsOfATask(t *testing.T) {
	s := githubtest.New(t)
	client, _ := newClient(t, s)
	long := strings.Repeat("é", 200)
	d, err := client.CreateDeployment(t.Context(), github.Deployment{Ref: "main", Task: "promote:x", Environment: "prod", Description: long, Payload: map[string]string{"event": "x#prod#1"}})
	if err != nil {
		t.Fatal(err)
	}
	if state, err := client.DeploymentState(t.Context(), d.ID); err != nil || state != "" {
		t.Error(state, err)
	}
	if err := client.SetDeploymentState(t.Context(), d.ID, "success", long, "https://example.com/run"); err != nil {
		t.Error(err)
	}
	if state, err := client.DeploymentState(t.Context(), d.ID); err != nil || state != "success" {
		t.Error(state, err)
	}
	if n := len([]rune(s.Deployments()[0].Statuses[0].Description)); n != github.MaxDescription {
		t.Errorf("the description has %d characters", n)
	}
	all, err := client.Deployments(t.Context(), "prod", "promote:x")
	if err != nil || len(all) != 1 || all[0].Payload["event"] != "x#prod#1" {
		t.Errorf("%+v, %v", all, err)
	}
	if all, err := client.Deployments(t.Context(), "prod", "promote:y"); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
	// Whoever makes many must not hide those before them.
	for range 150 {
		s.AddDeployment(githubtest.Deployment{Ref: "main", Task: "promote:x", Environment: "prod", Payload: []byte(`{"event":"x#prod#2"}`)}, githubtest.Bot)
	}
	all, err = client.Deployments(t.Context(), "prod", "promote:x")
	if err != nil || len(all) != 151 || all[150].Payload["event"] != "x#prod#1" {
		t.Errorf("%d, %v", len(all), err)
	}
}

func TestAttestations(t *testing.T) {
	s := githubtest.New(t)
	client, _ := newClient(t, s)
	digest := canonical.DigestBytes([]byte("x"))
	if found, err := client.Attestations(t.Context(), digest); err != nil || len(found) != 0 {
		t.Error(found, err)
	}
	s.Attest(digest, []byte(`{"predicateType":"https://slsa.dev/provenance/v1"}`))
	found, err := client.Attestations(t.Context(), digest)
	if err != nil || len(found) != 1 || !bytes.Contains(found[0].Bundle, []byte("dsseEnvelope")) {
		t.Error(found, err)
	}
}
