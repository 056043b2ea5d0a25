// Package validation checks that what a pipeline is given is what it was
// promised.
//
//  1. Every source has its files and its contract, or there is a finding.
//  2. Each source's rows are checked under its contract.
//  3. Every expression of the pipeline is parsed and proven to use only what
//     was known at the decision time.
//  4. The result counts what was checked; where nothing was, it is not clean.
package validation

import (
	"context"
	"fmt"
	"time"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/profile"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// Scope narrows what is checked.
type Scope struct {
	// Date selects the partition to check of each source that has partitions, and
	// Earlier those before it as well. Empty checks all rows.
	Date    string
	Earlier bool
	// Scoring says that the outcomes of the partition are still to come: columns
	// that become known later are not asked for.
	Scoring bool
	// Now is the logical time of the run, for service levels such as freshness.
	// Without it the end of Date is taken, and where there is no Date either, such
	// a service level is a finding.
	Now time.Time
	// Profile is what training looked like, to suspect changed units with; nil
	// suspects nothing.
	Profile *profile.Profile
}

// now is the time that the contracts are checked as of.
func (s Scope) now() time.Time {
	if !s.Now.IsZero() || s.Date == "" {
		return s.Now
	}
	day, err := time.Parse(time.DateOnly, s.Date)
	if err != nil {
		return time.Time{} // the partition's own check refuses the date
	}
	return day.AddDate(0, 0, 1)
}

// A Source is what was checked of one source.
type Source struct {
	Name        string `json:"name"`
	Fingerprint string `json:"fingerprint"`
	Files       int    `json:"files"`
	Rows        int64  `json:"rows"`
	Checks      int    `json:"checks"`
}

// A Result is what validation found.
type Result struct {
	Sources  []Source         `json:"sources"`
	Findings []report.Finding `json:"findings"`
	// Honest is how many features were proven to use only what was known.
	Honest int `json:"honest_features"`
	// Honesty is the certificate of the experiment, nil where none was made.
	Honesty *evaluation.Certificate `json:"honesty,omitempty"`
}

// Clean reports whether everything was checked and nothing stops the line.
func (r *Result) Clean() bool { return r.Checks() > 0 && !report.HasErrors(r.Findings) }

// Checks is how many contract checks ran.
func (r *Result) Checks() int {
	total := 0
	for _, source := range r.Sources {
		total += source.Checks
	}
	return total
}

// Rows is how many rows were checked.
func (r *Result) Rows() int64 {
	var total int64
	for _, source := range r.Sources {
		total += source.Rows
	}
	return total
}

// Run checks the open session under contracts. opened are the findings of
// opening it: sources that they name have no table.
func Run(ctx context.Context, c *pipeline.Config, contracts pipeline.Contracts, session *dataset.Session, opened []report.Finding, scope Scope) (*Result, error) {
	r := &Result{Findings: append([]report.Finding{}, opened...)}
	r.Findings = append(r.Findings, locks(c)...)
	complete := true
	for _, source := range c.Sources {
		rules, table := contracts[source.Name], session.Table(source.Name)
		if rules == nil || table == nil {
			complete = false
			continue
		}
		if err := r.source(ctx, c, session, table, rules, source, scope); err != nil {
			return nil, err
		}
	}
	if complete {
		plan, err := c.Plan(contracts, session, true)
		if err != nil {
			return nil, err
		}
		honest, findings, err := plan.Lint(ctx, session.DB(), c.At)
		if err != nil {
			return nil, err
		}
		r.Honest = honest
		r.Findings = append(r.Findings, findings...)
	}
	report.Underline(r.Findings, c.Texts(contracts))
	report.Sort(r.Findings)
	return r, nil
}

func (r *Result) source(ctx context.Context, c *pipeline.Config, session *dataset.Session, table *dataset.Table, rules *contract.Contract, source pipeline.Source, scope Scope) error {
	options := contract.CheckOptions{Now: scope.now(), Training: outlines(c, scope.Profile, source.Name)}
	if source.Partition != "" && scope.Date != "" {
		options.Partition = &contract.Partition{Column: source.Partition, Value: scope.Date, OrEarlier: scope.Earlier}
	}
	if scope.Scoring {
		options.Ignore = source.LateColumns()
	}
	fingerprint, err := table.Fingerprint()
	if err != nil {
		return err
	}
	checked := Source{Name: source.Name, Fingerprint: fingerprint, Files: len(table.Files())}
	result, err := contract.Check(ctx, session, table, rules, options)
	switch {
	case dataset.Unreadable(err):
		r.Findings = append(r.Findings, report.Finding{
			Code: "dataset/unreadable-rows", Severity: report.Error, Source: source.Name, Position: rules.Position(),
			Message: fmt.Sprintf("source %s cannot be read to its end: %s", source.Name, dataset.FirstLine(err)),
			Remedy:  "replace the file that is named",
		})
	case err != nil:
		return fmt.Errorf("check source %s: %w", source.Name, err)
	default:
		checked.Rows, checked.Checks = result.Rows, result.Checks
		r.Findings = append(r.Findings, result.Findings...)
		// Rows that cannot be read under the contract are found already.
		if source.Name == c.Observations.Source && !report.HasErrors(result.Findings) {
			twice, err := keys(ctx, c, session, table, rules, scope)
			if err != nil {
				return err
			}
			r.Findings = append(r.Findings, twice...)
		}
	}
	r.Sources = append(r.Sources, checked)
	return nil
}
