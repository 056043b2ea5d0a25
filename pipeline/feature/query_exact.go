package feature

import (
	"maps"
	"slices"
	"strings"
)

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
