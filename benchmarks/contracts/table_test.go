package contracts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

const tableRows = 2_000_000

// A column of the table: how its value is made from the row number i, its types
// for DuckDB and for the contract, and the rules that the contract has for it.
type column struct{ name, value, duck, logical, rules string }

var columns = []column{
	{"id", "i", "BIGINT", "integer", "required: true, primaryKey: true"},
	{"day", "DATE '2013-01-01' + (i % 365)::INTEGER", "DATE", "date", "required: true, logicalTypeOptions: {minimum: '2013-01-01', maximum: '2013-12-31'}"},
	{"happened", "TIMESTAMP '2013-01-01' + to_seconds(i * 7)", "TIMESTAMP", "timestamp", "required: true"},
	{"known", "TIMESTAMP '2013-01-01' + to_seconds(i * 7 + 300)", "TIMESTAMP", "timestamp", "required: true"},
	{"carrier", "['AA', 'DL', 'UA', 'B6', '9E'][1 + i % 5]", "VARCHAR", "string", "required: true, quality: [{metric: invalidValues, arguments: {validValues: [AA, DL, UA, B6, 9E]}, mustBe: 0}]"},
	{"tail", "'N' || (100000 + hash(i) % 900000)", "VARCHAR", "string", "required: true, logicalTypeOptions: {minLength: 7, maxLength: 7}"},
	{"customer", "'customer-' || (hash(i * 3) % 1000000)", "VARCHAR", "string", "required: true, logicalTypeOptions: {maxLength: 20}"},
	{"note", "'note ' || (i % 1000)", "VARCHAR", "string", "logicalTypeOptions: {maxLength: 200}"},
	{"n1", "(hash(i * 5) % 100000)::BIGINT", "BIGINT", "integer", "required: true, logicalTypeOptions: {minimum: 0, maximum: 99999}"},
	{"n2", "(hash(i * 7) % 1000)::BIGINT - 500", "BIGINT", "integer", "required: true, logicalTypeOptions: {minimum: -500, maximum: 500}"},
	{"n3", "(hash(i * 11) % 60)::BIGINT", "BIGINT", "integer", "required: true, logicalTypeOptions: {minimum: 0, maximum: 59}"},
	{"n4", "(hash(i * 13) % 2000000000)::BIGINT", "BIGINT", "integer", "required: true, logicalTypeOptions: {minimum: 0}"},
	{"n5", "CASE WHEN i % 5 > 0 THEN (hash(i * 41) % 5000)::BIGINT END", "BIGINT", "integer", "logicalTypeOptions: {minimum: 0, maximum: 5000}, quality: [{metric: nullValues, mustBeLessThan: 30, unit: percent}]"},
	{"x1", "round((hash(i * 17) % 1000000) / 1000.0, 3)", "DOUBLE", "number", "required: true, logicalTypeOptions: {minimum: 0, maximum: 1000}"},
	{"x2", "round((hash(i * 19) % 100000) / 100.0, 2)", "DOUBLE", "number", "required: true, logicalTypeOptions: {minimum: 0, maximum: 1000}"},
	{"x3", "(hash(i * 23) % 1000000) / 7.0", "DOUBLE", "number", "required: true, logicalTypeOptions: {minimum: 0}"},
	{"x4", "(hash(i * 29) % 1000000007) / 1e9", "DOUBLE", "number", "required: true, logicalTypeOptions: {minimum: 0, maximum: 2}"},
	{"x5", "round((hash(i * 31) % 1000) / 10.0 - 20, 1)", "DOUBLE", "number", "required: true, logicalTypeOptions: {minimum: -60, maximum: 130}"},
	{"x6", "CASE WHEN i % 10 > 0 THEN (hash(i * 37) % 1000000) / 3.0 END", "DOUBLE", "number", "logicalTypeOptions: {minimum: 0}"},
	{"ok", "i % 3 = 0", "BOOLEAN", "boolean", "required: true"},
}

// contractText is the contract that the table keeps.
func contractText() string {
	var b strings.Builder
	b.WriteString("apiVersion: v3.1.0\nkind: DataContract\nid: bench\nversion: 1.0.0\nstatus: active\nschema:\n  - name: bench\n    quality: [{metric: rowCount, mustBe: " + fmt.Sprint(tableRows) + "}]\n    properties:\n")
	for _, c := range columns {
		fmt.Fprintf(&b, "      - {name: %s, logicalType: %s, %s}\n", c.name, c.logical, c.rules)
	}
	return b.String()
}

// writeTable writes the table as CSV and Parquet into a folder.
func writeTable(folder string) (err error) {
	ctx := context.Background()
	session, _, err := dataset.Open(ctx, dataset.Options{WriteDirs: []string{folder}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	values := make([]string, len(columns))
	for i, c := range columns {
		values[i] = c.value + " AS " + dataset.Identifier(c.name)
	}
	rows := fmt.Sprintf("SELECT %s FROM range(%d) r(i)", strings.Join(values, ", "), tableRows)
	for _, format := range []string{"csv", "parquet"} {
		query := fmt.Sprintf("COPY (%s) TO %s (FORMAT %s)", rows, dataset.Literal(filepath.Join(folder, "bench."+format)), format)
		if _, err := session.DB().ExecContext(ctx, query); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(folder, "bench.odcs.yaml"), []byte(contractText()), 0o600)
}
