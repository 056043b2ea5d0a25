package scaffold

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/actions/internal/command"
)

// hosted makes a repository with the annotated tag v1.2.3 that stands where
// linecook's own does, and returns the tag's commit.
func hosted(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	git := func(arguments ...string) string {
		t.Helper()
		command := exec.Command("git", append([]string{"-c", "user.name=T", "-c", "user.email=t@example.com"}, arguments...)...)
		command.Dir = dir
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("git %q: %v\n%s", arguments, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "--quiet")
	git("commit", "--quiet", "--allow-empty", "--message=release")
	git("tag", "--annotate", "--message=v1.2.3", "v1.2.3")
	config := filepath.Join(t.TempDir(), "config")
	text := "[url \"file://" + filepath.ToSlash(dir) + "\"]\n\tinsteadOf = " + origin + "\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIT_CONFIG_GLOBAL", config)
	return git("rev-parse", "HEAD")
}

func TestPins(t *testing.T) {
	tagged := hosted(t)
	source := strings.Repeat("5", 40)
	for _, test := range []struct {
		name       string
		build      command.Build
		want, todo string
	}{
		{"a release", command.Build{Release: true, Version: "v1.2.3", Commit: source}, tagged + " # v1.2.3", ""},
		{"a release that GitHub does not know", command.Build{Release: true, Version: "v9.9.9", Commit: source}, source, "build linecook from source"},
		{"a build of a commit", command.Build{Version: "v1.2.3", Commit: source}, source, ""},
		{"a build of nothing known", command.Build{Version: "devel"}, unknownCommit, "the full SHA that you trust"},
	} {
		got := pinOf(t.Context(), test.build)
		if got.String() != test.want {
			t.Errorf("%s: pinned to %q, want %q", test.name, got, test.want)
		}
		if todo := got.explain(test.build); (todo == "") != (test.todo == "") || !strings.Contains(todo, test.todo) {
			t.Errorf("%s: says %q, want %q", test.name, todo, test.todo)
		}
	}
}
