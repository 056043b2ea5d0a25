package dataset

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2/mapping"
)

// A Chunk is some rows, column by column. What it returns is DuckDB's memory,
// which is gone once the cursor moves on. What stands at the place of a NULL is
// undefined. To ask for a column as a type that it has not is a mistake in the
// program, and panics.
type Chunk struct {
	Rows    int
	vectors []vector
	data    mapping.DataChunk
}

type vector struct {
	kind           mapping.Type
	data, validity unsafe.Pointer
}

func newChunk(data mapping.DataChunk) Chunk {
	chunk := Chunk{Rows: int(mapping.DataChunkGetSize(data)), vectors: make([]vector, mapping.DataChunkGetColumnCount(data)), data: data}
	for i := range chunk.vectors {
		v := mapping.DataChunkGetVector(data, mapping.IdxT(i))
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

func (c *Chunk) drop() {
	if c.data.Ptr != nil {
		mapping.DestroyDataChunk(&c.data)
		c.data = mapping.DataChunk{}
	}
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
