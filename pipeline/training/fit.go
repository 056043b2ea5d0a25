package training

import (
	"errors"
	"fmt"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/model"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/pipeline/training/encode"
	"github.com/linecook-ml/linecook/pipeline/training/linear"
)

// A learned is what one fit makes: encoders and a model that have seen the same
// rows and no others.
type learned struct {
	encoding    *feature.Encoding
	model       model.Model
	diagnostics linear.Diagnostics
}

// fit learns from some observations. Where they cannot be learned from, the
// finding says so and there is nothing learned.
func fit(c *pipeline.Config, train *feature.Snapshot, parameters pipeline.Parameters) (*learned, *report.Finding, error) {
	encoding, err := encode.Fit(train.Frame)
	if errors.Is(err, encode.ErrFeature) {
		f := finding("training/feature", c.At("features"), err.Error(), "correct the feature or leave it out")
		return nil, &f, nil
	}
	if err != nil {
		return nil, nil, err
	}
	matrix, _, err := encoding.Apply(train.Frame)
	if err != nil {
		return nil, nil, err
	}
	fitted, diagnostics, err := linear.Fit(matrix, train.Label, linearParams(parameters))
	if err != nil {
		return nil, nil, err
	}
	if !diagnostics.Converged {
		f := finding("training/not-converged", c.At("estimator"),
			fmt.Sprintf("the fit did not converge in %d iterations (gradient %.2g)", diagnostics.Iterations, diagnostics.GradientNorm),
			"raise estimator.parameters.max_iterations")
		return nil, &f, nil
	}
	return &learned{encoding: encoding, model: fitted, diagnostics: diagnostics}, nil, nil
}

// predict scores observations.
func (f *learned) predict(s *feature.Snapshot) ([]float64, error) {
	matrix, _, err := f.encoding.Apply(s.Frame)
	if err != nil {
		return nil, err
	}
	return f.model.Predict(matrix)
}

func linearParams(p pipeline.Parameters) linear.Params {
	params := linear.DefaultParams()
	if p.C != nil {
		params.C = *p.C
	}
	if p.MaxIterations != nil {
		params.MaxIterations = *p.MaxIterations
	}
	return params
}
