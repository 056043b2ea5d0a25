package policy

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/promotion"
)

const schemaFile = "input.schema.json"

func inputSchema(text []byte) (*jsonschema.Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("parse the embedded %s: %w", schemaFile, err)
	}
	compiler := jsonschema.NewCompiler()
	// A bare name would be taken for a file in the working folder, whose path need
	// not make a URL.
	const location = "embedded:///" + schemaFile
	if err := compiler.AddResource(location, document); err != nil {
		return nil, fmt.Errorf("load the embedded %s: %w", schemaFile, err)
	}
	schema, err := compiler.Compile(location)
	if err != nil {
		return nil, fmt.Errorf("compile the embedded %s: %w", schemaFile, err)
	}
	return schema, nil
}

// Decide weighs evidence against a requirement. An error means that there is no
// decision: the input is not what the schema says, the requirement names a check
// that does not exist, the deadline passed, or the policy's answer is not one.
func (e *Engine) Decide(ctx context.Context, evidence promotion.Evidence, requirement promotion.Stage) (promotion.Decision, error) {
	requirement = complete(requirement)
	if evidence.Stage != requirement.Name {
		return promotion.Decision{}, fmt.Errorf("decide on a promotion: the evidence asks for stage %q, the requirement is that of stage %q", evidence.Stage, requirement.Name)
	}
	input, err := json.Marshal(map[string]any{"evidence": evidence, "requirement": requirement})
	if err != nil {
		return promotion.Decision{}, fmt.Errorf("decide on a promotion: the evidence or the requirement holds a value that JSON has no number for: %w", err)
	}
	answer, err := e.weigh(ctx, input)
	if err != nil {
		return promotion.Decision{}, fmt.Errorf("decide on a promotion: %w", err)
	}
	evidenceDigest, err := canonical.Digest(evidence)
	if err != nil {
		return promotion.Decision{}, fmt.Errorf("digest the evidence: %w", err)
	}
	requirementDigest, err := canonical.Digest(requirement)
	if err != nil {
		return promotion.Decision{}, fmt.Errorf("digest the requirement: %w", err)
	}
	return promotion.Decision{
		Allowed:           answer.Allowed,
		Operation:         evidence.Operation,
		Pipeline:          evidence.Pipeline,
		Stage:             evidence.Stage,
		Version:           evidence.Candidate.Version,
		BundleID:          evidence.Candidate.BundleID,
		At:                evidence.At,
		Actor:             evidence.Actor,
		Required:          answer.Required,
		Passed:            answer.Passed,
		Denials:           e.denials(answer, remedies(evidence, requirement)),
		PolicyDigest:      e.digest,
		EvidenceDigest:    evidenceDigest,
		RequirementDigest: requirementDigest,
		Requirement:       requirement,
		Evidence:          evidence,
	}, nil
}

// complete writes lists that hold nothing as empty ones, which the schema tells
// from missing.
func complete(s promotion.Stage) promotion.Stage {
	for _, list := range []*[]string{&s.Require, &s.Builders, &s.Rollback} {
		if *list == nil {
			*list = []string{}
		}
	}
	if s.Metrics == nil {
		s.Metrics = []promotion.MetricFloor{}
	}
	return s
}

// An answer is the value of the policy's one rule. Sets arrive sorted.
type answer struct {
	Allowed  bool                `json:"allowed"`
	Required []string            `json:"required"`
	Passed   []string            `json:"passed"`
	Denials  map[string][]string `json:"denials"`
}

// weigh is Decide from the input's bytes to the policy's checked answer.
func (e *Engine) weigh(ctx context.Context, input []byte) (answer, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(input))
	if err != nil {
		return answer{}, fmt.Errorf("parse the input: %w", err)
	}
	if err := e.schema.Validate(document); err != nil {
		return answer{}, fmt.Errorf("the input is not what the policy reads: %s", violations(err))
	}
	required, err := e.required(document)
	if err != nil {
		return answer{}, err
	}
	value, err := e.evaluate(ctx, document)
	if err != nil {
		return answer{}, err
	}
	return e.read(value, required)
}

// required is what the requirement names and what always applies, sorted; it is
// computed here and in the policy, and the two must agree.
func (e *Engine) required(document any) ([]string, error) {
	requirement := document.(map[string]any)["requirement"].(map[string]any)
	operation := promotion.Operation(document.(map[string]any)["evidence"].(map[string]any)["operation"].(string))
	list := requirement["require"]
	if operation == promotion.OperationRollback {
		list = requirement["rollback"]
	}
	codes := []string{}
	for _, check := range e.checks {
		if slices.Contains(check.Always, operation) {
			codes = append(codes, check.Code)
		}
	}
	for _, named := range list.([]any) {
		code := named.(string)
		if _, known := e.check(code); !known {
			return nil, fmt.Errorf("stage %q requires the check %q, which does not exist; use some of: %s", requirement["name"], code, strings.Join(e.codes(), ", "))
		}
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return slices.Compact(codes), nil
}

func (e *Engine) codes() []string {
	codes := make([]string, len(e.checks))
	for i, check := range e.checks {
		codes[i] = check.Code
	}
	return codes
}

// evaluate runs the prepared query and returns its one value.
func (e *Engine) evaluate(ctx context.Context, document any) (any, error) {
	var results rego.ResultSet
	err := e.bounded(ctx, func(ctx context.Context) (err error) {
		results, err = e.query.Eval(ctx, rego.EvalInput(document))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("evaluate the policy: %w", err)
	}
	if len(results) != 1 || len(results[0].Expressions) != 1 {
		return nil, fmt.Errorf("the policy's %s is undefined, which is not an answer", query)
	}
	return results[0].Expressions[0].Value, nil
}

// read checks an answer against itself and against what is required: the policy
// may only say which checks passed, and all else must follow from that.
func (e *Engine) read(value any, required []string) (answer, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return answer{}, fmt.Errorf("read the policy's answer: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.DisallowUnknownFields()
	var a answer
	if err := decoder.Decode(&a); err != nil {
		return answer{}, fmt.Errorf("the policy's answer is malformed: %w", err)
	}
	missing := []string{}
	for _, code := range required {
		if !slices.Contains(a.Passed, code) {
			missing = append(missing, code)
		}
	}
	denied := []string{}
	for code := range a.Denials {
		denied = append(denied, code)
	}
	slices.Sort(denied)
	extra := slices.ContainsFunc(a.Passed, func(code string) bool { return !slices.Contains(required, code) })
	if len(required) == 0 || !slices.Equal(a.Required, required) || extra || !slices.Equal(denied, missing) || a.Allowed != (len(missing) == 0) {
		return answer{}, fmt.Errorf("the policy's answer contradicts itself: %s", encoded)
	}
	return a, nil
}

// remedies fills in what a check's remediation leaves to the case at hand. All
// values are names, which no shell reads as anything else.
func remedies(evidence promotion.Evidence, requirement promotion.Stage) *strings.Replacer {
	return strings.NewReplacer(
		"{version}", evidence.Candidate.Version, "{stage}", requirement.Name, "{after}", cmp.Or(requirement.After, "STAGE"),
		"{tag}", evidence.Pipeline+"@v"+evidence.Candidate.Version, "{promoter}", promoter(evidence.Origin.Workflow),
		"{branch}", cmp.Or(evidence.Origin.DefaultBranch, "BRANCH"),
	)
}

var workflowFile = regexp.MustCompile(`/([A-Za-z0-9._-]+\.ya?ml)@`)

// promoter is the file of the workflow that promotes: the one that runs, like
// octo/flights/.github/workflows/promote.yml@refs/heads/main, or the one that
// linecook init writes.
func promoter(running string) string {
	if file := workflowFile.FindStringSubmatch(running); file != nil {
		return file[1]
	}
	return "linecook-promote.yml"
}

func (e *Engine) denials(a answer, remedies *strings.Replacer) []promotion.Denial {
	denials := []promotion.Denial{}
	for _, code := range a.Required {
		reasons, denied := a.Denials[code]
		if !denied {
			continue
		}
		check, _ := e.check(code)
		reason := strings.Join(reasons, "; ")
		if reason == "" {
			reason = "the evidence does not show it"
		}
		denials = append(denials, promotion.Denial{Code: code, Title: check.Title, Reason: reason, Remediation: remedies.Replace(check.Remediation), Command: remedies.Replace(check.Command)})
	}
	return denials
}

// violations is one line for all that a schema found, deepest first.
func violations(err error) string {
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return err.Error()
	}
	lines := []string{}
	for _, line := range strings.Split(invalid.Error(), "\n")[1:] {
		lines = append(lines, strings.TrimPrefix(strings.TrimSpace(line), "- "))
	}
	return strings.Join(lines, "; ")
}
