package dataset

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"

	bindings "github.com/duckdb/duckdb-go-bindings"
	duckdb "github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"
)

// A Cursor reads the rows of a query as DuckDB comes by them, straight from its
// memory: rows that are scanned through database/sql take twenty times as long,
// each value being boxed. It holds a connection until it is closed. Rows come in
// the query's order; those of a table without one in the order in which they were
// inserted, provided that preserve_insertion_order is on.
type Cursor struct {
	ctx    context.Context
	conn   *sql.Conn
	query  string
	stop   func() bool
	result mapping.Result
	chunk  Chunk
}

// NewCursor runs a query.
func NewCursor(ctx context.Context, db *sql.DB, query string) (*Cursor, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", query, err)
	}
	c := &Cursor{ctx: ctx, conn: conn, query: query, stop: func() bool { return true }}
	err = conn.Raw(c.run)
	if errors.Is(err, errPrepare) {
		// The driver tells what kind of error it is.
		if _, own := conn.ExecContext(ctx, "EXPLAIN "+query); own != nil {
			err = own
		}
	}
	if err != nil {
		return nil, errors.Join(ctx.Err(), fmt.Errorf("%s: %w", query, err), c.Close())
	}
	return c, nil
}

var errPrepare = errors.New("DuckDB cannot prepare it")

func (c *Cursor) run(driverConn any) error {
	conn, err := connection(driverConn)
	if err != nil {
		return err
	}
	c.stop = context.AfterFunc(c.ctx, func() { mapping.Interrupt(conn) })
	var statement mapping.PreparedStatement
	defer mapping.DestroyPrepare(&statement)
	if mapping.Prepare(conn, c.query, &statement) == mapping.StateError {
		return fmt.Errorf("%w: %s", errPrepare, mapping.PrepareError(statement))
	}
	var pending mapping.PendingResult
	defer mapping.DestroyPending(&pending)
	//nolint:staticcheck // to stream has been deprecated for years, and has no successor
	if bindings.PendingPreparedStreaming(statement, &pending) == mapping.StateError {
		return fmt.Errorf("%w: %s", errPrepare, mapping.PendingError(pending))
	}
	if mapping.ExecutePending(pending, &c.result) == mapping.StateError {
		return c.failed()
	}
	return nil
}

// failed is what went wrong with the rows, if anything.
func (c *Cursor) failed() error {
	message := mapping.ResultError(&c.result)
	if message == "" {
		return nil
	}
	return &duckdb.Error{Type: duckdb.ErrorType(mapping.ResultErrorType(&c.result)), Msg: message}
}

// Next reads the next rows; there are none where ok is false. The chunk before
// is then gone.
func (c *Cursor) Next() (chunk Chunk, ok bool, err error) {
	c.chunk.drop()
	c.chunk, ok, err = c.take()
	return c.chunk, ok, err
}

// take reads the next rows, which are the caller's to drop.
func (c *Cursor) take() (chunk Chunk, ok bool, err error) {
	data := mapping.FetchChunk(c.result)
	if data.Ptr != nil {
		return newChunk(data), true, nil
	}
	if err := c.failed(); err != nil {
		return Chunk{}, false, errors.Join(c.ctx.Err(), fmt.Errorf("%s: %w", c.query, err))
	}
	return Chunk{}, false, nil
}

// Close frees what the cursor holds.
func (c *Cursor) Close() error {
	c.stop()
	c.chunk.drop()
	mapping.DestroyResult(&c.result)
	return c.conn.Close()
}

// connection is the C connection under one of the driver's. The driver has no
// way to read by columns but Arrow, which is behind a build tag; so it is taken
// from the unexported field that holds it.
func connection(driverConn any) (mapping.Connection, error) {
	if conn, ok := driverConn.(*duckdb.Conn); ok {
		field := reflect.ValueOf(conn).Elem().FieldByName("conn")
		if field.IsValid() && field.Type() == reflect.TypeFor[mapping.Connection]() {
			return mapping.Connection{Ptr: field.FieldByName("Ptr").UnsafePointer()}, nil
		}
	}
	return mapping.Connection{}, fmt.Errorf("read columns: the DuckDB driver's %T is not the one that linecook was made for", driverConn)
}
