package pipeline_test

import (
	"os"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/report"
)

const exampleFile = "../examples/flight-delay/pipeline.yaml"

func example(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheExampleParses(t *testing.T) {
	config, findings := pipeline.ParseConfig("pipeline.yaml", []byte(example(t)))
	if config == nil || len(findings) > 0 {
		t.Fatalf("findings: %v", findings)
	}
	if got := config.At("features", 0, "expression").String(); !strings.HasPrefix(got, "pipeline.yaml:") || strings.Count(got, ":") != 2 {
		t.Errorf("the first expression is at %q, want file:line:column", got)
	}
}

// Each edit of the example is a mistake that a person makes, with the code of
// the one finding that must tell of it.
func TestMistakesAreFound(t *testing.T) {
	for _, c := range []struct{ name, old, edited, code, says string }{
		{"misspelt key", "decision_time:", "decison_time:", "document/unknown-key", "decision_time"},
		{"no name", "name: flight-delay\n", "", "document/missing-key", "name"},
		{"name with capitals", "name: flight-delay\n", "name: Flight Delay\n", "config/name", "Flight Delay"},
		{"two sources alike", "- name: weather", "- name: flights", "config/duplicate-source", "flights"},
		{"unknown source", "  source: flights\n  decision_time", "  source: planes\n  decision_time", "config/unknown-source", "planes"},
		{"another partition", "  partition: date\n\nlabel", "  partition: day\n\nlabel", "config/partition", "day"},
		{"holdout in hours", "holdout: 31 days", "holdout: 30 hours", "config/holdout", "30 hours"},
		{"length without a unit", "holdout: 31 days", "holdout: 31", "document/value", "31"},
		{"negative C", "C: 1.0", "C: -1.0", "config/parameter", "-1"},
		{"C that is no number", "C: 1.0", "C: .nan", "document/type", "nan"},
		{"parameter of another estimator", "parameters: {C: 1.0}", "parameters: {alpha: 1.0}", "config/parameter", "alpha is no parameter of logistic_regression, which has: C, max_iterations"},
		{"no iterations", "parameters: {C: 1.0}", "parameters: {max_iterations: 0}", "config/parameter", "max_iterations is 0"},
		{"metric of another task in a stage", "{metric: roc_auc, min: 0.68", "{metric: r2, min: 0.68", "config/metric-task", "r2"},
		{"unknown metric in a stage", "{metric: roc_auc, min: 0.68", "{metric: auc, min: 0.68", "config/unknown-metric", "auc"},
		{"a floor on what should be low", "{metric: roc_auc, min: 0.68", "{metric: log_loss, min: 0.68", "config/bound", "lower is better"},
		{"a ceiling on what should be high", "{metric: roc_auc, min: 0.65}\n", "{metric: roc_auc, max: 0.65}\n", "config/bound", "higher is better"},
		{"a floor on what is not estimated", "{metric: roc_auc, min: 0.68", "{metric: calibration_ratio, min: 0.9, max: 1.1", "config/bound", "stage prod bounds calibration_ratio"},
		{"a floor on a slice that is not evaluated", "{metric: roc_auc, min: 0.68", "{metric: roc_auc, slice: carrier=UA, min: 0.68", "config/slice", `no slices of "carrier"`},
		{"a floor on what is no slice", "{metric: roc_auc, min: 0.68", "{metric: roc_auc, slice: JFK, min: 0.68", "config/slice", "JFK"},
		{"regression with metrics of classification", "kind: logistic_regression\n  parameters: {C: 1.0}", "kind: ridge", "config/metric-task", "ridge predicts a number"},
		{"unknown metric", "metrics: [roc_auc", "metrics: [roc_acu", "config/unknown-metric", "roc_acu"},
		{"metric of another task", "metrics: [roc_auc", "metrics: [rmse", "config/metric-task", "rmse"},
		{"slice of a number", "slices: [origin]", "slices: [distance]", "config/slice", "distance"},
		{"no features", "features:\n", "features: []\nx_features:\n", "document/unknown-key", "x_features"},
		{"unknown estimator", "kind: logistic_regression", "kind: oracle", "document/value", "oracle"},
		{"stage after none", "after: staging", "after: nowhere", "config/stages", "nowhere"},
		{"drift of nothing", "psi: 0.25", "psi: 0", "config/drift", "0"},
		{"bound without a bound", "{metric: roc_auc, min: 0.65}\n", "{metric: roc_auc}\n", "config/no-bound", "roc_auc"},
		{"command of a strange name", "split:\n", "commands: [{name: A b, run: [x], files: [x], lock: x, version: [x]}]\nsplit:\n", "config/name", "A b"},
		{"command without words", "split:\n", "commands: [{name: a, run: [], files: [x], lock: x, version: [x]}]\nsplit:\n", "config/command", "run is empty"},
		{"command without files", "split:\n", "commands: [{name: a, run: [x], files: [], lock: x, version: [x]}]\nsplit:\n", "config/command", "files is empty"},
		{"command without a lock", "split:\n", "commands: [{name: a, run: [x], files: [x], version: [x]}]\nsplit:\n", "document/missing-key", "lock"},
		{"command in a strange format", "split:\n", "commands: [{name: a, run: [x], files: [x], lock: x, version: [x], format: arrow}]\nsplit:\n", "document/value", "arrow"},
		{"age in hours", "max_age: 7 days", "max_age: 7 hours", "config/max-age", "7 hours"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := example(t)
			edited := strings.Replace(text, c.old, c.edited, 1)
			if edited == text {
				t.Fatalf("the example no longer says %q", c.old)
			}
			config, findings := pipeline.ParseConfig("pipeline.yaml", []byte(edited))
			if config != nil || !report.HasErrors(findings) {
				t.Fatal("the mistake passes")
			}
			for _, f := range findings {
				if f.Code == c.code && strings.Contains(f.Message+f.Remedy, c.says) {
					if f.Position.Line == 0 {
						t.Errorf("%s has no line", f.Code)
					}
					return
				}
			}
			t.Errorf("no finding %s says %q: %+v", c.code, c.says, findings)
		})
	}
}

// Whatever the text, there is a configuration or a finding, never both none,
// and every finding can be opened in an editor.
func FuzzParseConfig(f *testing.F) {
	text := example(f)
	f.Add([]byte(text))
	f.Add([]byte(strings.ReplaceAll(text, "flights", "\"\\x00\"")))
	f.Add([]byte("format: linecook.pipeline/v1\nname: x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		config, findings := pipeline.ParseConfig("pipeline.yaml", data)
		if (config == nil) != report.HasErrors(findings) {
			t.Fatalf("configuration %v with findings %v", config, findings)
		}
		for _, finding := range findings {
			if finding.Position.File != "pipeline.yaml" || finding.Position.Line < 1 {
				t.Fatalf("a finding has no place: %+v", finding)
			}
		}
	})
}
