package validation

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/linecook-ml/linecook/pipeline/report"
)

const (
	unreadableCode = "repository/workflow-unreadable"
	// maxWorkflow bounds a file; GitHub's own bound of a workflow is half of it.
	maxWorkflow = 1 << 20
	// maxAliases bounds the aliases that lead from one to the next.
	maxAliases = 16
)

// A source is a YAML file that is only looked at. Every lookup allows that the
// node is absent or of another kind: then there is nothing.
type source struct {
	file    string
	lines   []string
	anchors map[string]ast.Node
}

func newSource(file string, text []byte) *source {
	return &source{file: file, lines: strings.Split(string(text), "\n"), anchors: map[string]ast.Node{}}
}

// parse reads the file's first document.
func (s *source) parse(text []byte) (root ast.Node, unreadable *report.Finding) {
	refuse := func(line int, format string, values ...any) (ast.Node, *report.Finding) {
		return nil, &report.Finding{
			Code: unreadableCode, Severity: report.Error, Position: report.Position{File: s.file, Line: line},
			Message: fmt.Sprintf(format, values...), Remedy: "correct the file: what cannot be read cannot be checked",
		}
	}
	// The parser has panicked on crafted files before.
	defer func() {
		if p := recover(); p != nil {
			root, unreadable = refuse(1, "the file makes the YAML parser fail")
		}
	}()
	if len(text) > maxWorkflow {
		return refuse(1, "the file has %d bytes, and %d are the most", len(text), maxWorkflow)
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		line, what := yamlError(err)
		return refuse(line, "the file is no YAML: %s", what)
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return refuse(1, "the file has %d YAML documents, and one with something in it is needed", len(file.Docs))
	}
	ast.Walk(anchorCollector{s}, file.Docs[0].Body)
	root = s.resolve(file.Docs[0].Body)
	if len(s.entries(root)) == 0 {
		return refuse(1, "the file is no YAML mapping")
	}
	return root, nil
}

// yamlError is the line and the first line of the parser's message, which reads
// "[3:5] message\n   1 | …".
func yamlError(err error) (int, string) {
	text, _, _ := strings.Cut(err.Error(), "\n")
	line := 1
	if _, scanErr := fmt.Sscanf(text, "[%d:", &line); scanErr == nil {
		_, text, _ = strings.Cut(text, "] ")
	}
	return max(line, 1), text
}

type anchorCollector struct{ *source }

// Visit implements ast.Visitor.
func (c anchorCollector) Visit(node ast.Node) ast.Visitor {
	if anchor, ok := node.(*ast.AnchorNode); ok && anchor.Name != nil {
		c.anchors[anchor.Name.String()] = anchor.Value
	}
	return c
}

// resolve follows anchors, aliases and tags to what they stand for.
func (s *source) resolve(node ast.Node) ast.Node {
	for range maxAliases {
		switch n := node.(type) {
		case *ast.AnchorNode:
			node = n.Value
		case *ast.TagNode:
			node = n.Value
		case *ast.AliasNode:
			node = s.anchors[n.Value.String()]
		default:
			return node
		}
	}
	return nil
}

type entry struct{ key, value ast.Node }

func (s *source) entries(node ast.Node) []entry {
	var values []*ast.MappingValueNode
	switch n := s.resolve(node).(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	}
	entries := make([]entry, len(values))
	for i, value := range values {
		entries[i] = entry{value.Key, s.resolve(value.Value)}
	}
	return entries
}

func (s *source) items(node ast.Node) []ast.Node {
	list, ok := s.resolve(node).(*ast.SequenceNode)
	if !ok {
		return nil
	}
	items := make([]ast.Node, len(list.Values))
	for i, value := range list.Values {
		items[i] = s.resolve(value)
	}
	return items
}

func (s *source) get(node ast.Node, key string) ast.Node {
	for _, e := range s.entries(node) {
		if text1(e.key) == key {
			return e.value
		}
	}
	return nil
}

func (s *source) has(node ast.Node, key string) bool {
	for _, e := range s.entries(node) {
		if text1(e.key) == key {
			return true
		}
	}
	return false
}

// scalar is the text of a scalar, and empty for every other node.
func scalar(node ast.Node) string {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	}
	return ""
}

// text1 is a scalar of one word.
func text1(node ast.Node) string { return strings.TrimSpace(scalar(node)) }

func (s *source) at(node ast.Node) report.Position {
	position := report.Position{File: s.file, Line: 1}
	if node != nil && node.GetToken() != nil && node.GetToken().Position != nil {
		position.Line, position.Column = node.GetToken().Position.Line, node.GetToken().Position.Column
	}
	return position
}

// locate finds a text that stands in a scalar, which may begin lines above it.
func (s *source) locate(node ast.Node, text string) report.Position {
	from := s.at(node)
	for i := max(from.Line-1, 0); i < len(s.lines); i++ {
		if column := strings.Index(s.lines[i], text); column >= 0 {
			return report.Position{File: s.file, Line: i + 1, Column: column + 1}
		}
	}
	return from
}
