package contract_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/linecook-ml/linecook/pipeline/contract"
)

const plainContract = header + `      - {name: id, logicalType: integer, primaryKey: true}
      - {name: n, logicalType: integer, unique: true, logicalTypeOptions: {format: i16, minimum: -5, multipleOf: 2}, quality: [{metric: invalidValues, arguments: {validValues: [2, 4, 7]}, mustBe: 0}]}
      - {name: x, logicalType: number, required: true, logicalTypeOptions: {maximum: 100}}
      - {name: gap, logicalType: number, quality: [{metric: missingValues, arguments: {missingValues: [-99]}, mustBe: 0}]}
      - {name: day, logicalType: date, logicalTypeOptions: {minimum: '2013-01-01'}}
      - {name: at, logicalType: timestamp, logicalTypeOptions: {defaultTimezone: Europe/Berlin}}
      - {name: zoned, logicalType: timestamp, logicalTypeOptions: {timezone: true}}
      - {name: ok, logicalType: boolean}
`

// plainTexts are texts of each column: first those that are written plainly.
var plainTexts = [][]string{
	{"1", "2", "3", "4", "5", "6", "007", "1.0", "x"},
	{"2", "4", "6", "-6", "", "40000", "+2", "04"},
	{"1", "1.50", "-0.25", "1e3", "", "100.5", "nan", " 1", "1_0"},
	{"1", "-99", "-99.0", "", "2.5", "x"},
	{"2013-01-01", "2013-10-31", "2012-02-29", "", "2013-02-29", "31/10/2013"},
	{"2013-01-31 23:59:59", "2013-10-27 02:30:00", "", "2013-01-31T23:59:59", "2013-01-31 23:59", "2013-01-31 23:59:59Z"},
	{"2013-01-31 23:59:59", "2013-01-31 23:59:59Z", ""},
	{"true", "false", "", "True", "1", "yes"},
}

// What is written plainly is read as typed; in quotes the same values are read
// as texts. The verdict on them, what it shows and what is made of them are the
// same.
func TestPlainTextsAreJudgedAsTexts(t *testing.T) {
	c := parse(t, plainContract)
	rapid.Check(t, func(rt *rapid.T) {
		plain := rapid.IntRange(1, 5).Draw(rt, "plain") > 1
		var written, quoted strings.Builder
		written.WriteString("id,n,x,gap,day,at,zoned,ok\n")
		quoted.WriteString("id,n,x,gap,day,at,zoned,ok\n")
		for range rapid.IntRange(1, 5).Draw(rt, "rows") {
			values := make([]string, len(plainTexts))
			for i, texts := range plainTexts {
				if plain && i != 3 && i != 6 {
					texts = texts[:3]
				}
				values[i] = rapid.SampledFrom(texts).Draw(rt, "text")
			}
			fmt.Fprintln(&written, strings.Join(values, ","))
			fmt.Fprintf(&quoted, "\"%s\"\n", strings.Join(values, `","`))
		}
		var partition *contract.Partition
		if rapid.Bool().Draw(rt, "partition") {
			partition = &contract.Partition{Column: rapid.SampledFrom([]string{"day", "at"}).Draw(rt, "column"), Value: "2013-10-27", OrEarlier: rapid.Bool().Draw(rt, "earlier")}
		}
		a, rows := judged(rt, c, written.String(), partition)
		b, same := judged(rt, c, quoted.String(), partition)
		if diff := cmp.Diff(b, a); diff != "" {
			rt.Errorf("%s\n%s", written.String(), diff)
		}
		if diff := cmp.Diff(same, rows); diff != "" {
			rt.Errorf("%s\n%s", written.String(), diff)
		}
	})
}

// judged is what a check finds in a file, and the rows that the contract makes
// of it.
func judged(rt *rapid.T, c *contract.Contract, text string, partition *contract.Partition) (contract.CheckResult, []string) {
	s, table := openText(rt, text)
	result, err := contract.Check(context.Background(), s, table, c, contract.CheckOptions{MaxSamples: 100, Partition: partition})
	if err != nil {
		rt.Fatal(err)
	}
	typed, err := c.TypedSelect(table)
	if err != nil {
		rt.Fatal(err)
	}
	found, err := s.DB().Query("SELECT CAST(t AS VARCHAR) FROM (" + typed + ") t ORDER BY ALL")
	if err != nil {
		rt.Fatal(err)
	}
	defer func() { _ = found.Close() }()
	var rows []string
	for found.Next() {
		var row string
		if err := found.Scan(&row); err != nil {
			rt.Fatal(err)
		}
		rows = append(rows, row)
	}
	if err := found.Err(); err != nil {
		rt.Fatal(err)
	}
	return result, rows
}
