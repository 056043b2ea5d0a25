// The rules of the house that a machine can hold: who may import whom, and what
// the engine must not touch. Each rule is a function over the import graph or
// over one file's syntax, so that a planted breach shows that it can fail.
package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/linecook-ml/linecook"

// A graph holds the direct imports of each package, tests left out. Packages of
// this module are named from its root: "pipeline/model", and "." for main.
type graph map[string][]string

// house is the graph of everything that is built into linecook.
var house = sync.OnceValues(func() (graph, error) {
	command := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports", "./...")
	out, err := command.Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			return nil, fmt.Errorf("go list: %w\n%s", err, failed.Stderr)
		}
		return nil, err
	}
	g := graph{}
	decoder := json.NewDecoder(bytes.NewReader(out))
	for {
		var listed struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&listed); errors.Is(err, io.EOF) {
			return g, nil
		} else if err != nil {
			return nil, err
		}
		imports := make([]string, len(listed.Imports))
		for i, name := range listed.Imports {
			imports[i] = local(name)
		}
		g[local(listed.ImportPath)] = imports
	}
})

func local(importPath string) string {
	if importPath == module {
		return "."
	}
	return strings.TrimPrefix(importPath, module+"/")
}

// below reports whether a package is one of folders or lies below one.
func below(name string, folders ...string) bool {
	return slices.ContainsFunc(folders, func(folder string) bool {
		return name == folder || strings.HasPrefix(name, folder+"/")
	})
}

// under lists the packages of the graph in or below folders, sorted.
func (g graph) under(folders ...string) []string {
	var names []string
	for name := range g {
		if below(name, folders...) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// reach lists everything that from is built from, itself included.
func (g graph) reach(from string) []string {
	seen := map[string]bool{from: true}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		for _, name := range g[queue[0]] {
			if !seen[name] {
				seen[name] = true
				queue = append(queue, name)
			}
		}
	}
	var names []string
	for name := range seen {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// The things can be parsed, checked, applied and compared; none can be fitted.
var things = []string{
	"pipeline/bundle", "pipeline/canonical", "pipeline/contract", "pipeline/dataset", "pipeline/document",
	"pipeline/evaluation", "pipeline/feature", "pipeline/honesty", "pipeline/internal/atomicfile", "pipeline/ledger", "pipeline/metric",
	"pipeline/model", "pipeline/modelcard", "pipeline/profile", "pipeline/registry", "pipeline/report", "pipeline/snapshot",
}

// ladder says what each part of the engine may import. The root, "pipeline", is
// the configuration: it is made of things, and of promotion, which holds the
// type of a stage and therefore has to do without the configuration. A part
// that is not listed may not exist.
var ladder = []struct {
	part string
	may  []string
}{
	{"pipeline/promotion", things},
	{"pipeline", slices.Concat(things, []string{"pipeline/promotion"})},
	{"pipeline/validation", slices.Concat(things, []string{"pipeline"})},
	{"pipeline/monitoring", slices.Concat(things, []string{"pipeline"})},
	{"pipeline/training", slices.Concat(things, []string{"pipeline", "pipeline/validation"})},
	{"pipeline/inference", slices.Concat(things, []string{"pipeline", "pipeline/validation", "pipeline/monitoring"})},
	{"pipeline/backtest", slices.Concat(things, []string{"pipeline", "pipeline/training", "pipeline/promotion", "pipeline/inference", "pipeline/monitoring"})},
}

// climbs finds the imports inside the engine that go up the ladder. "pipeline"
// itself is one package; every other part includes what lies below it.
func climbs(g graph) (breaches []string) {
	is := func(name, part string) bool {
		return name == part || (part != "pipeline" && below(name, part))
	}
	among := func(name string, parts []string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return is(name, part) })
	}
	for _, name := range g.under("pipeline") {
		self, may := "", []string{}
		if among(name, things) {
			may = things
		}
		for _, rung := range ladder {
			if is(name, rung.part) {
				self, may = rung.part, rung.may
			}
		}
		if self == "" && !among(name, things) {
			breaches = append(breaches, name+" has no place on the ladder")
			continue
		}
		for _, imported := range g[name] {
			own := self != "" && self != "pipeline" && is(imported, self)
			if below(imported, "pipeline") && !own && !among(imported, may) {
				breaches = append(breaches, name+" imports "+imported)
			}
		}
	}
	return breaches
}

// refits finds what fits among everything that the line cook is built from.
func refits(g graph) (breaches []string) {
	for _, name := range g.reach("pipeline/inference") {
		if below(name, "pipeline/training") {
			breaches = append(breaches, "pipeline/inference reaches "+name)
		}
	}
	return breaches
}

// The packages that speak to GitHub, and those that open the network.
var (
	github  = []string{"github.com/google/go-github", "github.com/sethvargo/go-githubactions", "github.com/shurcooL/githubv4", "github.com/cli/go-gh"}
	network = []string{"net/http", "net/rpc", "net/smtp"}
	opa     = []string{"github.com/open-policy-agent/opa"}
)

// strays finds imports that stand outside the one folder that may have them,
// and imports against the direction main → actions → policy → pipeline.
func strays(g graph) (breaches []string) {
	for _, name := range g.under(".", "main", "actions", "policy", "pipeline") {
		for _, imported := range g[name] {
			var may []string
			switch {
			case below(imported, opa...):
				may = []string{"policy"}
			case below(imported, github...), below(imported, network...):
				may = []string{"actions/internal"}
			case below(imported, "actions"):
				may = []string{".", "actions"}
			case below(imported, "policy"):
				may = []string{"actions", "policy"}
			default:
				continue
			}
			if !below(name, may...) {
				breaches = append(breaches, name+" imports "+imported)
			}
		}
	}
	// main has one import of ours: the program.
	for _, imported := range g["."] {
		if below(imported, "pipeline", "policy") {
			breaches = append(breaches, "main imports "+imported)
		}
	}
	return breaches
}

// outsiders finds what the engine is built from and must do without, however
// far away it is imported.
func outsiders(g graph) (breaches []string) {
	for _, name := range g.under("pipeline") {
		for _, reached := range g.reach(name) {
			if below(reached, slices.Concat(opa, github, network, []string{"actions", "policy", "os/exec", "math/rand"})...) && foreign(g, name, reached) {
				breaches = append(breaches, name+" reaches "+reached)
			}
		}
	}
	return breaches
}

// foreign leaves out what the standard library and the engine's modules use for
// themselves and the engine does not call: randomness for shuffles and
// time-outs, and processes for time zones and dialers.
func foreign(g graph, name, reached string) bool {
	if !below(reached, "os/exec", "math/rand") {
		return true
	}
	return slices.Contains(g[name], reached)
}

// sisters finds verbs that import one another: what they share is in
// actions/internal.
func sisters(g graph) (breaches []string) {
	for _, name := range g.under("actions") {
		for _, imported := range g[name] {
			if name != "actions" && below(imported, "actions") && !below(imported, "actions/internal") && !below(imported, name) {
				breaches = append(breaches, name+" imports "+imported)
			}
		}
	}
	return breaches
}

func TestImportsFollowTheHouseRules(t *testing.T) {
	g, err := house()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".", "actions", "policy", "pipeline", "pipeline/inference", "pipeline/training/linear"} {
		if g[name] == nil {
			t.Fatalf("go list does not know %s: the rules below would hold of nothing", name)
		}
	}
	for _, rule := range rules {
		for _, breach := range rule.find(g) {
			t.Errorf("%s: %s", rule.name, breach)
		}
	}
	for _, thing := range things {
		if len(g.under(thing)) == 0 {
			t.Errorf("the ladder lists %s, which does not exist", thing)
		}
	}
}

var rules = []struct {
	name string
	find func(graph) []string
	// planted are edges each of which breaks the rule, as "from to".
	planted []string
}{
	{"the line cook cannot refit", refits, []string{
		"pipeline/inference pipeline/training",
		"pipeline/feature pipeline/training/encode",
	}},
	{"inside the engine imports go down the ladder", climbs, []string{
		"pipeline/model pipeline/training",
		"pipeline/contract pipeline/validation",
		"pipeline/ledger/dir pipeline/promotion",
		"pipeline/promotion pipeline",
		"pipeline/validation pipeline/inference",
		"pipeline/inference pipeline/backtest",
		"pipeline/training/linear pipeline/inference",
		"pipeline/newcomer pipeline/report",
	}},
	{"main, actions, policy, pipeline, in this direction; OPA in policy; GitHub and the network in actions/internal", strays, []string{
		"pipeline/model policy",
		"pipeline/model actions/internal/command",
		"policy actions/internal/command",
		"actions/promote github.com/open-policy-agent/opa/v1/rego",
		"actions/score github.com/google/go-github/v66/github",
		"actions/train github.com/sethvargo/go-githubactions",
		"pipeline/registry net/http",
		"policy net/http",
		". pipeline",
	}},
	{"the engine knows no policy engine, no GitHub and no network", outsiders, []string{
		"pipeline/report github.com/open-policy-agent/opa/v1/ast",
		"gonum.org/v1/gonum/mat net/http",
		"pipeline/bundle os/exec",
		"pipeline/metric math/rand/v2",
	}},
	{"a verb does not import another verb", sisters, []string{
		"actions/train actions/score",
		"actions/internal/command actions/train",
	}},
}

func TestEachImportRuleCanFail(t *testing.T) {
	standing, err := house()
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range rules {
		for _, edge := range rule.planted {
			from, to, _ := strings.Cut(edge, " ")
			planted := graph{}
			for name, imports := range standing {
				planted[name] = imports
			}
			planted[from] = append(slices.Clone(planted[from]), to)
			if len(rule.find(planted)) == 0 {
				t.Errorf("%s: %s imports %s, and nobody minds", rule.name, from, to)
			}
		}
	}
}

// worldly are the identifiers through which a Go program reads the clock, the
// environment, the machine or a global random state, by import path. A * is
// every identifier.
var worldly = map[string][]string{
	"time":         {"Now", "Since", "Until", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer", "Sleep", "Local", "LoadLocation"},
	"os":           {"Getenv", "LookupEnv", "Environ", "ExpandEnv", "Setenv", "Getwd", "Hostname", "UserHomeDir", "UserCacheDir", "UserConfigDir", "Args", "Stdin", "Stdout", "Stderr", "Exit"},
	"os/user":      {"*"},
	"os/exec":      {"*"},
	"math/rand":    {"*"},
	"math/rand/v2": {"*"},
	"crypto/rand":  {"*"},
	"net":          {"*"},
	"net/http":     {"*"},
	"syscall":      {"Getenv", "Environ"},
	"log":          {"*"},
}

// exceptions are the uses that reach no result: the random part of the name
// that a file has until it is complete.
var exceptions = map[string][]string{
	"pipeline/internal/atomicfile/atomicfile.go": {"crypto/rand.Text"},
}

// touches finds where a file uses what is worldly.
func touches(name string, file *ast.File, places *token.FileSet) (breaches []string) {
	imported := map[string]string{}
	for _, spec := range file.Imports {
		from, err := strconv.Unquote(spec.Path.Value)
		if err != nil || worldly[from] == nil {
			continue
		}
		as := path.Base(strings.TrimSuffix(from, "/v2"))
		if spec.Name != nil {
			as = spec.Name.Name
		}
		if as == "." {
			breaches = append(breaches, fmt.Sprintf("%s imports all names of %s", name, from))
		}
		imported[as] = from
	}
	ast.Inspect(file, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if qualifier, ok := selector.X.(*ast.Ident); ok {
			from := imported[qualifier.Name]
			forbidden := worldly[from]
			use := from + "." + selector.Sel.Name
			if (slices.Contains(forbidden, "*") || slices.Contains(forbidden, selector.Sel.Name)) && !slices.Contains(exceptions[name], use) {
				breaches = append(breaches, fmt.Sprintf("%s:%d uses %s", name, places.Position(selector.Pos()).Line, use))
			}
		}
		return true
	})
	return breaches
}

// moods are SQL whose answer depends on when, where or how often it is asked.
var moods = regexp.MustCompile(`(?i)\b(now|today|random|uuid|gen_random_uuid|get_current_timestamp|getenv)\s*\(|\bcurrent_(date|time|timestamp)\b`)

// asks finds such SQL in a file's texts.
func asks(name string, file *ast.File, places *token.FileSet) (breaches []string) {
	ast.Inspect(file, func(node ast.Node) bool {
		if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING && moods.MatchString(literal.Value) {
			breaches = append(breaches, fmt.Sprintf("%s:%d asks %s", name, places.Position(literal.Pos()).Line, moods.FindString(literal.Value)))
		}
		return true
	})
	return breaches
}

// registers finds init functions: a registry is one literal, and nothing enters
// itself.
func registers(name string, file *ast.File, places *token.FileSet) (breaches []string) {
	for _, declaration := range file.Decls {
		if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil && function.Name.Name == "init" {
			breaches = append(breaches, fmt.Sprintf("%s:%d has an init function", name, places.Position(function.Pos()).Line))
		}
	}
	return breaches
}

// maxLines is how long a file may be before it holds more than one subject.
const maxLines = 600

func long(name string, file *ast.File, places *token.FileSet) []string {
	if lines := places.File(file.Pos()).LineCount(); lines > maxLines {
		return []string{fmt.Sprintf("%s has %d lines, and %d are the most", name, lines, maxLines)}
	}
	return nil
}

var fileRules = []struct {
	name    string
	in      []string
	tests   bool
	find    func(string, *ast.File, *token.FileSet) []string
	planted []string
}{
	{"the engine is given its clock, seed, streams and paths", []string{"pipeline"}, false, touches, []string{
		"package p\nimport \"time\"\nvar at = time.Now()\n",
		"package p\nimport clock \"time\"\nfunc f(t clock.Time) clock.Duration { return clock.Since(t) }\n",
		"package p\nimport . \"time\"\nvar at = Now()\n",
		"package p\nimport \"os\"\nfunc f() string { return os.Getenv(\"HOME\") }\n",
		"package p\nimport \"os\"\nvar read = os.LookupEnv\n",
		"package p\nimport \"math/rand/v2\"\nfunc f() int { return rand.IntN(6) }\n",
		"package p\nimport \"net/http\"\nvar client http.Client\n",
	}},
	{"the engine's SQL is given them as well", []string{"pipeline"}, false, asks, []string{
		"package p\nconst q = `SELECT * FROM t WHERE at < now()`\n",
		"package p\nconst q = \"SELECT current_date\"\n",
		"package p\nconst q = \"ORDER BY random()\"\n",
	}},
	{"nothing registers itself", []string{"."}, false, registers, []string{
		"package p\nfunc init() { println() }\n",
	}},
	{"a file has one subject", []string{"."}, true, long, []string{
		"package p\n" + strings.Repeat("\n", maxLines),
	}},
}

func TestFilesFollowTheHouseRules(t *testing.T) {
	seen := 0
	for _, name := range goFiles(t) {
		places := token.NewFileSet()
		file, err := parser.ParseFile(places, filepath.FromSlash(name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		seen++
		for _, rule := range fileRules {
			if strings.HasSuffix(name, "_test.go") && !rule.tests || rule.in[0] != "." && !below(name, rule.in...) {
				continue
			}
			for _, breach := range rule.find(name, file, places) {
				t.Errorf("%s: %s", rule.name, breach)
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d files were looked at", seen)
	}
}

func TestEachFileRuleCanFail(t *testing.T) {
	for _, rule := range fileRules {
		for _, source := range rule.planted {
			places := token.NewFileSet()
			file, err := parser.ParseFile(places, "planted.go", source, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			if len(rule.find("planted.go", file, places)) == 0 {
				t.Errorf("%s: nobody minds\n%s", rule.name, source)
			}
		}
	}
}

// Every package says in one place what it is for.
func TestEachPackageHasOneComment(t *testing.T) {
	comments := map[string][]string{}
	for _, name := range goFiles(t) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.FromSlash(name), nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			t.Fatal(err)
		}
		folder := path.Dir(name)
		if comments[folder] == nil {
			comments[folder] = []string{}
		}
		if file.Doc == nil {
			continue
		}
		comments[folder] = append(comments[folder], name)
		begin := "Package " + file.Name.Name + " "
		if file.Name.Name == "main" {
			begin = "Command "
		}
		if !strings.HasPrefix(file.Doc.Text(), begin) {
			t.Errorf("%s: the package's comment does not begin with %q", name, begin)
		}
	}
	for folder, names := range comments {
		if len(names) != 1 {
			t.Errorf("package %s has %d comments (%s), and one is needed", folder, len(names), strings.Join(names, ", "))
		}
	}
}

// goFiles lists the Go files of this module, without those that are data of
// tests, have a module of their own, or begin with a dot.
func goFiles(t *testing.T) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name == "." {
				return nil
			}
			if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil || strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) == ".go" {
			names = append(names, filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
