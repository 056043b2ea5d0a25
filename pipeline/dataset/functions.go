package dataset

import (
	_ "embed"
	"strings"
)

// functionList names the functions whose result depends on their arguments
// alone. It is a list of our own, since DuckDB also calls consistent what reads
// the clock (current_localtime, age with one argument), settings or variables;
// a test holds it against the catalogue of the DuckDB that is linked in.
//
//go:embed functions.txt
var functionList string

// RowFunctions are DuckDB's functions of one row whose result depends on their
// arguments alone, in small letters. Functions that take a lambda, or the name
// of another function, are not among them.
func RowFunctions() map[string]bool { return words(functionList) }

// AsksAround says of a name that DuckDB takes it for a function where no column
// is called so. A test holds it against the DuckDB that is linked in.
func AsksAround(name string) bool {
	name = strings.ToLower(name)
	what, current := strings.CutPrefix(name, "current_")
	return current && words("catalog date schema role time timestamp user")[what] || words("localtime localtimestamp session_user user")[name]
}

func words(list string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(list) {
		set[word] = true
	}
	return set
}
