package leakage

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/report"
)

const (
	rows = 3000
	cut  = 2000 // rows before it are trained on
)

// A world is rows with labels, and a source of chance.
type world struct {
	*rand.Rand
	label []float64
}

// classes has labels of which a fifth is 1.
func classes() world {
	w := world{Rand: rand.New(rand.NewPCG(1, 2))}
	for range rows {
		w.label = append(w.label, 0)
		if w.Float64() < 0.2 {
			w.label[len(w.label)-1] = 1
		}
	}
	return w
}

// numbers has labels around 100.
func numbers() world {
	w := world{Rand: rand.New(rand.NewPCG(3, 4))}
	for range rows {
		w.label = append(w.label, 100+10*w.NormFloat64())
	}
	return w
}

func (w world) column(value func(row int) float64) feature.Column {
	values := make([]float64, rows)
	for row := range values {
		values[row] = value(row)
	}
	return feature.NewNumeric("x", values)
}

func (w world) texts(value func(row int) string) feature.Column {
	values, present := make([]string, rows), make([]bool, rows)
	for row := range values {
		values[row] = value(row)
		present[row] = values[row] != ""
	}
	return feature.NewCategorical("x", values, present)
}

func (w world) sides(column feature.Column, entity []int64) (train, test Side) {
	s := &feature.Snapshot{Label: w.label, Frame: feature.Frame{Rows: rows, Columns: []feature.Column{column}}}
	var all []int
	for row := range rows {
		s.DecidedAt = append(s.DecidedAt, time.Date(2024, 1, 1, row, 0, 0, 0, time.UTC))
		all = append(all, row)
	}
	train, test = Side{Snapshot: s.Select(all[:cut])}, Side{Snapshot: s.Select(all[cut:])}
	if entity != nil {
		train.Entity, test.Entity = entity[:cut], entity[cut:]
	}
	return train, test
}

var nan = math.NaN()

// Each planted leak is found, under its code, and no honest look-alike is.
func TestLeaks(t *testing.T) {
	c, n := classes(), numbers()
	for _, test := range []struct {
		name   string
		task   metric.Task
		world  world
		column feature.Column
		entity []int64
		want   []string
	}{
		{"the label itself", metric.Classification, c, c.column(func(row int) float64 { return c.label[row] }), nil, []string{CodeLabel}},
		{"the label, turned", metric.Classification, c, c.column(func(row int) float64 { return -3 * c.label[row] }), nil, []string{CodeLabel}},
		{"the label in words", metric.Classification, c, c.texts(func(row int) string { return []string{"no", "yes"}[int(c.label[row])] }), nil, []string{CodeLabel}},
		{"a number that the label is cut from", metric.Classification, c, c.column(func(row int) float64 { return 20*c.label[row] + 10*c.Float64() }), nil, []string{CodeLabel}},
		{"minus a number that the label is cut from", metric.Classification, c, c.column(func(row int) float64 { return -20*c.label[row] - 10*c.Float64()*c.Float64() }), nil, []string{CodeLabel}},
		{"nearly the label", metric.Classification, c, c.column(func(row int) float64 { return 3*c.label[row] + c.NormFloat64() }), nil, []string{CodeFeature}},
		{"nearly the label, high and low", metric.Classification, c, c.column(func(row int) float64 {
			return (2*c.label[row] + 1) * []float64{-1, 1}[c.IntN(2)] * (1 + c.Float64())
		}), nil, []string{CodeFeature}},
		{"a code that is mostly the label's", metric.Classification, c, c.texts(func(row int) string {
			return fmt.Sprint(100*c.label[row]+float64(c.IntN(40)), c.IntN(20) == 0)
		}), nil, []string{CodeFeature}},
		{"an outcome that is filled in", metric.Classification, c, c.column(func(row int) float64 {
			if c.label[row] == 1 && c.IntN(3) > 0 {
				return c.Float64()
			}
			return nan
		}), nil, []string{CodeMissing}},
		{"a value that is taken away", metric.Classification, c, c.texts(func(row int) string {
			if c.label[row] == 1 && c.IntN(3) == 0 {
				return ""
			}
			return "here"
		}), nil, []string{CodeMissing}},
		{"recorded from some day on", metric.Classification, c, c.column(func(row int) float64 {
			if row < 900 {
				return 0
			}
			return float64(c.IntN(3))
		}), nil, []string{CodeConstant}},
		{"missing until some day", metric.Classification, c, c.texts(func(row int) string {
			if row < 900 {
				return ""
			}
			return []string{"a", "b"}[c.IntN(2)]
		}), nil, []string{CodeConstant}},
		{"recorded after training only", metric.Classification, c, c.column(func(row int) float64 {
			if row < cut+10 {
				return 7
			}
			return c.Float64()
		}), nil, []string{CodeConstant}},

		{"noise", metric.Classification, c, c.column(func(int) float64 { return c.Float64() }), nil, nil},
		{"a good feature", metric.Classification, c, c.column(func(row int) float64 { return c.label[row] + c.NormFloat64() }), nil, nil},
		{"gaps by chance", metric.Classification, c, c.column(func(int) float64 {
			if c.IntN(3) == 0 {
				return nan
			}
			return c.Float64()
		}), nil, nil},
		{"gaps that tell something", metric.Classification, c, c.column(func(row int) float64 {
			if c.Float64() < 0.1+0.5*c.label[row] {
				return nan
			}
			return c.Float64()
		}), nil, nil},
		{"few gaps, all of the rare outcome", metric.Classification, c, c.column(func(row int) float64 {
			if row < 150 && c.label[row] == 1 {
				return nan
			}
			return c.Float64()
		}), nil, nil},
		{"a constant", metric.Classification, c, c.column(func(int) float64 { return 1 }), nil, nil},
		{"nothing at all", metric.Classification, c, c.column(func(int) float64 { return nan }), nil, nil},
		{"a window that fills up", metric.Classification, c, c.column(func(row int) float64 { return min(float64(row/20), 5) + float64(c.IntN(2)) }), nil, nil},
		{"dry spells", metric.Classification, c, c.column(func(row int) float64 {
			if row/250%2 == 0 {
				return 0
			}
			return c.Float64()
		}), nil, nil},
		{"a rare event", metric.Classification, c, c.column(func(row int) float64 { return []float64{0, 1}[min(1, row/1500*(row%400/399))] }), nil, nil},
		{"an identifier", metric.Classification, c, c.texts(func(row int) string { return fmt.Sprint(row) }), nil, nil},

		{"the number itself, in other units", metric.Regression, n, n.column(func(row int) float64 { return 32 - 1.8*n.label[row] }), nil, []string{CodeLabel}},
		{"nearly the number", metric.Regression, n, n.column(func(row int) float64 { return n.label[row] + n.NormFloat64() }), nil, []string{CodeFeature}},
		{"a number that is emptied", metric.Regression, n, n.column(func(row int) float64 {
			if n.label[row] > 100 {
				return nan
			}
			return n.Float64()
		}), nil, []string{CodeMissing}},
		{"a good number", metric.Regression, n, n.column(func(row int) float64 { return n.label[row] + 5*n.NormFloat64() }), nil, nil},
		{"a number with gaps", metric.Regression, n, n.column(func(int) float64 { return []float64{nan, 1, 2}[n.IntN(3)] }), nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			train, later := test.world.sides(test.column, test.entity)
			signs, err := Look(test.task, train, later)
			if err != nil {
				t.Fatal(err)
			}
			var codes []string
			for _, s := range signs {
				codes = append(codes, s.Finding.Code)
				if s.Finding.Message == "" || s.Finding.Remedy == "" || s.Finding.Code != s.Signal.Code || s.Signal.Rows == 0 {
					t.Errorf("half a finding: %+v", s)
				}
				if certain := s.Finding.Code == CodeLabel; certain != (s.Finding.Severity == report.Error) {
					t.Errorf("%s has the severity %s", s.Finding.Code, s.Finding.Severity)
				}
				if s.Signal.Value < s.Signal.Threshold {
					t.Errorf("%v is reported where the threshold is %v", s.Signal.Value, s.Signal.Threshold)
				}
			}
			if diff := cmp.Diff(test.want, codes); diff != "" {
				t.Errorf("%s\n%+v", diff, signs)
			}
			again, err := Look(test.task, train, later)
			if err != nil || !cmp.Equal(signs, again) {
				t.Errorf("the second look saw something else: %v", err)
			}
		})
	}
}

func TestEnough(t *testing.T) {
	labels := func(negatives, positives int) []float64 {
		return append(make([]float64, negatives), slices.Repeat([]float64{1}, positives)...)
	}
	for _, test := range []struct {
		task  metric.Task
		label []float64
		want  bool
	}{
		{metric.Classification, labels(80, 20), true},
		{metric.Classification, labels(20, 80), true},
		{metric.Classification, labels(79, 20), false},
		{metric.Classification, labels(300, 19), false},
		{metric.Classification, labels(19, 300), false},
		{metric.Classification, nil, false},
		{metric.Regression, labels(99, 1), true},
		{metric.Regression, labels(98, 1), false},
		{metric.Regression, labels(300, 0), false},
		{metric.Regression, nil, false},
	} {
		if got := Enough(test.task, test.label); got != test.want {
			t.Errorf("%s: %d rows, %v ones: enough %t", test.task, len(test.label), sumOf(test.label), got)
		}
	}
}

func sumOf(values []float64) (sum float64) {
	for _, v := range values {
		sum += v
	}
	return sum
}

// Entities whose label never changes make a model look better than it is on
// others; entities whose labels vary do not.
func TestEntities(t *testing.T) {
	w := classes()
	outcome := make([]float64, 100)
	for i := range outcome {
		if i%5 == 0 {
			outcome[i] = 1
		}
	}
	entity := make([]int64, rows)
	for row := range entity {
		entity[row] = int64(w.IntN(100))
		if row >= cut {
			entity[row] += 10 // some leave, some are new
		}
	}
	column := w.column(func(int) float64 { return w.Float64() })
	train, test := w.sides(column, entity)
	if sign, err := entities(metric.Classification, train, test); sign != nil || err != nil {
		t.Errorf("labels vary, and the finding is %+v: %v", sign, err)
	}
	for row := range w.label {
		w.label[row] = outcome[entity[row]%100]
	}
	train, test = w.sides(column, entity)
	sign, err := entities(metric.Classification, train, test)
	if err != nil || sign == nil {
		t.Fatalf("labels never vary, and there is no finding: %v", err)
	}
	want := fmt.Sprintf("90 of the 100 entities in the evaluation are in training, and their labels there alone have roc_auc 1.0000 on %d of the 1000 later observations", sign.Signal.Rows)
	if sign.Finding.Message != want {
		t.Errorf("it says %q, not %q", sign.Finding.Message, want)
	}
}

func TestTogether(t *testing.T) {
	w := classes()
	noisy := slices.Clone(w.label)
	for i := range noisy {
		noisy[i] += w.NormFloat64() / 4
	}
	sign, err := Together(metric.Classification, w.label, noisy)
	if err != nil || sign == nil || sign.Finding.Code != CodeModel || sign.Finding.Severity != report.Warning {
		t.Errorf("a model that knows everything gives %+v: %v", sign, err)
	}
	for i := range noisy {
		noisy[i] += w.NormFloat64()
	}
	if sign, err := Together(metric.Classification, w.label, noisy); sign != nil || err != nil {
		t.Errorf("a good model gives %+v: %v", sign, err)
	}
	if sign, err := Together(metric.Classification, []float64{0, 1}, []float64{0, 1}); sign != nil || err != nil {
		t.Errorf("two rows give %+v: %v", sign, err)
	}
}
