package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// connectTimeout bounds the wait for a server that does not answer, where the
// caller set nothing else.
const connectTimeout = 30 * time.Second

// null is what COPY writes for NULL. It quotes a text that is the same.
const null = `\N`

// sessionSettings make the text of values depend on the values alone.
const sessionSettings = `BEGIN TRANSACTION READ ONLY;
SET LOCAL datestyle = 'ISO, YMD';
SET LOCAL intervalstyle = 'iso_8601';
SET LOCAL timezone = 'UTC';
SET LOCAL extra_float_digits = 1`

// columnQuery lists a relation's columns and what kind of type they have.
const columnQuery = `SELECT a.attname, CASE
	WHEN t.typcategory = 'A' OR t.typtype = 'c' THEN 'nested'
	WHEN t.typname = 'bytea' THEN 'bytes'
	ELSE 'plain' END
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum`

// postgres streams a table or view into a CSV in which every value is text, as
// of one moment. The contract judges the text as strictly as any other.
func (f finder) postgres(ctx context.Context, access Access) (source Source, finding *report.Finding, err error) {
	if access.Postgres == nil {
		return Source{}, nil, errors.New("nobody said how to log in to PostgreSQL")
	}
	port := 0
	if f.server.Port != nil {
		port = *f.server.Port
	}
	config, err := access.Postgres(f.server.Host, port, f.server.Database)
	if err != nil {
		return Source{}, nil, err
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	connection, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return Source{}, nil, err
	}
	// Its transaction only reads, so that there is nothing to be lost by the end.
	// Where the run was stopped, the server is told so in the background, which
	// bounds its own time.
	defer func() {
		_ = connection.Close(context.WithoutCancel(ctx))
		<-connection.CleanupDone()
	}()
	if _, err := connection.Exec(ctx, sessionSettings).ReadAll(); err != nil {
		return Source{}, nil, err
	}
	relation := dataset.Identifier(f.server.Schema) + "." + dataset.Identifier(f.table())
	columns, err := selected(ctx, connection, relation)
	if err != nil {
		return Source{}, nil, err
	}
	if columns == nil {
		return Source{}, f.missing(fmt.Sprintf("table or view %s.%s in the database %s", f.server.Schema, f.table(), f.server.Database)), nil
	}
	spec := f.spec()
	spec.Format, spec.Null, spec.QuotedText, spec.Unordered = dataset.FormatCSV, []string{null}, true, true
	// Samples call the file so; a name may have slashes in it.
	spec.Paths = []string{strings.ReplaceAll(f.server.Schema+"."+f.table(), "/", "%2F")}
	query := fmt.Sprintf("COPY (SELECT %s FROM %s) TO STDOUT (FORMAT csv, HEADER true, NULL %s, ENCODING 'UTF8')", strings.Join(columns, ", "), relation, dataset.Literal(null))
	if err := copyTo(ctx, connection, query, filepath.Join(f.folder, spec.Paths[0])); err != nil {
		return Source{}, nil, err
	}
	return Source{Root: f.folder, Spec: spec}, nil, nil
}

// selected are the columns of a relation as text; nil where it is not there.
// Nested values become JSON, and bytes base64, which are the texts that a
// contract knows for them.
func selected(ctx context.Context, connection *pgconn.PgConn, relation string) ([]string, error) {
	result := connection.ExecParams(ctx, columnQuery, [][]byte{[]byte(relation)}, nil, nil, nil).Read()
	if result.Err != nil {
		return nil, result.Err
	}
	var columns []string
	for _, row := range result.Rows {
		name := dataset.Identifier(string(row[0]))
		text := name + "::text"
		switch string(row[1]) {
		case "nested":
			text = "to_json(" + name + ")::text"
		case "bytes":
			text = `translate(encode(` + name + `, 'base64'), E'\n', '')`
		}
		columns = append(columns, text+" AS "+name)
	}
	return columns, nil
}

func copyTo(ctx context.Context, connection *pgconn.PgConn, query, path string) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	w := bufio.NewWriterSize(file, 1<<20)
	if _, err := connection.CopyTo(ctx, w, query); err != nil {
		return err
	}
	return w.Flush()
}
