package training

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// shuffle measures what a random split of the same rows would have shown, with
// the same parameters. Nothing else depends on it.
func (l *line) shuffle(o *observations, d division, parameters pipeline.Parameters) (*evaluation.Shuffled, *report.Finding, error) {
	c := l.in.Config
	random := c.Split.Random
	share := float64(len(d.test)) / float64(len(d.train)+len(d.test))
	if random.Share != nil {
		share = *random.Share
	}
	l.step(fmt.Sprintf("evaluate a random split with seed %d, to show beside", random.Seed))
	drawn := draw(o, d, uint64(random.Seed), share, c.Split.Group)
	if f := unfit(c, l.in.Until, o.Select(drawn.train), o.Select(drawn.test)); f != nil {
		f.Message = "the random split: " + f.Message
		return nil, f, nil
	}
	if f := overlapping(c, "the random split", o, drawn); f != nil {
		return nil, f, nil
	}
	train, test := o.Select(drawn.train), o.Select(drawn.test)
	fitted, unfitted, err := fit(c, train, parameters)
	if unfitted != nil {
		unfitted.Message = "the random split: " + unfitted.Message
	}
	if err != nil || unfitted != nil {
		return nil, unfitted, err
	}
	scores, refused, err := fitted.predict(c, test)
	if refused != nil {
		refused.Message = "the random split: " + refused.Message
	}
	if err != nil || refused != nil {
		return nil, refused, err
	}
	estimates, err := l.estimates(test.Label, scores, metric.NumberDays(test.Partition))
	if errors.Is(err, metric.ErrUndefined) {
		f := finding("training/undefined-metric", c.At("split", "random"), "the random split: "+err.Error(), "draw a larger share, or leave the random split out")
		return nil, &f, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return &evaluation.Shuffled{
		Seed: random.Seed, Share: share, Reason: random.Reason,
		TrainingRows: int64(len(drawn.train)), Rows: int64(len(drawn.test)),
		Estimates: estimates,
	}, nil, nil
}

// draw puts a share of the rows of both sides, or of their entities, at random
// on the evaluation's side.
func draw(o *observations, d division, seed uint64, share float64, grouped bool) division {
	rows := slices.Concat(d.train, d.test)
	slices.Sort(rows)
	var units [][]int
	place := map[int64]int{}
	for _, i := range rows {
		if !grouped {
			units = append(units, []int{i})
			continue
		}
		at, met := place[o.Entity[i]]
		if !met {
			at = len(units)
			place[o.Entity[i]] = at
			units = append(units, nil)
		}
		units[at] = append(units[at], i)
	}
	mix(units, seed)
	drawn := int(math.Round(share * float64(len(units))))
	out := division{test: slices.Concat(units[:drawn]...), train: slices.Concat(units[drawn:]...)}
	slices.Sort(out.train)
	slices.Sort(out.test)
	return out
}

// mix puts units in the order of digests of the seed and of their place.
func mix(units [][]int, seed uint64) {
	order := make([]digest, len(units))
	at := make([]int, len(units))
	for i := range units {
		sum := sha256.Sum256(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, seed), uint64(i)))
		order[i], at[i] = digest(sum[:]), i
	}
	slices.SortFunc(at, func(i, j int) int { return bytes.Compare(order[i][:], order[j][:]) })
	before := slices.Clone(units)
	for i, from := range at {
		units[i] = before[from]
	}
}
