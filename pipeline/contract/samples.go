package contract

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// A sample is one row as DuckDB's JSON gives it.
type sample struct {
	File  string  `json:"f"`
	Row   int64   `json:"r"`
	Value *string `json:"v"`
	// Key is the row's primary key, where rows have no lasting numbers.
	Key *string `json:"k"`
}

func (s sample) text(mask bool) string {
	value := "null"
	if s.Value != nil {
		value = shown(*s.Value, mask)
	}
	if s.Key != nil {
		return fmt.Sprintf("%s %s: %s", s.File, clip(*s.Key), value)
	}
	return fmt.Sprintf("%s row %d: %s", s.File, s.Row, value)
}

// shown is a value in quotes, or a mask where it may not be shown.
func shown(value string, mask bool) string {
	if mask {
		return masked
	}
	return strconv.Quote(clip(value))
}

// samples finds the first rows that each failed check counted, by file and row.
func (k *checker) samples(checks []rowCheck, tallies []tally, failed []int) (map[int][]string, error) {
	found := map[int][]sample{}
	for _, v := range k.views {
		if err := k.sampleView(k.contract.asWritten(v), checks, tallies, failed, found); err != nil {
			return nil, err
		}
	}
	out := map[int][]string{}
	for i, list := range found {
		slices.SortStableFunc(list, func(a, b sample) int {
			if n := strings.Compare(a.File, b.File); n != 0 {
				return n
			}
			return int(a.Row - b.Row)
		})
		for _, s := range list[:min(len(list), k.opt.MaxSamples)] {
			out[i] = append(out[i], s.text(checks[i].masked))
		}
	}
	return out, nil
}

func (k *checker) sampleView(v view, checks []rowCheck, tallies []tally, failed []int, found map[int][]sample) error {
	var columns []string
	var which []int
	used := map[int]bool{}
	key := v.keyText(k.contract.primaryKey())
	if key == "" {
		key = "NULL"
	} else {
		for _, i := range k.contract.primaryKey() {
			used[i] = true
		}
	}
	for _, i := range failed {
		c := &checks[i]
		if !v.can(c) || tallies[i].count == 0 {
			continue
		}
		columns = append(columns, fmt.Sprintf("CAST(to_json(min({'f': f, 'r': w, 'v': CAST(r%d AS VARCHAR), 'k': %s}, %d) FILTER (WHERE %s)) AS VARCHAR)", c.property, key, k.opt.MaxSamples, v.sampleCondition(c, tallies[i])))
		which = append(which, i)
		used[c.property] = true
	}
	if columns == nil || hidesRowNames(v.segment) {
		return nil
	}
	texts := make([]sql.NullString, len(columns))
	targets := make([]any, len(columns))
	for i := range texts {
		targets[i] = &texts[i]
	}
	base := v.base(v.segment.RowRelation(), []string{"r._file AS f", "r._row AS w"}, func(i int) bool { return used[i] && v.columns[i].present })
	if err := k.session.DB().QueryRowContext(k.ctx, "SELECT "+strings.Join(columns, ", ")+" FROM ("+base+")").Scan(targets...); err != nil {
		return err
	}
	for j, i := range which {
		if !texts[j].Valid {
			continue
		}
		var list []sample
		if err := json.Unmarshal([]byte(texts[j].String), &list); err != nil {
			return fmt.Errorf("read samples: %w", err)
		}
		found[i] = append(found[i], list...)
	}
	return nil
}

// keyText is SQL for what a row is called where numbers say nothing: by its
// primary key, unless that may not be shown.
func (v view) keyText(key []int) string {
	var parts []string
	for _, i := range key {
		b := v.columns[i]
		if !v.segment.Unordered() || !b.present || b.property.isSensitive() {
			return ""
		}
		parts = append(parts, fmt.Sprintf("%s || CAST(r%d AS VARCHAR)", dataset.Literal(b.property.Name+"="), i))
	}
	return strings.Join(parts, " || ', ' || ")
}

func (v view) sampleCondition(c *rowCheck, t tally) string {
	cond := v.condition(c)
	if c.pattern == "" || t.values == nil {
		return cond
	}
	literals := make([]string, len(t.values))
	for i, value := range t.values {
		literals[i] = dataLiteral(value)
	}
	return fmt.Sprintf("(%s OR t%d IN (%s))", cond, c.property, strings.Join(literals, ", "))
}
