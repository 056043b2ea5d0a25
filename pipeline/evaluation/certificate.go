package evaluation

import (
	"fmt"
	"time"
)

// A Certificate says what was done to find features that knew the future: at
// each cut-off, what is known only later was taken away and, apart from that,
// put in disorder, and the features of the observations decided by then were
// built again and compared bit for bit.
type Certificate struct {
	// Passed says that everything was the same, and that there was something to
	// compare.
	Passed bool `json:"passed"`
	// CutOffs are the times that were tried, in order.
	CutOffs []time.Time `json:"cut_offs"`
	// Observations is how many were compared, summed over the cut-offs, and
	// Features how many values of each.
	Observations int64 `json:"observations"`
	Features     int64 `json:"features"`
	// RowsRemoved and RowsScrambled count the rows that were not yet known, whole
	// or in part, summed over the cut-offs at which they were taken away and put
	// in disorder.
	RowsRemoved   int64 `json:"rows_removed"`
	RowsScrambled int64 `json:"rows_scrambled"`
	// Sample is how many observations were compared at each cut-off; 0 means all.
	Sample int64 `json:"sample"`
	// Seed chose cut-offs; with it and the same data the proof is the same.
	Seed int64 `json:"seed"`
	// SnapshotDigest is of the features that the certificate is about, and
	// DefinitionsDigest of what the bundle holds as features.json.
	SnapshotDigest    string `json:"snapshot_digest"`
	DefinitionsDigest string `json:"definitions_digest"`
}

func (c Certificate) normal() Certificate {
	times := make([]time.Time, len(c.CutOffs))
	for i, at := range c.CutOffs {
		times[i] = at.UTC()
	}
	c.CutOffs = times
	return c
}

func (c Certificate) check(features int64) error {
	for _, n := range []struct {
		name  string
		value int64
	}{
		{"observations", c.Observations}, {"features", c.Features}, {"rows_removed", c.RowsRemoved},
		{"rows_scrambled", c.RowsScrambled}, {"sample", c.Sample}, {"seed", c.Seed},
	} {
		if n.value < 0 {
			return fmt.Errorf("%s of the proof of honesty is %d, less than 0", n.name, n.value)
		}
	}
	for i, at := range c.CutOffs {
		if at.IsZero() || i > 0 && !c.CutOffs[i-1].Before(at) {
			return fmt.Errorf("cut-off %d of the proof of honesty is %s; give each once, in order", i+1, at.Format(time.RFC3339Nano))
		}
	}
	if !c.Passed {
		return nil
	}
	if len(c.CutOffs) == 0 || c.Observations == 0 || c.RowsRemoved == 0 || c.RowsScrambled == 0 || c.SnapshotDigest == "" || c.DefinitionsDigest == "" {
		return fmt.Errorf("the proof of honesty cannot have passed on %d cut-offs, %d observations and %d rows", len(c.CutOffs), c.Observations, c.RowsRemoved)
	}
	if c.Features != features {
		return fmt.Errorf("the proof of honesty is over %d features, and %d were checked", c.Features, features)
	}
	return nil
}
