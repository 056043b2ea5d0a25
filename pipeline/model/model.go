// Package model holds fitted models: they predict, and can be read and written,
// but none of them can be fitted here.
//
//  1. Read takes the model member of a bundle, looks up its kind in a closed
//     list and refuses anything it does not fully understand.
//  2. Predict takes the matrix that feature.Encoding.Apply made, checks that its
//     columns are the ones the model was fitted on, and gives one number a row.
//  3. Write is Read's inverse; equal models give equal bytes.
package model

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/feature"
)

// A Model is a fitted estimator.
type Model interface {
	// Kind names the form in which the model is written, like "logistic".
	Kind() string
	// ColumnNames are the matrix columns the model was fitted on, in order.
	ColumnNames() []string
	// Predict gives one finite number for each row of the matrix: of a classifier
	// the probability of the positive class, of a regression the label's value.
	Predict(matrix feature.Matrix) ([]float64, error)
	// Validate refuses a model that could not predict.
	Validate() error
}

// kinds are the models that can be read.
var kinds = []struct {
	name string
	new  func() Model
}{
	{name: KindLogistic, new: func() Model { return new(Logistic) }},
	{name: KindLinear, new: func() Model { return new(Linear) }},
	{name: KindPoisson, new: func() Model { return new(Poisson) }},
}

// envelope is how every model is written.
type envelope[M any] struct {
	Kind    string `json:"kind"`
	Version int    `json:"version"`
	Model   M      `json:"model"`
}

// formVersion is the version of the form in which models are written.
const formVersion = 1

// Read reads and validates what Write wrote. An unknown kind, version or key, a
// key given twice or left out, and a number that is not finite are errors.
func Read(data []byte) (Model, error) {
	var outer envelope[json.RawMessage]
	if err := canonical.UnmarshalComplete(data, &outer); err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	if outer.Version != formVersion {
		return nil, fmt.Errorf("read model: it has version %d; this linecook reads version %d", outer.Version, formVersion)
	}
	var names []string
	for _, kind := range kinds {
		names = append(names, kind.name)
		if kind.name != outer.Kind {
			continue
		}
		fitted := kind.new()
		if err := canonical.UnmarshalComplete(outer.Model, fitted); err != nil {
			return nil, fmt.Errorf("read %s model: %w", kind.name, err)
		}
		if err := fitted.Validate(); err != nil {
			return nil, fmt.Errorf("read %s model: %w", kind.name, err)
		}
		return fitted, nil
	}
	return nil, fmt.Errorf("read model: kind %q is not one of: %s", outer.Kind, strings.Join(names, ", "))
}

// Write validates and encodes a model.
func Write(fitted Model) ([]byte, error) {
	if err := fitted.Validate(); err != nil {
		return nil, fmt.Errorf("write %s model: %w", fitted.Kind(), err)
	}
	data, err := canonical.Marshal(envelope[Model]{Kind: fitted.Kind(), Version: formVersion, Model: fitted})
	if err != nil {
		return nil, fmt.Errorf("write %s model: %w", fitted.Kind(), err)
	}
	return data, nil
}

// checkColumns refuses a matrix whose columns are not those of the model.
func checkColumns(fitted, given []string) error {
	if slices.Equal(fitted, given) {
		return nil
	}
	for i := range min(len(fitted), len(given)) {
		if fitted[i] != given[i] {
			return fmt.Errorf("column %d of the matrix is %q where the model was fitted on %q", i+1, given[i], fitted[i])
		}
	}
	return fmt.Errorf("the matrix has %d columns where the model was fitted on %d", len(given), len(fitted))
}
