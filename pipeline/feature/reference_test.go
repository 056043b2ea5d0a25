package feature_test

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/pipeline/feature"
)

// This file is a second implementation of definition.go, written from its
// documentation: for each observation it looks at every row, one by one. It is
// slow and plain, and knows nothing of SQL.

// A record is a row of the tables that the property tests make up. nil is NULL,
// and times are minutes after an epoch of the tests' own.
type record struct {
	id            int64
	k1            *string
	k2            *int64
	event, known  *int64
	x, y, z       *float64
	c             *string
	b             *bool
	yKnown        *int64
	zKnown        *int64
	decided       *int64
	day           int64
	eventIsSlowed bool // the source's event time is half an hour later where y > 0
}

// An operand is SQL over a record and the same in Go. late names the columns in
// it that are known later than the row.
type operand struct {
	sql  string
	late string
	eval func(r *record) any // nil, float64, bool, string or int64
}

func null[T any](v *T) any {
	if v == nil {
		return nil
	}
	return *v
}

var numbers = []operand{
	{"x", "", func(r *record) any { return null(r.x) }},
	{"y", "y", func(r *record) any { return null(r.y) }},
	{"z", "z", func(r *record) any { return null(r.z) }},
	{"y + z", "yz", func(r *record) any {
		if r.y == nil || r.z == nil {
			return nil
		}
		return *r.y + *r.z
	}},
	{"coalesce(y, -1)", "y", func(r *record) any {
		if r.y == nil {
			return -1.0
		}
		return *r.y
	}},
	{"x -- two comments: ) /*", "", func(r *record) any { return null(r.x) }},
	{"k2", "", func(r *record) any {
		if r.k2 == nil {
			return nil
		}
		return float64(*r.k2)
	}},
}

var truths = []operand{
	{"b", "", func(r *record) any { return null(r.b) }},
	{"y > 0", "y", func(r *record) any {
		if r.y == nil {
			return nil
		}
		return *r.y > 0
	}},
	{"z IS NULL", "z", func(r *record) any { return r.z == nil }},
	{"b AND y > 0", "y", func(r *record) any {
		switch {
		case r.b != nil && !*r.b, r.y != nil && !(*r.y > 0):
			return false
		case r.b == nil || r.y == nil:
			return nil
		}
		return true
	}},
}

var texts = []operand{
	{"c", "", func(r *record) any { return null(r.c) }},
	{"b", "", func(r *record) any { return null(r.b) }},
	{"k2", "", func(r *record) any { return null(r.k2) }},
	{"CASE WHEN y > 0 THEN c END", "y", func(r *record) any {
		if r.y == nil || !(*r.y > 0) {
			return nil
		}
		return null(r.c)
	}},
}

func operandOf(operands []operand, sql string) operand {
	return operands[slices.IndexFunc(operands, func(o operand) bool { return o.sql == sql })]
}

// eventTime is when the record's event took place, or nil.
func (r *record) eventTime() *int64 {
	if r.event == nil || !r.eventIsSlowed {
		return r.event
	}
	moved := *r.event
	if r.y != nil && *r.y > 0 {
		moved += 30
	}
	return &moved
}

// knownWith is when the record is known together with its late columns; nil is
// never.
func (r *record) knownWith(late string) *int64 {
	if r.eventIsSlowed {
		late += "y"
	}
	times := []*int64{r.known}
	if strings.Contains(late, "y") {
		times = append(times, r.yKnown)
	}
	if strings.Contains(late, "z") {
		times = append(times, r.zKnown)
	}
	var last *int64
	for _, t := range times {
		if t == nil {
			return nil
		}
		if last == nil || *t > *last {
			last = t
		}
	}
	return last
}

// keyOf is a key column's value, or nil.
func (r *record) keyOf(column string) any {
	switch column {
	case "k1":
		return null(r.k1)
	case "k2":
		return null(r.k2)
	case "c":
		return null(r.c)
	case "x":
		return null(r.x)
	case "y":
		return null(r.y)
	}
	panic("no key " + column)
}

// lateKeys names the late columns among the keys of the rows.
func lateKeys(by []string) string {
	if slices.ContainsFunc(by, func(pair string) bool { return strings.HasPrefix(pair, "y=") }) {
		return "y"
	}
	return ""
}

// meets says whether all keys are there and equal.
func meets(by []string, row, observation *record) bool {
	for _, pair := range by {
		there, here, found := strings.Cut(pair, "=")
		if !found {
			here = there
		}
		a, b := row.keyOf(there), observation.keyOf(here)
		if a == nil || b == nil || a != b {
			return false
		}
	}
	return true
}

// reference is the value of a definition for one observation: nil, a float64 or
// a string.
func reference(d feature.Definition, sources map[string][]*record, observation *record) any {
	switch {
	case d.Lookup != nil:
		return referenceLookup(d, sources[d.Lookup.Source], observation)
	case d.Aggregate != nil:
		return referenceAggregate(d.Aggregate, sources[d.Aggregate.Source], observation)
	case d.Type == feature.Categorical:
		return asText(operandOf(texts, d.Expression).eval(observation))
	default:
		return asNumber(operandOf(numbers, d.Expression).eval(observation))
	}
}

func referenceLookup(d feature.Definition, rows []*record, observation *record) any {
	operands := numbers
	if d.Type == feature.Categorical {
		operands = texts
	}
	value := operandOf(operands, d.Lookup.Value)
	if observation.decided == nil {
		return nil
	}
	var latest, lastKnown int64
	var best any
	found := false
	for _, row := range rows {
		event, known := row.eventTime(), row.knownWith(value.late+lateKeys(d.Lookup.By))
		if event == nil || known == nil || *known > *observation.decided || !meets(d.Lookup.By, row, observation) {
			continue
		}
		v := asNumber(value.eval(row))
		if d.Type == feature.Categorical {
			v = asText(value.eval(row))
		}
		switch {
		case !found || *event > latest || *event == latest && *known > lastKnown:
			found, latest, lastKnown, best = true, *event, *known, v
		case *event == latest && *known == lastKnown && greater(v, best):
			best = v
		}
	}
	if !found || latest < *observation.decided-int64(d.Lookup.Within.Minutes()) {
		return nil
	}
	return best
}

// greater compares two values of one type; nil is less than all.
func greater(a, b any) bool {
	if a == nil || b == nil {
		return a != nil
	}
	if text, ok := a.(string); ok {
		return text > b.(string)
	}
	return a.(float64) > b.(float64)
}

func referenceAggregate(a *feature.Aggregate, rows []*record, observation *record) any {
	of := operand{eval: func(*record) any { return true }}
	switch {
	case a.Of == "":
	case a.Function == "rate" || a.Function == "count":
		of = operandOf(truths, a.Of)
	case a.Function == "distinct":
		of = operandOf(slices.Concat(numbers, truths, texts), a.Of)
	default:
		of = operandOf(numbers, a.Of)
	}
	var counting []counted
	for _, row := range rows {
		event, known := row.eventTime(), row.knownWith(of.late+lateKeys(a.By))
		if observation.decided == nil || event == nil || known == nil || !meets(a.By, row, observation) {
			continue
		}
		t := *observation.decided
		if *event > t || *event <= t-int64(a.Window.Minutes()) || *known > t {
			continue
		}
		if v := of.eval(row); v != nil {
			counting = append(counting, counted{*event, *known, v})
		}
	}
	switch a.Function {
	case "count", "rate":
		trues := 0
		for _, row := range counting {
			if row.value.(bool) {
				trues++
			}
		}
		switch {
		case a.Function == "count":
			return float64(trues)
		case len(counting) == 0:
			return nil
		}
		return float64(trues) / float64(len(counting))
	case "distinct":
		values := map[any]bool{}
		for _, row := range counting {
			values[row.value] = true
		}
		return float64(len(values))
	case "min", "max":
		var extreme any
		for _, row := range counting {
			if v := asNumber(row.value); extreme == nil || greater(v, extreme) == (a.Function == "max") {
				extreme = v
			}
		}
		return extreme
	case "last":
		slices.SortFunc(counting, func(a, b counted) int {
			return cmp.Or(cmp.Compare(b.event, a.event), cmp.Compare(b.known, a.known), cmp.Compare(b.value.(float64), a.value.(float64)))
		})
		counting = counting[:min(a.N, len(counting))]
	}
	total := new(big.Int)
	for _, row := range counting {
		total.Add(total, nineDigits(row.value.(float64)))
	}
	switch {
	case a.Function == "sum":
		return fromNineDigits(total)
	case a.Function == "stddev":
		return deviation(counting)
	case len(counting) == 0:
		return nil
	}
	return fromNineDigits(total) / float64(len(counting))
}

// counted is a row that counts.
type counted struct {
	event, known int64
	value        any
}

// deviation is the sample standard deviation: the sum of the squared differences
// of all pairs is n times that of the squared deviations from the mean.
func deviation(rows []counted) any {
	if len(rows) < 2 {
		return nil
	}
	squares := new(big.Int)
	for i, a := range rows {
		for _, b := range rows[:i] {
			difference := new(big.Int).Sub(nineDigits(a.value.(float64)), nineDigits(b.value.(float64)))
			squares.Add(squares, difference.Mul(difference, difference))
		}
	}
	high, low := new(big.Int).QuoRem(squares, big.NewInt(1e18), new(big.Int))
	n := float64(len(rows))
	return math.Sqrt((float64(hugeint(high)*1e18)+float64(low.Int64()))/(n*(n-1))) / 1e9
}

// hugeint rounds a number as DuckDB does, by halves of 64 bits.
func hugeint(v *big.Int) float64 {
	upper := new(big.Int).Rsh(v, 64)
	lower := new(big.Int).Sub(v, new(big.Int).Lsh(upper, 64))
	return float64(lower.Uint64()) + float64(float64(upper.Int64())*(1<<64))
}

// nineDigits is a number in billionths, halves rounded away from zero.
func nineDigits(v float64) *big.Int {
	scaled, _ := new(big.Float).SetFloat64(math.Round(v * 1e9)).Int(nil)
	return scaled
}

// fromNineDigits divides by a billion: at once where the integer is exact as a
// float, else the whole part and the rest apart, as DuckDB converts DECIMALs.
func fromNineDigits(scaled *big.Int) float64 {
	billion := big.NewInt(1_000_000_000)
	if new(big.Int).Abs(scaled).Cmp(big.NewInt(1<<53)) <= 0 {
		return float64(scaled.Int64()) / 1e9
	}
	whole, rest := new(big.Int).QuoRem(scaled, billion, new(big.Int))
	high, _ := new(big.Float).SetInt(whole).Float64()
	return high + float64(float64(rest.Int64())/1e9)
}

func asNumber(v any) any {
	switch v := v.(type) {
	case bool:
		if v {
			return 1.0
		}
		return 0.0
	case int64:
		return float64(v)
	case float64:
		return v + 0 // no negative zero
	}
	return nil
}

func asText(v any) any {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case string:
		return v
	}
	return nil
}

// epoch is minute 0 of the made-up tables.
var epoch = time.Date(2013, time.March, 10, 0, 0, 0, 0, time.UTC)
