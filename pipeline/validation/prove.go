package validation

import (
	"context"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/honesty"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// Prove builds the features of all observations and proves by experiment, on
// every one of them, that none knew the future. It adds to the findings of Run,
// and does nothing where these stop the line already: features that are not
// honest by what they say need no experiment.
func (r *Result) Prove(ctx context.Context, c *pipeline.Config, contracts pipeline.Contracts, session *dataset.Session) error {
	if !r.Clean() {
		return nil
	}
	plan, err := c.Plan(contracts, session, true)
	if err != nil {
		return err
	}
	var snapshot *feature.Snapshot
	if err = plan.Ask(ctx); err == nil {
		snapshot, err = plan.Build(ctx, session.DB(), feature.Range{})
	}
	if dataset.Unreadable(err) {
		r.Findings = append(r.Findings, plan.Unreadable(err, "the features", c.At))
		return nil
	}
	if err != nil {
		return err
	}
	options := honesty.Full(snapshot)
	options.At = c.At
	certificate, findings, err := honesty.Prove(ctx, session.DB(), plan, options)
	if err != nil {
		return err
	}
	r.Honesty = &certificate
	r.Findings = append(r.Findings, findings...)
	report.Sort(r.Findings)
	return nil
}
