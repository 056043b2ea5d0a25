package feature

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// A Query is SQL of the user's own, for what the other forms cannot say. It is
// run for each observation apart and sees two kinds of tables: observation, the
// one row that is to be predicted, without the columns that are known later; and
// a view for each source that it reads, named like the source, with the rows
// that were known at the decision time. A later column is NULL in these until it
// is known. So the future is not there to be looked at, nor are the other
// observations, of which there are more in training than in scoring.
//
// It returns one row, with a column for each feature that takes its value from
// it; no row is a missing value.
type Query struct {
	Name  string `json:"name" yaml:"name" required:"true" description:"the query's name, which features take their values by; unique"`
	File  string `json:"-" yaml:"file" required:"true" description:"path of the file with the query, one SELECT"`
	Reads []Read `json:"reads,omitempty" yaml:"reads" description:"the sources that it reads besides the observation's own row"`
	// Text is the query; Path is where it was read, for findings.
	Text string `json:"text" yaml:"-"`
	Path string `json:"-" yaml:"-"`
}

// A Read says which rows of a source a query sees: those with the same key whose
// known-at time is at or before the decision time, and whose event time lies in
// [decision time - Within, decision time + Ahead].
type Read struct {
	Source string   `json:"source" yaml:"source" required:"true" description:"the source; the query knows it by this name"`
	By     []string `json:"by,omitempty" yaml:"by" description:"key columns: a name found in both, or source_column=observation_column"`
	Within Duration `json:"within" yaml:"within" required:"true" description:"how old a row may be, as in '6 hours'"`
	Ahead  Duration `json:"ahead,omitzero" yaml:"ahead" description:"how far ahead of the decision an event may lie that is known already, as in a timetable; none unless said"`
}

// ObservationView is the table of the row at hand.
const ObservationView = "observation"

// RowColumn numbers the rows of a view that an observation sees from 1, from the
// oldest to the latest, in a total order: by event time, then known-at time,
// then all columns that the query uses.
const RowColumn = ReservedPrefix + "row"

// lent are the columns of ours that a query may use.
var lent = []string{colDecided, colEvent, colKnown, RowColumn}

// queries are those that a feature takes its value from, in order.
func (p Plan) queries() []Query {
	return slices.DeleteFunc(slices.Clone(p.Queries), func(q Query) bool { return len(p.takers(q)) == 0 })
}

// takers are the indices of the features that take their values from a query.
func (p Plan) takers(q Query) []int {
	var indices []int
	for i, d := range p.Definitions {
		if d.SQL == q.Name {
			indices = append(indices, i)
		}
	}
	return indices
}

// mentioned are the columns of a list that the query may use, in the list's
// order. DuckDB does not tell letters' cases apart.
func (t *queryTree) mentioned(columns []string) []string {
	return slices.DeleteFunc(slices.Clone(columns), func(name string) bool { return !t.all && !t.words[strings.ToLower(name)] })
}

// Mentions are the columns of a list that a query may use.
func (p *Parser) Mentions(ctx context.Context, q Query, columns []string) ([]string, error) {
	tree, err := p.parseQuery(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", q.Name, err)
	}
	return tree.mentioned(columns), nil
}

// early are the columns of a source that are known with its row.
func (s Source) early() []string {
	return slices.DeleteFunc(slices.Clone(s.Columns), func(name string) bool { return len(s.lateness([]string{name})) > 0 })
}
