package inference

import (
	"context"
	"fmt"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
)

// Predict scores observations in range as the bundle would have: with its own
// contracts, definitions, encoders and model, over a session whose files now
// says where they are. The snapshot holds the outcomes too, so that a caller can
// see that two bundles mean the same rows. Nothing is published or recorded.
func (r *Recipe) Predict(ctx context.Context, now *pipeline.Config, session *dataset.Session, within feature.Range) (*feature.Snapshot, []float64, error) {
	fail := func(err error) (*feature.Snapshot, []float64, error) {
		return nil, nil, fmt.Errorf("%s@v%s: %w", r.Bundle.Manifest.Name, r.Bundle.Manifest.Version, err)
	}
	config, err := located(r.Config, now)
	if err != nil {
		return fail(err)
	}
	plan, err := config.Plan(r.Contracts, session, true)
	if err != nil {
		return fail(err)
	}
	snapshot, err := plan.Build(ctx, session.DB(), within)
	if err != nil {
		return fail(err)
	}
	scores, err := r.predict(snapshot.Frame)
	if err != nil {
		return fail(err)
	}
	return snapshot, scores, nil
}

// predict encodes and scores features.
func (r *Recipe) predict(features feature.Frame) ([]float64, error) {
	matrix, _, err := r.Encoding.Apply(features)
	if err != nil {
		return nil, err
	}
	return r.Model.Predict(matrix)
}
