package document

import (
	"fmt"
	"reflect"

	"github.com/linecook-ml/linecook/pipeline/report"
)

// The codes of the findings of Decode.
const (
	CodeEncoding     = "document/encoding"
	CodeTooLarge     = "document/too-large"
	CodeTooDeep      = "document/too-deep"
	CodeSyntax       = "document/syntax"
	CodeEmpty        = "document/empty"
	CodeSeveral      = "document/several"
	CodeAlias        = "document/alias"
	CodeTag          = "document/tag"
	CodeUnknownKey   = "document/unknown-key"
	CodeDuplicateKey = "document/duplicate-key"
	CodeMissingKey   = "document/missing-key"
	CodeType         = "document/type"
	CodeValue        = "document/value"
)

// A Document is the tree of positions of one decoded file.
type Document struct {
	file string
	root *node
}

// Decode parses the one YAML document in data and stores it in into, a pointer
// to a struct. file is only used in positions.
//
// A field is named by its tag `yaml:"name"`. The tag `required:"true"` demands
// the key, `enum:"a,b"` closes the set of texts. Fields may be string, bool,
// int, int64, float64, slices, maps with string keys, pointers, structs, any,
// [Scalar] or an [encoding.TextUnmarshaler]; an anonymous struct is inlined. A
// struct whose fields are tagged `yaml:",scalar"`, `yaml:",sequence"` or
// `yaml:",mapping"` takes the field that fits the form of the value.
//
// A number written without quotes is a valid text and keeps its spelling: 1.10
// stays "1.10". A boolean or nothing is never a text; NaN and infinities are
// never numbers.
//
// The document is nil when the syntax is broken. Where there are findings, into
// is filled as far as its values are sound and must not be relied on. Decode
// panics if into has a type that it cannot fill: that is a mistake in the code.
func Decode(file string, data []byte, into any) (*Document, []report.Finding) {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() || target.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("document.Decode: into is %T, not a pointer to a struct", into))
	}
	root, findings := parse(file, data)
	if root == nil {
		report.Sort(findings)
		return nil, findings
	}
	b := &binder{file: file, findings: findings}
	b.bind(root, target.Elem(), "", field{})
	report.Sort(b.findings)
	return &Document{file: file, root: root}, b.findings
}

// Position is the place of the value at path, where strings are keys and ints
// are indexes: Position("features", 3, "expression"). For a path that does not
// exist it is the place of the nearest ancestor that does.
func (d *Document) Position(path ...any) report.Position {
	n, _, _ := d.find(path)
	return d.position(n.line, n.column)
}

// KeyPosition is the place of the key at path; for an element of a list or the
// whole document it is the place of the value.
func (d *Document) KeyPosition(path ...any) report.Position {
	n, e, found := d.find(path)
	if found && e != nil {
		return d.position(e.line, e.column)
	}
	return d.position(n.line, n.column)
}

// Has reports whether the document has a value at path.
func (d *Document) Has(path ...any) bool {
	_, _, found := d.find(path)
	return found
}

func (d *Document) position(line, column int) report.Position {
	return report.Position{File: d.file, Line: line, Column: column}
}

func (d *Document) find(path []any) (*node, *entry, bool) {
	n := d.root
	var last *entry
	for _, step := range path {
		switch step := step.(type) {
		case string:
			e := n.entry(step)
			if e == nil {
				return n, last, false
			}
			n, last = e.value, e
		case int:
			if step < 0 || step >= len(n.items) {
				return n, last, false
			}
			n, last = n.items[step], nil
		default:
			panic(fmt.Sprintf("document: a path has strings and ints, not %T", step))
		}
	}
	return n, last, true
}
