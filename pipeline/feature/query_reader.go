package feature

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

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
