package feature_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
)

// summarise is an aggregate of the given numbers, one known each minute, as of
// the minute after the last.
func summarise(t *testing.T, function string, numbers ...string) (any, error) {
	t.Helper()
	s := session(t, 2)
	for i, number := range numbers {
		numbers[i] = fmt.Sprintf("(TIMESTAMP '2013-01-01' + to_minutes(%d), %s::DOUBLE)", i, number)
	}
	if _, err := s.DB().Exec(fmt.Sprintf(`CREATE TABLE numbers AS SELECT * FROM (VALUES %s) v(e, x);
		CREATE TABLE asked AS SELECT 1 AS id, DATE '2013-01-01' AS day, TIMESTAMP '2013-01-01' + to_minutes(%d) AS t`,
		strings.Join(numbers, ", "), len(numbers))); err != nil {
		t.Fatal(err)
	}
	a := &feature.Aggregate{Source: "numbers", Function: function, Of: "x", Window: duration("1 day")}
	if function == "last" {
		a.N = 2
	}
	p := feature.Plan{
		Observations: feature.Observations{Source: "asked", DecisionTime: "t", Key: []string{"id"}, Partition: "day"},
		Sources: []feature.Source{
			{Name: "asked", Select: "SELECT * FROM asked", Columns: []string{"id", "day", "t"}, EventTime: "t", KnownAt: "t"},
			{Name: "numbers", Select: "SELECT * FROM numbers", Columns: []string{"e", "x"}, EventTime: "e", KnownAt: "e"},
		},
		Definitions: []feature.Definition{{Name: "f", Type: feature.Numeric, Aggregate: a}},
	}
	snapshot, err := p.Build(context.Background(), s.DB(), feature.Range{})
	if err != nil {
		return nil, err
	}
	return cell(&snapshot.Frame.Columns[0], 0), nil
}

func TestAggregatesOfHardNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, function string
		numbers        []string
		want           any
	}{
		// The squares have no room for billionths in a float64.
		{"a small deviation of large numbers", "stddev", []string{"4000000.000000001", "4000000.000000002", "4000000.000000003"}, 1e-9},
		{"a whole number between", "stddev", []string{"0.999999999", "1.000000001"}, math.Sqrt(2) / 1e9},
		{"both signs", "stddev", []string{"-1.5", "1.5", "0"}, 1.5},
		{"no deviation", "stddev", []string{"0.1", "0.1", "0.1"}, 0.0},
		{"a textbook's", "stddev", []string{"2", "4", "4", "4", "5", "5", "7", "9"}, math.Sqrt(32.0 / 7)},
		{"less than nine decimals", "stddev", []string{"1e-10", "2e-10"}, 0.0},
		{"one number deviates from nothing", "stddev", []string{"3", "NULL"}, nil},
		{"very large", "max", []string{"-1e300", "1e300", "7"}, 1e300},
		{"very small", "min", []string{"2e-300", "1e-300", "7"}, 1e-300},
		{"not a number, for max", "max", []string{"1", "'nan'", "2"}, 2.0},
		{"not a number, for min", "min", []string{"'nan'", "'nan'"}, nil},
		{"zero has no sign", "min", []string{"0", "'-0'"}, 0.0},
		{"zero has no sign, when values are told apart", "distinct", []string{"0", "'-0'", "NULL", "1"}, 2.0},
		{"NULL is not among the latest", "last", []string{"1", "2", "4", "NULL"}, 3.0},
		{"fewer than asked for", "last", []string{"NULL", "4"}, 4.0},
		{"none", "last", []string{"NULL"}, nil},
	} {
		got, err := summarise(t, c.function, c.numbers...)
		if err != nil || !same(got, c.want) {
			t.Errorf("%s: %v, want %v (%v)", c.name, got, c.want, err)
		}
	}
}

// What cannot be summed exactly is the data's fault and never a wrong number.
func TestAggregatesRefuseWhatTheyCannotHold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		function string
		numbers  []string
	}{
		{"sum", []string{"1e30"}},
		{"mean", []string{"'nan'", "1"}},
		{"stddev", []string{"'nan'", "1"}},
		{"stddev", []string{"1e20", "1"}},
		{"last", []string{"'inf'", "1"}},
		{"max", []string{"'inf'", "1"}},
	} {
		if got, err := summarise(t, c.function, c.numbers...); !dataset.Unreadable(err) {
			t.Errorf("%s of %v: %v, %v", c.function, c.numbers, got, err)
		}
	}
}
