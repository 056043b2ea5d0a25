package contract

import (
	"slices"
	"strings"
)

// A pair is one element of a list before and after, by index.
type pair struct{ before, after int }

// match pairs the elements of two lists: first those that agree in the first
// key, then among the rest those that agree in the second, and so on. An empty
// key agrees with nothing. Elements with equal keys pair in their order.
func match[T any](before, after []T, keys ...func(T) string) (pairs []pair, removed, added []int) {
	removed, added = indexes(before), indexes(after)
	for _, key := range keys {
		for _, j := range slices.Clone(added) {
			want := key(after[j])
			at := slices.IndexFunc(removed, func(i int) bool { return want != "" && key(before[i]) == want })
			if at < 0 {
				continue
			}
			pairs = append(pairs, pair{removed[at], j})
			removed = slices.Delete(removed, at, at+1)
			added = slices.DeleteFunc(added, func(k int) bool { return k == j })
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int { return a.after - b.after })
	return pairs, removed, added
}

func indexes[T any](list []T) []int {
	out := make([]int, len(list))
	for i := range out {
		out[i] = i
	}
	return out
}

// inOrder says that no two pairs changed places.
func inOrder(pairs []pair) bool {
	return slices.IsSortedFunc(pairs, func(a, b pair) int { return a.before - b.before })
}

// A lister says how one kind of list is compared.
type lister[T any] struct {
	// what is the element in messages; kind starts the kinds of its changes.
	what, kind string
	// keys pair the elements, and name names one in paths and messages.
	keys []func(T) string
	name func(T) string
	// removed, added and reordered are the verdicts on the list itself.
	removed, added, reordered func(T) verdict
	// change compares the two of a pair.
	change func(s site, before, after T)
}

func always[T any](v verdict) func(T) verdict { return func(T) verdict { return v } }

// lists compares two lists. It says something whenever they differ.
func lists[T any](c *comparer, s site, before, after []T, l lister[T]) {
	pairs, removed, added := match(before, after, l.keys...)
	listsOf(c, s, before, after, l, pairs, removed, added)
}

func listsOf[T any](c *comparer, s site, before, after []T, l lister[T], pairs []pair, removed, added []int) {
	said := len(c.changes)
	for _, i := range removed {
		v, why := l.removed(before[i]), ""
		if v == loosened {
			why = ": data that it ruled out can arrive"
		}
		c.add(s.gone(i, l.name(before[i])), l.kind+"-removed", v, "the %s %q is gone%s", l.what, clip(l.name(before[i])), why)
	}
	for _, p := range pairs {
		l.change(s.item(p.after, l.name(after[p.after])), before[p.before], after[p.after])
	}
	for _, j := range added {
		v, why := l.added(after[j]), ""
		if v.producers == Breaking {
			why = ": data that was taken before can be refused"
		}
		c.add(s.item(j, l.name(after[j])), l.kind+"-added", v, "the %s %q is new%s", l.what, clip(l.name(after[j])), why)
	}
	switch {
	case !inOrder(pairs):
		var zero T
		c.add(s, l.kind+"-reordered", l.reordered(zero), "the order of the %s changed", several(l.what))
	case len(c.changes) == said && len(before)+len(after) == 0:
		// An empty list in one, and none in the other.
		c.note(s, several(l.what))
	}
}

func several(noun string) string {
	if stem, found := strings.CutSuffix(noun, "y"); found {
		return stem + "ies"
	}
	return noun + "s"
}
