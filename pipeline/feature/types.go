package feature

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// A family is the types of DuckDB that a value may be of. A text is no number
// and no time: a cast that fails on one row would be found out only there.
type family struct {
	name  string
	types []string
}

var (
	numbers = family{"number", []string{
		"BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
		"FLOAT", "DOUBLE", "DECIMAL",
	}}
	// A condition may be a number, which is true where it is not 0.
	conditions = family{"condition", numbers.types}
	moments    = family{"time", []string{
		"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE",
	}}
	anything = family{}
)

// misfit says why a type is not of the family; it is empty where it is.
func (f family) misfit(typ string) string {
	base, _, _ := strings.Cut(typ, "(")
	if f.types == nil || slices.Contains(f.types, base) {
		return ""
	}
	return "it is " + typ + ", and must be a " + f.name
}

// values is the family that a feature's values must be of.
func (d Definition) values() family {
	if d.Type == Categorical {
		return anything
	}
	return numbers
}

// values is the family that what is summarised must be of.
func (a *Aggregate) values() family {
	switch a.Function {
	case "distinct":
		return anything
	case "rate", "count":
		return conditions
	}
	return numbers
}

// A use is an expression over a source's row and the family of types that its
// values must be of. The feature is its index, or -1.
type use struct {
	source, text string
	family       family
	position     report.Position
	feature      int
}

// bind asks DuckDB for the types of all uses: those of a source at once and,
// where one cannot be had, one by one.
func (l *linter) bind(sound []bool) {
	for _, source := range l.plan.Sources {
		var uses []use
		for _, u := range l.uses {
			if u.source == source.Name {
				uses = append(uses, u)
			}
		}
		if l.err != nil || len(uses) == 0 {
			continue
		}
		types, err := l.types(source, uses)
		for i, u := range uses {
			var message string
			if err == nil {
				message = u.family.misfit(types[i])
			} else if own, err := l.types(source, []use{u}); err == nil {
				message = u.family.misfit(own[0])
			} else if dataset.Rejected(err) {
				message = dataset.FirstLine(err)
			} else {
				l.err = fmt.Errorf("check the types of source %s: %w", source.Name, err)
				return
			}
			if message == "" {
				continue
			}
			l.add("feature/type", u.position, fmt.Sprintf("%q: %s", u.text, message), "")
			if u.feature >= 0 {
				sound[u.feature] = false
			}
		}
	}
}

// types are the types of expressions over a source's row.
func (l *linter) types(source Source, uses []use) ([]string, error) {
	columns := make([]string, len(uses))
	for i, u := range uses {
		columns[i] = fmt.Sprintf("%s AS c%d", embed(u.text), i)
	}
	return columnTypes(l.ctx, l.db, columns, "("+source.Select+")")
}

// columnTypes are the types of columns, which are SQL over a relation.
func columnTypes(ctx context.Context, db *sql.DB, columns []string, relation string) ([]string, error) {
	rows, err := db.QueryContext(ctx, fmt.Sprintf("SELECT column_type FROM (DESCRIBE SELECT %s FROM %s)", strings.Join(columns, ", "), relation))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var types []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		types = append(types, name)
	}
	return types, rows.Err()
}
