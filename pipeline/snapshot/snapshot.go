// Package snapshot keeps a feature snapshot as a Parquet file: what a model was
// fitted to, for people and other programs to look at.
//
//  1. Write lays the snapshot's columns into a table of DuckDB, and the table
//     into a file: one row for each observation, in their total order.
//  2. The file's key-value metadata holds a Record: from which sources, under
//     which contracts and definitions, as of when, and the snapshot's digest.
//  3. Read takes the file apart again. The digest is worked out anew from the
//     rows, so that neither row groups nor the order of rows matter, and a value
//     that was changed does.
package snapshot

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/internal/atomicfile"
)

// Format names the form of the file. What a reader does not know it refuses.
const Format = "linecook.snapshot/v1"

// MetadataKey is the key of the Record in the file's metadata.
const MetadataKey = "linecook.snapshot"

// A Record says where a snapshot comes from.
type Record struct {
	Format string `json:"format"`
	// Pipeline is its name, and AsOf the cut-off: a date from which on nothing is
	// known.
	Pipeline string `json:"pipeline"`
	AsOf     string `json:"as_of"`
	// Digest is that of the features, the labels, their times and the partitions.
	Digest string `json:"digest"`
	Rows   int64  `json:"rows"`
	// Features are the columns that the model sees, in its order.
	Features []string `json:"features"`
	Label    string   `json:"label"`
	// Definitions is the digest of what the features are.
	Definitions string   `json:"definitions"`
	Sources     []Source `json:"sources"`
	Linecook    string   `json:"linecook"`
}

// A Source is what the features were made from.
type Source struct {
	Name string `json:"name"`
	// Fingerprint is of the files' content, and Contract of the contract's text.
	Fingerprint string `json:"fingerprint"`
	Contract    string `json:"contract"`
	Rows        int64  `json:"rows"`
	Files       int    `json:"files"`
}

// The columns that are not features.
const (
	rowColumn     = feature.ReservedPrefix + "row"
	dayColumn     = feature.ReservedPrefix + "partition"
	decidedColumn = feature.DecidedColumn
	labelColumn   = feature.ReservedPrefix + "label"
	knownColumn   = feature.ReservedPrefix + "label_known_at"
	usedColumn    = feature.ReservedPrefix + "used"
	keyPrefix     = feature.ReservedPrefix + "key_"
)

// A Table is a snapshot with what only people need of it.
type Table struct {
	Snapshot *feature.Snapshot
	// Keys name the observations.
	Keys []feature.Key
	// Used says of each row what it was used for: "train", "evaluate", or nothing.
	Used []string
}

// Write puts the file in its place, or nothing. The record's format, digest, rows
// and features are those of the snapshot.
func Write(ctx context.Context, path string, t Table, record Record) (err error) {
	s := t.Snapshot
	record.Format, record.Digest, record.Rows = Format, s.Digest, int64(s.Frame.Rows)
	record.Features = []string{}
	for _, column := range s.Frame.Columns {
		record.Features = append(record.Features, column.Name)
	}
	described, err := canonical.Marshal(record)
	if err != nil {
		return fmt.Errorf("write the snapshot: %w", err)
	}
	file, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer file.Abort()
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("write the snapshot: %w", err)
	}
	session, _, err := dataset.Open(ctx, dataset.Options{WriteDirs: []string{folder}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	if _, err := session.DB().ExecContext(ctx, "CREATE TABLE snapshot ("+strings.Join(t.columns(), ", ")+")"); err != nil {
		return fmt.Errorf("write the snapshot: %w", err)
	}
	if err := session.Append(ctx, "snapshot", s.Frame.Rows, t.row); err != nil {
		return fmt.Errorf("write the snapshot: %w", err)
	}
	target := filepath.Join(folder, filepath.Base(file.TempPath()))
	if _, err := session.DB().ExecContext(ctx, fmt.Sprintf("COPY (FROM snapshot ORDER BY %s) TO %s (FORMAT parquet, COMPRESSION zstd, KV_METADATA {%s: %s})",
		rowColumn, dataset.Literal(target), dataset.Literal(MetadataKey), dataset.Literal(string(described)))); err != nil {
		return fmt.Errorf("write the snapshot: %w", err)
	}
	return file.Commit()
}

// columns are the file's columns with their types.
func (t Table) columns() []string {
	columns := []string{rowColumn + " BIGINT"}
	for _, key := range t.Keys {
		columns = append(columns, dataset.Identifier(keyPrefix+key.Name)+" VARCHAR")
	}
	columns = append(columns, dayColumn+" DATE", decidedColumn+" TIMESTAMP")
	for _, column := range t.Snapshot.Frame.Columns {
		kind := " DOUBLE"
		if column.Kind == feature.Categorical {
			kind = " VARCHAR"
		}
		columns = append(columns, dataset.Identifier(column.Name)+kind)
	}
	return append(columns, labelColumn+" DOUBLE", knownColumn+" TIMESTAMP", usedColumn+" VARCHAR")
}

func (t Table) row(i int) ([]driver.Value, error) {
	s := t.Snapshot
	day, err := time.Parse(time.DateOnly, s.Partition[i])
	if err != nil {
		return nil, err
	}
	row := []driver.Value{int64(i + 1)}
	for _, key := range t.Keys {
		row = append(row, unless(!key.Values[i].Valid, key.Values[i].String))
	}
	row = append(row, day, unless(s.DecidedAt[i].IsZero(), s.DecidedAt[i]))
	for j := range s.Frame.Columns {
		column := &s.Frame.Columns[j]
		switch {
		case column.Missing(i):
			row = append(row, nil)
		case column.Kind == feature.Categorical:
			text, _ := column.Text(i)
			row = append(row, text)
		default:
			row = append(row, column.Numbers[i])
		}
	}
	if s.Label == nil {
		return append(row, nil, nil, unless(t.Used[i] == "", t.Used[i])), nil
	}
	return append(row, unless(s.Label[i] != s.Label[i], s.Label[i]), unless(s.LabelKnownAt[i].IsZero(), s.LabelKnownAt[i]), unless(t.Used[i] == "", t.Used[i])), nil
}

func unless[T any](missing bool, value T) driver.Value {
	if missing {
		return nil
	}
	return value
}

// read is a record in the form that Write gives it.
func readRecord(text string) (Record, error) {
	var form struct {
		Format string `json:"format"`
	}
	if err := json.Unmarshal([]byte(text), &form); err != nil {
		return Record{}, err
	}
	if form.Format != Format {
		return Record{}, fmt.Errorf("it has the format %q, and this linecook reads %q", form.Format, Format)
	}
	var record Record
	err := canonical.UnmarshalComplete([]byte(text), &record)
	return record, err
}
