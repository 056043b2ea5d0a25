package feature

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

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
