package policy

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// Whatever is wrong with a module, the error leads to its line.
func TestErrorsOfModulesHaveAPlace(t *testing.T) {
	const head = "package linecook.checks\n\n# METADATA\n# title: T\n# description: D\n# custom:\n#   remediation: R\n"
	for name, test := range map[string]struct {
		source string
		line   int
	}{
		"syntax":                   {head + "passed contains if if {\n}\n", 8},
		"unknown builtin":          {head + "passed contains \"own\" if {\n\thttp.send({})\n}\n", 9},
		"undefined variable":       {head + "passed contains \"own\" if {\n\tx == 1\n}\n", 9},
		"another package":          {"package other\n", 1},
		"a check without metadata": {"package linecook.checks\n\npassed contains \"own\" if {\n\tinput.x == 1\n}\n", 3},
		"a rule of the toolkit":    {strings.Replace(head, "passed", "x", 1) + "passed contains \"own\" if {\n\tinput.evidence.actor == \"a\"\n}\n\ndecision := true\n", 12},
	} {
		_, err := New(context.Background(), Options{Modules: map[string]string{"policy/own.rego": test.source}})
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		if at := Place(err); at.File != "policy/own.rego" || at.Line != test.line {
			t.Errorf("%s: %v leads to %v, want line %d", name, err, at, test.line)
		}
	}
	for _, err := range []error{nil, errors.New("no place"), errors.New("at 10:30: what")} {
		if at := Place(err); at.File != "" {
			t.Errorf("%v leads to %v", err, at)
		}
	}
}

func TestShips(t *testing.T) {
	source, err := files.ReadFile("stages.rego")
	if err != nil {
		t.Fatal(err)
	}
	if !Ships("stages.rego", string(source)) || Ships("stages.rego", string(source)+"\n") || Ships("other.rego", string(source)) || Ships("../policy.go", "") {
		t.Error("not what is shipped")
	}
	tests, err := embedded(func(name string) bool { return strings.HasSuffix(name, testSuffix) })
	if err != nil || len(tests) == 0 {
		t.Fatalf("%d tests are embedded, %v", len(tests), err)
	}
}
