package training

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/metric"
)

var begin = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// random draws observations of about two months: labels that are known late or
// never, entities that come back, partitions that are the day of the decision.
func random(t *rapid.T) *observations {
	s := &feature.Snapshot{}
	ids := &feature.Identities{}
	n := rapid.IntRange(1, 80).Draw(t, "rows")
	hours := rapid.SliceOfN(rapid.IntRange(0, 60*24), n, n).Draw(t, "hours")
	slices.Sort(hours)
	for i, hour := range hours {
		decided := begin.Add(time.Duration(hour) * time.Hour)
		s.DecidedAt = append(s.DecidedAt, decided)
		s.Partition = append(s.Partition, decided.Format(time.DateOnly))
		label, at := float64(i%2), decided.Add(time.Duration(rapid.IntRange(0, 24*20).Draw(t, "delay"))*time.Hour)
		switch rapid.IntRange(0, 9).Draw(t, "fate") {
		case 0:
			label = math.NaN()
		case 1:
			at = time.Time{}
		}
		s.Label, s.LabelKnownAt = append(s.Label, label), append(s.LabelKnownAt, at)
		ids.Key = append(ids.Key, int64(i))
		ids.Entity = append(ids.Entity, int64(rapid.IntRange(0, 20).Draw(t, "entity")))
	}
	s.Frame = feature.Frame{Rows: n}
	return told(s, ids)
}

func told(s *feature.Snapshot, ids *feature.Identities) *observations {
	o, err := identified(s, ids)
	if err != nil {
		panic(err)
	}
	return o
}

func days(t *rapid.T, name string, from, to int) feature.Duration {
	return feature.Duration{Duration: time.Duration(rapid.IntRange(from, to).Draw(t, name)) * day}
}

func hours(t *rapid.T, name string, from, to int) feature.Duration {
	return feature.Duration{Duration: time.Duration(rapid.IntRange(from, to).Draw(t, name)) * time.Hour}
}

// No row is trained on that was decided or known after the cut-off, on either
// side of the gap, in any fold; no row is on two sides; and none that may be used
// is left out.
func TestNoFoldKnowsItsFuture(t *testing.T) {
	measured := 0
	rapid.Check(t, func(t *rapid.T) {
		o := random(t)
		folds := rapid.IntRange(2, 4).Draw(t, "folds")
		s := pipeline.Split{
			Holdout: days(t, "holdout", 1, 20), Gap: hours(t, "gap", 0, 100), Window: hours(t, "window", 0, 600),
			Group: rapid.Bool().Draw(t, "group"), Folds: &folds, FoldLength: days(t, "fold length", 0, 5),
		}
		until := begin.Add(days(t, "until", 20, 62).Duration)
		p, err := split(s, until.Format(time.DateOnly))
		if err != nil {
			t.Fatal(err)
		}
		from := until.Add(-s.Holdout.Duration)
		holdout := p.divide(o, o.all())
		honest(t, o, s, holdout, from, until, until, o.all())
		pool := p.pool(o)
		for _, i := range pool {
			if !o.DecidedAt[i].Before(from.Add(-s.Gap.Duration)) || o.LabelKnownAt[i].After(from) {
				t.Fatalf("row %d of the training side was decided at %s and known at %s, too late for %s", i, o.DecidedAt[i], o.LabelKnownAt[i], from)
			}
		}
		if len(pool) == 0 {
			return
		}
		all, err := p.folds(s, o.Partition[pool[0]])
		if err != nil {
			return
		}
		evaluated := map[int]bool{}
		for _, i := range holdout.test {
			evaluated[i] = true
		}
		for _, fold := range all {
			d := fold.divide(o, pool)
			honest(t, o, s, d, date(t, fold.evaluateFrom), date(t, fold.evaluateTo), from, pool)
			for _, i := range d.test {
				if evaluated[i] {
					t.Fatalf("row %d is evaluated twice", i)
				}
				evaluated[i] = true
				measured++
			}
		}
		last := all[len(all)-1]
		if end := date(t, last.evaluateTo); end.After(from) || end.Before(from.Add(-s.Gap.Duration)) {
			t.Fatalf("the last fold ends at %s; the training side ends at %s less the gap", end, from)
		}
	})
	if measured == 0 {
		t.Fatal("no fold had a row")
	}
}

func date(t *rapid.T, text string) time.Time {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// honest holds a division against the rules, row by row.
func honest(t *rapid.T, o *observations, s pipeline.Split, d division, from, to, labelledBy time.Time, among []int) {
	entities := map[int64]bool{}
	var train, test []int
	late, dropped := 0, 0
	for _, i := range among {
		decided, at := o.DecidedAt[i], o.LabelKnownAt[i]
		inTime := decided.Before(from.Add(-s.Gap.Duration)) && (s.Window.Duration == 0 || !decided.Before(from.Add(-s.Gap.Duration-s.Window.Duration)))
		switch {
		case math.IsNaN(o.Label[i]) || at.IsZero() || !inTime:
		case at.After(from):
			late++
		default:
			train = append(train, i)
			entities[o.Entity[i]] = true
		}
	}
	for _, i := range among {
		decided, at := o.DecidedAt[i], o.LabelKnownAt[i]
		if math.IsNaN(o.Label[i]) || at.IsZero() || decided.Before(from) || !decided.Before(to) || at.After(labelledBy) {
			continue
		}
		if s.Group && entities[o.Entity[i]] {
			dropped++
			continue
		}
		test = append(test, i)
	}
	want := division{train: train, test: test, late: late, dropped: dropped}
	if diff := cmp.Diff(want, d, cmp.AllowUnexported(division{}), cmp.Transformer("nil", func(rows []int) []int { return append([]int{}, rows...) })); diff != "" {
		t.Fatalf("evaluation from %s to %s: %s", from, to, diff)
	}
}

func TestFoldsNeedDays(t *testing.T) {
	folds := 5
	p, err := split(pipeline.Split{Holdout: feature.Duration{Duration: day}}, "2024-01-05")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.folds(pipeline.Split{Folds: &folds}, "2024-01-01"); err == nil || err.Error() != "the 3 days from 2024-01-01 to 2024-01-04 are too few for 5 folds" {
		t.Errorf("the error is %v", err)
	}
}

// table are observations with one numeric feature, one a day at nine o'clock,
// whose label is known at ten.
func table(entity []int64, x, label []float64) *observations {
	s := &feature.Snapshot{Label: label, Frame: feature.Frame{Rows: len(x), Columns: []feature.Column{feature.NewNumeric("x", x)}}}
	ids := &feature.Identities{Entity: entity, Names: map[int64]string{}}
	for i := range x {
		decided := begin.Add(time.Duration(i)*day + 9*time.Hour)
		s.DecidedAt = append(s.DecidedAt, decided)
		s.LabelKnownAt = append(s.LabelKnownAt, decided.Add(time.Hour))
		s.Partition = append(s.Partition, decided.Format(time.DateOnly))
		ids.Key = append(ids.Key, int64(i))
	}
	return told(s, ids)
}

func TestOverlap(t *testing.T) {
	d := division{train: []int{0, 1, 2}, test: []int{3, 4, 5}}
	for name, test := range map[string]struct {
		change        func(o *observations)
		byKey, copies []int
	}{
		"none": {change: func(*observations) {}},
		"the key of a row that is trained on": {
			change: func(o *observations) { o.Key[4] = o.Key[1] }, byKey: []int{4},
		},
		"a copy under another key": {
			change: func(o *observations) { o.whole[5] = o.whole[0] }, copies: []int{5},
		},
		"both": {
			change: func(o *observations) { o.Key[3], o.Key[4], o.whole[5] = 0, 2, o.whole[1] }, byKey: []int{3, 4}, copies: []int{5},
		},
	} {
		o := table([]int64{1, 1, 2, 2, 3, 3}, []float64{1, 2, 3, 4, 5, 6}, []float64{0, 1, 0, 1, 0, 1})
		test.change(o)
		byKey, copies := o.overlap(d)
		if !slices.Equal(byKey, test.byKey) || !slices.Equal(copies, test.copies) {
			t.Errorf("%s: rows %v by key and %v as copies, want %v and %v", name, byKey, copies, test.byKey, test.copies)
		}
	}
}

// A copy is the same in all but its key: another decision, entity, label or
// feature makes it another row.
func TestDigestsTellRowsApart(t *testing.T) {
	o := table([]int64{1, 1, 2, 1}, []float64{1, 1, 1, 2}, []float64{0, 0, 0, 0})
	for i := range o.DecidedAt {
		o.DecidedAt[i], o.LabelKnownAt[i] = begin, begin
	}
	o.LabelKnownAt[0] = begin.Add(time.Hour)
	values, whole := digests(o.Snapshot, o.Entity)
	if values[0] != values[1] || values[1] != values[2] || values[0] == values[3] {
		t.Error("values of rows 0 to 2 are the same, those of row 3 are not")
	}
	if whole[0] == whole[1] || whole[1] == whole[2] || whole[0] == whole[3] {
		t.Error("no row is a copy of another")
	}
	o.LabelKnownAt[0] = begin
	if _, whole = digests(o.Snapshot, o.Entity); whole[0] != whole[1] {
		t.Error("rows 0 and 1 are copies")
	}
}

func TestRepeated(t *testing.T) {
	o := table(nil, []float64{1, 2, 1, 3, 1, 9}, []float64{0, 1, 0, 0, 0, 1})
	rows, usual := o.repeated(division{train: []int{0, 1, 2, 3}, test: []int{4, 5}})
	if rows != 1 || usual != 0.5 {
		t.Errorf("%d rows repeat, usually %v; want 1 and 0.5", rows, usual)
	}
}

func TestChoose(t *testing.T) {
	// around are the scores of two folds with a mean and the standard error 0.06.
	around := func(mean float64) []float64 { return []float64{mean - 0.06, mean + 0.06} }
	for name, test := range map[string]struct {
		direction metric.Direction
		scores    [][]float64
		oneError  bool
		want      int
	}{
		"higher is better":                {metric.HigherIsBetter, [][]float64{around(0.6), around(0.8), around(0.7)}, false, 1},
		"lower is better":                 {metric.LowerIsBetter, [][]float64{around(0.6), around(0.8), around(0.5)}, false, 2},
		"one is best":                     {metric.OneIsBest, [][]float64{around(0.8), around(1.1), around(1.3)}, false, 1},
		"one is best in each fold":        {metric.OneIsBest, [][]float64{{0.98, 1, 0.98}, {0.4, 1.6, 1}}, false, 0},
		"one is best, one standard error": {metric.OneIsBest, [][]float64{{0.4, 1.6, 1}, {0.98, 1.02, 1}, {0.99, 1.01, 1}}, true, 2},
		"the first of equals":             {metric.HigherIsBetter, [][]float64{around(0.6), around(0.8), around(0.8)}, false, 1},
		"one standard error":              {metric.HigherIsBetter, [][]float64{around(0.69), around(0.75), around(0.8)}, true, 1},
		"one standard error, of loss":     {metric.LowerIsBetter, [][]float64{around(0.5), around(0.45), around(0.41)}, true, 1},
	} {
		cv := &evaluation.CrossValidation{Direction: test.direction, OneStandardError: test.oneError}
		for _, scores := range test.scores {
			cv.Candidates = append(cv.Candidates, evaluation.Candidate{Scores: scores})
		}
		if got := choose(cv); got != test.want {
			t.Errorf("%s: candidate %d, want %d", name, got, test.want)
		}
	}
}

func TestSummarize(t *testing.T) {
	mean, standardError := summarize([]float64{1, 2, 3, 4})
	// sqrt(5/3)/2
	if mean != 2.5 || math.Abs(standardError-0.6454972243679028) > 1e-15 {
		t.Errorf("mean %v, standard error %v", mean, standardError)
	}
}

func TestLabelDelay(t *testing.T) {
	o := table(nil, make([]float64, 200), make([]float64, 200))
	p := periods{labelledBy: begin.AddDate(2, 0, 0)}
	o.LabelKnownAt[0], o.LabelKnownAt[1] = o.DecidedAt[0].AddDate(1, 0, 0), o.DecidedAt[1].AddDate(1, 0, 0)
	if delay := o.labelDelay(p); delay != time.Hour {
		t.Errorf("two corrections of 200 make the delay %s", delay)
	}
	o.LabelKnownAt[2] = o.DecidedAt[2].AddDate(1, 0, 0)
	if delay := o.labelDelay(p); delay != 366*day {
		t.Errorf("three late labels of 200 make the delay %s", delay)
	}
	p.labelledBy = begin
	if delay := o.labelDelay(p); delay != 0 {
		t.Errorf("no label is known, and the delay is %s", delay)
	}
}

func TestWritten(t *testing.T) {
	for length, want := range map[time.Duration]string{
		0: "0 seconds", time.Second: "1 seconds", time.Minute: "1 minute", 90 * time.Minute: "90 minutes", time.Hour: "1 hour",
		2*time.Hour + time.Second: "3 hours", day: "1 day", 47 * time.Hour: "47 hours", 49 * time.Hour: "3 days",
	} {
		if got := written(length); got != want {
			t.Errorf("%s is written %q, want %q", length, got, want)
		}
		if _, err := feature.ParseDuration(written(length)); err != nil && length > 0 {
			t.Error(err)
		}
	}
}

// A draw parts the rows of both sides, whole entities where asked, and is the
// same for the same seed.
func TestDraw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := random(t)
		rows := o.all()
		cut := rapid.IntRange(0, len(rows)).Draw(t, "cut")
		d := division{train: rows[:cut], test: rows[cut:]}
		seed, grouped := rapid.Uint64().Draw(t, "seed"), rapid.Bool().Draw(t, "grouped")
		share := rapid.Float64Range(0.01, 0.99).Draw(t, "share")
		drawn := draw(o, d, seed, share, grouped)
		both := slices.Concat(drawn.train, drawn.test)
		slices.Sort(both)
		if !slices.Equal(both, rows) {
			t.Fatalf("of the rows %v the draw made %v and %v", rows, drawn.train, drawn.test)
		}
		if want := int(math.Round(share * float64(len(rows)))); !grouped && len(drawn.test) != want {
			t.Fatalf("%d of %d rows were drawn, not %d", len(drawn.test), len(rows), want)
		}
		trained := map[int64]bool{}
		for _, i := range drawn.train {
			trained[o.Entity[i]] = true
		}
		for _, i := range drawn.test {
			if grouped && trained[o.Entity[i]] {
				t.Fatalf("entity %d is on both sides", o.Entity[i])
			}
		}
		if again := draw(o, d, seed, share, grouped); !slices.Equal(again.test, drawn.test) {
			t.Fatal("the same seed drew other rows")
		}
	})
}

func TestCutOffIsADate(t *testing.T) {
	if _, err := split(pipeline.Split{}, "2024-13-01"); err == nil {
		t.Error("2024-13-01 is taken for a date")
	}
}

// What a champion was trained on is known by the period alone.
func TestDecidedIn(t *testing.T) {
	o := table(nil, make([]float64, 6), make([]float64, 6))
	period := evaluation.Period{From: o.DecidedAt[1], To: o.DecidedAt[4]}
	if rows := o.decidedIn(period); !slices.Equal(rows, []int{1, 2, 3}) {
		t.Errorf("rows %v", rows)
	}
}
