package contract

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// CheckOptions narrow a check.
type CheckOptions struct {
	// Partition is the part of the table to check; nil means all rows.
	Partition *Partition
	// Ignore names properties that are not checked, because their values are
	// still to come: their columns may be absent, and are not unexpected where
	// they are present. The column of the partition cannot be one.
	Ignore []string
	// MaxSamples bounds the samples of a finding; 0 means 5.
	MaxSamples int
	// Object is the schema object to check against; empty means the one that the
	// contract was narrowed to with For, or its only one.
	Object string
	// Now is the logical time of the check, for service levels such as freshness.
	// Without it they are findings: what was not checked was not kept.
	Now time.Time
	// Training is what columns looked like in training, to suspect changed units
	// with; nil suspects nothing.
	Training Outlines
}

const defaultSamples = 5

// CheckResult says what was found and how much was looked at.
type CheckResult struct {
	Findings []report.Finding
	// Rows is how many rows the partition has.
	Rows int64
	// Checks is how many checks ran on at least one row.
	Checks int
}

// Check holds a table against its contract. Bad data becomes findings; the error
// is a failure of the tool, or a partition that the contract does not have. A
// table without a row in the partition, or a run without a check, is a finding:
// it must not look like data that is sound.
func Check(ctx context.Context, s *dataset.Session, t *dataset.Table, c *Contract, opt CheckOptions) (result CheckResult, err error) {
	defer func() {
		if p := recover(); p != nil {
			result, err = CheckResult{}, fmt.Errorf("check %s against %s: panic: %v\n%s", t.Name, c.file, p, debug.Stack())
		}
	}()
	if opt.MaxSamples == 0 {
		opt.MaxSamples = defaultSamples
	}
	if opt.Object != "" {
		if c, err = c.For(opt.Object); err != nil {
			return CheckResult{}, err
		}
	}
	k := &checker{ctx: ctx, session: s, table: t, contract: c, opt: opt}
	if err := k.run(); err != nil {
		if ctx.Err() != nil {
			// DuckDB says that it was interrupted, and not why.
			err = ctx.Err()
		}
		if !dataset.Unreadable(err) {
			return CheckResult{}, fmt.Errorf("check %s against %s: %w", t.Name, c.file, err)
		}
		k.add(report.Finding{Code: "dataset/unreadable-rows", Severity: report.Error, Position: c.place(),
			Message: fmt.Sprintf("source %s cannot be read to its end: %s", t.Name, clipLong(dataset.FirstLine(err))), Remedy: "replace the file that is named"})
	}
	report.Sort(k.result.Findings)
	return k.result, nil
}

// clipLong keeps a message of the engine within reason.
func clipLong(s string) string {
	const limit = 500
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return s
}

type checker struct {
	ctx      context.Context
	session  *dataset.Session
	table    *dataset.Table
	contract *Contract
	opt      CheckOptions
	views    []view
	checks   []rowCheck
	tallies  []tally
	groups   []groupCheck
	// repeats says of each group whether its keys may repeat.
	repeats []bool
	result  CheckResult
}

func (k *checker) add(f report.Finding) {
	f.Source = k.table.Name
	f.Partition = k.opt.Partition.String()
	k.result.Findings = append(k.result.Findings, f)
}

func (k *checker) run() error {
	for _, segment := range k.table.Segments {
		k.views = append(k.views, k.contract.view(segment))
	}
	if err := k.ignore(); err != nil {
		return err
	}
	if err := k.cut(); err != nil {
		return err
	}
	if k.opt.Partition != nil {
		if err := k.findRows(); err != nil {
			return err
		}
	}
	if err := k.tally(); err != nil {
		return err
	}
	if k.result.Rows == 0 {
		k.noRows()
		// Without a partition the columns of an empty file are still worth a word.
		if k.opt.Partition != nil {
			return nil
		}
	}
	if err := k.checkColumns(); err != nil {
		return err
	}
	k.checkLastLines()
	if k.result.Rows == 0 {
		return nil
	}
	for _, step := range []func() error{k.checkRows, k.checkGroups, k.checkRowCount, k.checkQueries, k.checkDistributions, k.checkPromises, k.suspectUnits} {
		if err := step(); err != nil {
			return err
		}
	}
	if k.result.Checks == 0 {
		k.add(report.Finding{Code: "contract/no-checks", Severity: report.Error, Position: k.contract.place(),
			Message: fmt.Sprintf("not one check of the contract could run on %s", k.table.Name), Remedy: "see the other findings"})
	}
	return nil
}

func (k *checker) noRows() {
	message := fmt.Sprintf("%s has no rows", k.table.Name)
	if k.opt.Partition != nil {
		message = fmt.Sprintf("%s has no rows with %s", k.table.Name, k.opt.Partition)
	}
	k.add(report.Finding{Code: "contract/no-rows", Severity: report.Error, Position: k.contract.place(),
		Message: message, Remedy: "bring the data, or name a partition that has some"})
}

// ignore marks the columns that are not checked.
func (k *checker) ignore() error {
	for _, name := range k.opt.Ignore {
		p := k.contract.object().property(name)
		switch {
		case p == nil:
			return fmt.Errorf("the contract has no property %q to ignore", name)
		case k.opt.Partition != nil && k.opt.Partition.Column == name:
			return fmt.Errorf("the property %q cannot be ignored: it tells the partition", name)
		}
		for i := range k.views {
			k.views[i].columns[k.contract.index(p)].ignored = true
		}
	}
	return nil
}

func (c *Contract) index(p *Property) int {
	properties := c.object().Properties
	for i := range properties {
		if &properties[i] == p {
			return i
		}
	}
	return -1
}

// hidesRowNames says that a file has columns called like the row identity that
// RowRelation adds, which then cannot be told apart.
func hidesRowNames(s dataset.Segment) bool {
	for _, c := range s.Columns {
		if strings.EqualFold(c.Name, "_file") || strings.EqualFold(c.Name, "_row") {
			return true
		}
	}
	return false
}

// rows says a count of rows.
func rows(n int64) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}
