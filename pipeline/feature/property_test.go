package feature_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
)

// A manner is how a table's rows are known and how large their numbers are. What
// the compiler does differently where all rows are known by their event, or all
// numbers are small, is met by every property.
type manner struct {
	slowed bool
	// delays are half hours from the event to when all is known; with none, rows
	// and late columns are known at any time or never.
	delays []int64
	values *rapid.Generator[float64]
}

func drawManner(t *rapid.T) manner {
	return manner{
		slowed: rapid.Bool().Draw(t, "slowed"),
		delays: rapid.SampledFrom([][]int64{nil, nil, {0}, {-1, 0}, {1}, {0, 0, 3}}).Draw(t, "delays"),
		values: rapid.SampledFrom([]*rapid.Generator[float64]{values, smallValues, numbersOfAllSizes}).Draw(t, "values"),
	}
}

// A world is two made-up tables and the features over them: events, and
// observations, which are a source as well.
type world struct {
	events, observations []*record
	manner
	definitions []feature.Definition
	queries     []feature.Query
}

func optional[T any](g *rapid.Generator[T]) *rapid.Generator[*T] {
	return rapid.Custom(func(t *rapid.T) *T {
		if rapid.IntRange(0, 5).Draw(t, "null") == 0 {
			return nil
		}
		v := g.Draw(t, "v")
		return &v
	})
}

// Times lie on half hours of one day, so that ties abound.
var halfHours = rapid.Map(rapid.Int64Range(0, 16), func(n int64) int64 { return 30 * n })

// Values tie too, lose digits beyond the ninth, and need more than 53 bits.
var (
	small       = []float64{0, 0, 0, 0, 0, 1, 1, 1, math.Copysign(0, -1), -1, 0.1, 0.2, 0.3, -2.5, 1e-9, 5e-10, -5e-10, 4e-10, 1234567.891}
	smallValues = rapid.SampledFrom(append(slices.Clone(small), 999_999_998.5, -999_999_998.5))
	values      = rapid.SampledFrom(append(slices.Clone(small), 1e12+0.3, -98765432109.87))
	// The largest are about what 18 digits, 64 bits and the standard deviation hold.
	numbersOfAllSizes = rapid.SampledFrom([]float64{0, -1, 0.1, 999_999_999, 1e9, -1e9, 9_223_372_036, -9_223_372_037, 1e12 + 0.3, 3e17, -3e17})
)

func drawRecord(t *rapid.T, m manner) *record {
	values := m.values
	r := &record{
		k1: optional(rapid.SampledFrom([]string{"a", "b"})).Draw(t, "k1"),
		k2: optional(rapid.OneOf(rapid.Int64Range(1, 2), rapid.Int64Range(1, 2), rapid.SampledFrom([]int64{-3, 1, 5, 900}))).Draw(t, "k2"),
		x:  optional(values).Draw(t, "x"), y: optional(values).Draw(t, "y"), z: optional(values).Draw(t, "z"),
		c: optional(rapid.SampledFrom([]string{"a", "b", "", "é", "B"})).Draw(t, "c"),
		b: optional(rapid.Bool()).Draw(t, "b"),
		// Known before the event, with it, or long after.
		event: optional(halfHours).Draw(t, "event"), known: optional(halfHours).Draw(t, "known"),
		yKnown: optional(halfHours).Draw(t, "yKnown"), zKnown: optional(halfHours).Draw(t, "zKnown"),
		eventIsSlowed: m.slowed,
	}
	if len(m.delays) > 0 {
		r.known, r.yKnown, r.zKnown = nil, nil, nil
		if event := r.eventTime(); event != nil {
			known := *event + 30*rapid.SampledFrom(m.delays).Draw(t, "delay")
			r.known, r.yKnown, r.zKnown = &known, &known, &known
		}
	}
	return r
}

func drawRecords(t *rapid.T, m manner, most int) []*record {
	var rows []*record
	for range rapid.IntRange(0, most).Draw(t, "rows") {
		row := drawRecord(t, m)
		if len(rows) > 0 {
			// A late correction, or the same row again.
			switch rapid.IntRange(0, 3).Draw(t, "kind") {
			case 0:
				old := rows[rapid.IntRange(0, len(rows)-1).Draw(t, "of")]
				row.k1, row.k2, row.event = old.k1, old.k2, old.event
			case 1:
				again := *rows[rapid.IntRange(0, len(rows)-1).Draw(t, "of")]
				row = &again
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func drawWorld(t *rapid.T, definitions int) *world {
	m := drawManner(t)
	w := &world{manner: m}
	w.events = drawRecords(t, m, 14)
	m.slowed = false // it is about the event time of one source
	w.observations = drawRecords(t, m, 9)
	for i, row := range w.observations {
		row.id = int64(i)
		row.decided = optional(halfHours).Draw(t, "decided")
		row.day = rapid.Int64Range(0, 2).Draw(t, "day")
		if row.decided != nil && row.known != nil && *row.known > *row.decided && rapid.IntRange(0, 9).Draw(t, "early") > 0 {
			row.known = row.decided
		}
	}
	for i := range definitions {
		w.definitions = append(w.definitions, drawDefinition(t, fmt.Sprintf("f%d", i)))
	}
	return w
}

func drawDefinition(t *rapid.T, name string) feature.Definition {
	d := feature.Definition{Name: name, Type: feature.Numeric}
	sql := func(operands []operand) string {
		return operands[rapid.IntRange(0, len(operands)-1).Draw(t, "operand")].sql
	}
	source := rapid.SampledFrom([]string{"events", "events", "observations"}).Draw(t, "source")
	by := rapid.SampledFrom([][]string{nil, {"k1"}, {"k2"}, {"k1", "k2"}, {"k2", "k1 = c"}, {"k1=c"}, {"y=x"}, {"y=x"}}).Draw(t, "by")
	length := duration(rapid.SampledFrom([]string{"30 minutes", "45 minutes", "1 hour", "2 hours", "5 hours", "2 days"}).Draw(t, "length"))
	switch rapid.SampledFrom([]string{"lookup", "text lookup", "aggregate", "aggregate", "expression"}).Draw(t, "form") {
	case "lookup":
		d.Lookup = &feature.Lookup{Source: source, Value: sql(numbers), By: by, Within: length}
	case "text lookup":
		d.Type = feature.Categorical
		d.Lookup = &feature.Lookup{Source: source, Value: sql(texts), By: by, Within: length}
	case "aggregate":
		a := &feature.Aggregate{Source: source, By: by, Window: length}
		a.Function = rapid.SampledFrom([]string{"count", "rate", "sum", "mean", "min", "max", "stddev", "distinct", "last"}).Draw(t, "function")
		switch a.Function {
		case "count":
			a.Of = rapid.SampledFrom([]string{"", "b", "y > 0", "b AND y > 0"}).Draw(t, "of")
		case "rate":
			a.Of = sql(truths)
		case "distinct":
			a.Of = sql(slices.Concat(numbers, truths, texts))
		case "last":
			a.Of, a.N = sql(numbers), rapid.IntRange(1, 4).Draw(t, "n")
		default:
			a.Of = sql(numbers)
		}
		d.Aggregate = a
	default:
		if d.Expression = sql(numbers[:1]); rapid.Bool().Draw(t, "text") {
			d.Type, d.Expression = feature.Categorical, sql(texts[:3])
		}
	}
	return d
}

func duration(text string) feature.Duration {
	d, err := feature.ParseDuration(text)
	if err != nil {
		panic(err)
	}
	return d
}

// by trims the blanks that the definitions' grammar allows, for the reference.
func plain(d feature.Definition) feature.Definition {
	trim := func(by []string) []string {
		var out []string
		for _, pair := range by {
			out = append(out, strings.ReplaceAll(pair, " ", ""))
		}
		return out
	}
	if d.Lookup != nil {
		l := *d.Lookup
		l.By = trim(l.By)
		d.Lookup = &l
	}
	if d.Aggregate != nil {
		a := *d.Aggregate
		a.By = trim(a.By)
		d.Aggregate = &a
	}
	return d
}

// plan is the world's plan over the tables that load makes.
func (w *world) plan() feature.Plan {
	columns := []string{"id", "k1", "k2", "e", "k", "x", "y", "z", "c", "b", "y_at", "z_at", "t", "day"}
	later := []feature.Later{{Columns: []string{"y"}, KnownAt: "y_at"}, {Columns: []string{"z"}, KnownAt: "z_at"}}
	event := "e"
	if w.slowed {
		event = "e + to_minutes(CASE WHEN y > 0 THEN 30 ELSE 0 END)"
	}
	return feature.Plan{
		Observations: feature.Observations{Source: "observations", DecisionTime: "t", Key: []string{"id"}, Entity: []string{"k1"}, Partition: "day"},
		Label:        &feature.Label{Name: "y", Expression: "y > 0", KnownAt: "e"},
		Sources: []feature.Source{
			{Name: "events", Select: "SELECT * FROM events", Columns: columns, EventTime: event, KnownAt: "k", Later: later},
			{Name: "observations", Select: "SELECT * FROM observations", Columns: columns, EventTime: "e", KnownAt: "k", Later: later},
		},
		Definitions: w.definitions, Queries: w.queries,
	}
}

// load puts the world's tables into the database.
func (w *world) load(t fataler, s *dataset.Session) {
	t.Helper()
	for name, rows := range map[string][]*record{"events": w.events, "observations": w.observations} {
		statement := "CREATE OR REPLACE TABLE " + name + ` (id BIGINT, k1 VARCHAR, k2 BIGINT, e TIMESTAMP, k TIMESTAMP, x DOUBLE, y DOUBLE, z DOUBLE,
			c VARCHAR, b BOOLEAN, y_at TIMESTAMP, z_at TIMESTAMP, t TIMESTAMP, day DATE);`
		if len(rows) > 0 {
			var tuples []string
			for _, r := range rows {
				tuples = append(tuples, fmt.Sprintf("(%d, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)", r.id,
					text(r.k1), literal(r.k2), moment(r.event), moment(r.known), literal(r.x), literal(r.y), literal(r.z),
					text(r.c), literal(r.b), moment(r.yKnown), moment(r.zKnown), moment(r.decided), dataset.Literal(dayOf(r))))
			}
			statement += "INSERT INTO " + name + " VALUES " + strings.Join(tuples, ", ")
		}
		if _, err := s.DB().Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
}

// fataler is what testing.T and rapid.T have in common here.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func text(v *string) string {
	if v == nil {
		return "NULL"
	}
	return dataset.Literal(*v)
}

func literal[T any](v *T) string {
	if v == nil {
		return "NULL"
	}
	if number, ok := any(*v).(float64); ok {
		return fmt.Sprintf("'%v'::DOUBLE", number)
	}
	return fmt.Sprint(*v)
}

func moment(v *int64) string {
	if v == nil {
		return "NULL"
	}
	return fmt.Sprintf("TIMESTAMP '%s'", epoch.Add(time.Duration(*v)*time.Minute).Format(time.DateTime))
}

func dayOf(r *record) string { return epoch.AddDate(0, 0, int(r.day)).Format(time.DateOnly) }

func build(t fataler, s *dataset.Session, p feature.Plan, within feature.Range) *feature.Snapshot {
	t.Helper()
	snapshot, err := p.Build(context.Background(), s.DB(), within)
	if err != nil {
		t.Fatal(err)
	}
	return snapshot
}

// cell is a value of a snapshot: nil, a float64 or a string.
func cell(c *feature.Column, row int) any {
	if c.Missing(row) {
		return nil
	}
	if c.Kind == feature.Categorical {
		value, _ := c.Text(row)
		return value
	}
	return c.Numbers[row]
}

// same compares two cells bit for bit.
func same(a, b any) bool {
	x, ok := a.(float64)
	y, ok2 := b.(float64)
	if ok && ok2 {
		return math.Float64bits(x) == math.Float64bits(y)
	}
	return a == b
}

// inOrder are the observations in their total order.
func inOrder(rows []*record) []*record {
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b *record) int {
		switch {
		case a.decided == nil && b.decided == nil:
		case a.decided == nil:
			return 1
		case b.decided == nil:
			return -1
		case *a.decided != *b.decided:
			return int(*a.decided - *b.decided)
		}
		return int(a.id - b.id)
	})
	return sorted
}

// The heart: for any tables and any definitions, the compiled SQL says bit for
// bit what the reference says. Each of rapid's checks (100 unless -rapid.checks
// says otherwise) compares ten definitions.
func TestBuildIsTheReference(t *testing.T) {
	t.Parallel()
	s := session(t, 2)
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, 10)
		w.load(t, s)
		got := build(t, s, w.plan(), feature.Range{})
		if got.Frame.Rows != len(w.observations) {
			t.Fatalf("%d rows for %d observations", got.Frame.Rows, len(w.observations))
		}
		sources := map[string][]*record{"events": w.events, "observations": w.observations}
		tooEarly := int64(0)
		for row, observation := range inOrder(w.observations) {
			if observation.decided == nil || observation.known == nil || *observation.known > *observation.decided {
				tooEarly++
			}
			for i, d := range w.definitions {
				want := reference(plain(d), sources, observation)
				if have := cell(&got.Frame.Columns[i], row); !same(have, want) {
					t.Fatalf("observation %d, %s: %v, want %v", observation.id, describe(d), have, want)
				}
			}
			wantLabel(t, got, row, observation)
		}
		if got.TooEarly != tooEarly {
			t.Fatalf("%d observations are too early, want %d", got.TooEarly, tooEarly)
		}
	})
}

// The functions that are more than a count or a sum meet many
// rows of few keys here, as overlaps and late rows are what they can get wrong.
func TestAggregatesAreTheReference(t *testing.T) {
	t.Parallel()
	s := session(t, 2)
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, 0)
		for range 10 {
			w.events = append(w.events, drawRecord(t, w.manner))
		}
		for i := range 10 {
			a := &feature.Aggregate{
				Source:   "events",
				Function: []string{"min", "max", "stddev", "distinct", "last"}[i%5],
				Of:       rapid.SampledFrom([]string{"x", "k2", "coalesce(y, -1)"}).Draw(t, "of"),
				By:       rapid.SampledFrom([][]string{nil, nil, {"k1"}}).Draw(t, "by"),
				Window:   duration(rapid.SampledFrom([]string{"1 hour", "3 hours", "5 hours"}).Draw(t, "window")),
			}
			if a.Function == "last" {
				a.N = rapid.IntRange(1, 4).Draw(t, "n")
			}
			w.definitions = append(w.definitions, feature.Definition{Name: fmt.Sprintf("f%d", i), Type: feature.Numeric, Aggregate: a})
		}
		w.load(t, s)
		got := build(t, s, w.plan(), feature.Range{})
		for row, observation := range inOrder(w.observations) {
			for i, d := range w.definitions {
				want := reference(d, map[string][]*record{"events": w.events}, observation)
				if have := cell(&got.Frame.Columns[i], row); !same(have, want) {
					t.Fatalf("observation %d, %s: %v, want %v", observation.id, describe(d), have, want)
				}
			}
		}
	})
}

// wantLabel checks the label: known at e, but not before y and the row are.
func wantLabel(t *rapid.T, got *feature.Snapshot, row int, observation *record) {
	want := math.NaN()
	if observation.y != nil {
		want = 0
		if *observation.y > 0 {
			want = 1
		}
	}
	if math.Float64bits(got.Label[row]) != math.Float64bits(want) {
		t.Fatalf("observation %d: label %v, want %v", observation.id, got.Label[row], want)
	}
	var known time.Time
	if with := observation.knownWith("y"); with != nil && observation.event != nil {
		known = epoch.Add(time.Duration(max(*with, *observation.event)) * time.Minute)
	}
	if !got.LabelKnownAt[row].Equal(known) {
		t.Fatalf("observation %d: the label is known at %v, want %v", observation.id, got.LabelKnownAt[row], known)
	}
}

func describe(d feature.Definition) string {
	switch {
	case d.Lookup != nil:
		return fmt.Sprintf("%s lookup %+v", d.Type, *d.Lookup)
	case d.Aggregate != nil:
		return fmt.Sprintf("aggregate %+v", *d.Aggregate)
	}
	return "expression " + d.Expression
}

// Training builds all observations at once and scoring one partition: they must
// agree bit for bit.
func TestPartitionsAreTheWhole(t *testing.T) {
	t.Parallel()
	s := session(t, 2)
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, 3)
		w.ask(t)
		w.load(t, s)
		whole := build(t, s, w.plan(), feature.Range{})
		n := rapid.IntRange(0, 2).Draw(t, "day")
		day := epoch.AddDate(0, 0, n).Format(time.DateOnly)
		samePartition(t, whole, build(t, s, w.plan(), feature.Day(day)), day)
	})
}

// samePartition compares a partition's snapshot with its rows in the whole.
func samePartition(t fataler, whole, part *feature.Snapshot, day string) {
	t.Helper()
	var rows []int
	for row, date := range whole.Partition {
		if date == day {
			rows = append(rows, row)
		}
	}
	sameRows(t, whole.Select(rows), part, day)
}

// sameRows compares two snapshots of the same observations.
func sameRows(t fataler, a, b *feature.Snapshot, what string) {
	t.Helper()
	if a.Frame.Rows != b.Frame.Rows {
		t.Fatalf("%s: %d rows and %d rows", what, a.Frame.Rows, b.Frame.Rows)
	}
	for row := range a.Frame.Rows {
		if !a.DecidedAt[row].Equal(b.DecidedAt[row]) || a.Partition[row] != b.Partition[row] {
			t.Fatalf("%s, row %d: %s at %v and %s at %v", what, row, a.Partition[row], a.DecidedAt[row], b.Partition[row], b.DecidedAt[row])
		}
		for i := range a.Frame.Columns {
			if x, y := cell(&a.Frame.Columns[i], row), cell(&b.Frame.Columns[i], row); !same(x, y) {
				t.Fatalf("%s, row %d, feature %s: %v and %v", what, row, a.Frame.Columns[i].Name, x, y)
			}
		}
	}
}

// What becomes known after a moment T cannot change features decided by T:
// neither when it is gone nor when it is something else.
func TestTheFutureDoesNotReachThePast(t *testing.T) {
	t.Parallel()
	s := session(t, 2)
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, 3)
		w.ask(t)
		// Observations that are refused as too early prove nothing.
		w.observations = slices.DeleteFunc(w.observations, func(r *record) bool {
			return r.decided == nil || r.known == nil || *r.known > *r.decided
		})
		w.load(t, s)
		before := build(t, s, w.plan(), feature.Range{})
		cut := halfHours.Draw(t, "cut")
		var past []int
		for row, observation := range inOrder(w.observations) {
			if *observation.decided <= cut {
				past = append(past, row)
			}
		}
		other, what := *w, "rows removed"
		other.events, other.observations = removeAfter(w.events, cut), removeAfter(w.observations, cut)
		if rapid.Bool().Draw(t, "scramble") {
			what = "rows scrambled"
			other.events, other.observations = scrambleAfter(t, w.events, cut), scrambleAfter(t, w.observations, cut)
		}
		other.load(t, s)
		after := build(t, s, other.plan(), feature.Range{})
		// The past comes first in the order, and none of it is gone.
		sameRows(t, before.Select(past), after.Select(past), what)
	})
}

func after(t *int64, cut int64) bool { return t == nil || *t > cut }

func removeAfter(rows []*record, cut int64) []*record {
	var kept []*record
	for _, row := range rows {
		if after(row.known, cut) {
			continue
		}
		blank := *row
		if after(row.yKnown, cut) {
			blank.y, blank.yKnown = nil, nil
		}
		if after(row.zKnown, cut) {
			blank.z, blank.zKnown = nil, nil
		}
		kept = append(kept, &blank)
	}
	return kept
}

func scrambleAfter(t *rapid.T, rows []*record, cut int64) []*record {
	var changed []*record
	for _, row := range rows {
		other, random := *row, drawRecord(t, manner{slowed: row.eventIsSlowed, values: values})
		if after(row.known, cut) {
			other = *random
			other.id, other.day, other.known, other.decided = row.id, row.day, row.known, row.decided
			other.yKnown, other.zKnown = row.yKnown, row.zKnown
		}
		if after(row.yKnown, cut) {
			other.y = random.y
		}
		if after(row.zKnown, cut) {
			other.z = random.z
		}
		changed = append(changed, &other)
	}
	return changed
}

// The same rows in another order, read by another number of threads, are the
// same snapshot, even where the key does not tell observations apart.
func TestDigestDependsOnContentAlone(t *testing.T) {
	t.Parallel()
	one, two := session(t, 1), session(t, 2)
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, 3)
		p := w.plan()
		p.Observations.Key = []string{"k1"}
		w.load(t, one)
		digest := build(t, one, p, feature.Range{}).Digest
		w.events = rapid.Permutation(w.events).Draw(t, "events")
		w.observations = rapid.Permutation(w.observations).Draw(t, "observations")
		w.load(t, two)
		if again := build(t, two, p, feature.Range{}).Digest; again != digest {
			t.Fatalf("%s and %s", digest, again)
		}
	})
}
