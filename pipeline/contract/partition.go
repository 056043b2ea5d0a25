package contract

import (
	"errors"
	"fmt"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/document"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// A Partition is the rows whose property Column has, under the contract, the
// value Value, or with OrEarlier one that is not greater. A date selects a day
// (in UTC) of a timestamp.
type Partition struct {
	Column    string
	Value     string
	OrEarlier bool
}

func (p *Partition) String() string {
	if p == nil {
		return ""
	}
	if p.OrEarlier {
		return p.Column + "<=" + p.Value
	}
	return p.Column + "=" + p.Value
}

// ErrPartition says that the property of a partition cannot have its value.
var ErrPartition = errors.New("no such partition")

// cut limits every view to the partition and drops the views that cannot tell
// their partition.
func (k *checker) cut() error {
	partition := k.opt.Partition
	if partition == nil {
		return nil
	}
	p := k.contract.object().property(partition.Column)
	if p == nil {
		return fmt.Errorf("the contract has no property %q to partition by", partition.Column)
	}
	literal, err := k.partitionLiteral(p, partition.Value)
	if err != nil {
		return err
	}
	index := k.contract.index(p)
	var kept []view
	for _, v := range k.views {
		b := v.columns[index]
		switch {
		case !b.present:
			near, err := k.nearestColumn(v, index, k.unexpected(v))
			if err != nil {
				return err
			}
			k.add(k.missingColumn(v, index, near))
			continue
		case !b.castable:
			k.wrongColumnType(v, index)
			continue
		}
		v.inside = func(v view) string { return partition.condition(v.columns[index].partitionValue(), p, literal) }
		kept = append(kept, v)
	}
	k.views = kept
	return nil
}

// partitionValue is the typed value, or the bare column where that is the same,
// so that DuckDB can skip the parts of a Parquet file that hold other days.
func (b boundColumn) partitionValue() string {
	raw := b.raw()
	if b.column.Type == b.property.duckType() && b.property.utc(raw) == raw && b.property.missingCondition(raw, b.column.Type) == never {
		return raw
	}
	return "(" + b.typed() + ")"
}

func (p *Partition) condition(value string, property *Property, literal string) string {
	if property.LogicalType == TypeTimestamp && strings.HasPrefix(literal, "DATE ") {
		before := value + " < " + literal + " + INTERVAL 1 DAY"
		if p.OrEarlier {
			return before
		}
		return value + " >= " + literal + " AND " + before
	}
	if p.OrEarlier {
		return value + " <= " + literal
	}
	return value + " = " + literal
}

func (k *checker) partitionLiteral(p *Property, value string) (string, error) {
	text := Text{Kind: document.Text, Text: value}
	if p.LogicalType == TypeTimestamp {
		if literal, ok := bare(TypeDate).boundLiteral(text); ok {
			return literal, nil
		}
	}
	switch p.LogicalType {
	case TypeInteger, TypeNumber, TypeBoolean:
		text = document.Plain(value)
	}
	literal, ok := p.valueLiteral(text)
	if !ok {
		return "", fmt.Errorf("%w: the value %q is no %s, which the property %s is", ErrPartition, value, p.LogicalType, p.Name)
	}
	return literal, nil
}

// findRows drops the views without a row of the partition: another day's schema
// is no finding of this day.
func (k *checker) findRows() error {
	index := k.contract.index(k.contract.object().property(k.opt.Partition.Column))
	var kept []view
	var inFiles int64
	for _, v := range k.views {
		inside := v.inside(v)
		unreadable := "(" + v.columns[index].typed() + ") IS NULL"
		counts := "count(*) FILTER (WHERE " + inside + "), count(*) FILTER (WHERE " + unreadable + ")"
		var here, unknown int64
		if err := k.session.DB().QueryRowContext(k.ctx, "SELECT "+counts+" FROM "+v.segment.Relation()+" AS r").Scan(&here, &unknown); err != nil {
			return err
		}
		if here > 0 {
			kept = append(kept, v)
		}
		if unknown > 0 && !hidesRowNames(v.segment) {
			if err := k.session.DB().QueryRowContext(k.ctx, unreadableBeside(v, inside, unreadable)).Scan(&unknown); err != nil {
				return err
			}
		}
		inFiles += unknown
	}
	k.views = kept
	if inFiles > 0 {
		p := k.contract.object().Properties[index]
		k.add(report.Finding{Code: "contract/unassigned-rows", Severity: report.Error, Column: p.Column(), Count: inFiles,
			Position: k.contract.propertyPosition(index),
			Message:  fmt.Sprintf("%s have no readable %s in files of this partition, so it is unknown which partition they belong to", rows(inFiles), p.Name),
			Remedy:   "correct the values"})
	}
	return nil
}

// unreadableBeside counts rows without a readable partition value. They are this
// partition's problem when they stand in a file that has rows of it: then they
// may well belong to it.
func unreadableBeside(v view, inside, unreadable string) string {
	return "SELECT coalesce(sum(n), 0) FROM (SELECT count(*) FILTER (WHERE " + unreadable + ") AS n, count(*) FILTER (WHERE " + inside + ") AS here FROM " +
		v.segment.RowRelation() + " AS r GROUP BY r._file) WHERE here > 0"
}
