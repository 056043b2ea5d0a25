package contract

import (
	"fmt"
	"slices"
	"strings"
)

// An edit is what happened to the primary key of a table.
type edit struct {
	kind    string
	verdict verdict
	message string
	// said: a key has many parts, and its edit is said at the first of them.
	said bool
}

// keyEdit compares two primary keys. names leads from the old names of
// properties to the new ones, because a renamed part is still the same part.
func keyEdit(before, after []Property, names map[string]string) *edit {
	was, is := keyNames(before), keyNames(after)
	for i, name := range was {
		if now, ok := names[name]; ok {
			was[i] = now
		}
	}
	said := fmt.Sprintf("the primary key was (%s) and has become (%s)", strings.Join(was, ", "), strings.Join(is, ", "))
	sortedWas, sortedIs := slices.Sorted(slices.Values(was)), slices.Sorted(slices.Values(is))
	switch {
	case slices.Equal(was, is):
		return &edit{kind: "documentation", verdict: documented, message: "the primary key is said in another way and is still the same"}
	case slices.Equal(sortedWas, sortedIs):
		return &edit{kind: "key-reordered", verdict: verdict{Compatible, Breaking, NoEffect}, message: said + ": the same rows under keys in another order"}
	case len(was) == 0:
		return &edit{kind: "key-added", verdict: verdict{Breaking, Compatible, Recheck}, message: said + ": rows that repeat it were taken before"}
	case len(is) == 0:
		return &edit{kind: "key-removed", verdict: verdict{Compatible, Breaking, Retrain}, message: said + ": nothing says what one row is"}
	}
	return &edit{kind: "key-changed", verdict: redefined, message: said + ": one row is now something else"}
}

// keyNames are the parts of a key in the order of their positions; parts
// without one follow in the order of the contract.
func keyNames(properties []Property) []string {
	var parts []Property
	for _, p := range properties {
		if p.isKey() {
			parts = append(parts, p)
		}
	}
	position := func(p Property) int {
		if at := deref(p.PrimaryKeyPosition); at > 0 {
			return at
		}
		return len(properties) + 1
	}
	slices.SortStableFunc(parts, func(a, b Property) int { return position(a) - position(b) })
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = p.Name
	}
	return names
}

func (c *comparer) primaryKey(s site, key string, before, after BaseProperty, keys *edit) {
	if keys == nil {
		// An element of a list is nobody's key.
		c.flag(s, key, before.isKey(), after.isKey(), tightened)
		return
	}
	c.once(&keys.said, func() { c.add(s, keys.kind, keys.verdict, "%s", keys.message) })
}
