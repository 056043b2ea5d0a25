package honesty

import (
	"cmp"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
)

// A table is the features of a window's observations. Observations that agree in
// decision time and key are one group, whose rows are in the order of their
// values.
type table []group

type group struct {
	// name is the observation for people, and what groups are told apart by.
	name string
	rows []row
}

// A row is one observation's values, where they stand in a snapshot.
type row struct {
	snapshot *feature.Snapshot
	at       int
}

func (r row) decided() time.Time { return r.snapshot.DecidedAt[r.at] }

func (t table) count() int {
	n := 0
	for _, g := range t {
		n += len(g.rows)
	}
	return n
}

// read takes the observations of the window out of a snapshot that was just
// built: their keys are still in the database.
func (p *prover) read(s *feature.Snapshot, w window) (_ table, err error) {
	key := p.plan.Observations.Key
	columns := make([]string, len(key))
	for i, name := range key {
		columns[i] = dataset.Identifier(name) + "::VARCHAR"
	}
	rows, err := p.db.QueryContext(p.ctx, fmt.Sprintf("SELECT %s FROM %s ORDER BY %s", strings.Join(columns, ", "), feature.ObservationsTable, feature.IDColumn))
	if err != nil {
		return nil, fmt.Errorf("read the observations' keys: %w", err)
	}
	defer func() { _ = rows.Close() }()
	values, targets := make([]sql.NullString, len(key)), make([]any, len(key))
	for i := range values {
		targets[i] = &values[i]
	}
	groups := map[string]*group{}
	n := 0
	for ; rows.Next(); n++ {
		if err := rows.Scan(targets...); err != nil {
			return nil, fmt.Errorf("read the observations' keys: %w", err)
		}
		if n >= s.Frame.Rows {
			break
		}
		if !w.holds(s.DecidedAt[n]) {
			continue
		}
		parts := make([]string, len(key))
		for i, name := range key {
			parts[i] = name + " " + text(values[i])
		}
		name := fmt.Sprintf("%s, decided at %s", strings.Join(parts, ", "), s.DecidedAt[n].UTC().Format(time.RFC3339Nano))
		if groups[name] == nil {
			groups[name] = &group{name: name}
		}
		groups[name].rows = append(groups[name].rows, row{s, n})
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the observations' keys: %w", err)
	}
	if n != s.Frame.Rows {
		return nil, fmt.Errorf("the snapshot has %d rows, and there are other observations", s.Frame.Rows)
	}
	all := make(table, 0, len(groups))
	for _, g := range groups {
		slices.SortFunc(g.rows, row.compare)
		all = append(all, *g)
	}
	slices.SortFunc(all, func(a, b group) int { return strings.Compare(a.name, b.name) })
	return all, nil
}

func text(value sql.NullString) string {
	if !value.Valid {
		return "NULL"
	}
	return value.String
}

// compareIn orders two rows by the bits of one column; a missing value is less
// than all.
func (r row) compareIn(other row, column int) int {
	a, b := &r.snapshot.Frame.Columns[column], &other.snapshot.Frame.Columns[column]
	if a.Missing(r.at) || b.Missing(other.at) {
		return cmp.Compare(truth(b.Missing(other.at)), truth(a.Missing(r.at)))
	}
	if a.Kind == feature.Categorical {
		mine, _ := a.Text(r.at)
		theirs, _ := b.Text(other.at)
		return strings.Compare(mine, theirs)
	}
	return cmp.Compare(math.Float64bits(a.Numbers[r.at]), math.Float64bits(b.Numbers[other.at]))
}

func truth(is bool) int {
	if is {
		return 1
	}
	return 0
}

func (r row) compare(other row) int {
	c := r.decided().Compare(other.decided())
	for column := 0; c == 0 && column < len(r.snapshot.Frame.Columns); column++ {
		c = r.compareIn(other, column)
	}
	return c
}

// in is the part of the table that a window holds.
func (t table) in(w window) table {
	var part table
	for _, g := range t {
		if w.holds(g.rows[0].decided()) {
			part = append(part, g)
		}
	}
	return part
}

// sameAs says whether the snapshot has the same rows in the window. It has no
// keys.
func (t table) sameAs(s *feature.Snapshot, w window) bool { return t.agrees(s, w, row.compare) }

// agrees says whether the snapshot has the same rows in the window, as far as an
// order tells them apart.
func (t table) agrees(s *feature.Snapshot, w window, order func(a, b row) int) bool {
	var mine, theirs []row
	for _, g := range t {
		mine = append(mine, g.rows...)
	}
	for i, decided := range s.DecidedAt {
		if w.holds(decided) {
			theirs = append(theirs, row{s, i})
		}
	}
	slices.SortFunc(mine, order)
	slices.SortFunc(theirs, order)
	return slices.EqualFunc(mine, theirs, func(a, b row) bool { return order(a, b) == 0 })
}

// A difference is the first observation, by name, whose feature changed. The
// empty feature means that the observation itself came or went.
type difference struct{ feature, observation string }

// compare lists the features that differ, each once, in the order of the names.
func (t table) compare(other table) []difference {
	first := map[string]string{}
	note := func(feature, observation string) {
		if at, seen := first[feature]; !seen || observation < at {
			first[feature] = observation
		}
	}
	theirs := map[string][]row{}
	for _, g := range other {
		theirs[g.name] = g.rows
	}
	for _, g := range t {
		rows := theirs[g.name]
		delete(theirs, g.name)
		if len(rows) != len(g.rows) {
			note("", g.name)
			continue
		}
		for i, r := range g.rows {
			for j, column := range r.snapshot.Frame.Columns {
				if r.compareIn(rows[i], j) != 0 {
					note(column.Name, g.name)
				}
			}
		}
	}
	for name := range theirs {
		note("", name)
	}
	var all []difference
	for feature, observation := range first {
		all = append(all, difference{feature, observation})
	}
	slices.SortFunc(all, func(a, b difference) int { return strings.Compare(a.feature, b.feature) })
	return all
}
