package policy

import (
	_ "embed"
	"fmt"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/report"
)

//go:embed stages.yaml
var stagesText []byte

// Stages are those of stages.yaml in this package: what a pipeline's stages
// require unless it says otherwise.
func Stages() ([]promotion.Stage, error) {
	var c pipeline.Config
	if findings := c.UseStages("policy/stages.yaml", stagesText, nil); report.HasErrors(findings) {
		return nil, fmt.Errorf("the embedded policy/stages.yaml: %s", findings[0].Message)
	}
	return c.Stages, nil
}
