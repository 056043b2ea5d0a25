// Package program runs programs that are not linecook's: the commands that work
// features out.
//
//  1. The program is found among those that are installed, or by its path.
//  2. It gets an environment that is the same everywhere, without tokens.
//  3. The kernel confines it, and all that it starts, with Landlock: it can write
//     its folder alone, read neither the pipeline's folder nor its sources, and
//     open no TCP connection. Without Landlock nothing is run.
//  4. When it has ended, its time is over or the run is cancelled, whatever is
//     left of its process group is killed.
package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/linecook-ml/linecook/pipeline/feature"
)

// Bounds of what is kept of a program's streams: the answer to a question for its
// version, and the end of a stack trace.
const (
	maxSaid       = 64 << 10
	maxComplained = 4 << 10
)

// patience is how long streams may stay open after a program has ended and its
// group was killed: something that left the group may hold them.
const patience = 5 * time.Second

// Starter runs programs that are found as getenv says: by PATH, and with the
// libraries of LD_LIBRARY_PATH, which installed Pythons need.
func Starter(getenv func(string) string) feature.Starter {
	return func(ctx context.Context, p feature.Program) (feature.Exit, error) {
		words := append([]string{}, p.Run...)
		var err error
		if words[0], err = find(words[0], getenv("PATH")); err != nil {
			return feature.Exit{}, err
		}
		if p.Folder, err = resolved(p.Folder); err != nil {
			return feature.Exit{}, err
		}
		environment, err := environ(getenv, p.Folder)
		if err != nil {
			return feature.Exit{}, err
		}
		limited, stop := context.WithTimeout(ctx, p.Timeout)
		defer stop()
		cmd := exec.CommandContext(limited, words[0], words[1:]...)
		cmd.Args[0] = p.Run[0]
		cmd.Dir, cmd.Env = p.Folder, environment
		said, complained := &head{most: maxSaid}, &tail{most: maxComplained}
		listen, err := listening(cmd, said, complained)
		if err != nil {
			return feature.Exit{}, err
		}
		err = confined(cmd, p)
		listen()
		exit := feature.Exit{Said: text(said.kept), Complained: text(complained.kept)}
		var ended *exec.ExitError
		var unstarted *fs.PathError
		switch {
		case ctx.Err() != nil:
			return exit, context.Cause(ctx)
		case limited.Err() != nil:
			exit.TimedOut = true
			return exit, nil
		case errors.As(err, &ended):
			exit.Code, exit.Signal = ended.ExitCode(), signalOf(ended.ProcessState)
			return exit, nil
		case errors.As(err, &unstarted) && cmd.Process == nil:
			return exit, fmt.Errorf("%w: %w", feature.ErrNoProgram, unstarted.Err)
		case err != nil:
			return exit, fmt.Errorf("run %s: %w", p.Run[0], err)
		}
		return exit, nil
	}
}

// listening gives a program its streams, and returns what waits for the end of
// both once it has ended. They are pipes of our own: with those of os/exec, a
// program would not have ended before all that it left behind has.
func listening(cmd *exec.Cmd, said, complained io.Writer) (listen func(), err error) {
	var ends []*os.File
	var group sync.WaitGroup
	for _, stream := range []struct {
		of *io.Writer
		to io.Writer
	}{{&cmd.Stdout, said}, {&cmd.Stderr, complained}} {
		from, into, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		*stream.of, ends = into, append(ends, from, into)
		group.Go(func() { _, _ = io.Copy(stream.to, from) })
	}
	return func() {
		for i := 0; i < len(ends); i += 2 {
			_ = ends[i+1].Close()
			_ = ends[i].SetReadDeadline(time.Now().Add(patience))
		}
		group.Wait()
		for i := 0; i < len(ends); i += 2 {
			_ = ends[i].Close()
		}
	}, nil
}

// find is the whole path of a program. The program itself may be a link, as that
// of a virtual environment is, and finds its environment by the link's place.
func find(name, path string) (string, error) {
	if strings.Contains(name, "/") {
		found, err := exec.LookPath(name)
		if err != nil {
			return "", fmt.Errorf("%w: %w", feature.ErrNoProgram, err)
		}
		folder, err := resolved(filepath.Dir(found))
		return filepath.Join(folder, filepath.Base(found)), err
	}
	for _, folder := range filepath.SplitList(path) {
		if !filepath.IsAbs(folder) {
			continue // it would be another one elsewhere
		}
		if found, err := exec.LookPath(filepath.Join(folder, name)); err == nil {
			return find(found, "")
		}
	}
	return "", fmt.Errorf("%w in PATH", feature.ErrNoProgram)
}

// resolved is a whole path without links.
func resolved(path string) (string, error) {
	whole, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(whole)
}

// environ is what a program is told of the world, and makes the folders in it.
func environ(getenv func(string) string, folder string) ([]string, error) {
	home, tmp := filepath.Join(folder, ".home"), filepath.Join(folder, ".tmp")
	for _, made := range []string{home, tmp} {
		if err := os.Mkdir(made, 0o700); err != nil {
			return nil, err
		}
	}
	all := []string{
		"HOME=" + home, "TMPDIR=" + tmp, "PATH=" + getenv("PATH"),
		"TZ=UTC", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "PYTHONHASHSEED=0",
	}
	if libraries := getenv("LD_LIBRARY_PATH"); libraries != "" {
		all = append(all, "LD_LIBRARY_PATH="+libraries)
	}
	return all, nil
}

func text(kept []byte) string { return strings.ToValidUTF8(string(kept), "?") }

// A head keeps the beginning of what is written.
type head struct {
	kept []byte
	most int
}

func (h *head) Write(p []byte) (int, error) {
	h.kept = append(h.kept, p[:min(len(p), h.most-len(h.kept))]...)
	return len(p), nil
}

// A tail keeps the end of what is written.
type tail struct {
	kept []byte
	most int
}

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - t.most; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(p), nil
}
