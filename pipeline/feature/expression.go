package feature

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// An Expression is what DuckDB's parser found in a piece of SQL.
type Expression struct {
	// Columns are the names used, sorted, each once.
	Columns []string
	// Offsets is where each column first stands in the text, in bytes.
	Offsets map[string]int
}

// expressionPrefix stands before the text that is parsed; the parser counts
// its locations from the start of the whole.
const expressionPrefix = "SELECT ("

// rowLevel are the node classes of DuckDB's syntax tree that look at nothing
// but the row at hand. Subqueries, windows, stars, lambdas and parameters are
// not among them.
var rowLevel = []string{
	"BETWEEN", "CASE", "CAST", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION", "OPERATOR",
}

// An expressionError is a mistake in an expression, not a failure of the tool.
type expressionError struct {
	message string
	// at and width are where the part that is refused stands in the text, in
	// bytes; width is 0 where that is not known.
	at, width int
}

func (e *expressionError) Error() string { return e.message }

func refuse(format string, values ...any) error {
	return &expressionError{message: fmt.Sprintf(format, values...)}
}

func refuseAt(at, width int, format string, values ...any) error {
	return &expressionError{message: fmt.Sprintf(format, values...), at: at, width: width}
}

// A Parser reads expressions with DuckDB's own grammar. It remembers what it
// has read, and may be used side by side: the batches of a command are.
type Parser struct {
	db        *sql.DB
	functions map[string]bool
	// frame is the syntax tree around a lone expression.
	frame map[string]any
	lock  sync.Mutex
	read  map[string]Expression
}

// NewParser makes a parser that uses db.
func NewParser(ctx context.Context, db *sql.DB) (*Parser, error) {
	p := &Parser{db: db, functions: dataset.RowFunctions(), read: map[string]Expression{}}
	var err error
	_, p.frame, err = p.tree(ctx, "1")
	return p, err
}

// Parse reads text and refuses everything that is not a function of one row:
// the result then depends on the row alone. The error is about the text, and
// names the part that is refused.
func (p *Parser) Parse(ctx context.Context, text string) (Expression, error) {
	if found, ok := p.known(text); ok {
		return found, nil
	}
	tree, frame, err := p.tree(ctx, text)
	if err != nil {
		return Expression{}, err
	}
	if !reflect.DeepEqual(frame, p.frame) {
		return Expression{}, refuse("%q is more than one SQL expression", text)
	}
	found := Expression{Offsets: map[string]int{}}
	if err := found.walk(tree, p.functions); err != nil {
		at, width := err.at-len(expressionPrefix), err.width
		if width == 0 {
			width = wordAt(text, at)
		}
		return Expression{}, refuseAt(at, width, "%q %s", text, err)
	}
	slices.Sort(found.Columns)
	p.lock.Lock()
	defer p.lock.Unlock()
	p.read[text] = found
	return found, nil
}

// known is what was read of a text before.
func (p *Parser) known(text string) (Expression, bool) {
	p.lock.Lock()
	defer p.lock.Unlock()
	found, ok := p.read[text]
	return found, ok
}

// tree is the syntax tree of the expression in text, and apart from it that of
// the SELECT around it, which a text with brackets of its own may have changed.
func (p *Parser) tree(ctx context.Context, text string) (expression any, frame map[string]any, err error) {
	var serialized string
	// The line feed ends a comment in the text before it can swallow the bracket.
	err = p.db.QueryRowContext(ctx, "SELECT json_serialize_sql(?::VARCHAR)::VARCHAR", expressionPrefix+text+"\n)").Scan(&serialized)
	if err != nil {
		return nil, nil, fmt.Errorf("DuckDB cannot parse an expression: %w", err)
	}
	var document struct {
		Error      bool   `json:"error"`
		Message    string `json:"error_message"`
		Position   string `json:"position"`
		Statements []struct {
			Node map[string]any `json:"node"`
		} `json:"statements"`
	}
	if err := json.Unmarshal([]byte(serialized), &document); err != nil {
		return nil, nil, refuse("%q is too deeply nested: %s", text, err)
	}
	if document.Error {
		at, width := mistakeAt(text, document.Position, len(expressionPrefix))
		return nil, nil, refuseAt(at, width, "%q is not an SQL expression: %s", text, document.Message)
	}
	if len(document.Statements) != 1 {
		return nil, nil, refuse("%q is more than one SQL expression", text)
	}
	frame = document.Statements[0].Node
	selected, _ := frame["select_list"].([]any)
	if len(selected) != 1 {
		return nil, nil, refuse("%q is more than one SQL expression", text)
	}
	delete(frame, "select_list")
	return selected[0], frame, nil
}

// mistakeAt is where the parser finds fault with a text, before which there are
// some bytes of ours.
func mistakeAt(text, position string, before int) (at, width int) {
	at, err := strconv.Atoi(position)
	if err != nil {
		return 0, 0
	}
	return at - before, wordAt(text, at-before)
}

// wordAt is the length of the word, or the one character, at a place in a text;
// 0 where that is not in it.
func wordAt(text string, at int) int {
	if at < 0 || at >= len(text) {
		return 0
	}
	end := strings.IndexFunc(text[at:], func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	switch {
	case end < 0:
		return len(text) - at
	case end == 0:
		_, size := utf8.DecodeRuneInString(text[at:])
		return size
	}
	return end
}

func (e *Expression) walk(node any, functions map[string]bool) *expressionError {
	switch node := node.(type) {
	case []any:
		for _, child := range node {
			if err := e.walk(child, functions); err != nil {
				return err
			}
		}
	case map[string]any:
		if class, ok := node["class"].(string); ok {
			if err := e.visit(class, node, functions); err != nil {
				return err
			}
		}
		for _, name := range slices.Sorted(maps.Keys(node)) {
			if err := e.walk(node[name], functions); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Expression) visit(class string, node map[string]any, functions map[string]bool) *expressionError {
	place, _ := node["query_location"].(float64)
	fault := func(width int, format string, values ...any) *expressionError {
		return &expressionError{message: fmt.Sprintf(format, values...), at: int(place), width: width}
	}
	if !slices.Contains(rowLevel, class) {
		return fault(0, "uses a %s; a feature sees one row at a time: use lookup or aggregate to reach other rows",
			strings.ToLower(strings.ReplaceAll(class, "_", " ")))
	}
	switch class {
	case "FUNCTION":
		name, _ := node["function_name"].(string)
		schema, _ := node["schema"].(string)
		catalog, _ := node["catalog"].(string)
		// x.f() calls f on the column x, which then is not seen to be used. The
		// parser itself writes main before the functions behind some syntax.
		if catalog != "" || schema != "" && schema != "main" {
			return fault(0, "calls %s behind a dot; write %s(...)", name, name)
		}
		if !functions[strings.ToLower(name)] {
			return fault(0, "uses %s, which is unknown or does not depend on the row alone (the clock, randomness, settings and aggregates are not allowed)", name)
		}
	case "COLUMN_REF":
		names, _ := node["column_names"].([]any)
		if len(names) != 1 {
			return fault(0, "uses a name with a dot; write the column's name alone")
		}
		name, _ := names[0].(string)
		offset := int(place) - len(expressionPrefix)
		if !slices.Contains(e.Columns, name) {
			e.Columns = append(e.Columns, name)
			e.Offsets[name] = offset
		}
		e.Offsets[name] = min(e.Offsets[name], offset)
	}
	return nil
}
