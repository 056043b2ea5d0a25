package atomicfile_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/internal/atomicfile"
)

// all returns every name in a folder, the hidden ones too.
func all(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func wantFile(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; want %q", filepath.Base(path), got, err, want)
	}
}

func TestWriteReplaces(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a.json")
	for _, content := range []string{"one", "a longer two", ""} {
		if err := atomicfile.Write(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		wantFile(t, path, content)
	}
	if names := all(t, folder); !slices.Equal(names, []string{"a.json"}) {
		t.Errorf("the folder holds %q", names)
	}
}

func TestWriteNeedsItsFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "a.json")
	for name, write := range map[string]func(string, []byte, fs.FileMode) error{"Write": atomicfile.Write, "WriteNew": atomicfile.WriteNew} {
		if err := write(path, nil, 0o644); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWriteNewIsForOne(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "000001.json")
	const writers = 16
	errs := make([]error, writers)
	var wait sync.WaitGroup
	for i := range writers {
		wait.Go(func() { errs[i] = atomicfile.WriteNew(path, fmt.Append(nil, i), 0o644) })
	}
	wait.Wait()
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner >= 0:
			t.Errorf("writers %d and %d both won", winner, i)
		case err == nil:
			winner = i
		case !errors.Is(err, fs.ErrExist):
			t.Errorf("writer %d: %v", i, err)
		}
	}
	wantFile(t, path, fmt.Sprint(winner))
	if names := all(t, folder); len(names) != 1 {
		t.Errorf("the folder holds %q", names)
	}
}

func TestPending(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "scores.parquet")
	begin := func() *atomicfile.Pending {
		p, err := atomicfile.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Write([]byte("half")); err != nil {
			t.Fatal(err)
		}
		return p
	}

	p := begin()
	if names, err := atomicfile.Names(folder); err != nil || len(names) != 0 {
		t.Errorf("before Commit readers see %q, %v", names, err)
	}
	p.Abort()
	if names := all(t, folder); len(names) != 0 {
		t.Errorf("after Abort the folder holds %q", names)
	}
	if err := p.Commit(); err == nil {
		t.Error("Commit after Abort succeeds")
	}

	p = begin()
	fmt.Fprint(p, " and whole")
	if err := p.Commit(); err != nil {
		t.Fatal(err)
	}
	p.Abort()
	wantFile(t, path, "half and whole")

	// A library may put its own file in place of ours.
	p = begin()
	if err := os.Remove(p.TempPath()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.TempPath(), []byte("by name"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := p.Commit(); err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, "by name")
	if names := all(t, folder); len(names) != 1 {
		t.Errorf("the folder holds %q", names)
	}
}

func TestCommitThatFailsLeavesTheOld(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a.json")
	if err := atomicfile.Write(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := atomicfile.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(p.TempPath()); err != nil {
		t.Fatal(err)
	}
	if err := p.Commit(); err == nil {
		t.Error("Commit succeeds without the content")
	}
	p.Abort()
	wantFile(t, path, "old")
}

func TestRenameDirIsForOne(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "1.0.0")
	for i, want := range []error{nil, fs.ErrExist} {
		temp := atomicfile.TempName(path)
		if err := os.Mkdir(temp, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(temp, "file"), fmt.Append(nil, i), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := atomicfile.RenameDir(temp, path); !errors.Is(err, want) {
			t.Errorf("attempt %d: %v, want %v", i, err, want)
		}
	}
	wantFile(t, filepath.Join(path, "file"), "0")
}

func TestNamesSkipsWhatIsHidden(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"b", "a", ".DS_Store", filepath.Base(atomicfile.TempName("a"))} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := atomicfile.Names(folder); err != nil || !slices.Equal(names, []string{"a", "b"}) {
		t.Errorf("Names = %q, %v", names, err)
	}
	if names, err := atomicfile.Names(filepath.Join(folder, "missing")); err != nil || names != nil {
		t.Errorf("Names of a missing folder = %q, %v", names, err)
	}
	if _, err := atomicfile.Names(filepath.Join(folder, "a")); err == nil {
		t.Error("Names takes a file for a folder")
	}
}

func TestMkdirAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "c")
	for range 2 {
		if err := atomicfile.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		t.Errorf("%v, %v", info, err)
	}
	file := filepath.Join(path, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.MkdirAll(filepath.Join(file, "d"), 0o755); err == nil {
		t.Error("MkdirAll makes a folder in a file")
	}
}
