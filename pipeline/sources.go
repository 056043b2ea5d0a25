package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"unicode/utf8"

	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// Contracts are the parsed contracts of a pipeline's sources, by source name.
type Contracts map[string]*contract.Contract

// ReadContracts parses the contract of every source and resolves what
// pipeline.yaml leaves to them. read is given the path that pipeline.yaml names,
// joined to the file's folder.
func (c *Config) ReadContracts(read func(path string) ([]byte, error)) (Contracts, []report.Finding) {
	contracts := Contracts{}
	var findings []report.Finding
	for i, source := range c.Sources {
		path := c.Path(source.Contract)
		text, err := read(path)
		if err != nil {
			findings = append(findings, finding("config/no-contract", c.At("sources", i, "contract"),
				"write the contract, or let `linecook init` infer one", "the contract of source %s cannot be read: %s", source.Name, err))
			continue
		}
		parsed, more := contract.Parse(path, text)
		findings = append(findings, more...)
		if parsed != nil {
			contracts[source.Name] = parsed
		}
	}
	findings = append(findings, c.Resolve(contracts)...)
	report.Sort(findings)
	return contracts, findings
}

// maxQuery is the longest query that is read: a person has written it.
const maxQuery = 1 << 20

// ReadQueries reads the files of the pipeline's queries. read is given the path
// that pipeline.yaml names, joined to the file's folder.
func (c *Config) ReadQueries(read func(path string) ([]byte, error)) []report.Finding {
	var findings []report.Finding
	for i := range c.Queries {
		query := &c.Queries[i]
		query.Path = filepath.ToSlash(c.Path(query.File))
		text, err := read(c.Path(query.File))
		switch {
		case err != nil:
			findings = append(findings, finding("config/no-query", c.At("queries", i, "file"), "write the query there, or correct the path", "query %s cannot be read: %s", query.Name, err))
		case len(text) > maxQuery || !utf8.Valid(text) || bytes.ContainsRune(text, 0):
			findings = append(findings, finding("config/no-query", c.At("queries", i, "file"), "write it as UTF-8, without NUL bytes and below 1 MiB", "query %s in %s is no text that can be read", query.Name, query.Path))
		}
		query.Text = string(text)
	}
	return findings
}

// Texts are the files that findings point into, by the name that they use.
func (c *Config) Texts(contracts Contracts) map[string]string {
	texts := map[string]string{c.File: string(c.Text)}
	for _, rules := range contracts {
		texts[rules.Position().File] = string(rules.Text())
	}
	for _, query := range c.Queries {
		texts[query.Path] = query.Text
	}
	return texts
}

// Specs says where the sources' files are.
func (c *Config) Specs() []dataset.Spec {
	specs := make([]dataset.Spec, len(c.Sources))
	for i, source := range c.Sources {
		specs[i] = dataset.Spec{
			Name: source.Name, Paths: source.Path, Format: source.Format,
			Delimiter: source.Delimiter, Null: source.Null, Position: c.At("sources", i, "path"),
		}
	}
	return specs
}

// Open opens the sources' files. writeDirs are folders that queries may write.
func (c *Config) Open(ctx context.Context, writeDirs ...string) (*dataset.Session, []report.Finding, error) {
	return dataset.Open(ctx, dataset.Options{Root: c.Root, WriteDirs: writeDirs}, c.Specs()...)
}

// Plan joins the configuration with contracts and data to what features are
// built from. Every source must have its contract and its table.
func (c *Config) Plan(contracts Contracts, session *dataset.Session, withLabel bool) (feature.Plan, error) {
	plan := feature.Plan{Observations: c.Observations, Definitions: c.Features, Queries: c.Queries, Commands: c.Commands, Programs: c.programs(session)}
	if withLabel {
		plan.Label = &c.Label
	}
	for _, source := range c.Sources {
		drawn, err := source.drawn(contracts, session)
		if err != nil {
			return feature.Plan{}, err
		}
		plan.Sources = append(plan.Sources, drawn)
	}
	return plan, nil
}

// LabelPlan is the plan of the label alone: it needs the observations' source.
func (c *Config) LabelPlan(contracts Contracts, session *dataset.Session) (feature.Plan, error) {
	source, _, _ := c.Source(c.Observations.Source)
	drawn, err := source.drawn(contracts, session)
	return feature.Plan{Observations: c.Observations, Label: &c.Label, Sources: []feature.Source{drawn}}, err
}

// drawn is the source as features see it.
func (s Source) drawn(contracts Contracts, session *dataset.Session) (feature.Source, error) {
	rules, table := contracts[s.Name], session.Table(s.Name)
	if rules == nil || table == nil {
		return feature.Source{}, fmt.Errorf("source %s has no contract or no data", s.Name)
	}
	typed, err := rules.TypedSelect(table)
	if err != nil {
		return feature.Source{}, fmt.Errorf("source %s: %w", s.Name, err)
	}
	columns := make([]string, 0, len(rules.Types()))
	for _, column := range rules.Types() {
		columns = append(columns, column.Name)
	}
	return feature.Source{
		Name: s.Name, Select: typed, Columns: columns,
		EventTime: s.EventTime, KnownAt: s.KnownAt, Later: s.KnownLater,
		Personal: rules.Sensitive(),
	}, nil
}
