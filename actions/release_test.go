package actions_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A maker makes releases of a small program that says its version as linecook
// does, in a repository with an origin and a stand-in for GitHub's releases.
type maker struct {
	root, origin, dist, state string
	env                       []string
}

func newMaker(t *testing.T) *maker {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("the release's test packs a program for linux/amd64")
	}
	m := &maker{root: t.TempDir(), origin: filepath.Join(t.TempDir(), "origin.git"), dist: t.TempDir(), state: t.TempDir()}
	gh, err := filepath.Abs(filepath.Join("testdata", "release"))
	if err != nil {
		t.Fatal(err)
	}
	m.env = append(goEnvironment(t), "PATH="+gh+":"+os.Getenv("PATH"), "HOME="+t.TempDir(), "GH_STATE="+m.state)
	for _, path := range []string{".ci/release", "actions/internal/install/install.sh", "actions/internal/install/releases.txt", "LICENSE", "README.md"} {
		data, err := os.ReadFile(filepath.Join("..", path))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(m.root, path), data)
	}
	write(t, filepath.Join(m.root, "go.mod"), []byte("module github.com/linecook-ml/linecook\n\ngo 1.26\n"))
	write(t, filepath.Join(m.root, "actions", "internal", "command", "version.go"), []byte("package command\n\nvar release string\n\nfunc Release() string { return release }\n"))
	write(t, filepath.Join(m.root, "actions", "actions.go"), []byte(`package actions

import (
	"fmt"
	"runtime"

	"github.com/linecook-ml/linecook/actions/internal/command"
)

func Main() {
	fmt.Printf("linecook %s (here) %s/%s %s\n", command.Release(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}
`))
	write(t, filepath.Join(m.root, "main.go"), []byte("package main\n\nimport \"github.com/linecook-ml/linecook/actions\"\n\nfunc main() { actions.Main() }\n"))
	m.must(t, "git", "init", "--quiet", "--initial-branch=main")
	m.must(t, "git", "config", "user.name", "Test")
	m.must(t, "git", "config", "user.email", "test@example.com")
	m.must(t, "git", "add", "--all")
	m.must(t, "git", "commit", "--quiet", "--message=source")
	m.must(t, "git", "clone", "--quiet", "--bare", ".", m.origin)
	m.must(t, "git", "remote", "add", "origin", m.origin)
	return m
}

func (m *maker) run(program string, arguments ...string) (string, error) {
	command := exec.Command(program, arguments...)
	command.Dir, command.Env = m.root, m.env
	out, err := command.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (m *maker) must(t *testing.T, program string, arguments ...string) string {
	t.Helper()
	out, err := m.run(program, arguments...)
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", program, arguments, err, out)
	}
	return out
}

// pack makes the archive of this platform, and stand-ins for the others.
func (m *maker) pack(t *testing.T) {
	t.Helper()
	m.must(t, ".ci/release", "pack", "1.2.3", "linux", "amd64", m.dist)
	for platform, program := range map[string]string{
		"linux_arm64": "linecook", "darwin_amd64": "linecook", "darwin_arm64": "linecook", "windows_amd64": "linecook.exe",
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, program), []byte("a program for "+platform))
		m.must(t, "tar", "-czf", filepath.Join(m.dist, "linecook_1.2.3_"+platform+".tar.gz"), "-C", dir, program)
	}
}

// again is a rerun: the same archives, and a fresh checkout of the source.
func (m *maker) again(t *testing.T) {
	t.Helper()
	m.must(t, "git", "reset", "--quiet", "--hard", "origin-main")
}

func (m *maker) read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(data)
}

// From the source to the runner: what a release pins is what an action at the
// release's commit installs, and nothing else.
func TestReleaseIsWhatTheActionsOfItsCommitInstall(t *testing.T) {
	m := newMaker(t)
	m.must(t, "git", "tag", "origin-main")
	m.pack(t)
	m.must(t, ".ci/release", "table", "1.2.3", m.dist)
	out := m.must(t, ".ci/release", "publish", "1.2.3", m.dist)
	commit := m.must(t, "git", "ls-remote", m.origin, "refs/tags/v1.2.3")[:40]
	if !strings.Contains(out, "v1.2.3 is published at commit "+commit) {
		t.Errorf("%s, and the tag is %s", out, commit)
	}
	if changed := m.must(t, "git", "diff", "--name-only", "origin-main", commit); changed != "actions/internal/install/releases.txt" {
		t.Errorf("the release's commit changes %q", changed)
	}
	if main := m.must(t, "git", "ls-remote", m.origin, "refs/heads/main")[:40]; main != m.must(t, "git", "rev-parse", "origin-main") {
		t.Error("the main branch moved")
	}
	sums := exec.Command("sha256sum", "--check", "--strict", "checksums.txt")
	sums.Dir = filepath.Join(m.state, "assets")
	if out, err := sums.CombinedOutput(); err != nil || strings.Count(string(out), ": OK") != 5 {
		t.Errorf("the published checksums: %v\n%s", err, out)
	}

	table := m.must(t, "git", "show", commit+":actions/internal/install/releases.txt")
	host := newReleaseHost(t, func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(m.state, "assets", filepath.Base(r.URL.Path)))
	})
	i := newInstaller(t, host.URL, table+"\n")
	i.mustRun(t)
	said, err := exec.Command(filepath.Join(i.temp, "linecook-bin", "linecook"), "version").Output()
	if err != nil || !strings.HasPrefix(string(said), "linecook v1.2.3 ") {
		t.Errorf("the installed program says %q, %v", said, err)
	}

	// A rerun finds everything, and changes nothing.
	before := m.read(t, filepath.Join(m.state, "calls"))
	m.again(t)
	m.must(t, ".ci/release", "table", "1.2.3", m.dist)
	if out := m.must(t, ".ci/release", "publish", "1.2.3", m.dist); !strings.Contains(out, commit) {
		t.Errorf("a rerun made another commit than %s: %s", commit, out)
	}
	for call := range strings.Lines(strings.TrimPrefix(m.read(t, filepath.Join(m.state, "calls")), before)) {
		if !strings.HasPrefix(call, "release view ") {
			t.Errorf("a rerun called %s", call)
		}
	}

	// The same version with other programs is refused.
	m.again(t)
	write(t, filepath.Join(m.root, "other"), []byte("#!/bin/sh\n"))
	m.must(t, "tar", "-czf", filepath.Join(m.dist, "linecook_1.2.3_linux_arm64.tar.gz"), "--transform=s/other/linecook/", "other")
	m.must(t, ".ci/release", "table", "1.2.3", m.dist)
	if out, err := m.run(".ci/release", "publish", "1.2.3", m.dist); err == nil || !strings.Contains(out, "v1.2.3 is there already, with other programs") {
		t.Errorf("other programs under the same version: %v\n%s", err, out)
	}
}

// A release whose assets are not what was uploaded stays a draft, which nobody
// sees, and a rerun makes it whole.
func TestReleaseWithDamagedAssetsStaysADraft(t *testing.T) {
	m := newMaker(t)
	m.must(t, "git", "tag", "origin-main")
	m.pack(t)
	m.must(t, ".ci/release", "table", "1.2.3", m.dist)
	write(t, filepath.Join(m.state, "damage"), nil)
	out, err := m.run(".ci/release", "publish", "1.2.3", m.dist)
	if err == nil || !strings.Contains(out, "stays a draft") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(m.state, "draft")); err != nil {
		t.Error("it was published")
	}

	if err := os.Remove(filepath.Join(m.state, "damage")); err != nil {
		t.Fatal(err)
	}
	m.again(t)
	m.must(t, ".ci/release", "table", "1.2.3", m.dist)
	m.must(t, ".ci/release", "publish", "1.2.3", m.dist)
	if _, err := os.Stat(filepath.Join(m.state, "draft")); err == nil {
		t.Error("it is still a draft")
	}
}

func TestReleaseRefusesWhatIsNotWhole(t *testing.T) {
	m := newMaker(t)
	for _, test := range []struct {
		arguments []string
		says      string
	}{
		{[]string{"pack", "v1.2.3", "linux", "amd64", m.dist}, "of the form X.Y.Z"},
		{[]string{"pack", "1.2.3", "linux", "arm64", m.dist}, "is to be v1.2.3 for linux/arm64"},
		{[]string{"table", "1.2.3", m.dist}, "_linux_amd64.tar.gz is missing"},
		{[]string{"table", "1.2.3"}, "usage"},
		{[]string{"upload", "1.2.3", m.dist}, "usage"},
	} {
		if out, err := m.run(".ci/release", test.arguments...); err == nil || !strings.Contains(out, test.says) {
			t.Errorf("%q: %v, want %q in\n%s", test.arguments, err, test.says, out)
		}
	}
	if changed := m.must(t, "git", "status", "--porcelain"); changed != "" {
		t.Errorf("changed %q", changed)
	}
}
