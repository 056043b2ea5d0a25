package evaluation

import (
	"fmt"
	"math"
)

// Leakage is what was looked for in the data itself: values that say more about
// the label than they could have known.
type Leakage struct {
	// Features and Rows are how many were looked at; 0 means that nothing was.
	Features int64 `json:"features"`
	Rows     int64 `json:"rows"`
	// Signals are what was found and let pass, as warnings; what is certain is
	// not let pass.
	Signals []Signal `json:"signals"`
}

// A Signal is one feature that is suspected.
type Signal struct {
	// Code is that of the finding; Feature is empty where all features together
	// are meant.
	Code    string `json:"code"`
	Feature string `json:"feature"`
	// Value is the figure that is beyond Threshold, as the code defines it.
	Value     float64 `json:"value"`
	Threshold float64 `json:"threshold"`
	// Rows is how many rows Value is of.
	Rows int64 `json:"rows"`
}

func (l Leakage) check() error {
	if l.Features < 0 || l.Rows < 0 {
		return fmt.Errorf("leaks were looked for in %d features of %d rows", l.Features, l.Rows)
	}
	for _, s := range l.Signals {
		if s.Code == "" || s.Rows < 1 || math.IsNaN(s.Value) || math.IsInf(s.Value, 0) || math.IsNaN(s.Threshold) || math.IsInf(s.Threshold, 0) {
			return fmt.Errorf("the sign of a leak %q in feature %q is %v of %d rows, with the threshold %v", s.Code, s.Feature, s.Value, s.Rows, s.Threshold)
		}
	}
	return nil
}
