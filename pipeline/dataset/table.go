package dataset

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/report"
)

// A Spec says where a table's files are and how they are written.
type Spec struct {
	Name string
	// Paths are files or globs, relative to the session's root.
	Paths []string
	// Format is csv, jsonl or parquet, or duckdb for a database; empty takes it
	// from the file's name.
	Format string
	// Delimiter separates the fields of a CSV; empty means a comma.
	Delimiter string
	// Null lists the texts of a CSV that mean "no value"; nil means the empty one.
	Null []string
	// QuotedText says that what stands in quotes is a text, never "no value".
	QuotedText bool
	// Unordered says that the rows come from a database, where their numbers say
	// nothing.
	Unordered bool
	// Schema and Table name a database's table or view; an empty schema is main.
	Schema, Table string
	// Position is where the spec is written, for findings.
	Position report.Position
}

// A Column is one column as a file declares it. Type is in DuckDB's words;
// every column of a text format is VARCHAR.
type Column struct {
	Name string
	Type string
}

// A Segment is the files of a table that declare the same columns in the same
// order, and are written in the same way. A day whose file renamed a column is
// a segment of its own.
type Segment struct {
	// Files are the paths as people know them: relative to the root.
	Files   []string
	Columns []Column

	// forms are those in which all texts of each column of a CSV are written.
	forms       []forms
	paths       []string
	spec        Spec
	form        string
	compression string
}

// A Table is all files of one spec.
type Table struct {
	Name     string
	Segments []Segment
	// Text says that the format carries no types.
	Text bool
	// Ended and Unended are the CSV files whose last line has an end, and those
	// where it has none.
	Ended, Unended []string
}

// Files lists the table's files in order, as people know them.
func (t *Table) Files() []string {
	var files []string
	for _, segment := range t.Segments {
		files = append(files, segment.Files...)
	}
	slices.Sort(files)
	return files
}

// Metadata is the value of a key in the key-value metadata of a table's one
// Parquet file; it is not found where the file has no such key.
func (s *Session) Metadata(ctx context.Context, table *Table, key string) (value string, found bool, err error) {
	if len(table.Segments) != 1 || len(table.Segments[0].paths) != 1 {
		return "", false, fmt.Errorf("%w: these are several files; name one", ErrData)
	}
	err = s.db.QueryRowContext(ctx, fmt.Sprintf("SELECT decode(value) FROM parquet_kv_metadata(%s) WHERE decode(key) = %s",
		Literal(escapeGlob(table.Segments[0].paths[0])), Literal(key))).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return value, err == nil, err
}

func openTable(ctx context.Context, db *sql.DB, root string, spec Spec, threads int) (*Table, *report.Finding, error) {
	paths, finding, err := expand(root, spec)
	if finding != nil || err != nil {
		return nil, finding, err
	}
	base, err := filepath.Abs(root)
	if err != nil {
		return nil, nil, err
	}
	table := &Table{Name: spec.Name}
	for _, path := range paths {
		shown := path
		if relative, err := filepath.Rel(base, path); err == nil && filepath.IsLocal(relative) {
			shown = filepath.ToSlash(relative)
		}
		form, err := formOf(spec, path)
		if err != nil {
			return nil, unreadable(spec, shown, err), nil
		}
		columns, err := header(ctx, db, form, path, spec)
		var written []forms
		if err == nil && form == FormatCSV {
			written, err = table.scan(ctx, shown, path, spec, threads)
		}
		if ctx.Err() != nil {
			return nil, nil, fmt.Errorf("open source %s: %w", spec.Name, ctx.Err())
		}
		if err != nil {
			return nil, unreadable(spec, shown, fmt.Errorf("%s", strings.ReplaceAll(err.Error(), path, shown))), nil
		}
		if len(written) != len(columns) {
			written = make([]forms, len(columns))
		}
		table.Text = table.Text || form != FormatParquet && form != FormatDuckDB
		table.add(Segment{
			Files: []string{shown}, Columns: columns,
			forms: written, paths: []string{path}, spec: spec, form: form, compression: compressionOf(path),
		})
	}
	return table, nil, nil
}

// scan reads a CSV once before DuckDB does, for what DuckDB does not tell, and
// yields the forms in which each column is written.
func (t *Table) scan(ctx context.Context, shown, path string, spec Spec, threads int) ([]forms, error) {
	scan, err := scanFields(ctx, path, spec, threads)
	if err != nil {
		return nil, err
	}
	if scan.ended {
		t.Ended = append(t.Ended, shown)
	} else {
		t.Unended = append(t.Unended, shown)
	}
	return scan.forms, scan.check()
}

// add merges a file's segment into the one with the same header, if any.
func (t *Table) add(segment Segment) {
	for i, other := range t.Segments {
		if other.form == segment.form && other.compression == segment.compression && slices.Equal(other.Columns, segment.Columns) {
			t.Segments[i].Files = append(t.Segments[i].Files, segment.Files...)
			t.Segments[i].paths = append(t.Segments[i].paths, segment.paths...)
			for j := range t.Segments[i].forms {
				t.Segments[i].forms[j] &= segment.forms[j]
			}
			return
		}
	}
	t.Segments = append(t.Segments, segment)
}

// expand turns a spec's globs into absolute paths, sorted, each once.
func expand(root string, spec Spec) ([]string, *report.Finding, error) {
	var paths []string
	for _, pattern := range spec.Paths {
		matches, err := match(root, filepath.FromSlash(pattern))
		if err != nil {
			return nil, nil, fmt.Errorf("source %s: the path %q is not a valid pattern: %w", spec.Name, pattern, err)
		}
		if len(matches) == 0 {
			return nil, &report.Finding{
				Code: "dataset/missing-file", Severity: report.Error, Source: spec.Name, Position: spec.Position,
				Message: fmt.Sprintf("source %s has no file at %s", spec.Name, pattern),
				Remedy:  "put the data there, or correct the path; that of a pipeline's source is relative to the pipeline's file",
			}, nil
		}
		paths = append(paths, matches...)
	}
	for i, path := range paths {
		absolute, err := filepath.Abs(path)
		if err != nil {
			return nil, nil, err
		}
		paths[i] = absolute
	}
	slices.Sort(paths)
	paths = slices.Compact(paths)
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil {
			return nil, unreadable(spec, shownAs(root, path), err), nil
		} else if info.IsDir() {
			return nil, unreadable(spec, shownAs(root, path), fmt.Errorf("it is a folder; name the files, as in %s/*.parquet", filepath.Base(path))), nil
		}
	}
	return paths, nil, nil
}

// shownAs is a path as people know it: relative to the root where it is in it.
func shownAs(root, path string) string {
	absolute, err := filepath.Abs(root)
	if err != nil {
		return path
	}
	if relative, err := filepath.Rel(absolute, path); err == nil && filepath.IsLocal(relative) {
		return filepath.ToSlash(relative)
	}
	return path
}

func unreadable(spec Spec, file string, err error) *report.Finding {
	return &report.Finding{
		Code: "dataset/unreadable-file", Severity: report.Error, Source: spec.Name, Position: spec.Position,
		Message: fmt.Sprintf("source %s: %s cannot be read: %s", spec.Name, file, FirstLine(err)),
		Remedy:  "replace the file, or correct the source's format",
	}
}

// FirstLine says what is wrong in one line. It drops the excerpt of our own SQL
// that DuckDB appends to messages; of a malformed CSV, whose message runs to
// twenty lines, it keeps the file, the line and the cause.
func FirstLine(err error) string {
	lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
	if !strings.Contains(lines[0], "CSV Error on Line") {
		return lines[0]
	}
	message := lines[0]
	for i, line := range lines {
		if strings.HasPrefix(line, "Possible ") {
			for i--; i > 1 && strings.TrimSpace(lines[i]) == ""; i-- {
			}
			if i > 1 {
				message += ": " + strings.TrimSpace(lines[i])
			}
			break
		}
	}
	for _, line := range lines {
		if file, found := strings.CutPrefix(line, "  file = "); found {
			return message + " (" + filepath.Base(file) + ")"
		}
	}
	return message
}

// Unordered says that the numbers of rows say nothing.
func (s Segment) Unordered() bool { return s.spec.Unordered }

// Relation is SQL that goes after FROM and yields the segment's columns.
func (s Segment) Relation() string { return s.relation(s.paths) }

// RowRelation is Relation with two more columns: _file, the path as people
// know it, and _row, the data row in that file counted from 1. It reads the
// files one by one and is meant for finding a few rows, not for scanning.
func (s Segment) RowRelation() string {
	parts := make([]string, len(s.paths))
	for i, path := range s.paths {
		relation := s.relation([]string{path})
		parts[i] = fmt.Sprintf("SELECT *, %s AS _file, row_number() OVER () AS _row FROM %s", Literal(s.Files[i]), relation)
	}
	return "(" + strings.Join(parts, " UNION ALL ") + ")"
}
