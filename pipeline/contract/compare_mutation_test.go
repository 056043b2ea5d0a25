package contract_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/document"
)

// A mutation is one way to change one field of a contract. apply does it and
// returns how to undo it.
type mutation struct {
	path  string
	apply func() func()
}

// mutations lists, for every field that a contract's file can say, the ways in
// which it could be edited.
func mutations(v reflect.Value, path string) []mutation {
	var out []mutation
	add := func(what string, set func()) {
		out = append(out, mutation{path + " " + what, func() func() {
			before := reflect.New(v.Type()).Elem()
			before.Set(v)
			set()
			return func() { v.Set(before) }
		}})
	}
	if v.Type() == reflect.TypeFor[document.Scalar]() {
		add("replaced", func() { v.Set(reflect.ValueOf(document.Scalar{Kind: document.Integer, Text: "4711"})) })
		if !v.IsZero() {
			add("gone", v.SetZero)
		}
		return out
	}
	switch v.Kind() {
	case reflect.String:
		add("extended", func() { v.SetString(v.String() + "x") })
		if v.String() != "" {
			add("gone", func() { v.SetString("") })
		}
	case reflect.Bool:
		add("flipped", func() { v.SetBool(!v.Bool()) })
	case reflect.Int:
		add("raised", func() { v.SetInt(v.Int() + 1) })
	case reflect.Float64:
		add("raised", func() { v.SetFloat(v.Float() + 1) })
	case reflect.Interface:
		add("replaced", func() { v.Set(reflect.ValueOf("something else")) })
	case reflect.Pointer:
		if v.IsNil() {
			add("set", func() { v.Set(filled(v.Type(), 0)) })
			return out
		}
		add("gone", v.SetZero)
		out = append(out, mutations(v.Elem(), path)...)
	case reflect.Slice:
		add("extended", func() {
			v.Set(reflect.Append(v.Slice3(0, v.Len(), v.Len()), filled(v.Type().Elem(), 1)))
		})
		if v.Len() > 0 {
			add("shortened", func() { v.Set(v.Slice(0, max(0, v.Len()-1))) }) // it may be gone already
			add("gone", v.SetZero)
		}
		for i := range v.Len() {
			out = append(out, mutations(v.Index(i), fmt.Sprintf("%s[%d]", path, i))...)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				out = append(out, mutations(v.Field(i), path+"."+f.Name)...)
			}
		}
	default:
		panic(fmt.Sprintf("%s: no mutation of a %s", path, v.Type()))
	}
	return out
}

// filled is a value of a type in which every field says something. Types that
// hold themselves end after some levels.
func filled(t reflect.Type, depth int) reflect.Value {
	v := reflect.New(t).Elem()
	if t == reflect.TypeFor[document.Scalar]() {
		v.Set(reflect.ValueOf(document.Scalar{Kind: document.Integer, Text: "3"}))
		return v
	}
	switch t.Kind() {
	case reflect.String:
		v.SetString("a")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(2)
	case reflect.Float64:
		v.SetFloat(2)
	case reflect.Interface:
		v.Set(reflect.ValueOf("value"))
	case reflect.Pointer:
		if depth < 9 {
			v.Set(reflect.New(t.Elem()))
			v.Elem().Set(filled(t.Elem(), depth+1))
		}
	case reflect.Slice:
		if depth < 9 {
			v.Set(reflect.Append(v, filled(t.Elem(), depth+1)))
		}
	case reflect.Struct:
		for i := range t.NumField() {
			if t.Field(i).IsExported() {
				v.Field(i).Set(filled(t.Field(i).Type, depth+1))
			}
		}
	}
	return v
}

func noEditIsOverlooked(t *testing.T, before, after *contract.Contract, least int) {
	t.Helper()
	if changes := contract.Compare(before, after); len(changes) > 0 {
		t.Fatalf("two readings of one contract differ: %+v", changes)
	}
	all := mutations(reflect.ValueOf(after).Elem(), "")
	if len(all) < least {
		t.Fatalf("only %d mutations were tried, want %d", len(all), least)
	}
	for _, m := range all {
		undo := m.apply()
		forth, back := contract.Compare(before, after), contract.Compare(after, before)
		undo()
		if len(forth) == 0 || len(back) == 0 {
			t.Errorf("%s: %d changes there, %d changes back", m.path, len(forth), len(back))
		}
		for _, c := range append(forth, back...) {
			if c.Path == "" || c.Kind == "" || c.Message == "" || c.Producers == "" || c.Consumers == "" || c.Model == "" {
				t.Errorf("%s: an incomplete change: %+v", m.path, c)
			}
		}
	}
}

// Every field of every type that a contract can hold: one that is added to the
// types without a rule here is breaking, never overlooked.
func TestNoEditOfAnyFieldIsOverlooked(t *testing.T) {
	all := func() *contract.Contract {
		c := filled(reflect.TypeFor[contract.Contract](), 0).Interface().(contract.Contract)
		return &c
	}
	noEditIsOverlooked(t, all(), all(), 1000)
}

func fullExample(t *testing.T) (before, after *contract.Contract) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(officialExamples, "all", "full-example.odcs.yaml"))
	if err != nil {
		t.Skipf("the official examples of ODCS 3.1.0 are not at %s: %v", officialExamples, err)
	}
	before, findings := contract.ParseBase("full-example.odcs.yaml", data)
	after, _ = contract.ParseBase("full-example.odcs.yaml", data)
	if before == nil {
		t.Fatal(findings)
	}
	return before, after
}

func TestNoEditOfTheOfficialExampleIsOverlooked(t *testing.T) {
	before, after := fullExample(t)
	noEditIsOverlooked(t, before, after, 500)
}

// Several edits at once hide none from the version: there is a change, and it
// asks for a bump.
func TestNoEditsTogetherAreOverlooked(t *testing.T) {
	before, after := fullExample(t)
	all := mutations(reflect.ValueOf(after).Elem(), "")
	rapid.Check(t, func(t *rapid.T) {
		for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(0, len(all)-1), 1, 4, rapid.ID[int]).Draw(t, "edits") {
			undo := all[i].apply()
			defer undo()
		}
		changes := contract.Compare(before, after)
		if reflect.DeepEqual(before.Schema, after.Schema) {
			return
		}
		if contract.RequiredBump(changes) == contract.BumpNone {
			t.Fatalf("no bump for %+v", changes)
		}
	})
}
