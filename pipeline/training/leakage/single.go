package leakage

import (
	"fmt"
	"math"
	"slices"

	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// bins is how many groups of about equally many rows a number is cut into;
// levels with fewer rows than minOutcome are one group.
const bins = 20

// single asks how well one feature alone tells the labels of the evaluation: by
// the mean label of its group in training, and, for a number, by its value.
func single(task metric.Task, train, test Side, i int) (*Sign, error) {
	name := train.Frame.Columns[i].Name
	s, err := measure(task, test.Label, grouped(train, test, i))
	if err != nil {
		return nil, err
	}
	if train.Frame.Columns[i].Kind == feature.Numeric {
		line, err := straight(task, &test.Frame.Columns[i], test.Label)
		if err != nil {
			return nil, err
		}
		s = s.or(line)
	}
	what := fmt.Sprintf("feature %s alone has %s %s on %d later observations", name, s.name, figure(s.value), s.rows)
	switch {
	case s.value == 1 || task == metric.Regression && s.value >= exact:
		return sign(report.Error, CodeLabel, name, s, tooGood(task), what+": it is the label in another form",
			"leave it out; if it was known at the decision, no model is needed"), nil
	case s.value >= tooGood(task):
		return sign(report.Warning, CodeFeature, name, s, tooGood(task), what+"; one that was known in time seldom tells as much",
			"make sure that it was known at the decision; list what is filled in later under known_later"), nil
	}
	return nil, nil
}

// straight is the strength of a number as it is, whichever way it points, over
// the rows that have it: the area under the ROC curve, or the square of the
// correlation.
func straight(task metric.Task, column *feature.Column, label []float64) (strength, error) {
	var x, y []float64
	for row, value := range column.Numbers {
		if !math.IsNaN(value) {
			x, y = append(x, value), append(y, label[row])
		}
	}
	if task == metric.Regression {
		s := strength{name: "r2", rows: len(y), measured: Enough(task, y)}
		if s.measured {
			s.value = correlation(x, y)
		}
		return s, nil
	}
	s, err := measure(task, y, x)
	if s.measured {
		s.value = math.Max(s.value, 1-s.value)
	}
	return s, err
}

// correlation is the square of Pearson's, 0 where either is constant.
func correlation(x, y []float64) float64 {
	n := float64(len(x))
	var mx, my float64
	for i := range x {
		mx += x[i] / n
		my += y[i] / n
	}
	var xx, xy, yy float64
	for i := range x {
		xx += float64((x[i] - mx) * (x[i] - mx))
		xy += float64((x[i] - mx) * (y[i] - my))
		yy += float64((y[i] - my) * (y[i] - my))
	}
	r := xy / math.Sqrt(xx) / math.Sqrt(yy)
	if math.IsNaN(r) || math.IsInf(r, 0) {
		return 0
	}
	return math.Min(1, r*r)
}

// grouped predicts each row of the evaluation by the mean label of its group in
// training; a group that training has not seen, by the mean of all.
func grouped(train, test Side, i int) []float64 {
	group := groups(&train.Frame.Columns[i])
	sums, counts := map[int]float64{}, map[int]float64{}
	var all float64
	for row, y := range train.Label {
		g := group(&train.Frame.Columns[i], row)
		sums[g] += y
		counts[g]++
		all += y
	}
	all /= float64(len(train.Label))
	predicted := make([]float64, len(test.Label))
	for row := range predicted {
		predicted[row] = all
		if g := group(&test.Frame.Columns[i], row); counts[g] > 0 {
			predicted[row] = sums[g] / counts[g]
		}
	}
	return predicted
}

// groups numbers the groups of a column, by what training has: -1 is missing.
// Columns of both sides come from one snapshot, so that they share codes.
func groups(train *feature.Column) func(column *feature.Column, row int) int {
	if train.Kind == feature.Categorical {
		rows := make([]int, len(train.Levels))
		for _, code := range train.Codes {
			if code != feature.MissingCode {
				rows[code]++
			}
		}
		return func(column *feature.Column, row int) int {
			code := column.Codes[row]
			if code != feature.MissingCode && rows[code] < minOutcome {
				return len(rows)
			}
			return int(code)
		}
	}
	edges := quantiles(train.Numbers)
	return func(column *feature.Column, row int) int {
		value := column.Numbers[row]
		if math.IsNaN(value) {
			return -1
		}
		at, _ := slices.BinarySearch(edges, value)
		return at
	}
}

// quantiles are the distinct upper ends of bins groups of about equal size, but
// for the last (type 1 of Hyndman and Fan 1996: values that occur).
func quantiles(numbers []float64) []float64 {
	present := slices.DeleteFunc(slices.Clone(numbers), math.IsNaN)
	if len(present) == 0 {
		return nil
	}
	slices.Sort(present)
	var edges []float64
	for k := 1; k < bins; k++ {
		edges = append(edges, present[(k*len(present)+bins-1)/bins-1])
	}
	return slices.Compact(edges)
}
