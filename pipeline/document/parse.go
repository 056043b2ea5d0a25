package document

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/linecook-ml/linecook/pipeline/report"
)

// Limits that a file written by a person never meets. The library spends memory
// in proportion to depth × nodes and to key length × nodes, so they are held on
// the tokens, before it builds anything.
const (
	maxBytes = 1 << 20
	maxDepth = 48
	maxKey   = 512
	// maxColumn bounds block nesting on one line ("- - - -").
	maxColumn = 512
	// maxTokens bounds the parser's time, which is quadratic in the width of one
	// mapping. The largest official contract example has 16,267.
	maxTokens = 50_000
)

type form int

const (
	scalarForm form = iota
	sequenceForm
	mappingForm
)

// A node is one value of the document with its place.
type node struct {
	form         form
	kind         Kind   // of a scalar
	text         string // of a scalar, as written
	entries      []*entry
	byKey        map[string]*entry
	items        []*node
	line, column int
}

type entry struct {
	key          string
	line, column int
	value        *node
}

func (n *node) entry(key string) *entry { return n.byKey[key] }

func (n *node) add(e *entry) {
	if n.byKey == nil {
		n.byKey = map[string]*entry{}
	}
	n.entries = append(n.entries, e)
	n.byKey[e.key] = e
}

// A reader turns one file into a tree and gathers what is wrong with its form.
type reader struct {
	file     string
	findings []report.Finding
}

func (r *reader) add(code string, line, column int, remedy, format string, args ...any) {
	r.findings = append(r.findings, report.Finding{
		Code: code, Severity: report.Error, Message: fmt.Sprintf(format, args...), Remedy: remedy,
		Position: report.Position{File: r.file, Line: line, Column: column},
	})
}

// parse turns bytes into a tree. The tree is nil when the form is broken; then
// there is at least one finding.
func parse(file string, data []byte) (*node, []report.Finding) {
	r := &reader{file: file}
	root := r.read(data)
	if len(r.findings) > 0 && !onlyDuplicates(r.findings) {
		return nil, r.findings
	}
	return root, r.findings
}

func onlyDuplicates(findings []report.Finding) bool {
	for _, f := range findings {
		if f.Code != CodeDuplicateKey {
			return false
		}
	}
	return true
}

func (r *reader) read(data []byte) (root *node) {
	// The library has panicked on odd input before; a file must never end the
	// program.
	defer func() {
		if p := recover(); p != nil {
			r.add(CodeSyntax, 1, 1, "check the file with a YAML linter", "the YAML parser cannot read this file: %v", p)
			root = nil
		}
	}()
	if len(data) > maxBytes {
		r.add(CodeTooLarge, 0, 0, "split the file", "the file has %d bytes; at most %d are read", len(data), maxBytes)
		return nil
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	if !r.checkBytes(data) {
		return nil
	}
	tokens := lexer.Tokenize(string(data))
	if !r.checkTokens(tokens) {
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.syntaxError(err)
		return nil
	}
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.DirectiveType {
			bodies = append(bodies, doc.Body)
		}
	}
	switch {
	case len(bodies) == 0:
		r.add(CodeEmpty, 1, 1, "", "the file is empty")
		return nil
	case len(bodies) > 1:
		line, column := place(bodies[1])
		r.add(CodeSeveral, line, column, "put each document in a file of its own", "the file has %d YAML documents; one is expected", len(bodies))
		return nil
	}
	return r.convert(bodies[0], 0)
}

func (r *reader) checkBytes(data []byte) bool {
	line, column := 1, 1
	for i := 0; i < len(data); {
		c, size := utf8.DecodeRune(data[i:])
		switch {
		case c == utf8.RuneError && size == 1:
			r.add(CodeEncoding, line, column, "save the file as UTF-8 text", "byte 0x%02X is not UTF-8", data[i])
			return false
		case c == '\n':
			line, column = line+1, 0
		case forbidden(c):
			r.add(CodeEncoding, line, column, "remove it; in a quoted text it can be written as an escape", "the character %U cannot stand in a YAML file", c)
			return false
		}
		column++
		i += size
	}
	return true
}

// forbidden are control characters and those that some readers take for line
// ends.
func forbidden(c rune) bool {
	return c < ' ' && c != '\t' && c != '\n' || c >= 0x7f && c < 0xa0 || c == 0xfeff || c == 0x2028 || c == 0x2029
}

func (r *reader) checkTokens(tokens token.Tokens) bool {
	before := len(r.findings)
	if len(tokens) > maxTokens {
		r.add(CodeTooLarge, 0, 0, "split the file", "the file has %d keys, values and signs; at most %d are read", len(tokens), maxTokens)
		return false
	}
	depth := 0
	for _, t := range tokens {
		line, column := t.Position.Line, t.Position.Column
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			r.add(CodeAlias, line, column, "write the value out where it is used", "anchors, aliases and merge keys (&, *, <<) are not read")
		case token.TagType:
			r.add(CodeTag, line, column, "remove the tag; quote the value to make it a text", "the tag %q is not read", clip(t.Value))
		case token.MappingKeyType:
			r.add(CodeSyntax, line, column, "write the key as text before a colon", "explicit keys (?) are not read")
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.MappingValueType:
			if t.Prev != nil && len(t.Prev.Value) > maxKey {
				r.add(CodeTooLarge, line, column, "shorten it", "a key has %d bytes; at most %d are read", len(t.Prev.Value), maxKey)
			}
		}
		if depth > maxDepth || (t.Type == token.SequenceEntryType && column > maxColumn) {
			r.add(CodeTooDeep, line, column, "flatten the value", "values are nested more than %d deep", maxDepth)
			return false
		}
	}
	return len(r.findings) == before
}

func (r *reader) syntaxError(err error) {
	var ye yaml.Error
	if errors.As(err, &ye) && ye.GetToken() != nil && ye.GetToken().Position != nil {
		at := ye.GetToken().Position
		r.add(CodeSyntax, at.Line, at.Column, "", "this is not YAML: %s", ye.GetMessage())
		return
	}
	r.add(CodeSyntax, 1, 1, "", "this is not YAML: %v", err)
}

func place(n ast.Node) (line, column int) {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return place(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return place(n.Key)
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line, t.Position.Column
	}
	return 1, 1
}

func (r *reader) convert(n ast.Node, depth int) *node {
	line, column := place(n)
	out := &node{line: line, column: column}
	if depth > maxDepth {
		r.add(CodeTooDeep, line, column, "flatten the value", "values are nested more than %d deep", maxDepth)
		return out
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		out.form = mappingForm
		for _, v := range n.Values {
			r.convertEntry(out, v, depth)
		}
	case *ast.MappingValueNode:
		out.form = mappingForm
		r.convertEntry(out, n, depth)
	case *ast.SequenceNode:
		out.form = sequenceForm
		for _, v := range n.Values {
			out.items = append(out.items, r.convert(v, depth+1))
		}
	case *ast.LiteralNode:
		out.kind = Text
		if n.Value != nil {
			out.text = n.Value.Value
		}
	default:
		t := n.GetToken()
		switch {
		case t == nil:
			r.add(CodeSyntax, line, column, "", "this is not YAML that linecook reads (%s)", n.Type())
		case t.Type == token.SingleQuoteType || t.Type == token.DoubleQuoteType:
			out.kind, out.text = Text, t.Value
		case t.Type == token.ImplicitNullType:
			out.kind = Null
		case isPlain(n):
			out.text = t.Value
			out.kind = plainKind(t.Value)
		default:
			r.add(CodeSyntax, line, column, "", "this is not YAML that linecook reads (%s)", n.Type())
		}
	}
	return out
}

func isPlain(n ast.Node) bool {
	switch n.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode, *ast.InfinityNode, *ast.NanNode:
		return true
	}
	return false
}

func (r *reader) convertEntry(m *node, v *ast.MappingValueNode, depth int) {
	line, column := place(v.Key)
	t := v.Key.GetToken()
	if t == nil || !isPlain(v.Key) {
		r.add(CodeSyntax, line, column, "write the key as text before a colon", "this key is not a text")
		return
	}
	if first := m.entry(t.Value); first != nil {
		r.add(CodeDuplicateKey, line, column, "keep one of them", "the key %q stands here twice; the first is on line %d", t.Value, first.line)
		return
	}
	m.add(&entry{key: t.Value, line: line, column: column, value: r.convert(v.Value, depth+1)})
}

// clip keeps foreign text in a message short.
func clip(s string) string {
	const limit = 60
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	return string(runes[:limit-1]) + "…"
}
