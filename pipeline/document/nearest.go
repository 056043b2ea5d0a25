package document

import "strings"

// Nearest is the candidate that word was most likely meant to be, by the
// smallest edit distance, the first one on a tie. It ignores case, '_', '-' and
// spaces, and answers false when nothing is near: more than one edit, plus one
// for each four letters, is a different word.
func Nearest(word string, candidates []string) (string, bool) {
	w := plainLetters(word)
	best, bestDistance := "", -1
	for _, candidate := range candidates {
		c := plainLetters(candidate)
		d := editDistance(w, c)
		if d > 1+len(w)/4 || d >= max(len(w), len(c)) {
			continue
		}
		if bestDistance < 0 || d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	return best, bestDistance >= 0
}

func plainLetters(s string) []rune {
	return []rune(strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s)))
}

// editDistance is the optimal string alignment distance: insertions, deletions,
// substitutions and swaps of neighbours (Damerau 1964, restricted form). Words
// that differ by more than maxWord in length cannot be near, so long foreign
// text costs nothing.
func editDistance(a, b []rune) int {
	const maxWord = 200
	if len(a) > maxWord || len(b) > maxWord {
		return max(len(a), len(b))
	}
	before := make([]int, len(b)+1)
	previous := make([]int, len(b)+1)
	current := make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		current[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(previous[j]+1, current[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, before[j-2]+1)
			}
			current[j] = d
		}
		before, previous, current = previous, current, before
	}
	return previous[len(b)]
}
