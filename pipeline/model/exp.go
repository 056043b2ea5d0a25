package model

import "math"

// Sigmoid is the logistic function 1/(1+e^-x), stable for every finite x. It
// gives the same bits on every processor.
func Sigmoid(x float64) float64 {
	e := Exp(-math.Abs(x))
	if x >= 0 {
		return 1 / (1 + e)
	}
	return e / (1 + e)
}

// Exp is e^x, within one unit in the last place: 0 where it is too small for a
// float64, +Inf where it is too large.
//
// math.Exp chooses fused instructions by the processor it runs on, so that one
// bundle would give scores that differ in their last bit between two runners.
// This is the algorithm of FreeBSD's e_exp.c (Sun Microsystems 1993; argument
// reduction by ln 2, then a rational approximation on [0, 0.5 ln 2]) with every
// product rounded.
func Exp(x float64) float64 {
	const (
		ln2High  = 6.93147180369123816490e-01
		ln2Low   = 1.90821492927058770002e-10
		log2e    = 1.44269504088896338700e+00
		smallest = -7.45133219101941108420e+02 // e^x is 0 below it
		largest  = 7.09782712893383973096e+02  // and +Inf above it
		p1       = 1.66666666666666657415e-01
		p2       = -2.77777777770155933842e-03
		p3       = 6.61375632143793436117e-05
		p4       = -1.65339022054652515390e-06
		p5       = 4.13813679705723846039e-08
	)
	switch {
	case x < smallest:
		return 0
	case x > largest:
		return math.Inf(1)
	}
	k := int(float64(log2e*x) + math.Copysign(0.5, x))
	high := x - float64(float64(k)*ln2High)
	low := float64(float64(k) * ln2Low)
	r := high - low
	t := float64(r * r)
	polynomial := p1 + float64(t*(p2+float64(t*(p3+float64(t*(p4+float64(t*p5)))))))
	c := r - float64(t*polynomial)
	y := 1 - ((low - float64(r*c)/(2-c)) - high)
	return math.Ldexp(y, k)
}
