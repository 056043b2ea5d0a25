package scaffold

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/actions/internal/command"
)

// write puts the files below the folder, all or none. A file that exists is in
// the way unless force is set. What cannot be checked ahead, like a full disk,
// takes away again what was new.
func write(dir string, files []file, force bool) (err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return command.UsageError(fmt.Errorf("--dir: %w", err))
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	if err := free(root, files, force); err != nil {
		return err
	}
	w := &writer{root: root}
	for _, f := range files {
		if err := w.stage(f); err != nil {
			return errors.Join(err, w.undo())
		}
	}
	for _, f := range files {
		if err := w.commit(f); err != nil {
			return errors.Join(err, w.undo())
		}
	}
	return nil
}

// free fails where a file, or a folder that one needs, is in the way.
func free(root *os.Root, files []file, force bool) error {
	var taken []string
	for _, f := range files {
		for folder := path.Dir(f.path); folder != "."; folder = path.Dir(folder) {
			if info, err := root.Stat(folder); err == nil && !info.IsDir() {
				return command.UsageError(fmt.Errorf("%s is a file, and a folder of that name is needed; move it away", folder))
			}
		}
		info, err := root.Lstat(f.path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return command.UsageError(err)
		case info.IsDir():
			return command.UsageError(fmt.Errorf("%s is a folder, and a file of that name is to be written; move it away", f.path))
		case !f.appended:
			taken = append(taken, f.path)
		}
	}
	if len(taken) > 0 && !force {
		return command.UsageError(fmt.Errorf("these files exist, and nothing was written: %s; move them away, or overwrite them with --force", strings.Join(taken, ", ")))
	}
	return nil
}

// A writer knows what it has made.
type writer struct {
	root *os.Root
	made []string
}

// temporary is where a file is written before it gets its name.
func temporary(name string) string {
	return path.Join(path.Dir(name), "."+path.Base(name)+".linecook.tmp")
}

// stage writes a file beside its place, and to the disk.
func (w *writer) stage(f file) (err error) {
	if err := w.folders(path.Dir(f.path)); err != nil {
		return err
	}
	out, err := w.root.OpenFile(temporary(f.path), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	w.made = append(w.made, temporary(f.path))
	_, err = out.Write(f.text)
	return errors.Join(err, out.Sync(), out.Close())
}

func (w *writer) folders(folder string) error {
	if folder == "." {
		return nil
	}
	if err := w.folders(path.Dir(folder)); err != nil {
		return err
	}
	err := w.root.Mkdir(folder, 0o755)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err == nil {
		w.made = append(w.made, folder)
	}
	return err
}

// commit gives a staged file its name.
func (w *writer) commit(f file) error {
	_, err := w.root.Lstat(f.path)
	fresh := errors.Is(err, fs.ErrNotExist)
	if err := w.root.Rename(temporary(f.path), f.path); err != nil {
		return err
	}
	if fresh {
		w.made = append(w.made, f.path)
	}
	return nil
}

// undo removes what was made, the latest first.
func (w *writer) undo() error {
	var failures []error
	for _, name := range slices.Backward(w.made) {
		if err := w.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// ignore is the folder's .gitignore with linecook's home in it, or nothing where
// it is there already.
func ignore(dir string) ([]file, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, command.UsageError(fmt.Errorf("--dir: %w", err))
	}
	defer func() { _ = root.Close() }()
	text, err := root.ReadFile(ignoreFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, command.UsageError(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.Trim(strings.TrimSpace(line), "/") == strings.Trim(ignored, "/") {
			return nil, nil
		}
	}
	if len(text) > 0 && !strings.HasSuffix(string(text), "\n") {
		text = append(text, '\n')
	}
	text = append(text, "# linecook's registry, ledger and scores on this machine\n"+ignored+"\n"...)
	return []file{{path: ignoreFile, what: "keeps linecook's own folder out of Git", text: text, appended: true}}, nil
}
