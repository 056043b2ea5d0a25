package dir_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/ledger"
	"github.com/linecook-ml/linecook/pipeline/ledger/dir"
	"github.com/linecook-ml/linecook/pipeline/ledger/ledgertest"
)

func TestConformance(t *testing.T) {
	ledgertest.Run(t, func(t *testing.T) func() ledger.Store {
		root := filepath.Join(t.TempDir(), "not", "there", "yet")
		return func() ledger.Store { return dir.Open(root) }
	})
}

// filled returns a ledger with two attempts for one date, and their folder.
func filled(t *testing.T) (s *dir.Store, folder string) {
	t.Helper()
	root := t.TempDir()
	s = dir.Open(root)
	for range 2 {
		if _, err := s.Append(t.Context(), ledgertest.Example("2013-10-01")); err != nil {
			t.Fatal(err)
		}
	}
	return s, filepath.Join(root, "flight-delay", "prod", "2013-10-01")
}

func TestTampering(t *testing.T) {
	edit := func(old, changed string) func(data []byte) []byte {
		return func(data []byte) []byte { return bytes.Replace(data, []byte(old), []byte(changed), 1) }
	}
	for _, c := range []struct {
		name string
		edit func(data []byte) []byte
		from string
		to   string
	}{
		{"an edited count", edit(`"rows":900`, `"rows":901`), "000001.json", "000001.json"},
		{"an edited outcome", edit(`"scored"`, `"stopped"`), "000001.json", "000001.json"},
		{"a formatted record", edit(`,`, `, `), "000002.json", "000002.json"},
		{"an empty record", func([]byte) []byte { return nil }, "000001.json", "000001.json"},
		{"a record in another's place", bytes.Clone, "000001.json", "000002.json"},
		{"a copy as the next attempt", bytes.Clone, "000002.json", "000003.json"},
		{"a file of somebody else", edit(`{`, `[`), "000001.json", "notes.txt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, folder := filled(t)
			data, err := os.ReadFile(filepath.Join(folder, c.from))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, c.to), c.edit(data), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err = s.Runs(t.Context(), "flight-delay", "prod")
			if !errors.Is(err, ledger.ErrCorrupt) || !strings.Contains(err.Error(), filepath.Join(folder, c.to)) {
				t.Errorf("got %v; want ErrCorrupt that names %s", err, c.to)
			}
		})
	}
}

func TestARemovedRecordIsMissed(t *testing.T) {
	s, folder := filled(t)
	if err := os.Remove(filepath.Join(folder, "000001.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Runs(t.Context(), "flight-delay", "prod"); !errors.Is(err, ledger.ErrCorrupt) || !strings.Contains(err.Error(), "2013-10-01") {
		t.Errorf("got %v", err)
	}
}

// What a killed process leaves behind is not seen, and not in the way.
func TestCrashLeftoversAreIgnored(t *testing.T) {
	s, folder := filled(t)
	if err := os.WriteFile(filepath.Join(folder, ".000003.json.ABC.tmp"), []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(filepath.Dir(folder), "2013-10-02"), 0o755); err != nil {
		t.Fatal(err)
	}
	run, err := s.Append(t.Context(), ledgertest.Example("2013-10-01"))
	if err != nil || run.Attempt != 3 {
		t.Errorf("attempt %d, %v", run.Attempt, err)
	}
	if runs, err := s.Runs(t.Context(), "flight-delay", "prod"); err != nil || len(runs) != 3 {
		t.Errorf("%d runs, %v", len(runs), err)
	}
}
