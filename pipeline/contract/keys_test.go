package contract_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linecook-ml/linecook/pipeline/contract"
)

// Keys that ascend are known to differ without being held; the verdict is that
// on any others.
func TestKeysInEveryOrder(t *testing.T) {
	const one, two = "      - {name: a, logicalType: integer, primaryKey: true}\n      - {name: b, logicalType: string}\n",
		"      - {name: a, logicalType: integer, primaryKey: true}\n      - {name: b, logicalType: string, primaryKey: true}\n"
	const repeats = `error contract/primary-key  n=1 "2", "x": 2 rows, first a.parquet row 2 and a.parquet row 3`
	for name, test := range map[string]struct {
		properties, rows string
		want             []string
	}{
		"ascending":                {one, "(1, 'x'), (2, 'x'), (3, 'x')", nil},
		"ascending and then again": {one, "(1, 'x'), (2, 'x'), (2, 'x'), (3, 'x')", []string{`error contract/primary-key a n=1 "2": 2 rows, first a.parquet row 2 and a.parquet row 3`}},
		"descending":               {one, "(3, 'x'), (2, 'x'), (1, 'x')", nil},
		"descending with one more": {one, "(3, 'x'), (1, 'x'), (3, 'x')", []string{`error contract/primary-key a n=1 "3": 2 rows, first a.parquet row 1 and a.parquet row 3`}},
		"none between the same":    {one, "(2, 'x'), (NULL, 'x'), (2, 'x')", []string{`error contract/primary-key a n=1 "2": 2 rows, first a.parquet row 1 and a.parquet row 3`, "error contract/required a n=1 a.parquet row 2: null"}},
		"of two columns":           {two, "(1, 'x'), (2, 'w'), (2, 'x'), (3, 'a')", nil},
		"of two columns, twice":    {two, "(1, 'x'), (2, 'x'), (2, 'x')", []string{repeats}},
		"of two, in disorder":      {two, "(2, 'y'), (2, 'x'), (2, 'x')", []string{repeats}},
	} {
		s, table := parquet(t, "SELECT * FROM (VALUES "+test.rows+") v(a, b)")
		result, err := contract.Check(context.Background(), s, table, parse(t, header+test.properties), contract.CheckOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, lines(result.Findings)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
