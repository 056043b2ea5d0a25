// Package dataset opens tables of files through DuckDB.
//
//  1. A Spec names the files of a table; globs are expanded and sorted.
//  2. Each file's header is read; files that share one header form a Segment.
//     Nothing is sniffed: text formats yield text, and the contract decides. A
//     CSV is read once before DuckDB does: for rows with a field too many, and
//     for the columns whose every text is written as DuckDB would write it,
//     which may be read as typed with the same result.
//  3. The session is locked: DuckDB can then read exactly these files, write
//     exactly the folders it was given and one of its own, and load nothing. It does not tell
//     reading from writing: a COPY could still overwrite a file that it may
//     read, so only linecook's own statements may run, never a user's.
//  4. Fingerprints say which bytes were read.
//
// A file that cannot be used is a finding, because bad data must stop a line
// in the same way whether it is one value or the whole file.
package dataset

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/linecook-ml/linecook/pipeline/report"
)

// Options bound what a session may use.
type Options struct {
	// Root is the folder that relative paths in specs start from.
	Root string
	// Threads is DuckDB's worker count; 0 means one for each processor.
	Threads int
	// Memory is how much DuckDB may use before it spills to disk, as in "2 GB";
	// empty means two fifths of the machine's.
	Memory string
	// WriteDirs are folders that COPY may write to.
	WriteDirs []string
}

// A Session is one in-memory DuckDB that sees its tables and nothing else.
type Session struct {
	db *sql.DB
	// spill is a private folder for what does not fit into memory.
	spill  string
	tables map[string]*Table
}

// Open reads the headers of all specs and locks the database down. Specs
// whose files are missing or unreadable come back as findings and have no
// table; the error is for failures of the tool.
func Open(ctx context.Context, opt Options, specs ...Spec) (*Session, []report.Finding, error) {
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, nil, fmt.Errorf("start DuckDB: %w", err)
	}
	spill, err := os.MkdirTemp("", "linecook-")
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("make a temporary folder: %w", err), connector.Close())
	}
	s := &Session{db: sql.OpenDB(connector), spill: spill, tables: map[string]*Table{}}
	var findings []report.Finding
	if err = os.Mkdir(s.Scratch(), 0o700); err == nil {
		findings, err = s.open(ctx, opt, specs)
	}
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return s, findings, nil
}

func (s *Session) open(ctx context.Context, opt Options, specs []Spec) ([]report.Finding, error) {
	threads := opt.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	memory := opt.Memory
	if memory == "" {
		var err error
		if memory, err = s.memory(ctx); err != nil {
			return nil, err
		}
	}
	if err := s.exec(ctx,
		"SET GLOBAL TimeZone='UTC'",
		"SET memory_limit="+Literal(memory),
		"SET temp_directory="+Literal(s.spill),
		fmt.Sprintf("SET threads=%d", threads),
		"SET autoinstall_known_extensions=false",
		"SET autoload_known_extensions=false",
	); err != nil {
		return nil, err
	}
	var findings []report.Finding
	var allowed []string
	for _, spec := range specs {
		table, finding, err := openTable(ctx, s.db, opt.Root, spec, threads)
		if err != nil {
			return nil, err
		}
		if finding != nil {
			findings = append(findings, *finding)
			continue
		}
		s.tables[spec.Name] = table
		for _, segment := range table.Segments {
			for _, path := range segment.paths {
				// DuckDB looks up the pattern first, and then the file.
				allowed = append(allowed, path, escapeGlob(path))
			}
		}
	}
	slices.Sort(allowed)
	allowed = slices.Compact(allowed)
	return findings, s.exec(ctx,
		"SET allowed_paths="+quoteList(allowed),
		"SET allowed_directories="+quoteList(append(slices.Clone(opt.WriteDirs), s.Scratch())),
		"SET enable_external_access=false",
		"SET lock_configuration=true",
	)
}

// memory is half of what DuckDB takes by itself, which is four fifths of the
// machine's: the features are held beside it.
func (s *Session) memory(ctx context.Context) (string, error) {
	var limit, unit string
	if err := s.db.QueryRowContext(ctx, "SELECT current_setting('memory_limit')").Scan(&limit); err != nil {
		return "", fmt.Errorf("DuckDB: %w", err)
	}
	var size float64
	if _, err := fmt.Sscanf(limit, "%g %s", &size, &unit); err != nil {
		return "", fmt.Errorf("DuckDB: the memory limit %q: %w", limit, err)
	}
	return fmt.Sprintf("%.1f%s", size/2, unit), nil
}

func (s *Session) exec(ctx context.Context, statements ...string) error {
	for _, statement := range statements {
		if _, err := s.db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("DuckDB: %s: %w", statement, err)
		}
	}
	return nil
}

// Scratch is a folder that DuckDB may write, and that is gone with the session.
func (s *Session) Scratch() string { return filepath.Join(s.spill, "scratch") }

// DB is the locked database.
func (s *Session) DB() *sql.DB { return s.db }

// Table returns the table of a spec, or nil where its files could not be used.
func (s *Session) Table(name string) *Table { return s.tables[name] }

// Close ends the session, frees its memory, and removes what was spilled.
func (s *Session) Close() error { return errors.Join(s.db.Close(), os.RemoveAll(s.spill)) }

// Version is the version of the DuckDB library that is linked in.
func (s *Session) Version(ctx context.Context) (string, error) {
	var version string
	err := s.db.QueryRowContext(ctx, "SELECT version()").Scan(&version)
	return version, err
}

// Identifier quotes a name so that SQL takes it literally.
func Identifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Literal quotes a text so that SQL takes it literally.
func Literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func quoteList(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = Literal(text)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// ErrData marks an error of our own that is the data's fault.
var ErrData = errors.New("the data cannot be used")

// Unreadable says whether err means that the data, not the tool, is at fault:
// a truncated file, a malformed line, a value that no reader can take.
func Unreadable(err error) bool {
	if errors.Is(err, ErrData) {
		return true
	}
	var duck *duckdb.Error
	if !errors.As(err, &duck) {
		return false
	}
	// Invalid, without more, is what a damaged Parquet file's structures yield.
	return slices.Contains([]duckdb.ErrorType{
		duckdb.ErrorTypeInvalid,
		duckdb.ErrorTypeIO, duckdb.ErrorTypeInvalidInput, duckdb.ErrorTypeConversion,
		duckdb.ErrorTypeSerialization, duckdb.ErrorTypeOutOfRange,
	}, duck.Type)
}

// Rejected says whether err means that SQL does not fit its columns: a cast
// between types that have none, or a function that does not take such values.
func Rejected(err error) bool {
	var duck *duckdb.Error
	return errors.As(err, &duck) && slices.Contains([]duckdb.ErrorType{
		duckdb.ErrorTypeBinder, duckdb.ErrorTypeCatalog, duckdb.ErrorTypeConversion, duckdb.ErrorTypeNotImplemented,
	}, duck.Type)
}

// Unplanned says whether err means that DuckDB cannot run a statement, whatever
// the rows: it does not parse, does not fit its tables, or is of a form that
// DuckDB has no plan for.
func Unplanned(err error) bool {
	var duck *duckdb.Error
	return Rejected(err) || errors.As(err, &duck) && slices.Contains([]duckdb.ErrorType{
		duckdb.ErrorTypeParser, duckdb.ErrorTypeSyntax, duckdb.ErrorTypePlanner, duckdb.ErrorTypeOptimizer,
		duckdb.ErrorTypeExpression, duckdb.ErrorTypeInvalidInput, duckdb.ErrorTypeInternal,
	}, duck.Type)
}

// AppendColumn makes a table with the columns id, which counts from 1, and
// value, which holds the numbers.
func (s *Session) AppendColumn(ctx context.Context, table string, numbers []float64) error {
	if err := s.exec(ctx, fmt.Sprintf("CREATE OR REPLACE TABLE %s (id BIGINT, value DOUBLE)", Identifier(table))); err != nil {
		return err
	}
	return s.Append(ctx, table, len(numbers), func(i int) ([]driver.Value, error) { return []driver.Value{int64(i + 1), numbers[i]}, nil })
}

// Append adds n rows to a table.
func (s *Session) Append(ctx context.Context, table string, n int, row func(i int) ([]driver.Value, error)) (err error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return conn.Raw(func(driverConn any) error {
		appender, err := duckdb.NewAppenderFromConn(driverConn.(driver.Conn), "", table)
		if err != nil {
			return fmt.Errorf("append to %s: %w", table, err)
		}
		for i := range n {
			values, err := row(i)
			if err == nil {
				err = appender.AppendRow(values...)
			}
			if err != nil {
				return errors.Join(fmt.Errorf("append to %s: %w", table, err), appender.Close())
			}
		}
		return appender.Close()
	})
}
