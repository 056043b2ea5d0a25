package feature

import (
	"cmp"
	"math"
	"math/big"
	"math/bits"
)

// An int128 is a number in billionths: what a DECIMAL(38, 9) holds, laid out as
// DuckDB does. A window's sum is one too.
type int128 struct {
	low  uint64
	high int64
}

// add says whether the sum has room.
func (a *int128) add(b int128) bool {
	low, carry := bits.Add64(a.low, b.low, 0)
	high := a.high + b.high + int64(carry)
	fits := (a.high^high)&(b.high^high) >= 0
	a.low, a.high = low, high
	return fits
}

func (a int128) compare(b int128) int {
	return cmp.Or(cmp.Compare(a.high, b.high), cmp.Compare(a.low, b.low))
}

// magnitude is the absolute value; that of the least number fits too.
func (a int128) magnitude() (high, low uint64) {
	if a.high >= 0 {
		return uint64(a.high), a.low
	}
	low, borrow := bits.Sub64(0, a.low, 0)
	high, _ = bits.Sub64(0, uint64(a.high), borrow)
	return high, low
}

const billion = 1_000_000_000

// float64 divides by a billion: at once where the integer is exact as a
// float64, else the whole part and the rest apart.
func (a int128) float64() float64 {
	high, low := a.magnitude()
	var v float64
	if high == 0 && low <= 1<<53 {
		v = float64(low) / billion
	} else {
		wholeHigh, rest := bits.Div64(0, high, billion)
		whole, rest := bits.Div64(rest, low, billion)
		v = unsigned(wholeHigh, whole) + float64(float64(rest)/billion)
	}
	if a.high < 0 {
		return -v
	}
	return v
}

// unsigned rounds an integer of 128 bits to the nearest float64.
func unsigned(high, low uint64) float64 {
	if high == 0 {
		return float64(low)
	}
	v := new(big.Int).SetUint64(high)
	nearest, _ := new(big.Float).SetInt(v.Lsh(v, 64).Or(v, new(big.Int).SetUint64(low))).Float64()
	return nearest
}

// An int192 is a running sum of int128s: however many rows there are, it has room.
type int192 struct {
	low, mid uint64
	high     int64
}

func (a *int192) add(b int128) {
	var carry uint64
	a.low, carry = bits.Add64(a.low, b.low, 0)
	a.mid, carry = bits.Add64(a.mid, uint64(b.high), carry)
	a.high += b.high>>63 + int64(carry)
}

// minus is what was added since b, and whether it has room.
func (a *int192) minus(b *int192) (int128, bool) {
	low, borrow := bits.Sub64(a.low, b.low, 0)
	mid, borrow := bits.Sub64(a.mid, b.mid, borrow)
	high := a.high - b.high - int64(borrow)
	return int128{low, int64(mid)}, high == int64(mid)>>63
}

// A uint256 is a square of an int128, or a sum of some, the least 64 bits first.
type uint256 [4]uint64

// A uint320 is a running sum of squares: it has room too.
type uint320 struct {
	rest uint256
	high uint64
}

func (a *uint320) add(b uint256) {
	if !a.rest.add(b) {
		a.high++
	}
}

// minus is what was added since b, and whether it has room.
func (a *uint320) minus(b *uint320) (uint256, bool) {
	rest, high := a.rest, a.high-b.high
	if !rest.sub(b.rest) {
		high--
	}
	return rest, high == 0
}

func (a int128) square() uint256 {
	high, low := a.magnitude()
	var s uint256
	s[1], s[0] = bits.Mul64(low, low)
	s[3], s[2] = bits.Mul64(high, high)
	// high is below 2⁶³, so that twice the mixed product has room from the
	// second place on.
	mixedHigh, mixedLow := bits.Mul64(high<<1, low)
	var carry uint64
	s[1], carry = bits.Add64(s[1], mixedLow, 0)
	s[2], carry = bits.Add64(s[2], mixedHigh, carry)
	s[3] += carry
	return s
}

// add and times say whether the result has room.
func (a *uint256) add(b uint256) bool {
	var carry uint64
	for i := range a {
		a[i], carry = bits.Add64(a[i], b[i], carry)
	}
	return carry == 0
}

func (a *uint256) times(n uint64) bool {
	var carry uint64
	for i := range a {
		high, low := bits.Mul64(a[i], n)
		var c uint64
		a[i], c = bits.Add64(low, carry, 0)
		carry = high + c
	}
	return carry == 0
}

// sub says whether the difference is not negative.
func (a *uint256) sub(b uint256) bool {
	var borrow uint64
	for i := range a {
		a[i], borrow = bits.Sub64(a[i], b[i], borrow)
	}
	return borrow == 0
}

// div leaves the quotient and returns the remainder.
func (a *uint256) div(n uint64) (rest uint64) {
	for i := len(a) - 1; i >= 0; i-- {
		a[i], rest = bits.Div64(rest, a[i], n)
	}
	return rest
}

// deviation is the sample standard deviation of n numbers from their sum and
// the sum of their squares, both exact. n·Σx² − (Σx)², of x in billionths, is
// n − 1 times n times the variance: large terms cancel while they are whole
// numbers. What is rounded is the two parts of the difference, their sum, the
// quotient, the root and its billionth. There is none where the difference has
// more than 187 bits.
func deviation(n int64, sum int128, squares uint256) (float64, bool) {
	const quintillion = 1_000_000_000_000_000_000
	if !squares.times(uint64(n)) {
		return 0, false
	}
	squares.sub(sum.square())
	rest := squares.div(quintillion)
	if squares[3] != 0 || squares[2] != 0 || squares[1] > math.MaxInt64 {
		return 0, false
	}
	whole := float64(squares[0]) + float64(float64(squares[1])*(1<<64))
	return math.Sqrt((float64(whole*quintillion)+float64(rest))/(float64(n)*float64(n-1))) / billion, true
}
