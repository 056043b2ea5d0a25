package training

import (
	"context"

	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/honesty"
)

// prove says whether the snapshot's features have stood the experiment. Where
// they have not, the findings say so.
func (l *line) prove(ctx context.Context, plan feature.Plan, snapshot *feature.Snapshot) (bool, error) {
	l.step("prove the features honest")
	options := honesty.Enough(snapshot)
	options.Range, options.At = feature.Range{To: l.periods.lastDay}, l.in.Config.At
	certificate, findings, err := honesty.Prove(ctx, l.session.DB(), plan, options)
	if err != nil {
		return false, err
	}
	l.certificate = certificate
	for _, f := range findings {
		l.refuse(f)
	}
	return certificate.Passed, nil
}
