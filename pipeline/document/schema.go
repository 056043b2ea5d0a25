package document

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
)

// Schema is the JSON Schema (draft 2020-12) of the documents that Decode stores
// in v's type without a finding. It is stricter than Decode in one place: it
// asks for quotes around a text that looks like a number, because editors see
// 1.1 where the file says 1.10.
//
// The tag `description:"…"` becomes a description. A TextUnmarshaler is a
// string; its method JSONSchemaPattern() string, if it has one, gives the
// pattern.
func Schema(v any, id, title string) ([]byte, error) {
	t := reflect.TypeOf(v)
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("a JSON Schema is made from a struct, not from %T", v)
	}
	s := &schemas{names: map[string]reflect.Type{}, defs: map[string]any{}}
	root, err := s.object(t)
	if err != nil {
		return nil, err
	}
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = id
	root["title"] = title
	if len(s.defs) > 0 {
		root["$defs"] = s.defs
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(root); err != nil {
		return nil, fmt.Errorf("write the JSON Schema of %s: %w", t, err)
	}
	return out.Bytes(), nil
}

type schemas struct {
	names map[string]reflect.Type
	defs  map[string]any
}

func (s *schemas) object(t reflect.Type) (map[string]any, error) {
	properties := map[string]any{}
	var required []string
	for _, f := range fieldsOf(t) {
		p, err := s.of(f.typ, f.enum)
		if err != nil {
			return nil, fmt.Errorf("key %q: %w", f.name, err)
		}
		if f.description != "" {
			p["description"] = f.description
		}
		properties[f.name] = p
		if f.required {
			required = append(required, f.name)
		}
	}
	out := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if required != nil {
		out["required"] = required
	}
	return out, nil
}

func (s *schemas) of(t reflect.Type, enum []string) (map[string]any, error) {
	switch {
	case t == scalarType:
		return map[string]any{"type": []string{"string", "number", "boolean", "null"}}, nil
	case reflect.PointerTo(t).Implements(textUnmarshaler):
		out := map[string]any{"type": "string"}
		if p, ok := reflect.New(t).Interface().(interface{ JSONSchemaPattern() string }); ok {
			out["pattern"] = p.JSONSchemaPattern()
		}
		return out, nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem(), enum)
	case reflect.Struct:
		return s.reference(t)
	case reflect.Slice:
		items, err := s.of(t.Elem(), enum)
		return map[string]any{"type": "array", "items": items}, err
	case reflect.Map:
		values, err := s.of(t.Elem(), nil)
		return map[string]any{"type": "object", "additionalProperties": values}, err
	case reflect.Interface:
		return map[string]any{}, nil
	case reflect.String:
		out := map[string]any{"type": "string"}
		if enum != nil {
			out["enum"] = enum
		}
		return out, nil
	case reflect.Bool:
		return map[string]any{"type": "boolean"}, nil
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}, nil
	case reflect.Float64:
		return map[string]any{"type": "number"}, nil
	}
	return nil, fmt.Errorf("a JSON Schema cannot describe a %s", t)
}

// reference puts a struct under $defs once, so that types may contain
// themselves.
func (s *schemas) reference(t reflect.Type) (map[string]any, error) {
	name := t.Name()
	if name == "" {
		return nil, fmt.Errorf("the struct %s has no name to put under $defs", t)
	}
	ref := map[string]any{"$ref": "#/$defs/" + name}
	switch known := s.names[name]; known {
	case t:
		return ref, nil
	case nil:
	default:
		return nil, fmt.Errorf("two types are called %s: %s and %s", name, known.PkgPath(), t.PkgPath())
	}
	s.names[name] = t
	def, err := s.definition(t)
	if err != nil {
		return nil, err
	}
	s.defs[name] = def
	return ref, nil
}

func (s *schemas) definition(t reflect.Type) (map[string]any, error) {
	alternatives := alternativesOf(t)
	if alternatives == nil {
		return s.object(t)
	}
	options := make([]any, len(alternatives))
	for i, a := range alternatives {
		option, err := s.of(a.typ, nil)
		if err != nil {
			return nil, err
		}
		options[i] = option
	}
	return map[string]any{"anyOf": options}, nil
}
