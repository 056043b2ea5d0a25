package training

import (
	"errors"
	"fmt"
	"strings"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/dataset"
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
	fitted, diagnostics, err := learn(c.Estimator.Kind, matrix, train.Label, parameters)
	if err != nil {
		return nil, nil, err
	}
	if !diagnostics.Converged {
		f := finding("training/not-converged", c.At("estimator"), strings.Join(diagnostics.Warnings, "; "),
			"change estimator.parameters, or leave out features that others explain")
		return nil, &f, nil
	}
	return &learned{encoding: encoding, model: fitted, diagnostics: diagnostics}, nil, nil
}

// learn fits the estimator of a kind.
func learn(kind string, matrix feature.Matrix, y []float64, p pipeline.Parameters) (model.Model, linear.Diagnostics, error) {
	switch kind {
	case pipeline.LogisticRegression:
		params := linear.DefaultLogisticParams()
		set(&params.C, p.C)
		set(&params.MaxIterations, p.MaxIterations)
		return linear.FitLogistic(matrix, y, params)
	case pipeline.Ridge:
		params := linear.DefaultRidgeParams()
		set(&params.Alpha, p.Alpha)
		return linear.FitRidge(matrix, y, params)
	case pipeline.PoissonRegression:
		params := linear.DefaultPoissonParams()
		set(&params.Alpha, p.Alpha)
		set(&params.MaxIterations, p.MaxIterations)
		return linear.FitPoisson(matrix, y, params)
	}
	return nil, linear.Diagnostics{}, fmt.Errorf("there is no estimator %q", kind)
}

// set replaces a default with what is given.
func set[T any](parameter, given *T) {
	if given != nil {
		*parameter = *given
	}
}

// predict scores observations. Where a value is beyond all that the model takes,
// the finding says so.
func (f *learned) predict(c *pipeline.Config, s *feature.Snapshot) (scores []float64, refused *report.Finding, err error) {
	matrix, _, err := f.encoding.Apply(s.Frame)
	if err == nil {
		scores, err = f.model.Predict(matrix)
	}
	if dataset.Unreadable(err) {
		f := finding("training/out-of-reach", c.At("features"), err.Error(), "see whether that value is a real one, and bound it in the contract")
		return nil, &f, nil
	}
	return scores, nil, err
}
