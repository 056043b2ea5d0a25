package dataset

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// attach opens a DuckDB database for reading only, and lists the columns of one
// of its tables or views from the catalogue: a view is not looked into before
// the session is locked, since it may read files.
func attach(ctx context.Context, db *sql.DB, path string, spec Spec) ([]Column, error) {
	if _, err := db.ExecContext(ctx, fmt.Sprintf("ATTACH %s AS %s (TYPE duckdb, READ_ONLY)", Literal(path), Identifier(spec.catalog()))); err != nil {
		return nil, err
	}
	columns, err := queryColumns(ctx, db, fmt.Sprintf(`SELECT column_name, data_type FROM duckdb_columns()
		WHERE database_name = %s AND schema_name = %s AND table_name = %s ORDER BY column_index`,
		Literal(spec.catalog()), Literal(spec.schema()), Literal(spec.Table)))
	if errors.Is(err, errNoColumns) {
		err = fmt.Errorf("it has no table or view %s.%s", spec.schema(), spec.Table)
	}
	return columns, err
}

// catalog is what the session calls the attached database.
func (s Spec) catalog() string { return "source " + s.Name }

func (s Spec) schema() string {
	if s.Schema == "" {
		return "main"
	}
	return s.Schema
}

func (s Spec) relation() string {
	return Identifier(s.catalog()) + "." + Identifier(s.schema()) + "." + Identifier(s.Table)
}
