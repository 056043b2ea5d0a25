package actions_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

// A releaseHost stands in for the place that releases are downloaded from.
type releaseHost struct {
	*httptest.Server
	requests atomic.Int32
}

const releasePath = "/v1.2.3/linecook_1.2.3_linux_amd64.tar.gz"

// newReleaseHost serves the archive of 1.2.3 for linux/amd64 through answer.
func newReleaseHost(t *testing.T, answer http.HandlerFunc) *releaseHost {
	t.Helper()
	h := &releaseHost{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.requests.Add(1)
		if r.URL.Path != releasePath {
			t.Errorf("asked for %s", r.URL.Path)
		}
		answer(w, r)
	}))
	t.Cleanup(h.Close)
	return h
}

func serveBytes(data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) }
}

// An installer is the script beside a table of its own, and a runner to run it.
type installer struct {
	script, temp, cache string
	env                 []string
}

func newInstaller(t *testing.T, mirror, table string) *installer {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the installer's tests need bash and programs that are scripts")
	}
	script, err := os.ReadFile(filepath.Join("internal", "install", "install.sh"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	i := &installer{script: filepath.Join(dir, "install.sh"), temp: t.TempDir(), cache: t.TempDir()}
	write(t, i.script, script)
	write(t, filepath.Join(dir, "releases.txt"), []byte(table))
	i.env = []string{
		"PATH=" + toolsWithoutGo(t), "RUNNER_OS=Linux", "RUNNER_ARCH=X64", "LINECOOK_MIRROR=" + mirror,
	}
	return i
}

// toolsWithoutGo is a folder with what the script needs and no Go, so that a
// build from source is seen where it was not meant.
func toolsWithoutGo(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, tool := range []string{"bash", "awk", "sha256sum", "cut", "grep", "curl", "tar", "gzip", "mktemp", "mkdir", "cp", "mv", "rm", "chmod", "dirname", "cat"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Skipf("the installer needs %s", tool)
		}
		if err := os.Symlink(path, filepath.Join(dir, tool)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func (i *installer) run(t *testing.T, extra ...string) (string, error) {
	t.Helper()
	command := exec.Command("bash", i.script)
	command.Env = append(append(i.env, "RUNNER_TEMP="+i.temp, "RUNNER_TOOL_CACHE="+i.cache), extra...)
	out, err := command.CombinedOutput()
	return string(out), err
}

func (i *installer) mustRun(t *testing.T) string {
	t.Helper()
	out, err := i.run(t)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

// installed is what stands where the actions look for the program.
func (i *installer) installed(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(i.temp, "linecook-bin", "linecook"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(data)
}

func (i *installer) cached() string {
	return filepath.Join(i.cache, "linecook", "1.2.3", "amd64", "linecook")
}

const theProgram = "#!/bin/sh\necho linecook 1.2.3\n"

func archive(t *testing.T, program string) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	file := tar.NewWriter(zip)
	for _, f := range []struct{ name, text string }{{"LICENSE", "free"}, {"linecook", program}} {
		if err := file.WriteHeader(&tar.Header{Name: f.name, Mode: 0o755, Size: int64(len(f.text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write([]byte(f.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func sha(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func releaseTable(archive []byte, program string) string {
	return fmt.Sprintf("# a comment\n1.2.3 linux amd64 %s %s\n1.2.3 darwin arm64 %s %s\n",
		sha(archive), sha([]byte(program)), strings.Repeat("a", 64), strings.Repeat("b", 64))
}

func TestInstallTakesWhatIsVerifiedFromTheNearestPlace(t *testing.T) {
	packed := archive(t, theProgram)
	host := newReleaseHost(t, serveBytes(packed))
	i := newInstaller(t, host.URL, releaseTable(packed, theProgram))

	for _, step := range []struct {
		name     string
		before   func()
		requests int32
		says     string
	}{
		{"download", func() {}, 1, "linecook 1.2.3, verified"},
		{"the job's own", func() {}, 1, ""},
		{"the next job's tool cache", func() { i.temp = t.TempDir() }, 1, "from the tool cache"},
		{"a cache that somebody changed", func() {
			i.temp = t.TempDir()
			write(t, i.cached(), []byte("#!/bin/sh\necho evil\n"))
		}, 2, "it is replaced"},
		{"the job's own that somebody changed", func() {
			write(t, filepath.Join(i.temp, "linecook-bin", "linecook"), []byte("#!/bin/sh\necho evil\n"))
		}, 2, "from the tool cache"},
		{"no tool cache", func() { i.temp, i.cache = t.TempDir(), "" }, 3, "verified"},
	} {
		step.before()
		out := i.mustRun(t)
		if host.requests.Load() != step.requests || !strings.Contains(out, step.says) {
			t.Errorf("%s: %d requests, want %d, and %q in %q", step.name, host.requests.Load(), step.requests, step.says, out)
		}
		if got := i.installed(t); got != theProgram {
			t.Errorf("%s: installed %q", step.name, got)
		}
		out2, err := exec.Command(filepath.Join(i.temp, "linecook-bin", "linecook")).Output()
		if err != nil || string(out2) != "linecook 1.2.3\n" {
			t.Errorf("%s: the program says %q, %v", step.name, out2, err)
		}
	}
}

// Whatever goes wrong between the release and the runner: the job stops with one
// error, and no program stands where the next step would run it.
func TestInstallNeverLeavesWhatItDidNotVerify(t *testing.T) {
	packed := archive(t, theProgram)
	good := releaseTable(packed, theProgram)
	evil := archive(t, "#!/bin/sh\necho evil\n")
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		table  string
		env    []string
		says   string
	}{
		{"another archive", serveBytes(evil), good, nil, "has the SHA-256 " + sha(evil)},
		{"a page instead of the archive", serveBytes([]byte("<html>log in</html>")), good, nil, "nothing of it was run"},
		{"an empty answer", serveBytes(nil), good, nil, "nothing of it was run"},
		{"the right archive with another program", serveBytes(evil), releaseTable(evil, theProgram), nil, "was not run"},
		{"an archive that breaks off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(packed)))
			_, _ = w.Write(packed[:len(packed)/2])
		}, good, []string{"CURL_HOME=."}, "cannot be downloaded (curl ended with 18)"},
		{"a release that is gone", status(http.StatusNotFound), good, nil, "cannot be downloaded (curl ended with 22)"},
		{"a redirect off https", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}, good, nil, "cannot be downloaded (curl ended with 1)"},
		{"no network", nil, good, []string{"LINECOOK_MIRROR=http://127.0.0.1:1"}, "cannot be downloaded (curl ended with 7)"},
		{"a mirror without encryption", nil, good, []string{"LINECOOK_MIRROR=http://example.com"}, "is no https address"},
		{"a file for a mirror", nil, good, []string{"LINECOOK_MIRROR=file:///etc"}, "is no https address"},
		{"a platform without a release", nil, good, []string{"RUNNER_OS=Windows", "RUNNER_ARCH=ARM64"}, "no release of linecook for windows/amd64, and there is no Go"},
		{"Windows on arm64, which runs the program for amd64", nil, strings.Replace(good, "linux", "windows", 1),
			[]string{"RUNNER_OS=Windows", "RUNNER_ARCH=ARM64", "LINECOOK_MIRROR=http://127.0.0.1:1"}, "windows_amd64.tar.gz cannot be downloaded"},
		{"an unknown platform", nil, good, []string{"RUNNER_OS=Plan9"}, "no release of linecook for Plan9/amd64, and there is no Go"},
		{"no release at all", nil, "# none yet\n", nil, "and there is no Go"},
		{"a digest that is cut", nil, strings.Replace(good, sha(packed), sha(packed)[:63], 1), nil, "releases.txt is damaged"},
		{"no digests", nil, "1.2.3 linux amd64\n", nil, "releases.txt is damaged"},
		{"two releases", nil, good + good, nil, "releases.txt is damaged"},
		{"a version that is a path", nil, strings.ReplaceAll(good, "1.2.3", "../1.2.3"), nil, "releases.txt is damaged"},
		{"a word too many", nil, strings.ReplaceAll(good, "\n", " x\n"), nil, "releases.txt is damaged"},
		{"an unknown way", nil, good, []string{"LINECOOK_BUILD=guess"}, "LINECOOK_BUILD is neither"},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer := test.answer
			if answer == nil {
				answer = func(w http.ResponseWriter, r *http.Request) {
					t.Errorf("asked for %s", r.URL)
					w.WriteHeader(http.StatusTeapot)
				}
			}
			i := newInstaller(t, newReleaseHost(t, answer).URL, test.table)
			out, err := i.run(t, test.env...)
			if err == nil || !strings.Contains(out, "::error title=linecook install::") || !strings.Contains(out, test.says) {
				t.Errorf("%v, want %q in\n%s", err, test.says, out)
			}
			if n := strings.Count(out, "::error"); n != 1 {
				t.Errorf("%d errors:\n%s", n, out)
			}
			if got := i.installed(t); got != "" {
				t.Errorf("left %q", got)
			}
			if left, _ := filepath.Glob(filepath.Join(i.temp, "linecook-install.*")); len(left) > 0 {
				t.Errorf("left %q", left)
			}
			if _, err := os.Stat(i.cached()); err == nil {
				t.Error("it is in the tool cache")
			}
		})
	}
}

// Where the commit names no release, its own source is what the program is built
// from; a release is built from source only on demand.
func TestInstallBuildsFromTheSourceBesideIt(t *testing.T) {
	packed := archive(t, theProgram)
	for _, test := range []struct{ table, env, says string }{
		{"# none yet\n", "", "names no release of linecook for linux/amd64"},
		{releaseTable(packed, theProgram), "LINECOOK_BUILD=source", "LINECOOK_BUILD is source"},
	} {
		i := newInstaller(t, "http://127.0.0.1:1", test.table)
		bin := t.TempDir()
		write(t, filepath.Join(bin, "go"), []byte("#!/bin/bash\nprintf '%s\\n' \"$@\" > \"$RUNNER_TEMP/arguments\"\n"))
		out, err := i.run(t, test.env, "PATH="+toolsWithoutGo(t)+":"+bin)
		if err != nil || !strings.Contains(out, test.says) {
			t.Errorf("%v, want %q in\n%s", err, test.says, out)
		}
		arguments, err := os.ReadFile(filepath.Join(i.temp, "arguments"))
		want := fmt.Sprintf("build\n-C\n%s/../../..\n-trimpath\n-o\n%s/linecook-bin/linecook\n.\n", filepath.Dir(i.script), i.temp)
		if err != nil || string(arguments) != want {
			t.Errorf("go was called with %q, want %q, %v", arguments, want, err)
		}
	}
}
