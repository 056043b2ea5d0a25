package honesty

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
)

// Columns and tables that the proof adds.
const (
	prefix     = feature.ReservedPrefix + "proof_"
	colKnown   = prefix + "known_at"
	colDecided = prefix + "decided_at"
)

func colLater(i int) string { return fmt.Sprintf("%slater_%d", prefix, i) }

// A variant is what is done to what is not yet known.
type variant int

const (
	asItIs variant = iota
	// removed takes rows away and leaves later columns empty. The times are then
	// worked out again, as they would have been then.
	removed
	// scrambled puts values of other rows in their place. The times stay: they say
	// which values may matter.
	scrambled
)

// A world is one source, its rows laid down.
type world struct {
	source feature.Source
	// table holds the rows with their times, other the same ones in disorder.
	table, other string
	// rows are numbered from offset over all worlds.
	offset, rows int64
	// frozen are the columns that stay in a scrambled row: keys and times.
	frozen []string
}

// lay makes the tables of every source that features draw on.
func (p *prover) lay() error {
	parser, err := feature.NewParser(p.ctx, p.db)
	if err != nil {
		return err
	}
	for _, source := range p.plan.Sources {
		w, drawn, err := p.plain(parser, source)
		if err != nil {
			return fmt.Errorf("prove source %s honest: %w", source.Name, err)
		}
		if !drawn {
			continue
		}
		n := len(p.worlds)
		w.table, w.other = fmt.Sprintf("%srows_%d", prefix, n), fmt.Sprintf("%sother_%d", prefix, n)
		w.offset = p.total
		columns := append(identify(w.source.Columns), timestamp(source.KnownAt)+" AS "+colKnown)
		for i, later := range source.Later {
			columns = append(columns, timestamp(later.KnownAt)+" AS "+colLater(i))
		}
		if source.Name == p.plan.Observations.Source {
			columns = append(columns, timestamp(p.plan.Observations.DecisionTime)+" AS "+colDecided)
		}
		p.worlds = append(p.worlds, w)
		for _, statement := range []string{
			fmt.Sprintf("CREATE OR REPLACE TABLE %s AS SELECT %s FROM (%s)", w.table, strings.Join(columns, ", "), source.Select),
			fmt.Sprintf("CREATE OR REPLACE TABLE %s AS SELECT %s FROM %s ORDER BY hash(rowid + %d), rowid",
				w.other, strings.Join(identify(w.source.Columns), ", "), w.table, p.opt.Seed),
		} {
			if _, err := p.db.ExecContext(p.ctx, statement); err != nil {
				return fmt.Errorf("lay down the rows of source %s: %w", source.Name, err)
			}
		}
		if err := p.db.QueryRowContext(p.ctx, "SELECT count(*) FROM "+w.table).Scan(&p.worlds[n].rows); err != nil {
			return fmt.Errorf("count the rows of source %s: %w", source.Name, err)
		}
		p.total += p.worlds[n].rows
	}
	return nil
}

// clear drops the proof's tables, and what commands gave.
func (p *prover) clear() error {
	for _, w := range p.worlds {
		for _, table := range []string{w.table, w.other} {
			if _, err := p.db.ExecContext(p.ctx, "DROP TABLE IF EXISTS "+table); err != nil {
				return fmt.Errorf("clear up after the proof: %w", err)
			}
		}
	}
	return os.RemoveAll(p.plan.Programs.Known)
}

// plain narrows a source to the columns that the features and their times need,
// and says whether there are such features.
func (p *prover) plain(parser *feature.Parser, source feature.Source) (w world, drawn bool, err error) {
	var used []string
	read := func(texts ...string) []string {
		var names []string
		for _, text := range texts {
			if text == "" || err != nil {
				continue
			}
			var expression feature.Expression
			expression, err = parser.Parse(p.ctx, text)
			names = append(names, expression.Columns...)
		}
		used = append(used, names...)
		return names
	}
	w.frozen = read(source.EventTime, source.KnownAt)
	for _, later := range source.Later {
		w.frozen = append(w.frozen, read(later.KnownAt)...)
	}
	o := p.plan.Observations
	if source.Name == o.Source {
		drawn = true
		w.frozen = slices.Concat(w.frozen, read(o.DecisionTime), o.Key, o.Entity, []string{o.Partition})
		if p.plan.Label != nil {
			// No feature needs them, and it is they that must make no difference.
			read(p.plan.Label.Expression)
		}
	}
	keys := func(by []string, from string) {
		for _, pair := range by {
			there, here, both := strings.Cut(pair, "=")
			if !both {
				here = there
			}
			if from == source.Name {
				w.frozen = append(w.frozen, strings.TrimSpace(there))
			}
			if source.Name == o.Source {
				w.frozen = append(w.frozen, strings.TrimSpace(here))
			}
		}
	}
	for _, d := range p.plan.Definitions {
		if source.Name == o.Source {
			read(d.Expression)
		}
		var from, text string
		var by []string
		switch {
		case d.Lookup != nil:
			from, text, by = d.Lookup.Source, d.Lookup.Value, d.Lookup.By
		case d.Aggregate != nil:
			from, text, by = d.Aggregate.Source, d.Aggregate.Of, d.Aggregate.By
		}
		keys(by, from)
		if from == source.Name {
			drawn = true
			read(text)
		}
	}
	for _, query := range p.plan.Queries {
		for _, r := range query.Reads {
			keys(r.By, r.Source)
			drawn = drawn || r.Source == source.Name
		}
		if err == nil {
			var names []string
			names, err = parser.Mentions(p.ctx, query, source.Columns)
			used = append(used, names...)
		}
	}
	for _, command := range p.plan.Commands {
		if source.Name == o.Source {
			used = append(used, command.Observation...)
		}
		for _, input := range command.Reads {
			if input.Source == source.Name {
				drawn = true
				used = append(used, input.Columns...)
			}
		}
	}
	if err != nil {
		return world{}, false, err
	}
	used = append(used, w.frozen...)
	slices.Sort(used)
	used = slices.Compact(used)
	for _, name := range used {
		if !slices.Contains(source.Columns, name) {
			return world{}, false, fmt.Errorf("it has no column %s", name)
		}
	}
	w.source = source
	w.source.Columns = used
	return w, drawn, nil
}

func (p *prover) world(source string) world {
	i := slices.IndexFunc(p.worlds, func(w world) bool { return w.source.Name == source })
	return p.worlds[i]
}

// at is the source as the variant has it at the cut-off, where only the first
// upTo rows of all worlds are touched.
func (w world) at(v variant, cutOff time.Time, upTo int64) feature.Source {
	source := w.source
	touched := ""
	if upTo < w.offset+w.rows {
		touched = fmt.Sprintf("t.rowid < %d AND ", max(0, upTo-w.offset))
	}
	if v == asItIs || upTo <= w.offset {
		// The times are the same, from a column or worked out.
		source.Select = fmt.Sprintf("SELECT %s FROM %s", strings.Join(identify(source.Columns), ", "), w.table)
		return source
	}
	row := touched + later(colKnown, cutOff)
	var columns []string
	for _, name := range source.Columns {
		hidden := []string{}
		if v == scrambled && !slices.Contains(w.frozen, name) {
			hidden = append(hidden, row)
		}
		for i, group := range source.Later {
			if slices.Contains(group.Columns, name) {
				hidden = append(hidden, touched+later(colLater(i), cutOff))
			}
		}
		quoted := dataset.Identifier(name)
		column := "t." + quoted
		if len(hidden) > 0 {
			instead := "NULL"
			if v == scrambled {
				instead = "x." + quoted
			}
			column = fmt.Sprintf("CASE WHEN (%s) THEN %s ELSE t.%s END AS %s", strings.Join(hidden, ") OR ("), instead, quoted, quoted)
		}
		columns = append(columns, column)
	}
	if v == removed {
		source.Select = fmt.Sprintf("SELECT %s FROM %s t WHERE NOT (%s)", strings.Join(columns, ", "), w.table, row)
		return source
	}
	source.KnownAt = colKnown
	source.Columns = append(slices.Clone(source.Columns), colKnown)
	columns = append(columns, "t."+colKnown)
	source.Later = slices.Clone(source.Later)
	for i := range source.Later {
		source.Later[i].KnownAt = colLater(i)
		source.Columns = append(source.Columns, colLater(i))
		columns = append(columns, "t."+colLater(i))
	}
	source.Select = fmt.Sprintf("SELECT %s FROM %s t JOIN %s x ON t.rowid = x.rowid", strings.Join(columns, ", "), w.table, w.other)
	return source
}

// later is the condition that something is known only after the cut-off, or
// never.
func later(known string, cutOff time.Time) string {
	return fmt.Sprintf("coalesce(t.%s > %s, true)", known, instant(cutOff))
}

// hidden counts the rows that, or columns of which, are not known at the
// cut-off.
func (p *prover) hidden(cutOff time.Time) (int64, error) {
	var total int64
	for _, w := range p.worlds {
		conditions := []string{later(colKnown, cutOff)}
		for i, group := range w.source.Later {
			if slices.ContainsFunc(group.Columns, func(name string) bool { return slices.Contains(w.source.Columns, name) }) {
				conditions = append(conditions, later(colLater(i), cutOff))
			}
		}
		var count int64
		if err := p.db.QueryRowContext(p.ctx, fmt.Sprintf("SELECT count(*) FROM %s t WHERE %s", w.table, strings.Join(conditions, " OR "))).Scan(&count); err != nil {
			return 0, fmt.Errorf("count what is known later: %w", err)
		}
		total += count
	}
	return total, nil
}

// changed is the plan over the worlds as the variant has them. The label is not
// asked for: it is of the future by its nature.
func (p *prover) changed(v variant, cutOff time.Time, upTo int64) feature.Plan {
	plan := p.plan
	plan.Label = nil
	// What must come out the same is worked out again, whatever is known.
	plan.Programs.Fresh = v == asItIs || upTo == 0
	plan.Sources = slices.Clone(plan.Sources)
	for i, source := range plan.Sources {
		if j := slices.IndexFunc(p.worlds, func(w world) bool { return w.source.Name == source.Name }); j >= 0 {
			plan.Sources[i] = p.worlds[j].at(v, cutOff, upTo)
		}
	}
	return plan
}

// rebuild builds the features of the window anew.
func (p *prover) rebuild(w window, v variant, upTo int64) (table, error) {
	plan := p.changed(v, w.cutOff, upTo)
	snapshot, err := p.build(plan, p.ctx, p.db, w.within)
	if err != nil {
		return nil, err
	}
	return p.read(snapshot, w)
}

func instant(at time.Time) string { return fmt.Sprintf("make_timestamp(%d)", at.UnixMicro()) }

// timestamp embeds the SQL of a time; the line feed ends a comment in it.
func timestamp(expression string) string { return "(" + expression + "\n)::TIMESTAMP" }

func identify(names []string) []string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = dataset.Identifier(name)
	}
	return quoted
}
