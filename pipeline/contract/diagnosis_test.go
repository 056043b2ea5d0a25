package contract_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linecook-ml/linecook/pipeline/contract"
)

func TestTypeFindingsSayWhatTheValuesLookLikeNow(t *testing.T) {
	for name, test := range map[string]struct {
		logicalType string
		values      []string
		want        string
	}{
		"day first":         {"date", []string{"31/10/2013", "01/10/2013"}, "2 of the 2 look like dates dd/MM/yyyy"},
		"month first":       {"date", []string{"10/31/2013", "10/01/2013"}, "2 of the 2 look like dates MM/dd/yyyy"},
		"either first":      {"date", []string{"10/11/2013", "10/01/2013"}, "2 of the 2 look like dates dd/MM/yyyy or MM/dd/yyyy"},
		"dots":              {"date", []string{"31.10.2013", "2013-10-01"}, "1 of the 1 look like dates dd.MM.yyyy"},
		"moments":           {"date", []string{"2013-10-01T05:00:00Z", "2013-10-01 05:00"}, "2 of the 2 look like timestamps in ISO 8601"},
		"epoch":             {"timestamp", []string{"1380585600", "1380585601"}, "2 of the 2 look like seconds since 1970"},
		"epoch in millis":   {"timestamp", []string{"1380585600000"}, "1 of the 1 look like milliseconds since 1970"},
		"thousands":         {"number", []string{`"1,234.5"`, `"12,345"`}, "2 of the 2 look like numbers with commas between thousands"},
		"decimal comma":     {"number", []string{`"1,5"`, `"12,75"`}, "2 of the 2 look like numbers with a decimal comma"},
		"unit":              {"number", []string{"12 km", "3.5km"}, "2 of the 2 look like numbers with a unit behind them"},
		"percent":           {"number", []string{"12%", "3.5 %"}, "2 of the 2 look like percentages"},
		"money":             {"number", []string{"$12", "$3.50"}, "2 of the 2 look like amounts of money"},
		"fractions":         {"integer", []string{"1.0", "2.5"}, "2 of the 2 are numbers with a fraction"},
		"space":             {"integer", []string{`" 7"`, `"8 "`}, "2 of the 2 look like whole numbers with space around them"},
		"no value in words": {"integer", []string{"NA", "null", "-", "?"}, "4 of the 4 are words for no value"},
		"blank":             {"number", []string{`" "`, `"  "`}, "2 of the 2 are blank"},
		"yes and no":        {"boolean", []string{"yes", "N"}, "2 of the 2 look like yes and no"},
		"words":             {"integer", []string{"seven", "eight", "1.5", "nine", "ten", "eleven"}, "5 of the 6 are words"},
		"a mixture":         {"integer", []string{"seven", "1.5", "12%"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			result := check(t, ruled(t, "", "", test.logicalType), column(test.values...), nil)
			if len(result.Findings) != 1 || result.Findings[0].Code != "contract/type" {
				t.Fatalf("%v", result.Findings)
			}
			_, got, _ := strings.Cut(result.Findings[0].Message, "; ")
			got, _, _ = strings.Cut(got, "in force is contract flights 1.2.0 (contracts/flights.odcs.yaml)")
			if got = strings.TrimSuffix(got, "; "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestNewMembersSayHowManyAndSinceWhen(t *testing.T) {
	files := map[string]string{
		"1.csv": "date,carrier,flight,delay\n2013-10-01,AA,1,0\n2013-10-01,XX,2,0\n",
		"2.csv": "date,carrier,flight,delay\n2013-10-02,XX,1,0\n2013-10-02,YY,2,0\n2013-10-02,XX,3,0\n",
	}
	result := check(t, parse(t, flights), files, &contract.Partition{Column: "date", Value: "2013-10-02"})
	want := []string{`error contract/invalid-values: 3 rows of column "carrier" are invalid, and the rule says mustBe 0; not in the contract: "XX" in 2 rows, first in date 2013-10-01, "YY" in 1 row, first in date 2013-10-02; in force is contract flights 1.2.0 (contracts/flights.odcs.yaml)`}
	if diff := cmp.Diff(want, messages(result.Findings)); diff != "" {
		t.Error(diff)
	}
}

func TestShiftedUnitsAreSuspected(t *testing.T) {
	training := contract.Outlines{"v": {Min: 10, Low: 30, Median: 55, High: 80, Max: 100}}
	for name, test := range map[string]struct {
		convert func(x float64) float64
		want    string
	}{
		"the same":    {func(x float64) float64 { return x }, ""},
		"a bit more":  {func(x float64) float64 { return x + 5 }, ""},
		"thousands":   {func(x float64) float64 { return 1000 * x }, "multiplied by 1000"},
		"shares":      {func(x float64) float64 { return x / 100 }, "divided by 100, as percent turned into shares"},
		"celsius":     {func(x float64) float64 { return (x - 32) / 1.8 }, "turned from °F into °C"},
		"kilometres":  {func(x float64) float64 { return x * 1.609344 }, "turned from miles into kilometres"},
		"centimetres": {func(x float64) float64 { return x * 2.54 }, "turned from inches into centimetres"},
	} {
		t.Run(name, func(t *testing.T) {
			var values []string
			for i := range 101 {
				values = append(values, fmt.Sprintf("%.6f", test.convert(23.75+float64(i)*0.625)))
			}
			s, table := open(t, column(values...))
			result, err := contract.Check(context.Background(), s, table, ruled(t, "", "", "number"), contract.CheckOptions{Training: training})
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(messages(result.Findings), "\n")
			if (test.want == "") != (got == "") || !strings.Contains(got, test.want) || (got != "" && !strings.HasPrefix(got, "warning contract/unit-suspected")) {
				t.Errorf("got %q", got)
			}
		})
	}
}

const private = header + `      - {name: k, logicalType: string}
      - {name: mail, logicalType: string, classification: Personal, unique: true, logicalTypeOptions: {format: email, pattern: "^[a-z]+@.*$"}, quality: [{metric: invalidValues, arguments: {validValues: [a@b.co]}, mustBe: 0}]}
      - {name: age, logicalType: integer, required: true, customProperties: [{property: linecook.pii, value: true}]}
      - {name: pass, logicalType: string, logicalTypeOptions: {format: password, maxLength: 3}}
      - {name: card, logicalType: object, properties: [{name: number, classification: confidential, logicalType: integer}]}
`

// No value of a sensitive property may stand anywhere in what is printed.
func TestSensitiveValuesAreMaskedEverywhere(t *testing.T) {
	c := parse(t, private)
	if diff := cmp.Diff([]string{"mail", "age", "pass", "card"}, c.Sensitive()); diff != "" {
		t.Error(diff)
	}
	rows := `{"k": "1", "mail": "SECRET", "age": "SECRET", "pass": "SECRET", "card": {"number": "SECRET"}}
{"k": "2", "mail": "SECRET", "age": null, "pass": "SECRET", "card": "SECRET"}
`
	result := check(t, c, map[string]string{"a.jsonl": rows}, nil)
	codes := map[string]bool{}
	for _, f := range result.Findings {
		codes[f.Code] = true
		if text := fmt.Sprint(f); strings.Contains(text, "SECRET") {
			t.Errorf("a masked value is shown: %s", text)
		}
	}
	for _, code := range []string{"contract/type", "contract/unique", "contract/format", "contract/pattern", "contract/invalid-values", "contract/required", "contract/length"} {
		if !codes[code] {
			t.Errorf("no finding %s", code)
		}
	}
}

func TestTimesOfTheContract(t *testing.T) {
	c := parse(t, strings.Replace(flights, "    properties:\n", `    customProperties:
      - {property: linecook.eventTime, value: date + INTERVAL 1 HOUR}
      - {property: linecook.entityKey, value: [carrier, flight]}
      - {property: linecook.partition, value: date}
      - {property: other.tool, value: {free: true}}
    properties:
`, 1))
	times := c.Times()
	if times.EventTime != "date + INTERVAL 1 HOUR" || times.Partition != "date" || len(times.EntityKey) != 2 || times.KnownAt != "" {
		t.Errorf("%+v", times)
	}
	if place := times.Place("partition"); place.Line != 12 {
		t.Errorf("%s", place)
	}
}
