package validate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/pipeline/validation"
	"github.com/linecook-ml/linecook/policy"
)

// repository checks the whole repository in dir: what a pipeline needs around
// itself to be safe to run. It returns the findings and what was looked at; no
// dir is no repository.
func repository(ctx context.Context, dir string) (findings []report.Finding, looked []report.Subject, err error) {
	if dir == "" {
		return nil, nil, nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, command.UsageError(fmt.Errorf("--repository: %w", err))
	}
	// No link leads out of it: what a pull request brings could point anywhere.
	defer func() { err = errors.Join(err, root.Close()) }()
	shown := filepath.ToSlash(filepath.Clean(dir))
	result, err := validation.CheckRepository(root.FS(), shown)
	if err != nil {
		return nil, nil, err
	}
	findings = result.Findings
	for _, folder := range result.PolicyFolders {
		more, err := policies(ctx, root.FS(), shown, folder)
		if err != nil {
			return nil, nil, err
		}
		findings = append(findings, more...)
	}
	for _, kind := range []struct {
		name  string
		files int
	}{
		{"workflows", result.Workflows}, {"actions", result.Actions}, {"policies", result.Policies},
		{"environments of Python", result.Environments}, {"pipelines", result.Pipelines}, {"contracts", result.Contracts},
	} {
		if kind.files > 0 {
			looked = append(looked, report.Subject{Name: "repository: " + kind.name, Checks: kind.files})
		}
	}
	return findings, looked, nil
}

// policies compiles a folder of Rego as `linecook promote` would, and runs its
// tests. A copy of what the toolkit ships is the toolkit's.
func policies(ctx context.Context, files fs.FS, shown, folder string) ([]report.Finding, error) {
	own := map[string]string{}
	var tests []string
	err := fs.WalkDir(files, folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".rego" {
			return err
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		relative := strings.TrimPrefix(name, folder+"/")
		if policy.Ships(relative, string(text)) {
			return nil
		}
		// The name that the module has in a decision's digest.
		own[path.Join(path.Base(folder), relative)] = string(text)
		if strings.HasSuffix(name, "_test.rego") {
			tests = append(tests, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the policies in %s: %w", folder, err)
	}
	place := func(at report.Position) report.Position {
		at.File = path.Join(shown, path.Dir(folder), at.File)
		return at
	}
	outcome, err := policy.Test(ctx, own)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		at := policy.Place(err)
		if at.File == "" {
			at.File = path.Base(folder)
		}
		return []report.Finding{{
			Code: "repository/policy-broken", Severity: report.Error, Position: place(at),
			Message: firstLine(err.Error()), Remedy: "correct the module: a policy that does not compile decides nothing",
		}}, nil
	}
	var findings []report.Finding
	for _, test := range outcome.Results {
		if test.Passed {
			continue
		}
		message := fmt.Sprintf("the policy's test %s does not hold", test.Name)
		if test.Message != "" {
			message += ": " + firstLine(test.Message)
		}
		at := report.Position{File: test.File, Line: test.Line}
		if strings.HasPrefix(at.File, path.Base(folder)+"/") {
			at = place(at)
		}
		findings = append(findings, report.Finding{
			Code: "repository/policy-test-failed", Severity: report.Error, Position: at,
			Message: message, Remedy: "correct the policy or the test",
		})
	}
	if len(own) > 0 && len(tests) == 0 {
		findings = append(findings, report.Finding{
			Code: "repository/policy-untested", Severity: report.Warning, Position: place(report.Position{File: firstName(own), Line: 1}),
			Message: "the checks in " + path.Join(shown, folder) + " have no test", Remedy: "write one beside them, in a file that ends in _test.rego",
		})
	}
	return findings, nil
}

func firstName(modules map[string]string) string {
	names := []string{}
	for name := range modules {
		names = append(names, name)
	}
	return slices.Min(names)
}

func firstLine(text string) string {
	first, rest, more := strings.Cut(strings.TrimSpace(text), "\n")
	// OPA puts a count before several errors, and what they are below it.
	if more && strings.HasSuffix(first, "occurred:") {
		second, _, _ := strings.Cut(rest, "\n")
		return first + " " + second
	}
	return first
}
