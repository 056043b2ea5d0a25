package model

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// exact is e^x to 200 bits and more: Taylor's series of x/2¹⁶, squared 16 times.
func exact(x float64) *big.Float {
	const precision, halvings = 300, 16
	number := func() *big.Float { return new(big.Float).SetPrec(precision) }
	r := number().SetFloat64(x)
	r.SetMantExp(r, -halvings)
	sum, term := number().SetInt64(1), number().SetInt64(1)
	for n := int64(1); n < 90; n++ {
		term.Mul(term, r)
		term.Quo(term, number().SetInt64(n))
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
	}
	return sum
}

// unitsOff is how far a float64 is from a number, in units in the last place of
// the float64 that is nearest to it.
func unitsOff(got float64, want *big.Float) float64 {
	nearest, _ := want.Float64()
	unit := math.Nextafter(nearest, math.Inf(1)) - nearest
	off := new(big.Float).SetPrec(want.Prec()).SetFloat64(got)
	off.Sub(off, want).Quo(off, new(big.Float).SetFloat64(unit))
	units, _ := off.Float64()
	return math.Abs(units)
}

func TestTheReferenceIsExact(t *testing.T) {
	for x, want := range map[float64]string{
		0: "1", // and from Python's decimal:
		1: "2.71828182845904523536028747135266249775724709", -1: "0.367879441171442321595523770161460867445811131",
		-32.25: "9.86286204658045206637424534614089365092678579e-15",
	} {
		text, _, err := big.ParseFloat(want, 10, 300, big.ToNearestEven)
		if err != nil {
			t.Fatal(err)
		}
		if off := unitsOff(1, new(big.Float).Quo(exact(x), text)); off > 1e-25 {
			t.Errorf("e^%v is %v, want %s", x, exact(x), want)
		}
	}
}

func TestExpIsWithinOneUnit(t *testing.T) {
	check := func(t interface{ Errorf(string, ...any) }, x float64) {
		if off := unitsOff(Exp(x), exact(x)); off > 1 {
			t.Errorf("Exp(%v) is %v, %v units off", x, Exp(x), off)
		}
	}
	for _, x := range []float64{0, 5e-324, 1e-300, 1e-17, 0.34657359027997264, 0.6931471805599453, 1, 32.25, 708.3, 709, 709.782712893384} {
		check(t, x)
		check(t, -x)
	}
	rapid.Check(t, func(t *rapid.T) { check(t, rapid.Float64Range(-745.13, 709.78).Draw(t, "x")) })
}

func TestExpBeyondTheFloats(t *testing.T) {
	for _, x := range []float64{-745.2, -1e300, -math.MaxFloat64, math.Inf(-1)} {
		if got := Exp(x); got != 0 {
			t.Errorf("Exp(%v) is %v", x, got)
		}
	}
	for _, x := range []float64{709.79, 1e300, math.MaxFloat64, math.Inf(1)} {
		if got := Exp(x); !math.IsInf(got, 1) {
			t.Errorf("Exp(%v) is %v", x, got)
		}
	}
	if got := Exp(math.NaN()); !math.IsNaN(got) {
		t.Errorf("of what is no number it is %v", got)
	}
}
