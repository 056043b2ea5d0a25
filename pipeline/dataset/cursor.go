package dataset

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	duckdb "github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"
)

// A table is read in pieces: DuckDB looks at every row's rowid to find those of
// a piece, so that their number is bounded, and a piece is then all in memory.
// Fewer are not read faster, and smaller ones slower.
const (
	mostPieces = 32
	leastPiece = 61_440 // half a row group of a DuckDB table
)

// pieceOf is how many rows of a table's are read at a time.
func pieceOf(rows int64) int64 { return max(leastPiece, (rows+mostPieces-1)/mostPieces) }

// A Cursor reads columns of a table in the order in which its rows were
// inserted, some at a time, straight from DuckDB's memory: rows that are
// scanned through database/sql take twenty times as long, each value being
// boxed. It holds a connection until it is closed.
type Cursor struct {
	ctx   context.Context
	conn  *sql.Conn
	query string
	// next is the first rowid that has not been asked for, and piece how many are
	// asked for at a time.
	next   int64
	piece  int64
	result mapping.Result
	open   bool
	chunk  mapping.DataChunk
}

// NewCursor makes a cursor over columns, which are SQL over a row of a table
// whose rows are never deleted. A table that was made by SELECT ... ORDER BY is
// in that order, provided that preserve_insertion_order is on.
func NewCursor(ctx context.Context, db *sql.DB, table string, columns ...string) (*Cursor, error) {
	rows, err := count(ctx, db, table)
	if err != nil {
		return nil, err
	}
	return newCursor(ctx, db, table, rows, columns)
}

func count(ctx context.Context, db *sql.DB, table string) (rows int64, err error) {
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM "+table).Scan(&rows); err != nil {
		return 0, fmt.Errorf("read %s: %w", table, err)
	}
	return rows, nil
}

func newCursor(ctx context.Context, db *sql.DB, table string, rows int64, columns []string) (*Cursor, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", table, err)
	}
	return &Cursor{ctx: ctx, conn: conn, query: fmt.Sprintf("SELECT %s FROM %s WHERE", strings.Join(columns, ", "), table), piece: pieceOf(rows)}, nil
}

// Next reads the next rows; there are none where ok is false. The chunk before
// is then gone.
func (c *Cursor) Next() (chunk Chunk, ok bool, err error) {
	c.drop()
	if c.fetch() {
		return c.columns(), true, nil
	}
	if err := c.ask(); err != nil {
		return Chunk{}, false, err
	}
	if c.fetch() {
		return c.columns(), true, nil
	}
	return Chunk{}, false, nil
}

// ask runs the query for the next rows.
func (c *Cursor) ask() error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	return c.conn.Raw(func(driverConn any) error {
		conn, err := connection(driverConn)
		if err != nil {
			return err
		}
		stop := context.AfterFunc(c.ctx, func() { mapping.Interrupt(conn) })
		defer stop()
		query := fmt.Sprintf("%s rowid >= %d AND rowid < %d", c.query, c.next, c.next+c.piece)
		if mapping.Query(conn, query, &c.result) == mapping.StateError {
			defer mapping.DestroyResult(&c.result)
			return errors.Join(c.ctx.Err(), fmt.Errorf("%s: %w", c.query, &duckdb.Error{
				Type: duckdb.ErrorType(mapping.ResultErrorType(&c.result)), Msg: mapping.ResultError(&c.result),
			}))
		}
		c.open = true
		c.next += c.piece
		return nil
	})
}

// fetch takes the next chunk of the result at hand.
func (c *Cursor) fetch() bool {
	if !c.open {
		return false
	}
	if c.chunk = mapping.FetchChunk(c.result); c.chunk.Ptr == nil {
		c.closeResult()
		return false
	}
	return true
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

func (c *Cursor) drop() {
	if c.chunk.Ptr != nil {
		mapping.DestroyDataChunk(&c.chunk)
		c.chunk = mapping.DataChunk{}
	}
}

func (c *Cursor) closeResult() {
	if c.open {
		mapping.DestroyResult(&c.result)
		c.open = false
	}
}

// Close frees what the cursor holds.
func (c *Cursor) Close() error {
	c.drop()
	c.closeResult()
	return c.conn.Close()
}

// columns are the vectors of the chunk at hand.
func (c *Cursor) columns() Chunk {
	chunk := Chunk{Rows: int(mapping.DataChunkGetSize(c.chunk)), vectors: make([]vector, mapping.DataChunkGetColumnCount(c.chunk))}
	for i := range chunk.vectors {
		v := mapping.DataChunkGetVector(c.chunk, mapping.IdxT(i))
		logical := mapping.VectorGetColumnType(v)
		kind := mapping.GetTypeId(logical)
		if kind == mapping.TypeDecimal {
			kind = mapping.DecimalInternalType(logical)
		}
		mapping.DestroyLogicalType(&logical)
		chunk.vectors[i] = vector{kind: kind, data: mapping.VectorGetData(v), validity: mapping.VectorGetValidity(v)}
	}
	return chunk
}

// A Chunk is some rows, column by column. What it returns is DuckDB's memory,
// which is gone once the cursor moves on. What stands at the place of a NULL is
// undefined. To ask for a column as a type that it has not is a mistake in the
// program, and panics.
type Chunk struct {
	Rows    int
	vectors []vector
}

type vector struct {
	kind           mapping.Type
	data, validity unsafe.Pointer
}

// A Huge is an integer of 128 bits in two's complement, as DuckDB lays it out.
type Huge struct {
	Low  uint64
	High int64
}

// Integers are the values of a BIGINT, of a TIMESTAMP in microseconds, or of a
// DECIMAL of 10 to 18 digits as integers.
func (c Chunk) Integers(column int) []int64 {
	return slice[int64](c, column, mapping.TypeBigInt, mapping.TypeTimestamp)
}

// Numbers are the values of a DOUBLE.
func (c Chunk) Numbers(column int) []float64 {
	return slice[float64](c, column, mapping.TypeDouble)
}

// Huges are the values of a HUGEINT, or of a DECIMAL of more than 18 digits as
// integers.
func (c Chunk) Huges(column int) []Huge {
	return slice[Huge](c, column, mapping.TypeHugeInt)
}

// Texts are the values of a VARCHAR, to be read by Text.
func (c Chunk) Texts(column int) []Text {
	return slice[Text](c, column, mapping.TypeVarchar)
}

// A Text is a string in DuckDB's memory, laid out as duckdb_string_t is in
// duckdb.h: its length in the first 32 bits, and from there either up to 12
// bytes of its own or, in the last 64 bits, where the bytes are.
type Text [2]uint64

const inlinedText = 12

// View is the text as it lies in DuckDB's memory, and goes with it.
func (t *Text) View() string {
	header := unsafe.Pointer(t)
	length := *(*uint32)(header)
	if length <= inlinedText {
		return unsafe.String((*byte)(unsafe.Add(header, 4)), length)
	}
	return unsafe.String(*(**byte)(unsafe.Add(header, 8)), length)
}

// String copies the text.
func (t *Text) String() string { return strings.Clone(t.View()) }

func slice[T any](c Chunk, column int, kinds ...mapping.Type) []T {
	v := c.vectors[column]
	for _, kind := range kinds {
		if v.kind == kind {
			return unsafe.Slice((*T)(v.data), c.Rows)
		}
	}
	panic(fmt.Sprintf("column %d is of DuckDB's type %d and is read as %T", column, v.kind, *new(T)))
}

// A Validity says which rows of a column are not NULL, one bit each.
type Validity []uint64

// Validity is that of a column; it is empty where no row is NULL.
func (c Chunk) Validity(column int) Validity {
	v := c.vectors[column]
	if v.validity == nil {
		return nil
	}
	return unsafe.Slice((*uint64)(v.validity), (c.Rows+63)/64)
}

// Valid says whether a row is not NULL.
func (v Validity) Valid(row int) bool { return v == nil || v[row>>6]>>(row&63)&1 == 1 }
