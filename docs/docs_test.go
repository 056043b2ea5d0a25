// Package docs_test holds the manual to the program: what can be configured or
// called is in it, and its links lead somewhere.
package docs_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/actions"
	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/policy"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// section is the part of a page under the heading, up to the next of its level.
func section(page, heading string) string {
	_, rest, found := strings.Cut(page, "\n"+heading+"\n")
	if !found {
		return ""
	}
	level, _, _ := strings.Cut(heading, " ")
	body, _, _ := strings.Cut(rest, "\n"+level+" ")
	return body
}

// keys lists the settings below a type as paths like known_later[].columns, by
// the yaml tags that the reader follows.
func keys(t reflect.Type, prefix string) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	var found []string
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if name == "" || name == "-" {
			continue
		}
		found = append(found, prefix+name)
		below := prefix + name + "."
		if field.Type.Kind() == reflect.Slice {
			below = prefix + name + "[]."
		}
		found = append(found, keys(field.Type, below)...)
	}
	return found
}

func TestEveryKeyOfThePipelineFileIsDocumented(t *testing.T) {
	page := read(t, "pipeline.md")
	config := reflect.TypeFor[pipeline.Config]()
	documented := 0
	for i := range config.NumField() {
		name := config.Field(i).Tag.Get("yaml")
		if name == "-" || !config.Field(i).IsExported() {
			continue
		}
		if !regexp.MustCompile("(?m)^\\| (\\[`" + name + "`\\]|`" + name + "` )").MatchString(page) {
			t.Errorf("the table of pipeline.md lacks %s", name)
		}
		body := section(page, "## "+name)
		for _, key := range keys(config.Field(i).Type, "") {
			documented++
			if !strings.Contains(body, "\n| `"+key+"` |") {
				t.Errorf("section %s of pipeline.md lacks a row for %s", name, key)
			}
		}
		for _, row := range regexp.MustCompile("(?m)^\\| `([a-zA-Z_.\\[\\]]+)` \\| [^|]+ \\| [^|]* \\|").FindAllStringSubmatch(body, -1) {
			if !slices.Contains(keys(config.Field(i).Type, ""), row[1]) {
				t.Errorf("section %s of pipeline.md has a row for %s, which is no key", name, row[1])
			}
		}
	}
	if documented < 40 {
		t.Errorf("only %d keys were looked for", documented)
	}
	for _, m := range metric.All() {
		if !strings.Contains(section(page, "## evaluation"), "`"+m.Name+"`") {
			t.Errorf("pipeline.md does not explain the metric %s", m.Name)
		}
	}
}

// The tables of checks are the policy's own METADATA.
func TestEveryCheckIsDocumented(t *testing.T) {
	page := read(t, "policy.md")
	engine, err := policy.New(t.Context(), policy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	always, required := "| code | promotion | rollback | passes when |\n|---|---|---|---|\n", "| code | reads | passes when |\n|---|---|---|\n"
	for _, check := range engine.Checks() {
		for _, left := range regexp.MustCompile(`\{[a-z]+\}`).FindAllString(check.Remediation+check.Command, -1) {
			if !strings.Contains(section(page, "## Checks of your own"), "`"+left+"`") {
				t.Errorf("policy.md does not say what %s in the remedy of %s is", left, check.Code)
			}
		}
		if len(check.Always) == 0 {
			reads := ""
			for _, key := range check.Reads {
				reads = "`" + key + "`"
			}
			required += strings.ReplaceAll("| `"+check.Code+"` | "+reads+" | "+check.Title+". "+check.Description+" |\n", "|  |", "| |")
			continue
		}
		marks := ""
		for _, operation := range []promotion.Operation{promotion.OperationPromote, promotion.OperationRollback} {
			if slices.Contains(check.Always, operation) {
				marks += " yes |"
			} else {
				marks += " |"
			}
		}
		always += "| `" + check.Code + "` |" + marks + " " + check.Title + ". " + check.Description + " |\n"
	}
	for heading, table := range map[string]string{"## Checks that always apply": always, "## Checks that a stage may require": required} {
		if !strings.Contains(section(page, heading), "\n"+table) {
			t.Errorf("the table of policy.md under %q should be\n%s", heading, table)
		}
	}
}

// help is what a command says of itself.
func help(t *testing.T, arguments ...string) string {
	t.Helper()
	var out, complaints bytes.Buffer
	nothing := func(string) string { return "" }
	fixed := func() time.Time { return time.Date(2013, 9, 1, 0, 0, 0, 0, time.UTC) }
	if code := actions.Main(append(arguments, "--help"), &out, &complaints, nothing, fixed); code != 0 {
		t.Fatalf("%v --help ended with %d: %s", arguments, code, complaints.String())
	}
	return out.String()
}

var (
	commandLine = regexp.MustCompile(`(?m)^  ([a-z]+) +\S`)
	flagLine    = regexp.MustCompile(`(?m)^ +(?:-[a-z], )?(--[a-z-]+)`)
)

func TestEveryCommandAndFlagIsDocumented(t *testing.T) {
	page := read(t, "commands.md")
	_, list, found := strings.Cut(help(t), "Available Commands:\n")
	list, _, _ = strings.Cut(list, "\nFlags:")
	if !found {
		t.Fatal("the help lists no commands")
	}
	common := section(page, "## What all commands share")
	flags := 0
	for _, match := range commandLine.FindAllStringSubmatch(list, -1) {
		name := match[1]
		if name == "help" || name == "completion" {
			if !strings.Contains(page, "`linecook "+name+"`") {
				t.Errorf("commands.md does not mention %s", name)
			}
			continue
		}
		body := section(page, "## "+name)
		if body == "" {
			t.Errorf("commands.md has no section %s", name)
		}
		if !strings.Contains(page, "| [`"+name+"`](#"+name+") |") {
			t.Errorf("the table of commands.md lacks %s", name)
		}
		own, global, _ := strings.Cut(help(t, name), "\nGlobal Flags:")
		verbs, own, _ := strings.Cut(own, "\nFlags:")
		_, verbs, _ = strings.Cut(verbs, "Available Commands:\n")
		for _, verb := range commandLine.FindAllStringSubmatch(verbs, -1) {
			of, _, _ := strings.Cut(help(t, name, verb[1]), "\nGlobal Flags:")
			_, of, _ = strings.Cut(of, "\nFlags:")
			own += of
		}
		for _, flag := range flagLine.FindAllStringSubmatch(own, -1) {
			flags++
			if flag[1] != "--help" && !strings.Contains(body, "| `"+flag[1]+"` |") {
				t.Errorf("section %s of commands.md lacks %s", name, flag[1])
			}
		}
		for _, flag := range flagLine.FindAllStringSubmatch(global, -1) {
			if !strings.Contains(common, "| `"+flag[1]+"` |") {
				t.Errorf("commands.md lacks the common flag %s", flag[1])
			}
		}
		for _, row := range regexp.MustCompile("(?m)^\\| `(--[a-z-]+)` \\|").FindAllStringSubmatch(body, -1) {
			if !strings.Contains(own, row[1]+" ") {
				t.Errorf("section %s of commands.md explains %s, which it does not have", name, row[1])
			}
		}
	}
	if flags < 20 {
		t.Errorf("only %d flags were looked for", flags)
	}
}

var (
	linkPattern   = regexp.MustCompile(`!?\[[^\]]*\]\(([^)\s]+)\)`)
	imagePattern  = regexp.MustCompile(`(?:src|srcset|href)="([^"]+)"`)
	fencePattern  = regexp.MustCompile("(?s)\n```.*?\n```")
	headingMarker = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// anchors are the fragments that GitHub makes of a page's headings.
func anchors(page string) []string {
	var found []string
	for _, heading := range headingMarker.FindAllStringSubmatch(fencePattern.ReplaceAllString(page, ""), -1) {
		kept := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
				return r
			}
			return -1
		}, strings.ToLower(heading[1]))
		found = append(found, kept)
	}
	return found
}

func TestRelativeLinksLeadSomewhere(t *testing.T) {
	links := 0
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != ".." && (strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".github" || entry.Name() == "testdata" || entry.Name() == "templates") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		page := read(t, path)
		prose := fencePattern.ReplaceAllString(page, "")
		for _, match := range append(linkPattern.FindAllStringSubmatch(prose, -1), imagePattern.FindAllStringSubmatch(prose, -1)...) {
			target, fragment, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			links++
			aim := path
			if target != "" {
				aim = filepath.Join(filepath.Dir(path), filepath.FromSlash(target))
			}
			if _, err := os.Stat(aim); err != nil {
				t.Errorf("%s links to %s, which is not there", path, match[1])
				continue
			}
			if fragment != "" && filepath.Ext(aim) == ".md" && !slices.Contains(anchors(read(t, aim)), fragment) {
				t.Errorf("%s links to %s, which has no such heading", path, match[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if links < 20 {
		t.Errorf("only %d links were followed", links)
	}
}

// The schema names its place on the web, which is this folder.
func TestPublishedSchemaIsTheProgramsOwn(t *testing.T) {
	schema, err := pipeline.ConfigSchema()
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(read(t, "pipeline.schema.json")) != strings.TrimSpace(string(schema)) {
		t.Error("pipeline.schema.json is out of date; run `go run . schema pipeline > docs/pipeline.schema.json`")
	}
}
