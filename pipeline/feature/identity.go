package feature

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// Identities tell which rows of a snapshot are the same observation, and which
// are of the same entity. Numbers stand for keys; they have no other meaning.
type Identities struct {
	// Key is equal for rows whose key columns are equal, NULL with NULL; Entity
	// likewise, and nil where observations have no entity.
	Key, Entity []int64
	// Names are the keys that several rows have, as column=value; values that the
	// contract classifies as personal are masked.
	Names map[int64]string
}

// Identify reads the identities of the observations of the last Build, in the
// order of its snapshot.
func (p Plan) Identify(ctx context.Context, db *sql.DB) (ids *Identities, err error) {
	fail := func(err error) (*Identities, error) {
		return nil, fmt.Errorf("identify the observations: %w", err)
	}
	o := p.Observations
	entity := "NULL::BIGINT"
	if len(o.Entity) > 0 {
		entity = fmt.Sprintf("dense_rank() OVER (ORDER BY %s)", identifiers(o.Entity))
	}
	keys := identifiers(o.Key)
	rows, err := db.QueryContext(ctx, fmt.Sprintf(
		"SELECT dense_rank() OVER (ORDER BY %s), %s, CASE WHEN count(*) OVER (PARTITION BY %s) > 1 THEN %s END FROM %s ORDER BY %s",
		keys, entity, keys, p.keyText(), ObservationsTable, colID))
	if err != nil {
		return fail(err)
	}
	defer func() { _ = rows.Close() }()
	ids = &Identities{Names: map[int64]string{}}
	for rows.Next() {
		var key int64
		var entity sql.NullInt64
		var name sql.NullString
		if err := rows.Scan(&key, &entity, &name); err != nil {
			return fail(err)
		}
		ids.Key = append(ids.Key, key)
		if entity.Valid {
			ids.Entity = append(ids.Entity, entity.Int64)
		}
		if name.Valid {
			ids.Names[key] = name.String
		}
	}
	if err := rows.Err(); err != nil {
		return fail(err)
	}
	return ids, nil
}

// A Key is one column of what names the observations, as text.
type Key struct {
	Name   string
	Values []sql.NullString
}

// Keys reads the keys of the observations of the last Build, in the order of its
// snapshot. Those that are personal data are left out.
func (p Plan) Keys(ctx context.Context, db *sql.DB) (keys []Key, err error) {
	source, _ := p.source(p.Observations.Source)
	var columns []string
	for _, name := range p.Observations.Key {
		if !slices.Contains(source.Personal, name) {
			keys = append(keys, Key{Name: name})
			columns = append(columns, dataset.Identifier(name)+"::VARCHAR")
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	rows, err := db.QueryContext(ctx, fmt.Sprintf("SELECT %s FROM %s ORDER BY %s", strings.Join(columns, ", "), ObservationsTable, colID))
	if err != nil {
		return nil, fmt.Errorf("read the observations' keys: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	values, targets := make([]sql.NullString, len(keys)), make([]any, len(keys))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return nil, fmt.Errorf("read the observations' keys: %w", err)
		}
		for i, value := range values {
			keys[i].Values = append(keys[i].Values, value)
		}
	}
	return keys, rows.Err()
}

// keyText is SQL for a key as people read it.
func (p Plan) keyText() string {
	source, _ := p.source(p.Observations.Source)
	parts := make([]string, len(p.Observations.Key))
	for i, name := range p.Observations.Key {
		value := fmt.Sprintf("coalesce(%s::VARCHAR, 'NULL')", dataset.Identifier(name))
		if slices.Contains(source.Personal, name) {
			value = "'(masked)'"
		}
		parts[i] = fmt.Sprintf("%s || %s", dataset.Literal(name+"="), value)
	}
	return strings.Join(parts, " || ', ' || ")
}
