package feature

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// sixtyFourBits are 64 bits that carry, or nearly do, more often than by chance.
var sixtyFourBits = rapid.OneOf(rapid.Uint64(), rapid.SampledFrom([]uint64{0, 1, math.MaxUint64, math.MaxUint64 - 1, 1 << 63, math.MaxInt64}))

func drawInt128(t *rapid.T, label string) int128 {
	return int128{sixtyFourBits.Draw(t, label), int64(sixtyFourBits.Draw(t, label))}
}

func (a int128) big() *big.Int {
	v := new(big.Int).Lsh(big.NewInt(a.high), 64)
	return v.Add(v, new(big.Int).SetUint64(a.low))
}

func (a uint256) big() *big.Int {
	v := new(big.Int)
	for i := len(a) - 1; i >= 0; i-- {
		v.Lsh(v, 64).Or(v, new(big.Int).SetUint64(a[i]))
	}
	return v
}

// All arithmetic is held against math/big.
func TestExact(t *testing.T) {
	two := func(n uint) *big.Int { return new(big.Int).Lsh(big.NewInt(1), n) }
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawInt128(t, "a"), drawInt128(t, "b")
		sum, want := a, new(big.Int).Add(a.big(), b.big())
		fits := sum.add(b)
		if inside := want.Cmp(two(127)) < 0 && want.Cmp(new(big.Int).Neg(two(127))) >= 0; fits != inside || fits && sum.big().Cmp(want) != 0 {
			t.Fatalf("%v + %v = %v (%v), want %v", a.big(), b.big(), sum.big(), fits, want)
		}
		if got := a.compare(b); got != a.big().Cmp(b.big()) {
			t.Fatalf("%v is to %v as %d", a.big(), b.big(), got)
		}
		x, y := a.square(), b.square()
		if x.big().Cmp(new(big.Int).Mul(a.big(), a.big())) != 0 {
			t.Fatalf("%v² = %v", a.big(), x.big())
		}
		squares, want := x, new(big.Int).Add(x.big(), y.big())
		if fits := squares.add(y); fits != (want.BitLen() <= 256) || fits && squares.big().Cmp(want) != 0 {
			t.Fatalf("%v + %v = %v (%v)", x.big(), y.big(), squares.big(), fits)
		}
		if fits := squares.sub(y); squares != x || fits != (want.BitLen() <= 256) {
			t.Fatalf("%v + %v - %v = %v (%v)", x.big(), y.big(), y.big(), squares.big(), fits)
		}
		n := max(1, sixtyFourBits.Draw(t, "n"))
		product, want := x, new(big.Int).Mul(x.big(), new(big.Int).SetUint64(n))
		if fits := product.times(n); fits != (want.BitLen() <= 256) || fits && product.big().Cmp(want) != 0 {
			t.Fatalf("%v × %d = %v (%v)", x.big(), n, product.big(), fits)
		}
		quotient, rest := x, new(big.Int)
		wantQuotient, wantRest := new(big.Int).QuoRem(x.big(), new(big.Int).SetUint64(n), rest)
		if got := quotient.div(n); quotient.big().Cmp(wantQuotient) != 0 || got != wantRest.Uint64() {
			t.Fatalf("%v / %d = %v, rest %d", x.big(), n, quotient.big(), got)
		}
	})
}

// What was added to running sums after a while is held against math/big.
func TestExactRunning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var sums, before int192
		var squares, squaresBefore uint320
		sum, square := new(big.Int), new(big.Int)
		count := rapid.IntRange(0, 20).Draw(t, "count")
		since := rapid.IntRange(0, count).Draw(t, "since")
		for i := range count {
			if i == since {
				before, squaresBefore = sums, squares
			}
			v := drawInt128(t, "v")
			sums.add(v)
			squares.add(v.square())
			if i >= since {
				sum.Add(sum, v.big())
				square.Add(square, v.square().big())
			}
		}
		if since == count {
			before, squaresBefore = sums, squares
		}
		inside := sum.Cmp(new(big.Int).Lsh(big.NewInt(1), 127)) < 0 && sum.Cmp(new(big.Int).Lsh(big.NewInt(-1), 127)) >= 0
		if got, fits := sums.minus(&before); fits != inside || fits && got.big().Cmp(sum) != 0 {
			t.Fatalf("the sum is %v (%v), want %v", got.big(), fits, sum)
		}
		if got, fits := squares.minus(&squaresBefore); fits != (square.BitLen() <= 256) || fits && got.big().Cmp(square) != 0 {
			t.Fatalf("the sum of squares is %v (%v), want %v", got.big(), fits, square)
		}
	})
}

// The result of a sum is as near as two roundings of its parts are.
func TestExactFloat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawInt128(t, "a")
		whole, rest := new(big.Int).QuoRem(a.big(), big.NewInt(billion), new(big.Int))
		nearest, _ := new(big.Float).SetInt(whole).Float64()
		want := nearest + float64(float64(rest.Int64())/billion)
		if v := a.big(); v.CmpAbs(big.NewInt(1<<53)) <= 0 {
			want = float64(v.Int64()) / billion
		}
		if got := a.float64(); got != want {
			t.Fatalf("%v billionths are %v, want %v", a.big(), got, want)
		}
	})
}

// A small deviation of numbers whose squares have up to 250 bits.
func TestExactDeviation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := int128{sixtyFourBits.Draw(t, "low"), rapid.Int64Range(-1<<58, 1<<58).Draw(t, "high")}
		var sum int128
		var squares uint256
		var numbers []*big.Int
		for range rapid.IntRange(2, 4).Draw(t, "n") {
			v := base
			v.add(int128{low: rapid.Uint64Range(0, 1<<62).Draw(t, "v")})
			sum.add(v)
			squares.add(v.square())
			numbers = append(numbers, v.big())
		}
		total := new(big.Int)
		for i, a := range numbers {
			for _, b := range numbers[:i] {
				difference := new(big.Int).Sub(a, b)
				total.Add(total, difference.Mul(difference, difference))
			}
		}
		variance, _ := new(big.Float).SetInt(total).Float64()
		n := float64(len(numbers))
		want := math.Sqrt(variance/(n*(n-1))) / billion
		got, ok := deviation(int64(len(numbers)), sum, squares)
		if !ok || math.Abs(got-want) > 1e-15*want {
			t.Fatalf("%v deviate by %v (%v), want %v", numbers, got, ok, want)
		}
	})
}
