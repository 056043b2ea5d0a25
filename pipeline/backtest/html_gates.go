package backtest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/promotion"
)

// A gate is one decision: the checks that passed, and why others did not.
type gate struct {
	Stage, At, Actor, Class, Answer string
	Passed, Denied                  []check
	NotJudged                       []string
}

type check struct{ Code, Title, Reason, Remedy string }

func gates(decisions []Gate) []gate {
	var all []gate
	for _, d := range decisions {
		g := gate{Stage: clean(d.Stage), At: minute(d.At), Actor: clean(d.Actor), Class: "stopped",
			Answer: fmt.Sprintf("denied, %d of %d checks passed", len(d.Passed), len(d.Required))}
		if d.Allowed {
			g.Class, g.Answer = "good", fmt.Sprintf("allowed, %d of %d checks passed", len(d.Passed), len(d.Required))
		}
		for _, code := range d.Required {
			denial := slices.IndexFunc(d.Denials, func(denial promotion.Denial) bool { return denial.Code == code })
			switch {
			case denial >= 0:
				why := d.Denials[denial]
				g.Denied = append(g.Denied, check{clean(code), clean(why.Title), clean(why.Reason), clean(why.Remediation)})
			case slices.Contains(d.Passed, code):
				g.Passed = append(g.Passed, check{Code: clean(code), Reason: shown(d.Decision, code)})
			default:
				g.Denied = append(g.Denied, check{Code: clean(code), Reason: "the decision does not say"})
			}
		}
		for _, code := range d.NotJudged {
			g.NotJudged = append(g.NotJudged, clean(code))
		}
		all = append(all, g)
	}
	return all
}

// shown is what a passed check rests on, where a number says it.
func shown(d promotion.Decision, code string) string {
	if code != "metric_floors" {
		return ""
	}
	var parts []string
	for _, floor := range d.Requirement.Metrics {
		for _, e := range d.Evidence.Evaluation.Estimates {
			if e.Metric != floor.Metric || e.Slice != floor.Slice {
				continue
			}
			name := metricName(e.Metric)
			if e.Slice != "" {
				name += " of " + clean(e.Slice)
			}
			if floor.Min != nil {
				parts = append(parts, fmt.Sprintf("%s is at least %s, floor %s", name, decimal(e.Low), bound(*floor.Min)))
			}
			if floor.Max != nil {
				parts = append(parts, fmt.Sprintf("%s is at most %s, ceiling %s", name, decimal(e.High), bound(*floor.Max)))
			}
		}
	}
	return strings.Join(parts, "; ")
}
