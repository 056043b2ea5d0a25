package pipeline

import (
	"math"
	"regexp"
	"slices"
	"time"

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
	if err := promotion.CheckStages(c.Stages); err != nil {
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
	return nil
}

func (c *Config) lintSplit() []report.Finding {
	var findings []report.Finding
	if c.Split.Holdout.Duration%(24*time.Hour) != 0 {
		findings = append(findings, finding("config/holdout", c.At("split", "holdout"), "write it in days or weeks", "the holdout of %s is not a number of whole days", c.Split.Holdout))
	}
	if c.Scoring.MaxAge.Duration%(24*time.Hour) != 0 {
		findings = append(findings, finding("config/max-age", c.At("scoring", "max_age"), "write it in days or weeks", "the maximum age of %s is not a number of whole days", c.Scoring.MaxAge))
	}
	if p := c.Estimator.Parameters; p.C != nil && !(*p.C > 0 && !math.IsInf(*p.C, 0)) {
		findings = append(findings, finding("config/parameter", c.At("estimator", "parameters", "C"), "1 is scikit-learn's default", "C is %v; it must be a number above 0", *p.C))
	} else if p.MaxIterations != nil && *p.MaxIterations < 1 {
		findings = append(findings, finding("config/parameter", c.At("estimator", "parameters", "max_iterations"), "", "max_iterations is %d; it must be at least 1", *p.MaxIterations))
	}
	return findings
}

func (c *Config) lintEvaluation() []report.Finding {
	var findings []report.Finding
	unknown := func(name string, path ...any) {
		if m, err := metric.Lookup(name); err != nil {
			findings = append(findings, finding("config/unknown-metric", c.At(path...), "", "%s", err))
		} else if m.Task != metric.Classification {
			findings = append(findings, finding("config/metric-task", c.At(path...), "name a metric of classification", "%s is a metric of %s, but %s predicts a class", name, m.Task, c.Estimator.Kind))
		}
	}
	if len(c.Evaluation.Metrics) == 0 {
		findings = append(findings, finding("config/no-metrics", c.At("evaluation", "metrics"), "name at least one", "the evaluation has no metrics"))
	}
	for i, name := range c.Evaluation.Metrics {
		unknown(name, "evaluation", "metrics", i)
	}
	for i, p := range c.Monitoring.Performance {
		unknown(p.Metric, "monitoring", "performance", i, "metric")
		if p.Min == nil && p.Max == nil {
			findings = append(findings, finding("config/no-bound", c.At("monitoring", "performance", i), "give it min or max", "the performance threshold of %s has no bound", p.Metric))
		}
	}
	for i, name := range c.Evaluation.Slices {
		if !slices.ContainsFunc(c.Features, func(d feature.Definition) bool { return d.Name == name && d.Type == feature.Categorical }) {
			findings = append(findings, finding("config/slice", c.At("evaluation", "slices", i), "name a feature of type categorical", "the slice %q is not a categorical feature", name))
		}
	}
	return findings
}
