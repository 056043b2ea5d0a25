package dataset

import (
	"database/sql"
	"os"
	"slices"
	"strings"
	"testing"
)

// Every function that may be used must be one that DuckDB itself holds to be a
// pure scalar, and every other such function must have been looked at: an
// upgrade that brings a new one fails here until someone has decided.
func TestFunctionsAgainstTheCatalogue(t *testing.T) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	lines := func(file string) map[string]bool {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		names := map[string]bool{}
		for name := range strings.FieldsSeq(string(text)) {
			names[name] = true
		}
		return names
	}
	allowed, refused := lines("functions.txt"), lines("testdata/functions_refused.txt")
	// Macros carry no stability; these are written in terms of pure functions.
	macros := []string{"date_add", "fdiv", "fmod", "nullif", "round_even", "split_part"}
	rows, err := db.Query(`SELECT lower(function_name), bool_and(function_type = 'scalar' AND stability = 'CONSISTENT')
		FROM duckdb_functions() GROUP BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	pure := map[string]bool{}
	for rows.Next() {
		var name string
		var consistent bool
		if err := rows.Scan(&name, &consistent); err != nil {
			t.Fatal(err)
		}
		pure[name] = consistent
		internal := strings.HasPrefix(name, "__internal") || strings.HasPrefix(name, "icu_")
		if consistent && !internal && !allowed[name] && !refused[name] {
			t.Errorf("DuckDB has a function %s; put it in functions.txt or testdata/functions_refused.txt", name)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for name := range allowed {
		if !pure[name] && !slices.Contains(macros, name) {
			t.Errorf("functions.txt allows %s, which the catalogue does not call a pure scalar", name)
		}
		if refused[name] {
			t.Errorf("%s is both allowed and refused", name)
		}
	}
}

// A name without brackets that DuckDB takes for a function is one that asks
// around.
func TestNamesThatDuckDBTakesForFunctions(t *testing.T) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.Query("SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE function_name SIMILAR TO '[a-z_]+'")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	names := []string{"localtime", "localtimestamp", "session_user", "user", "current_catalog", "current_role"}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil || len(names) < 500 {
		t.Fatal(len(names), err)
	}
	taken := 0
	for _, name := range names {
		// Words of the grammar, as case, are no names at all.
		if _, err := db.Exec("SELECT " + name); err != nil {
			continue
		}
		taken++
		if !AsksAround(name) {
			t.Errorf("DuckDB takes %s for a function", name)
		}
	}
	if taken < 5 {
		t.Errorf("DuckDB takes only %d names for functions", taken)
	}
}
