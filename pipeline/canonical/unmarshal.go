package canonical

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Unmarshal decodes one JSON text into what into points to, and refuses what
// encoding/json would quietly accept: a key that the type does not name in
// exactly that case, a key twice, null for a value that cannot be null, more
// elements than an array has, an integer that a float64 cannot hold, invalid
// UTF-8, and data after the value. The text need not be canonical: see Check.
//
// Keys that are missing leave their fields as they are; the caller knows which
// are required.
func Unmarshal(data []byte, into any) error {
	text, err := Transform(data)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		return fmt.Errorf("strict JSON: %w", err)
	}
	if err := checkKeys("$", value, reflect.TypeOf(into)); err != nil {
		return fmt.Errorf("strict JSON: %w", err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("strict JSON: %w", err)
	}
	return nil
}

var (
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// checkKeys holds value, as decoded into an interface, against the type that
// it is about to be decoded into. A type with its own decoder looks after
// itself.
func checkKeys(path string, value any, t reflect.Type) error {
	if p := reflect.PointerTo(t); p.Implements(jsonUnmarshaler) || p.Implements(textUnmarshaler) {
		return nil
	}
	if value == nil {
		switch t.Kind() {
		case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice:
			return nil
		}
		return fmt.Errorf("%s is null, and should be a %s", path, t.Kind())
	}
	switch t.Kind() {
	case reflect.Pointer:
		return checkKeys(path, value, t.Elem())
	case reflect.Slice, reflect.Array:
		elements, _ := value.([]any)
		if t.Kind() == reflect.Array && len(elements) != t.Len() {
			return fmt.Errorf("%s has %d elements, and should have %d", path, len(elements), t.Len())
		}
		for i, e := range elements {
			if err := checkKeys(fmt.Sprintf("%s[%d]", path, i), e, t.Elem()); err != nil {
				return err
			}
		}
	case reflect.Map:
		object, _ := value.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(object)) {
			if err := checkKeys(path+"."+key, object[key], t.Elem()); err != nil {
				return err
			}
		}
	case reflect.Struct:
		object, _ := value.(map[string]any)
		types := map[string]reflect.Type{}
		fieldTypes(t, types)
		for _, key := range slices.Sorted(maps.Keys(object)) {
			field, ok := types[key]
			if !ok {
				return fmt.Errorf("%s has the unknown key %q; known are %s", path, key,
					strings.Join(slices.Sorted(maps.Keys(types)), ", "))
			}
			if err := checkKeys(path+"."+key, object[key], field); err != nil {
				return err
			}
		}
	}
	return nil
}

// fieldTypes collects the JSON keys of a struct, those of embedded structs
// included.
func fieldTypes(t reflect.Type, into map[string]reflect.Type) {
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Tag.Get("json") == "-":
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			fieldTypes(f.Type, into)
		case !f.IsExported():
		case name == "":
			into[f.Name] = f.Type
		default:
			into[name] = f.Type
		}
	}
}

// UnmarshalComplete is Unmarshal that also refuses a text in which a key is
// missing that Marshal would write: encoding/json would quietly take the zero
// value. Fields that may be missing say omitempty or omitzero.
func UnmarshalComplete(data []byte, into any) error {
	if err := Unmarshal(data, into); err != nil {
		return err
	}
	encoded, err := Marshal(into)
	if err != nil {
		return fmt.Errorf("strict JSON: %w", err)
	}
	given, err := generic(data)
	if err != nil {
		return err
	}
	understood, err := generic(encoded)
	if err != nil {
		return err
	}
	if err := checkComplete("$", given, understood); err != nil {
		return fmt.Errorf("strict JSON: %w", err)
	}
	return nil
}

// generic decodes a text whose numbers are in their canonical form.
func generic(data []byte) (value any, err error) {
	text, err := Transform(data)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	err = dec.Decode(&value)
	return value, err
}

// checkComplete finds the first place in which a text differs from what its
// value would be written as.
func checkComplete(path string, given, understood any) error {
	switch understood := understood.(type) {
	case map[string]any:
		object, _ := given.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(understood)) {
			if _, ok := object[key]; !ok {
				return fmt.Errorf("%s.%s is missing", path, key)
			}
			if err := checkComplete(path+"."+key, object[key], understood[key]); err != nil {
				return err
			}
		}
	case []any:
		elements, _ := given.([]any)
		for i := range min(len(elements), len(understood)) {
			if err := checkComplete(fmt.Sprintf("%s[%d]", path, i), elements[i], understood[i]); err != nil {
				return err
			}
		}
	}
	if !reflect.DeepEqual(given, understood) {
		return fmt.Errorf("%s is %v, and would be written %v", path, given, understood)
	}
	return nil
}
