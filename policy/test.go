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

// Test runs Rego tests under the same restrictions as decisions: those of a
// repository's own modules, given by file name as in Options.Modules with their
// tests beside them, or, where there are none, those of this package. Own tests
// may use what the toolkit's do, data.linecook.fixture among it; coverage is of
// the own modules.
func Test(ctx context.Context, own map[string]string) (TestReport, error) {
	modules, err := shipped()
	if err != nil {
		return TestReport{}, err
	}
	tests, err := embedded(func(name string) bool { return strings.HasSuffix(name, testSuffix) })
	if err != nil {
		return TestReport{}, err
	}
	if len(own) == 0 {
		return runTests(ctx, modules, tests, nil)
	}
	policy, ownTests := map[string]string{}, map[string]string{}
	for name, source := range own {
		if _, taken := tests[name]; taken {
			return TestReport{}, fmt.Errorf("%s: the toolkit ships a policy test of this name; rename yours", name)
		}
		if strings.HasSuffix(name, testSuffix) {
			ownTests[name] = source
		} else {
			policy[name] = source
		}
	}
	if _, err := New(ctx, Options{Modules: policy}); err != nil {
		return TestReport{}, err
	}
	maps.Copy(modules, map[string]string{fixtureFile: tests[fixtureFile]})
	return runTests(ctx, policy, ownTests, modules)
}

// fixtureFile holds evidence that passes every check, for tests to spoil.
const fixtureFile = "fixture_test.rego"

// runTests runs tests over a policy beside what else they need.
func runTests(ctx context.Context, policySources, testSources, beside map[string]string) (TestReport, error) {
	policy, err := parse(policySources)
	if err != nil {
		return TestReport{}, err
	}
	all, err := parse(testSources)
	if err != nil {
		return TestReport{}, err
	}
	rest, err := parse(beside)
	if err != nil {
		return TestReport{}, err
	}
	maps.Copy(all, policy)
	maps.Copy(all, rest)
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
		if _, given := testSources[outcome.Location.File]; !given {
			continue
		}
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
	if report.Coverage = covered.Coverage; len(policy) == 0 {
		report.Coverage = 0
	}
	for _, name := range slices.Sorted(maps.Keys(policy)) {
		for _, span := range covered.Files[name].NotCovered {
			report.NotCovered = append(report.NotCovered, fmt.Sprintf("%s:%d", name, span.Start.Row))
		}
	}
	return report, nil
}
