package actions_test

import (
	"bytes"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/linecook-ml/linecook/actions"
)

// The planted pipelines are the shop's, with the parts that each of
// testdata/planted/*.txtar has instead; $FOLDER is where it lies. The archive's
// comment says what becomes of it:
//
//	refused: CODE       the static proof finds it
//	underlined: TEXT    and underlines this
//	leaks: CODE         the static proof is content, and the experiment finds it
//	caught: CODE        the same, for what is wrong with a command and is no leak
//	honest              it looks like a leak, and both are content
func TestPlantedPipelines(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("testdata", "planted", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	met := map[string]int{}
	for _, name := range paths {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		said := map[string]string{}
		for line := range strings.Lines(string(archive.Comment)) {
			if !strings.HasPrefix(line, "#") {
				key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
				said[key] = value
			}
		}
		for _, verdict := range []string{"refused", "leaks", "caught", "honest"} {
			if _, ok := said[verdict]; ok {
				met[verdict]++
			}
		}
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			pipeline := plant(t, archive)
			code, out := linecook(t, "validate", "--pipeline", pipeline)
			if found, isRefused := said["refused"]; isRefused {
				if code != 1 || !strings.Contains(out, "error   "+found+"  ") {
					t.Fatalf("exit code %d, want 1 and %s:\n%s", code, found, out)
				}
				if part := said["underlined"]; part != "" && !underlines(out, part) {
					t.Errorf("%q is not underlined:\n%s", part, out)
				}
				return
			}
			if code != 0 {
				t.Fatalf("the static proof says\n%s", out)
			}
			code, out = linecook(t, "validate", "--pipeline", pipeline, "--prove-honesty")
			if found, caught := said["caught"]; caught {
				if code != 1 || !strings.Contains(out, "error   "+found+"  ") {
					t.Errorf("exit code %d, want 1 and %s:\n%s", code, found, out)
				}
			} else if found, leaks := said["leaks"]; leaks {
				if code != 1 || !strings.Contains(out, "error   "+found+"  ") || !strings.Contains(out, "the row it knew too early: row ") {
					t.Errorf("exit code %d, want 1 and %s:\n%s", code, found, out)
				}
			} else if code != 0 || !strings.Contains(out, "the same bit for bit in ") {
				t.Errorf("exit code %d, want 0:\n%s", code, out)
			}
		})
	}
	if met["refused"]+met["leaks"] < 20 || met["leaks"] < 5 || met["honest"] < 10 {
		t.Errorf("too few are planted: %v", met)
	}
}

// plant makes the pipeline of an archive, and its data.
func plant(t *testing.T, archive *txtar.Archive) (pipeline string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "shop"))); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) string {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "$FOLDER", dir)), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	runsCommands := slices.ContainsFunc(archive.Files, func(f txtar.File) bool { return f.Name == "commands.yaml" })
	for name, text := range shopData() {
		// The proof starts a command's program for each day, and that a few times.
		if !runsCommands || path.Dir(name) != "deliveries" || path.Base(name) > "2024-03-26" {
			write("data/"+name, text)
		}
	}
	base, err := os.ReadFile(filepath.Join(dir, "pipeline.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	parts := sections(string(base))
	for _, file := range archive.Files {
		if filepath.Ext(file.Name) == ".yaml" {
			maps.Copy(parts, sections(string(file.Data)))
		} else {
			write(file.Name, string(file.Data))
		}
	}
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(parts)) {
		text.WriteString(parts[key])
	}
	return write("pipeline.yaml", text.String())
}

var topLevel = regexp.MustCompile(`(?m)^[a-z]`)

// sections are the parts of a YAML file by their key at the top.
func sections(text string) map[string]string {
	parts := map[string]string{}
	starts := append(topLevel.FindAllStringIndex(text, -1), []int{len(text)})
	for i, start := range starts[:len(starts)-1] {
		part := text[start[0]:starts[i+1][0]]
		key, _, _ := strings.Cut(part, ":")
		parts[key] = strings.TrimRight(part, "\n") + "\n"
	}
	return parts
}

func linecook(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	var both bytes.Buffer
	now := func() time.Time { return time.Date(2024, time.April, 10, 6, 0, 0, 0, time.UTC) }
	// The folder of the system's own Python comes first: others are found more
	// slowly, and there are many runs.
	environment := map[string]string{"PATH": "/usr/bin:" + os.Getenv("PATH")}
	code = actions.Main(args, &both, &both, func(name string) string { return environment[name] }, now)
	return code, both.String()
}

// underlines says whether a line of carets is below the text, and as long.
func underlines(out, part string) bool {
	lines := strings.Split(out, "\n")
	for i, line := range lines[1:] {
		carets, above := []rune(line), []rune(lines[i])
		from := slices.Index(carets, '^')
		if from >= 0 && strings.Trim(string(carets[from:]), "^") == "" && len(above) >= len(carets) && string(above[from:len(carets)]) == part {
			return true
		}
	}
	return false
}
