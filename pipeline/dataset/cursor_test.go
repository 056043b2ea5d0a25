package dataset_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// A table of more rows than a cursor asks for at a time, in an order of its own.
func TestCursor(t *testing.T) {
	ctx := context.Background()
	s, _, err := dataset.Open(ctx, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	const n = 300_000
	if _, err := s.DB().Exec(fmt.Sprintf(`CREATE TABLE numbers AS SELECT i, i::DOUBLE / 2 AS x, CASE WHEN i %% 7 > 0 THEN (-i)::DECIMAL(38, 9) END AS d,
		'a text of no few bytes, ' || i AS s, make_timestamp(i) AS t FROM range(%d) r(i) ORDER BY -i`, n)); err != nil {
		t.Fatal(err)
	}
	cursor, err := dataset.NewCursor(ctx, s.DB(), "SELECT *, x + 1 FROM numbers")
	if err != nil {
		t.Fatal(err)
	}
	want := int64(n)
	for {
		chunk, ok, err := cursor.Next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		for row := range chunk.Rows {
			want--
			text := chunk.Texts(3)[row]
			if chunk.Integers(0)[row] != want || chunk.Numbers(1)[row] != float64(want)/2 || chunk.Numbers(5)[row] != float64(want)/2+1 ||
				chunk.Integers(4)[row] != want || text.String() != fmt.Sprint("a text of no few bytes, ", want) {
				t.Fatalf("row %d has other values", want)
			}
			valid := chunk.Validity(2).Valid(row)
			if d := chunk.Huges(2)[row]; valid != (want%7 > 0) || valid && (int64(d.Low) != -want*1e9 || d.High != -1) {
				t.Fatalf("row %d is %v (%v)", want, d, valid)
			}
		}
	}
	if want != 0 {
		t.Errorf("%d rows are missing", want)
	}
	if err := cursor.Close(); err != nil {
		t.Error(err)
	}
}

// Each row is handed on once, by whichever worker.
func TestStream(t *testing.T) {
	ctx := context.Background()
	s, _, err := dataset.Open(ctx, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	const n = 300_000
	if _, err := s.DB().Exec(fmt.Sprintf("CREATE TABLE numbers AS SELECT i, CASE WHEN i < %d - 1 THEN '1' ELSE 'one' END AS s FROM range(%[1]d) r(i)", n)); err != nil {
		t.Fatal(err)
	}
	seen := make([]int32, n)
	err = dataset.Stream(ctx, s.DB(), "SELECT rowid, i + 1 FROM numbers WHERE i % 7 > 0", func(_ int, chunk dataset.Chunk) {
		for i, row := range chunk.Integers(0) {
			if chunk.Integers(1)[i] == row+1 {
				seen[row]++
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, times := range seen {
		if want := int32(min(1, i%7)); times != want {
			t.Fatalf("row %d was seen %d times, want %d", i, times, want)
		}
	}
	err = dataset.Stream(ctx, s.DB(), "SELECT s::INTEGER FROM numbers", func(int, dataset.Chunk) {})
	if !dataset.Unreadable(err) || !strings.Contains(err.Error(), "'one'") {
		t.Errorf("a value that cannot be cast: %v", err)
	}
	err = dataset.Stream(ctx, s.DB(), "SELECT 'one'::INTEGER FROM numbers", func(int, dataset.Chunk) {})
	if !dataset.Unreadable(err) || !strings.Contains(err.Error(), "'one'") {
		t.Errorf("a value that cannot be cast, whatever the rows: %v", err)
	}
	stopped, stop := context.WithCancel(ctx)
	err = dataset.Stream(stopped, s.DB(), "SELECT a.i FROM numbers a, numbers b", func(int, dataset.Chunk) { stop() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a query that is stopped: %v", err)
	}
}

func TestCursorFails(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s, _, err := dataset.Open(ctx, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if _, err := s.DB().Exec("CREATE TABLE numbers AS SELECT 1 AS i"); err != nil {
		t.Fatal(err)
	}
	next := func(column string) (dataset.Chunk, error) {
		cursor, err := dataset.NewCursor(ctx, s.DB(), "SELECT "+column+" FROM numbers")
		if err != nil {
			return dataset.Chunk{}, err
		}
		t.Cleanup(func() { _ = cursor.Close() })
		chunk, _, err := cursor.Next()
		return chunk, err
	}
	if _, err := next("j"); err == nil || !strings.Contains(err.Error(), `"j" not found`) {
		t.Errorf("a column that there is not: %v", err)
	}
	func() {
		defer func() {
			if said := fmt.Sprint(recover()); !strings.Contains(said, "column 0 is of DuckDB's type") {
				t.Errorf("an INTEGER read as a DOUBLE: %s", said)
			}
		}()
		if chunk, err := next("i"); err != nil || len(chunk.Numbers(0)) > 0 {
			t.Error(chunk, err)
		}
	}()
	cancel()
	if _, err := next("i"); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}
