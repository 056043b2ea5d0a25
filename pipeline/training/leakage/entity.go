package leakage

import (
	"fmt"

	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// tooGoodEntity is the area under the ROC curve, or the R², from which on labels
// are the entity's rather than the observation's.
const tooGoodEntity = 0.95

// Overlap counts the entities of the evaluation, and those of them that training
// has seen.
func Overlap(train, test Side) (entities, seen int) {
	trained := map[int64]bool{}
	for _, e := range train.Entity {
		trained[e] = true
	}
	met := map[int64]bool{}
	for _, e := range test.Entity {
		if !met[e] {
			met[e] = true
			if trained[e] {
				seen++
			}
		}
	}
	return len(met), seen
}

// entities asks how well the mean label that an entity had in training tells its
// labels in the evaluation. Where they are always the same, a model may learn
// who is who, and the evaluation does not say how it does on others.
func entities(task metric.Task, train, test Side) (*Sign, error) {
	if train.Entity == nil {
		return nil, nil
	}
	past := map[int64]*part{}
	for row, e := range train.Entity {
		if past[e] == nil {
			past[e] = &part{}
		}
		past[e].add(train.Label[row])
	}
	var label, predicted []float64
	for row, e := range test.Entity {
		if p := past[e]; p != nil {
			label, predicted = append(label, test.Label[row]), append(predicted, p.sum/p.rows)
		}
	}
	s, err := measure(task, label, predicted)
	if err != nil || s.value < tooGoodEntity {
		return nil, err
	}
	all, seen := Overlap(train, test)
	return sign(report.Warning, CodeEntity, "", s, tooGoodEntity,
		fmt.Sprintf("%d of the %d entities in the evaluation are in training, and their labels there alone have %s %s on %d of the %d later observations",
			seen, all, s.name, figure(s.value), s.rows, len(test.Label)),
		"evaluate entities that training has not seen (split.group), or predict once for each entity"), nil
}
