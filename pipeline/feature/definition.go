// Package feature turns definitions into features that were known in time.
//
//  1. A Definition says what a feature is: an expression over the
//     observation's own row, a lookup of the latest row known, an aggregate
//     over a window of rows known, or a query or a command of the user's own
//     over the rows known.
//  2. Lint reads every expression with DuckDB's own parser and refuses what
//     could not have been known at the decision time.
//  3. Build is one and the same for training and for scoring. DuckDB reads the
//     sources and works out the expressions. Keys are numbered, and rows and
//     observations put into parts by them; sweeps then go through each key's, in
//     order of time, and keep what its rows come to.
//  4. The rows come out as a Frame, and a fitted Encoding, learned elsewhere,
//     turns the Frame into the Matrix that a model takes.
package feature

import (
	"fmt"
	"strings"
)

// A Definition is one feature as pipeline.yaml defines it: exactly one of
// Expression, Lookup, Aggregate, SQL and Command is set.
type Definition struct {
	Name       string     `json:"name" yaml:"name" required:"true" description:"the feature's name; unique"`
	Type       Kind       `json:"type" yaml:"type" enum:"numeric,categorical" description:"how the model reads it; numeric unless said otherwise"`
	Expression string     `json:"expression,omitempty" yaml:"expression" description:"SQL over the observation's own row, using columns known at the decision time"`
	Lookup     *Lookup    `json:"lookup,omitempty" yaml:"lookup" description:"the latest row of a source that was known at the decision time (as-of join)"`
	Aggregate  *Aggregate `json:"aggregate,omitempty" yaml:"aggregate" description:"a summary of the rows of a source in a window that ends at the decision time, counting only what was known by then"`
	SQL        string     `json:"sql,omitempty" yaml:"sql" description:"the query of queries that has the feature, as a column of its name"`
	Command    string     `json:"command,omitempty" yaml:"command" description:"the command of commands that works the feature out, as a column of its name"`
	MaxMissing *float64   `json:"max_missing,omitempty" yaml:"max_missing" description:"share of a scored partition that may lack this feature before the line stops; 0.5 unless said otherwise"`
	// PersonalData is not part of what a feature is, so it is in no digest.
	PersonalData string `json:"-" yaml:"personal_data" description:"why this feature may use columns that the contract classifies as personal; without it, it may not"`
}

// DefaultMaxMissing is the share of missing values above which a partition is
// not scored: past one half, the imputed value would speak for most rows.
const DefaultMaxMissing = 0.5

// MissingLimit is the share of missing values that a partition may have.
func (d Definition) MissingLimit() float64 {
	if d.MaxMissing == nil {
		return DefaultMaxMissing
	}
	return *d.MaxMissing
}

// Lookup is an as-of join: of the rows with the same key whose known-at time is
// at or before the decision time, the one with the latest event time, unless
// that event is older than Within. A row is known once the columns that Value,
// By and the event time use are. Of rows with the same event time, the one
// known last wins; where these too are the same, the greatest value does, by
// the order of the feature's type: numbers, or the bytes of texts. NULL is less
// than all.
type Lookup struct {
	Source string   `json:"source" yaml:"source" required:"true" description:"the source to look in"`
	Value  string   `json:"value" yaml:"value" required:"true" description:"SQL over the source's row"`
	By     []string `json:"by,omitempty" yaml:"by" description:"key columns: a name found in both, or source_column=observation_column"`
	Within Duration `json:"within" yaml:"within" required:"true" description:"how old the row may be, as in '6 hours'"`
}

// Aggregate summarises the rows with the same key whose event time lies in
// (decision time - Window, decision time] and whose known-at time is at or
// before the decision time. A row is known once the columns that Of, By and the
// event time use are. Rows where Of is NULL do not count.
//
// Sum, mean, stddev and last take Of rounded to nine decimals and add exactly;
// only their result is rounded to a float64. Stddev is that of a sample: the
// root of the sum of squared deviations from the mean over n - 1. Last is the
// mean of the N latest rows by event time; of rows with the same event time
// those known later are the latest and, where that is the same too, the greater
// ones. Min and max leave out NaN.
type Aggregate struct {
	Source   string   `json:"source" yaml:"source" required:"true" description:"the source whose rows are summarised"`
	Function string   `json:"function" yaml:"function" required:"true" enum:"count,rate,sum,mean,min,max,stddev,distinct,last" description:"count of rows; rate of a condition; sum, mean, or sample standard deviation of a number, exact to nine decimals; min or max of a number; count of distinct values; last: mean of the latest n rows"`
	Of       string   `json:"of,omitempty" yaml:"of" description:"SQL over the source's row: a condition for count and rate, any value for distinct, else a number; rows where it is NULL do not count"`
	N        int      `json:"n,omitempty" yaml:"n" description:"for last: of how many rows the mean is, from 1 to 1000"`
	By       []string `json:"by,omitempty" yaml:"by" description:"key columns: a name found in both, or source_column=observation_column"`
	Window   Duration `json:"window" yaml:"window" required:"true" description:"how far back, as in '7 days'"`
}

// mostLast bounds Aggregate.N: a sweep keeps that many rows for each key.
const mostLast = 1000

// Later groups columns of a source that become known after the row itself.
type Later struct {
	Columns []string `json:"columns" yaml:"columns" required:"true" description:"columns that are empty until known_at"`
	KnownAt string   `json:"known_at" yaml:"known_at" required:"true" description:"SQL for the UTC timestamp from which they are known; NULL means never"`
}

// functions are the aggregate functions.
var functions = []string{"count", "rate", "sum", "mean", "min", "max", "stddev", "distinct", "last"}

// A Source is a table that features may draw on, with its times.
type Source struct {
	Name string
	// Select is SQL that yields the source's typed rows.
	Select string
	// Columns are the names that Select yields.
	Columns []string
	// EventTime and KnownAt are SQL for UTC timestamps.
	EventTime string
	KnownAt   string
	Later     []Later
	// Personal are the columns whose values are personal data, or otherwise not
	// for every eye, by the contract.
	Personal []string
}

// Observations says what is predicted, when, and for whom.
type Observations struct {
	Source string `json:"source" yaml:"source" required:"true" description:"the source with one row for each observation"`
	// DecisionTime is SQL for a UTC timestamp.
	DecisionTime string   `json:"decision_time" yaml:"decision_time" required:"true" description:"SQL for the UTC timestamp at which the prediction is made"`
	Key          []string `json:"key" yaml:"key" required:"true" description:"columns that name one observation of a partition"`
	Entity       []string `json:"entity" yaml:"entity" description:"columns that name what recurs, for which a last valid score can be carried forward; or linecook.entityKey in the contract"`
	Partition    string   `json:"partition" yaml:"partition" description:"the date column that a scheduled run is responsible for one value of; or linecook.partition in the contract"`
}

// Label is the outcome of an observation.
type Label struct {
	Name       string `json:"name" yaml:"name" required:"true" description:"the outcome's name in reports"`
	Expression string `json:"expression" yaml:"expression" description:"SQL over the observation's row, NULL means the outcome will never be known; or linecook.label in the contract"`
	KnownAt    string `json:"known_at" yaml:"known_at" description:"SQL for the UTC timestamp from which the outcome is known; or linecook.labelKnownAt in the contract"`
}

// key splits "source_column=observation_column"; one name serves for both.
func key(by string) (source, observation string) {
	source, observation, found := strings.Cut(by, "=")
	if !found {
		return by, by
	}
	return strings.TrimSpace(source), strings.TrimSpace(observation)
}

// by is how a feature's rows are matched to observations.
func (d Definition) by() []string {
	switch {
	case d.Lookup != nil:
		return d.Lookup.By
	case d.Aggregate != nil:
		return d.Aggregate.By
	}
	return nil
}

// draws tells from which source's other rows a feature is made, with which SQL
// and how far back; an expression draws on none.
func (d Definition) draws() (source, text string, reach Duration) {
	switch {
	case d.Lookup != nil:
		return d.Lookup.Source, d.Lookup.Value, d.Lookup.Within
	case d.Aggregate != nil:
		return d.Aggregate.Source, d.Aggregate.Of, d.Aggregate.Window
	}
	return "", "", Duration{}
}

// sqlType is the type of a feature's values in DuckDB.
func (d Definition) sqlType() string {
	if d.Type == Categorical {
		return "VARCHAR"
	}
	return "DOUBLE"
}

// form names which of the five a definition is, or says what is wrong.
func (d Definition) form() (string, error) {
	var forms []string
	if d.Expression != "" {
		forms = append(forms, "expression")
	}
	if d.Lookup != nil {
		forms = append(forms, "lookup")
	}
	if d.Aggregate != nil {
		forms = append(forms, "aggregate")
	}
	if d.SQL != "" {
		forms = append(forms, "sql")
	}
	if d.Command != "" {
		forms = append(forms, "command")
	}
	if len(forms) != 1 {
		return "", fmt.Errorf("feature %s needs exactly one of expression, lookup, aggregate, sql and command; it has %d", d.Name, len(forms))
	}
	return forms[0], nil
}
