package policy

import (
	"slices"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/promotion"
)

// linecook's own stages are stages, and require checks that there are.
func TestTheStagesOfThisPackage(t *testing.T) {
	stages, err := Stages()
	if err != nil {
		t.Fatal(err)
	}
	if err := promotion.CheckStages(stages); err != nil {
		t.Fatal(err)
	}
	names, known := []string{}, engine(t).codes()
	for _, stage := range stages {
		names = append(names, stage.Name)
		for _, code := range stage.Require {
			if !slices.Contains(known, code) {
				t.Errorf("stage %s requires %s, which is no check", stage.Name, code)
			}
		}
	}
	if !slices.Equal(names, []string{"dev", "staging", "prod"}) {
		t.Errorf("stages %v", names)
	}
}
