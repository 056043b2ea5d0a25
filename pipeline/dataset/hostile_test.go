package dataset_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report/reporttest"
)

// texts are those that a file of Unicode text can hold.
func texts() []string {
	return slices.DeleteFunc(reporttest.Naughty(), func(text string) bool { return !utf8.ValidString(text) })
}

// column reads the texts of a file, in their order.
func column(t *testing.T, file, content string, spec dataset.Spec) []string {
	t.Helper()
	root := t.TempDir()
	write(t, root, map[string]string{file: content})
	spec.Paths = []string{file}
	session, table := one(t, root, spec)
	rows, err := session.DB().QueryContext(context.Background(), "SELECT text FROM "+table.Segments[0].Relation()+" ORDER BY id::INTEGER")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var read []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		read = append(read, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return read
}

func compare(t *testing.T, want, got []string) {
	t.Helper()
	if len(want) != len(got) {
		t.Fatalf("%d texts went in, and %d came out", len(want), len(got))
	}
	for i := range want {
		if want[i] != got[i] {
			t.Errorf("%q came out as %q", want[i], got[i])
		}
	}
}

// Whatever a cell holds, it is read as it was written, bit for bit, and stays
// the cell that it was: in a CSV of somebody else's, in JSON lines, and in
// Parquet as linecook writes its scores and features. A formula is a text here:
// nothing is put before it, for it would not be the data's own any more.
func TestNaughtyTextsComeBackBitForBit(t *testing.T) {
	all := texts()
	t.Run("csv", func(t *testing.T) {
		var file bytes.Buffer
		w := csv.NewWriter(&file)
		write := func(cells ...string) {
			if err := w.Write(cells); err != nil {
				t.Fatal(err)
			}
		}
		write("id", "text", "end")
		for i, text := range all {
			write(fmt.Sprint(i), text, "end")
		}
		w.Flush()
		compare(t, all, column(t, "a.csv", file.String(), dataset.Spec{Null: []string{"\\N"}}))

		// Go's own reader takes a line end within quotes for a plain one, and is
		// otherwise of the same mind about every cell.
		records, err := csv.NewReader(bytes.NewReader(file.Bytes())).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for i, text := range all {
			want, got = append(want, strings.ReplaceAll(text, "\r\n", "\n")), append(got, records[i+1][1])
		}
		compare(t, want, got)
	})
	t.Run("jsonl", func(t *testing.T) {
		compare(t, all, column(t, "a.jsonl", lines(t, all), dataset.Spec{}))
	})
	t.Run("parquet", func(t *testing.T) {
		root := t.TempDir()
		write(t, root, map[string]string{"a.jsonl": lines(t, all)})
		query := "SELECT * FROM read_json(" + dataset.Literal(filepath.Join(root, "a.jsonl")) + ", columns={id: 'INTEGER', text: 'VARCHAR'})"
		compare(t, all, column(t, "a.parquet", parquet(t, query, ", COMPRESSION zstd"), dataset.Spec{}))
	})
}

// lines are the texts as JSON, one a line.
func lines(t *testing.T, all []string) string {
	t.Helper()
	var file bytes.Buffer
	encoder := json.NewEncoder(&file)
	for i, text := range all {
		if err := encoder.Encode(map[string]any{"id": i, "text": text}); err != nil {
			t.Fatal(err)
		}
	}
	return file.String()
}

// Bytes that are no Unicode are no text, and the file is refused.
func TestATextThatIsNotUnicode(t *testing.T) {
	root := t.TempDir()
	write(t, root, map[string]string{"a.csv": "id,text\n1,\xff\xfe\n"})
	session, table := one(t, root, dataset.Spec{Paths: []string{"a.csv"}})
	if got, err := read(session.DB(), "SELECT text FROM "+table.Segments[0].Relation()); err == nil {
		t.Errorf("it was read as %q", got)
	}
}
