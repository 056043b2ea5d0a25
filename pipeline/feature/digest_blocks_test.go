package feature

import (
	"math"
	"runtime"
	"testing"
	"time"
)

// Every value of every block is in the digest, which is the same on one processor
// and on several.
func TestDigestOfSeveralBlocks(t *testing.T) {
	const rows = 2*digestBlock + 3
	s := &Snapshot{Partition: make([]string, rows), DecidedAt: make([]time.Time, rows), Label: make([]float64, rows), LabelKnownAt: make([]time.Time, rows)}
	numbers, codes := make([]float64, rows), make([]int32, rows)
	for i := range rows {
		s.Partition[i], s.DecidedAt[i] = "2013-01-01", time.Unix(int64(i), 0)
		numbers[i], codes[i] = float64(i), int32(i%3)-1
	}
	s.Frame = Frame{Rows: rows, Columns: []Column{NewNumeric("x", numbers), {Name: "c", Kind: Categorical, Codes: codes, Levels: []string{"a", "b"}}}}
	seen := map[string]string{s.Recompute(): "nothing"}
	differs := func(what string) {
		t.Helper()
		digest := s.Recompute()
		if before, ok := seen[digest]; ok {
			t.Errorf("%s: the digest is that of %s", what, before)
		}
		seen[digest] = what
	}
	for _, i := range []int{0, digestBlock - 1, digestBlock, rows - 1} {
		numbers[i] = math.NaN()
		differs("a missing number")
		numbers[i] = -1
		differs("another number")
		codes[i] = (codes[i]+2)%3 - 1
		differs("another level")
		s.Label[i] = 1
		differs("another label")
		s.LabelKnownAt[i] = time.Unix(1, 0)
		differs("another time")
		s.Partition[i] = "2013-01-02"
		differs("another day")
	}
	several := s.Recompute()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if one := s.Recompute(); one != several {
		t.Errorf("%s on one processor, %s on several", one, several)
	}
}
