package actions_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/actions/internal/program"
	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/feature"
)

var codeBlock = regexp.MustCompile("(?s)```([a-z]+)\n(.*?)```")

// manualsCommand is the example of the manual's section about commands: what it
// adds to a pipeline, and the program.
func manualsCommand(t *testing.T) (settings map[string]string, script string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "docs", "pipeline.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## commands\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, block := range codeBlock.FindAllStringSubmatch(section, -1) {
		switch block[1] {
		case "yaml":
			settings = sections(block[2])
		case "python":
			script = block[2]
		}
	}
	if settings["commands"] == "" || script == "" {
		t.Fatal("the manual has no command with its program")
	}
	return settings, script
}

// The manual's command runs on real flights. Each day by itself has, bit for bit,
// the features that it has among the others, whatever the number of runs side by
// side: training and scoring are one.
func TestManualsCommandDaysAreTheFortnight(t *testing.T) {
	t.Parallel()
	settings, script := manualsCommand(t)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "examples", "flight-delay"))); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "pipeline.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("\nfeatures:\n"), []byte("\n"+settings["commands"]+settings["features"]), 1)
	for name, content := range map[string]string{"features/network.py": script, "features/requirements.txt": ""} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	config, findings := pipeline.ParseConfig(filepath.Join(dir, "pipeline.yaml"), text)
	if config == nil {
		t.Fatal(findings)
	}
	contracts, findings := config.ReadContracts(os.ReadFile)
	if findings = append(findings, config.ReadCommands(os.DirFS(dir))...); len(findings) > 0 {
		t.Fatal(findings)
	}
	config.Programs.Start = program.Starter(os.Getenv)
	session, findings, err := config.Open(t.Context())
	if err != nil || len(findings) > 0 {
		t.Fatal(findings, err)
	}
	t.Cleanup(func() {
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	})
	plan, err := config.Plan(contracts, session, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	plan.Definitions = plan.Definitions[:2]
	fortnight, err := plan.Build(t.Context(), session.DB(), feature.Range{From: "2013-02-01", To: "2013-02-14"})
	if err != nil {
		t.Fatal(err)
	}
	degree, busiest := fortnight.Frame.Columns[0], fortnight.Frame.Columns[1]
	if degree.Name != "hub_degree" || busiest.Name != "busiest_neighbour" || fortnight.Frame.Rows < 10_000 || len(busiest.Levels) != 3 {
		t.Fatalf("%d rows of %s and %s, which has the levels %q", fortnight.Frame.Rows, degree.Name, busiest.Name, busiest.Levels)
	}
	row := 0
	for row < fortnight.Frame.Rows {
		day := fortnight.Partition[row]
		one, err := plan.Build(t.Context(), session.DB(), feature.Day(day))
		if err != nil {
			t.Fatal(err)
		}
		for i := range one.Frame.Rows {
			alone, _ := one.Frame.Columns[1].Text(i)
			among, _ := busiest.Text(row)
			if one.DecidedAt[i] != fortnight.DecidedAt[row] || alone != among ||
				math.Float64bits(one.Frame.Columns[0].Numbers[i]) != math.Float64bits(degree.Numbers[row]) {
				t.Fatalf("observation %d of %s differs", i, day)
			}
			row++
		}
	}
}
