// Package dir keeps a ledger in a folder.
//
//		<root>/<pipeline>/<stage>/<date>/000001.json
//
//	 1. A run becomes a file with the next number for its date, created only if
//	    nobody has created it; who comes second takes the number after.
//	 2. Reading skips what an interrupted write left, verifies every record and
//	    names the file of one that does not verify.
//
// Any number of processes may share the folder, if its file system has hard
// links.
package dir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/linecook-ml/linecook/pipeline/internal/atomicfile"
	"github.com/linecook-ml/linecook/pipeline/ledger"
)

// Store is a ledger.Store in a folder.
type Store struct {
	root string
}

// Open returns the ledger under root, which need not exist: the first run
// makes it.
func Open(root string) *Store {
	return &Store{root: root}
}

// Append implements ledger.Store.
func (s *Store) Append(ctx context.Context, run ledger.Run) (ledger.Run, error) {
	run, err := ledger.CheckAppend(run)
	if err != nil {
		return ledger.Run{}, err
	}
	folder := filepath.Join(s.root, run.Pipeline, run.Stage, run.LogicalDate)
	if err := atomicfile.MkdirAll(folder, 0o755); err != nil {
		return ledger.Run{}, fmt.Errorf("appending a run for %s: %w", run.LogicalDate, err)
	}
	records, err := atomicfile.Names(folder)
	if err != nil {
		return ledger.Run{}, fmt.Errorf("reading the ledger: %w", err)
	}
	for attempt := len(records) + 1; ; attempt++ {
		if err := ctx.Err(); err != nil {
			return ledger.Run{}, err
		}
		sealed, record, err := ledger.Seal(run, attempt)
		if err != nil {
			return ledger.Run{}, err
		}
		err = atomicfile.WriteNew(filepath.Join(folder, recordFile(attempt)), record, 0o644)
		if errors.Is(err, fs.ErrExist) {
			continue // somebody else finished a run for this date
		}
		if err != nil {
			return ledger.Run{}, fmt.Errorf("appending a run for %s: %w", run.LogicalDate, err)
		}
		return sealed, nil
	}
}

// Runs implements ledger.Store.
func (s *Store) Runs(ctx context.Context, pipeline, stage string) ([]ledger.Run, error) {
	if err := ledger.CheckKey(pipeline, stage); err != nil {
		return nil, err
	}
	folder := filepath.Join(s.root, pipeline, stage)
	dates, err := atomicfile.Names(folder)
	if err != nil {
		return nil, fmt.Errorf("reading the ledger: %w", err)
	}
	var runs []ledger.Run
	for _, date := range dates {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		records, err := atomicfile.Names(filepath.Join(folder, date))
		if err != nil {
			return nil, fmt.Errorf("reading the ledger: %w", err)
		}
		for _, name := range records {
			path := filepath.Join(folder, date, name)
			run, err := read(path)
			if err != nil {
				return nil, err
			}
			if run.Pipeline != pipeline || run.Stage != stage || run.LogicalDate != date || recordFile(run.Attempt) != name {
				return nil, fmt.Errorf("%s records attempt %d of %s on %s for %s: %w",
					path, run.Attempt, run.Pipeline, run.Stage, run.LogicalDate, ledger.ErrCorrupt)
			}
			runs = append(runs, run)
		}
	}
	return ledger.CheckRuns(runs)
}

func recordFile(attempt int) string {
	return fmt.Sprintf("%06d.json", attempt)
}

func read(path string) (ledger.Run, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return ledger.Run{}, fmt.Errorf("reading a run: %w", err)
	}
	run, err := ledger.Decode(data)
	if err != nil {
		return ledger.Run{}, fmt.Errorf("%s: %w", path, err)
	}
	return run, nil
}
