package feature

import "fmt"

// A deviation is a sample standard deviation, from totals by their index: the
// numbers' sum, with their count, and the three parts of the sum of squares.
//
// A number in billionths is w·10⁹ + f, with w its whole part and f the rest, of
// the same sign. Its square is w²·10¹⁸ + 2wf·10⁹ + f², and the three products
// are summed apart as whole numbers, so that nothing is rounded; a HUGEINT holds
// them while count × greatest whole part is below 10¹⁹. Past that, DuckDB
// reports an overflow.
type deviation struct{ sum, whole, mixed, rest int }

func (g *aggregateGroup) deviation(s span, number string) int {
	w := "trunc(" + number + ")::HUGEINT"
	f := "((" + number + " % 1)::DECIMAL(18, 9) * 1000000000)::HUGEINT"
	return index(&g.deviations, deviation{
		sum:   g.total(s, number, true, true),
		whole: g.total(s, w+" * "+w, true, false),
		mixed: g.total(s, w+" * "+f, true, false),
		rest:  g.total(s, f+" * "+f, true, false),
	})
}

// steps are columns, each worked out from those before it; the last, s, is the
// standard deviation. n·Σx² − (Σx)², of x in billionths, is n − 1 times n times
// the variance. It is p2·10¹⁸ + 2·p1·10⁹ + p0 and then, with digits between 0
// and 10⁹, q2·10¹⁸ + q1·10⁹ + q0. So large terms cancel while they are whole
// numbers. What is rounded is q2, its product, the rest, their sum, the
// quotient, the root and its billionth.
func (d deviation) steps(i int) []string {
	column := func(format string, name string) string {
		return fmt.Sprintf(format+" AS %[6]s%[1]d", i, d.sum, d.whole, d.mixed, d.rest, name)
	}
	return []string{
		column("trunc(v%[2]d)::HUGEINT", "w"),
		column("((v%[2]d %% 1)::DECIMAL(18, 9) * 1000000000)::HUGEINT", "f"),
		column("n%[2]d * v%[3]d - w%[1]d * w%[1]d", "p2_"),
		column("2 * (n%[2]d * v%[4]d - w%[1]d * f%[1]d)", "p1_"),
		column("n%[2]d * v%[5]d - f%[1]d * f%[1]d", "p0_"),
		column("(p0_%[1]d %% 1000000000 + 1000000000) %% 1000000000", "q0_"),
		column("p1_%[1]d + (p0_%[1]d - q0_%[1]d) // 1000000000", "r1_"),
		column("(r1_%[1]d %% 1000000000 + 1000000000) %% 1000000000", "q1_"),
		column("p2_%[1]d + (r1_%[1]d - q1_%[1]d) // 1000000000", "q2_"),
		column("CASE WHEN n%[2]d > 1 THEN sqrt((q2_%[1]d::DOUBLE * 1e18 + (q1_%[1]d * 1000000000 + q0_%[1]d)::DOUBLE) / (n%[2]d * (n%[2]d - 1))::DOUBLE) / 1e9 END", "s"),
	}
}
