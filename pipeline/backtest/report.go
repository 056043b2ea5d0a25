package backtest

import (
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/ledger"
	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// Format names the form of a Report.
const Format = "linecook.backtest/v1"

// A Report is what a rehearsal found. Every number, count and digest in it
// comes from the run.
type Report struct {
	Format      string `json:"format"`
	Pipeline    string `json:"pipeline"`
	Description string `json:"description,omitempty"`
	// Task says what scores and labels are: probabilities and classes, or numbers.
	Task metric.Task `json:"task"`
	// From and To are the first and the last day that was scored.
	From   string `json:"from"`
	To     string `json:"to"`
	Stage  string `json:"stage"`
	Bundle Bundle `json:"bundle"`
	// Evaluation is the bundle's own, on the holdout before From.
	Evaluation *evaluation.Report `json:"evaluation"`
	// Decisions are the gates in the order in which they were asked.
	Decisions []Gate `json:"decisions"`
	Totals    Totals `json:"totals"`
	Days      []Day  `json:"days"`
	// Quality is over all scored days whose labels became known; Months holds
	// the same month by month. Carried-forward scores are judged apart.
	Quality Quality   `json:"quality"`
	Carried *Quality  `json:"carried,omitempty"`
	Months  []Quality `json:"months"`
	// Thresholds are the bounds that the months were held against.
	Thresholds []Threshold `json:"thresholds,omitempty"`
	// Findings are everything that stopped a day or raised an alert.
	Findings []report.Finding `json:"findings"`
	Sources  []ledger.Input   `json:"sources"`
}

// Bundle is what was rehearsed with.
type Bundle struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	ID      string `json:"id"`
	Until   string `json:"until"`
	// TrainingRows and EvaluationRows count labelled observations.
	TrainingRows   int64  `json:"training_rows"`
	EvaluationRows int64  `json:"evaluation_rows"`
	Snapshot       string `json:"snapshot"`
}

// Totals count days by outcome and rows by kind.
type Totals struct {
	Days           int   `json:"days"`
	Scored         int   `json:"scored"`
	CarriedForward int   `json:"carried_forward"`
	Stopped        int   `json:"stopped"`
	Scores         int64 `json:"scores"`
	CarriedScores  int64 `json:"carried_scores"`
}

// A Day is one run of the line.
type Day struct {
	Date    string         `json:"date"`
	Outcome ledger.Outcome `json:"outcome"`
	Reason  string         `json:"reason,omitempty"`
	// Rows were published; of the observations, WithoutScore got none.
	Rows         int64 `json:"rows"`
	WithoutScore int64 `json:"without_score,omitempty"`
	OldestDays   int   `json:"oldest_days,omitempty"`
	// MeanScore is over the published rows. MeanLabel is over the Labels that
	// became known, and of classes the observed rate; both are nil where there
	// are none.
	MeanScore *float64 `json:"mean_score,omitempty"`
	MeanLabel *float64 `json:"mean_label,omitempty"`
	Labels    int64    `json:"labels"`
	// Drifted names the features above the drift threshold.
	Drifted []string `json:"drifted,omitempty"`
	RunID   string   `json:"run_id"`
}

// Quality compares scores with what happened.
type Quality struct {
	// Period is a month as 2013-09, or empty for all.
	Period string `json:"period,omitempty"`
	Days   int    `json:"days"`
	// Scores were published; Labels of them became known.
	Scores    int64             `json:"scores"`
	Labels    int64             `json:"labels"`
	Estimates []metric.Estimate `json:"estimates"`
	// Reliability is of classification, Residuals of regression.
	Reliability []metric.Bin         `json:"reliability,omitempty"`
	Residuals   []metric.ResidualBin `json:"residuals,omitempty"`
	// MeanScore and MeanLabel are over the rows with labels.
	MeanScore *float64 `json:"mean_score,omitempty"`
	MeanLabel *float64 `json:"mean_label,omitempty"`
}

// A Threshold bounds a metric over the scores of a month; either end may be nil.
type Threshold struct {
	Metric string   `json:"metric"`
	Min    *float64 `json:"min,omitempty"`
	Max    *float64 `json:"max,omitempty"`
}
