//go:build linux

package program

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/linecook-ml/linecook/pipeline/feature"
)

// What Landlock can forbid for files, and since which version of it; see
// landlock(7). Reading a folder's names is left alone: programs list the folders
// that lead to theirs.
const (
	reading = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_EXECUTE
	writing = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SOCK |
		unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK | unix.LANDLOCK_ACCESS_FS_MAKE_SYM
	connecting = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP

	moveSince, truncateSince, connectSince = 2, 3, 4
)

var errNoLandlock = errors.New("features of the form command need Landlock, which confines a program to what it is given and this kernel does not offer; run linecook on Linux 5.13 or later, where it is not switched off")

// confined runs cmd to its end, where it can do no more than p says. Landlock
// binds a thread and what is started from it, for ever: so the thread is given up
// when the goroutine ends without unlocking it. It lives until then, because the
// program is killed with the thread that started it.
func confined(cmd *exec.Cmd, p feature.Program) error {
	done := make(chan error, 1)
	go apart(func() {
		if err := confine(cmd.Path, p); err != nil {
			done <- fmt.Errorf("confine the program: %w", err)
			return
		}
		done <- supervised(cmd, p.MaxFile)
	})
	return <-done
}

// apart does work on a thread of its own that is not the main one. That one never
// ends, and stands for the process: a program that were bound as it is could look
// into linecook's memory and environment.
func apart(work func()) {
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() {
		work()
		return
	}
	defer runtime.UnlockOSThread()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		work()
	}()
	<-done
}

// supervised runs cmd as the head of a process group that does not outlive it.
func supervised(cmd *exec.Cmd, maxFile int64) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	group := func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
	cmd.Cancel = group
	if err := cmd.Start(); err != nil {
		return err
	}
	limit := unix.Rlimit{Cur: uint64(maxFile), Max: uint64(maxFile)}
	if err := unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_FSIZE, &limit, nil); err != nil && !errors.Is(err, unix.ESRCH) {
		return errors.Join(err, group(), cmd.Wait())
	}
	err := cmd.Wait()
	if killed := group(); killed != nil && !errors.Is(killed, os.ErrProcessDone) {
		err = errors.Join(err, killed)
	}
	return err
}

// signalOf is the name of the signal that ended a process, if one did.
func signalOf(state *os.ProcessState) string {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return unix.SignalName(status.Signal())
	}
	return ""
}

// confine binds the current thread: program may be run.
func confine(program string, p feature.Program) error {
	version, _, failed := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if failed != 0 {
		return errNoLandlock
	}
	handled := unix.LandlockRulesetAttr{Access_fs: reading | writing}
	if version >= moveSince {
		handled.Access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if version >= truncateSince {
		handled.Access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if version >= connectSince {
		handled.Access_net = connecting
	}
	ruleset, _, failed := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&handled)), unsafe.Sizeof(handled), 0)
	if failed != 0 {
		return fmt.Errorf("make rules: %w", failed)
	}
	defer func() { _ = unix.Close(int(ruleset)) }()
	var hidden []string
	for _, path := range p.Hidden {
		path, err := resolved(path)
		if err != nil {
			return err
		}
		hidden = append(hidden, path)
	}
	for _, path := range readable(hidden, environment(program, hidden)) {
		if err := allow(ruleset, path, reading); err != nil && !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.EACCES) {
			return err
		}
	}
	if err := allow(ruleset, p.Folder, handled.Access_fs); err != nil {
		return err
	}
	if err := allow(ruleset, os.DevNull, reading|unix.LANDLOCK_ACCESS_FS_WRITE_FILE); err != nil {
		return err
	}
	if err := errors.Join(unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), unprivileged()); err != nil {
		return fmt.Errorf("give up privileges: %w", err)
	}
	if _, _, failed := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0, 0); failed != 0 {
		return fmt.Errorf("apply rules: %w", failed)
	}
	return nil
}

// unprivileged gives up the capabilities of the current thread. Landlock does not
// keep a root that has CAP_PERFMON from reading what linecook was told by its
// environment.
func unprivileged() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	return unix.Capset(&header, &none[0])
}

// allow adds a rule for what lies at path and below.
func allow(ruleset uintptr, path string, access uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer func() { _ = unix.Close(fd) }()
	rule := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(fd)}
	if _, _, failed := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, ruleset, unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0); failed != 0 {
		return fmt.Errorf("add a rule for %s: %w", path, failed)
	}
	return nil
}

// environment is the folder that a program's environment lies in, where that is
// inside what is hidden: .venv of .venv/bin/python.
func environment(program string, hidden []string) []string {
	var open []string
	for _, folder := range hidden {
		if rest, inside := strings.CutPrefix(program, folder+"/"); inside {
			first, _, _ := strings.Cut(rest, "/")
			open = append(open, filepath.Join(folder, first))
		}
	}
	return open
}

// readable lists paths below which everything may be read, so that all of the
// file system can be but what lies at hidden paths and below; what lies at open
// ones can. Landlock knows only what is allowed, so these are the sisters of what
// is not. Links are left out: what they lead to has a path of its own.
func readable(hidden, open []string) []string {
	var paths []string
	marked := slices.Concat(hidden, open)
	var visit func(path string, may bool)
	visit = func(path string, may bool) {
		may = (may && !slices.Contains(hidden, path)) || slices.Contains(open, path)
		below := strings.TrimSuffix(path, "/") + "/"
		if !slices.ContainsFunc(marked, func(other string) bool { return strings.HasPrefix(other, below) }) {
			if may {
				paths = append(paths, path)
			}
			return
		}
		// What cannot be listed cannot be allowed either.
		entries, _ := os.ReadDir(path)
		for _, entry := range entries {
			if entry.Type()&os.ModeSymlink == 0 {
				visit(below+entry.Name(), may)
			}
		}
	}
	visit("/", true)
	return paths
}
