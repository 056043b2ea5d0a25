package dataset

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// The formats of a Spec.
const (
	FormatCSV     = "csv"
	FormatJSONL   = "jsonl"
	FormatParquet = "parquet"
	FormatDuckDB  = "duckdb"
)

// maxHeader bounds what is read of a file before its first line ends. Real
// headers are a few kilobytes; a binary file has no line end at all.
const maxHeader = 1 << 20

// byteOrderMark may stand before the text of a file.
const byteOrderMark = "\ufeff"

// formOf tells a file's format from the spec or, failing that, its name.
func formOf(spec Spec, path string) (string, error) {
	if spec.Format != "" {
		return spec.Format, nil
	}
	name := strings.ToLower(filepath.Base(path))
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
	switch filepath.Ext(name) {
	case ".csv":
		return FormatCSV, nil
	case ".jsonl", ".ndjson":
		return FormatJSONL, nil
	case ".parquet":
		return FormatParquet, nil
	}
	return "", errors.New("its name does not tell the format; set format, or --format-of, to csv, jsonl or parquet")
}

// header reads the columns that a file declares.
func header(ctx context.Context, db *sql.DB, form, path string, spec Spec) ([]Column, error) {
	if form == FormatCSV {
		return csvHeader(path, spec)
	}
	if err := checkIntact(path); err != nil {
		return nil, err
	}
	var columns []Column
	var err error
	switch form {
	case FormatJSONL:
		columns, err = queryColumns(ctx, db, fmt.Sprintf(
			`SELECT DISTINCT unnest(json_keys(json)) AS name, 'VARCHAR' FROM read_ndjson_objects(%s, compression=%s) ORDER BY name`,
			Literal(escapeGlob(path)), Literal(compressionOf(path))))
	case FormatParquet:
		columns, err = queryColumns(ctx, db, fmt.Sprintf(
			`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet(%s, hive_partitioning=false))`, Literal(escapeGlob(path))))
	case FormatDuckDB:
		columns, err = attach(ctx, db, path, spec)
	default:
		return nil, fmt.Errorf("unknown format %q; use csv, jsonl or parquet", form)
	}
	if err != nil {
		return nil, err
	}
	return columns, checkNames(columns)
}

// checkNames refuses names that SQL could not tell apart or not name at all.
func checkNames(columns []Column) error {
	seen := map[string]bool{}
	for i, column := range columns {
		lower := strings.ToLower(column.Name)
		switch {
		case strings.TrimSpace(column.Name) == "":
			return fmt.Errorf("column %d has no name", i+1)
		case seen[lower]:
			return fmt.Errorf("two columns are called %q; SQL does not tell capitals apart", column.Name)
		}
		seen[lower] = true
	}
	return nil
}

var errNoColumns = errors.New("it declares no columns")

func queryColumns(ctx context.Context, db *sql.DB, query string) ([]Column, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var columns []Column
	for rows.Next() {
		var column Column
		if err := rows.Scan(&column.Name, &column.Type); err != nil {
			return nil, err
		}
		columns = append(columns, column)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if len(columns) == 0 {
		return nil, errNoColumns
	}
	return columns, nil
}

// csvHeader reads the first record. DuckDB is then told the names, so that it
// neither guesses a dialect nor takes a header for data.
func csvHeader(path string, spec Spec) ([]Column, error) {
	content, err := openContent(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = content.Close() }()
	return parseHeader(content, spec.Delimiter)
}

// parseHeader reads the names in a CSV's first line.
func parseHeader(content io.Reader, delimiter string) ([]Column, error) {
	limited := &io.LimitedReader{R: content, N: maxHeader}
	first := bufio.NewReader(limited)
	if mark, err := first.Peek(len(byteOrderMark)); err == nil && string(mark) == byteOrderMark {
		_, _ = first.Discard(len(byteOrderMark))
	}
	// Go's reader passes over empty lines; DuckDB would take one for the header.
	if next, err := first.Peek(1); err == nil && (next[0] == '\n' || next[0] == '\r') {
		return nil, errors.New("its first line is blank; a CSV starts with a line of column names")
	}
	reader := csv.NewReader(first)
	if delimiter != "" {
		reader.Comma, _ = utf8.DecodeRuneInString(delimiter)
	}
	names, err := reader.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("it is empty; a CSV starts with a line of column names")
	case limited.N == 0 && (err != nil || reader.InputOffset() >= maxHeader-int64(len(byteOrderMark))):
		return nil, fmt.Errorf("its first line does not end within %d bytes; is it really a CSV?", maxHeader)
	case err != nil:
		return nil, fmt.Errorf("its first line is not a CSV header: %w", err)
	}
	columns := make([]Column, len(names))
	for i, name := range names {
		if !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
			return nil, errors.New("its first line is not text; is it really a CSV?")
		}
		columns[i] = Column{Name: name, Type: "VARCHAR"}
	}
	return columns, checkNames(columns)
}

// relation is a parenthesised SELECT over some of the segment's files.
func (s Segment) relation(paths []string) string {
	patterns := make([]string, len(paths))
	for i, path := range paths {
		patterns[i] = escapeGlob(path)
	}
	list := quoteList(patterns)
	switch s.form {
	case FormatCSV:
		delimiter, null := s.spec.Delimiter, s.spec.Null
		if delimiter == "" {
			delimiter = ","
		}
		if null == nil {
			null = []string{""}
		}
		return fmt.Sprintf(`(SELECT * FROM read_csv(%s, auto_detect=false, header=true, strict_mode=true, `+
			`delim=%s, quote='"', escape='"', nullstr=%s, allow_quoted_nulls=%t, compression=%s, columns=%s))`,
			list, Literal(delimiter), quoteList(null), !s.spec.QuotedText, Literal(s.compression), s.columnStruct())
	case FormatJSONL:
		return fmt.Sprintf(`(SELECT * FROM read_json(%s, format='newline_delimited', compression=%s, columns=%s))`,
			list, Literal(s.compression), s.columnStruct())
	case FormatDuckDB:
		return "(SELECT * FROM " + s.spec.relation() + ")"
	default:
		return fmt.Sprintf(`(SELECT * FROM read_parquet(%s, hive_partitioning=false))`, list)
	}
}

func (s Segment) columnStruct() string {
	fields := make([]string, len(s.Columns))
	for i, column := range s.Columns {
		fields[i] = Literal(column.Name) + ": " + Literal(column.Type)
	}
	return "{" + strings.Join(fields, ", ") + "}"
}
