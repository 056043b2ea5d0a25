package pipeline

import (
	"slices"

	"github.com/linecook-ml/linecook/pipeline/document"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// StagesFormat is the version of stages.yaml that this linecook reads.
const StagesFormat = "linecook.stages/v1"

// A StagesFile is stages.yaml: the stages of a pipeline, apart from its file, so
// that who owns the rules need not be who edits the pipeline.
type StagesFile struct {
	Format string            `yaml:"format" required:"true" enum:"linecook.stages/v1" description:"version of this file's form"`
	Stages []promotion.Stage `yaml:"stages" required:"true" description:"the stages a bundle passes, in order, and what each requires"`
}

// UseStages takes the stages from the text of stages.yaml. A stage that requires
// nothing of its own is the one of the same name among defaults, with whatever
// it says itself in the place of that one's.
func (c *Config) UseStages(file string, text []byte, defaults []promotion.Stage) []report.Finding {
	var read StagesFile
	doc, findings := document.Decode(file, text, &read)
	if report.HasErrors(findings) {
		return findings
	}
	c.stages, c.Stages = doc, nil
	for _, stage := range read.Stages {
		c.Stages = append(c.Stages, completed(stage, defaults))
	}
	if err := promotion.CheckStages(c.Stages); err != nil {
		return append(findings, finding("config/stages", c.At("stages"), "", "%s", err))
	}
	if c.Document == nil {
		return findings // linecook's own stages are read apart from a pipeline
	}
	return append(findings, c.lintFloors(read.Stages)...)
}

// completed fills in what a stage leaves to the default of its name.
func completed(stage promotion.Stage, defaults []promotion.Stage) promotion.Stage {
	i := slices.IndexFunc(defaults, func(d promotion.Stage) bool { return d.Name == stage.Name })
	if i < 0 || len(stage.Require) > 0 {
		return stage
	}
	d := defaults[i]
	stage.Require = d.Require
	if stage.After == "" {
		stage.After = d.After
	}
	if stage.Metrics == nil {
		stage.Metrics = d.Metrics
	}
	if stage.MinDays == 0 {
		stage.MinDays = d.MinDays
	}
	if stage.MaxAgeDays == 0 {
		stage.MaxAgeDays = d.MaxAgeDays
	}
	if stage.MaxPSI == nil {
		stage.MaxPSI = d.MaxPSI
	}
	if stage.MinApprovals == 0 {
		stage.MinApprovals = d.MinApprovals
	}
	if stage.Builders == nil {
		stage.Builders = d.Builders
	}
	if stage.Rollback == nil {
		stage.Rollback = d.Rollback
	}
	return stage
}
