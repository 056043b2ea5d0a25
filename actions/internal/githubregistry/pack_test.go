package githubregistry_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/policy"
)

// An event holds its policy's text, so that one object is all that a replay
// needs. docs/github.md says what that costs; this holds it to the size.
func TestEventsThatHoldTheirPolicyPackSmall(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	engine, err := policy.New(t.Context(), policy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	git := func(input string, arguments ...string) string {
		t.Helper()
		command := exec.Command("git", append([]string{"-C", dir}, arguments...)...)
		command.Stdin = strings.NewReader(input)
		out, err := command.Output()
		if err != nil {
			t.Fatalf("git %v: %v", arguments, err)
		}
		return strings.TrimSpace(string(out))
	}
	git("", "init", "--quiet")
	tree := git("", "write-tree")
	commit := git("", "-c", "user.name=ada", "-c", "user.email=ada@example.com", "commit-tree", "-m", "trained", tree)
	const events = 40
	var first string
	for n := range events {
		// The evidence of an event is another one each time: digests repeat nothing.
		evidence := map[string]any{}
		for i := range 60 {
			evidence[fmt.Sprintf("fact_%d", i)] = canonical.DigestBytes(fmt.Appendf(nil, "%d of %d", i, n))
		}
		record, err := canonical.Marshal(map[string]any{"evidence": evidence, "policy": engine.Policy(), "sequence": n + 1})
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("flight-delay#prod#%d", n+1)
		object := git(fmt.Sprintf("object %s\ntype commit\ntag %s\ntagger linecook <linecook@example.com> 0 +0000\n\n%s to prod\n\n%s\n", commit, name, name, record),
			"hash-object", "-t", "tag", "-w", "--stdin")
		git("", "update-ref", "refs/tags/"+name, object)
		if n == 0 {
			first = filepath.Join(dir, ".git", "objects", object[:2], object[2:])
		}
	}
	loose := size(t, first)
	git("", "repack", "-a", "-d", "--quiet")
	packs, err := filepath.Glob(filepath.Join(dir, ".git", "objects", "pack", "*.pack"))
	if err != nil || len(packs) != 1 {
		t.Fatal(packs, err)
	}
	packed := size(t, packs[0])
	t.Logf("one event as it arrives: %d bytes; %d events packed: %d bytes, %d each", loose, events, packed, packed/events)
	if loose > 30_000 || packed/events > 4_000 {
		t.Errorf("one event as it arrives has %d bytes, and %d packed ones %d", loose, events, packed)
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
