package pipeline

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/pipeline/document"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// nameGrammar is what a folder, a Git tag and a release can all carry.
var nameGrammar = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// lint checks what the file's grammar cannot: that its parts fit together.
// Expressions are left to feature.Plan.Lint, which needs the contracts.
func (c *Config) lint() []report.Finding {
	var findings []report.Finding
	add := func(f report.Finding) { findings = append(findings, f) }
	if !nameGrammar.MatchString(c.Name) {
		add(finding("config/name", c.At("name"), "use lower-case letters, digits and hyphens", "%q is not a pipeline name", c.Name))
	}
	seen := map[string]bool{}
	for i, source := range c.Sources {
		if seen[source.Name] {
			add(finding("config/duplicate-source", c.At("sources", i, "name"), "rename one of them", "two sources are called %q", source.Name))
		}
		seen[source.Name] = true
		if len(source.Path) == 0 {
			add(finding("config/no-path", c.At("sources", i, "path"), "name a file or a glob", "source %s has no path", source.Name))
		}
		if len([]rune(source.Delimiter)) > 1 {
			add(finding("config/delimiter", c.At("sources", i, "delimiter"), "", "the delimiter %q is not one character", source.Delimiter))
		}
	}
	findings = append(findings, c.lintObservations()...)
	findings = append(findings, c.lintFeatures()...)
	findings = append(findings, c.lintSplit()...)
	findings = append(findings, c.lintEvaluation()...)
	if err := promotion.CheckStages(c.Stages); err != nil && c.Stages != nil {
		add(finding("config/stages", c.At("stages"), "", "%s", err))
	}
	if drift := c.Monitoring.Drift; drift != nil && !(drift.PSI > 0) {
		add(finding("config/drift", c.At("monitoring", "drift", "psi"), "0.25 is customary", "the drift threshold %v is not above 0", drift.PSI))
	}
	if drift := c.Monitoring.Drift; drift != nil && drift.Window.Duration%(24*time.Hour) != 0 {
		add(finding("config/drift", c.At("monitoring", "drift", "window"), "write it in days or weeks", "the drift window of %s is not a number of whole days", drift.Window))
	}
	return findings
}

func (c *Config) lintObservations() []report.Finding {
	source, _, ok := c.Source(c.Observations.Source)
	switch {
	case !ok:
		return []report.Finding{finding("config/unknown-source", c.At("observations", "source"),
			"sources: "+names(c.Sources, func(s Source) string { return s.Name }), "there is no source called %q", c.Observations.Source)}
	case source.Partition != c.Observations.Partition && source.Partition != "" && c.Observations.Partition != "":
		return []report.Finding{finding("config/partition", c.At("observations", "partition"),
			"write the same column at both", "the observations' partition is %q, but source %s has partition %q", c.Observations.Partition, source.Name, source.Partition)}
	case len(c.Observations.Key) == 0:
		return []report.Finding{finding("config/key", c.At("observations"), "", "observations need at least one key column")}
	}
	return nil
}

func (c *Config) lintFeatures() []report.Finding {
	if len(c.Features) == 0 {
		return []report.Finding{finding("config/no-features", c.At("features"), "define at least one feature", "the pipeline has no features")}
	}
	for i := range c.Features {
		if c.Features[i].Type == "" {
			c.Features[i].Type = feature.Numeric
		}
	}
	var findings []report.Finding
	for i, query := range c.Queries {
		if !nameGrammar.MatchString(strings.ReplaceAll(query.Name, "_", "-")) {
			findings = append(findings, finding("config/name", c.At("queries", i, "name"), "use lower-case letters, digits, hyphens and underscores", "%q is not the name of a query", query.Name))
		}
	}
	return append(findings, c.lintCommands()...)
}

func (c *Config) lintSplit() []report.Finding {
	var findings []report.Finding
	if c.Split.Holdout.Duration%(24*time.Hour) != 0 {
		findings = append(findings, finding("config/holdout", c.At("split", "holdout"), "write it in days or weeks", "the holdout of %s is not a number of whole days", c.Split.Holdout))
	}
	if c.Scoring.MaxAge.Duration%(24*time.Hour) != 0 {
		findings = append(findings, finding("config/max-age", c.At("scoring", "max_age"), "write it in days or weeks", "the maximum age of %s is not a number of whole days", c.Scoring.MaxAge))
	}
	return slices.Concat(findings, c.lintFolds(), c.lintParameters(c.Estimator.Parameters, "estimator", "parameters"), c.lintSearch())
}

func (c *Config) lintFolds() []report.Finding {
	var findings []report.Finding
	add := func(f report.Finding) { findings = append(findings, f) }
	split := c.Split
	if split.FoldLength.Duration%(24*time.Hour) != 0 {
		add(finding("config/folds", c.At("split", "fold_length"), "write it in days or weeks", "the fold length of %s is not a number of whole days", split.FoldLength))
	}
	switch {
	case split.Folds == nil && split.FoldLength.Duration > 0:
		add(finding("config/folds", c.At("split", "fold_length"), "add split.folds, or leave fold_length out", "there is a fold length, but no folds"))
	case split.Folds != nil && *split.Folds < 2:
		add(finding("config/folds", c.At("split", "folds"), "5 is customary", "the number of folds is %d; it must be at least 2", *split.Folds))
	}
	if random := split.Random; random != nil {
		if random.Seed < 0 {
			add(finding("config/random", c.At("split", "random", "seed"), "", "the seed %d is below 0", random.Seed))
		}
		if random.Share != nil && !(*random.Share > 0 && *random.Share < 1) {
			add(finding("config/random", c.At("split", "random", "share"), "0.2 is customary", "the share %v does not lie between 0 and 1", *random.Share))
		}
		if strings.TrimSpace(random.Reason) == "" {
			add(finding("config/random", c.At("split", "random", "reason"), "say why a shuffled figure is wanted", "the random split gives no reason"))
		}
	}
	return findings
}

func (c *Config) lintEvaluation() []report.Finding {
	var findings []report.Finding
	if len(c.Evaluation.Metrics) == 0 {
		findings = append(findings, finding("config/no-metrics", c.At("evaluation", "metrics"), "name at least one", "the evaluation has no metrics"))
	}
	for i, name := range c.Evaluation.Metrics {
		findings = append(findings, c.lintMetric(name, "evaluation", "metrics", i)...)
	}
	if search := c.Estimator.Search; search != nil && search.Metric != "" {
		findings = append(findings, c.lintMetric(search.Metric, "estimator", "search", "metric")...)
	}
	for i, p := range c.Monitoring.Performance {
		findings = append(findings, c.lintMetric(p.Metric, "monitoring", "performance", i, "metric")...)
		findings = append(findings, c.lintBounds(p.Metric, p.Min, p.Max, "monitoring", "performance", i)...)
		if p.Min == nil && p.Max == nil {
			findings = append(findings, finding("config/no-bound", c.At("monitoring", "performance", i), "give it min or max", "the performance threshold of %s has no bound", p.Metric))
		}
	}
	findings = append(findings, c.lintFloors(c.Stages)...)
	for i, name := range c.Evaluation.Slices {
		if !slices.ContainsFunc(c.Features, func(d feature.Definition) bool { return d.Name == name && d.Type == feature.Categorical }) {
			findings = append(findings, finding("config/slice", c.At("evaluation", "slices", i), "name a feature of type categorical", "the slice %q is not a categorical feature", name))
		}
	}
	return findings
}

// lintFloors refuses bounds of stages on what no evaluation estimates: nothing
// would ever meet them.
func (c *Config) lintFloors(stages []promotion.Stage) []report.Finding {
	var findings []report.Finding
	for i, stage := range stages {
		for j, floor := range stage.Metrics {
			unknown := c.lintMetric(floor.Metric, "stages", i, "metrics", j, "metric")
			findings = slices.Concat(findings, unknown, c.lintBounds(floor.Metric, floor.Min, floor.Max, "stages", i, "metrics", j))
			if unknown == nil && !slices.Contains(c.Evaluation.Metrics, floor.Metric) {
				findings = append(findings, finding("config/bound", c.At("stages", i, "metrics", j, "metric"), "name "+floor.Metric+" under evaluation.metrics",
					"stage %s bounds %s, which the evaluation does not estimate", stage.Name, floor.Metric))
			}
			if floor.Slice != "" {
				findings = append(findings, c.lintSlice(floor.Slice, "stages", i, "metrics", j, "slice")...)
			}
		}
	}
	return findings
}

// lintSlice refuses a slice that is none of the evaluation's. Which levels there
// are only the data says.
func (c *Config) lintSlice(slice string, path ...any) []report.Finding {
	name, _, found := strings.Cut(slice, "=")
	switch {
	case !found:
		return []report.Finding{finding("config/slice", c.At(path...), "write it as feature=level", "%q is not a slice", slice)}
	case slices.Contains(c.Evaluation.Slices, name):
		return nil
	}
	remedy := "name " + name + " under evaluation.slices"
	if near, ok := document.Nearest(name, c.Evaluation.Slices); ok {
		remedy = "did you mean " + near + "? Or " + remedy
	}
	return []report.Finding{finding("config/slice", c.At(path...), remedy, "the evaluation has no slices of %q", name)}
}

// lintMetric refuses a metric that is not known, or that does not judge what
// the estimator predicts.
func (c *Config) lintMetric(name string, path ...any) []report.Finding {
	m, err := metric.Lookup(name)
	if err != nil {
		return []report.Finding{finding("config/unknown-metric", c.At(path...), "", "%s", err)}
	}
	task := c.Estimator.Task()
	if m.Task == task {
		return nil
	}
	predicts := map[metric.Task]string{metric.Classification: "a class", metric.Regression: "a number"}
	return []report.Finding{finding("config/metric-task", c.At(path...), "name a metric of "+string(task)+", or choose another estimator",
		"%s is a metric of %s, but %s predicts %s", name, m.Task, c.Estimator.Kind, predicts[task])}
}

// lintBounds refuses a single bound on the wrong side: a ceiling on what should
// be high holds back the good, lets all of the bad pass, and makes the worse of
// two bundles the better one. Beside a bound on the right side it may stand.
func (c *Config) lintBounds(name string, least, most *float64, path ...any) []report.Finding {
	m, err := metric.Lookup(name)
	if err != nil {
		return nil
	}
	switch {
	case m.Direction == metric.HigherIsBetter && least == nil && most != nil:
		return []report.Finding{finding("config/bound", c.At(append(path, "max")...), "write min, or both", "%s has a max alone, and of %s %s", name, name, m.Direction)}
	case m.Direction == metric.LowerIsBetter && most == nil && least != nil:
		return []report.Finding{finding("config/bound", c.At(append(path, "min")...), "write max, or both", "%s has a min alone, and of %s %s", name, name, m.Direction)}
	}
	return nil
}
