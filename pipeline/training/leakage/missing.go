package leakage

import (
	"fmt"

	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// tooPure is the share of one outcome, among the rows without a value or among
// those with one, from which on gaps are suspected.
const tooPure = 0.95

// tooMuch is the R² from which on the gaps of a feature are suspected in
// regression: one bit that explains half of a number's variance.
const tooMuch = 0.5

// missing asks whether it tells the label that a feature has a value, or that it
// has none: what is filled in after the outcome is often empty before it.
//
// For classes, it is suspected where the rarer outcome has at least tooPure of
// the rows without a value, or of those with one, by the low end of the share's
// interval; for numbers, where the two groups explain tooMuch of the variance.
func missing(task metric.Task, train, test Side, i int) *Sign {
	name := train.Frame.Columns[i].Name
	var with, without part
	for _, side := range []Side{train, test} {
		for row, y := range side.Label {
			if side.Frame.Columns[i].Missing(row) {
				without.add(y)
			} else {
				with.add(y)
			}
		}
	}
	if task == metric.Regression {
		return missingNumber(name, with, without)
	}
	positives, rows := with.sum+without.sum, with.rows+without.rows
	rare, outcome := 1, "true"
	if 2*positives > rows {
		rare, outcome = 0, "false"
	}
	for _, p := range []struct {
		part
		what string
	}{{without, "has no value"}, {with, "has a value"}} {
		hits := int(p.sum)
		if rare == 0 {
			hits = int(p.rows - p.sum)
		}
		if p.rows == 0 || p.rows == rows {
			continue
		}
		low, _ := metric.Wilson(hits, int(p.rows))
		if low < tooPure {
			continue
		}
		s := strength{value: float64(hits) / p.rows, rows: int(p.rows)}
		return sign(report.Warning, CodeMissing, name, s, tooPure,
			fmt.Sprintf("where feature %s %s, the label is %s in %d of %d observations (%.1f %%), and in %.1f %% of all",
				name, p.what, outcome, hits, s.rows, 100*s.value, 100*share(positives, rows, rare)),
			"make sure that it is not filled in, or emptied, after the outcome; list what is under known_later")
	}
	return nil
}

func share(positives, rows float64, outcome int) float64 {
	if outcome == 0 {
		positives = rows - positives
	}
	return positives / rows
}

func missingNumber(name string, with, without part) *Sign {
	rows := with.rows + without.rows
	if min(with.rows, without.rows) < minOutcome || rows < minRows {
		return nil
	}
	mean := (with.sum + without.sum) / rows
	var between float64
	for _, p := range []part{with, without} {
		between += float64(p.rows * (p.sum/p.rows - mean) * (p.sum/p.rows - mean))
	}
	total := with.squares + without.squares - float64(rows*mean*mean)
	s := strength{name: "r2", value: between / total, rows: int(rows)}
	if !(s.value >= tooMuch && s.value <= 1+1e-9) {
		return nil
	}
	s.value = min(1, s.value)
	return sign(report.Warning, CodeMissing, name, s, tooMuch,
		fmt.Sprintf("that feature %s has a value, in %.0f of %.0f observations, alone explains %.1f %% of the label's variance", name, with.rows, rows, 100*s.value),
		"make sure that it is not filled in, or emptied, after the outcome; list what is under known_later")
}

// A part is some rows, and the sums of their labels and of those' squares.
type part struct{ rows, sum, squares float64 }

func (p *part) add(y float64) {
	p.rows++
	p.sum += y
	p.squares += float64(y * y)
}
