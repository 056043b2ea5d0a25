package policy

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/linecook-ml/linecook/pipeline/promotion"
)

// own is a check of a repository's own, with the body given.
func own(body string) map[string]string {
	return map[string]string{"own.rego": `package linecook.checks

# METADATA
# title: Own
# description: A check of one's own.
# custom:
#   remediation: None.
passed contains "own" if {
	` + body + `
}
`}
}

func TestOwnChecksAreRequiredLikeOthers(t *testing.T) {
	ctx := context.Background()
	for body, want := range map[string]bool{
		`input.evidence.actor == "ada"`:   true,
		`input.evidence.actor == "grace"`: false,
		`input.evidence.mistyped > 0.5`:   false,
		`to_number("seven") == 7`:         false,
	} {
		e, err := New(ctx, Options{Modules: own(body)})
		if err != nil {
			t.Fatal(err)
		}
		evidence, requirement := good(t)
		requirement.Require = append(requirement.Require, "own")
		decision, err := e.Decide(ctx, evidence, requirement)
		if err != nil {
			t.Fatal(err)
		}
		if decision.Allowed != want {
			t.Errorf("%s: allowed %t, want %t\n%s", body, decision.Allowed, want, decision)
		}
		if e.Digest() == engine(t).Digest() {
			t.Error("the digest does not bind the repository's own checks")
		}
	}
}

// What depends on anything but the input is not there to be called.
func TestTheSandboxHasNoWorld(t *testing.T) {
	calls := []string{
		`http.send({"method": "GET", "url": "http://127.0.0.1"}).status_code == 200`,
		`opa.runtime().env.HOME != ""`,
		`time.now_ns() > 0`,
		`time.clock([0, "Local"])[0] == 0`,
		`rand.intn("seed", 2) == 1`,
		`uuid.rfc4122("seed") != ""`,
		`net.lookup_ip_addr("localhost") != set()`,
		`net.cidr_contains("10.0.0.0/8", "10.0.0.1")`,
		`io.jwt.decode_verify("", {})[0]`,
		`bits.lsh(1, 100000000000) > 0`,
		`json.match_schema({}, {"$ref": "http://127.0.0.1/"})[0]`,
	}
	for _, call := range calls {
		_, err := New(context.Background(), Options{Modules: own(call)})
		if err == nil {
			t.Errorf("%s compiles", call)
		} else if !strings.Contains(err.Error(), "own.rego:9") || !strings.Contains(err.Error(), "undefined function") {
			t.Errorf("%s: the error does not name the file, the line and the function: %v", call, err)
		}
	}
	c := capabilities()
	for _, b := range c.Builtins {
		if b.IsNondeterministic() {
			t.Errorf("%s is there and is not deterministic", b.Name)
		}
	}
	if c.AllowNet == nil || len(c.AllowNet) != 0 {
		t.Errorf("AllowNet is %v; nil would allow every host", c.AllowNet)
	}
}

func TestABombMeetsTheDeadline(t *testing.T) {
	bombs := map[string]string{
		"in rules":     `count([1 | some a in numbers.range(1, 3000); some b in numbers.range(1, 3000); some c in numbers.range(1, 3000); a + b == c]) > 0`,
		"in a builtin": `count(numbers.range(1, 1000000000)) > 0`,
	}
	for name, bomb := range bombs {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			e, err := New(ctx, Options{Modules: own(bomb), Deadline: 50 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			evidence, requirement := good(t)
			decision, err := e.Decide(ctx, evidence, requirement)
			if err == nil || !strings.Contains(err.Error(), "no answer within 50ms") {
				t.Errorf("error %v, want one that names the deadline", err)
			}
			if decision.Allowed {
				t.Error("allowed")
			}
		})
	}
}

// A policy that grows without bound is stopped before it takes the machine, and
// what was taken is given back.
func TestABombMeetsTheMemoryBound(t *testing.T) {
	bombs := map[string]string{
		"in a set":    `count({s | some a in numbers.range(1, 4000); s := sprintf("%0900000d", [a])}) > 0`,
		"in a list":   `count([s | some a in numbers.range(1, 4000); s := sprintf("%0900000d", [a])]) > 0`,
		"in one text": `count(concat("", [s | some a in numbers.range(1, 4000); s := sprintf("%0900000d", [a])])) > 0`,
	}
	for name, bomb := range bombs {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			e, err := New(ctx, Options{Modules: own(bomb), Deadline: time.Minute, Memory: 32 << 20})
			if err != nil {
				t.Fatal(err)
			}
			evidence, requirement := good(t)
			decision, err := e.Decide(ctx, evidence, requirement)
			if err == nil || !strings.Contains(err.Error(), "more than 32 MiB of memory") || decision.Allowed {
				t.Errorf("allowed %t, error %v", decision.Allowed, err)
			}
		})
	}
}

// Modules of a repository's own may add and never widen.
func TestOwnModulesCannotTouchTheToolkits(t *testing.T) {
	metadata := "# METADATA\n# title: T\n# description: D\n# custom:\n#   remediation: R\n"
	cases := map[string]struct{ source, want string }{
		"a shipped check":         {"package linecook.checks\n\n" + metadata + `passed contains "bundle_verified" if true`, `"bundle_verified" is the toolkit's`},
		"a shipped helper":        {"package linecook.checks\n\nmeets(_, _) if true", `"meets" is the toolkit's`},
		"a default of a helper":   {"package linecook.checks\n\ndefault holds_previous := true", `"holds_previous" is the toolkit's`},
		"a shipped reason":        {"package linecook.checks\n\nreasons.bundle_verified contains \"fine\"", "reasons are written"},
		"the decision":            {"package linecook.promotion\n\nallowed if true", "belong to package linecook.checks"},
		"a computed code":         {"package linecook.checks\n\n" + metadata + `passed contains code if some code in input.requirement.require`, "is computed"},
		"passed as a whole":       {"package linecook.checks\n\n" + `passed := {"bundle_verified"}`, "a check is written"},
		"passed below itself":     {"package linecook.checks\n\n" + `passed.own := true`, "a check is written"},
		"a check twice":           {"package linecook.checks\n\n" + metadata + "passed contains \"own\" if true\n\n" + metadata + `passed contains "own" if false`, "defined twice"},
		"a check without a title": {"package linecook.checks\n\n" + `passed contains "own" if true`, "needs METADATA"},
		"a check that is always":  {"package linecook.checks\n\n" + metadata + "#   always: [promote]\n" + `passed contains "own" if true`, "custom.always"},
		"no Rego":                 {"# nothing\n", "own.rego"},
		"binary":                  {"\x00\x01\xff", "own.rego"},
		"broken":                  {"package linecook.checks\n\npassed contains", "own.rego:3"},
		"Rego of before 1.0":      {"package linecook.checks\n\npassed[code] { code := \"own\" }", "own.rego:3"},
		"an unknown name":         {"package linecook.checks\n\n" + metadata + `passed contains "own" if mistyped`, "own.rego:8"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := New(context.Background(), Options{Modules: map[string]string{"own.rego": test.source}})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that names %s", err, test.want)
			}
		})
	}
	if _, err := New(context.Background(), Options{Modules: map[string]string{"bundle.rego": "package linecook.checks\n\nx := 1"}}); err == nil {
		t.Error("a file of the toolkit's name replaced the toolkit's")
	}
}

func TestOwnTestsRunBesideTheToolkits(t *testing.T) {
	modules := own(`input.evidence.actor == "ada"`)
	modules["own_test.rego"] = `package own_test

import data.linecook.checks
import data.linecook.fixture

test_own_passes if "own" in checks.passed with input as fixture.good

test_own_denied if not "own" in checks.passed with input as {}

test_own_fails if "own" in checks.passed with input as {}
`
	report, err := Test(context.Background(), modules)
	if err != nil {
		t.Fatal(err)
	}
	outcome := map[string]bool{}
	for _, result := range report.Results {
		if result.Package == "own_test" {
			outcome[result.Name] = result.Passed
		}
	}
	if want := map[string]bool{"test_own_passes": true, "test_own_denied": true, "test_own_fails": false}; !maps.Equal(outcome, want) {
		t.Errorf("outcome %v, want %v", outcome, want)
	}
	if report.Passed() {
		t.Error("a failing test did not fail the report")
	}
	report, err = Test(context.Background(), own("count(input.evidence.actor) > 100\n\tinput.evidence.stage == \"prod\""))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"own.rego:8", "own.rego:9", "own.rego:10"}; !slices.Equal(report.NotCovered, want) {
		t.Errorf("not covered: %v, want %v, which no test reaches", report.NotCovered, want)
	}
	if (TestReport{}).Passed() {
		t.Error("no tests passed")
	}
}

// What always applies is written in METADATA for people and in promote.rego for
// the decision; New's callers rely on the two being one.
func TestAlwaysIsOneList(t *testing.T) {
	sources, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	modules, err := parse(sources)
	if err != nil {
		t.Fatal(err)
	}
	compiler, err := compile(modules)
	if err != nil {
		t.Fatal(err)
	}
	results, err := rego.New(rego.Query("data.linecook.promotion.always"), rego.Compiler(compiler)).Eval(context.Background())
	if err != nil || len(results) != 1 {
		t.Fatalf("%d results, error %v", len(results), err)
	}
	inRego, err := json.Marshal(results[0].Expressions[0].Value)
	if err != nil {
		t.Fatal(err)
	}
	always := map[promotion.Operation][]string{}
	for _, check := range engine(t).Checks() {
		for _, operation := range check.Always {
			always[operation] = append(always[operation], check.Code)
		}
	}
	inMetadata, err := json.Marshal(always)
	if err != nil {
		t.Fatal(err)
	}
	if string(inRego) != string(inMetadata) || len(always) != 2 {
		t.Errorf("promote.rego says %s, the METADATA %s", inRego, inMetadata)
	}
}

func TestTheDigestBindsNamesAndContents(t *testing.T) {
	one := map[string]string{"a": "xy"}
	digests := map[string]bool{}
	for _, set := range []map[string]string{nil, {"a": "x", "b": "y"}, {"a": "xb", "y": ""}, {"ab": "xy"}, {"a": "y", "b": "x"}} {
		digests[digestOf(nil, one, set)] = true
		digests[digestOf(nil, set, one)] = true
		digests[digestOf([]byte("{}"), one, set)] = true
	}
	if len(digests) != 15 {
		t.Errorf("%d digests of 15 policies", len(digests))
	}
	if digestOf(nil, one, nil) != digestOf(nil, maps.Clone(one), nil) {
		t.Error("one policy, two digests")
	}
}
