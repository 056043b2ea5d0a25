package feature_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
)

// numbersPlan has one feature over a table of one number a row.
func numbersPlan(t *testing.T, values, expression string) (*dataset.Session, feature.Plan) {
	t.Helper()
	s := session(t, 1)
	if _, err := s.DB().Exec("CREATE TABLE numbers AS SELECT row_number() OVER () AS id, DATE '2013-01-01' AS day, x, s FROM (VALUES " + values + ") AS v(x, s)"); err != nil {
		t.Fatal(err)
	}
	return s, feature.Plan{
		Observations: feature.Observations{Source: "numbers", DecisionTime: "day", Key: []string{"id"}, Entity: []string{"id"}, Partition: "day"},
		Sources: []feature.Source{{
			Name: "numbers", Select: "SELECT * FROM numbers", Columns: []string{"id", "day", "x", "s"}, EventTime: "day", KnownAt: "day",
		}},
		Definitions: []feature.Definition{{Name: "f", Type: feature.Numeric, Expression: expression}},
	}
}

func TestNumbersHaveOneForm(t *testing.T) {
	s, p := numbersPlan(t, "('nan'::DOUBLE, ''), (-0.0::DOUBLE, ''), (NULL, ''), (0.1, '')", "x")
	got := build(t, s, p, feature.Range{})
	want := []float64{math.NaN(), 0, math.NaN(), 0.1}
	for row, number := range got.Frame.Columns[0].Numbers {
		if math.Float64bits(number) != math.Float64bits(want[row]) {
			t.Errorf("row %d is %v, want %v", row, number, want[row])
		}
	}
	s, p = numbersPlan(t, "(-'nan'::DOUBLE, ''), (0.0, ''), ('nan'::DOUBLE, ''), (0.1, '')", "x")
	if other := build(t, s, p, feature.Range{}); other.Digest != got.Digest {
		t.Error("what is missing, or nothing, has two digests")
	}
}

// A value that no model can take stops the line as bad data, not as a bug.
func TestBuildRefusesValues(t *testing.T) {
	for _, c := range []struct{ name, values, expression, says string }{
		{"infinite", "(1.0::DOUBLE, ''), ('inf'::DOUBLE, '')", "x", `feature "f": the value in row 2 is infinite`},
		{"infinite by a product", "(1e300::DOUBLE, '')", "x * x", "row 1 is infinite"},
		{"logarithm of nothing", "(0.0::DOUBLE, '')", "ln(x)", "logarithm of zero"},
		{"text that is no number", "(1.0::DOUBLE, 'twelve')", "s::DOUBLE", "twelve"},
		{"number that no integer holds", "(1e30::DOUBLE, '')", "x::BIGINT", "out of range"},
	} {
		s, p := numbersPlan(t, c.values, c.expression)
		_, err := p.Build(context.Background(), s.DB(), feature.Range{})
		if !dataset.Unreadable(err) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v does not say %q, or is not called unreadable", c.name, err, c.says)
		}
	}
	s, p := numbersPlan(t, "(1e30::DOUBLE, '')", "x")
	p.Definitions[0] = feature.Definition{Name: "f", Aggregate: &feature.Aggregate{Source: "numbers", Function: "sum", Of: "x", Window: duration("1 day")}}
	if _, err := p.Build(context.Background(), s.DB(), feature.Range{}); !dataset.Unreadable(err) {
		t.Errorf("a sum beyond 38 digits: %v", err)
	}
	s, p = numbersPlan(t, "('inf'::DOUBLE, '')", "1")
	p.Label = &feature.Label{Name: "y", Expression: "x", KnownAt: "day"}
	if _, err := p.Build(context.Background(), s.DB(), feature.Range{}); !dataset.Unreadable(err) || !strings.Contains(err.Error(), `label "y" is infinite in row 1`) {
		t.Errorf("an infinite label: %v", err)
	}
}

func TestBuildFails(t *testing.T) {
	s, p := numbersPlan(t, "(1.0::DOUBLE, '')", "distance")
	if _, err := p.Build(context.Background(), s.DB(), feature.Range{}); err == nil || dataset.Unreadable(err) || !strings.Contains(err.Error(), "source numbers has no column distance") {
		t.Errorf("an unknown column: %v", err)
	}
	p.Definitions[0].Expression = "now()"
	if _, err := p.Build(context.Background(), s.DB(), feature.Range{}); err == nil || dataset.Unreadable(err) {
		t.Errorf("the clock: %v", err)
	}
}

func TestRange(t *testing.T) {
	s := session(t, 1)
	if _, err := s.DB().Exec("CREATE TABLE days AS SELECT i AS id, DATE '2013-01-01' + i::INTEGER AS day FROM range(5) AS r(i) UNION ALL SELECT 9, NULL"); err != nil {
		t.Fatal(err)
	}
	p := feature.Plan{
		Observations: feature.Observations{Source: "days", DecisionTime: "day", Key: []string{"id"}, Entity: []string{"id"}, Partition: "day"},
		Sources: []feature.Source{{
			Name: "days", Select: "SELECT * FROM days", Columns: []string{"id", "day"}, EventTime: "day", KnownAt: "day + to_days((id = 2)::INTEGER)",
		}},
		Definitions: []feature.Definition{
			{Name: "seen", Aggregate: &feature.Aggregate{Source: "days", Function: "count", Window: duration("1 week")}},
			{Name: "last", Lookup: &feature.Lookup{Source: "days", Value: "id", Within: duration("1 week")}},
		},
	}
	for _, c := range []struct {
		within   feature.Range
		first    string
		rows     int
		tooEarly int64
	}{
		{feature.Range{}, "2013-01-01", 5, 1}, // without a partition there is no observation
		{feature.Range{From: "2013-01-03"}, "2013-01-03", 3, 1},
		{feature.Range{To: "2013-01-02"}, "2013-01-01", 2, 0},
		{feature.Day("2013-01-04"), "2013-01-04", 1, 0},
		{feature.Day("2014-01-01"), "", 0, 0},
	} {
		got := build(t, s, p, c.within)
		if got.Frame.Rows != c.rows || got.TooEarly != c.tooEarly || c.rows > 0 && got.Partition[0] != c.first {
			t.Errorf("%+v: %d rows from %v, %d too early", c.within, got.Frame.Rows, got.Partition, got.TooEarly)
		}
	}
	// The third row is known a day late; until then the second is the last.
	got := build(t, s, p, feature.Range{})
	for i, want := range [][]float64{{1, 2, 2, 4, 5}, {0, 1, 1, 3, 4}} {
		for row, number := range got.Frame.Columns[i].Numbers {
			if number != want[row] {
				t.Errorf("%s of day %d is %v, want %v", got.Frame.Columns[i].Name, row, number, want[row])
			}
		}
	}
}

// A label is not known before the columns it is made of, whatever it says.
func TestLabelIsKnownWithItsColumns(t *testing.T) {
	s := airport(t)
	if _, err := s.DB().Exec(`INSERT INTO flights VALUES
		('2013-01-01', '2013-01-01 10:00:00', 0, 'UA', 1, 'EWR', 1030, 30, 1230, 30, 120),
		('2013-01-01', '2013-01-01 11:00:00', 0, 'UA', 2, 'EWR', NULL, NULL, NULL, NULL, NULL)`); err != nil {
		t.Fatal(err)
	}
	p := flightPlan(expression("minute"))
	p.Label = &feature.Label{Name: "late", Expression: "arr_delay > 15 OR dep_delay > 15", KnownAt: "time_hour"}
	got := build(t, s, p, feature.Range{})
	if known := got.LabelKnownAt[0].UTC().Format("15:04"); known != "12:30" || got.Label[0] != 1 {
		t.Errorf("label %v is known at %s, want 1 at 12:30", got.Label[0], known)
	}
	if !got.LabelKnownAt[1].IsZero() || !math.IsNaN(got.Label[1]) {
		t.Errorf("the label of a cancelled flight is %v, known at %v", got.Label[1], got.LabelKnownAt[1])
	}
}
