package promotion_test

import (
	"math"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/promotion"
)

func TestCheckStages(t *testing.T) {
	if err := promotion.CheckStages(stages); err != nil {
		t.Fatal(err)
	}
	half, nan, inf := 0.5, math.NaN(), math.Inf(-1)
	floor := func(f promotion.MetricFloor) promotion.Stage {
		return promotion.Stage{Name: "dev", Require: []string{"metric_floors"}, Metrics: []promotion.MetricFloor{{Metric: "roc_auc", Min: &half}, f}}
	}
	cases := map[string]struct {
		stage promotion.Stage
		want  string
	}{
		"no name":            {promotion.Stage{Require: []string{"a"}}, "stages[1].name"},
		"a name for no tag":  {promotion.Stage{Name: "dev#1", Require: []string{"a"}}, `stages[1].name: the stage "dev#1"`},
		"a name twice":       {promotion.Stage{Name: "first", Require: []string{"a"}}, `stages[1].name: stage "first" is named twice`},
		"after itself":       {promotion.Stage{Name: "dev", After: "dev", Require: []string{"a"}}, "stages[1].after"},
		"after an unknown":   {promotion.Stage{Name: "dev", After: "prod", Require: []string{"a"}}, `stages[1].after: stage "prod"`},
		"requires nothing":   {promotion.Stage{Name: "dev"}, "stages[1].require"},
		"a check twice":      {promotion.Stage{Name: "dev", Require: []string{"a", "b", "a"}}, `check "a" is named twice`},
		"negative days":      {promotion.Stage{Name: "dev", Require: []string{"a"}, MinDays: -1}, "stages[1].min_days"},
		"negative age":       {promotion.Stage{Name: "dev", Require: []string{"a"}, MaxAgeDays: -1}, "stages[1].max_age_days"},
		"floor of nothing":   {floor(promotion.MetricFloor{Metric: " ", Min: &half}), "stages[1].metrics[1].metric"},
		"floor of no height": {floor(promotion.MetricFloor{Metric: "roc_auc"}), "stages[1].metrics[1].min"},
		"floor at NaN":       {floor(promotion.MetricFloor{Metric: "roc_auc", Min: &nan}), "stages[1].metrics[1].min: NaN"},
		"ceiling at -Inf":    {floor(promotion.MetricFloor{Metric: "roc_auc", Max: &inf}), "stages[1].metrics[1].max: -Inf"},
		"negative rows":      {floor(promotion.MetricFloor{Metric: "roc_auc", Min: &half, MinRows: -1}), "stages[1].metrics[1].min_rows"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			first := promotion.Stage{Name: "first", Require: []string{"a"}}
			err := promotion.CheckStages([]promotion.Stage{first, test.stage})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that names %s", err, test.want)
			}
		})
	}
	if err := promotion.CheckStages(nil); err == nil {
		t.Error("no stages are stages")
	}
}
