package scaffold_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/feature"
)

// hostile are names that mean something to YAML, SQL, Go's templates, GitHub's
// expressions, or linecook itself.
var hostile = []string{
	`a"b`, "x: y", "${{ x }}", "<% .Name %>", "🥘 of the day", "select", "order", "date", "true", "null", "~", "no", "1e3", "- x", "# x", "a'b", `a\b`, "a=b",
	"__x", "__", "_", "score", "Decided_At", "x -- y", "x)", "current_date", "interval", "[a]", "{a}", "*", "&a", "!a", "%a", "@a", "`a`", " a ", "a,b", "ünï", "a.b", "=",
}

// hostileColumns is the query of sales with columns of these names.
func hostileColumns(day, entity, label string, features ...string) string {
	quote := func(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
	query := fmt.Sprintf("SELECT day AS %s, shop_id AS %s, sold_out AS %s", quote(day), quote(entity), quote(label))
	for i, name := range features {
		query += fmt.Sprintf(", (n * %d) %% 17 AS %s", i+3, quote(name))
	}
	return query + " FROM (" + sales + ")"
}

// Foreign names stand in YAML, SQL and comments, and stay what they are.
func TestHostileFeatureNames(t *testing.T) {
	dir := t.TempDir()
	parquet(t, dir, "data.parquet", hostileColumns("the day", "shop_id", "y", hostile...))
	must(t, dir, "init", "--time", "the day", "--entity", "shop_id", "--label", "y")
	must(t, dir, "validate")
	must(t, dir, "train", "--version", "0.1.0")
	must(t, dir, "promote", "--version", "0.1.0", "--to", "dev")
	must(t, dir, "score", "--stage", "dev", "--date", "2024-02-09")

	config, findings := pipeline.ParseConfig("pipeline.yaml", []byte(read(t, dir, "pipeline.yaml")))
	if config == nil || len(findings) > 0 {
		t.Fatal(findings)
	}
	for _, name := range hostile {
		if name != "__" && !slices.ContainsFunc(config.Features, func(d feature.Definition) bool {
			return strings.Trim(d.Name, "_") == strings.Trim(name, "_")
		}) {
			t.Errorf("there is no feature %q", name)
		}
	}
	if workflow := read(t, dir, ".github/workflows/linecook-score.yml"); strings.Contains(workflow, "x }}") {
		t.Error("a column's name got into a workflow")
	}
}

func TestHostileNamesInEveryRole(t *testing.T) {
	for i, name := range []string{`a"b`, "${{ x }}", "🥘 of: the #day", "select", "true", "__x", "Score", "a,b", " a "} {
		for role := range 3 {
			t.Run(fmt.Sprint(i, role), func(t *testing.T) {
				names := []string{"day", "shop_id", "y"}
				names[role] = name
				dir := t.TempDir()
				parquet(t, dir, "data.parquet", hostileColumns(names[0], names[1], names[2], "n"))
				must(t, dir, "init", "--time", names[0], "--entity", names[1], "--label", names[2])
				must(t, dir, "validate")
				if names[1] != name {
					return // a label or a day with such a name differs in nothing from here on
				}
				must(t, dir, "train", "--version", "0.1.0")
				must(t, dir, "promote", "--version", "0.1.0", "--to", "dev")
				must(t, dir, "score", "--stage", "dev", "--date", "2024-02-09")
			})
		}
	}
}
