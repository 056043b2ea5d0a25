package training

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// maxSamples is how many rows a finding names.
const maxSamples = 5

// overlap are the rows of the evaluation that were trained on: byKey those with
// the key of a row in training, copies those that a row in training has under
// another key, with the same entity, decision, label and features.
func (o *observations) overlap(d division) (byKey, copies []int) {
	keys, rows := make(map[int64]bool, len(d.train)), make(map[digest]bool, len(d.train))
	for _, i := range d.train {
		keys[o.Key[i]], rows[o.whole[i]] = true, true
	}
	for _, i := range d.test {
		switch {
		case keys[o.Key[i]]:
			byKey = append(byKey, i)
		case rows[o.whole[i]]:
			copies = append(copies, i)
		}
	}
	return byKey, copies
}

// decidedIn are the rows decided in a period, whatever became of their labels.
func (o *observations) decidedIn(p evaluation.Period) []int {
	var rows []int
	for i, decided := range o.DecidedAt {
		if !decided.Before(p.From) && decided.Before(p.To) {
			rows = append(rows, i)
		}
	}
	return rows
}

// overlapping refuses to evaluate what, the model or a fold, on rows that were
// trained on; nil where there are none.
func overlapping(c *pipeline.Config, what string, o *observations, d division) *report.Finding {
	byKey, copies := o.overlap(d)
	both := len(byKey) + len(copies)
	if both == 0 {
		return nil
	}
	f := finding("training/overlap", c.At("observations", "key"),
		fmt.Sprintf("%d of the %d observations to evaluate %s on are trained on, %d under the same key and %d as copies under another one; no metric of them would mean anything",
			both, len(d.test), what, len(byKey), len(copies)),
		"take the copies out of the source, or name in observations.key all columns that tell observations apart")
	f.Source, f.Count = c.Observations.Source, int64(both)
	for _, i := range byKey {
		f.Samples = append(f.Samples, o.Names[o.Key[i]])
	}
	for _, i := range copies {
		f.Samples = append(f.Samples, "a copy decided at "+o.DecidedAt[i].UTC().Format(time.RFC3339))
	}
	f.Samples = f.Samples[:min(maxSamples, len(f.Samples))]
	return &f
}

// A digest stands for the values of a row.
type digest [16]byte

// digests are of every row of a snapshot: values of its features and label, and
// whole of those, its entity and the times of its decision and label. Codes of
// levels stand for the levels, so that digests of different snapshots cannot be
// compared.
func digests(s *feature.Snapshot, entity []int64) (values, whole []digest) {
	values, whole = make([]digest, s.Frame.Rows), make([]digest, s.Frame.Rows)
	var buffer []byte
	for i := range values {
		buffer = binary.BigEndian.AppendUint64(buffer[:0], math.Float64bits(s.Label[i]))
		for j := range s.Frame.Columns {
			if column := &s.Frame.Columns[j]; column.Kind == feature.Categorical {
				buffer = binary.BigEndian.AppendUint32(buffer, uint32(column.Codes[i]))
			} else {
				buffer = binary.BigEndian.AppendUint64(buffer, math.Float64bits(column.Numbers[i]))
			}
		}
		sum := sha256.Sum256(buffer)
		values[i] = digest(sum[:])
		buffer = binary.BigEndian.AppendUint64(buffer, uint64(s.DecidedAt[i].UnixMicro()))
		buffer = binary.BigEndian.AppendUint64(buffer, uint64(s.LabelKnownAt[i].UnixMicro()))
		if entity != nil {
			buffer = binary.BigEndian.AppendUint64(buffer, uint64(entity[i]))
		}
		sum = sha256.Sum256(buffer)
		whole[i] = digest(sum[:])
	}
	return values, whole
}

// mostRepeated is the share of evaluated rows that may have the features and
// label of a row that was trained on before somebody is told.
const mostRepeated = 0.01

// repeated counts the rows of the evaluation that have all features and the
// label of a row that was trained on. Where features take few values that is as
// it should be, and so it is within the training side: usual is the share of
// its later half that repeats its earlier half.
func (o *observations) repeated(d division) (rows int, usual float64) {
	half := len(d.train) / 2
	within := o.repeats(d.train[:half], d.train[half:])
	return o.repeats(d.train, d.test), float64(within) / float64(max(1, len(d.train)-half))
}

func (o *observations) repeats(earlier, later []int) int {
	seen := make(map[digest]bool, len(earlier))
	for _, i := range earlier {
		seen[o.values[i]] = true
	}
	count := 0
	for _, i := range later {
		if seen[o.values[i]] {
			count++
		}
	}
	return count
}
