package scaffold_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/actions"
)

// linecook runs a command in a folder as of 10 April 2024 and returns its exit
// code and what it printed.
func linecook(t *testing.T, dir string, args ...string) (int, string, string) {
	t.Helper()
	t.Chdir(dir)
	var out, log bytes.Buffer
	now := func() time.Time { return time.Date(2024, 4, 10, 6, 0, 0, 0, time.UTC) }
	code := actions.Main(args, &out, &log, func(string) string { return "" }, now)
	return code, out.String(), log.String()
}

// must is linecook where only success will do.
func must(t *testing.T, dir string, args ...string) string {
	t.Helper()
	code, out, log := linecook(t, dir, args...)
	if code != 0 {
		t.Fatalf("linecook %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, log)
	}
	return out
}

func put(t *testing.T, dir, path, text string) {
	t.Helper()
	full := filepath.Join(dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, dir, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// tree lists the files of a folder.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			relative, _ := filepath.Rel(dir, path)
			names = append(names, filepath.ToSlash(relative))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// customers is a CSV of 20 customers a day from 1 January 2024, whose churn
// depends on what they spend and how often they call.
func customers(days int) string {
	random := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("date,customer_id,plan,spend,calls,remark,churned\n")
	for day := range days {
		date := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, day).Format(time.DateOnly)
		for customer := range 20 {
			spend, calls := 50+15*random.NormFloat64(), random.IntN(10)
			plan := []string{"basic", "plus", "pro"}[random.IntN(3)]
			odds := -1.2 + 0.35*float64(calls-4) - (spend-50)/20
			churned := "no"
			if random.Float64() < 1/(1+math.Exp(-odds)) {
				churned = "yes"
			}
			shown := fmt.Sprintf("%.2f", spend)
			if random.IntN(20) == 0 {
				shown = ""
			}
			fmt.Fprintf(&b, "%s,C%04d,%s,%s,%d,\"note %d, %d\",%s\n", date, customer, plan, shown, calls, day, customer, churned)
		}
	}
	return b.String()
}

// From an empty repository with a data file to a scored day, without an edit.
func TestFromDataToScores(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "data/customers.csv", customers(100))

	out := must(t, dir, "init")
	for _, want := range []string{
		"Read data/customers.csv: 2000 rows, 7 columns, 2024-01-01 to 2024-04-09.",
		"label       churned", `"yes" is taken for the event`, "entity      customer_id", "holdout     20 days",
		"remark: 2000 different values", "linecook train --version 0.1.0",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("init does not say %q:\n%s", want, out)
		}
	}
	must(t, dir, "validate")
	must(t, dir, "train", "--version", "0.1.0")

	// The example check is found beside pipeline.yaml and can be required.
	config := read(t, dir, "pipeline.yaml")
	put(t, dir, "pipeline.yaml", strings.Replace(config, "champion_not_worse, newer_version]", "champion_not_worse, newer_version, enough_events]", 1))
	for _, stage := range []string{"dev", "staging", "prod"} {
		out := must(t, dir, "promote", "--version", "0.1.0", "--to", stage)
		if stage == "prod" && !strings.Contains(out, "13 of 13 checks passed") {
			t.Errorf("prod was not asked for the check of the repository's own:\n%s", out)
		}
	}
	out = must(t, dir, "score", "--stage", "prod", "--date", "2024-04-09")
	if !strings.Contains(out, "20 scores") {
		t.Errorf("score: %s", out)
	}
	put(t, dir, "pipeline.yaml", config)
	must(t, dir, "backtest", "--from", "2024-04-01", "--to", "2024-04-09")
}

func TestNothingIsOverwrittenUnasked(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "customers.csv", customers(31))
	put(t, dir, "policy/README.md", "mine")
	put(t, dir, ".gitignore", "*.log")
	before := tree(t, dir)

	code, _, log := linecook(t, dir, "init")
	if code != 2 || !strings.Contains(log, "policy/README.md") || strings.Contains(log, "pipeline.yaml") {
		t.Errorf("exit code %d, log %s", code, log)
	}
	if after := tree(t, dir); !slices.Equal(before, after) || read(t, dir, "policy/README.md") != "mine" {
		t.Errorf("something was written: %q", after)
	}

	must(t, dir, "init", "--force")
	if read(t, dir, "policy/README.md") == "mine" {
		t.Error("--force did not overwrite")
	}
	const ignored = "*.log\n# linecook's registry, ledger and scores on this machine\n.linecook/\n"
	if text := read(t, dir, ".gitignore"); text != ignored {
		t.Errorf(".gitignore: %q", text)
	}
	written := tree(t, dir)
	first := map[string]string{}
	for _, path := range written {
		first[path] = read(t, dir, path)
	}
	must(t, dir, "init", "--force")
	for _, path := range tree(t, dir) {
		if read(t, dir, path) != first[path] {
			t.Errorf("%s differs on the second run", path)
		}
	}
}

func TestFoldersInTheWay(t *testing.T) {
	for file, says := range map[string]string{
		"policy":              "policy is a file",
		".github":             ".github is a file",
		"pipeline.yaml/x.txt": "pipeline.yaml is a folder",
	} {
		dir := t.TempDir()
		put(t, dir, "customers.csv", customers(31))
		put(t, dir, file, "")
		before := tree(t, dir)
		code, _, log := linecook(t, dir, "init", "--force")
		if code != 2 || !strings.Contains(log, says) || !slices.Equal(before, tree(t, dir)) {
			t.Errorf("%s: exit code %d, log %s, files %q", file, code, log, tree(t, dir))
		}
	}
}

func TestAnotherFolder(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "repo/.git/HEAD", "")
	put(t, dir, "repo/sub/data/customers.csv", customers(31))
	out := must(t, dir, "init", "--dir", "repo/sub")
	if !strings.Contains(out, "cd repo/sub") || !strings.Contains(out, "not the root of its repository") {
		t.Errorf("init says:\n%s", out)
	}
	must(t, filepath.Join(dir, "repo", "sub"), "validate")
}
