// Package policy decides what may serve. It holds the Rego beside its tests and
// is the only importer of OPA.
//
//  1. New parses the checks of this package, and a repository's own, with every
//     builtin taken away that reads a network, a clock, a random source or the
//     machine; it reads each check's title and remedy from its METADATA and
//     prepares the one query there is.
//  2. Decide writes evidence and requirement as JSON and holds them against a
//     schema, so that text, null and not-a-number never meet a comparison.
//  3. The policy answers within a deadline and a bound of memory. Its answer is
//     recomputed from the checks that passed: an answer that is undefined,
//     malformed or contradicts itself is an error and never a permission.
//  4. Policy is the text that decided, to be kept with the decision; Replay makes
//     a kept decision again from that text alone.
//
// A check passes by positive evidence, `passed contains "code" if …`; the
// denials are what is required and did not pass. The absence of a denial proves
// nothing in Rego, where a missing metric makes a comparison undefined, not
// false.
package policy

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed *.rego input.schema.json
var files embed.FS

const (
	query = "data.linecook.promotion.decision"
	// defaultDeadline is thousands of times what the checks of this package take,
	// so that only a policy without bound meets it, even on a busy machine.
	defaultDeadline = 5 * time.Second
	// defaultMemory is a hundred times what they take.
	defaultMemory = 512 << 20
)

// Options adapt an Engine. The zero value is the toolkit's own policy.
type Options struct {
	// Modules are a repository's own checks by file name: Rego in package
	// linecook.checks that adds codes to passed and reasons.
	Modules map[string]string
	// Deadline bounds one decision; 0 means five seconds.
	Deadline time.Duration
	// Memory bounds what one decision may add to the heap, in bytes; 0 means 512
	// MiB.
	Memory uint64
}

// An Engine is a compiled policy. It is safe for concurrent use.
type Engine struct {
	query    rego.PreparedEvalQuery
	schema   *jsonschema.Schema
	checks   []Check
	files    map[string]string
	digest   string
	deadline time.Duration
	memory   uint64
}

// New compiles the policy. An error names the file and line of what is wrong
// with a module; with no modules of one's own there is none.
func New(ctx context.Context, options Options) (*Engine, error) {
	sources, err := shipped()
	if err != nil {
		return nil, err
	}
	schemaText, err := files.ReadFile(schemaFile)
	if err != nil {
		return nil, fmt.Errorf("read the embedded %s: %w", schemaFile, err)
	}
	return build(ctx, schemaText, sources, options)
}

// build compiles a policy from the schema and the modules that a linecook
// shipped, this one or an earlier one, and a repository's own.
func build(ctx context.Context, schemaText []byte, sources map[string]string, options Options) (*Engine, error) {
	modules, err := parse(sources)
	if err != nil {
		return nil, err
	}
	checks, err := checksOf(modules)
	if err != nil {
		return nil, err
	}
	if len(options.Modules) > 0 {
		own, err := parse(options.Modules)
		if err != nil {
			return nil, err
		}
		if checks, err = extend(checks, modules, own); err != nil {
			return nil, err
		}
	}
	compiler, err := compile(modules)
	if err != nil {
		return nil, err
	}
	prepared, err := rego.New(rego.Query(query), rego.Compiler(compiler)).PrepareForEval(ctx)
	if err != nil {
		return nil, fmt.Errorf("prepare the policy's query %s: %w", query, err)
	}
	schema, err := inputSchema(schemaText)
	if err != nil {
		return nil, err
	}
	return &Engine{
		query: prepared, schema: schema, checks: checks,
		files: text(schemaText, sources, options.Modules), digest: digestOf(schemaText, sources, options.Modules),
		deadline: cmp.Or(options.Deadline, defaultDeadline), memory: cmp.Or(options.Memory, defaultMemory),
	}, nil
}

// Digest identifies the policy: "sha256:" and the hexadecimal digest over the
// names and contents of its files, tests left out.
func (e *Engine) Digest() string { return e.digest }

// Policy implements promotion.Decider.
func (e *Engine) Policy() map[string]string { return maps.Clone(e.files) }

// Checks lists what a stage may require, in order of code.
func (e *Engine) Checks() []Check { return slices.Clone(e.checks) }

func (e *Engine) check(code string) (Check, bool) {
	i, found := slices.BinarySearchFunc(e.checks, code, func(c Check, code string) int { return strings.Compare(c.Code, code) })
	if !found {
		return Check{}, false
	}
	return e.checks[i], true
}

func compile(modules map[string]*ast.Module) (*ast.Compiler, error) {
	compiler := ast.NewCompiler().WithCapabilities(capabilities()).WithStrict(true)
	if compiler.Compile(modules); compiler.Failed() {
		return nil, fmt.Errorf("compile the policy: %w", compiler.Errors)
	}
	return compiler, nil
}
