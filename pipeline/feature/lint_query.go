package feature

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// queries checks each query by itself: what it reads, that it depends on the
// rows of its views alone, and that DuckDB takes it. It says of which the
// features can be used.
func (l *linter) queries() map[string]bool {
	sound, seen := map[string]bool{}, map[string]bool{}
	for i, query := range l.plan.Queries {
		before := len(l.findings)
		if seen[query.Name] {
			l.add("feature/duplicate", l.at("queries", i, "name"), "two queries are called "+query.Name, "rename one of them")
		}
		seen[query.Name] = true
		if len(l.plan.takers(query)) == 0 {
			l.add("feature/query", l.at("queries", i, "name"), fmt.Sprintf("no feature takes its value from the query %s", query.Name), "name it as sql of a feature, or remove it")
		}
		if l.reads(i, query) {
			l.query(query)
		}
		sound[query.Name] = len(l.findings) == before
	}
	return sound
}

// reads checks the sources of a query and says whether they are there.
func (l *linter) reads(i int, query Query) bool {
	ok := true
	seen := map[string]bool{ObservationView: true}
	for j, read := range query.Reads {
		name := strings.ToLower(read.Source)
		if seen[name] {
			ok = false
			l.add("feature/query", l.at("queries", i, "reads", j, "source"),
				fmt.Sprintf("query %s has two tables called %s", query.Name, read.Source), "name each source once; observation is the row at hand")
		}
		seen[name] = true
		source, known := l.source(read.Source, l.at("queries", i, "reads", j, "source"))
		if !known {
			ok = false
			continue
		}
		l.keys(source, read.By, "of query "+query.Name, l.at("queries", i, "reads", j, "by"))
	}
	return ok
}

func (l *linter) query(query Query) {
	observations, known := l.find(l.plan.Observations.Source)
	if !known {
		return
	}
	refuse := func(code string, at, width int, message, remedy string) {
		l.add(code, report.Position{File: query.Path, Line: 1, Column: 1}, fmt.Sprintf("query %s: %s", query.Name, message), remedy)
		// DuckDB calls some operators by longer names than they are written with.
		if width = min(width, len(query.Text)-at); width > 0 {
			l.underline(&report.Span{Text: query.Text, At: at, Width: width})
		}
	}
	tree, err := l.parser.parseQuery(l.ctx, query)
	var mistake *expressionError
	switch {
	case errors.As(err, &mistake):
		refuse("feature/query", mistake.at, mistake.width, err.Error(), "")
		return
	case err != nil:
		l.err = err
		return
	}
	if !l.names(query, tree, observations, refuse) {
		return
	}
	exactly, err := l.exactly(query, observations)
	if err != nil {
		l.err = err
		return
	}
	for _, s := range tree.sums {
		if !tree.exact(s.of, exactly) {
			refuse("feature/query", s.at, len(s.function),
				fmt.Sprintf("%s adds floating-point numbers, and what that rounds to depends on the order of rows", s.function),
				fmt.Sprintf("add decimals, as in %s(x::DECIMAL(38, 9))", s.function))
			return
		}
	}
	l.bindQuery(query, tree, refuse)
}

// names refuses names that no table of the query has, and says whether there are
// none.
func (l *linter) names(query Query, tree *queryTree, observations Source, refuse func(code string, at, width int, message, remedy string)) bool {
	views := map[string]map[string]bool{ObservationView: small(append(observations.early(), colDecided))}
	all := small(append(observations.early(), lent...))
	late := small(observations.Columns)
	for _, name := range observations.early() {
		delete(late, strings.ToLower(name))
	}
	for _, read := range query.Reads {
		source, _ := l.find(read.Source)
		views[strings.ToLower(read.Source)] = small(slices.Concat(source.Columns, lent))
		maps.Copy(all, views[strings.ToLower(read.Source)])
	}
	ok := true
	for _, m := range tree.names {
		name, columns, where := m.names[0], all, "no table that it reads has a column"
		view := views[tree.named[strings.ToLower(name)]]
		switch {
		case len(m.names) > 1 && view != nil:
			columns, where, name = view, "the table "+name+" has no column", m.names[1]
		case tree.defined[strings.ToLower(name)]:
			continue
		}
		if columns[strings.ToLower(name)] {
			continue
		}
		ok = false
		width := len(strings.Join(m.names, "."))
		if late[strings.ToLower(name)] {
			refuse("feature/known-too-late", m.at, width,
				fmt.Sprintf("it uses %s, which source %s knows only after the decision time; the table %s does not have it", name, observations.Name, ObservationView),
				fmt.Sprintf("leave it out, or read past rows of source %s, in which it is empty until it is known", observations.Name))
			continue
		}
		refuse("feature/unknown-column", m.at, width, fmt.Sprintf("%s %s", where, name), "columns: "+strings.Join(slices.Sorted(maps.Keys(columns)), ", "))
	}
	return ok
}

// small is the set of names in small letters.
func small(names []string) map[string]bool {
	set := map[string]bool{}
	for _, name := range names {
		set[strings.ToLower(name)] = true
	}
	return set
}

// exactly are the columns whose values add up without rounding, wherever the
// query may take them from.
func (l *linter) exactly(query Query, observations Source) (map[string]bool, error) {
	exactly := map[string]bool{}
	sources := []Source{observations}
	for _, read := range query.Reads {
		source, _ := l.find(read.Source)
		sources = append(sources, source)
	}
	for _, source := range sources {
		uses := make([]use, len(source.Columns))
		for i, name := range source.Columns {
			uses[i] = use{text: dataset.Identifier(name)}
		}
		types, err := l.types(source, uses)
		if err != nil {
			return nil, fmt.Errorf("read the types of source %s: %w", source.Name, err)
		}
		for i, name := range source.Columns {
			name = strings.ToLower(name)
			before, seen := exactly[name]
			exactly[name] = exactType(types[i]) && (before || !seen)
		}
	}
	return exactly, nil
}

// bindQuery lets DuckDB check the query's names and types over tables without
// rows, in the form in which it will be run.
func (l *linter) bindQuery(query Query, tree *queryTree, refuse func(code string, at, width int, message, remedy string)) {
	relations := map[string]string{}
	empty := func(source Source, names, ours []string) string {
		var columns []string
		for _, name := range names {
			columns = append(columns, "__x."+dataset.Identifier(name))
		}
		for _, name := range ours {
			kind := "TIMESTAMP"
			if name == RowColumn {
				kind = "BIGINT"
			}
			columns = append(columns, fmt.Sprintf("NULL::%s AS %s", kind, name))
		}
		return fmt.Sprintf("SELECT %s FROM (SELECT *, 0 AS %s FROM (%s)) AS __x WHERE __x.%s = __o.%s", strings.Join(columns, ", "), colID, source.Select, colID, colID)
	}
	observations, _ := l.find(l.plan.Observations.Source)
	relations[ObservationView] = empty(observations, tree.mentioned(observations.early()), []string{colDecided})
	for _, read := range query.Reads {
		source, _ := l.find(read.Source)
		relations[read.Source] = empty(source, tree.mentioned(source.Columns), lent)
	}
	over, err := l.parser.over(l.ctx, tree, relations)
	var mistake *expressionError
	switch {
	case errors.As(err, &mistake):
		refuse("feature/query", 0, 0, err.Error(), "")
		return
	case err != nil:
		l.err = fmt.Errorf("query %s: %w", query.Name, err)
		return
	}
	one := fmt.Sprintf("(SELECT 0 AS %s) AS __o", colID)
	var views []string
	for _, name := range slices.Sorted(maps.Keys(relations)) {
		views = append(views, fmt.Sprintf("%s AS (SELECT __y.* FROM %s, LATERAL (%s) AS __y)", dataset.Identifier(name), one, relations[name]))
	}
	types, err := l.describe(fmt.Sprintf("WITH %s SELECT * FROM (%s\n) AS __q", strings.Join(views, ", "), query.Text))
	if err == nil {
		l.outputs(query, types)
		_, err = l.db.ExecContext(l.ctx, fmt.Sprintf("EXPLAIN SELECT __q.* FROM %s, LATERAL (%s\n) AS __q", one, over))
	}
	switch {
	case err == nil:
	case dataset.Unplanned(err):
		refuse("feature/query", 0, 0, "DuckDB does not take it: "+dataset.FirstLine(err), "")
	default:
		l.err = fmt.Errorf("query %s: %w", query.Name, err)
	}
}

// outputs checks that the query has each of its features, with a type that the
// feature can be of.
func (l *linter) outputs(query Query, types map[string]string) {
	for _, j := range l.plan.takers(query) {
		d := l.plan.Definitions[j]
		kind, found := types[strings.ToLower(d.Name)]
		switch {
		case !found:
			l.add("feature/query", l.at("features", j, "sql"), fmt.Sprintf("query %s returns no column %s", query.Name, d.Name),
				"columns: "+strings.Join(slices.Sorted(maps.Keys(types)), ", "))
		default:
			if misfit := d.values().misfit(kind); misfit != "" {
				l.add("feature/type", l.at("features", j, "sql"), fmt.Sprintf("column %s of query %s: %s", d.Name, query.Name, misfit), "")
			}
		}
	}
}

// describe is the type of each column of a query, by its name in small letters.
func (l *linter) describe(query string) (map[string]string, error) {
	rows, err := l.db.QueryContext(l.ctx, fmt.Sprintf("SELECT lower(column_name), column_type FROM (DESCRIBE %s)", query))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	types := map[string]string{}
	for rows.Next() {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			return nil, err
		}
		types[name] = kind
	}
	return types, rows.Err()
}
