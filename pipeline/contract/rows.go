package contract

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dlclark/regexp2"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// A tally is what a row check counted.
type tally struct {
	count int64
	// values are some of the values that a pattern refused, in order.
	values []string
	ran    bool
}

// tally counts the rows, and those that each row check counts, in one scan of
// each segment.
func (k *checker) tally() error {
	k.checks = k.contract.plan()
	k.tallies = make([]tally, len(k.checks))
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
	for _, i := range failed {
		k.report(&checks[i], tallies[i], samples[i])
	}
	return nil
}

func (k *checker) aggregate(v view) error {
	columns := []string{"count(*)"}
	var which []int
	for i := range k.checks {
		c := &k.checks[i]
		if v.can(c) && c.pattern == "" {
			columns = append(columns, "count(*) FILTER (WHERE "+c.cond+")")
			which = append(which, i)
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
	for j, i := range which {
		k.tallies[i].count += counts[j+1]
		k.tallies[i].ran = true
	}
	return nil
}

func (v view) present(i int) bool { return v.columns[i].present }

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
	query := fmt.Sprintf("SELECT t%d, bool_or(%s), count(*) FROM (%s) WHERE t%d IS NOT NULL GROUP BY 1", c.property, c.cond, v.base(v.segment.Relation(), nil, only), c.property)
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
					Message: fmt.Sprintf("the pattern %q needs more than %s for the value %s", clip(c.pattern), patternTimeout, strconv.Quote(clip(value))),
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

func (k *checker) report(c *rowCheck, t tally, samples []string) {
	name := k.contract.object().Properties[c.property].Name
	message := fmt.Sprintf("%s of column %q %s", rows(t.count), name, singular(c.problem, t.count))
	if c.rule != nil {
		message += k.broken(c.rule, t.count)
	}
	k.add(report.Finding{Code: c.code, Severity: c.severity, Message: message, Remedy: c.remedy, Position: c.position, Column: k.column(c), Count: t.count, Samples: samples})
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

// A sample is one row as DuckDB's JSON gives it.
type sample struct {
	File  string  `json:"f"`
	Row   int64   `json:"r"`
	Value *string `json:"v"`
}

func (s sample) String() string {
	value := "null"
	if s.Value != nil {
		value = strconv.Quote(clip(*s.Value))
	}
	return fmt.Sprintf("%s row %d: %s", s.File, s.Row, value)
}

// samples finds the first rows that each failed check counted, by file and row.
func (k *checker) samples(checks []rowCheck, tallies []tally, failed []int) (map[int][]string, error) {
	found := map[int][]sample{}
	for _, v := range k.views {
		if err := k.sampleView(v, checks, tallies, failed, found); err != nil {
			return nil, err
		}
	}
	out := map[int][]string{}
	for i, list := range found {
		slices.SortStableFunc(list, func(a, b sample) int {
			if n := strings.Compare(a.File, b.File); n != 0 {
				return n
			}
			return int(a.Row - b.Row)
		})
		for _, s := range list[:min(len(list), k.opt.MaxSamples)] {
			out[i] = append(out[i], s.String())
		}
	}
	return out, nil
}

func (k *checker) sampleView(v view, checks []rowCheck, tallies []tally, failed []int, found map[int][]sample) error {
	var columns []string
	var which []int
	used := map[int]bool{}
	for _, i := range failed {
		c := &checks[i]
		if !v.can(c) || tallies[i].count == 0 {
			continue
		}
		columns = append(columns, fmt.Sprintf("CAST(to_json(min({'f': f, 'r': w, 'v': CAST(r%d AS VARCHAR)}, %d) FILTER (WHERE %s)) AS VARCHAR)", c.property, k.opt.MaxSamples, sampleCondition(c, tallies[i])))
		which = append(which, i)
		used[c.property] = true
	}
	if columns == nil || hidesRowNames(v.segment) {
		return nil
	}
	texts := make([]sql.NullString, len(columns))
	targets := make([]any, len(columns))
	for i := range texts {
		targets[i] = &texts[i]
	}
	base := v.base(v.segment.RowRelation(), []string{"r._file AS f", "r._row AS w"}, func(i int) bool { return used[i] && v.columns[i].present })
	if err := k.session.DB().QueryRowContext(k.ctx, "SELECT "+strings.Join(columns, ", ")+" FROM ("+base+")").Scan(targets...); err != nil {
		return err
	}
	for j, i := range which {
		if !texts[j].Valid {
			continue
		}
		var list []sample
		if err := json.Unmarshal([]byte(texts[j].String), &list); err != nil {
			return fmt.Errorf("read samples: %w", err)
		}
		found[i] = append(found[i], list...)
	}
	return nil
}

func sampleCondition(c *rowCheck, t tally) string {
	if c.pattern == "" {
		return c.cond
	}
	literals := make([]string, len(t.values))
	for i, value := range t.values {
		literals[i] = dataset.Literal(value)
	}
	if literals == nil {
		return c.cond
	}
	return fmt.Sprintf("(%s OR t%d IN (%s))", c.cond, c.property, strings.Join(literals, ", "))
}
