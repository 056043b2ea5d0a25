package feature

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
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

// A queryReader walks a syntax tree, checks it, and writes out the common table
// expressions where they are named: DuckDB 1.4 works out some nested queries
// wrongly for each observation where they name one.
type queryReader struct {
	tree      *queryTree
	functions map[string]bool
	views     map[string]bool
}

// A common is a common table expression that is in scope.
type common struct {
	columns []any
	query   any
}

func (r *queryReader) read(node any, scope map[string]common) (any, error) {
	switch node := node.(type) {
	case []any:
		for i := range node {
			var err error
			if node[i], err = r.read(node[i], scope); err != nil {
				return nil, err
			}
		}
		return node, nil
	case map[string]any:
		return r.object(node, scope)
	}
	return node, nil
}

func (r *queryReader) object(node map[string]any, scope map[string]common) (any, error) {
	if alias := strings.ToLower(text(node, "alias")); alias != "" {
		r.tree.defined[alias] = true
		if text(node, "class") != "" {
			r.tree.called[alias] = append(r.tree.called[alias], node)
		}
	}
	r.define(node["column_name_alias"])
	if sample := node["sample"]; sample != nil {
		return nil, refuse("it takes a sample, which is another one each time")
	}
	var err error
	_, isQuery := node["cte_map"]
	_, isRelation := node["sample"]
	switch class := text(node, "class"); {
	case isQuery:
		if scope, err = r.query(node, scope); err != nil {
			return nil, err
		}
	case class == "CONSTANT":
		return double(node), nil
	case class != "":
		err = r.expression(class, node)
	case isRelation:
		return r.relation(node, scope)
	case strings.HasSuffix(text(node, "type"), "_MODIFIER") && !modifiers[text(node, "type")]:
		err = refuse("it uses a %s, which linecook does not run", plainly(text(node, "type")))
	}
	if err != nil {
		return nil, err
	}
	return r.children(node, scope)
}

// double writes a floating-point constant as a cast of its text: DuckDB writes
// 1e5 as 100000.0, which it reads as a decimal.
func double(node map[string]any) any {
	value, _ := node["value"].(map[string]any)
	kind, _ := value["type"].(map[string]any)
	number, isNumber := value["value"].(json.Number)
	if text(kind, "id") != "DOUBLE" || !isNumber {
		return node
	}
	return map[string]any{
		"class": "CAST", "type": "OPERATOR_CAST", "alias": node["alias"], "query_location": node["query_location"], "try_cast": false,
		"cast_type": kind,
		"child": map[string]any{
			"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "", "query_location": node["query_location"],
			"value": map[string]any{"type": map[string]any{"id": "VARCHAR", "type_info": nil}, "is_null": false, "value": number.String()},
		},
	}
}

func (r *queryReader) children(node map[string]any, scope map[string]common) (any, error) {
	for _, key := range slices.Sorted(maps.Keys(node)) {
		var err error
		if node[key], err = r.read(node[key], scope); err != nil {
			return nil, err
		}
	}
	return node, nil
}

// query checks one SELECT, or several joined by UNION and the like, and takes
// its common table expressions into scope.
func (r *queryReader) query(node map[string]any, scope map[string]common) (map[string]common, error) {
	if kind := text(node, "type"); !queryNodes[kind] {
		return nil, refuse("it uses a %s, which linecook does not run", plainly(kind))
	}
	ordered, limited := false, false
	list, _ := node["modifiers"].([]any)
	for _, modifier := range list {
		modifier, _ := modifier.(map[string]any)
		on, _ := modifier["distinct_on_targets"].([]any)
		ordered = ordered || text(modifier, "type") == "ORDER_MODIFIER"
		limited = limited || text(modifier, "type") == "LIMIT_MODIFIER" || len(on) > 0
	}
	if limited && !ordered {
		return nil, refuse("it takes whatever rows come first, which are others each time; say which with ORDER BY (%s orders all)", RowColumn)
	}
	inner := maps.Clone(scope)
	if inner == nil {
		inner = map[string]common{}
	}
	ctes, _ := node["cte_map"].(map[string]any)
	entries, _ := ctes["map"].([]any)
	for _, entry := range entries {
		entry, _ := entry.(map[string]any)
		value, _ := entry["value"].(map[string]any)
		query, err := r.read(value["query"], inner)
		if err != nil {
			return nil, err
		}
		name := strings.ToLower(text(entry, "key"))
		columns, _ := value["aliases"].([]any)
		r.tree.defined[name] = true
		r.define(columns)
		inner[name] = common{columns: columns, query: query}
	}
	ctes["map"] = []any{}
	return inner, nil
}

func (r *queryReader) define(names any) {
	list, _ := names.([]any)
	for _, name := range list {
		name, _ := name.(string)
		name = strings.ToLower(name)
		r.tree.defined[name] = true
		r.tree.called[name] = append(r.tree.called[name], nil)
	}
}

func (r *queryReader) relation(node map[string]any, scope map[string]common) (any, error) {
	kind := text(node, "type")
	if !relations[kind] {
		return nil, refuseAt(location(node), 1, "it reads from a %s; only %s can be read", plainly(kind), r.known())
	}
	if kind == "JOIN" {
		if join := text(node, "ref_type"); !joins[join] {
			return nil, refuseAt(location(node), 1, "it uses a %s join, which depends on the order of rows", plainly(join))
		}
		r.tree.all = r.tree.all || text(node, "ref_type") == "NATURAL"
		using, _ := node["using_columns"].([]any)
		for _, name := range using {
			name, _ := name.(string)
			r.tree.words[strings.ToLower(name)] = true
		}
	}
	if kind != "BASE_TABLE" {
		alias := strings.ToLower(text(node, "alias"))
		r.tree.tables[alias], r.tree.named[alias] = true, ""
		return r.children(node, scope)
	}
	table := text(node, "table_name")
	name := strings.ToLower(table)
	shared, isCommon := scope[name]
	if text(node, "schema_name") != "" || text(node, "catalog_name") != "" || node["at_clause"] != nil || !isCommon && !r.views[name] {
		whole := strings.TrimPrefix(text(node, "catalog_name")+"."+text(node, "schema_name")+"."+table, ".")
		return nil, refuseAt(location(node), len(strings.TrimPrefix(whole, ".")), "it reads %s; only %s can be read", table, r.known())
	}
	if text(node, "alias") == "" {
		node["alias"] = table
	}
	alias := strings.ToLower(text(node, "alias"))
	view := name
	if isCommon {
		view = ""
	}
	if other, again := r.tree.named[alias]; again && other != view {
		view = ""
	}
	r.tree.named[alias] = view
	r.tree.defined[alias], r.tree.tables[alias] = true, true
	if !isCommon {
		r.tree.reads[name] = true
		return node, nil
	}
	columns, _ := node["column_name_alias"].([]any)
	if len(columns) < len(shared.columns) {
		columns = append(slices.Clone(columns), shared.columns[len(columns):]...)
	}
	return map[string]any{
		"type": "SUBQUERY", "alias": node["alias"], "sample": nil, "query_location": node["query_location"],
		"subquery": shared.query, "column_name_alias": columns,
	}, nil
}

func (r *queryReader) known() string {
	return strings.Join(slices.Sorted(maps.Keys(r.views)), ", ")
}

func (r *queryReader) expression(class string, node map[string]any) error {
	if !slices.Contains(rowLevel, class) && !setBased[class] {
		return refuseAt(location(node), 1, "it uses a %s, which linecook does not run", plainly(class))
	}
	name := strings.ToLower(text(node, "function_name"))
	schema := text(node, "schema")
	if text(node, "catalog") != "" || schema != "" && schema != "main" {
		return refuseAt(location(node), len(name), "it calls %s behind a dot; write %s(...)", name, name)
	}
	children, _ := node["children"].([]any)
	add := func() {
		if len(children) == 1 {
			r.tree.sums = append(r.tree.sums, sum{function: name, of: children[0], at: location(node)})
		}
	}
	switch class {
	case "STAR":
		r.tree.all = true
	case "COLUMN_REF":
		return r.column(node)
	case "FUNCTION":
		orders, _ := node["order_bys"].(map[string]any)
		by, _ := orders["orders"].([]any)
		switch {
		case additions[name]:
			add()
		case ordered[name] && len(by) == 0:
			return refuseAt(location(node), len(name), "%s takes the rows in whatever order they come; say which with ORDER BY inside the brackets (%s orders all)", name, RowColumn)
		case !ordered[name] && !aggregates[name] && !r.functions[name]:
			return refuseAt(location(node), len(name), "it uses %s, which is unknown or does not depend on the rows alone (the clock, randomness, settings and files are not allowed)", name)
		}
	case "WINDOW":
		orders, _ := node["orders"].([]any)
		frame := text(node, "start") + text(node, "end")
		switch {
		case !windows[name] && !aggregates[name] && !additions[name]:
			return refuseAt(location(node), len(name), "it uses %s over a window, which linecook does not run", name)
		case len(orders) == 0 && (windows[name] || strings.Contains(frame, "ROWS")):
			return refuseAt(location(node), len(name), "%s takes the rows in whatever order they come; say which with ORDER BY in its OVER (%s orders all)", name, RowColumn)
		case additions[name]:
			add()
		}
	}
	return nil
}

func (r *queryReader) column(node map[string]any) error {
	var names []string
	parts, _ := node["column_names"].([]any)
	for _, part := range parts {
		name, _ := part.(string)
		names = append(names, name)
		r.tree.words[strings.ToLower(name)] = true
	}
	if len(names) == 1 && dataset.AsksAround(names[0]) {
		return refuseAt(location(node), len(names[0]), "%s may be the clock or a setting, which are not allowed; of a column write the table's name before it", names[0])
	}
	r.tree.names = append(r.tree.names, mention{names: names, at: location(node)})
	return nil
}

// wholes return whole numbers, and keepers what they are given.
var (
	wholes = words(`count count_star count_if countif row_number rank dense_rank rank_dense ntile
		year quarter month week day hour minute second millisecond microsecond dayofweek isodow dayofyear epoch_ms epoch_us
		date_diff datediff length len strlen unicode ascii strpos instr`)
	keepers = words("+ - * abs greatest least min max sum first last any_value first_value last_value nth_value lag lead arg_min argmin min_by arg_max argmax max_by")
)

// exact says whether adding the values of an expression rounds nothing, so that
// their order makes no difference: whole numbers and decimals. known tells it of
// a column.
func (t *queryTree) exact(node any, known map[string]bool) bool {
	return t.exactly(node, known, map[string]bool{})
}

func (t *queryTree) exactly(node any, known, within map[string]bool) bool {
	n, _ := node.(map[string]any)
	each := func(items []any) bool {
		return len(items) > 0 && !slices.ContainsFunc(items, func(item any) bool { return !t.exactly(item, known, within) })
	}
	children, _ := n["children"].([]any)
	switch text(n, "class") {
	case "COMPARISON", "CONJUNCTION", "BETWEEN":
		return true
	case "CAST":
		kind, _ := n["cast_type"].(map[string]any)
		return exactType(text(kind, "id"))
	case "CONSTANT":
		value, _ := n["value"].(map[string]any)
		kind, _ := value["type"].(map[string]any)
		return exactType(text(kind, "id")) || value["is_null"] == true
	case "COLUMN_REF":
		parts, _ := n["column_names"].([]any)
		if len(parts) == 0 {
			return false
		}
		name, _ := parts[len(parts)-1].(string)
		name = strings.ToLower(name)
		column, isColumn := known[name]
		meanings := t.called[name]
		if within[name] || isColumn && !column || !isColumn && len(meanings) == 0 {
			return false
		}
		// A name may stand for a column here and for something else there.
		inner := maps.Clone(within)
		inner[name] = true
		return !slices.ContainsFunc(meanings, func(meaning any) bool { return !t.exactly(meaning, known, inner) })
	case "CASE":
		checks, _ := n["case_checks"].([]any)
		values := []any{n["else_expr"]}
		for _, check := range checks {
			check, _ := check.(map[string]any)
			values = append(values, check["then_expr"])
		}
		return each(values)
	case "OPERATOR":
		return text(n, "type") == "OPERATOR_COALESCE" && each(children)
	case "FUNCTION", "WINDOW":
		name := strings.ToLower(text(n, "function_name"))
		return wholes[name] || keepers[name] && each(children[:min(len(children), operands(name))])
	}
	return false
}

// operands is how many arguments of a keeper its value may be.
func operands(name string) int {
	if strings.HasPrefix(name, "arg") || strings.HasSuffix(name, "_by") || strings.HasSuffix(name, "_value") || name == "first" || name == "last" {
		return 1
	}
	return 3
}

// exactType says whether a type of DuckDB holds whole numbers or decimals.
func exactType(name string) bool {
	base, _, _ := strings.Cut(name, "(")
	return slices.Contains(numbers.types, base) && base != "FLOAT" && base != "DOUBLE"
}

// over is the query as SQL, in which each view is the relation that it is given.
func (p *Parser) over(ctx context.Context, t *queryTree, relations map[string]string) (string, error) {
	subqueries := map[string]any{}
	for name, relation := range relations {
		node, err := p.selectNode(ctx, relation)
		if err != nil {
			return "", fmt.Errorf("the view %s: %w", name, err)
		}
		subqueries[strings.ToLower(name)] = map[string]any{"node": node, "named_param_map": []any{}}
	}
	// The tree is taken apart below, and may be asked for again.
	node, err := again(t.node)
	if err != nil {
		return "", err
	}
	node = replace(node, subqueries)
	whole, err := json.Marshal(map[string]any{"error": false, "statements": []any{map[string]any{"node": node, "named_param_map": []any{}}}})
	if err != nil {
		return "", err
	}
	var query string
	if err := p.db.QueryRowContext(ctx, "SELECT json_deserialize_sql(?::JSON)", string(whole)).Scan(&query); err != nil {
		return "", fmt.Errorf("DuckDB cannot write a query: %w", err)
	}
	// What is run must be what was read.
	back, err := p.selectNode(ctx, query)
	if err != nil {
		return "", fmt.Errorf("DuckDB cannot read the query that it wrote: %w", err)
	}
	if !reflect.DeepEqual(bare(back), bare(node)) {
		return "", refuse("DuckDB does not write it as it reads it; write it in another way")
	}
	return query, nil
}

func replace(node any, subqueries map[string]any) any {
	switch node := node.(type) {
	case []any:
		for i := range node {
			node[i] = replace(node[i], subqueries)
		}
	case map[string]any:
		if text(node, "type") == "BASE_TABLE" {
			return map[string]any{
				"type": "SUBQUERY", "alias": node["alias"], "sample": nil, "query_location": node["query_location"],
				"subquery": subqueries[strings.ToLower(text(node, "table_name"))], "column_name_alias": node["column_name_alias"],
			}
		}
		for key := range node {
			node[key] = replace(node[key], subqueries)
		}
	}
	return node
}

func again(node any) (copied any, err error) {
	written, err := json.Marshal(node)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(written))
	decoder.UseNumber()
	err = decoder.Decode(&copied)
	return copied, err
}

// bare is a copy of a syntax tree without the places in the text.
func bare(node any) any {
	switch node := node.(type) {
	case []any:
		items := make([]any, len(node))
		for i := range node {
			items[i] = bare(node[i])
		}
		return items
	case map[string]any:
		fields := map[string]any{}
		for key, value := range node {
			if key != "query_location" {
				fields[key] = bare(value)
			}
		}
		return fields
	}
	return node
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
