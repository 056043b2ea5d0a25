package metric

import (
	"cmp"
	"slices"
)

// mostGroups is how many groups of about equally many rows groups makes.
const mostGroups = 10

// groups cuts the rows into at most ten groups of about equal size in order of
// their prediction. Rows with the same prediction are never parted, and no group
// has fewer rows than least where there are as many, so that there may be fewer
// groups.
func groups(p []float64, least int) [][]int {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	// By row within equal predictions: a total order.
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(p[a], p[b]), cmp.Compare(a, b))
	})
	var cut [][]int
	start, tenth := 0, 0
	for i, row := range order {
		tied := i > 0 && p[row] == p[order[i-1]]
		if at := i * mostGroups / len(order); at != tenth && !tied && i-start >= least {
			cut = append(cut, order[start:i])
			start, tenth = i, at
		}
	}
	if rest := order[start:]; len(rest) >= least || len(cut) == 0 {
		return append(cut, rest)
	}
	// What is left over joins the group before it, which ends where it starts.
	last := len(cut) - 1
	cut[last] = order[start-len(cut[last]):]
	return cut
}
