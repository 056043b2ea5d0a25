package leakage

import (
	"fmt"
	"time"

	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/report"
)

const (
	// longConstant is the share of the training rows that a feature may begin with
	// without varying.
	longConstant = 0.1
	// muchLonger is how many times longer that is than any later run of the same
	// value: rain and sales have dry spells, but not one as long as ten of others.
	muchLonger = 10
)

// constant asks whether a feature has one value, or none, before some date and
// others from then on: it was not recorded before, and what the model learns of
// it is that date.
func constant(train, test Side, i int) *Sign {
	columns := [2]*feature.Column{&train.Frame.Columns[i], &test.Frame.Columns[i]}
	trained, all := len(train.Label), len(train.Label)+len(test.Label)
	at := func(row int) (*feature.Column, int) {
		if row < trained {
			return columns[0], row
		}
		return columns[1], row - trained
	}
	first := columns[0]
	same := func(row int) bool {
		column, r := at(row)
		if column.Missing(r) || first.Missing(0) {
			return column.Missing(r) && first.Missing(0)
		}
		if column.Kind == feature.Categorical {
			return column.Codes[r] == first.Codes[0]
		}
		return column.Numbers[r] == first.Numbers[0]
	}
	until := 0
	for until < all && same(until) {
		until++
	}
	share := float64(until) / float64(trained)
	if until == all || until < minRows || share < longConstant {
		return nil
	}
	again, run, longest := 0, 0, 0
	for row := until; row < all; row++ {
		if run++; !same(row) {
			run = 0
			continue
		}
		again++
		longest = max(longest, run)
	}
	if until < muchLonger*longest || all-until-again < minOutcome {
		return nil
	}
	decided := test.DecidedAt
	if until < trained {
		decided = train.DecidedAt
	}
	_, row := at(until)
	value := "has no value"
	if !first.Missing(0) {
		value = "has one value"
	}
	return sign(report.Warning, CodeConstant, first.Name, strength{value: share, rows: until}, longConstant,
		fmt.Sprintf("feature %s %s before %s, in %.0f %% of the observations that are trained on, and varies from then on, where %.1f %% are the same",
			first.Name, value, decided[row].UTC().Format(time.DateOnly), 100*min(1, share), 100*float64(again)/float64(all-until)),
		"train on what was decided from then on (split.window), fill in what came before, or leave it out")
}
