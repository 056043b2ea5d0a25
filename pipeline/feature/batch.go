package feature

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// A batch is one run of a command: the observations of a partition, in the words
// of batch.json. Paths are relative to the run's folder.
type batch struct {
	Command   string `json:"command"`
	Partition string `json:"partition"`
	// AsOf is the earliest decision time, in RFC 3339.
	AsOf         string            `json:"as_of"`
	Observations string            `json:"observations"`
	Inputs       map[string]string `json:"inputs"`
	Output       string            `json:"output"`
	// Features are the columns of the output beside __id, with their types.
	Features map[string]string `json:"features"`

	at time.Time
	// ids are the observations' identifiers in the plan, in order.
	ids []int64
}

// work works out the features of commands, batch by batch and several at a time.
func (c *compiler) work() error {
	for _, command := range c.plan.commands() {
		if err := c.plan.Programs.same(c.ctx, command); err != nil {
			return err
		}
		batches, err := c.batches(command)
		if err != nil {
			return fmt.Errorf("command %s: %w", command.Name, err)
		}
		for _, i := range c.plan.givenBy(command) {
			c.builders[c.plan.Definitions[i].Name].begin(int(c.count))
		}
		if err := c.runAll(command, batches); err != nil {
			return err
		}
	}
	return nil
}

// runAll runs a command for all batches. Of several that fail the error is that
// of the first one, whatever the number of processors: all before it were run.
func (c *compiler) runAll(command Command, batches []batch) error {
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	var lock sync.Mutex
	done, failed, failures := 0, false, make([]error, len(batches))
	for i, b := range batches {
		lock.Lock()
		stop := failed
		lock.Unlock()
		if stop {
			break
		}
		group.Go(func() error {
			err := c.runOne(command, b)
			lock.Lock()
			defer lock.Unlock()
			failures[i], failed = err, failed || err != nil
			if done++; err == nil && c.plan.Programs.Progress != nil {
				c.plan.Programs.Progress(command.Name, done, len(batches))
			}
			return nil
		})
	}
	_ = group.Wait()
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

// batches are the partitions of the observations that have a decision time.
func (c *compiler) batches(command Command) (_ []batch, err error) {
	rows, err := c.db.QueryContext(c.ctx, fmt.Sprintf("SELECT %s::DATE, %s, %s FROM %s WHERE isfinite(%[2]s) ORDER BY 1, 3",
		dataset.Identifier(c.plan.Observations.Partition), colDecided, colID, ObservationsTable))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var all []batch
	for rows.Next() {
		var day, decided time.Time
		var id int64
		if err := rows.Scan(&day, &decided, &id); err != nil {
			return nil, err
		}
		// Identifiers ascend with decision times, so that the first is the earliest.
		if date := day.Format(time.DateOnly); len(all) == 0 || all[len(all)-1].Partition != date {
			all = append(all, c.batch(command, date, decided))
		}
		last := &all[len(all)-1]
		last.ids = append(last.ids, id)
	}
	return all, rows.Err()
}

// batch is that of a partition, without its observations.
func (c *compiler) batch(command Command, partition string, at time.Time) batch {
	name := func(of string) string { return of + "." + string(command.format()) }
	b := batch{
		Command: command.Name, Partition: partition, AsOf: at.UTC().Format(time.RFC3339Nano),
		Observations: name("observations"), Inputs: map[string]string{}, Output: name("output"), Features: map[string]string{}, at: at,
	}
	for _, input := range command.Reads {
		b.Inputs[input.Source] = name("inputs/" + input.Source)
	}
	for _, i := range c.plan.givenBy(command) {
		d := c.plan.Definitions[i]
		b.Features[d.Name] = d.sqlType()
	}
	return b
}

// runOne runs a command for one batch and takes in what it gives.
func (c *compiler) runOne(command Command, b batch) (err error) {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	programs := c.plan.Programs
	folder, remove, err := programs.open(command, command.Name+"-"+b.Partition)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	if err := c.handOver(command, b, folder); err != nil {
		return fmt.Errorf("hand over to command %s: %w", command.Name, err)
	}
	output := filepath.Join(folder, b.Output)
	keep, found, err := programs.recall(folder, output)
	if err != nil {
		return fmt.Errorf("command %s: %w", command.Name, err)
	}
	if !found {
		if _, err := programs.run(c.ctx, command, folder, "run", command.Run); err != nil {
			return b.blame(err)
		}
	}
	if err := c.takeIn(command, b, output); err != nil {
		return b.blame(err)
	}
	return keep()
}

// blame adds to a command's error for which partition it was run.
func (b batch) blame(err error) error {
	var failure *CommandError
	if errors.As(err, &failure) {
		failure.Message = "for partition " + b.Partition + " " + failure.Message
	}
	return err
}

// handOver writes what a batch is given.
func (c *compiler) handOver(command Command, b batch, folder string) error {
	text, err := canonical.Marshal(b)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "batch.json"), text, 0o600); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(folder, "inputs"), 0o700); err != nil {
		return err
	}
	own := strings.Join(append([]string{colDecided}, identify(command.Observation)...), ", ")
	if err := c.write(command, filepath.Join(folder, b.Observations), fmt.Sprintf(
		"SELECT row_number() OVER (ORDER BY %[1]s) AS %[1]s, %[2]s FROM %[3]s WHERE %[4]s = DATE %[5]s AND isfinite(%[6]s) ORDER BY %[1]s",
		colID, own, ObservationsTable, dataset.Identifier(c.plan.Observations.Partition), dataset.Literal(b.Partition), colDecided)); err != nil {
		return err
	}
	for _, input := range command.Reads {
		query, err := c.input(input, b.at)
		if err != nil {
			return err
		}
		if err := c.write(command, filepath.Join(folder, filepath.FromSlash(b.Inputs[input.Source])), query); err != nil {
			return err
		}
	}
	return nil
}

// write writes the rows of a query to a file, in their order.
func (c *compiler) write(command Command, path, query string) error {
	options := "FORMAT parquet"
	if command.format() == CSV {
		options = "FORMAT csv, HEADER, NULLSTR ''"
	}
	_, err := c.db.ExecContext(c.ctx, fmt.Sprintf("COPY (%s) TO %s (%s)", query, dataset.Literal(path), options))
	return err
}

// input is SQL for the rows of a source that were known at a moment, in a total
// order.
func (c *compiler) input(input Input, at time.Time) (string, error) {
	source, _ := c.plan.source(input.Source)
	known, err := c.known(source, nil)
	if err != nil {
		return "", err
	}
	asOf := fmt.Sprintf("make_timestamp(%d)", at.UnixMicro())
	var cells []string
	for _, name := range input.Columns {
		quoted := dataset.Identifier(name)
		if groups := source.lateness([]string{name}); len(groups) > 0 {
			times := make([]string, len(groups))
			for i, group := range groups {
				times[i] = laterColumn(group)
			}
			quoted = fmt.Sprintf("CASE WHEN %s <= %s THEN %s END AS %s", latest(times), asOf, quoted, quoted)
		}
		cells = append(cells, quoted)
	}
	return fmt.Sprintf("SELECT %s, %s AS %s, %s FROM %s WHERE %s <= %s AND %s BETWEEN %s - %s AND %s + %s ORDER BY ALL",
		colEvent, known, colKnown, strings.Join(cells, ", "), c.relations[input.Source],
		known, asOf, colEvent, asOf, input.Within.interval(), asOf, input.Ahead.interval()), nil
}

// given is what the commands need of a source: columns, and how far back.
func (c *compiler) given(source Source) (columns []string, reach Duration) {
	for _, command := range c.plan.commands() {
		for _, input := range command.Reads {
			if input.Source != source.Name {
				continue
			}
			columns = slices.Concat(columns, input.Columns)
			if input.Within.Duration > reach.Duration {
				reach = input.Within
			}
		}
	}
	return columns, reach
}
