package contract_test

import (
	"context"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/dataset"
)

const planted = header + `      - {name: id, logicalType: integer, required: true, primaryKey: true}
      - {name: code, logicalType: string, required: true, quality: [{metric: invalidValues, arguments: {validValues: [AA, BB]}, mustBe: 0}]}
      - {name: amount, logicalType: number, logicalTypeOptions: {minimum: 0, maximum: 100}}
      - {name: day, logicalType: date}
      - {name: word, logicalType: string, logicalTypeOptions: {pattern: "^[a-z]+$", maxLength: 8}}
`

// kinds are the errors that are planted: the column, the bad value, and the
// finding that must count it.
var kinds = []struct{ name, column, value, code, shown string }{
	{"text in a number", "amount", "many", "contract/type", `"many"`},
	{"NaN", "amount", "NaN", "contract/type", `"NaN"`},
	{"below", "amount", "-0.5", "contract/range", `"-0.5"`},
	{"no value", "code", "", "contract/required", "null"},
	{"a new member", "code", "CC", "contract/invalid-values", `"CC"`},
	{"no date", "day", "2013-02-30", "contract/type", `"2013-02-30"`},
	{"pattern", "word", "UPPER", "contract/pattern", `"UPPER"`},
	{"long", "word", "ninechars", "contract/length", `"ninechars"`},
}

// Whatever is planted, wherever it stands, is counted exactly and shown by its
// row, and nothing else is found.
func TestPlantedErrorsAreCountedExactly(t *testing.T) {
	c := parse(t, planted)
	columns := []string{"id", "code", "amount", "day", "word"}
	rapid.Check(t, func(rt *rapid.T) {
		rows := rapid.IntRange(20, 400).Draw(rt, "rows")
		cells := make([][]string, rows)
		for i := range cells {
			cells[i] = []string{fmt.Sprint(i + 1), []string{"AA", "BB"}[i%2], fmt.Sprint(i%100) + ".5", "2013-10-01", "word"}
		}
		type place struct{ code, column string }
		type plant struct {
			row   int
			shown string
		}
		want := map[place][]plant{}
		used := map[[2]int]bool{}
		for range rapid.IntRange(0, 30).Draw(rt, "errors") {
			kind := rapid.SampledFrom(kinds).Draw(rt, "kind")
			row, column := rapid.IntRange(0, rows-1).Draw(rt, "row"), slices.Index(columns, kind.column)
			if used[[2]int{row, column}] {
				continue
			}
			used[[2]int{row, column}] = true
			cells[row][column] = kind.value
			at := place{kind.code, kind.column}
			want[at] = append(want[at], plant{row + 1, kind.shown})
		}
		repeated := rapid.IntRange(0, 3).Draw(rt, "repeated keys")
		for i := range repeated {
			// The second of two neighbours takes the first one's key.
			cells[2*i+1][0] = cells[2*i][0]
			at := place{"contract/primary-key", "id"}
			want[at] = append(want[at], plant{2*i + 2, ""})
		}
		text := strings.Join(columns, ",") + "\n"
		for _, row := range cells {
			text += strings.Join(row, ",") + "\n"
		}
		got := map[place][]plant{}
		for _, f := range checkText(rt, c, text).Findings {
			at := place{f.Code, f.Column}
			if int(f.Count) != len(want[at]) {
				rt.Fatalf("%s of %s: %d counted, %d planted", f.Code, f.Column, f.Count, len(want[at]))
			}
			if f.Code == "contract/primary-key" {
				got[at] = want[at]
				continue
			}
			for _, sample := range f.Samples {
				var p plant
				where, value, _ := strings.Cut(sample, ": ")
				if _, err := fmt.Sscanf(where, "d.csv row %d", &p.row); err != nil {
					rt.Fatal(sample, err)
				}
				p.shown = value
				got[at] = append(got[at], p)
			}
		}
		for at := range want {
			slices.SortFunc(want[at], func(a, b plant) int { return a.row - b.row })
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(place{}, plant{})); diff != "" {
			rt.Fatal(diff)
		}
	})
}

func checkText(rt *rapid.T, c *contract.Contract, text string) contract.CheckResult {
	s, table := openText(rt, text)
	result, err := contract.Check(context.Background(), s, table, c, contract.CheckOptions{MaxSamples: 100})
	if err != nil {
		rt.Fatal(err)
	}
	return result
}

// openText opens a CSV as a table, until the case ends.
func openText(rt *rapid.T, text string) (*dataset.Session, *dataset.Table) {
	root, err := os.MkdirTemp("", "text")
	if err != nil {
		rt.Fatal(err)
	}
	rt.Cleanup(func() { _ = os.RemoveAll(root) })
	if err := os.WriteFile(filepath.Join(root, "d.csv"), []byte(text), 0o600); err != nil {
		rt.Fatal(err)
	}
	s, findings, err := dataset.Open(context.Background(), dataset.Options{Root: root}, dataset.Spec{Name: "flights", Paths: []string{"d.csv"}})
	if err != nil || len(findings) > 0 {
		rt.Fatal(findings, err)
	}
	rt.Cleanup(func() { _ = s.Close() })
	return s, s.Table("flights")
}

// What the casts take for a number is exactly what has the form of one, in
// whatever signs a file may have.
func TestCastsTakeWhatHasTheForm(t *testing.T) {
	forms := map[string]string{"integer": `[-+]?[0-9]+`, "number": `[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?`}
	signs := []rune("0159..eE+-_ \t\v\f\rxXbnaif,:%'٣\u00a0")
	rapid.Check(t, func(rt *rapid.T) {
		text := "k,i,x\n"
		for n := range 200 {
			value := strings.NewReplacer(`"`, `""`).Replace(rapid.StringOfN(rapid.SampledFrom(signs), 1, 6, -1).Draw(rt, "value"))
			text += fmt.Sprintf("%d,\"%s\",\"%s\"\n", n, value, value)
		}
		c := parse(t, header+"      - {name: k, logicalType: integer}\n      - {name: i, logicalType: integer}\n      - {name: x, logicalType: number}\n")
		s, table := openText(rt, text)
		typed, err := c.TypedSelect(table)
		if err != nil {
			rt.Fatal(err)
		}
		raw := table.Segments[0].Relation()
		lax := "SELECT r.i FROM " + raw + " r JOIN (" + typed + ") t ON t.k::VARCHAR = r.k WHERE " +
			"(t.i IS NOT NULL) <> (regexp_full_match(r.i, " + dataset.Literal(forms["integer"]) + ") AND TRY_CAST(r.i AS HUGEINT) BETWEEN -9223372036854775808 AND 9223372036854775807) OR " +
			"(t.x IS NOT NULL) <> (regexp_full_match(r.x, " + dataset.Literal(forms["number"]) + ") AND isfinite(TRY_CAST(r.x AS DOUBLE)))"
		rows, err := s.DB().Query(lax)
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var value string
			if err := rows.Scan(&value); err != nil {
				rt.Fatal(err)
			}
			rt.Errorf("%q is taken for what it is not, or the other way round", value)
		}
		if err := rows.Err(); err != nil {
			rt.Fatal(err)
		}
	})
}

// A multiple that is written as a decimal is one, whatever floats make of it, and
// what lies half a step beside it is none.
func TestMultiplesWrittenAsDecimals(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		step := rapid.SampledFrom([]string{"0.001", "0.01", "0.05", "0.1", "2.5", "3", "1e2"}).Draw(rt, "step")
		c := parse(t, header+"      - {name: v, logicalType: number, logicalTypeOptions: {multipleOf: "+step+"}}\n")
		m, _ := new(big.Rat).SetString(step)
		text := "v\n"
		const rows = 200
		for i := range 2 * rows {
			x := new(big.Rat).SetInt64(rapid.Int64Range(-1e12, 1e12).Draw(rt, "k"))
			if i >= rows {
				x.Add(x, big.NewRat(1, 2))
			}
			text += x.Mul(x, m).FloatString(4) + "\n"
		}
		findings := checkText(rt, c, text).Findings
		if len(findings) != 1 || findings[0].Code != "contract/multiple-of" || findings[0].Count != rows || !strings.HasPrefix(findings[0].Samples[0], "d.csv row 201:") {
			rt.Fatalf("of %s: %+v", step, findings)
		}
	})
}
