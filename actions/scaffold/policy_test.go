package scaffold_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestOwnChecksThatCannotBeUsedAreAMistake(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "data/customers.csv", customers(30))
	must(t, dir, "init")
	must(t, dir, "train", "--version", "0.1.0")
	promote := []string{"promote", "--version", "0.1.0", "--to", "dev"}
	for name, test := range map[string]struct {
		file, text string
		flags      []string
		says       string
	}{
		"does not parse":   {"policy/own.rego", "package linecook.checks\npassed contains", nil, "policy/own.rego:2"},
		"another package":  {"policy/own.rego", "package mine\nx := 1\n", nil, "linecook.checks"},
		"no such folder":   {"", "", []string{"--policy", "nowhere"}, "nowhere"},
		"nothing in there": {"empty/README.md", "", []string{"--policy", "empty"}, "no .rego file"},
		"a file":           {"file", "", []string{"--policy", "file"}, "not a folder"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.file != "" {
				put(t, dir, test.file, test.text)
				defer os.Remove(filepath.Join(dir, filepath.FromSlash(test.file)))
			}
			code, _, log := linecook(t, dir, append(slices.Clone(promote), test.flags...)...)
			if code != 2 || !strings.Contains(log, test.says) {
				t.Errorf("exit code %d, log %s", code, log)
			}
		})
	}
	must(t, dir, promote...)
}
