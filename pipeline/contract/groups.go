package contract

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/report"
)

// A groupCheck asks that no key stands in two rows.
type groupCheck struct {
	code     string
	columns  []int
	position report.Position
	severity report.Severity
	remedy   string
	rule     *Rule
	what     string
}

func (c *Contract) groupPlan() []groupCheck {
	var checks []groupCheck
	o := c.object()
	for i := range o.Properties {
		p := &o.Properties[i]
		if p.isUnique() {
			checks = append(checks, groupCheck{code: "contract/unique", columns: []int{i}, severity: report.Error, what: "unique column",
				position: c.place("properties", i, "unique"), remedy: "remove the repeated rows, or set unique: false"})
		}
		for k := range p.Quality {
			if r := &p.Quality[k]; ruleType(r) == "library" && r.Metric == MetricDuplicateValues {
				checks = append(checks, groupCheck{code: metricCode(r.Metric), columns: []int{i}, severity: severityOf(r), rule: r, what: "column",
					position: c.place("properties", i, "quality", k), remedy: ruleRemedy(r)})
			}
		}
	}
	if key := c.primaryKey(); key != nil {
		checks = append(checks, groupCheck{code: "contract/primary-key", columns: key, severity: report.Error, what: "primary key",
			position: c.place("properties", key[0], "primaryKey"), remedy: "remove the repeated rows, or choose a key that tells them apart"})
	}
	for k := range o.Quality {
		r := &o.Quality[k]
		if ruleType(r) != "library" || r.Metric != MetricDuplicateValues {
			continue
		}
		check := groupCheck{code: metricCode(r.Metric), severity: severityOf(r), rule: r, what: "key", position: c.place("quality", k), remedy: ruleRemedy(r)}
		for _, name := range r.Arguments.Properties {
			check.columns = append(check.columns, c.index(o.property(name)))
		}
		checks = append(checks, check)
	}
	return checks
}

// primaryKey is the parts of the key in the order of primaryKeyPosition; parts
// without a position follow in the order of the contract.
func (c *Contract) primaryKey() []int {
	var key []int
	for i := range c.object().Properties {
		if c.object().Properties[i].isKey() {
			key = append(key, i)
		}
	}
	position := func(i int) int {
		if p := c.object().Properties[i].PrimaryKeyPosition; p != nil && *p > 0 {
			return *p
		}
		return len(key) + 1
	}
	slices.SortStableFunc(key, func(a, b int) int { return position(a) - position(b) })
	return key
}

func (k *checker) checkGroups() error {
	for i, c := range k.groups {
		if err := k.checkGroup(c, k.repeats[i]); err != nil {
			return err
		}
	}
	return nil
}

// A repetition is how often keys repeat: the keys in several rows, the rows
// beyond the first of each, and all the rows of those keys.
type repetition struct{ groups, surplus, members int64 }

// checkGroup counts the keys that stand in several rows. Rows without a whole
// key have no key to repeat. mayRepeat is false where a scan has shown that no
// key does.
func (k *checker) checkGroup(c groupCheck, mayRepeat bool) error {
	union := k.union(c, false)
	if union == "" {
		return nil
	}
	k.result.Checks++
	keys, present := keyColumns(c)
	var r repetition
	if mayRepeat {
		grouped := " FROM (" + union + ") WHERE " + strings.Join(present, " AND ") + " GROUP BY " + strings.Join(keys, ", ") + " HAVING count(*) > 1"
		query := "SELECT count(*), coalesce(sum(n - 1), 0)::BIGINT, coalesce(sum(n), 0)::BIGINT FROM (SELECT count(*) AS n" + grouped + ")"
		if err := k.session.DB().QueryRowContext(k.ctx, query).Scan(&r.groups, &r.surplus, &r.members); err != nil {
			return err
		}
	}
	f, kept := k.judgeGroup(c, r)
	if kept {
		return nil
	}
	if r.groups > 0 {
		samples, err := k.groupSamples(c, keys, present)
		if err != nil {
			return err
		}
		f.Samples = samples
	}
	if len(c.columns) == 1 {
		f.Column = k.contract.object().Properties[c.columns[0]].Column()
	}
	k.add(f)
	return nil
}

func (k *checker) judgeGroup(c groupCheck, r repetition) (f report.Finding, kept bool) {
	f = report.Finding{Code: c.code, Severity: c.severity, Remedy: c.remedy, Position: c.position}
	if c.rule == nil {
		f.Count = r.surplus
		f.Message = fmt.Sprintf("%s %s the %s %s of an earlier row", rows(r.surplus), verb(r.surplus, "repeats", "repeat"), c.what, k.names(c))
		return f, r.surplus == 0
	}
	op, err := operatorOf(c.rule)
	if err != nil {
		// Lint refuses such a rule; if it came here it would not be known to hold.
		f.Message = err.Error()
		return f, false
	}
	// In percent the rows of repeated keys are weighed, the largest of the numbers
	// that the standard's text could mean.
	if c.rule.Unit == "percent" {
		f.Count = r.members
		f.Message = fmt.Sprintf("%s %s a value of the %s %s with another row%s", rows(r.members), verb(r.members, "shares", "share"), c.what, k.names(c), k.broken(c.rule, r.members))
		return f, op.holds(k.metric(c.rule, r.members))
	}
	f.Count = r.groups
	f.Message = fmt.Sprintf("%s of the %s %s %s in more than one row, and the rule says %s", plural(r.groups, "value"), c.what, k.names(c), verb(r.groups, "stands", "stand"), op)
	return f, op.holds(float64(r.groups))
}

func verb(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func (k *checker) names(c groupCheck) string {
	names := make([]string, len(c.columns))
	for i, column := range c.columns {
		names[i] = strconv.Quote(k.contract.object().Properties[column].Name)
	}
	return strings.Join(names, ", ")
}

// union is the key's columns over all views that have them; with rowNames, the
// identity of each row as well.
func (k *checker) union(c groupCheck, rowNames bool) string {
	var parts []string
	for _, v := range k.views {
		if !v.hasKey(c) || (rowNames && hidesRowNames(v.segment)) {
			continue
		}
		relation, extra := v.segment.Relation(), []string(nil)
		if rowNames {
			relation, extra = v.segment.RowRelation(), []string{"r._file AS f", "r._row AS w"}
		}
		parts = append(parts, v.base(relation, extra, func(i int) bool { return slices.Contains(c.columns, i) }))
	}
	// Raw columns of different segments may differ in type; only the typed ones
	// are read, and a union by name keeps them apart.
	for i, part := range parts {
		columns := make([]string, len(c.columns))
		for j, column := range c.columns {
			columns[j] = fmt.Sprintf("t%d", column)
		}
		if rowNames {
			columns = append(columns, "f", "w")
		}
		parts[i] = "SELECT " + strings.Join(columns, ", ") + " FROM (" + part + ")"
	}
	return strings.Join(parts, " UNION ALL ")
}

// groupSamples names the first keys, in order, with their first two rows.
func (k *checker) groupSamples(c groupCheck, keys, present []string) ([]string, error) {
	union := k.union(c, true)
	if union == "" {
		return nil, nil
	}
	texts := make([]string, len(keys))
	for i, key := range keys {
		texts[i] = "CAST(" + key + " AS VARCHAR)"
	}
	query := fmt.Sprintf("SELECT to_json([%s])::VARCHAR, count(*), to_json(min({'f': f, 'r': w}, 2))::VARCHAR FROM (%s) WHERE %s GROUP BY %s HAVING count(*) > 1 ORDER BY %s LIMIT %d",
		strings.Join(texts, ", "), union, strings.Join(present, " AND "), strings.Join(keys, ", "), strings.Join(keys, ", "), k.opt.MaxSamples)
	found, err := k.session.DB().QueryContext(k.ctx, query)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var samples []string
	for found.Next() {
		var key, places sql.NullString
		var n int64
		if err := found.Scan(&key, &n, &places); err != nil {
			return nil, err
		}
		var values []string
		var where []sample
		if err := json.Unmarshal([]byte(key.String), &values); err != nil {
			return nil, fmt.Errorf("read samples: %w", err)
		}
		if err := json.Unmarshal([]byte(places.String), &where); err != nil || len(where) < 2 {
			return nil, fmt.Errorf("read samples: %s: %w", places.String, err)
		}
		for i := range values {
			values[i] = shown(values[i], k.contract.object().Properties[c.columns[i]].isSensitive())
		}
		samples = append(samples, fmt.Sprintf("%s: %d rows, first %s row %d and %s row %d", strings.Join(values, ", "), n, where[0].File, where[0].Row, where[1].File, where[1].Row))
	}
	return samples, found.Err()
}

func (k *checker) checkRowCount() error {
	o := k.contract.object()
	for i := range o.Quality {
		r := &o.Quality[i]
		if ruleType(r) != "library" || r.Metric != MetricRowCount {
			continue
		}
		k.result.Checks++
		op, err := operatorOf(r)
		if err != nil || !op.holds(float64(k.result.Rows)) {
			k.add(report.Finding{Code: metricCode(r.Metric), Severity: severityOf(r), Position: k.contract.place("quality", i), Count: k.result.Rows,
				Message: fmt.Sprintf("%s has %s, and the rule says %s", k.table.Name, rows(k.result.Rows), op), Remedy: ruleRemedy(r)})
		}
	}
	return nil
}
