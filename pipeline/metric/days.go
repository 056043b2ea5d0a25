package metric

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Days are the day of each row, by number from 0 on. Rows of one day have a
// weather, a promotion or a failure in common: they are not so many independent
// ones, and an interval that took them as such would be too narrow. nil is that
// each row stands for itself.
type Days []int

// NumberDays numbers days in the order in which they first come.
func NumberDays(names []string) Days {
	numbers, days := map[string]int{}, make(Days, len(names))
	for i, name := range names {
		number, known := numbers[name]
		if !known {
			number = len(numbers)
			numbers[name] = number
		}
		days[i] = number
	}
	return days
}

// Of are the days of some rows.
func (d Days) Of(rows []int) Days {
	if d == nil {
		return nil
	}
	of := make(Days, len(rows))
	for i, row := range rows {
		of[i] = d[row]
	}
	return of
}

// count is how many different ones there are.
func (d Days) count() int {
	seen := map[int]bool{}
	for _, day := range d {
		seen[day] = true
	}
	return len(seen)
}

// mark says in an estimate how many days are behind it.
func (d Days) mark(e Estimate) Estimate {
	if d == nil {
		return e
	}
	e.Days = d.count()
	if e.Days == 1 {
		e.Warnings = append(e.Warnings, "all rows are of one day, so that the interval takes them as independent of one another")
	}
	return e
}

// half is half the width of an estimate's interval at Level: the greater of what
// rows and what days account for. deviation is the estimate's standard deviation
// where rows are independent; shares are what each row adds to the estimate's
// error, to first order, and add up to 0.
//
// The variance between days is the sum of the squares of their shares, times
// G/(G − 1) of G days, and its quantile is Student's of G − 1 degrees of freedom
// (Liang and Zeger 1986; Cameron and Miller, A Practitioner's Guide to
// Cluster-Robust Inference, 2015, section VI). Where single days are worlds of
// their own it is much more than that of rows; where days are alike it is about
// that, and by chance less.
func (d Days) half(deviation float64, shares []float64) float64 {
	return math.Max(normalQuantile*deviation, d.between(shares))
}

// between is what days account for; 0 where there are no two of them.
func (d Days) between(shares []float64) float64 {
	if d == nil {
		return 0
	}
	size := slices.Max(d) + 1
	sums, seen := make([]float64, size), make([]bool, size)
	for i, share := range shares {
		sums[d[i]] += share
		seen[d[i]] = true
	}
	var squares, count float64
	for day, sum := range sums {
		if seen[day] {
			squares += float64(sum * sum)
			count++
		}
	}
	if count < 2 {
		return 0
	}
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: count - 1}
	return student.Quantile((1+Level)/2) * math.Sqrt(count/(count-1)*squares)
}

// effective is how many independent rows would say as much of a rate as n rows of
// these days do: fewer, where days account for more than rows (Korn and Graubard
// 1998). shares are as for half, of the rate.
func (d Days) effective(rate float64, n int, shares []float64) float64 {
	rows := float64(n)
	alone := normalQuantile * math.Sqrt(rate*(1-rate)/rows)
	if between := d.between(shares); alone > 0 && between > alone {
		rows *= float64(alone*alone) / float64(between*between)
	}
	return rows
}

// pairs are how many of so many pairs of a positive and a negative row stand for
// themselves: as many at most as there are days with either.
func (d Days) pairs(y []float64, rows int) int {
	if d.count() < 2 {
		return rows
	}
	with := [2]map[int]bool{{}, {}}
	for row, label := range y {
		with[int(label)][d[row]] = true
	}
	return min(rows, len(with[0]), len(with[1]))
}

// deviations are how far values lie from their mean, each divided by their
// number: the shares of a mean.
func deviations(values []float64) []float64 {
	n := float64(len(values))
	mean := sum(values) / n
	shares := make([]float64, len(values))
	for i, value := range values {
		shares[i] = (value - mean) / n
	}
	return shares
}
