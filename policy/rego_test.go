package policy

import (
	"context"
	"io/fs"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/format"
)

// The Rego tests run inside go test; each check has a case that passes and one
// that does not, and the checks are those the policy has, not a list.
func TestRego(t *testing.T) {
	report, err := Test(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range report.Results {
		if !result.Passed {
			t.Errorf("%s:%d: %s %s", result.File, result.Line, result.Name, result.Message)
		}
	}
	if !report.Passed() {
		t.Error("the Rego tests did not pass, or none ran")
	}
	if report.Coverage != 100 {
		t.Errorf("the Rego tests cover %.1f %% of the policy; not covered: %s", report.Coverage, strings.Join(report.NotCovered, " "))
	}

	for _, check := range engine(t).Checks() {
		passes, denied := 0, 0
		for _, result := range report.Results {
			if strings.HasPrefix(result.Name, "test_"+check.Code+"_passes") {
				passes++
			}
			if strings.HasPrefix(result.Name, "test_"+check.Code+"_denied") {
				denied++
			}
		}
		if passes == 0 || denied == 0 {
			t.Errorf("check %s has %d Rego cases that pass and %d that are denied; it needs both", check.Code, passes, denied)
		}
	}
}

func TestRegoIsFormatted(t *testing.T) {
	names, err := fs.Glob(files, "*.rego")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d Rego files, error %v", len(names), err)
	}
	for _, name := range names {
		source, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		formatted, err := format.Source(name, source)
		if err != nil {
			t.Fatal(err)
		}
		if string(formatted) != string(source) {
			t.Errorf("%s is not formatted; run opa fmt --write on it", name)
		}
	}
}
