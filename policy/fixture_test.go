package policy

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/promotion"
)

// goodInput is a fixture of the Rego tests as JSON: Go and Rego begin from the
// same evidence.
func goodInput(t testing.TB, name string) []byte {
	t.Helper()
	source, err := files.ReadFile("fixture_test.rego")
	if err != nil {
		t.Fatal(err)
	}
	results, err := rego.New(rego.Query("data.linecook.fixture."+name), rego.Module("fixture_test.rego", string(source))).Eval(context.Background())
	if err != nil || len(results) != 1 {
		t.Fatalf("%d results, error %v", len(results), err)
	}
	encoded, err := json.Marshal(results[0].Expressions[0].Value)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// good is the fixture in the types of package promotion, read strictly, so that
// a field which only one of the two sides has fails every test.
func good(t testing.TB) (promotion.Evidence, promotion.Stage) {
	t.Helper()
	var input struct {
		Evidence    promotion.Evidence `json:"evidence"`
		Requirement promotion.Stage    `json:"requirement"`
	}
	if err := canonical.Unmarshal(goodInput(t, "good"), &input); err != nil {
		t.Fatal(err)
	}
	return input.Evidence, input.Requirement
}

func engine(t testing.TB) *Engine {
	t.Helper()
	e, err := New(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}
