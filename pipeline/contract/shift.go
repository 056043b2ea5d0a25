package contract

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// Outlines are what numeric columns looked like in training, by the name of
// the property.
type Outlines map[string]Outline

// An Outline is the shape of a numeric column: its ends, and the values below
// which 10, 50 and 90 percent of its rows lie.
type Outline struct{ Min, Low, Median, High, Max float64 }

// conversions are the changes of a unit that happen to columns: a value x becomes
// Factor·x + Shift. Factors are exact by definition of the units.
var conversions = []struct {
	factor, shift float64
	say           string
}{
	{1000, 0, "multiplied by 1000"},
	{1. / 1000, 0, "divided by 1000"},
	{100, 0, "multiplied by 100, as shares turned into percent"},
	{1. / 100, 0, "divided by 100, as percent turned into shares"},
	{60, 0, "multiplied by 60, as minutes turned into seconds"},
	{1. / 60, 0, "divided by 60, as minutes turned into hours"},
	{1e6, 0, "multiplied by 1,000,000"},
	{1e-6, 0, "divided by 1,000,000"},
	{5. / 9, -160. / 9, "turned from °F into °C"},
	{9. / 5, 32, "turned from °C into °F"},
	{1, 273.15, "turned from °C into K"},
	{1, -273.15, "turned from K into °C"},
	{2.54, 0, "turned from inches into centimetres"},
	{1 / 2.54, 0, "turned from centimetres into inches"},
	{25.4, 0, "turned from inches into millimetres"},
	{1 / 25.4, 0, "turned from millimetres into inches"},
	{1.609344, 0, "turned from miles into kilometres"},
	{1 / 1.609344, 0, "turned from kilometres into miles"},
	{0.3048, 0, "turned from feet into metres"},
	{1 / 0.3048, 0, "turned from metres into feet"},
	{0.44704, 0, "turned from mph into m/s"},
	{1 / 0.44704, 0, "turned from m/s into mph"},
	{3.6, 0, "turned from m/s into km/h"},
	{1 / 3.6, 0, "turned from km/h into m/s"},
	{0.45359237, 0, "turned from pounds into kilograms"},
	{1 / 0.45359237, 0, "turned from kilograms into pounds"},
	{-1, 0, "given the other sign"},
}

const (
	// unlike is how far, in spans from the 10th to the 90th percentile, some
	// percentile must have moved before its column is suspected at all, and alike
	// how near a conversion must bring all of them. On the 365 days of the example
	// these raise no suspicion.
	unlike = 0.5
	alike  = 0.025
)

// distance is the farthest that a percentile is from where it was in training,
// in spans.
func (o Outline) distance(now Outline) float64 {
	span := o.High - o.Low
	return max(math.Abs(now.Low-o.Low), math.Abs(now.Median-o.Median), math.Abs(now.High-o.High)) / span
}

// converted is the outline that a conversion of every value gives.
func (o Outline) converted(factor, shift float64) Outline {
	to := func(x float64) float64 { return float64(factor*x) + shift }
	if factor < 0 {
		return Outline{to(o.Max), to(o.High), to(o.Median), to(o.Low), to(o.Min)}
	}
	return Outline{to(o.Min), to(o.Low), to(o.Median), to(o.High), to(o.Max)}
}

// holds reports whether all percentiles lie among the values of training.
func (o Outline) holds(now Outline) bool { return now.Low >= o.Min && now.High <= o.Max }

// suspect names the conversion that best explains how a column looks now. There
// is reason to suspect one in two cases: the usual values were never seen in
// training and the converted ones were, or the whole column moved and one
// conversion moves it back.
func (o Outline) suspect(now Outline) (say string, found bool) {
	if !(o.High > o.Low) {
		return "", false
	}
	foreign := now.Median < o.Min || now.Median > o.Max
	moved := o.distance(now) >= unlike
	best := math.Inf(1)
	for _, c := range conversions {
		back := now.converted(1/c.factor, -c.shift/c.factor)
		d := o.distance(back)
		if d < best && ((foreign && o.holds(back)) || (moved && d <= alike)) {
			best, say = d, c.say
		}
	}
	return say, say != ""
}

// suspectUnits compares numeric columns with training. What it finds is a
// suspicion and never stops a line: the contract's own bounds do that.
func (k *checker) suspectUnits() error {
	type suspected struct {
		property int
		now      [3]*float64
	}
	var columns []string
	var list []suspected
	properties := k.contract.object().Properties
	for i := range properties {
		_, known := k.opt.Training[properties[i].Name]
		numeric := properties[i].LogicalType == TypeInteger || properties[i].LogicalType == TypeNumber
		if !known || !numeric || !k.readable(i) || properties[i].isSensitive() {
			continue
		}
		for _, q := range []string{"0.1", "0.5", "0.9"} {
			columns = append(columns, fmt.Sprintf("quantile_cont(CAST(%s AS DOUBLE), %s)", dataset.Identifier(properties[i].Name), q))
		}
		list = append(list, suspected{property: i})
	}
	if list == nil {
		return nil
	}
	var targets []any
	for i := range list {
		for j := range list[i].now {
			targets = append(targets, &list[i].now[j])
		}
	}
	if err := k.session.DB().QueryRowContext(k.ctx, "SELECT "+strings.Join(columns, ", ")+" FROM ("+k.typedRows()+")").Scan(targets...); err != nil {
		return err
	}
	for _, s := range list {
		if s.now[0] == nil || s.now[1] == nil || s.now[2] == nil {
			continue
		}
		p := &properties[s.property]
		before := k.opt.Training[p.Name]
		say, found := before.suspect(Outline{Low: *s.now[0], Median: *s.now[1], High: *s.now[2]})
		if !found {
			continue
		}
		f := report.Finding{Code: "contract/unit-suspected", Severity: report.Warning, Column: p.Column(), Position: k.contract.propertyPosition(s.property),
			Message: fmt.Sprintf("the values of column %q look as if they had been %s: their median is %s, and it was %s in training", p.Name, say, short(*s.now[1]), short(before.Median)),
			Remedy:  "see whether the source changed its unit; if it did, change the contract and train again"}
		k.diagnose(&f)
		k.add(f)
	}
	return nil
}

func short(x float64) string { return strconv.FormatFloat(x, 'g', 4, 64) }
