package promotion

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/bundle"
)

// A Stage is one entry of pipeline.yaml's `stages:` and says what a version
// must show before it serves there.
type Stage struct {
	Name       string        `json:"name" yaml:"name" required:"true" description:"Name of the stage, like dev, staging or prod."`
	After      string        `json:"after" yaml:"after" description:"Stage that must hold the version already; empty for the first stage."`
	Require    []string      `json:"require" yaml:"require" description:"Codes of the checks that must pass. Checks on the bundle and on the order of stages always apply."`
	Metrics    []MetricFloor `json:"metrics" yaml:"metrics" description:"Bounds that the evaluation must meet, used by metric_floors and champion_not_worse."`
	MinDays    int           `json:"min_days" yaml:"min_days" description:"Days the version must have scored on the stage named by after, used by staged_days."`
	MaxAgeDays int           `json:"max_age_days" yaml:"max_age_days" description:"Most days that may lie between the end of the candidate's data and the promotion, used by recent_training."`
	// MaxPSI has no default that would fit every feature.
	MaxPSI       *float64 `json:"max_psi,omitempty" yaml:"max_psi" description:"Most drift from the training profile, as population stability index, that any feature may show on the stage named by after, used by drift_bounded; 0.25 is customary."`
	MinApprovals int      `json:"min_approvals" yaml:"min_approvals" description:"People who must have approved the pull request that the bundle was trained from, used by approved."`
	Builders     []string `json:"builders" yaml:"builders" description:"Workflows that may have built the bundle, as owner/name/.github/workflows/train.yml, used by attested."`
	Rollback     []string `json:"rollback" yaml:"rollback" description:"Codes of the checks that a rollback must pass beside those that always apply to it; none unless said."`
}

// A MetricFloor bounds one metric of the evaluation. The bound is compared with
// the pessimistic end of the metric's interval, not with its point value: the
// low end for Min, the high end for Max.
type MetricFloor struct {
	Metric  string   `json:"metric" yaml:"metric" required:"true" description:"Name of the metric, as the evaluation reports it."`
	Slice   string   `json:"slice" yaml:"slice" description:"Slice that is bounded, written feature=level; empty for all rows."`
	Min     *float64 `json:"min,omitempty" yaml:"min" description:"The low end of the metric's interval must be at least this. Use it where more is better."`
	Max     *float64 `json:"max,omitempty" yaml:"max" description:"The high end of the metric's interval must be at most this. Use it where less is better."`
	MinRows int64    `json:"min_rows" yaml:"min_rows" description:"Fewest rows that the metric must have been measured on."`
	Margin  *float64 `json:"margin,omitempty" yaml:"margin" description:"How much worse than the champion the metric may be at most, at the pessimistic end of the paired difference, used by champion_not_worse. Unless said, it must not be shown to be worse."`
}

// builderPattern is a workflow's file in its repository.
var builderPattern = regexp.MustCompile(`^[A-Za-z0-9-]+/[A-Za-z0-9._-]+/\.github/workflows/[A-Za-z0-9._-]+\.ya?ml$`)

// CheckStages reports the first thing that is wrong with a pipeline's stages,
// as an error that names the key, like stages[1].after. It does not know which
// check codes exist: that is the policy engine's to say.
func CheckStages(stages []Stage) error {
	if len(stages) == 0 {
		return fmt.Errorf("stages: no stage is named; name at least one, with what it requires")
	}
	seen := []string{}
	for i, stage := range stages {
		if err := checkStage(stage, seen); err != nil {
			return fmt.Errorf("stages[%d].%w", i, err)
		}
		seen = append(seen, stage.Name)
	}
	return nil
}

func checkStage(stage Stage, earlier []string) error {
	if err := bundle.CheckName("stage", stage.Name); err != nil {
		return fmt.Errorf("name: %w", err)
	}
	switch {
	case slices.Contains(earlier, stage.Name):
		return fmt.Errorf("name: stage %q is named twice; keep one", stage.Name)
	case stage.After != "" && !slices.Contains(earlier, stage.After):
		return fmt.Errorf("after: stage %q is not named before stage %q; name it earlier in the list or correct it", stage.After, stage.Name)
	case len(stage.Require) == 0:
		return fmt.Errorf("require: stage %q requires nothing; name at least one check", stage.Name)
	case stage.MinDays < 0:
		return fmt.Errorf("min_days: %d is negative; use 0 or more", stage.MinDays)
	case stage.MaxAgeDays < 0:
		return fmt.Errorf("max_age_days: %d is negative; use 0 or more", stage.MaxAgeDays)
	case stage.MinApprovals < 0:
		return fmt.Errorf("min_approvals: %d is negative; use 0 or more", stage.MinApprovals)
	case stage.MaxPSI != nil && !(*stage.MaxPSI > 0 && !math.IsInf(*stage.MaxPSI, 0)):
		return fmt.Errorf("max_psi: %v is not a finite number above 0; 0.25 is customary", *stage.MaxPSI)
	}
	for _, list := range []struct {
		key, what string
		values    []string
	}{{"require", "check", stage.Require}, {"rollback", "check", stage.Rollback}, {"builders", "workflow", stage.Builders}} {
		for i, value := range list.values {
			if slices.Contains(list.values[:i], value) {
				return fmt.Errorf("%s: %s %q is named twice; keep one", list.key, list.what, value)
			}
		}
	}
	for _, builder := range stage.Builders {
		if !builderPattern.MatchString(builder) {
			return fmt.Errorf("builders: %q is not a workflow; write it as owner/name/.github/workflows/train.yml, without a ref", builder)
		}
	}
	for i, floor := range stage.Metrics {
		if err := checkFloor(floor); err != nil {
			return fmt.Errorf("metrics[%d].%w", i, err)
		}
	}
	return nil
}

func checkFloor(floor MetricFloor) error {
	if strings.TrimSpace(floor.Metric) == "" {
		return fmt.Errorf("metric: the name is empty; name a metric of the evaluation")
	}
	if floor.Min == nil && floor.Max == nil {
		return fmt.Errorf("min: metric %q has neither min nor max; give one of them", floor.Metric)
	}
	for _, bound := range []struct {
		key   string
		value *float64
	}{{"min", floor.Min}, {"max", floor.Max}} {
		if bound.value != nil && (math.IsNaN(*bound.value) || math.IsInf(*bound.value, 0)) {
			return fmt.Errorf("%s: %v is not a finite number; give metric %q a finite bound", bound.key, *bound.value, floor.Metric)
		}
	}
	if floor.Margin != nil && !(*floor.Margin >= 0 && !math.IsInf(*floor.Margin, 0)) {
		return fmt.Errorf("margin: %v is not a finite number of 0 or more", *floor.Margin)
	}
	if floor.Margin != nil && floor.Min != nil && floor.Max != nil {
		return fmt.Errorf("margin: metric %q has both min and max, so no side of it is better; give the margin to a floor with one of them", floor.Metric)
	}
	if floor.MinRows < 0 {
		return fmt.Errorf("min_rows: %d is negative; use 0 or more", floor.MinRows)
	}
	return nil
}

// FindStage returns the stage of that name, or an error that lists the names
// there are.
func FindStage(stages []Stage, name string) (Stage, error) {
	names := []string{}
	for _, stage := range stages {
		if stage.Name == name {
			return stage, nil
		}
		names = append(names, stage.Name)
	}
	return Stage{}, fmt.Errorf("stage %q is not one of the pipeline's stages; use one of: %s", name, strings.Join(names, ", "))
}
