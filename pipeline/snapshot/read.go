package snapshot

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
)

// ErrUnreadable means that a file is no snapshot that Write has written.
var ErrUnreadable = errors.New("it is no snapshot of linecook's")

// Read reads a file. The snapshot's digest is that of the rows as they are, which
// is the record's where nothing was changed.
func Read(ctx context.Context, path string) (s *feature.Snapshot, record Record, err error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, Record{}, fmt.Errorf("read the snapshot: %w", err)
	}
	session, findings, err := dataset.Open(ctx, dataset.Options{Root: filepath.Dir(absolute)},
		dataset.Spec{Name: "snapshot", Paths: []string{filepath.Base(absolute)}, Format: "parquet"})
	if err != nil {
		return nil, Record{}, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	if len(findings) > 0 {
		return nil, Record{}, fmt.Errorf("%w: %s", ErrUnreadable, findings[0].Message)
	}
	described, found, err := session.Metadata(ctx, session.Table("snapshot"), MetadataKey)
	if err != nil {
		return nil, Record{}, refused(err)
	}
	if !found {
		return nil, Record{}, fmt.Errorf("%w: its metadata has no %s", ErrUnreadable, MetadataKey)
	}
	if record, err = readRecord(described); err != nil {
		return nil, Record{}, fmt.Errorf("%w: its %s cannot be read: %w", ErrUnreadable, MetadataKey, err)
	}
	segment := session.Table("snapshot").Segments[0]
	r := &reader{record: record, snapshot: &feature.Snapshot{}}
	if err := r.columns(segment.Columns); err != nil {
		return nil, Record{}, err
	}
	if _, err := session.DB().ExecContext(ctx, fmt.Sprintf("CREATE TABLE rows AS FROM %s ORDER BY %s", segment.Relation(), rowColumn)); err != nil {
		return nil, Record{}, refused(err)
	}
	if err := r.rows(ctx, session); err != nil {
		return nil, Record{}, refused(err)
	}
	s = r.finish()
	if err := s.Frame.Validate(); err != nil {
		return nil, Record{}, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	s.Digest = s.Recompute()
	return s, record, nil
}

// refused tells what is the file's fault.
func refused(err error) error {
	if dataset.Unreadable(err) || dataset.Rejected(err) {
		return fmt.Errorf("%w: %s", ErrUnreadable, dataset.FirstLine(err))
	}
	return err
}

type reader struct {
	record   Record
	snapshot *feature.Snapshot
	// texts are the values of the categorical features, and present which rows
	// have one.
	kinds   []feature.Kind
	texts   [][]string
	present [][]bool
	numbers [][]float64
}

// columns checks that the file has the columns that the record speaks of.
func (r *reader) columns(columns []dataset.Column) error {
	types := map[string]string{}
	for _, column := range columns {
		types[column.Name] = column.Type
	}
	for name, want := range map[string]string{rowColumn: "BIGINT", dayColumn: "DATE", decidedColumn: "TIMESTAMP", labelColumn: "DOUBLE", knownColumn: "TIMESTAMP"} {
		if types[name] != want {
			return fmt.Errorf("%w: its column %s is %q, and should be %s", ErrUnreadable, name, types[name], want)
		}
	}
	for _, name := range r.record.Features {
		switch types[name] {
		case "DOUBLE":
			r.kinds = append(r.kinds, feature.Numeric)
		case "VARCHAR":
			r.kinds = append(r.kinds, feature.Categorical)
		default:
			return fmt.Errorf("%w: its feature %s is %q, and should be DOUBLE or VARCHAR", ErrUnreadable, name, types[name])
		}
	}
	n := len(r.kinds)
	r.texts, r.present, r.numbers = make([][]string, n), make([][]bool, n), make([][]float64, n)
	return nil
}

func (r *reader) rows(ctx context.Context, session *dataset.Session) (err error) {
	columns := []string{dayColumn + "::TIMESTAMP", decidedColumn, labelColumn, knownColumn}
	for _, name := range r.record.Features {
		columns = append(columns, dataset.Identifier(name))
	}
	cursor, err := dataset.NewCursor(ctx, session.DB(), fmt.Sprintf("SELECT %s FROM rows", strings.Join(columns, ", ")))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cursor.Close()) }()
	for {
		chunk, ok, err := cursor.Next()
		if err != nil || !ok {
			return err
		}
		r.take(chunk)
	}
}

func (r *reader) take(chunk dataset.Chunk) {
	s := r.snapshot
	moment := func(column, row int) time.Time {
		if !chunk.Validity(column).Valid(row) {
			return time.Time{}
		}
		return time.UnixMicro(chunk.Integers(column)[row]).UTC()
	}
	number := func(column, row int) float64 {
		if !chunk.Validity(column).Valid(row) {
			return math.NaN()
		}
		return chunk.Numbers(column)[row]
	}
	for row := range chunk.Integers(0) {
		s.Partition = append(s.Partition, moment(0, row).Format(time.DateOnly))
		s.DecidedAt = append(s.DecidedAt, moment(1, row))
		s.Label = append(s.Label, number(2, row))
		s.LabelKnownAt = append(s.LabelKnownAt, moment(3, row))
		for i, kind := range r.kinds {
			if kind == feature.Numeric {
				r.numbers[i] = append(r.numbers[i], number(4+i, row))
				continue
			}
			valid := chunk.Validity(4 + i).Valid(row)
			text := ""
			if valid {
				text = chunk.Texts(4 + i)[row].String()
			}
			r.texts[i], r.present[i] = append(r.texts[i], text), append(r.present[i], valid)
		}
	}
}

func (r *reader) finish() *feature.Snapshot {
	s := r.snapshot
	s.Frame = feature.Frame{Rows: len(s.Partition)}
	for i, name := range r.record.Features {
		if r.kinds[i] == feature.Numeric {
			s.Frame.Columns = append(s.Frame.Columns, feature.NewNumeric(name, slices.Clip(r.numbers[i])))
		} else {
			s.Frame.Columns = append(s.Frame.Columns, feature.NewCategorical(name, r.texts[i], r.present[i]))
		}
	}
	return s
}
