package profile

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

const (
	// leastShare is the smallest share a bin counts with: that of an empty bin
	// would have an infinite logarithm. The value is the usual one (Evidently,
	// calculations/stattests/utils.py).
	leastShare = 0.0001
	// noiseLevel is the probability with which PSI stays below Drift.Noise when
	// nothing has changed.
	noiseLevel = 0.99
	// NoiseLimit is the most noise at which a PSI is worth a verdict: the value
	// below which credit scoring, where the index comes from, reads it as "no
	// change" (Siddiqi, Credit Risk Scorecards, 2006).
	NoiseLimit = 0.1
)

// A Status says whether a drift was measured, and if not, why.
type Status string

// The statuses.
const (
	Measured    Status = "measured"
	TooFewRows  Status = "too few rows"      // chance alone may exceed NoiseLimit
	NoValues    Status = "no values"         // every row is missing, or there is none
	NoReference Status = "never in training" // training had no value
)

// Drift is how far a column is from the training data. It never passes a
// verdict: a drift is news when PSI exceeds both a threshold and Noise.
type Drift struct {
	Feature string `json:"feature"`
	Status  Status `json:"status"`
	// PSI is the population stability index over the values present; nil unless
	// Status is Measured.
	PSI *float64 `json:"psi,omitempty"`
	// Expected is the PSI that chance gives on average when nothing has
	// changed, (bins−1)·(1/n+1/m); Noise is what it stays below 99 times in 100.
	// Both are 0 where there are no values.
	Expected float64 `json:"expected"`
	Noise    float64 `json:"noise"`
	// N is the number of rows, Values how many of them have a value.
	N                    int     `json:"n"`
	Values               int     `json:"values"`
	MissingShare         float64 `json:"missing_share"`
	TrainingMissingShare float64 `json:"training_missing_share"`
	// OutOfRange is how many values are below the least or above the greatest of
	// training, or levels outside the profile's top levels when it has no others.
	OutOfRange int `json:"out_of_range"`
}

// Measure gives the drift of every feature of the profile, in its order, and of
// the scores where they were counted.
func Measure(p *Profile, counts []Count) ([]Drift, error) {
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("measure drift: %w", err)
	}
	var drifts []Drift
	for i := range counts {
		reference := p.find(counts[i].Feature)
		if reference == nil {
			return nil, fmt.Errorf("measure drift: the profile does not describe %q", counts[i].Feature)
		}
		if len(counts[i].Bins) != len(reference.counts()) {
			return nil, fmt.Errorf("measure drift: %q was counted in %d bins, and the profile has %d", counts[i].Feature, len(counts[i].Bins), len(reference.counts()))
		}
		drifts = append(drifts, measure(reference, counts[i]))
	}
	return drifts, nil
}

func (p *Profile) find(name string) *Feature {
	for i := range p.Features {
		if p.Features[i].Name == name {
			return &p.Features[i]
		}
	}
	if name == ScoreName {
		return p.Score
	}
	return nil
}

func measure(reference *Feature, count Count) Drift {
	drift := Drift{Feature: reference.Name, N: count.Rows, OutOfRange: count.OutOfRange, TrainingMissingShare: reference.MissingShare()}
	for _, n := range count.Bins {
		drift.Values += n
	}
	drift.MissingShare = share(drift.N-drift.Values, drift.N)
	switch {
	case reference.Present() == 0:
		drift.Status = NoReference
		return drift
	case drift.Values == 0:
		drift.Status = NoValues
		return drift
	}
	psi, bins := stability(reference.counts(), count.Bins)
	drift.Expected, drift.Noise = noise(bins, reference.Present(), drift.Values)
	drift.Status = TooFewRows
	if drift.Noise <= NoiseLimit {
		drift.Status, drift.PSI = Measured, &psi
	}
	return drift
}

// stability is the population stability index Σ (q−p)·ln(q/p) over the bins that
// have rows on either side, and the number of those bins. Both sides have rows.
func stability(reference, current []int) (psi float64, bins int) {
	totalReference, totalCurrent := 0, 0
	for i := range reference {
		totalReference += reference[i]
		totalCurrent += current[i]
	}
	for i := range reference {
		if reference[i]+current[i] == 0 {
			continue
		}
		bins++
		p := math.Max(share(reference[i], totalReference), leastShare)
		q := math.Max(share(current[i], totalCurrent), leastShare)
		psi += float64((q - p) * math.Log(q/p))
	}
	return psi, bins
}

// noise is what the index is when n and m rows are drawn from one distribution:
// (1/n+1/m) times a chi-squared variable with bins−1 degrees of freedom
// (Yurdakul, Statistical Properties of Population Stability Index, 2018).
func noise(bins, n, m int) (expected, upper float64) {
	if bins < 2 {
		return 0, 0
	}
	scale := 1/float64(n) + 1/float64(m)
	degrees := float64(bins - 1)
	return degrees * scale, distuv.ChiSquared{K: degrees}.Quantile(noiseLevel) * scale
}
