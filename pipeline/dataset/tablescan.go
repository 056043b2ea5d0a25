package dataset

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Scan reads columns, which are SQL over a row, of a table whose rows are never
// deleted; of all rows, or of those that a condition keeps. It hands chunks on
// in no order and side by side, one for each processor; rowid, as a column,
// tells where a row lies.
func Scan(ctx context.Context, db *sql.DB, table, condition string, take func(Chunk), columns ...string) error {
	rows, err := count(ctx, db, table)
	if err != nil {
		return err
	}
	piece := pieceOf(rows)
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range min(int64(runtime.GOMAXPROCS(0)), rows/piece+1) {
		group.Go(func() (err error) {
			cursor, err := newCursor(ctx, db, table, rows, columns)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, cursor.Close()) }()
			if condition != "" {
				cursor.query += " (" + condition + "\n) AND"
			}
			for {
				if cursor.next = next.Add(piece) - piece; cursor.next >= rows {
					return nil
				}
				if err := cursor.ask(); err != nil {
					return err
				}
				for cursor.fetch() {
					take(cursor.columns())
					cursor.drop()
				}
			}
		})
	}
	return group.Wait()
}
