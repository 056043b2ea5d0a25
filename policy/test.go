package policy

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
)

// A TestReport is the outcome of the policy's Rego tests.
type TestReport struct {
	Results []TestResult `json:"results"`
	// Coverage is the share of the policy's lines, tests left out, that the
	// tests reach, in percent.
	Coverage float64 `json:"coverage"`
	// NotCovered lists the other lines as file:line, sorted.
	NotCovered []string `json:"not_covered"`
}

// A TestResult is one Rego test.
type TestResult struct {
	Package string `json:"package"`
	Name    string `json:"name"`
	File    string `json:"file"`
	Line    int    `json:"line"`
	Passed  bool   `json:"passed"`
	// Message is why a test that did not pass gave no answer; empty where it
	// simply did not hold.
	Message string `json:"message,omitempty"`
}

// Passed reports whether at least one test ran and every test passed.
func (r TestReport) Passed() bool {
	return len(r.Results) > 0 && !slices.ContainsFunc(r.Results, func(t TestResult) bool { return !t.Passed })
}

// Test runs the Rego tests of this package together with a repository's own
// modules and tests, given by file name as in Options.Modules. Tests run under
// the same restrictions as decisions.
func Test(ctx context.Context, own map[string]string) (TestReport, error) {
	policy := map[string]string{}
	tests, err := embedded(func(name string) bool { return strings.HasSuffix(name, testSuffix) })
	if err != nil {
		return TestReport{}, err
	}
	for name, source := range own {
		if !strings.HasSuffix(name, testSuffix) {
			policy[name] = source
			continue
		}
		if _, taken := tests[name]; taken {
			return TestReport{}, fmt.Errorf("%s: the toolkit ships a policy test of this name; rename yours", name)
		}
		tests[name] = source
	}
	if _, err := New(ctx, Options{Modules: policy}); err != nil {
		return TestReport{}, err
	}
	sources, err := shipped()
	if err != nil {
		return TestReport{}, err
	}
	maps.Copy(sources, policy)
	modules, err := parse(sources)
	if err != nil {
		return TestReport{}, err
	}
	testModules, err := parse(tests)
	if err != nil {
		return TestReport{}, err
	}
	all := maps.Clone(modules)
	maps.Copy(all, testModules)
	return runTests(ctx, modules, all)
}

func runTests(ctx context.Context, policy, all map[string]*ast.Module) (TestReport, error) {
	coverage := cover.New()
	store := inmem.New()
	runner := tester.NewRunner().
		SetCompiler(ast.NewCompiler().WithCapabilities(capabilities()).WithRewriteTestRules(true)).
		SetStore(store).
		SetModules(all).
		SetTimeout(defaultDeadline).
		SetCoverageQueryTracer(coverage)
	txn, err := store.NewTransaction(ctx)
	if err != nil {
		return TestReport{}, fmt.Errorf("prepare the policy tests: %w", err)
	}
	defer store.Abort(ctx, txn)
	outcomes, err := runner.RunTests(ctx, txn)
	if err != nil {
		return TestReport{}, fmt.Errorf("run the policy tests: %w", err)
	}
	report := TestReport{Results: []TestResult{}, NotCovered: []string{}}
	for outcome := range outcomes {
		result := TestResult{
			Package: strings.TrimPrefix(outcome.Package, "data."),
			Name:    outcome.Name,
			File:    outcome.Location.File,
			Line:    outcome.Location.Row,
			Passed:  outcome.Pass(),
		}
		if outcome.Error != nil {
			result.Message = outcome.Error.Error()
		}
		report.Results = append(report.Results, result)
	}
	slices.SortFunc(report.Results, func(a, b TestResult) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Name, b.Name))
	})
	covered := coverage.Report(policy)
	report.Coverage = covered.Coverage
	for _, name := range slices.Sorted(maps.Keys(policy)) {
		for _, span := range covered.Files[name].NotCovered {
			report.NotCovered = append(report.NotCovered, fmt.Sprintf("%s:%d", name, span.Start.Row))
		}
	}
	return report, nil
}
