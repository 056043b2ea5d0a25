package pipeline

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/document"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// Format is the version of pipeline.yaml that this linecook reads.
const Format = "linecook.pipeline/v1"

// A Config is one pipeline.yaml: everything a person decides about a pipeline.
type Config struct {
	Format       string               `yaml:"format" required:"true" enum:"linecook.pipeline/v1" description:"version of this file's form"`
	Name         string               `yaml:"name" required:"true" description:"the pipeline's name: lower-case letters, digits and hyphens"`
	Description  string               `yaml:"description" description:"what is predicted, for whom"`
	Sources      []Source             `yaml:"sources" required:"true" description:"the tables that the pipeline reads"`
	Observations feature.Observations `yaml:"observations" required:"true" description:"what is predicted, when, and for whom"`
	Label        feature.Label        `yaml:"label" required:"true" description:"the outcome, and when it becomes known"`
	Features     []feature.Definition `yaml:"features" required:"true" description:"what the model sees"`
	Queries      []feature.Query      `yaml:"queries" description:"SQL of your own, which features of the form sql take their values from"`
	Commands     []feature.Command    `yaml:"commands" description:"programs of your own, which features of the form command take their values from"`
	Split        Split                `yaml:"split" required:"true" description:"how time divides what is trained on from what is evaluated on"`
	Estimator    Estimator            `yaml:"estimator" required:"true" description:"what is fitted"`
	Evaluation   Evaluation           `yaml:"evaluation" required:"true" description:"how the fitted model is judged"`
	Stages       []promotion.Stage    `yaml:"stages" description:"the stages a bundle passes, in order, and what each requires; in policy/stages.yaml beside this file unless said"`
	Scoring      Scoring              `yaml:"scoring" required:"true" description:"where scores go, and how long an old one may stand in"`
	Monitoring   Monitoring           `yaml:"monitoring" description:"when drift or performance raises an alert"`

	// Document knows where each setting is written.
	Document *document.Document `yaml:"-"`
	// File is the configuration's path; Root the folder that its relative paths start from.
	File string `yaml:"-"`
	Root string `yaml:"-"`
	// Text is the file as it was read.
	Text []byte `yaml:"-"`
	// Programs runs the commands; only Start and Progress are set.
	Programs feature.Programs `yaml:"-"`

	said *said
	// stages is where the stages are written, if not in this file.
	stages *document.Document
	// places are where contracts say what the file leaves to them.
	places map[string]report.Position
}

// A Source is a table of files under a contract.
type Source struct {
	Name       string          `yaml:"name" required:"true" description:"the source's name in this file"`
	Contract   string          `yaml:"contract" required:"true" description:"path of its ODCS data contract"`
	Object     string          `yaml:"object" description:"the schema object of the contract that describes the source; the one called like the source, or the only one, unless said"`
	Path       []string        `yaml:"path" required:"true" description:"files or globs, relative to this file"`
	Format     string          `yaml:"format" enum:"csv,jsonl,parquet" description:"taken from the file's name unless said"`
	Delimiter  string          `yaml:"delimiter" description:"CSV: what separates fields; a comma unless said"`
	Null       []string        `yaml:"null" description:"CSV: texts that mean no value; the empty one unless said"`
	EventTime  string          `yaml:"event_time" description:"SQL for the UTC timestamp at which the row happened; or linecook.eventTime in the contract"`
	KnownAt    string          `yaml:"known_at" description:"SQL for the UTC timestamp from which the row is known, NULL means never; or linecook.knownAt in the contract"`
	KnownLater []feature.Later `yaml:"known_later" description:"columns that are filled in after the row is known"`
	Partition  string          `yaml:"partition" description:"the date column whose value must have arrived, and keep the contract, on the day that is scored; or linecook.partition in the contract"`
}

// Split divides the observations by time: the evaluation lies after everything
// that was trained on.
type Split struct {
	Holdout    feature.Duration `yaml:"holdout" required:"true" description:"how long before the training cut-off the evaluation period begins, in whole days"`
	Gap        feature.Duration `yaml:"gap" description:"how long before the evaluation period the last decision that is trained on lies; none unless said"`
	Window     feature.Duration `yaml:"window" description:"how long before the gap the first decision that is trained on lies (a sliding window); all there are unless said (an expanding window)"`
	Group      bool             `yaml:"group" description:"evaluate only entities that training has not seen"`
	Folds      *int             `yaml:"folds" description:"number of rolling origins inside the training side, 2 or more, for cross-validation; none unless said"`
	FoldLength feature.Duration `yaml:"fold_length" description:"how long the evaluation of each fold is, in whole days; an equal share of the training side unless said"`
	Random     *RandomSplit     `yaml:"random" description:"evaluate a random split too, to be shown beside the one by time; it is no evidence"`
}

// RandomSplit asks for what a shuffled evaluation would have shown.
type RandomSplit struct {
	Seed   int64    `yaml:"seed" required:"true" description:"what the draw depends on, 0 or more"`
	Share  *float64 `yaml:"share" description:"share of the rows, or with group of the entities, that is drawn for evaluation; that of the holdout unless said"`
	Reason string   `yaml:"reason" required:"true" description:"why it is wanted; the report says so"`
}

// Evaluation names the metrics and the groups they are worked out for.
type Evaluation struct {
	Metrics []string `yaml:"metrics" required:"true" description:"metrics to estimate, each with its interval"`
	Slices  []string `yaml:"slices" description:"categorical features whose levels are evaluated apart"`
}

// Scoring says where scores are published and how long one may stand in.
type Scoring struct {
	Output string           `yaml:"output" description:"folder for scores, relative to linecook's home; scores unless said"`
	MaxAge feature.Duration `yaml:"max_age" required:"true" description:"the oldest score that may be carried forward when the data breaks the contract"`
}

// Monitoring holds thresholds; a missing one raises no alert.
type Monitoring struct {
	Drift       *Drift        `yaml:"drift" description:"distance of a scored partition from the training profile"`
	Performance []Performance `yaml:"performance" description:"metrics that must hold once labels are known"`
}

// Drift bounds the population stability index of each feature over a window of
// scored days: one day holds one weekday and one weather, and is no sample of a
// season.
type Drift struct {
	PSI    float64          `yaml:"psi" required:"true" description:"population stability index above which a feature has drifted; 0.25 is customary"`
	Window feature.Duration `yaml:"window" description:"the scored days that are compared with training, in whole days up to the scored one; 28 days unless said"`
}

// Performance bounds a metric over the scores of a month.
type Performance struct {
	Metric string   `yaml:"metric" required:"true" description:"the metric"`
	Min    *float64 `yaml:"min" description:"alert when the metric's interval lies below this"`
	Max    *float64 `yaml:"max" description:"alert when the metric's interval lies above this"`
}

// ParseConfig reads pipeline.yaml. file is its path as people know it, for
// findings; relative paths in it start from the file's folder.
func ParseConfig(file string, text []byte) (*Config, []report.Finding) {
	c := &Config{File: file, Root: filepath.Dir(file), Text: text}
	doc, findings := document.Decode(file, text, c)
	if report.HasErrors(findings) {
		return nil, findings
	}
	c.Document = doc
	c.remember()
	findings = append(findings, c.lint()...)
	report.Sort(findings)
	if report.HasErrors(findings) {
		return nil, findings
	}
	return c, findings
}

// ConfigSchema is the JSON Schema of pipeline.yaml, for editors.
func ConfigSchema() ([]byte, error) {
	return document.Schema(Config{}, "https://linecook-ml.github.io/schema/pipeline.json", "linecook pipeline.yaml")
}

// At finds where a setting is written: in the file, or in a contract that the
// file leaves it to.
func (c *Config) At(path ...any) report.Position {
	if place, found := c.places[fmt.Sprint(path...)]; found {
		return place
	}
	if c.stages != nil && len(path) > 0 && path[0] == "stages" {
		return c.stages.Position(path...)
	}
	return c.Document.Position(path...)
}

// Source finds a source by its name.
func (c *Config) Source(name string) (Source, int, bool) {
	i := slices.IndexFunc(c.Sources, func(s Source) bool { return s.Name == name })
	if i < 0 {
		return Source{}, i, false
	}
	return c.Sources[i], i, true
}

// LateColumns are the columns of a source that are filled in after the row.
func (s Source) LateColumns() []string {
	var names []string
	for _, later := range s.KnownLater {
		names = append(names, later.Columns...)
	}
	return names
}

// Path is a path of the configuration, seen from the working directory.
func (c *Config) Path(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.Root, filepath.FromSlash(path))
}

// outputFolder keeps scores inside linecook's home.
func (s Scoring) outputFolder() string {
	if s.Output == "" {
		return "scores"
	}
	return s.Output
}

// ScoresFolder is where the scores of a stage go, relative to linecook's home.
func (c *Config) ScoresFolder(stage string) string {
	return filepath.Join(filepath.FromSlash(c.Scoring.outputFolder()), c.Name, "stage="+stage)
}

func names[T any](items []T, name func(T) string) string {
	var all []string
	for _, item := range items {
		all = append(all, name(item))
	}
	return strings.Join(all, ", ")
}

func finding(code string, position report.Position, remedy, format string, values ...any) report.Finding {
	return report.Finding{Code: code, Severity: report.Error, Position: position, Message: fmt.Sprintf(format, values...), Remedy: remedy}
}

// ScoreColumn is the name of the prediction in scores and profiles.
const ScoreColumn = "score"

// OutputColumns stand in published scores beside the partition, the key and the
// entity.
var OutputColumns = []string{"decided_at", ScoreColumn, "status", "scored_on", "age_days", "reason", "bundle_version", "bundle_id"}

// ContractPath is where a source's contract lies in a bundle, and
// SourceOfContract its inverse.
func ContractPath(source string) string { return "contracts/" + source + ".odcs.yaml" }

// SourceOfContract is the source whose contract lies at path in a bundle.
func SourceOfContract(path string) string {
	return strings.TrimSuffix(strings.TrimPrefix(path, "contracts/"), ".odcs.yaml")
}
