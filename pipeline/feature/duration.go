package feature

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"time"
)

// A Duration is a length of time written the way people say it: "2 hours",
// "7 days". A day is 24 hours, because all times are UTC.
type Duration struct {
	text string
	time.Duration
}

var durationGrammar = regexp.MustCompile(`^([1-9][0-9]*) (second|minute|hour|day|week)s?$`)

var durationUnits = map[string]time.Duration{
	"second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour, "week": 7 * 24 * time.Hour,
}

// ParseDuration reads "N unit" with a unit from seconds to weeks.
func ParseDuration(text string) (Duration, error) {
	parts := durationGrammar.FindStringSubmatch(text)
	if parts == nil {
		return Duration{}, fmt.Errorf("%q is not a length of time; write a whole number and a unit, as in '2 hours' or '7 days'", text)
	}
	unit := durationUnits[parts[2]]
	count, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || count > math.MaxInt64/int64(unit) {
		return Duration{}, fmt.Errorf("%q is longer than 292 years; write a shorter length of time", text)
	}
	return Duration{text: text, Duration: time.Duration(count) * unit}, nil
}

// UnmarshalText reads a duration from a configuration file.
func (d *Duration) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDuration(string(text))
	return err
}

// MarshalText writes the duration as it was read.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.text), nil }

// String is the duration as it was read.
func (d Duration) String() string { return d.text }

// JSONSchemaPattern is the grammar, for editors.
func (Duration) JSONSchemaPattern() string { return durationGrammar.String() }

// interval is the duration as SQL.
func (d Duration) interval() string {
	return fmt.Sprintf("to_microseconds(%d)", d.Microseconds())
}
