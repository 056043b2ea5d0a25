package contract

import (
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// The service-level properties that the data itself can show, and the words
// that the standard and its examples have for them.
var slaKinds = []struct {
	kind  string
	words []string
}{
	{slaFreshness, []string{"freshness", "latency", "ly"}},
	{slaRetention, []string{"retention", "re"}},
	{slaFrequency, []string{"frequency", "fy"}},
}

const (
	// slaFreshness: the newest value is younger than the promise.
	slaFreshness = "freshness"
	// slaRetention: the oldest value is no older than the promise.
	slaRetention = "retention"
	// slaFrequency: no gap between neighbouring values is longer than the promise.
	slaFrequency = "frequency"
)

// slaUnits are the units of time. A month and a year are taken at their longest,
// which would be lax for freshness; they are read for retention only.
var slaUnits = []struct {
	words  []string
	length time.Duration
	long   bool
}{
	{[]string{"s", "second", "seconds"}, time.Second, false},
	{[]string{"m", "min", "minute", "minutes"}, time.Minute, false},
	{[]string{"h", "hr", "hour", "hours"}, time.Hour, false},
	{[]string{"d", "day", "days"}, 24 * time.Hour, false},
	{[]string{"w", "week", "weeks"}, 7 * 24 * time.Hour, false},
	{[]string{"mo", "month", "months"}, 31 * 24 * time.Hour, true},
	{[]string{"y", "yr", "year", "years"}, 366 * 24 * time.Hour, true},
}

// A promise is one service-level property that can be checked, of one column.
type promise struct {
	sla    *SLAProperty
	index  int
	kind   string
	object int
	column *Property
	limit  time.Duration
}

func slaKind(property string) string {
	for _, k := range slaKinds {
		if contains(k.words, strings.ToLower(property)) {
			return k.kind
		}
	}
	return ""
}

func slaUnit(unit string) (length time.Duration, long, ok bool) {
	for _, u := range slaUnits {
		if contains(u.words, strings.ToLower(unit)) {
			return u.length, u.long, true
		}
	}
	return 0, false, false
}

// elements are the columns that a service-level property is about.
func (c *Contract) elements(s *SLAProperty) []string {
	text := s.Element
	if text == "" {
		text = c.SLADefaultElement
	}
	var names []string
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// findElement finds object.property. A name without an object belongs to the
// only one.
func (c *Contract) findElement(name string) (object int, p *Property, err error) {
	table, column, dotted := strings.Cut(name, ".")
	if !dotted {
		if len(c.Schema) != 1 {
			return 0, nil, fmt.Errorf("%q names no schema object; write object.property", name)
		}
		table, column = c.Schema[0].Name, name
	}
	for i := range c.Schema {
		o := &c.Schema[i]
		if o.Name != table && o.PhysicalName != table {
			continue
		}
		if p := o.property(column); p != nil {
			return i, p, nil
		}
		return 0, nil, fmt.Errorf("the object %q has no property %q", o.Name, column)
	}
	return 0, nil, fmt.Errorf("there is no schema object %q", table)
}

// promises lists what the data can show of a service-level property. The error
// says why it cannot be checked; key is where.
func (c *Contract) promises(index int) (list []promise, key string, err error) {
	s := &c.SLAProperties[index]
	kind := slaKind(s.Property)
	length, long, known := slaUnit(s.Unit)
	amount, isNumber := s.Value.Float()
	names := c.elements(s)
	switch {
	case !isNumber || amount <= 0:
		return nil, "value", fmt.Errorf("its value must be a number greater than 0")
	case !known:
		return nil, "unit", fmt.Errorf("its unit %q is no unit of time", s.Unit)
	case long && kind != slaRetention:
		return nil, "unit", fmt.Errorf("months and years differ in length; write it in days")
	case len(names) == 0:
		return nil, "", fmt.Errorf("it names no element whose values could show it")
	}
	for _, name := range names {
		object, p, err := c.findElement(name)
		if err != nil {
			return nil, "element", err
		}
		if p.LogicalType != TypeDate && p.LogicalType != TypeTimestamp {
			return nil, "element", fmt.Errorf("the property %q is a %s, which tells no moment", p.Name, p.LogicalType)
		}
		list = append(list, promise{sla: s, index: index, kind: kind, object: object, column: p, limit: time.Duration(amount * float64(length))})
	}
	return list, "", nil
}

// lintPromises refuses service levels that the data should show and cannot, and
// says of the others that nobody checks them.
func lintPromises(l *linter) {
	c := l.contract
	for i := range c.SLAProperties {
		s, path := &c.SLAProperties[i], at("slaProperties", i)
		if slaKind(s.Property) == "" {
			l.note("contract/sla-unchecked", "", join(path, "property"), "the service level %s is documentation: the data cannot show it", s.Property)
			continue
		}
		if _, key, err := c.promises(i); err != nil {
			if key != "" {
				path = join(path, key)
			}
			l.error("contract/sla", "give it a number as value, unit: h or d, and an element that is a date or a timestamp", path, "the service level %s cannot be checked: %v", s.Property, err)
		}
	}
}

// checkPromises holds the rows of the partition against the service levels, as
// of the time that the caller takes for now.
func (k *checker) checkPromises() error {
	for i := range k.contract.SLAProperties {
		if slaKind(k.contract.SLAProperties[i].Property) == "" {
			continue
		}
		list, _, err := k.contract.promises(i)
		if err != nil {
			return err
		}
		for _, p := range list {
			if p.object != k.contract.chosen || !k.readable(k.contract.index(p.column)) {
				continue
			}
			if err := k.checkPromise(p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (k *checker) checkPromise(p promise) error {
	f := report.Finding{Code: "contract/" + p.kind, Severity: report.Error, Column: p.column.Column(), Position: k.contract.Position("slaProperties", p.index)}
	broken := func(format string, args ...any) error {
		f.Message = fmt.Sprintf(format, args...)
		k.add(f)
		return nil
	}
	if k.opt.Now.IsZero() && p.kind != slaFrequency {
		f.Remedy = "check it with a time to take for now"
		return broken("the %s of column %q is not checked: no time was given to take for now", p.kind, p.column.Name)
	}
	k.result.Checks++
	oldest, newest, gap, err := k.moments(p.column, p.kind == slaFrequency)
	if err != nil {
		return err
	}
	if !oldest.Valid || !newest.Valid {
		return broken("the %s of column %q is unknown: it has no values", p.kind, p.column.Name)
	}
	now := k.opt.Now.UTC()
	switch age := now.Sub(newest.Time); {
	case p.kind == slaFreshness && age < 0:
		f.Remedy = "name an element that tells when a row arrived, or correct the clock"
		return broken("the newest value of column %q, %s, lies after %s, so its age is unknown", p.column.Name, moment(newest.Time), moment(now))
	case p.kind == slaFreshness && age >= p.limit:
		f.Remedy = "see why no newer data has arrived"
		return broken("the newest value of column %q is %s, %s before %s, and the contract promises less than %s", p.column.Name, moment(newest.Time), lasting(age), moment(now), lasting(p.limit))
	case p.kind == slaRetention && now.Sub(oldest.Time) > p.limit:
		f.Remedy = "delete what is older"
		return broken("the oldest value of column %q is %s, %s before %s, and the contract keeps no more than %s", p.column.Name, moment(oldest.Time), lasting(now.Sub(oldest.Time)), moment(now), lasting(p.limit))
	case p.kind == slaFrequency && time.Duration(gap.Int64)*time.Microsecond > p.limit:
		f.Remedy = "see which deliveries are missing"
		return broken("the values of column %q have a gap of %s, and the contract promises one every %s", p.column.Name, lasting(time.Duration(gap.Int64)*time.Microsecond), lasting(p.limit))
	}
	return nil
}

// moments are the ends of a column's values, in UTC, and the longest gap between
// two neighbours in microseconds. A day begins at its midnight.
func (k *checker) moments(p *Property, gaps bool) (oldest, newest sql.NullTime, gap sql.NullInt64, err error) {
	values := "SELECT CAST(" + dataset.Identifier(p.Name) + " AS TIMESTAMP) AS v FROM (" + k.typedRows() + ")"
	query := "SELECT min(v), max(v), 0 FROM (" + values + ")"
	if gaps {
		query = "SELECT min(v), max(v), max(epoch_us(v) - epoch_us(before)) FROM (SELECT v, lag(v) OVER (ORDER BY v) AS before FROM (SELECT DISTINCT v FROM (" + values + ") WHERE v IS NOT NULL))"
	}
	err = k.session.DB().QueryRowContext(k.ctx, query).Scan(&oldest, &newest, &gap)
	return oldest, newest, gap, err
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// lasting says a duration in its greatest whole unit, or in hours.
func lasting(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= day && d%day == 0:
		return plural(int64(d/day), "day")
	case d >= time.Hour && d%time.Hour == 0:
		return plural(int64(d/time.Hour), "hour")
	}
	return d.Round(time.Second).String()
}

func plural(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
