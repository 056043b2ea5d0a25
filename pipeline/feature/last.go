package feature

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// lastRows are means of the n latest rows of one column. Of two rows, the later
// one by event never leaves a window first: what is no more among the latest n
// that are known never will be. So n rows are kept, the latest first, whatever
// the window.
type lastRows struct {
	column, n int
	outputs   []windowOutput
	kept      []datedDecimal
}

type datedDecimal struct {
	event, known int64
	value        int128
}

func (l *lastRows) begin() { l.kept = l.kept[:0] }

func (l *lastRows) enter(t *table, i int, _ int64) error {
	if !t.valid(l.column, i) {
		return nil
	}
	row := datedDecimal{t.events[i], t.known(i), t.decimal(l.column, i)}
	kept := l.kept
	at, _ := slices.BinarySearchFunc(kept, row, func(k, row datedDecimal) int {
		return cmp.Or(cmp.Compare(row.event, k.event), cmp.Compare(row.known, k.known), row.value.compare(k.value))
	})
	if at == l.n {
		return nil
	}
	l.kept = slices.Insert(kept[:min(len(kept), l.n-1)], at, row)
	return nil
}

func (l *lastRows) leave(*table, int, int) {}

func (l *lastRows) read(into []*builder, i int, t int64) error {
	for _, output := range l.outputs {
		var sum int128
		n := 0
		for _, row := range l.kept {
			if after(row.event, output.window) <= t {
				break
			}
			if !sum.add(row.value) {
				return fmt.Errorf("%w: the latest %d numbers are too large to be summed exactly", dataset.ErrData, l.n)
			}
			n++
		}
		if n > 0 {
			into[output.feature].set(i, sum.float64()/float64(n))
		}
	}
	return nil
}
