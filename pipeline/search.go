package pipeline

import "github.com/linecook-ml/linecook/pipeline/report"

// Search chooses among parameters by cross-validation.
type Search struct {
	ParamGrid        ParamGrid `yaml:"param_grid" required:"true" description:"values to try; every combination is a candidate"`
	Metric           string    `yaml:"metric" description:"what candidates are compared by; the first of evaluation.metrics unless said"`
	OneStandardError bool      `yaml:"one_standard_error" description:"take the first candidate that is within one standard error of the best, instead of the best; write the simplest first"`
}

// ParamGrid lists values of Parameters.
type ParamGrid struct {
	C             []float64 `yaml:"C" description:"values of C"`
	MaxIterations []int     `yaml:"max_iterations" description:"values of max_iterations"`
	Alpha         []float64 `yaml:"alpha" description:"values of alpha"`
}

// Candidates are the sets of parameters that may be fitted: the given ones, each
// with one combination of the grid. The first parameter of the grid varies
// slowest, as in scikit-learn's ParameterGrid.
func (e Estimator) Candidates() []Parameters {
	all := []Parameters{e.Parameters}
	if e.Search == nil {
		return all
	}
	grid := e.Search.ParamGrid
	all = each(all, grid.C, func(p *Parameters, value *float64) { p.C = value })
	all = each(all, grid.MaxIterations, func(p *Parameters, value *int) { p.MaxIterations = value })
	return each(all, grid.Alpha, func(p *Parameters, value *float64) { p.Alpha = value })
}

// each makes a copy of every candidate for every value; with no value they stay
// as they are.
func each[T any](candidates []Parameters, values []T, set func(*Parameters, *T)) []Parameters {
	if len(values) == 0 {
		return candidates
	}
	var all []Parameters
	for _, candidate := range candidates {
		for i := range values {
			set(&candidate, &values[i])
			all = append(all, candidate)
		}
	}
	return all
}

// Named are the parameters that are given, by their names.
func (p Parameters) Named() map[string]float64 {
	named := map[string]float64{}
	for _, g := range p.given() {
		named[g.name] = g.value
	}
	return named
}

func (c *Config) lintSearch() []report.Finding {
	search := c.Estimator.Search
	if search == nil {
		return nil
	}
	var findings []report.Finding
	if c.Split.Folds == nil {
		findings = append(findings, finding("config/search", c.At("estimator", "search"), "add split.folds, like 5", "the search has no folds to compare candidates on"))
	}
	if len(c.Estimator.Candidates()) < 2 {
		findings = append(findings, finding("config/search", c.At("estimator", "search", "param_grid"), "list at least two values of a parameter", "the grid has one candidate; there is nothing to choose"))
	}
	// The given parameters are checked at their own place.
	said := map[string]bool{}
	general := c.Estimator
	general.Parameters = Parameters{}
	for _, candidate := range general.Candidates() {
		for _, f := range c.lintParameters(candidate, "estimator", "search", "param_grid") {
			if !said[f.Message] {
				said[f.Message] = true
				findings = append(findings, f)
			}
		}
	}
	return findings
}

// ChosenBy is the metric that candidates are compared by.
func (c *Config) ChosenBy() string {
	if search := c.Estimator.Search; search != nil && search.Metric != "" {
		return search.Metric
	}
	return c.Evaluation.Metrics[0]
}
