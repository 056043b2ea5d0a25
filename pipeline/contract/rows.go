package contract

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dlclark/regexp2"

	"github.com/linecook-ml/linecook/pipeline/report"
)

// A tally is what a row check counted.
type tally struct {
	count int64
	// values are some of the values that a pattern refused, in order.
	values []string
	ran    bool
}

// tally counts the rows, and those that each row check counts, and looks
// whether keys may repeat, in one scan of each segment.
func (k *checker) tally() error {
	k.checks, k.groups = k.contract.plan(), k.contract.groupPlan()
	k.tallies = make([]tally, len(k.checks))
	k.repeats = make([]bool, len(k.groups))
	for i := range k.repeats {
		// Only within one view are different keys a matter of one scan.
		k.repeats[i] = len(k.views) > 1
	}
	for _, v := range k.views {
		if err := k.aggregate(v); err != nil {
			return err
		}
	}
	return nil
}

// checkRows judges what tally counted: after a scan of distinct values for each
// pattern, and before one scan for samples where rows failed.
func (k *checker) checkRows() error {
	checks, tallies := k.checks, k.tallies
	for i := range checks {
		if checks[i].pattern != "" {
			if err := k.judgePattern(&checks[i], &tallies[i]); err != nil {
				return err
			}
		}
	}
	var failed []int
	for i := range checks {
		if !tallies[i].ran {
			continue
		}
		k.result.Checks++
		if k.fails(&checks[i], tallies[i].count) {
			failed = append(failed, i)
		}
	}
	samples, err := k.samples(checks, tallies, failed)
	if err != nil {
		return err
	}
	described, err := k.describeBad(failed)
	if err != nil {
		return err
	}
	for _, i := range failed {
		members, err := k.newMembers(&checks[i])
		if err != nil {
			return err
		}
		k.report(&checks[i], tallies[i], samples[i], described[i], members)
	}
	return nil
}

func (k *checker) aggregate(v view) error {
	columns := []string{"count(*)"}
	var checked, keyed []int
	for i := range k.checks {
		if c := &k.checks[i]; v.can(c) && c.pattern == "" {
			columns = append(columns, v.count(c))
			checked = append(checked, i)
		}
	}
	for i, c := range k.groups {
		if len(k.views) > 1 || !v.hasKey(c) {
			continue
		}
		// A text file has no columns that could be read alone.
		ascending := false
		if !k.table.Text {
			var err error
			if ascending, err = k.ascends(v, c); err != nil {
				return err
			}
		}
		if !ascending {
			all, different := v.keySum(c)
			columns = append(columns, all, different)
			keyed = append(keyed, i)
		}
	}
	for i, b := range v.columns {
		if b.present && !b.ignored && !k.table.Text {
			// Counts alone come out of a Parquet file's footer, and the values may be
			// damaged: this has each of them read. Of a text file all is read.
			columns = append(columns, fmt.Sprintf("CAST(max(r%d) IS NULL AS BIGINT)", i))
		}
	}
	counts := make([]int64, len(columns))
	targets := make([]any, len(columns))
	for i := range counts {
		targets[i] = &counts[i]
	}
	query := "SELECT " + strings.Join(columns, ", ") + " FROM (" + v.base(v.segment.Relation(), nil, v.present) + ")"
	if err := k.session.DB().QueryRowContext(k.ctx, query).Scan(targets...); err != nil {
		return err
	}
	k.result.Rows += counts[0]
	for _, i := range checked {
		counts = counts[1:]
		k.tallies[i].count += counts[0]
		k.tallies[i].ran = true
	}
	for _, i := range keyed {
		k.repeats[i] = counts[1] != counts[2]
		counts = counts[2:]
	}
	return nil
}

// judgePattern matches each distinct value once. DuckDB's own expressions are
// RE2, which lacks what ECMA-262 has and means other things by some of the same
// signs.
func (k *checker) judgePattern(c *rowCheck, t *tally) error {
	pattern, err := compilePattern(c.pattern)
	if err != nil {
		return fmt.Errorf("the pattern %q: %w", c.pattern, err)
	}
	for _, v := range k.views {
		if !v.can(c) {
			continue
		}
		t.ran = true
		if err := k.judgeView(c, t, v, pattern); err != nil {
			return err
		}
	}
	slices.Sort(t.values)
	return nil
}

func (k *checker) judgeView(c *rowCheck, t *tally, v view, pattern *regexp2.Regexp) error {
	only := func(i int) bool { return i == c.property }
	query := fmt.Sprintf("SELECT t%d, bool_or(%s), count(*) FROM (%s) WHERE t%d IS NOT NULL GROUP BY 1", c.property, v.condition(c), v.base(v.segment.Relation(), nil, only), c.property)
	found, err := k.session.DB().QueryContext(k.ctx, query)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		var value string
		var bad bool
		var n int64
		if err := found.Scan(&value, &bad, &n); err != nil {
			return err
		}
		if !bad {
			matched, err := pattern.MatchString(value)
			if err != nil {
				// The match took too long. What is not known to match does not.
				k.add(report.Finding{Code: "contract/pattern-timeout", Severity: report.Error, Position: c.position, Column: k.column(c),
					Message: fmt.Sprintf("the pattern %q needs more than %s for the value %s", clip(c.pattern), patternTimeout, shown(value, c.masked)),
					Remedy:  "write a pattern without nested repetitions"})
				return nil
			}
			bad = !matched
		}
		if bad {
			t.count += n
			t.keep(value, k.opt.MaxSamples)
		}
	}
	return found.Err()
}

// keep holds the smallest few values, whatever order they come in.
func (t *tally) keep(value string, limit int) {
	if slices.Contains(t.values, value) {
		return
	}
	t.values = append(t.values, value)
	slices.Sort(t.values)
	if len(t.values) > limit {
		t.values = t.values[:limit]
	}
}

func (k *checker) column(c *rowCheck) string {
	return k.contract.object().Properties[c.property].Column()
}

func (k *checker) fails(c *rowCheck, count int64) bool {
	if c.rule == nil {
		return count > 0
	}
	op, err := operatorOf(c.rule)
	return err != nil || !op.holds(k.metric(c.rule, count))
}

// metric is a count in the unit of a rule.
func (k *checker) metric(r *Rule, count int64) float64 {
	if r.Unit == "percent" {
		return 100 * float64(count) / float64(k.result.Rows)
	}
	return float64(count)
}

func (k *checker) report(c *rowCheck, t tally, samples []string, words ...string) {
	name := c.name
	message := fmt.Sprintf("%s of column %q %s", rows(t.count), name, singular(c.problem, t.count))
	if c.rule != nil {
		message += k.broken(c.rule, t.count)
	}
	f := report.Finding{Code: c.code, Severity: c.severity, Message: message, Remedy: c.remedy, Position: c.position, Column: k.column(c), Count: t.count, Samples: samples}
	k.diagnose(&f, words...)
	k.add(f)
}

// broken says which number broke which operator.
func (k *checker) broken(r *Rule, count int64) string {
	op, err := operatorOf(r)
	if err != nil {
		return ": " + err.Error()
	}
	if r.Unit == "percent" {
		return fmt.Sprintf(", %s percent of %d, and the rule says %s percent", strconv.FormatFloat(k.metric(r, count), 'g', 4, 64), k.result.Rows, op)
	}
	return fmt.Sprintf(", and the rule says %s", op)
}

func singular(problem string, n int64) string {
	if n != 1 {
		return problem
	}
	verb, rest, _ := strings.Cut(problem, " ")
	switch verb {
	case "have":
		verb = "has"
	case "are":
		verb = "is"
	case "do":
		verb = "does"
	case "break":
		verb = "breaks"
	}
	return verb + " " + rest
}
