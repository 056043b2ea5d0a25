package pipeline_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/linecook-ml/linecook/pipeline"
)

// withCommand is the example with a command in it.
func withCommand(t *testing.T, edits ...string) *pipeline.Config {
	t.Helper()
	text := example(t) + `
commands:
  - name: network
    run: [python3, features/network.py]
    files: [features/*.py, features/lib/a.py]
    lock: features/requirements.txt
    version: [python3, -VV]
    observation: [dest]
    reads:
      - {source: flights, columns: [origin, dest], within: 28 days}
`
	text = strings.NewReplacer(edits...).Replace(text)
	config, findings := pipeline.ParseConfig("pipeline.yaml", []byte(text))
	if config == nil {
		t.Fatal(findings)
	}
	return config
}

func commandFiles() fstest.MapFS {
	return fstest.MapFS{
		"features/network.py":       {Data: []byte("import lib.a\n")},
		"features/__init__.py":      {},
		"features/lib/a.py":         {Data: []byte("A = 1\n")},
		"features/requirements.txt": {},
		"features/parameters.json":  {Data: []byte("{}")},
		"features/model.bin":        {Data: []byte("\x00\xff")},
		"features/folder.py/x":      {},
		"output.py":                 {},
		"data/flights.csv":          {},
	}
}

// A command carries its files and its lock, each once, in order.
func TestACommandCarriesItsFiles(t *testing.T) {
	config := withCommand(t)
	if findings := config.ReadCommands(commandFiles()); len(findings) > 0 {
		t.Fatal(findings)
	}
	var paths []string
	for _, file := range config.Commands[0].Carried {
		paths = append(paths, file.Path)
	}
	if got := strings.Join(paths, " "); got != "features/__init__.py features/lib/a.py features/network.py features/requirements.txt" {
		t.Errorf("it carries %s", got)
	}
	if config.Commands[0].Carried[1].Text != "A = 1\n" {
		t.Errorf("it carries %q", config.Commands[0].Carried[1].Text)
	}
}

// Each edit is a mistake, found at the setting that makes it.
func TestMistakesInCommandsAreFound(t *testing.T) {
	for _, c := range []struct{ name, old, edited, at, says string }{
		{"a file that is not there", "features/lib/a.py", "features/lib/b.py", "files.1", `no file is called "features/lib/b.py"`},
		{"a pattern that is none", "features/lib/a.py", "'features/['", "files.1", "syntax error in pattern"},
		{"files above the pipeline", "features/lib/a.py", "../lib/*.py", "files.1", "leads out of the pipeline's folder"},
		{"files elsewhere", "features/lib/a.py", "/etc/passwd", "files.1", "leads out of the pipeline's folder"},
		{"a file that is no text", "features/lib/a.py", "features/model.bin", "files.1", "no text that can be read"},
		{"a file in the way", "features/lib/a.py", "output.py", "files.1", "output.py lies where"},
		{"no lock", "features/requirements.txt", "features/requirements.lock", "lock", "features/requirements.lock cannot be read"},
		{"a lock elsewhere", "features/requirements.txt", "../requirements.txt", "lock", "lies elsewhere"},
		{"another program", "[python3, features/network.py]", "[network]", "run", "run names none of its files"},
		{"a program that is not carried", "[python3, features/network.py]", "[python3, features/network.py, features/parameters.json]", "run.2", "not among its files"},
		{"a version that is not carried", "[python3, -VV]", "[cat, features/parameters.json]", "version.1", "version names features/parameters.json"},
		{"an empty word", "[python3, -VV]", "[python3, '']", "version.1", "a word of version is empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := withCommand(t, c.old, c.edited)
			findings := config.ReadCommands(commandFiles())
			if len(findings) != 1 || findings[0].Code != "config/command" || !strings.Contains(findings[0].Message, c.says) {
				t.Fatalf("want one that says %q: %+v", c.says, findings)
			}
			path := []any{"commands", 0}
			for _, step := range strings.Split(c.at, ".") {
				if step[0] >= '0' && step[0] <= '9' {
					path = append(path, int(step[0]-'0'))
				} else {
					path = append(path, step)
				}
			}
			if want := config.At(path...); findings[0].Position != want {
				t.Errorf("it is at %s, want %s", findings[0].Position, want)
			}
		})
	}
}

// No link leads a command out of the pipeline's folder.
func TestNoLinkLeadsOut(t *testing.T) {
	top := t.TempDir()
	for path, text := range map[string]string{"secret.py": "SECRET = 1\n", "shop/features/network.py": "", "shop/features/requirements.txt": ""} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(top, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(top, path), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(top, "secret.py"), filepath.Join(top, "shop", "features", "link.py")); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(filepath.Join(top, "shop"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	config := withCommand(t, ", features/lib/a.py", "")
	findings := config.ReadCommands(root.FS())
	if len(findings) != 1 || !strings.Contains(findings[0].Message, "features/link.py cannot be read") {
		t.Errorf("%+v", findings)
	}
}
