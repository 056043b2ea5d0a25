package feature

import (
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// noKey is the number of what is no key.
const noKey = -1

// A numbering numbers keys as they come. The number of a key of several columns
// is that of a pair: of its columns but the last, and of the last.
type numbering struct {
	// kinds are those of the columns, each a number or a text.
	kinds []columnKind
	// integers and texts are by column, and so are the pairs that it ends.
	integers []integerNumbers
	texts    []map[string]int32
	pairs    []map[[2]int32]int32
}

func newNumbering(kinds []columnKind) *numbering {
	n := &numbering{kinds: kinds, integers: make([]integerNumbers, len(kinds))}
	for range kinds {
		n.texts = append(n.texts, map[string]int32{})
		n.pairs = append(n.pairs, map[[2]int32]int32{})
	}
	return n
}

// grows says whether there are numbers that only those who add keys know.
func (n *numbering) grows() bool {
	return len(n.kinds) != 1 || n.kinds[0] != integerColumn || n.integers[0].far != nil
}

// number numbers the keys of a chunk's rows, whose columns are the chunk's from
// the given one on. A key that it has not met is added, or is none.
func (n *numbering) number(chunk dataset.Chunk, first int, add bool) []int32 {
	keys := make([]int32, chunk.Rows)
	for i, kind := range n.kinds {
		numbers := make([]int32, chunk.Rows)
		valid := chunk.Validity(first + i)
		if kind == textColumn {
			texts := chunk.Texts(first + i)
			for row := range numbers {
				numbers[row] = noKey
				if valid.Valid(row) {
					numbers[row] = numberText(n.texts[i], texts[row].View(), add)
				}
			}
		} else {
			for row, v := range chunk.Integers(first + i) {
				numbers[row] = noKey
				if valid.Valid(row) {
					numbers[row] = n.integers[i].number(v, add)
				}
			}
		}
		if i == 0 {
			keys = numbers
			continue
		}
		for row, last := range numbers {
			if keys[row] != noKey && last != noKey {
				keys[row] = number(n.pairs[i], [2]int32{keys[row], last}, add)
			} else {
				keys[row] = noKey
			}
		}
	}
	return keys
}

func number[K comparable](known map[K]int32, value K, add bool) int32 {
	number, ok := known[value]
	if ok {
		return number
	}
	if !add {
		return noKey
	}
	number = int32(len(known))
	known[value] = number
	return number
}

// integerNumbers number integers: where they lie close together, as identifiers
// often do, by how far they are from the least, which takes no map and no order.
type integerNumbers struct {
	least int64
	near  uint64 // so many integers, from the least on
	far   map[int64]int32
}

// newIntegerNumbers numbers integers from the least to the greatest, of which
// there are at most so many: so many numbers may go to integers that are none.
func newIntegerNumbers(least, greatest int64, most int) integerNumbers {
	if span := uint64(greatest) - uint64(least); span < uint64(most) {
		return integerNumbers{least: least, near: span + 1}
	}
	return integerNumbers{far: map[int64]int32{}}
}

func (n *integerNumbers) number(v int64, add bool) int32 {
	if n.far != nil {
		return number(n.far, v, add)
	}
	i := uint64(v) - uint64(n.least)
	if i >= n.near {
		return noKey
	}
	return int32(i)
}

// numberText numbers a text that does not last.
func numberText(known map[string]int32, text string, add bool) int32 {
	if number, ok := known[text]; ok || !add {
		if !ok {
			return noKey
		}
		return number
	}
	return number(known, strings.Clone(text), add)
}
