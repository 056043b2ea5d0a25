// Package atomicfile writes files that are either there whole or not there.
//
//  1. The content goes to a hidden temporary file in the target's own folder,
//     so that the last step never crosses a file system.
//  2. The temporary file is flushed to the disk.
//  3. It gets its name in one step: by rename, which replaces what was there
//     (Write, Create), or by link, which fails if something is there (WriteNew).
//  4. The folder is flushed, so that the name survives a power cut too.
//
// A crash leaves at most a temporary file, whose name begins with a dot and
// ends in .tmp; readers of a folder skip it (see Names).
package atomicfile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Write puts data into the file at path, replacing what was there. The folder
// must exist. perm is subject to the umask.
func Write(path string, data []byte, perm fs.FileMode) error {
	p, err := create(path, perm)
	if err != nil {
		return err
	}
	defer p.Abort()
	if _, err := p.Write(data); err != nil {
		return err
	}
	return p.Commit()
}

// WriteNew is Write for a file that must not exist: of several writers, in one
// process or many, one gets the name and every other an error that is
// fs.ErrExist, and no reader ever sees the file in part.
func WriteNew(path string, data []byte, perm fs.FileMode) error {
	p, err := create(path, perm)
	if err != nil {
		return err
	}
	defer p.Abort()
	if _, err := p.Write(data); err != nil {
		return err
	}
	if err := p.flush(); err != nil {
		return err
	}
	if err := os.Link(p.temp, path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
		}
		return fmt.Errorf("claiming %s needs a file system with hard links: %w", path, err)
	}
	return syncDir(filepath.Dir(path))
}

// MkdirAll makes the folder at path and those above it, like os.MkdirAll, and
// flushes each new name to the disk.
func MkdirAll(path string, perm fs.FileMode) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := MkdirAll(parent, perm); err != nil {
			return err
		}
	}
	// Another process may have made it meanwhile; os.MkdirAll takes that well.
	if err := os.MkdirAll(path, perm); err != nil {
		return err
	}
	return syncDir(parent)
}

// RenameDir gives a complete folder its final name, in the same parent, after
// flushing the files in it. It fails with fs.ErrExist if a folder that holds
// anything has that name already.
func RenameDir(temp, path string) error {
	entries, err := os.ReadDir(temp)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := syncFile(filepath.Join(temp, e.Name())); err != nil {
			return err
		}
	}
	if err := syncDir(temp); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		// What a taken name is called differs between systems and file systems.
		if _, statErr := os.Lstat(path); statErr == nil {
			return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
		}
		return err
	}
	return syncDir(filepath.Dir(path))
}

// TempName returns a hidden name in the folder of path that nothing else has.
func TempName(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+rand.Text()+".tmp")
}

// Names returns the names in a folder, sorted, without the hidden ones: what
// interrupted writes left, and what desktops leave. A folder that is not there
// has none.
func Names(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// A Pending is a file in the making. Until Commit nobody sees it under its
// name; Abort, which may be deferred, removes it unless it was committed.
type Pending struct {
	file *os.File
	temp string
	path string
	done bool
}

// Create begins a file whose content comes piece by piece, mode 0644 before
// the umask. The folder must exist.
func Create(path string) (*Pending, error) {
	return create(path, 0o644)
}

func create(path string, perm fs.FileMode) (*Pending, error) {
	temp := TempName(path)
	file, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", path, err)
	}
	return &Pending{file: file, temp: temp, path: path}, nil
}

// TempPath is where the content is until Commit, for a library that insists on
// opening the file by name itself.
func (p *Pending) TempPath() string {
	return p.temp
}

// Write adds to the content.
func (p *Pending) Write(data []byte) (int, error) {
	n, err := p.file.Write(data)
	if err != nil {
		return n, fmt.Errorf("writing %s: %w", p.path, err)
	}
	return n, nil
}

// Commit flushes the content and gives it its name, replacing what was there.
func (p *Pending) Commit() error {
	if p.done {
		return fmt.Errorf("writing %s: it was committed or aborted already", p.path)
	}
	if err := p.flush(); err != nil {
		return err
	}
	if err := os.Rename(p.temp, p.path); err != nil {
		return fmt.Errorf("writing %s: %w", p.path, err)
	}
	p.done = true
	return syncDir(filepath.Dir(p.path))
}

// Abort drops the content. After Commit it does nothing.
func (p *Pending) Abort() {
	if p.done {
		return
	}
	p.done = true
	p.file.Close()
	os.Remove(p.temp)
}

// flush closes the file and flushes it by name, since who wrote to TempPath may
// have put another file there.
func (p *Pending) flush() error {
	if err := p.file.Close(); err != nil {
		return fmt.Errorf("writing %s: %w", p.path, err)
	}
	if err := syncFile(p.temp); err != nil {
		return fmt.Errorf("writing %s: %w", p.path, err)
	}
	return nil
}

func syncFile(path string) error {
	flag := os.O_RDONLY
	if runtime.GOOS == "windows" {
		flag = os.O_RDWR // it flushes only what is open for writing
	}
	file, err := os.OpenFile(path, flag, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

func syncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil // a folder cannot be flushed there
	}
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
