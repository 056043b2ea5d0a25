package contract

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

func TestStructFields(t *testing.T) {
	for typ, want := range map[string][]dataset.Column{
		"INTEGER":           nil,
		"STRUCT(a INTEGER)": {{Name: "a", Type: "INTEGER"}},
		`STRUCT("b c" VARCHAR[], d DECIMAL(9,2), e STRUCT("x,)" MAP(VARCHAR, INTEGER)))`: {{Name: "b c", Type: "VARCHAR[]"}, {Name: "d", Type: "DECIMAL(9,2)"}, {Name: "e", Type: `STRUCT("x,)" MAP(VARCHAR, INTEGER))`}},
		`STRUCT("say ""hi""" DATE)`: {{Name: `say "hi"`, Type: "DATE"}},
		"STRUCT(a INTEGER)[]":       nil,
	} {
		if diff := cmp.Diff(want, structFields(typ)); diff != "" {
			t.Errorf("%s: %s", typ, diff)
		}
	}
	if element, ok := listElement("STRUCT(a INTEGER[])[3]"); !ok || element != "STRUCT(a INTEGER[])" {
		t.Errorf("%s %v", element, ok)
	}
}

// The names in a type come from files.
func FuzzStructFields(f *testing.F) {
	for _, typ := range []string{"STRUCT(a INTEGER)", `STRUCT("b c" VARCHAR[], d DECIMAL(9,2))`, `STRUCT("`, `STRUCT("a"")`, "STRUCT(,)", "]", "[]"} {
		f.Add(typ)
	}
	f.Fuzz(func(t *testing.T, typ string) {
		for _, field := range structFields(typ) {
			if !strings.HasPrefix(typ, "STRUCT(") || len(field.Type) >= len(typ) {
				t.Errorf("%q: %+v", typ, field)
			}
		}
		listElement(typ)
	})
}
