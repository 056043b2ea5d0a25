package feature

import (
	"fmt"
	"slices"
)

// aggregate adds an aggregate to a pass.
//
// A row counts at decision time t when event ≤ t, known ≤ t and event > t −
// window; that is, while t is in [max(event, known), event + window).
func (p *pass) aggregate(d Definition, feature int, column func(sql string, kind columnKind) int) {
	a := d.Aggregate
	length := a.Window.Microseconds()
	decimal := func(sql string) int { return column(sql, decimalColumn) }
	switch a.Function {
	case "min", "max":
		number := embed(a.Of) + "::DOUBLE"
		at := column(fmt.Sprintf("CASE WHEN NOT isnan(%[1]s) THEN %[1]s END", number), numberColumn)
		i := slices.IndexFunc(p.extremes, func(x *extremes) bool { return x.column == at && x.greater == (a.Function == "max") })
		if i < 0 {
			i = len(p.extremes)
			p.extremes = append(p.extremes, &extremes{column: at, greater: a.Function == "max"})
		}
		x := p.extremes[i]
		x.longest = max(x.longest, length)
		x.outputs = append(x.outputs, windowOutput{length, feature})
		return
	case "last":
		at := decimal(embed(a.Of))
		i := slices.IndexFunc(p.last, func(l *lastRows) bool { return l.column == at && l.n == a.N })
		if i < 0 {
			i = len(p.last)
			p.last = append(p.last, &lastRows{column: at, n: a.N})
		}
		p.last[i].outputs = append(p.last[i].outputs, windowOutput{length, feature})
		return
	}
	window := index(&p.windows, length)
	switch {
	case a.Function == "distinct":
		value := embed(a.Of)
		at := column(fmt.Sprintf("CASE WHEN %[1]s IS NOT NULL THEN dense_rank() OVER (ORDER BY %[1]s) END", value), integerColumn)
		p.distinct = append(p.distinct, &distinctValues{column: at, window: window, length: length, feature: feature})
	case a.Function == "rate":
		p.totals.want(d.Name, meanOf, decimal(embed(a.Of)+"::BOOLEAN::INTEGER"), window, feature)
	case a.Function == "count" && a.Of == "":
		p.totals.want(d.Name, countOf, -1, window, feature)
	case a.Function == "count":
		p.totals.want(d.Name, countOf, decimal("CASE WHEN "+embed(a.Of)+" THEN 1 END"), window, feature)
	default:
		function := map[string]summary{"sum": sumOf, "mean": meanOf, "stddev": deviationOf}[a.Function]
		p.totals.want(d.Name, function, decimal(embed(a.Of)), window, feature)
	}
}
