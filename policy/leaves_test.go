package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/open-policy-agent/opa/v1/rego"
)

// A place is where a value of a JSON document stands.
type place struct {
	path   string
	value  any
	set    func(any)
	remove func()
}

// places lists every value below v, objects and lists included, in one order.
func places(path string, v any, set func(any)) []place {
	all := []place{}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			put := func(x any) { v[key] = x }
			all = append(all, place{path + "/" + key, v[key], put, func() { delete(v, key) }})
			all = append(all, places(path+"/"+key, v[key], put)...)
		}
	case []any:
		for i := range v {
			put := func(x any) { v[i] = x }
			at := fmt.Sprintf("%s/%d", path, i)
			all = append(all, place{at, v[i], put, func() { set(slices.Delete(slices.Clone(v), i, i+1)) }})
			all = append(all, places(at, v[i], put)...)
		}
	}
	return all
}

// ways to spoil a value: take it away, or put one of each other type there. The
// text is one that Rego would order above any number.
var ways = []struct {
	name  string
	spoil func(place) (spoilt bool)
}{
	{"removed", func(p place) bool { p.remove(); return true }},
	{"null", func(p place) bool { p.set(nil); return true }},
	{"text", func(p place) bool { _, same := p.value.(string); p.set("99999999"); return !same }},
	{"number", func(p place) bool { _, same := p.value.(float64); p.set(1); return !same }},
	{"boolean", func(p place) bool { _, same := p.value.(bool); p.set(true); return !same }},
	{"list", func(p place) bool { _, same := p.value.([]any); p.set([]any{p.value}); return !same }},
	{"object", func(p place) bool {
		_, same := p.value.(map[string]any)
		p.set(map[string]any{"value": p.value})
		return !same
	}},
	{"empty list", func(p place) bool { p.set([]any{}); return true }},
	{"empty object", func(p place) bool { p.set(map[string]any{}); return true }},
	{"empty text", func(p place) bool { _, same := p.value.(string); p.set(""); return !same }},
}

// eachSpoilt visits the good input with each of its values spoilt in each way,
// one at a time, and says how many that were.
func eachSpoilt(t *testing.T, text []byte, visit func(path, way string, input []byte)) int {
	t.Helper()
	count := 0
	read := func() (any, []place) {
		var v any
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		return v, places("", v, nil)
	}
	_, all := read()
	for i, p := range all {
		for _, way := range ways {
			input, again := read()
			if !way.spoil(again[i]) {
				continue
			}
			encoded, err := json.Marshal(input)
			if err != nil {
				t.Fatal(err)
			}
			count++
			visit(p.path, way.name, encoded)
		}
	}
	return count
}

// Every value of good evidence removed, nulled, retyped in turn: none is
// allowed, by a denial or by an error. What still is, is named here with the
// reason why it may be.
func TestEverySpoiltValueIsRefused(t *testing.T) {
	harmless := []*regexp.Regexp{
		// The only optional number: regression has none, and no check reads it.
		regexp.MustCompile(`/estimates/\d+/positives removed$`),
		// Metrics that a requirement does not bound are not weighed; a requirement
		// that asks for less is another requirement, and its digest says so.
		regexp.MustCompile(`^/requirement/(require|metrics)/\d+ removed$`),
		// The champion passed its own gate: the comparison counts, and what it was
		// measured at itself is there for checks of one's own.
		regexp.MustCompile(`^/evidence/champion/evaluation/estimates( empty list|/\d+ removed)$`),
		// There are none, as there should be.
		regexp.MustCompile(`/leakage/signals empty list$`),
		// A review that its author took back, and one that only comments.
		regexp.MustCompile(`^/evidence/approvals/reviews/[03] removed$`),
		// One cut-off less is a smaller proof, not another one.
		regexp.MustCompile(`^/evidence/honesty/dynamic/cut_offs/\d+ removed$`),
		// Another requirement: no builder named means the repository's own.
		regexp.MustCompile(`^/requirement/(builders|rollback) empty list$`),
		regexp.MustCompile(`^/requirement/(builders/0|metrics/2/margin) removed$`),
	}
	e := engine(t)
	allowed := map[*regexp.Regexp]int{}
	count := eachSpoilt(t, goodInput(t, "good"), func(path, way string, input []byte) {
		answer, err := e.weigh(context.Background(), input)
		if err != nil && answer.Allowed {
			t.Errorf("%s %s: allowed beside the error %v", path, way, err)
		}
		if !answer.Allowed {
			return
		}
		i := slices.IndexFunc(harmless, func(r *regexp.Regexp) bool { return r.MatchString(path + " " + way) })
		if i < 0 {
			t.Errorf("%s %s: allowed", path, way)
			return
		}
		allowed[harmless[i]]++
	})
	if count < 1000 {
		t.Errorf("only %d inputs were tried; the walk does not reach the evidence", count)
	}
	for _, r := range harmless {
		if allowed[r] == 0 {
			t.Errorf("nothing that matches %s was allowed; take it out of the list", r)
		}
	}
}

// The same for a rollback, which is asked less: what it does not read may be
// spoilt as long as it is still evidence.
func TestEverySpoiltValueOfARollbackIsRefused(t *testing.T) {
	unread := []*regexp.Regexp{
		regexp.MustCompile(`^/evidence/(approvals|comparison|champion|evaluation|runs|honesty)/.* (removed|empty list)$`),
		regexp.MustCompile(`^/evidence/(approvals|comparison|champion|runs)/.* (empty text|number)$`),
		regexp.MustCompile(`^/evidence/(champion|comparison|runs) (removed|empty list)$`),
		// A feature that could not be measured.
		regexp.MustCompile(`^/evidence/runs/0/drift/\d+/psi null$`),
		// The event that rolls back is after it, and staging is another stage.
		regexp.MustCompile(`^/evidence/history/[02] removed$`),
		regexp.MustCompile(`^/requirement/`),
	}
	e := engine(t)
	count := eachSpoilt(t, goodInput(t, "back"), func(path, way string, input []byte) {
		answer, err := e.weigh(context.Background(), input)
		if err == nil && answer.Allowed && !slices.ContainsFunc(unread, func(r *regexp.Regexp) bool { return r.MatchString(path + " " + way) }) {
			t.Errorf("%s %s: allowed", path, way)
		}
	})
	if count < 1000 {
		t.Errorf("only %d inputs were tried", count)
	}
}

// The same without the schema in front: the Rego alone must hold, apart from
// values that no check reads.
func TestEverySpoiltValueIsRefusedByRegoAlone(t *testing.T) {
	unread := []*regexp.Regexp{
		// Said for the record: who asks, for which pipeline, what kind of task.
		regexp.MustCompile(`^/evidence/(pipeline|actor|evaluation/task) `),
		// Groups make an evaluation harder, and are for checks of one's own; and an
		// empty list of signs is a good one.
		regexp.MustCompile(`^/evidence/evaluation/(split/grouped |leakage/signals empty list$)`),
		// How many positives there were is in the interval already.
		regexp.MustCompile(`/estimates/\d+/positives `),
		// The champion passed its own gate: the comparison counts.
		regexp.MustCompile(`^/evidence/champion/evaluation[ /]`),
		// A review that its author took back, and one that only comments.
		regexp.MustCompile(`^/evidence/approvals/reviews/[03] removed$`),
		// For people: where the run is, and what a statement's problem would be.
		regexp.MustCompile(`^/evidence/(origin/(workflow|run)|provenance/problem) `),
		// How the cut-offs and the observations of the proof were chosen is said so
		// that it can be done again; one cut-off less is a smaller proof.
		regexp.MustCompile(`^/evidence/honesty/dynamic/(seed|sample) `),
		regexp.MustCompile(`^/evidence/honesty/dynamic/cut_offs/\d+ removed$`),
		// Whoever audits the events holds them against their digests.
		regexp.MustCompile(`^/evidence/history/\d+/digest `),
		// Only scored days count.
		regexp.MustCompile(`^/evidence/runs/\d+/(days_carried_forward|days_stopped|last_date) `),
		// A requirement that asks for less, and what only a rollback is asked.
		regexp.MustCompile(`^/requirement/(require|metrics)/\d+ removed$`),
		regexp.MustCompile(`^/requirement/(builders empty list|builders/0 removed|metrics/2/margin (removed|null))$`),
		regexp.MustCompile(`^/requirement/rollback `),
	}
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
	ctx := context.Background()
	prepared, err := rego.New(rego.Query(query), rego.Compiler(compiler)).PrepareForEval(ctx)
	if err != nil {
		t.Fatal(err)
	}
	eachSpoilt(t, goodInput(t, "good"), func(path, way string, input []byte) {
		var document any
		if err := json.Unmarshal(input, &document); err != nil {
			t.Fatal(err)
		}
		results, err := prepared.Eval(ctx, rego.EvalInput(document))
		if err != nil || len(results) == 0 {
			return
		}
		if results[0].Expressions[0].Value.(map[string]any)["allowed"] != true {
			return
		}
		if !slices.ContainsFunc(unread, func(r *regexp.Regexp) bool { return r.MatchString(path + " " + way) }) {
			t.Errorf("%s %s: allowed by Rego alone", path, way)
		}
	})
}
