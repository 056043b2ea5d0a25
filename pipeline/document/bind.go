package document

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/report"
)

var (
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	scalarType      = reflect.TypeFor[Scalar]()
)

// A field is one key that a struct knows.
type field struct {
	name        string
	index       []int
	typ         reflect.Type
	required    bool
	enum        []string
	description string
}

// An alternative is one form that a union struct takes.
type alternative struct {
	form  form
	index int
	typ   reflect.Type
}

// fieldsOf lists the keys of a struct in the order of its fields.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for f := range structFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case f.Anonymous && name == "":
			for _, inner := range fieldsOf(f.Type) {
				inner.index = append([]int{f.Index[0]}, inner.index...)
				fields = append(fields, inner)
			}
			continue
		case name == "" || name == "-":
			continue
		}
		fl := field{
			name: name, index: f.Index, typ: f.Type,
			required:    f.Tag.Get("required") == "true",
			description: f.Tag.Get("description"),
		}
		if e := f.Tag.Get("enum"); e != "" {
			fl.enum = strings.Split(e, ",")
		}
		fields = append(fields, fl)
	}
	return fields
}

func structFields(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

// alternativesOf lists the forms of a union struct; nil for any other struct.
func alternativesOf(t reflect.Type) []alternative {
	var out []alternative
	for f := range structFields(t) {
		switch f.Tag.Get("yaml") {
		case ",scalar":
			out = append(out, alternative{scalarForm, f.Index[0], f.Type})
		case ",sequence":
			out = append(out, alternative{sequenceForm, f.Index[0], f.Type})
		case ",mapping":
			out = append(out, alternative{mappingForm, f.Index[0], f.Type})
		}
	}
	return out
}

// A binder stores a tree in a Go value and gathers what does not fit.
type binder struct {
	file     string
	findings []report.Finding
}

func (b *binder) add(code string, line, column int, remedy, format string, args ...any) {
	b.findings = append(b.findings, report.Finding{
		Code: code, Severity: report.Error, Message: fmt.Sprintf(format, args...), Remedy: remedy,
		Position: report.Position{File: b.file, Line: line, Column: column},
	})
}

// bind stores n in v. name is the key that leads to n, for messages; f carries
// the tags of the struct field that v belongs to.
func (b *binder) bind(n *node, v reflect.Value, name string, f field) {
	t := v.Type()
	switch {
	case t == scalarType:
		if b.isForm(n, scalarForm, name, "one value") && b.isClear(n, name) {
			v.Set(reflect.ValueOf(Scalar{Kind: n.kind, Text: n.text}))
		}
		return
	case reflect.PointerTo(t).Implements(textUnmarshaler):
		if text, ok := b.text(n, name); ok {
			if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
				b.add(CodeValue, n.line, n.column, "", "%s: %v", say(name), err)
			}
		}
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		elem := reflect.New(t.Elem())
		b.bind(n, elem.Elem(), name, f)
		v.Set(elem)
	case reflect.Struct:
		if alternatives := alternativesOf(t); alternatives != nil {
			b.bindUnion(n, v, name, alternatives)
			return
		}
		b.bindStruct(n, v, name)
	case reflect.Slice:
		b.bindSlice(n, v, name, f)
	case reflect.Map:
		b.bindMap(n, v, name)
	case reflect.Interface:
		if value, ok := b.free(n, name); ok && value != nil {
			v.Set(reflect.ValueOf(value))
		}
	case reflect.String:
		if text, ok := b.text(n, name); ok && b.inEnum(n, name, text, f.enum) {
			v.SetString(text)
		}
	case reflect.Bool:
		if b.isForm(n, scalarForm, name, "true or false") {
			if n.kind != Boolean {
				b.typeFinding(n, name, "true or false")
				return
			}
			v.SetBool(isTrue(n.text))
		}
	case reflect.Int, reflect.Int64:
		b.bindInt(n, v, name)
	case reflect.Float64:
		if b.isForm(n, scalarForm, name, "a number") {
			x, err := strconv.ParseFloat(n.text, 64)
			if (n.kind != Integer && n.kind != Number) || err != nil {
				b.typeFinding(n, name, "a number")
				return
			}
			v.SetFloat(x)
		}
	default:
		panic(fmt.Sprintf("document: cannot fill a %s", t))
	}
}

func (b *binder) bindStruct(n *node, v reflect.Value, name string) {
	if !b.isForm(n, mappingForm, name, "a mapping of keys to values") {
		return
	}
	fields := fieldsOf(v.Type())
	known := make([]string, len(fields))
	for i, f := range fields {
		known[i] = f.name
	}
	for _, e := range n.entries {
		i := slices.Index(known, e.key)
		if i < 0 {
			b.unknownKey(e, name, known)
			continue
		}
		b.bind(e.value, v.FieldByIndex(fields[i].index), e.key, fields[i])
	}
	for _, f := range fields {
		if f.required && n.entry(f.name) == nil {
			b.add(CodeMissingKey, n.line, n.column, "add it", "%s lacks the key %q", say(name), f.name)
		}
	}
}

func (b *binder) unknownKey(e *entry, name string, known []string) {
	hint := ""
	if near, ok := Nearest(e.key, known); ok {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	b.add(CodeUnknownKey, e.line, e.column, "use one of: "+strings.Join(known, ", "),
		"unknown key %q in %s%s", clip(e.key), say(name), hint)
}

func (b *binder) bindUnion(n *node, v reflect.Value, name string, alternatives []alternative) {
	forms := make([]string, len(alternatives))
	for i, a := range alternatives {
		if a.form == n.form {
			b.bind(n, v.Field(a.index), name, field{})
			return
		}
		forms[i] = formName(a.form)
	}
	b.typeFinding(n, name, strings.Join(forms, " or "))
}

func (b *binder) bindSlice(n *node, v reflect.Value, name string, f field) {
	if !b.isForm(n, sequenceForm, name, "a list") {
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.items), len(n.items))
	for i, item := range n.items {
		b.bind(item, out.Index(i), fmt.Sprintf("%s[%d]", name, i), f)
	}
	v.Set(out)
}

func (b *binder) bindMap(n *node, v reflect.Value, name string) {
	if v.Type().Key().Kind() != reflect.String {
		panic(fmt.Sprintf("document: cannot fill a %s", v.Type()))
	}
	if !b.isForm(n, mappingForm, name, "a mapping of keys to values") {
		return
	}
	out := reflect.MakeMapWithSize(v.Type(), len(n.entries))
	for _, e := range n.entries {
		value := reflect.New(v.Type().Elem()).Elem()
		b.bind(e.value, value, e.key, field{})
		out.SetMapIndex(reflect.ValueOf(e.key).Convert(v.Type().Key()), value)
	}
	v.Set(out)
}

func (b *binder) bindInt(n *node, v reflect.Value, name string) {
	if !b.isForm(n, scalarForm, name, "a whole number") {
		return
	}
	if n.kind != Integer {
		b.typeFinding(n, name, "a whole number")
		return
	}
	x, err := strconv.ParseInt(n.text, 10, v.Type().Bits())
	if err != nil {
		b.add(CodeValue, n.line, n.column, "", "%s: the number %s is too large", say(name), clip(n.text))
		return
	}
	v.SetInt(x)
}

// text is a scalar's spelling where a text is wanted. Numbers are taken as they
// are written; booleans and nothing are mistakes.
func (b *binder) text(n *node, name string) (string, bool) {
	if !b.isForm(n, scalarForm, name, "a text") {
		return "", false
	}
	if n.kind == Boolean || n.kind == Null {
		b.typeFinding(n, name, "a text")
		return "", false
	}
	return n.text, true
}

func (b *binder) inEnum(n *node, name, text string, enum []string) bool {
	if enum == nil || slices.Contains(enum, text) {
		return true
	}
	hint := ""
	if near, ok := Nearest(text, enum); ok {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	b.add(CodeValue, n.line, n.column, "use one of: "+strings.Join(enum, ", "), "%s cannot be %q%s", say(name), clip(text), hint)
	return false
}

// free is a value for any: nil, bool, int64, float64, string, []any or
// map[string]any.
func (b *binder) free(n *node, name string) (any, bool) {
	switch n.form {
	case sequenceForm:
		out := make([]any, len(n.items))
		for i, item := range n.items {
			value, ok := b.free(item, fmt.Sprintf("%s[%d]", name, i))
			if !ok {
				return nil, false
			}
			out[i] = value
		}
		return out, true
	case mappingForm:
		out := make(map[string]any, len(n.entries))
		for _, e := range n.entries {
			value, ok := b.free(e.value, e.key)
			if !ok {
				return nil, false
			}
			out[e.key] = value
		}
		return out, true
	}
	if !b.isClear(n, name) {
		return nil, false
	}
	switch n.kind {
	case Null:
		return nil, true
	case Boolean:
		return isTrue(n.text), true
	case Integer:
		if x, err := strconv.ParseInt(n.text, 10, 64); err == nil {
			return x, true
		}
		x, err := strconv.ParseFloat(n.text, 64)
		if err != nil {
			b.add(CodeValue, n.line, n.column, "", "%s: the number %s is too large", say(name), clip(n.text))
		}
		return x, err == nil
	case Number:
		x, err := strconv.ParseFloat(n.text, 64)
		return x, err == nil
	}
	return n.text, true
}

// isClear refuses spellings that one reader takes for a number and another for
// a text.
func (b *binder) isClear(n *node, name string) bool {
	if n.kind != unclear {
		return true
	}
	b.add(CodeType, n.line, n.column, "quote it to make it a text, or write a plain decimal number",
		"%s: %s is a number to some YAML readers and not to others", say(name), clip(n.text))
	return false
}

func (b *binder) isForm(n *node, want form, name, wanted string) bool {
	if n.form == want {
		return true
	}
	b.typeFinding(n, name, wanted)
	return false
}

func (b *binder) typeFinding(n *node, name, wanted string) {
	b.add(CodeType, n.line, n.column, "", "%s must be %s, not %s", say(name), wanted, describe(n))
}

func describe(n *node) string {
	if n.form != scalarForm {
		return formName(n.form)
	}
	switch n.kind {
	case Null:
		return "nothing"
	case Boolean:
		return "the boolean " + n.text
	case Integer, Number:
		return "the number " + clip(n.text)
	case unclear:
		return clip(n.text)
	}
	return fmt.Sprintf("the text %q", clip(n.text))
}

func formName(f form) string {
	return [...]string{scalarForm: "one value", sequenceForm: "a list", mappingForm: "a mapping"}[f]
}

func say(name string) string {
	if name == "" {
		return "the document"
	}
	return fmt.Sprintf("%q", clip(name))
}
