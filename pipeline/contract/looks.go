package contract

import (
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/report"
)

// looks are what values that are not of their type often are instead, most
// special first. say completes "N of M …".
var looks = []struct{ say, form string }{
	{"are blank", `\s*`},
	{"are words for no value", `(?i)\s*(n/?a|null|nil|none|nan|-+|\?+|unknown|missing|#n/a|#value!)\s*`},
	{"look like whole numbers with space around them", `\s+[-+]?[0-9]+\s*|\s*[-+]?[0-9]+\s+`},
	{"look like numbers with space around them", `\s+[-+]?[0-9]*\.?[0-9]+\s*|\s*[-+]?[0-9]*\.?[0-9]+\s+`},
	{"look like dates dd/MM/yyyy", `(0[1-9]|[12][0-9]|3[01])/(0[1-9]|1[0-2])/[0-9]{4}`},
	{"look like dates MM/dd/yyyy", `(0[1-9]|1[0-2])/(0[1-9]|[12][0-9]|3[01])/[0-9]{4}`},
	{"look like dates d/M/yyyy", `[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}`},
	{"look like dates yyyy/MM/dd", `[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}`},
	{"look like dates dd.MM.yyyy", `[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}`},
	{"look like dates dd-MM-yyyy", `[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}`},
	{"look like dates yyyyMMdd", `(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])`},
	{"look like dates yyyy-MM-dd", dateForm},
	{"look like dates with the month's name", `(?i)[0-9]{1,2}[- ](` + shortMonthNames + `)[a-z]*[-, ]+[0-9]{2,4}|(` + shortMonthNames + `)[a-z]* [0-9]{1,2}, [0-9]{4}`},
	{"look like times of a day", clockForm},
	{"look like timestamps in ISO 8601", dateForm + "[T ]" + clockForm + offsetForm + "?"},
	{"look like timestamps with slashes", `[0-9]{1,4}/[0-9]{1,2}/[0-9]{1,4} [0-9]{1,2}:[0-9]{2}.*`},
	{"look like seconds since 1970", `[12][0-9]{9}(\.[0-9]+)?`},
	{"look like milliseconds since 1970", `[12][0-9]{12}`},
	{"look like numbers with commas between thousands", `[-+]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?`},
	{"look like numbers with a decimal comma", `[-+]?[0-9]+(\.[0-9]{3})*,[0-9]+`},
	{"look like numbers with points between thousands", `[-+]?[0-9]{1,3}(\.[0-9]{3}){2,}`},
	{"look like numbers with spaces between thousands", `[-+]?[0-9]{1,3}([ '_][0-9]{3})+([.,][0-9]+)?`},
	{"look like percentages", `[-+]?[0-9.,]+ ?%`},
	{"look like amounts of money", `(?i)[-+]?([$€£¥]|usd|eur|gbp) ?[0-9.,]+|[0-9.,]+ ?([$€£¥]|usd|eur|gbp)`},
	{"look like numbers with a unit behind them", `[-+]?[0-9]+([.,][0-9]+)? ?[\p{L}°µ/²³]+`},
	{"are numbers with a fraction", `[-+]?[0-9]*\.[0-9]+`},
	{"are whole numbers", integerForm},
	{"are numbers in scientific notation", `[-+]?[0-9.]+[eE][-+]?[0-9]+`},
	{"are hexadecimal numbers", `0[xX][0-9a-fA-F]+`},
	{"are infinite", `(?i)[-+]?inf(inity)?`},
	{"look like yes and no", `(?i)y|n|yes|no|on|off`},
	{"look like true and false", `(?i)t|f|true|false`},
	{"have quotes around them", `["'].*["']`},
	{"are words", `[\p{L}][\p{L} _-]*`},
}

// minLooks is the share of bad values that must look alike to be worth a word.
const minLooks = 0.8

// describeBad says, in one scan of each segment, what the values that failed
// their type look like now.
func (k *checker) describeBad(failed []int) (map[int]string, error) {
	var types []int
	for _, i := range failed {
		if c := &k.checks[i]; c.code == "contract/type" && c.steps == nil && !k.contract.object().Properties[c.property].isNested() {
			types = append(types, i)
		}
	}
	counts := map[int][]int64{}
	for _, v := range k.views {
		if err := k.countLooks(k.contract.asWritten(v), types, counts); err != nil {
			return nil, err
		}
	}
	described := map[int]string{}
	for _, i := range types {
		if best := slices.Index(counts[i], slices.Max(counts[i])); float64(counts[i][best]) >= minLooks*float64(k.tallies[i].count) && counts[i][best] > 0 {
			described[i] = fmt.Sprintf("%d of the %d %s", counts[i][best], k.tallies[i].count, looks[best].say)
			if looks[best].say == "look like dates dd/MM/yyyy" && counts[i][best+1] == counts[i][best] {
				described[i] += " or MM/dd/yyyy"
			}
		}
	}
	return described, nil
}

func (k *checker) countLooks(v view, types []int, counts map[int][]int64) error {
	var columns []string
	var which []int
	for _, i := range types {
		if counts[i] == nil {
			counts[i] = make([]int64, len(looks))
		}
		c := &k.checks[i]
		if !v.can(c) || k.tallies[i].count == 0 {
			continue
		}
		text := fmt.Sprintf("CAST(r%d AS VARCHAR)", c.property)
		for _, l := range looks {
			columns = append(columns, "count_if("+v.condition(c)+" AND "+matches(text, l.form)+")")
		}
		which = append(which, i)
	}
	if columns == nil {
		return nil
	}
	found := make([]int64, len(columns))
	targets := make([]any, len(columns))
	for i := range found {
		targets[i] = &found[i]
	}
	// Bad values are few, or all of them are: the conditions go first.
	query := "SELECT " + strings.Join(columns, ", ") + " FROM (" + v.base(v.segment.Relation(), nil, v.present) + ")"
	if err := k.session.DB().QueryRowContext(k.ctx, query).Scan(targets...); err != nil {
		return err
	}
	for n, i := range which {
		for j := range looks {
			counts[i][j] += found[n*len(looks)+j]
		}
	}
	return nil
}

// newMembers says which values a closed list lacks, how many rows have each,
// and in which partition of the whole table each stands first.
func (k *checker) newMembers(c *rowCheck) (string, error) {
	if c.rule == nil || c.rule.Metric != MetricInvalidValues || len(c.rule.Arguments.ValidValues) == 0 {
		return "", nil
	}
	var parts []string
	for _, v := range k.views {
		if v = k.contract.asWritten(v); v.can(c) {
			parts = append(parts, fmt.Sprintf("SELECT CAST(r%d AS VARCHAR) AS v FROM (%s) WHERE %s", c.property,
				v.base(v.segment.Relation(), nil, func(i int) bool { return i == c.property }), v.condition(c)))
		}
	}
	found, err := k.session.DB().QueryContext(k.ctx, fmt.Sprintf("SELECT v, count(*) AS n, (SELECT count(DISTINCT v) FROM (%[1]s)) FROM (%[1]s) GROUP BY v ORDER BY n DESC, v LIMIT %[2]d",
		strings.Join(parts, " UNION ALL "), k.opt.MaxSamples))
	if err != nil {
		return "", err
	}
	defer func() { _ = found.Close() }()
	type member struct {
		value string
		count int64
	}
	var members []member
	var different int64
	for found.Next() {
		var m member
		if err := found.Scan(&m.value, &m.count, &different); err != nil {
			return "", err
		}
		members = append(members, m)
	}
	if err := found.Err(); err != nil || members == nil {
		return "", err
	}
	if c.masked {
		return fmt.Sprintf("not in the contract are %s", plural(different, "value")), nil
	}
	said := make([]string, len(members))
	for i, m := range members {
		first, err := k.firstSeen(c.property, m.value)
		if err != nil {
			return "", err
		}
		said[i] = fmt.Sprintf("%s in %s%s", shown(m.value, false), rows(m.count), first)
	}
	more := ""
	if different > int64(len(members)) {
		more = fmt.Sprintf(" and %d more", different-int64(len(members)))
	}
	return "not in the contract: " + strings.Join(said, ", ") + more, nil
}

// firstSeen is the earliest partition of the table in which a column has a
// value, as far as the table and the contract have partitions.
func (k *checker) firstSeen(property int, text string) (string, error) {
	name := k.contract.Times().Partition
	if k.opt.Partition != nil {
		name = k.opt.Partition.Column
	}
	p := k.contract.object().property(name)
	if p == nil {
		return "", nil
	}
	index := k.contract.index(p)
	var parts []string
	for _, segment := range k.table.Segments {
		v := k.contract.bind(segment)
		day, column := v.columns[index], v.columns[property]
		if !day.present || !day.castable || !column.present {
			continue
		}
		parts = append(parts, fmt.Sprintf("SELECT %s AS d FROM %s AS r WHERE CAST(%s AS VARCHAR) = %s", day.typed(), segment.Relation(), column.raw(), dataLiteral(text)))
	}
	if parts == nil {
		return "", nil
	}
	var first *string
	query := "SELECT CAST(min(d) AS VARCHAR) FROM (" + strings.Join(parts, " UNION ALL ") + ")"
	if p.LogicalType == TypeTimestamp {
		query = "SELECT CAST(CAST(min(d) AS DATE) AS VARCHAR) FROM (" + strings.Join(parts, " UNION ALL ") + ")"
	}
	if err := k.session.DB().QueryRowContext(k.ctx, query).Scan(&first); err != nil || first == nil {
		return "", err
	}
	return fmt.Sprintf(", first in %s %s", name, *first), nil
}

// diagnose adds to a finding about a column what the data shows beside it.
func (k *checker) diagnose(f *report.Finding, words ...string) {
	for _, w := range words {
		if w != "" {
			f.Message += "; " + w
		}
	}
	f.Message += "; in force is " + k.contract.Title()
}
