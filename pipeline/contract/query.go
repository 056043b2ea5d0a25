package contract

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// placeholder is what stands for names in the queries of sql rules. The
// standard's text writes {object}, its schema ${table}; the other words are
// those of datacontract-cli.
var placeholder = regexp.MustCompile(`\$?\{(object|table|model|schema|property|column|field)\}`)

// fillQuery puts names in the place of placeholders, quoted. p is nil at an
// object, which has no property to name.
func fillQuery(query string, o *Object, p *Property) (string, error) {
	var missing string
	filled := placeholder.ReplaceAllStringFunc(query, func(found string) string {
		switch strings.Trim(found, "${}") {
		case "object", "table", "model", "schema":
			return dataset.Identifier(o.Name)
		}
		if p == nil {
			missing = found
			return found
		}
		return dataset.Identifier(p.Name)
	})
	if missing != "" {
		return "", fmt.Errorf("%s stands for a property, and the rule stands at a schema object", missing)
	}
	return filled, nil
}

// tableNames are the names under which a query finds the rows of an object.
func tableNames(o *Object) []string {
	names := []string{o.Name}
	if o.PhysicalName != "" && !strings.EqualFold(o.PhysicalName, o.Name) {
		names = append(names, o.PhysicalName)
	}
	return names
}

// A queryReader holds queries to what a rule may ask.
type queryReader struct {
	db        *sql.DB
	functions map[string]bool
}

// lambdaFunctions apply an expression, which is held to the same, to each item
// of a list.
var lambdaFunctions = []string{
	"apply", "array_apply", "list_apply", "array_transform", "list_transform",
	"filter", "array_filter", "list_filter", "array_reduce", "list_reduce", "reduce",
}

// estimates are aggregates whose result depends on chance, or on how the rows
// are divided among processors.
var estimates = []string{"approx_count_distinct", "approx_quantile", "approx_top_k", "reservoir_quantile"}

// tableFunctions yield rows made of their arguments.
var tableFunctions = []string{"range", "generate_series", "unnest"}

func newQueryReader(ctx context.Context, db *sql.DB) (*queryReader, error) {
	rows, err := db.QueryContext(ctx, `SELECT lower(function_name) FROM duckdb_functions() WHERE function_type = 'aggregate'
		GROUP BY 1 HAVING bool_and(stability = 'CONSISTENT')`)
	if err != nil {
		return nil, fmt.Errorf("list DuckDB's functions: %w", err)
	}
	defer func() { _ = rows.Close() }()
	r := &queryReader{db: db, functions: dataset.RowFunctions()}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		r.functions[name] = !slices.Contains(estimates, name)
	}
	for _, name := range lambdaFunctions {
		r.functions[name] = true
	}
	return r, rows.Err()
}

// check refuses what is not one SELECT over the named tables whose result
// depends on their rows alone. It reads DuckDB's own syntax tree, and what it
// does not know it refuses.
func (r *queryReader) check(ctx context.Context, query string, tables []string) error {
	var serialized string
	if err := r.db.QueryRowContext(ctx, "SELECT json_serialize_sql(?::VARCHAR)::VARCHAR", query).Scan(&serialized); err != nil {
		return fmt.Errorf("DuckDB cannot parse the query: %w", err)
	}
	var tree struct {
		Error      bool   `json:"error"`
		Message    string `json:"error_message"`
		Statements []any  `json:"statements"`
	}
	if err := json.Unmarshal([]byte(serialized), &tree); err != nil {
		return fmt.Errorf("DuckDB's syntax tree: %w", err)
	}
	switch {
	case tree.Error:
		return fmt.Errorf("it is no SELECT that DuckDB can read: %s", tree.Message)
	case len(tree.Statements) != 1:
		return fmt.Errorf("it has %d statements, and a rule is one SELECT", len(tree.Statements))
	}
	w := queryWalk{functions: r.functions, tables: map[string]bool{}}
	for _, name := range tables {
		w.tables[strings.ToLower(name)] = true
	}
	return w.walk(tree.Statements[0])
}

type queryWalk struct {
	// tables are the names that can be read from where the walk is.
	functions, tables map[string]bool
}

// with adds the names that a query's WITH gives, which are known inside of it.
func (w queryWalk) with(node map[string]any) queryWalk {
	ctes, _ := node["cte_map"].(map[string]any)
	entries, _ := ctes["map"].([]any)
	if len(entries) == 0 {
		return w
	}
	w.tables = maps.Clone(w.tables)
	for _, entry := range entries {
		if entry, ok := entry.(map[string]any); ok {
			name, _ := entry["key"].(string)
			w.tables[strings.ToLower(name)] = true
		}
	}
	return w
}

// The node types of DuckDB's syntax tree that a query may have: queries, what
// stands after FROM, and expressions by class.
var (
	queryNodes   = []string{"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
	tableNodes   = []string{"BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY", "EMPTY_FROM"}
	queryClasses = []string{"BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION", "LAMBDA", "OPERATOR", "STAR", "SUBQUERY", "WINDOW"}
)

func (w queryWalk) walk(node any) error {
	switch node := node.(type) {
	case []any:
		for _, child := range node {
			if err := w.walk(child); err != nil {
				return err
			}
		}
	case map[string]any:
		if err := w.visit(node); err != nil {
			return err
		}
		inside := w.with(node)
		for _, name := range slices.Sorted(maps.Keys(node)) {
			if err := inside.walk(node[name]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w queryWalk) visit(node map[string]any) error {
	typ, _ := node["type"].(string)
	if _, isTable := node["sample"]; isTable && node["sample"] != nil {
		return fmt.Errorf("it samples rows, and a rule looks at all of them")
	}
	if class, ok := node["class"].(string); ok {
		return w.expression(class, node)
	}
	if _, isQuery := node["cte_map"]; isQuery {
		if !slices.Contains(queryNodes, typ) {
			return fmt.Errorf("it has a %s, which a rule cannot use", plainWords(typ))
		}
		return nil
	}
	if _, isTable := node["sample"]; !isTable {
		return nil
	}
	if !slices.Contains(tableNodes, typ) {
		return fmt.Errorf("it reads from a %s, which a rule cannot use", plainWords(typ))
	}
	switch typ {
	case "TABLE_FUNCTION":
		function, _ := node["function"].(map[string]any)
		if name, _ := function["function_name"].(string); !slices.Contains(tableFunctions, strings.ToLower(name)) {
			return fmt.Errorf("it reads from %s, and a rule reads nothing but the rows of its object", name)
		}
	case "BASE_TABLE":
		name, _ := node["table_name"].(string)
		if node["schema_name"] != "" || node["catalog_name"] != "" || !w.tables[strings.ToLower(name)] {
			return fmt.Errorf("it reads from %q, and a rule reads nothing but the rows of its object", name)
		}
	}
	return nil
}

func (w queryWalk) expression(class string, node map[string]any) error {
	if !slices.Contains(queryClasses, class) {
		return fmt.Errorf("it has a %s, which a rule cannot use", plainWords(class))
	}
	if names, _ := node["column_names"].([]any); class == "COLUMN_REF" && len(names) == 1 {
		if name, _ := names[0].(string); dataset.AsksAround(name) {
			return fmt.Errorf("%s may be the clock or a setting, which are not allowed; of a column write the table's name before it", name)
		}
	}
	if name, ok := node["function_name"].(string); ok && (class == "FUNCTION" || class == "WINDOW") {
		window, _ := node["type"].(string)
		ranking := class == "WINDOW" && window != "WINDOW_AGGREGATE"
		if !ranking && !w.functions[strings.ToLower(name)] && !slices.Contains(tableFunctions, strings.ToLower(name)) {
			return fmt.Errorf("it uses %s, which is unknown or depends on more than the rows (the clock, randomness, settings and files are not allowed)", name)
		}
	}
	return nil
}

func plainWords(node string) string { return strings.ToLower(strings.ReplaceAll(node, "_", " ")) }
