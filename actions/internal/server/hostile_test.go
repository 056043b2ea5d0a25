package server_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/linecook-ml/linecook/actions/internal/server"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report/reporttest"
)

// A table comes as CSV, the only one that linecook writes, for itself and in a
// folder of its own. Whatever its cells hold comes out of it bit for bit.
func TestPostgresTextsComeBackBitForBit(t *testing.T) {
	// PostgreSQL itself takes no text with a zero byte.
	texts := slices.DeleteFunc(reporttest.Naughty(), func(text string) bool {
		return !utf8.ValidString(text) || strings.ContainsRune(text, 0)
	})
	rows := make([]string, len(texts))
	for i, text := range texts {
		rows[i] = fmt.Sprintf("(%d, %s)", i, dataset.Literal(text))
	}
	keys := prepare(t, "naughty", "CREATE TABLE t (id int, text text); INSERT INTO t VALUES "+strings.Join(rows, ", "))
	c := parse(t, keys, "{name: t, properties: [{name: id, logicalType: integer}, {name: text, logicalType: string}]}")
	ctx := context.Background()
	source, finding, err := server.Find(ctx, c, "t", "production", t.TempDir(), access())
	if err != nil || finding != nil {
		t.Fatal(finding, err)
	}
	session, findings, err := dataset.Open(ctx, dataset.Options{Root: source.Root}, source.Spec)
	if err != nil || len(findings) > 0 {
		t.Fatal(findings, err)
	}
	defer func() { _ = session.Close() }()
	read, err := session.DB().QueryContext(ctx, "SELECT text FROM "+session.Table("t").Segments[0].Relation()+" ORDER BY id::INTEGER")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = read.Close() }()
	n := 0
	for ; read.Next(); n++ {
		var text string
		if err := read.Scan(&text); err != nil {
			t.Fatal(err)
		}
		if text != texts[n] {
			t.Errorf("%q came out as %q", texts[n], text)
		}
	}
	if err := read.Err(); err != nil || n != len(texts) {
		t.Errorf("%d texts of %d, %v", n, len(texts), err)
	}
}
