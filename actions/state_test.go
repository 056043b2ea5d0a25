package actions_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A job that carries linecook's home folder through the state branch.
type job struct {
	dir string
	env []string
}

func newJob(t *testing.T, server string) *job {
	t.Helper()
	dir := t.TempDir()
	return &job{dir: dir, env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "RUNNER_TEMP=" + t.TempDir(),
		"GITHUB_SERVER_URL=" + server, "GITHUB_REPOSITORY=owner/name", "STATE_TOKEN=t0ken",
	}}
}

// newServer returns a file URL under which owner/name is an empty repository.
func newServer(t *testing.T) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the state action's script needs bash")
	}
	dir := t.TempDir()
	if out, err := exec.Command("git", "init", "--quiet", "--bare", filepath.Join(dir, "owner", "name")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return "file://" + dir
}

func (j *job) state(t *testing.T, mode string) (string, error) {
	t.Helper()
	script, err := filepath.Abs(filepath.Join("internal", "state", "state.sh"))
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("bash", script, mode)
	command.Dir, command.Env = j.dir, j.env
	out, err := command.CombinedOutput()
	return string(out), err
}

func (j *job) mustState(t *testing.T, mode string) string {
	t.Helper()
	out, err := j.state(t, mode)
	if err != nil {
		t.Fatalf("%s: %v\n%s", mode, err, out)
	}
	return out
}

func (j *job) write(t *testing.T, path, text string) {
	t.Helper()
	write(t, filepath.Join(j.dir, ".linecook", path), []byte(text))
}

func (j *job) read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(j.dir, ".linecook", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestStateSurvivesFromJobToJob(t *testing.T) {
	server := newServer(t)

	first := newJob(t, server)
	first.mustState(t, "restore")
	first.write(t, "registry/a", "one")
	first.write(t, ".gitignore", "*\n") // must not hide anything from the branch
	first.mustState(t, "save")

	second := newJob(t, server)
	second.mustState(t, "restore")
	if got := second.read(t, "registry/a"); got != "one" {
		t.Errorf("restored %q", got)
	}
	if out := second.mustState(t, "save"); !strings.Contains(out, "did not change") {
		t.Errorf("an unchanged home folder was saved: %s", out)
	}
	if _, err := os.Stat(filepath.Join(second.dir, ".linecook", ".git")); err == nil {
		t.Error("the repository's data stand in the home folder")
	}
}

func TestJobsAtOnceDoNotOverwriteEachOther(t *testing.T) {
	server := newServer(t)
	one, two, three := newJob(t, server), newJob(t, server), newJob(t, server)
	for _, j := range []*job{one, two, three} {
		j.mustState(t, "restore")
	}
	one.write(t, "ledger/one", "1")
	two.write(t, "ledger/two", "2")
	three.write(t, "ledger/one", "other")
	one.mustState(t, "save")
	two.mustState(t, "save")
	if out, err := three.state(t, "save"); err == nil || !strings.Contains(out, "run this job again") {
		t.Errorf("a conflicting save: %v\n%s", err, out)
	}

	after := newJob(t, server)
	after.mustState(t, "restore")
	if after.read(t, "ledger/one") != "1" || after.read(t, "ledger/two") != "2" {
		t.Error("a save was lost")
	}
}

// A remote that does not answer is not an empty registry.
func TestStateFailsClosed(t *testing.T) {
	server := newServer(t)
	lost := newJob(t, server+"/nowhere")
	if out, err := lost.state(t, "restore"); err == nil {
		t.Errorf("restored from nowhere: %s", out)
	}
	if _, err := newJob(t, server).state(t, "guess"); err == nil {
		t.Error("an unknown mode was taken")
	}
}

func TestStateHidesItsToken(t *testing.T) {
	j := newJob(t, newServer(t))
	out := j.mustState(t, "restore")
	j.write(t, "a", "1")
	out += j.mustState(t, "save")
	for line := range strings.Lines(out) {
		if strings.Contains(line, "t0ken") {
			t.Errorf("the token is in the log: %s", line)
		}
	}
	err := filepath.WalkDir(j.dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), "t0ken") || strings.Contains(string(data), "eC1hY2Nlc3MtdG9rZW46") {
			t.Errorf("the token is in %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
