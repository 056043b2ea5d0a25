package policy

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/linecook-ml/linecook/pipeline/promotion"
)

const (
	checksPackage = "data.linecook.checks"
	testSuffix    = "_test.rego"
)

// A Check is one requirement that a stage may name.
type Check struct {
	Code        string `json:"code"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Remediation string `json:"remediation"`
	// Command is what to run for it, where there is one command.
	Command string `json:"command,omitempty"`
	// Reads lists the keys of a stage that the check holds the evidence against.
	Reads []string `json:"reads"`
	// Always lists the operations that the check applies to on every stage, named
	// or not.
	Always []promotion.Operation `json:"always"`
	// Live says that the check asks for what a rehearsal has not: people, a
	// runner, days on a stage.
	Live bool `json:"live"`
}

// Promotes reports whether the check can be asked of a promotion. One that
// always applies to rollbacks, and to nothing else, is about them alone.
func (c Check) Promotes() bool {
	return len(c.Always) == 0 || slices.Contains(c.Always, promotion.OperationPromote)
}

// capabilities are OPA's without what could make a decision depend on anything
// but its input. OPA marks most such builtins; net.* and rand.* go as a whole,
// and the calendar ones because they may name the machine's own time zone.
func capabilities() *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion()
	c.Builtins = slices.DeleteFunc(c.Builtins, func(b *ast.Builtin) bool {
		return b.IsNondeterministic() ||
			strings.HasPrefix(b.Name, "net.") ||
			strings.HasPrefix(b.Name, "rand.") ||
			// One call may make a number of any size, and nothing could stop it.
			b.Name == "bits.lsh" ||
			slices.Contains([]string{
				"http.send", "opa.runtime", "time.now_ns", "uuid.rfc4122",
				"time.clock", "time.date", "time.weekday", "time.diff", "time.format",
			}, b.Name)
	})
	c.AllowNet = []string{}
	return c
}

// shipped are the policy files of this package, without their tests.
func shipped() (map[string]string, error) {
	return embedded(func(name string) bool { return !strings.HasSuffix(name, testSuffix) })
}

func embedded(keep func(name string) bool) (map[string]string, error) {
	names, err := fs.Glob(files, "*.rego")
	if err != nil {
		return nil, fmt.Errorf("list the embedded policy: %w", err)
	}
	sources := map[string]string{}
	for _, name := range names {
		if !keep(name) {
			continue
		}
		source, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the embedded policy %s: %w", name, err)
		}
		sources[name] = string(source)
	}
	return sources, nil
}

// digestOf binds every name and content by length, so that no two sets of files
// run together to the same bytes. The input's schema is part of the policy.
func digestOf(schema []byte, shipped, own map[string]string) string {
	h := sha256.New()
	write := func(text string) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text))))
		h.Write([]byte(text))
	}
	write(string(schema))
	for _, set := range []map[string]string{shipped, own} {
		write(fmt.Sprint(len(set)))
		for _, name := range slices.Sorted(maps.Keys(set)) {
			write(name)
			write(set[name])
		}
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

func parse(sources map[string]string) (map[string]*ast.Module, error) {
	modules := map[string]*ast.Module{}
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		module, err := ast.ParseModuleWithOpts(name, sources[name], ast.ParserOptions{
			ProcessAnnotation: true,
			RegoVersion:       ast.RegoV1,
			Capabilities:      capabilities(),
		})
		if err != nil {
			return nil, fmt.Errorf("parse the policy: %w", err)
		}
		if module == nil {
			return nil, fmt.Errorf("parse the policy: %s holds no Rego; write a package and a check or leave the file out", name)
		}
		modules[name] = module
	}
	return modules, nil
}

// checksOf reads the checks from the modules' rules `passed contains "code"`,
// sorted by code.
func checksOf(modules map[string]*ast.Module) ([]Check, error) {
	checks := []Check{}
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		module := modules[name]
		if module.Package.Path.String() != checksPackage {
			continue
		}
		for _, rule := range module.Rules {
			if ruleName(rule) != "passed" {
				continue
			}
			check, err := checkOf(rule)
			if err != nil {
				return nil, err
			}
			if i := slices.IndexFunc(checks, func(c Check) bool { return c.Code == check.Code }); i >= 0 {
				return nil, fmt.Errorf("%s: check %q is defined twice; give it one rule, and its alternatives to a helper rule", rule.Location, check.Code)
			}
			checks = append(checks, check)
		}
	}
	slices.SortFunc(checks, func(a, b Check) int { return cmp.Compare(a.Code, b.Code) })
	return checks, nil
}

// ruleName is the first name of a rule, passed in `passed contains …` and
// reasons in `reasons.code contains …`.
func ruleName(rule *ast.Rule) string {
	return rule.Head.Ref()[0].Value.(ast.Var).String()
}

func checkOf(rule *ast.Rule) (Check, error) {
	if rule.Head.Key == nil || len(rule.Head.Ref()) != 1 {
		return Check{}, fmt.Errorf(`%s: a check is written passed contains "code" if { … }`, rule.Location)
	}
	code, constant := rule.Head.Key.Value.(ast.String)
	if !constant {
		return Check{}, fmt.Errorf("%s: the check's code %s is computed; write it as text", rule.Location, rule.Head.Key)
	}
	check := Check{Code: string(code), Reads: []string{}, Always: []promotion.Operation{}}
	for _, a := range rule.Annotations {
		check.Title, check.Description = a.Title, a.Description
		check.Remediation, _ = a.Custom["remediation"].(string)
		check.Command, _ = a.Custom["command"].(string)
		check.Live, _ = a.Custom["live"].(bool)
		keys, _ := a.Custom["reads"].([]any)
		for _, key := range keys {
			check.Reads = append(check.Reads, fmt.Sprint(key))
		}
		operations, _ := a.Custom["always"].([]any)
		for _, operation := range operations {
			check.Always = append(check.Always, promotion.Operation(fmt.Sprint(operation)))
		}
	}
	if check.Title == "" || check.Description == "" || check.Remediation == "" {
		return Check{}, fmt.Errorf("%s: check %q needs METADATA with title, description and custom.remediation", rule.Location, check.Code)
	}
	return check, nil
}

// extend adds a repository's own modules to the shipped ones. They may add
// checks and helpers; they may not touch a shipped check, a shipped helper or
// the decision, because another definition of the same name would widen it.
func extend(checks []Check, modules, own map[string]*ast.Module) ([]Check, error) {
	taken := map[string]bool{}
	for _, module := range modules {
		for _, rule := range module.Rules {
			taken[ruleName(rule)] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		module := own[name]
		if _, ok := modules[name]; ok {
			return nil, fmt.Errorf("%s: the toolkit ships a policy file of this name; rename yours", name)
		}
		if module.Package.Path.String() != checksPackage {
			return nil, fmt.Errorf("%s: package %s; checks of your own belong to package linecook.checks", module.Package.Location, strings.TrimPrefix(module.Package.Path.String(), "data."))
		}
		for _, rule := range module.Rules {
			switch rule := rule; ruleName(rule) {
			case "passed":
			case "reasons":
				if code, ok := reasonCode(rule); !ok || slices.ContainsFunc(checks, func(c Check) bool { return c.Code == code }) {
					return nil, fmt.Errorf("%s: reasons are written reasons.code contains … for a check of your own", rule.Location)
				}
			default:
				if taken[ruleName(rule)] {
					return nil, fmt.Errorf("%s: rule %q is the toolkit's; rename yours", rule.Location, ruleName(rule))
				}
			}
		}
	}
	added, err := checksOf(own)
	if err != nil {
		return nil, err
	}
	for _, check := range added {
		if len(check.Always) > 0 {
			return nil, fmt.Errorf("check %q: custom.always is the toolkit's; name the check under require of each stage", check.Code)
		}
		if slices.ContainsFunc(checks, func(c Check) bool { return c.Code == check.Code }) {
			return nil, fmt.Errorf("check %q is the toolkit's; give yours a code of its own", check.Code)
		}
	}
	maps.Copy(modules, own)
	checks = append(slices.Clone(checks), added...)
	slices.SortFunc(checks, func(a, b Check) int { return cmp.Compare(a.Code, b.Code) })
	return checks, nil
}

func reasonCode(rule *ast.Rule) (string, bool) {
	ref := rule.Head.Ref()
	if len(ref) != 2 {
		return "", false
	}
	code, ok := ref[1].Value.(ast.String)
	return string(code), ok
}
