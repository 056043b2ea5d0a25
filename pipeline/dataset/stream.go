package dataset

import (
	"context"
	"database/sql"
	"errors"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// Stream hands on the rows of a query in chunks, side by side, one for each
// processor. A chunk comes with its place in the query's order.
func Stream(ctx context.Context, db *sql.DB, query string, take func(place int, chunk Chunk)) (err error) {
	cursor, err := NewCursor(ctx, db, query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cursor.Close()) }()
	type placed struct {
		place int
		chunk Chunk
	}
	chunks := make(chan placed, 2*runtime.GOMAXPROCS(0))
	var group errgroup.Group
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			for c := range chunks {
				take(c.place, c.chunk)
				c.chunk.drop()
			}
			return nil
		})
	}
	err = func() error {
		defer close(chunks)
		for place := 0; ; place++ {
			chunk, ok, err := cursor.take()
			if err != nil || !ok {
				return err
			}
			chunks <- placed{place, chunk}
		}
	}()
	return errors.Join(err, group.Wait())
}
