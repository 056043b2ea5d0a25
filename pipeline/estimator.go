package pipeline

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// The kinds of estimators.
const (
	LogisticRegression = "logistic_regression"
	Ridge              = "ridge"
	PoissonRegression  = "poisson_regression"
)

// estimators are the kinds, what each predicts and which parameters it has.
var estimators = []struct {
	kind       string
	task       metric.Task
	parameters []string
}{
	{LogisticRegression, metric.Classification, []string{"C", "max_iterations"}},
	{Ridge, metric.Regression, []string{"alpha"}},
	{PoissonRegression, metric.Regression, []string{"alpha", "max_iterations"}},
}

// An Estimator names what is fitted and with which parameters.
type Estimator struct {
	Kind       string     `yaml:"kind" required:"true" enum:"logistic_regression,ridge,poisson_regression" description:"the learner: logistic_regression for a label of 0 and 1, ridge for a number, poisson_regression for a count"`
	Parameters Parameters `yaml:"parameters" description:"the learner's parameters"`
	Search     *Search    `yaml:"search" description:"parameters to choose from by cross-validation over split.folds"`
}

// Parameters of all kinds; a missing one has scikit-learn's default.
type Parameters struct {
	C             *float64 `yaml:"C" description:"logistic_regression: inverse strength of the L2 penalty; 1 unless said"`
	MaxIterations *int     `yaml:"max_iterations" description:"logistic_regression, poisson_regression: bound on L-BFGS iterations; 500 unless said"`
	Alpha         *float64 `yaml:"alpha" description:"ridge, poisson_regression: strength of the L2 penalty; 1 unless said"`
}

// Task is what the estimator predicts: a class or a number.
func (e Estimator) Task() metric.Task {
	for _, known := range estimators {
		if known.kind == e.Kind {
			return known.task
		}
	}
	return ""
}

// A given parameter is one that is written, with what is wrong with it.
type given struct {
	name, wrong, remedy string
	value               float64
}

func (p Parameters) given() []given {
	var all []given
	above := func(name string, value *float64) {
		if value == nil {
			return
		}
		g := given{name: name, value: *value, remedy: "1 is scikit-learn's default"}
		if !(*value > 0) || math.IsInf(*value, 0) {
			g.wrong = fmt.Sprintf("%s is %v; it must be a number above 0", name, *value)
		}
		all = append(all, g)
	}
	above("C", p.C)
	above("alpha", p.Alpha)
	if p.MaxIterations != nil {
		g := given{name: "max_iterations", value: float64(*p.MaxIterations), remedy: "leave it out for 500"}
		if *p.MaxIterations < 1 {
			g.wrong = fmt.Sprintf("max_iterations is %d; it must be at least 1", *p.MaxIterations)
		}
		all = append(all, g)
	}
	return all
}

// lintParameters refuses parameters that the kind does not have, and values
// that no fit can use. path is where they are written.
func (c *Config) lintParameters(p Parameters, path ...any) []report.Finding {
	var findings []report.Finding
	for _, known := range estimators {
		if known.kind != c.Estimator.Kind {
			continue
		}
		for _, g := range p.given() {
			position := c.At(append(slices.Clone(path), g.name)...)
			switch {
			case !slices.Contains(known.parameters, g.name):
				findings = append(findings, finding("config/parameter", position, "leave it out, or choose the estimator that has it",
					"%s is no parameter of %s, which has: %s", g.name, known.kind, strings.Join(known.parameters, ", ")))
			case g.wrong != "":
				findings = append(findings, finding("config/parameter", position, g.remedy, "%s", g.wrong))
			}
		}
	}
	return findings
}
