package canonical_test

import (
	"testing"

	"github.com/linecook-ml/linecook/pipeline/canonical"
)

// A document of the size and shape of a boosted model: 1,000 trees of 64 nodes.
func BenchmarkMarshal(b *testing.B) {
	type node struct {
		Feature   int     `json:"feature"`
		Threshold float64 `json:"threshold"`
		Left      int     `json:"left"`
		Right     int     `json:"right"`
	}
	trees := make([][]node, 1000)
	for i := range trees {
		for j := range 64 {
			trees[i] = append(trees[i], node{j, float64(i) / float64(j+1), j + 1, j + 2})
		}
	}
	text, err := canonical.Marshal(trees)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := canonical.Marshal(trees); err != nil {
			b.Fatal(err)
		}
	}
}
