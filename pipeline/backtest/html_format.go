package backtest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// none stands where there is no value.
const none = "–"

// nbsp keeps a number and its unit on one line.
const nbsp = "\u00a0"

// count writes a whole number with a comma between thousands.
func count(n int64) string { return grouped(strconv.FormatInt(n, 10)) }

// counted is a number with its noun: "1 day", "2 days".
func counted(n int64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return count(n) + nbsp + noun
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// decimal writes a metric to three decimals, and fewer from 10 on.
func decimal(v float64) string {
	if !finite(v) {
		return none
	}
	return grouped(metric.Figure(v))
}

// grouped sets a comma between the thousands of a number in digits.
func grouped(text string) string {
	whole, fraction, _ := strings.Cut(text, ".")
	sign, digits := "", whole
	if strings.HasPrefix(whole, "-") {
		sign, digits = "−", whole[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if fraction != "" {
		digits += "." + fraction
	}
	return sign + digits
}

// percent writes a share to one decimal of a percent.
func percent(v float64) string {
	if !finite(v) {
		return none
	}
	return strconv.FormatFloat(100*v, 'f', 1, 64) + nbsp + "%"
}

// share is percent of a value that may be missing.
func share(v *float64) string {
	if v == nil {
		return none
	}
	return percent(*v)
}

// amount writes a mean of scores or labels, which may be missing: a share of
// classes, or a number.
func (r *Report) amount(v *float64) string {
	if v != nil && r.Task == metric.Regression {
		return decimal(*v)
	}
	return share(v)
}

// observed is what a mean of labels is called.
func (r *Report) observed() string {
	if r.Task == metric.Regression {
		return "observed mean"
	}
	return "observed rate"
}

// whole reports whether every number of an estimate can be shown.
func whole(e metric.Estimate) bool { return finite(e.Value) && finite(e.Low) && finite(e.High) }

func interval(e metric.Estimate) string {
	_, low, high := e.Short()
	return grouped(low) + "–" + grouped(high)
}

// level is the coverage of an interval, as in "95 % interval".
func level(e metric.Estimate) string {
	if !finite(e.Level) {
		return "interval"
	}
	return strconv.FormatFloat(100*e.Level, 'f', -1, 64) + nbsp + "% interval"
}

// find is the usable estimate of a metric.
func find(estimates []metric.Estimate, name string) (metric.Estimate, bool) {
	for _, e := range estimates {
		if e.Metric == name && whole(e) {
			return e, true
		}
	}
	return metric.Estimate{}, false
}

// metricNames are written as the field writes them.
var metricNames = map[string]string{
	"roc_auc": "ROC AUC", "log_loss": "Log loss", "brier": "Brier score", "brier_score": "Brier score",
	"calibration_error": "Calibration error", "expected_calibration_error": "Calibration error",
	"calibration_ratio": "Calibration ratio", "rmse": "RMSE", "mae": "MAE", "r2": "R²", "poisson_deviance": "Poisson deviance",
}

func metricName(name string) string {
	if known, ok := metricNames[name]; ok {
		return known
	}
	return strings.ReplaceAll(clean(name), "_", " ")
}

// clean makes text that others wrote visible as it is: what would reorder or
// hide it becomes an escape. The template does the rest.
func clean(text string) string { return report.Printable(text) }

// shortID is the beginning of a digest, enough to tell two apart.
func shortID(digest string) string {
	digest = clean(strings.TrimPrefix(digest, "sha256:"))
	if runes := []rune(digest); len(runes) > 12 {
		return string(runes[:12])
	}
	return digest
}

// day is a date for people.
func day(t time.Time) string { return t.Format("2 January 2006") }

// minute is a time for people, to the minute.
func minute(t time.Time) string {
	if t.IsZero() {
		return none
	}
	return t.UTC().Format("2006-01-02 15:04") + nbsp + "UTC"
}

// monthName is 2013-09 as Sep 2013; other text stays.
func monthName(period string) string {
	t, err := time.Parse("2006-01", period)
	if err != nil {
		return clean(period)
	}
	return t.Format("Jan 2006")
}

// days is the period from one date to another, for people.
func days(from, to time.Time) string {
	switch {
	case from.Equal(to):
		return day(from)
	case from.Year() == to.Year() && from.Month() == to.Month():
		return fmt.Sprintf("%d–%s", from.Day(), day(to))
	case from.Year() == to.Year():
		return from.Format("2 January") + " – " + day(to)
	default:
		return day(from) + " – " + day(to)
	}
}

// overDays says that an interval takes no row of a day for itself.
func overDays(e metric.Estimate) string {
	if e.Days < 2 {
		return ""
	}
	return ", over days"
}

// ofDays is how many days an estimate is of, where it knows.
func ofDays(e metric.Estimate) string {
	if e.Days == 0 {
		return ""
	}
	return " of " + counted(int64(e.Days), "day")
}
