package document

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Encode writes a struct as the YAML that Decode reads back into an equal one.
// Keys stand in the order of the fields; those with their zero value are left
// out unless they are required. comment, which may be nil, gives the text of a
// comment to put above the value at a path; "" means none. The error is a type
// that Decode could not fill either.
func Encode(v any, comment func(path ...any) string) ([]byte, error) {
	value := reflect.ValueOf(v)
	for value.Kind() == reflect.Pointer && !value.IsNil() {
		value = value.Elem()
	}
	if value.Kind() != reflect.Struct {
		return nil, fmt.Errorf("YAML is written from a struct, not from %T", v)
	}
	e := &encoder{comment: comment}
	e.writeComment("", nil)
	if err := e.mapping(value, "", nil); err != nil {
		return nil, err
	}
	return e.out.Bytes(), nil
}

type encoder struct {
	out     bytes.Buffer
	comment func(path ...any) string
}

func (e *encoder) writeComment(indent string, path []any) {
	if e.comment == nil {
		return
	}
	text := e.comment(path...)
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		e.out.WriteString(strings.TrimRight(indent+"# "+printable(line), " ") + "\n")
	}
}

// printable replaces what a YAML file may not hold; foreign text stands in
// comments.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if forbidden(r) || r == '\n' || r == '\t' {
			return '�'
		}
		return r
	}, s)
}

func (e *encoder) mapping(v reflect.Value, indent string, path []any) error {
	for _, f := range fieldsOf(v.Type()) {
		value := v.FieldByIndex(f.index)
		if value.IsZero() && !f.required {
			continue
		}
		if err := e.entry(f.name, value, indent, path); err != nil {
			return err
		}
	}
	return nil
}

func (e *encoder) entry(key string, value reflect.Value, indent string, path []any) error {
	path = append(slices.Clone(path), key)
	e.writeComment(indent, path)
	e.out.WriteString(indent + scalarText(key) + ":")
	return e.value(value, indent, path)
}

// value writes what follows a colon or a dash.
func (e *encoder) value(v reflect.Value, indent string, path []any) error {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			e.out.WriteString(" null\n")
			return nil
		}
		v = v.Elem()
	}
	if text, ok := scalar(v); ok {
		e.out.WriteString(" " + text + "\n")
		return nil
	}
	switch v.Kind() {
	case reflect.Struct:
		if alternatives := alternativesOf(v.Type()); alternatives != nil {
			for _, a := range alternatives {
				if !v.Field(a.index).IsZero() {
					return e.value(v.Field(a.index), indent, path)
				}
			}
			return e.value(v.Field(alternatives[0].index), indent, path)
		}
		if isEmpty(v) {
			e.out.WriteString(" {}\n")
			return nil
		}
		e.out.WriteString("\n")
		return e.mapping(v, indent+"  ", path)
	case reflect.Map:
		if v.Len() == 0 {
			e.out.WriteString(" {}\n")
			return nil
		}
		e.out.WriteString("\n")
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, key := range keys {
			if err := e.entry(key.String(), v.MapIndex(key), indent+"  ", path); err != nil {
				return err
			}
		}
		return nil
	case reflect.Slice:
		return e.sequence(v, indent, path)
	}
	return fmt.Errorf("YAML cannot hold a %s", v.Type())
}

func isEmpty(v reflect.Value) bool {
	for _, f := range fieldsOf(v.Type()) {
		if f.required || !v.FieldByIndex(f.index).IsZero() {
			return false
		}
	}
	return true
}

func (e *encoder) sequence(v reflect.Value, indent string, path []any) error {
	if flow, ok := flowList(v); ok {
		e.out.WriteString(" " + flow + "\n")
		return nil
	}
	e.out.WriteString("\n")
	for i := range v.Len() {
		inner := &encoder{comment: e.comment}
		itemPath := append(slices.Clone(path), i)
		e.writeComment(indent+"  ", itemPath)
		if err := inner.value(v.Index(i), indent+"  ", itemPath); err != nil {
			return err
		}
		// A mapping's first key goes on the line of its dash, after its comments.
		text := inner.out.String()
		if rest, block := strings.CutPrefix(text, "\n"); block {
			lines := strings.SplitAfter(rest, "\n")
			first := 0
			for strings.HasPrefix(strings.TrimLeft(lines[first], " "), "#") {
				e.out.WriteString(lines[first])
				first++
			}
			lines[first] = indent + "  - " + strings.TrimLeft(lines[first], " ")
			text = strings.Join(lines[first:], "")
			e.out.WriteString(text)
			continue
		}
		e.out.WriteString(indent + "  -" + text)
	}
	return nil
}

// flowList writes a list of plain values on one line.
func flowList(v reflect.Value) (string, bool) {
	parts := make([]string, v.Len())
	for i := range parts {
		item := v.Index(i)
		if item.Kind() == reflect.Interface && !item.IsNil() {
			item = item.Elem()
		}
		text, ok := scalar(item)
		if !ok {
			return "", false
		}
		parts[i] = text
	}
	return "[" + strings.Join(parts, ", ") + "]", true
}

func scalar(v reflect.Value) (string, bool) {
	if v.Type() == scalarType {
		s := v.Interface().(Scalar)
		switch s.Kind {
		case Text:
			return scalarText(s.Text), true
		case Null, "":
			return "null", true
		}
		return s.Text, true
	}
	switch v.Kind() {
	case reflect.String:
		return scalarText(v.String()), true
	case reflect.Bool:
		return strconv.FormatBool(v.Bool()), true
	case reflect.Int, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10), true
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64), true
	case reflect.Interface:
		if v.IsNil() {
			return "null", true
		}
	}
	return "", false
}

// scalarText writes a text without quotes only where every reader of YAML takes
// it for the same text.
func scalarText(s string) string {
	if plainText(s) && plainKind(s) == Text {
		return s
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	// A string cannot fail to encode.
	_ = encoder.Encode(s)
	var out strings.Builder
	for _, r := range strings.TrimSuffix(b.String(), "\n") {
		if forbidden(r) {
			fmt.Fprintf(&out, `\u%04x`, r)
			continue
		}
		out.WriteRune(r)
	}
	return out.String()
}

// plainText keeps to letters, digits and a few signs; and away from the words
// that YAML 1.1 takes for booleans, and from what looks like a date.
func plainText(s string) bool {
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off":
		return false
	}
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
		inner := r >= '0' && r <= '9' || r == '.' || r == '-' || r == '/' || r == ' '
		if !letter && (i == 0 || !inner) {
			return false
		}
	}
	return s != "" && !strings.HasSuffix(s, " ")
}
