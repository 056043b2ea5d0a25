package promotion

import "github.com/linecook-ml/linecook/pipeline/evaluation"

// A Comparison is the candidate beside the champion of its training, both on
// the candidate's evaluation rows.
type Comparison struct {
	Version  string            `json:"version"`
	BundleID string            `json:"bundle_id"`
	Period   evaluation.Period `json:"period"`
	Rows     int64             `json:"rows"`
	// Differences are candidate less champion.
	Differences []Difference `json:"differences"`
}

// A Difference is the paired difference of one metric: candidate less champion.
type Difference struct {
	Metric string `json:"metric"`
	// Slice is feature=level, or empty for all rows.
	Slice string  `json:"slice"`
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Level float64 `json:"level"`
	N     int64   `json:"n"`
}

func comparisonOf(c *evaluation.Comparison) *Comparison {
	if c == nil {
		return nil
	}
	comparison := &Comparison{Version: c.Version, BundleID: c.BundleID, Period: c.Period, Rows: c.Rows, Differences: []Difference{}}
	for _, d := range c.Differences {
		comparison.Differences = append(comparison.Differences, Difference{
			Metric: d.Metric, Slice: d.Slice, Value: d.Value, Low: d.Low, High: d.High, Level: d.Level, N: int64(d.N),
		})
	}
	return comparison
}
