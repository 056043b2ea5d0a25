package feature

import (
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

func sourceTable(name string) string { return dataset.Identifier(ReservedPrefix + "source_" + name) }

func laterColumn(i int) string { return fmt.Sprintf("%slater_%d", ReservedPrefix, i) }

// columns are the names that expressions over a source use, sorted.
func (c *compiler) columns(source Source, expressions ...string) ([]string, error) {
	var names []string
	for _, text := range expressions {
		expression, err := c.parser.Parse(c.ctx, text)
		if err != nil {
			return nil, err
		}
		names = append(names, expression.Columns...)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	for _, name := range names {
		if !slices.Contains(source.Columns, name) {
			return nil, fmt.Errorf("source %s has no column %s", source.Name, name)
		}
	}
	return names, nil
}

// reachable leaves out rows that no observation at hand can see: events before
// the earliest decision's reach, and rows known after the last decision. It
// changes the cost of a query, never its result.
func (c *compiler) reachable(known string, reach Duration) string {
	return fmt.Sprintf("%s >= %s - %s AND %s <= %s", colEvent, c.earliest, reach.interval(), known, c.latest)
}

// sources works out the times of each source that features draw on, for the
// columns that something uses and the rows within reach. What is read more than
// once is read into a table.
func (c *compiler) sources() error {
	for _, source := range c.plan.Sources {
		var texts []string
		names, reach := c.viewed(source)
		for _, d := range c.plan.Definitions {
			from, text, within := d.draws()
			if from != source.Name {
				continue
			}
			if text != "" {
				texts = append(texts, text)
			}
			for _, pair := range d.by() {
				there, _ := key(pair)
				names = append(names, there)
			}
			if within.Duration > reach.Duration {
				reach = within
			}
		}
		if reach.Duration == 0 {
			continue
		}
		used, err := c.columns(source, texts...)
		if err != nil {
			return err
		}
		names = append(names, used...)
		slices.Sort(names)
		columns := append(identify(slices.Compact(names)),
			timestamp(source.EventTime)+" AS "+colEvent,
			timestamp(source.KnownAt)+" AS "+colKnown)
		for i, later := range source.Later {
			columns = append(columns, timestamp(later.KnownAt)+" AS "+laterColumn(i))
		}
		rows := fmt.Sprintf("SELECT * FROM (SELECT %s FROM (%s)) WHERE %s", strings.Join(columns, ", "), source.Select, c.reachable(colKnown, reach))
		c.relations[source.Name] = "(" + rows + ")"
		if c.readers(source) > 1 {
			c.relations[source.Name] = sourceTable(source.Name)
			if err := c.exec("CREATE OR REPLACE TABLE " + sourceTable(source.Name) + " AS " + rows); err != nil {
				return err
			}
		}
	}
	return nil
}

// readers is how often a source's rows are read.
func (c *compiler) readers(source Source) int {
	n := 0
	for _, d := range c.drawings {
		if d.source == source.Name {
			n++
		}
	}
	for _, a := range c.queries {
		for _, v := range a.views {
			if v.read.Source == source.Name {
				n++
			}
		}
	}
	for _, command := range c.plan.commands() {
		for _, input := range command.Reads {
			if input.Source == source.Name {
				n += 2 // once for each batch
			}
		}
	}
	return n
}

// known is SQL for the time from which a source's row is known, with the given
// columns and its event time; NULL means never.
func (c *compiler) known(source Source, columns []string) (string, error) {
	event, err := c.columns(source, source.EventTime)
	if err != nil {
		return "", err
	}
	times := []string{colKnown}
	for _, group := range source.lateness(slices.Concat(columns, event)) {
		times = append(times, laterColumn(group))
	}
	return latest(times), nil
}

// latest is SQL for the last of some times, NULL where one of them is: they
// say when a thing is known, and NULL means never. greatest passes over NULL.
func latest(times []string) string {
	if len(times) == 1 {
		return times[0]
	}
	return fmt.Sprintf("CASE WHEN %s IS NOT NULL THEN greatest(%s) END", strings.Join(times, " IS NOT NULL AND "), strings.Join(times, ", "))
}
