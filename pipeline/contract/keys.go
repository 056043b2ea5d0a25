package contract

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// hasKey reports whether a view has all parts of a key.
func (v view) hasKey(c groupCheck) bool {
	for _, column := range c.columns {
		if b := v.columns[column]; !b.present || !b.castable || b.ignored {
			return false
		}
	}
	return true
}

// keySum is SQL for how many whole keys a view has and how many different ones,
// by their hash, which costs no scan of its own. Where the two are equal no key
// stands twice; where they are not, keys may repeat or hashes may meet, and
// checkGroup looks at the keys themselves.
func (v view) keySum(c groupCheck) (all, different string) {
	keys, present := keyColumns(c)
	key := "CASE WHEN " + strings.Join(present, " AND ") + " THEN hash(" + strings.Join(keys, ", ") + ") END"
	if p := v.columns[c.columns[0]].property; len(keys) == 1 && p.LogicalType != TypeString {
		key = keys[0] // no wider than its hash
	}
	return "count(" + key + ")", "count(DISTINCT " + key + ")"
}

// keyColumns are a key's parts in a view's base, and the conditions that each is
// there.
func keyColumns(c groupCheck) (keys, present []string) {
	for _, column := range c.columns {
		key := fmt.Sprintf("t%d", column)
		keys, present = append(keys, key), append(present, key+" IS NOT NULL")
	}
	return keys, present
}

// ascends reports whether each key of a view is greater than the one before it,
// so that none stands twice, in whatever order the rows come. Tables are often
// kept so; where they are not, the first step down ends the scan.
func (k *checker) ascends(v view, c groupCheck) (bool, error) {
	keys, present := keyColumns(c)
	key := strings.Join(keys, ", ")
	if len(keys) > 1 {
		key = "row(" + key + ")"
	}
	base := v.base(v.segment.Relation(), nil, func(i int) bool { return slices.Contains(c.columns, i) })
	query := fmt.Sprintf("SELECT true FROM (SELECT %[1]s AS key, lag(%[1]s) OVER () AS before FROM (%[2]s) WHERE %[3]s) WHERE key <= before LIMIT 1", key, base, strings.Join(present, " AND "))
	var down bool
	err := k.session.DB().QueryRowContext(k.ctx, query).Scan(&down)
	if errors.Is(err, sql.ErrNoRows) {
		return true, nil
	}
	return false, err
}
