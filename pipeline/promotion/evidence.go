package promotion

import (
	"time"

	"github.com/linecook-ml/linecook/pipeline/evaluation"
)

// Evidence is everything that a decision may rest on: facts with their units,
// no conclusions. Every field must be present; a slice that is empty is written
// as an empty list and never left out, so that "none" and "not looked" differ.
type Evidence struct {
	Operation Operation `json:"operation"`
	Pipeline  string    `json:"pipeline"`
	// Stage is where the candidate asks to serve.
	Stage string `json:"stage"`
	// At is the logical time of the promotion, in UTC.
	At    time.Time `json:"at"`
	Actor string    `json:"actor"`
	// Origin is where the promotion runs, Policy where its rules were read.
	Origin     Origin       `json:"origin"`
	Policy     PolicyOrigin `json:"policy"`
	Candidate  Candidate    `json:"candidate"`
	Provenance Provenance   `json:"provenance"`
	Approvals  Approvals    `json:"approvals"`
	Evaluation Evaluation   `json:"evaluation"`
	// Comparison is of candidate and champion on the same rows; nil where the
	// candidate's training made none.
	Comparison *Comparison         `json:"comparison,omitempty"`
	Honesty    evaluation.Honesty  `json:"honesty"`
	Contract   evaluation.Contract `json:"contract"`
	History    []Assignment        `json:"history"`
	// Champion is what serves on Stage now; nil when nothing does.
	Champion *Champion   `json:"champion,omitempty"`
	Runs     []StageRuns `json:"runs"`
}

// A Candidate is the version that asks to serve.
type Candidate struct {
	Version  string `json:"version"`
	BundleID string `json:"bundle_id"`
	// Verified says that every member of the bundle was read and matched the
	// manifest's digest, and that the manifest's id is the registered one.
	Verified bool `json:"verified"`
	// ArchiveSHA256 is the digest of the file that was published.
	ArchiveSHA256 string `json:"archive_sha256"`
	// TrainedBy is who registered the version.
	TrainedBy string `json:"trained_by"`
	// Until is the end of the data that training could see, in UTC.
	Until         time.Time `json:"until"`
	TrainedCommit string    `json:"trained_commit"`
	// Dirty says that the working tree differed from TrainedCommit.
	Dirty bool `json:"dirty"`
}

// An Evaluation is how a bundle did on rows later than its training.
type Evaluation struct {
	Task     string            `json:"task"`
	Training evaluation.Period `json:"training"`
	Period   evaluation.Period `json:"period"`
	// GapSeconds is the pause that the split promised between the periods, so
	// that no training label was still unknown when the evaluation began.
	GapSeconds int64      `json:"gap_seconds"`
	Rows       int64      `json:"rows"`
	Estimates  []Estimate `json:"estimates"`
	// Split says how the rows were divided. What a random split would have shown
	// is left out: it is no evidence.
	Split           Split           `json:"split"`
	CrossValidation CrossValidation `json:"cross_validation"`
	// Leakage is what was seen in the data itself.
	Leakage evaluation.Leakage `json:"leakage"`
}

// A Split says that no evaluated row was trained on: ComparedRows were looked
// for in training, by key and as copies, and OverlapRows were found.
type Split struct {
	// Kind is evaluation.SplitTime.
	Kind         string `json:"kind"`
	Grouped      bool   `json:"grouped"`
	ComparedRows int64  `json:"compared_rows"`
	OverlapRows  int64  `json:"overlap_rows"`
}

// CrossValidation counts the folds that the parameters were chosen on, and the
// candidates; both are 0 where the parameters were given.
type CrossValidation struct {
	Folds      int64 `json:"folds"`
	Candidates int64 `json:"candidates"`
}

// An Estimate is a metric with the interval that its rows allow.
type Estimate struct {
	Metric string `json:"metric"`
	// Slice is feature=level, or empty for all rows.
	Slice string  `json:"slice"`
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	// Level is the confidence level of Low and High, between 0 and 1.
	Level float64 `json:"level"`
	N     int64   `json:"n"`
	// Positives is how many of N had the event; nil for regression.
	Positives *int64 `json:"positives,omitempty"`
}

// An Assignment is one stage event of this pipeline.
type Assignment struct {
	Stage    string    `json:"stage"`
	Sequence int64     `json:"sequence"`
	Version  string    `json:"version"`
	BundleID string    `json:"bundle_id"`
	At       time.Time `json:"at"`
	// Operation is what the event's record says; Promote where it says nothing.
	Operation Operation `json:"operation"`
	// Digest is of the whole event, its record with it, so that whoever believes
	// this decision knows the events before it.
	Digest string `json:"digest"`
}

// A Champion is the bundle that serves on the target stage now.
type Champion struct {
	Version    string     `json:"version"`
	BundleID   string     `json:"bundle_id"`
	Evaluation Evaluation `json:"evaluation"`
}

// StageRuns counts the days that one bundle was run on one stage, each day by
// its last outcome. Dates are logical dates, YYYY-MM-DD.
type StageRuns struct {
	Stage              string `json:"stage"`
	BundleID           string `json:"bundle_id"`
	DaysScored         int64  `json:"days_scored"`
	DaysCarriedForward int64  `json:"days_carried_forward"`
	DaysStopped        int64  `json:"days_stopped"`
	LastDate           string `json:"last_date"`
	// Drift is what monitoring made of each feature and of the scores on DriftDate,
	// the last day that the bundle scored; empty where it did not look.
	Drift     []Drift `json:"drift"`
	DriftDate string  `json:"drift_date"`
}

// A Drift is the population stability index of one feature, or of the scores,
// against the training profile, over N rows; null unless the status is measured.
type Drift struct {
	Feature string   `json:"feature"`
	Status  string   `json:"status"`
	PSI     *float64 `json:"psi"`
	N       int64    `json:"n"`
}
