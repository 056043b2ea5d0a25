package feature_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linecook-ml/linecook/pipeline/feature"
)

// Rows of one key are one observation, missing parts included; only keys that
// several rows have are named, and what is personal in them is not.
func TestIdentify(t *testing.T) {
	s, p := numbersPlan(t, "(2.0::DOUBLE, 'a'), (1.0, 'b'), (NULL, 'a'), (2.0, 'c'), (NULL, 'b')", "x")
	p.Observations.Key, p.Observations.Entity = []string{"x", "day"}, []string{"s"}
	p.Sources[0].Personal = []string{"x"}
	identify := func() (*feature.Snapshot, *feature.Identities) {
		snapshot := build(t, s, p, feature.Range{})
		ids, err := p.Identify(context.Background(), s.DB())
		if err != nil {
			t.Fatal(err)
		}
		return snapshot, ids
	}
	snapshot, ids := identify()
	// By decision time, then key, NULL last, then all there is.
	if want := []float64{1, 2, 2}; !slices.Equal(snapshot.Frame.Columns[0].Numbers[:3], want) {
		t.Fatalf("the rows are in the order %v", snapshot.Frame.Columns[0].Numbers)
	}
	want := &feature.Identities{
		Key: []int64{1, 2, 2, 3, 3}, Entity: []int64{2, 1, 3, 1, 2},
		Names: map[int64]string{2: "x=(masked), day=2013-01-01", 3: "x=(masked), day=2013-01-01"},
	}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Error(diff)
	}

	p.Observations.Entity, p.Sources[0].Personal = nil, nil
	_, ids = identify()
	if ids.Entity != nil || ids.Names[3] != "x=NULL, day=2013-01-01" || ids.Names[2] != "x=2.0, day=2013-01-01" {
		t.Errorf("without an entity: %+v", ids)
	}
}
