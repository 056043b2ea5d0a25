package feature

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A queryTree is what DuckDB's parser found in a query, held to what a query may
// do: read its views, and nothing that is not the same for the same rows.
type queryTree struct {
	// node is the syntax tree, in which the common table expressions stand where
	// they were named.
	node any
	// words are the names in it that may be columns, in small letters; all says
	// that it may use every column, by a star or as a whole row.
	words map[string]bool
	all   bool
	// names are the columns that it uses, and defined the names that it gives, in
	// small letters.
	names   []mention
	defined map[string]bool
	// reads are the views that it names.
	reads map[string]bool
	// named are the views that names of tables always stand for.
	named map[string]string
	// tables are those names that stand for a table, and called what the others
	// stand for, where the query says it.
	tables map[string]bool
	called map[string][]any
	// sums are the aggregates whose result depends on the order of floating-point
	// numbers, unless what they add is exact.
	sums []sum
}

type mention struct {
	names []string
	at    int
}

type sum struct {
	function string
	of       any
	at       int
}

// The functions that a query may use beside those of one row.
var (
	// aggregates do not depend on the order of rows, but for rows that agree in
	// what arg_min and arg_max compare, which building a query tries out.
	aggregates = words(`count count_star count_if countif min max bool_and bool_or bit_and bit_or bit_xor
		median quantile quantile_cont quantile_disc arg_min argmin min_by arg_max argmax max_by`)
	// additions do, where they add floating-point numbers.
	additions = words("sum avg mean")
	// ordered take the rows in their order, and need one.
	ordered = words("first last any_value arbitrary list array_agg string_agg group_concat listagg")
	// windows are functions of a window with an order.
	windows = words("row_number rank dense_rank rank_dense percent_rank cume_dist ntile lag lead first_value first last_value last nth_value fill")
)

// The parts of a syntax tree that a query may have beside those of an expression.
var (
	queryNodes = words("SELECT_NODE SET_OPERATION_NODE")
	relations  = words("BASE_TABLE JOIN SUBQUERY EMPTY")
	joins      = words("REGULAR CROSS NATURAL ASOF")
	modifiers  = words("ORDER_MODIFIER LIMIT_MODIFIER DISTINCT_MODIFIER")
	setBased   = words("SUBQUERY WINDOW STAR")
)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(list) {
		set[word] = true
	}
	return set
}

// parseQuery reads a query and refuses what would make it depend on more than
// the rows of its views. The error is about the text.
func (p *Parser) parseQuery(ctx context.Context, q Query) (*queryTree, error) {
	node, err := p.selectNode(ctx, q.Text)
	if err != nil {
		return nil, err
	}
	t := &queryTree{words: map[string]bool{}, defined: map[string]bool{}, reads: map[string]bool{}, named: map[string]string{}, tables: map[string]bool{}, called: map[string][]any{}}
	r := &queryReader{tree: t, functions: p.functions, views: map[string]bool{ObservationView: true}}
	for _, read := range q.Reads {
		r.views[strings.ToLower(read.Source)] = true
	}
	if t.node, err = r.read(node, nil); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(t.defined)) {
		if strings.HasPrefix(name, ReservedPrefix) {
			return nil, refuse("it calls something %s; names that begin with %s are linecook's own", name, ReservedPrefix)
		}
	}
	for _, name := range t.names {
		// The name of a table is its whole row.
		t.all = t.all || len(name.names) == 1 && t.tables[strings.ToLower(name.names[0])]
	}
	return t, nil
}

// selectNode is the syntax tree of the one SELECT in a text.
func (p *Parser) selectNode(ctx context.Context, text string) (any, error) {
	var serialized string
	if err := p.db.QueryRowContext(ctx, "SELECT json_serialize_sql(?::VARCHAR)::VARCHAR", text).Scan(&serialized); err != nil {
		return nil, fmt.Errorf("DuckDB cannot parse a query: %w", err)
	}
	var document struct {
		Error      bool   `json:"error"`
		Message    string `json:"error_message"`
		Position   string `json:"position"`
		Statements []struct {
			Node any `json:"node"`
		} `json:"statements"`
	}
	decoder := json.NewDecoder(strings.NewReader(serialized))
	decoder.UseNumber()
	if err := decoder.Decode(&document); err != nil {
		return nil, refuse("it is too deeply nested: %s", err)
	}
	switch {
	case document.Error:
		at, width := mistakeAt(text, document.Position, 0)
		return nil, refuseAt(at, width, "it is not an SQL query: %s", document.Message)
	case len(document.Statements) != 1:
		return nil, refuse("it is %d SQL queries; write one SELECT", len(document.Statements))
	}
	return document.Statements[0].Node, nil
}

func text(node map[string]any, key string) string {
	value, _ := node[key].(string)
	return value
}

// location is where a part of a query stands in its text, in bytes.
func location(node map[string]any) int {
	number, _ := node["query_location"].(json.Number)
	at, err := number.Int64()
	if err != nil {
		return 0
	}
	return int(at)
}

func plainly(constant string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimSuffix(strings.TrimSuffix(constant, "_NODE"), "_MODIFIER"), "_", " "))
}
