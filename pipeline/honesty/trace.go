package honesty

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// accuse finds the row that a feature knew too early, and reports it.
func (p *prover) accuse(w window, v variant, whole table, d difference) error {
	differs := func(upTo int64) (bool, error) {
		part, err := p.rebuild(w, v, upTo)
		if dataset.Unreadable(err) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		return slices.ContainsFunc(whole.compare(part), func(other difference) bool { return other.feature == d.feature }), nil
	}
	if anyway, err := differs(0); err != nil {
		return err
	} else if anyway {
		p.unproven(fmt.Sprintf("feature %s comes out differently each time it is built", d.feature),
			"leave out what depends on more than the rows: a clock, randomness, the order of rows")
		return nil
	}
	// With the rows below good touched nothing changes, with those below bad it
	// does: in the end one row is between them.
	good, bad := int64(0), p.total
	for good+1 < bad {
		middle := good + (bad-good)/2
		changed, err := differs(middle)
		if err != nil {
			return err
		}
		if changed {
			bad = middle
		} else {
			good = middle
		}
	}
	row, source, err := p.describe(good)
	if err != nil {
		return err
	}
	what, position := "the observation", p.opt.At("observations")
	how, remedy := "is not among those decided by then", "correct the known-at time of what the feature uses, or leave the feature out"
	if i := p.index(d.feature); i >= 0 {
		what, position = "feature "+d.feature+" of the observation", p.opt.At("features", i)
		how = "changes"
		if command := p.plan.Definitions[i].Command; command != "" {
			remedy = fmt.Sprintf("let command %s look at no observation but the one at hand, or correct the known-at time of what it reads", command)
		}
	}
	does := map[variant]string{removed: "taken away", scrambled: "put in disorder"}[v]
	p.findings = append(p.findings, report.Finding{
		Code: "honesty/leak", Severity: report.Error, Position: position, Source: source,
		Message: fmt.Sprintf("%s %s %s when what becomes known after %s is %s; the row it knew too early: %s",
			what, d.observation, how, w.cutOff.Format(time.RFC3339Nano), does, row),
		Remedy: remedy,
	})
	return nil
}

func (p *prover) index(name string) int {
	for i, d := range p.plan.Definitions {
		if d.Name == name {
			return i
		}
	}
	return -1
}

// describe is a row for people: its number in its source, its keys, and since
// when it and its later columns are known.
func (p *prover) describe(number int64) (row, source string, err error) {
	i := slices.IndexFunc(p.worlds, func(w world) bool { return number < w.offset+w.rows })
	w := p.worlds[i]
	columns := []string{"t." + colKnown + "::VARCHAR"}
	for j := range w.source.Later {
		columns = append(columns, "t."+colLater(j)+"::VARCHAR")
	}
	frozen := slices.Clone(w.frozen)
	slices.Sort(frozen)
	frozen = slices.Compact(frozen)
	for _, name := range frozen {
		columns = append(columns, "t."+dataset.Identifier(name)+"::VARCHAR")
	}
	values, targets := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for j := range values {
		targets[j] = &values[j]
	}
	if err := p.db.QueryRowContext(p.ctx, fmt.Sprintf("SELECT %s FROM %s t WHERE t.rowid = %d", strings.Join(columns, ", "), w.table, number-w.offset)).Scan(targets...); err != nil {
		return "", "", fmt.Errorf("read the row that leaked: %w", err)
	}
	parts := []string{fmt.Sprintf("row %d of source %s", number-w.offset+1, w.source.Name)}
	for j, name := range frozen {
		parts = append(parts, name+" "+text(values[1+len(w.source.Later)+j]))
	}
	parts = append(parts, "known at "+never(values[0]))
	for j, group := range w.source.Later {
		parts = append(parts, strings.Join(group.Columns, ", ")+" at "+never(values[1+j]))
	}
	return strings.Join(parts, "; "), w.source.Name, nil
}

func never(value sql.NullString) string {
	if !value.Valid {
		return "no time, which is never"
	}
	return value.String
}
