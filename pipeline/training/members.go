package training

import (
	"fmt"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/model"
	"github.com/linecook-ml/linecook/pipeline/profile"
	"github.com/linecook-ml/linecook/pipeline/training/profiling"
)

// members is everything that scoring needs, as data.
func (l *line) members(fitted *learned, train feature.Frame, scores []float64) ([]bundle.File, error) {
	var files []bundle.File
	var failure error
	add := func(path string, role bundle.Role, data []byte, err error) {
		if err != nil && failure == nil {
			failure = fmt.Errorf("bundle member %s: %w", path, err)
		}
		files = append(files, bundle.File{Path: path, Role: role, Data: data})
	}
	encodingText, err := feature.WriteEncoding(fitted.encoding)
	add("prepare.json", bundle.RolePrepare, encodingText, err)
	modelText, err := model.Write(fitted.model)
	add("model.json", bundle.RoleModel, modelText, err)
	c := l.in.Config
	definitions, err := feature.Plan{Observations: c.Observations, Label: &c.Label, Definitions: c.Features, Queries: c.Queries, Commands: c.Commands}.Text()
	add("features.json", bundle.RoleFeatures, definitions, err)
	evaluationText, err := evaluation.Write(*l.result.Evaluation)
	add("evaluation.json", bundle.RoleEvaluation, evaluationText, err)
	picture, err := profiling.Build(train, scores)
	var pictureText []byte
	if err == nil {
		pictureText, err = profile.Write(picture)
	}
	add("profile.json", bundle.RoleProfile, pictureText, err)
	add("pipeline.yaml", bundle.RoleConfig, l.in.Config.Text, nil)
	for _, source := range l.in.Config.Sources {
		add(pipeline.ContractPath(source.Name), bundle.RoleInputContract, l.in.Contracts[source.Name].Text(), nil)
	}
	add("scores.odcs.yaml", bundle.RoleOutputContract, outputContract(l.in.Config, l.in.Version), nil)
	return files, failure
}

// outputContract promises what every published score is.
func outputContract(c *pipeline.Config, version string) []byte {
	meaning := "description: Probability of the outcome., logicalTypeOptions: {minimum: 0, maximum: 1}"
	if c.Estimator.Task() == metric.Regression {
		meaning = "description: The label's expected value."
	}
	return fmt.Appendf(nil, `apiVersion: v3.1.0
kind: DataContract
id: %[1]s-scores
name: %[1]s scores
version: %[2]s
status: active
schema:
  - name: scores
    logicalType: object
    physicalType: file
    properties:
      - {name: decided_at, logicalType: timestamp, description: "When the prediction is for, UTC; empty where today's observations could not be read."}
      - {name: %[3]s, logicalType: number, required: true, %[5]s}
      - name: status
        logicalType: string
        required: true
        description: Whether the score is of today or the last valid one.
        quality:
          - metric: invalidValues
            arguments: {validValues: [scored, carried_forward]}
            mustBe: 0
      - {name: scored_on, logicalType: date, required: true, description: Partition whose data the score was worked out from.}
      - {name: age_days, logicalType: integer, required: true, description: "Days between scored_on and the partition.", logicalTypeOptions: {minimum: 0, maximum: %[4]d}}
      - {name: reason, logicalType: string, description: Why a score was carried forward.}
      - {name: bundle_version, logicalType: string, required: true, description: Version of the bundle that scored.}
      - {name: bundle_id, logicalType: string, required: true, description: Digest of that bundle's manifest.}
    quality:
      - {metric: rowCount, mustBeGreaterThan: 0}
`, c.Name, version, pipeline.ScoreColumn, int(c.Scoring.MaxAge.Hours()/24), meaning)
}
