package metric

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// ROCAUC is the probability that a positive row has a higher score than a
// negative one, ties counting half. p may be any finite scores.
//
// The interval is DeLong's (DeLong, DeLong and Clarke-Pearson 1988), computed
// from midranks in O(n log n) (Sun and Xu 2014), cut to [0, 1]; over days it is
// of the sums of its components (Obuchowski 1997). A score that
// separates the classes entirely has no variance in that sense; there the bound
// is that of Clopper and Pearson for min(positives, negatives) pairs, all of
// which are in order; over days, for no more pairs than either class has days.
// With one class the area is undefined; with a single row of
// a class its interval is all of [0, 1], with a warning.
func ROCAUC(y, p []float64, days Days) (Estimate, error) {
	const name = "roc_auc"
	positives, err := checkClasses(name, y, p, days)
	if err != nil {
		return Estimate{}, err
	}
	negatives := len(y) - positives
	if positives == 0 || negatives == 0 {
		return Estimate{}, fmt.Errorf("%s is %w where %d of %d labels are positive; it needs both classes", name, ErrUndefined, positives, len(y))
	}
	placements := placements(y, p, positives)
	m, n := float64(positives), float64(negatives)
	// Placements are multiples of one half, so their sum is exact.
	area := sum(placements.positive) / (m * n)
	estimate := days.mark(Estimate{Metric: name, Value: area, Low: 0, High: 1, Level: Level, N: len(y), Positives: positives})
	fewer := min(positives, negatives)
	switch {
	case fewer == 1:
		estimate.Warnings = append(estimate.Warnings, "one class has a single row, so that the interval says nothing")
	case area == 1:
		estimate.Low = math.Pow((1-Level)/2, 1/float64(days.pairs(y, fewer)))
		estimate.Warnings = append(estimate.Warnings, "the scores separate the classes entirely, as a leaked label would")
	case area == 0:
		estimate.High = 1 - math.Pow((1-Level)/2, 1/float64(days.pairs(y, fewer)))
		estimate.Warnings = append(estimate.Warnings, "the scores separate the classes entirely, in the wrong order")
	default:
		variance := variance(placements.positive)/(m*n*n) + variance(placements.negative)/(n*m*m)
		half := days.half(math.Sqrt(variance), areaShares(y, placements.byRow, positives))
		estimate.Low, estimate.High = math.Max(0, area-half), math.Min(1, area+half)
		if variance == 0 {
			estimate.Warnings = append(estimate.Warnings, "all scores are equal")
		}
	}
	return estimate, nil
}

// placed are DeLong's structural components, not yet divided: for each positive
// row how many negatives it outranks, for each negative row by how many
// positives it is outranked, ties counting half.
type placed struct{ positive, negative, byRow []float64 }

func placements(y, p []float64, positives int) placed {
	order, placement := placementByRow(y, p, positives)
	out := placed{make([]float64, 0, positives), make([]float64, 0, len(y)-positives), placement}
	for _, row := range order {
		if y[row] == 1 {
			out.positive = append(out.positive, placement[row])
		} else {
			out.negative = append(out.negative, placement[row])
		}
	}
	return out
}

// areaShares are what each row adds to the error of the area, or of a difference
// of two areas, from its component or its components' difference.
func areaShares(y, placement []float64, positives int) []float64 {
	m, n := float64(positives), float64(len(y)-positives)
	var ofPositives, ofNegatives float64
	for row, label := range y {
		if label == 1 {
			ofPositives += placement[row]
		} else {
			ofNegatives += placement[row]
		}
	}
	shares := make([]float64, len(y))
	for row, label := range y {
		mean := ofNegatives / n
		if label == 1 {
			mean = ofPositives / m
		}
		shares[row] = (placement[row] - mean) / (m * n)
	}
	return shares
}

// placementByRow is each row's component, and the rows in order of their score.
func placementByRow(y, p []float64, positives int) (order []int, placement []float64) {
	order, placement = make([]int, len(y)), make([]float64, len(y))
	for i := range order {
		order[i] = i
	}
	// By row within equal scores: a total order.
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(p[a], p[b]), cmp.Compare(a, b))
	})
	positivesBelow, negativesBelow := 0, 0
	for start := 0; start < len(order); {
		end, tiedPositives := start, 0
		for ; end < len(order) && p[order[end]] == p[order[start]]; end++ {
			if y[order[end]] == 1 {
				tiedPositives++
			}
		}
		tiedNegatives := end - start - tiedPositives
		above := positives - positivesBelow - tiedPositives
		for _, row := range order[start:end] {
			if y[row] == 1 {
				placement[row] = float64(negativesBelow) + float64(tiedNegatives)/2
			} else {
				placement[row] = float64(above) + float64(tiedPositives)/2
			}
		}
		positivesBelow += tiedPositives
		negativesBelow += tiedNegatives
		start = end
	}
	return order, placement
}

func sum(values []float64) float64 {
	var total float64
	for _, value := range values {
		total += value
	}
	return total
}

// variance is the sample variance of two values or more.
func variance(values []float64) float64 {
	n := float64(len(values))
	mean := sum(values) / n
	var squares float64
	for _, value := range values {
		squares += float64((value - mean) * (value - mean))
	}
	return squares / (n - 1)
}
