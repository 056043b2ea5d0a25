package feature_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/linecook-ml/linecook/pipeline/feature"
)

// asQuery says in SQL what a lookup or an aggregate says. It stands only for
// those whose operand is NULL where a column is not known yet: a lookup or an
// aggregate passes over such a row, and a query sees it, with NULL.
func asQuery(d feature.Definition, name string) (feature.Query, bool) {
	if d.Lookup != nil {
		l := d.Lookup
		q := feature.Query{Name: name, Reads: []feature.Read{{Source: l.Source, By: l.By, Within: l.Within, Ahead: duration("2 days")}}}
		q.Text = fmt.Sprintf("SELECT %s\n AS %s FROM %s ORDER BY __event_at DESC, __known_at DESC, %[1]s\n DESC NULLS LAST LIMIT 1", l.Value, d.Name, l.Source)
		if d.Type == feature.Categorical {
			q.Text = fmt.Sprintf("SELECT (%s)::VARCHAR AS %s FROM %s ORDER BY __event_at DESC, __known_at DESC, (%[1]s)::VARCHAR DESC NULLS LAST LIMIT 1", l.Value, d.Name, l.Source)
		}
		return q, slices.Contains([]string{"x", "k2", "c", "b", "x -- two comments: ) /*"}, l.Value)
	}
	a := d.Aggregate
	if a == nil {
		return feature.Query{}, false
	}
	number := fmt.Sprintf("(%s\n)::DECIMAL(38, 9)", a.Of)
	rows := fmt.Sprintf("FROM %s WHERE __event_at > __decided_at - to_microseconds(%d)", a.Source, a.Window.Microseconds())
	selected, strict := "", !slices.Contains([]string{"coalesce(y, -1)", "z IS NULL", "b AND y > 0", "CASE WHEN y > 0 THEN c END"}, a.Of)
	switch a.Function {
	case "count":
		selected = "count(*)"
		if a.Of != "" {
			selected = fmt.Sprintf("count(*) FILTER (WHERE %s)", a.Of)
		}
	case "rate":
		selected = fmt.Sprintf("count(*) FILTER (WHERE %s) / nullif(count(%[1]s), 0)", a.Of)
	case "sum":
		selected = fmt.Sprintf("coalesce(sum(%s), 0)", number)
	case "mean":
		selected = fmt.Sprintf("sum(%s)::DOUBLE / count(%[1]s)", number)
	case "min", "max":
		selected = fmt.Sprintf("%s(%s\n)", a.Function, a.Of)
	case "distinct":
		selected = fmt.Sprintf("count(DISTINCT (%s\n))", a.Of)
	case "last":
		rows = fmt.Sprintf("FROM (SELECT %s AS v %s AND v IS NOT NULL ORDER BY __event_at DESC, __known_at DESC, (%s\n)::DOUBLE DESC LIMIT %d)", number, rows, a.Of, a.N)
		selected = "sum(v)::DOUBLE / count(v)"
		strict = strict && slices.Contains([]string{"x", "k2", "x -- two comments: ) /*"}, a.Of)
	default:
		return feature.Query{}, false
	}
	return feature.Query{
		Name: name, Text: fmt.Sprintf("SELECT %s AS %s %s", selected, d.Name, rows),
		Reads: []feature.Read{{Source: a.Source, By: a.By, Within: a.Window}},
	}, strict
}

// ask adds a feature of a query.
func (w *world) ask(t *rapid.T) {
	for {
		d := drawDefinition(t, "asked")
		if query, _ := asQuery(d, "q"); query.Text != "" {
			w.queries = []feature.Query{query}
			w.definitions = append(w.definitions, feature.Definition{Name: d.Name, Type: d.Type, SQL: query.Name})
			return
		}
	}
}

// For any tables, a query says bit for bit what the reference says of the lookup
// or aggregate that it stands for, and is proven honest by what it says.
func TestQueriesAreTheReference(t *testing.T) {
	t.Parallel()
	s := session(t, 2)
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, 0)
		plan := w.plan()
		var definitions []feature.Definition
		for i := range 12 {
			d := drawDefinition(t, fmt.Sprintf("f%d", i))
			query, stands := asQuery(d, fmt.Sprintf("q%d", i))
			if !stands || len(definitions) == 2 {
				continue
			}
			definitions = append(definitions, d)
			plan.Queries = append(plan.Queries, query)
			plan.Definitions = append(plan.Definitions, feature.Definition{Name: d.Name, Type: d.Type, SQL: query.Name})
		}
		if len(definitions) == 0 {
			return
		}
		w.load(t, s)
		honest, findings, err := plan.Lint(t.Context(), s.DB(), locate)
		if err != nil || honest != len(definitions) || len(findings) > 0 {
			t.Fatalf("%d of %d are honest: %+v %v", honest, len(definitions), findings, err)
		}
		got := build(t, s, plan, feature.Range{})
		sources := map[string][]*record{"events": w.events, "observations": w.observations}
		for row, observation := range inOrder(w.observations) {
			for i, d := range definitions {
				want := reference(plain(d), sources, observation)
				if have := cell(&got.Frame.Columns[i], row); !same(have, want) {
					t.Fatalf("observation %d, %s: %v, want %v", observation.id, plan.Queries[i].Text, have, want)
				}
			}
		}
	})
}

// The property above is about every aggregate that a query can say.
func TestQueriesAreOfEveryAggregate(t *testing.T) {
	met := map[string]bool{}
	definitions := rapid.Custom(func(t *rapid.T) feature.Definition { return drawDefinition(t, "f") })
	for seed := range 500 {
		d := definitions.Example(seed)
		if _, stands := asQuery(d, "q"); stands && d.Aggregate != nil {
			met[d.Aggregate.Function] = true
		}
	}
	if want := []string{"count", "distinct", "last", "max", "mean", "min", "rate", "sum"}; !slices.Equal(slices.Sorted(maps.Keys(met)), want) {
		t.Errorf("queries of %v, want %v", met, want)
	}
}
