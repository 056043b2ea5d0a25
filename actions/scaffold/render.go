package scaffold

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/document"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/policy"
)

// Where the files go. The schemas lie out of the way, but in the repository:
// editors then need neither linecook nor a network.
const (
	configFile     = "pipeline.yaml"
	schemaFolder   = ".github/linecook"
	workflowFolder = ".github/workflows"
	rulesetFolder  = ".github/rulesets"
	policyFolder   = "policy"
	ignoreFile     = ".gitignore"
	ignored        = ".linecook/"
)

// A file is what is to be written, at a path with slashes below the folder.
type file struct {
	path, what string
	text       []byte
	// appended says that text replaces a file that it contains whole.
	appended bool
}

//go:embed templates
var templates embed.FS

// A view is what the templates see.
type view struct {
	*plan
	Source            string
	Pin               pin
	Patterns          []string
	Delimiter         string
	Rows              int64
	First, Last       string
	Label, Day        string
	Late, Entity, Key []string
	// EntityBy says that the entity can stand under by, where "=" separates names.
	EntityBy                     bool
	Holdout, MaxAge              string
	EnoughRows, EnoughRowsOnProd int
	// OwnCheck is the code of the example of a check of one's own.
	OwnCheck string
	// Checks are those that a stage may require.
	Checks []policy.Check
	// Current says that the data reaches up to now.
	Current                       bool
	PipelineSchema, ContractsPath string
}

const (
	// carriedSteps is how many missed partitions an old score may stand in for,
	// carriedDays the fewest days of it.
	carriedSteps = 3
	carriedDays  = 7
)

// render makes all files, in the order in which they are best read.
func render(ctx context.Context, r request, p *plan, s *surveyed, to pin) ([]file, error) {
	engine, err := policy.New(ctx, policy.Options{})
	if err != nil {
		return nil, err
	}
	maxAge := max(carriedDays, carriedSteps*p.span.step)
	v := view{
		plan: p, Source: p.Name, Pin: to, Patterns: s.files.patterns, Delimiter: s.delimiter, Rows: s.rows,
		First: p.span.first.Format(time.DateOnly), Last: p.span.last.Format(time.DateOnly),
		Label: p.label.name, Day: p.day.name, Late: names(p.late), Entity: names(p.entity), Key: names(p.key),
		Holdout: days(p.holdoutDays), MaxAge: days(maxAge),
		EnoughRows: enoughRows, EnoughRowsOnProd: 2 * enoughRows,
		Current:        r.now.Sub(p.span.last) <= time.Duration(maxAge)*24*time.Hour,
		PipelineSchema: schemaFolder + "/pipeline.schema.json",
		ContractsPath:  pipeline.ContractPath(p.Name),
	}
	v.OwnCheck = "enough_events"
	if p.Regression {
		v.OwnCheck = "precise"
	}
	v.EntityBy = !slices.ContainsFunc(v.Entity, func(name string) bool { return strings.Contains(name, "=") })
	for _, check := range engine.Checks() {
		if len(check.Always) == 0 {
			v.Checks = append(v.Checks, check)
		}
	}
	contractText, err := contractFile(p, s)
	if err != nil {
		return nil, err
	}
	configSchema, err := pipeline.ConfigSchema()
	if err != nil {
		return nil, err
	}
	contractSchema, err := contract.JSONSchema()
	if err != nil {
		return nil, err
	}
	files := []file{{path: v.ContractsPath, what: "what the data must look like", text: contractText}}
	for _, t := range []struct{ path, template, what string }{
		{configFile, "pipeline.yaml", "what is predicted, from what, and what must hold"},
		{workflowFolder + "/linecook-validate.yml", "workflows/validate.yml", "checks every pull request"},
		{workflowFolder + "/linecook-train.yml", "workflows/train.yml", "trains the version that a tag names"},
		{workflowFolder + "/linecook-promote.yml", "workflows/promote.yml", "puts a version on a stage, if the policy allows it"},
		{workflowFolder + "/linecook-score.yml", "workflows/score.yml", "scores a day"},
		{rulesetFolder + "/linecook-main.json", "rulesets/linecook-main.json", "who may change the main branch; `linecook setup` sets it"},
		{rulesetFolder + "/linecook-versions.json", "rulesets/linecook-versions.json", "nobody moves a version or a stage"},
		{rulesetFolder + "/linecook-state.json", "rulesets/linecook-state.json", "nobody rewrites ledger and scores"},
		{policyFolder + "/README.md", "policy/README.md", "how to require more of a version"},
		{policyFolder + "/" + v.OwnCheck + ".rego", "policy/" + v.OwnCheck + ".rego", "an example of a check of your own"},
		{policyFolder + "/" + v.OwnCheck + "_test.rego", "policy/" + v.OwnCheck + "_test.rego", "its tests"},
	} {
		text, err := fill(t.template, v)
		if err != nil {
			return nil, err
		}
		files = append(files, file{path: t.path, what: t.what, text: text})
	}
	return append(files,
		file{path: v.PipelineSchema, what: "for editors", text: configSchema},
		file{path: schemaFolder + "/contract.schema.json", what: "for editors", text: contractSchema},
	), nil
}

// fill executes a template. Its signs are not Go's usual ones, because a
// workflow has double braces of its own.
func fill(name string, v view) ([]byte, error) {
	t, err := template.New(path.Base(name)).Delims("<%", "%>").Option("missingkey=error").
		Funcs(template.FuncMap{"yaml": yamlText, "comment": comment, "lower": strings.ToLower, "series": series}).
		ParseFS(templates, "templates/"+name)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, v); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// series is names as people say them.
func series(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// yamlText is a value as linecook's own encoder writes it, on one line.
func yamlText(value any) (string, error) {
	var text []byte
	var err error
	switch value := value.(type) {
	case string:
		text, err = document.Encode(struct {
			V string `yaml:"v" required:"true"`
		}{value}, nil)
	case []string:
		text, err = document.Encode(struct {
			V []string `yaml:"v" required:"true"`
		}{value}, nil)
	default:
		err = fmt.Errorf("a template writes texts and lists of texts, not a %T", value)
	}
	return strings.TrimSpace(strings.TrimPrefix(string(text), "v:")), err
}

// comment is foreign text as it may stand in a comment.
func comment(text string) string { return report.Printable(text) }

func names(columns []*column) []string {
	all := make([]string, len(columns))
	for i, c := range columns {
		all[i] = c.name
	}
	return all
}

// quietShare of the quietest day's rows is the fewest that a day may have: half
// of a day is more often a broken delivery than a quiet one.
const quietShare = 0.5

// contractFile is the inferred contract with what the guesses add: the key, which
// is an open list; the fewest rows of a day; and no outcome asked for before it
// can be known.
func contractFile(p *plan, s *surveyed) ([]byte, error) {
	table := &s.contract.Schema[0]
	for i := range table.Properties {
		property := &table.Properties[i]
		if slices.ContainsFunc(p.late, func(c *column) bool { return c.name == property.Name }) {
			property.Required = nil
		}
		// A name that has not been seen yet is no error.
		if slices.ContainsFunc(slices.Concat(p.key, p.entity), func(c *column) bool { return c.name == property.Name }) {
			property.Quality = nil
		}
		if at := slices.IndexFunc(p.key, func(c *column) bool { return c.name == property.Name }); at >= 0 {
			yes, position := true, at+1
			property.PrimaryKey, property.PrimaryKeyPosition = &yes, &position
		}
	}
	if fewest := math.Floor(quietShare * float64(p.span.quietest)); fewest >= 1 {
		table.Quality = append(table.Quality, contract.Rule{
			Metric: contract.MetricRowCount, MustBeGreaterOrEqualTo: &fewest,
			Description: fmt.Sprintf("The quietest day had %s; a day with less than half of that has not arrived whole.", plural(p.span.quietest, "row", "rows")),
		})
	}
	text, err := contract.Render(s.contract)
	if err != nil {
		return nil, err
	}
	return append([]byte("# yaml-language-server: $schema=../"+schemaFolder+"/contract.schema.json\n"), text...), nil
}
