package honesty

import (
	"cmp"
	"fmt"

	"github.com/linecook-ml/linecook/pipeline/report"
)

// unrepeatable reports the commands that gave other values for the same input,
// and says whether there are some. That is no leak: the rows were the same.
func (p *prover) unrepeatable(whole table, w window) bool {
	before := len(p.findings)
	for i, command := range p.plan.Commands {
		var features []string
		for j, d := range p.plan.Definitions {
			order := func(a, b row) int { return cmp.Or(a.decided().Compare(b.decided()), a.compareIn(b, j)) }
			if d.Command == command.Name && !whole.agrees(p.opt.Snapshot, w, order) {
				features = append(features, d.Name)
			}
		}
		if len(features) == 0 {
			continue
		}
		p.findings = append(p.findings, report.Finding{
			Code: "honesty/not-repeatable", Severity: report.Error, Position: p.opt.At("commands", i, "run"),
			Message: fmt.Sprintf("command %s gives other values for the same input: feature %s came out differently when it was run again", command.Name, features[0]),
			Remedy:  "leave out the clock, fix the seed of what is random, and depend on no order that a program is free to choose, as that of a set or of threads",
		})
	}
	return len(p.findings) > before
}
