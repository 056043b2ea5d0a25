package feature

import (
	"errors"
	"fmt"
	"slices"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// A Command is a program of the user's own, for what no SQL can say. It is run
// once for each partition of observations, in training as in scoring: one run is
// a batch. Its working directory is a private folder, which holds the command's
// files and
//
//	batch.json       what the batch is, in canonical JSON; see batch
//	observations.*   the observations to be predicted, in their total order, with
//	                 the columns of Observation and __id, which counts from 1
//	inputs/SOURCE.*  of each source that it reads, the rows known at the as-of
//	                 moment, from the oldest to the latest
//
// The as-of moment of a batch is the earliest decision time in it. A later
// column is NULL until it is known. So what is handed over is nobody's future.
//
// It writes output.* with __id and a column for each feature that takes its value
// from it, one row for each observation.
type Command struct {
	Name    string   `json:"name" yaml:"name" required:"true" description:"the command's name, which features take their values by; unique"`
	Run     []string `json:"run" yaml:"run" required:"true" description:"the program and its arguments; no shell reads them"`
	Files   []string `json:"-" yaml:"files" required:"true" description:"files or globs, relative to this file, that the program is made of; they go into the bundle"`
	Lock    string   `json:"lock" yaml:"lock" required:"true" description:"the file that pins what is installed for the program, one version of each; an empty one where nothing is"`
	Version []string `json:"version" yaml:"version" required:"true" description:"a program, with arguments, whose answer tells the environment; scoring demands the answer that training got"`
	// Observation are the columns of the observations' own rows.
	Observation []string `json:"observation,omitempty" yaml:"observation" description:"columns of the observations' own rows that it is given, known with the row"`
	Reads       []Input  `json:"reads,omitempty" yaml:"reads" description:"the sources whose rows it is given"`
	Timeout     Duration `json:"timeout,omitzero" yaml:"timeout" description:"how long one run may take; 10 minutes unless said"`
	Format      Exchange `json:"format,omitempty" yaml:"format" enum:"csv,parquet" description:"the format of what it reads and writes; csv unless said"`
	// Carried are the files' contents, and Answer what Version said in training;
	// empty where it has not been asked.
	Carried []Carried `json:"files" yaml:"-"`
	Answer  string    `json:"answer,omitempty" yaml:"-"`
}

// An Input says which rows of a source a command is given: those whose known-at
// time is at or before the batch's as-of moment, and whose event time lies in
// [as-of - Within, as-of + Ahead].
type Input struct {
	Source  string   `json:"source" yaml:"source" required:"true" description:"the source"`
	Columns []string `json:"columns" yaml:"columns" required:"true" description:"the columns that it is given"`
	Within  Duration `json:"within" yaml:"within" required:"true" description:"how old a row may be at the batch's as-of moment, as in '30 days'"`
	Ahead   Duration `json:"ahead,omitzero" yaml:"ahead" description:"how far ahead of that moment an event may lie that is known already, as in a timetable; none unless said"`
}

// A Carried is a file of a command, by its path relative to pipeline.yaml. It is
// text that a person can review.
type Carried struct {
	Path string `json:"path"`
	Text string `json:"text"`
}

// An Exchange is a format of what a command is given and gives. CSV is read by
// every language without a library; Parquet keeps types, and is smaller.
type Exchange string

// The formats.
const (
	CSV     Exchange = "csv"
	Parquet Exchange = "parquet"
)

// defaultTimeout is long for one partition and short for a job on a runner.
var defaultTimeout, _ = ParseDuration("10 minutes")

// Within is how long one run may take.
func (c Command) within() Duration {
	if c.Timeout.Duration == 0 {
		return defaultTimeout
	}
	return c.Timeout
}

func (c Command) format() Exchange {
	if c.Format == "" {
		return CSV
	}
	return c.Format
}

// Carries says whether a path is that of one of the command's files.
func (c Command) Carries(path string) bool {
	return slices.ContainsFunc(c.Carried, func(f Carried) bool { return f.Path == path })
}

// LockText is what the lock file says, which the command carries.
func (c Command) LockText() string {
	for _, file := range c.Carried {
		if file.Path == c.Lock {
			return file.Text
		}
	}
	return ""
}

// commands are those that a feature takes its value from, in order.
func (p Plan) commands() []Command {
	return slices.DeleteFunc(slices.Clone(p.Commands), func(c Command) bool { return len(p.givenBy(c)) == 0 })
}

// givenBy are the indices of the features that take their values from a command.
func (p Plan) givenBy(c Command) []int {
	var indices []int
	for i, d := range p.Definitions {
		if d.Command == c.Name {
			indices = append(indices, i)
		}
	}
	return indices
}

// A CommandError says that a command did not do its part. It counts as data that
// cannot be used: a line stops for it as it does for a damaged file.
type CommandError struct {
	Command string
	// Setting is the command's setting that it is about.
	Setting         string
	Message, Remedy string
}

func (e *CommandError) Error() string { return fmt.Sprintf("command %s %s", e.Command, e.Message) }

// Is makes the error one of the data.
func (e *CommandError) Is(target error) bool { return target == dataset.ErrData }

// Unreadable is the finding of an error that dataset.Unreadable recognises: why
// features, those of what, cannot be worked out.
func (p Plan) Unreadable(err error, what string, at Locator) report.Finding {
	f := report.Finding{
		Code: "feature/unreadable", Severity: report.Error, Position: at("features"),
		Message: fmt.Sprintf("%s cannot be worked out: %s", what, dataset.FirstLine(err)),
	}
	var command *CommandError
	if errors.As(err, &command) {
		i := slices.IndexFunc(p.Commands, func(c Command) bool { return c.Name == command.Command })
		f.Code, f.Position, f.Remedy = "feature/command", at("commands", i, command.Setting), command.Remedy
	}
	return f
}
