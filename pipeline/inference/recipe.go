package inference

import (
	"fmt"
	"slices"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/model"
	"github.com/linecook-ml/linecook/pipeline/profile"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// A Recipe is what a verified bundle says, read into the types that apply it.
type Recipe struct {
	Bundle    *bundle.Bundle
	Config    *pipeline.Config
	Contracts pipeline.Contracts
	Output    *contract.Contract
	Encoding  *feature.Encoding
	Model     model.Model
	Profile   *profile.Profile
}

// ReadRecipe reads all members of a bundle. Whatever does not read is an
// error: a bundle that is half understood is not used.
func ReadRecipe(b *bundle.Bundle) (*Recipe, error) {
	r := &Recipe{Bundle: b, Contracts: pipeline.Contracts{}}
	name := fmt.Sprintf("%s@v%s", b.Manifest.Name, b.Manifest.Version)
	fail := func(what string, err error) (*Recipe, error) {
		return nil, fmt.Errorf("bundle %s: its %s cannot be used: %w", name, what, err)
	}
	config := b.ByRole(bundle.RoleConfig)[0]
	var findings []report.Finding
	if r.Config, findings = pipeline.ParseConfig(name+":"+config.Path, config.Data); r.Config == nil {
		return fail("configuration", firstError(findings))
	}
	for _, member := range b.ByRole(bundle.RoleInputContract) {
		rules, findings := contract.Parse(name+":"+member.Path, member.Data)
		if rules == nil || report.HasErrors(findings) {
			return fail("contract "+member.Path, firstError(findings))
		}
		r.Contracts[pipeline.SourceOfContract(member.Path)] = rules
	}
	for _, source := range r.Config.Sources {
		if r.Contracts[source.Name] == nil {
			return fail("contracts", fmt.Errorf("there is none for source %s", source.Name))
		}
	}
	if findings := r.Config.Resolve(r.Contracts); report.HasErrors(findings) {
		return fail("configuration", firstError(findings))
	}
	queries, commands, err := feature.ReadText(b.Data(bundle.RoleFeatures))
	if err != nil {
		return fail("feature definitions", err)
	}
	for i := range r.Config.Queries {
		query := &r.Config.Queries[i]
		at := slices.IndexFunc(queries, func(q feature.Query) bool { return q.Name == query.Name })
		if at < 0 {
			return fail("feature definitions", fmt.Errorf("they lack the query %s", query.Name))
		}
		query.Text, query.Path = queries[at].Text, name+":"+query.File
	}
	for i := range r.Config.Commands {
		command := &r.Config.Commands[i]
		at := slices.IndexFunc(commands, func(c feature.Command) bool { return c.Name == command.Name })
		if at < 0 {
			return fail("feature definitions", fmt.Errorf("they lack the command %s", command.Name))
		}
		command.Carried, command.Lock, command.Answer = commands[at].Carried, commands[at].Lock, commands[at].Answer
	}
	output := b.ByRole(bundle.RoleOutputContract)[0]
	if r.Output, findings = contract.Parse(name+":"+output.Path, output.Data); r.Output == nil || report.HasErrors(findings) {
		return fail("output contract", firstError(findings))
	}
	if r.Encoding, err = feature.ReadEncoding(b.Data(bundle.RolePrepare)); err != nil {
		return fail("prepare state", err)
	}
	if r.Model, err = model.Read(b.Data(bundle.RoleModel)); err != nil {
		return fail("model", err)
	}
	if r.Profile, err = profile.Read(b.Data(bundle.RoleProfile)); err != nil {
		return fail("profile", err)
	}
	return r, nil
}

func firstError(findings []report.Finding) error {
	for _, f := range findings {
		if f.Severity == report.Error {
			return fmt.Errorf("%s: %s", f.Position, f.Message)
		}
	}
	return fmt.Errorf("it is empty")
}
