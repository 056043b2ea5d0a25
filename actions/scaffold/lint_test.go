package scaffold_test

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// linter is a program that .ci/run has built; without it the test is skipped.
func linter(t *testing.T, name string) string {
	t.Helper()
	for _, candidate := range []string{filepath.Join("..", "..", ".ci", "bin", name), name} {
		if path, err := exec.LookPath(candidate); err == nil {
			absolute, err := filepath.Abs(path)
			if err != nil {
				t.Fatal(err)
			}
			return absolute
		}
	}
	t.Skipf("there is no %s: .ci/run installs one", name)
	return ""
}

// The workflows that a newcomer gets pass the linters that people run on them,
// whichever build of linecook wrote them.
func TestWorkflowsOfInitPassTheLinters(t *testing.T) {
	actionlint, zizmor := linter(t, "actionlint"), linter(t, "zizmor")
	dir := t.TempDir()
	parquet(t, dir, "data.parquet", sales)
	must(t, dir, "init")
	for _, command := range []*exec.Cmd{
		exec.Command("git", "init", "--quiet"), // actionlint looks for the repository
		exec.Command(actionlint),
		exec.Command(zizmor, "--offline", "--no-progress", "--min-severity", "medium", "--strict-collection", "."),
	} {
		command.Dir = dir
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", filepath.Base(command.Path), err, out)
		}
	}
	// A check that cannot fail is none.
	broken := exec.Command(zizmor, "--offline", "--no-progress", "--min-severity", "medium", filepath.Join("testdata", "unsafe.yml"))
	if out, err := broken.CombinedOutput(); err == nil {
		t.Errorf("zizmor finds nothing wrong with an unsafe workflow:\n%s", out)
	}
}
