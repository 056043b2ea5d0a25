//go:build linux

package program_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/actions/internal/program"
	"github.com/linecook-ml/linecook/pipeline/feature"
)

// secret is what nobody may read, in a pipeline's folder.
const secret = "date,minutes_late\n"

// world makes a pipeline's folder with a secret, and the folder of a run.
func world(t *testing.T) (pipeline string, p feature.Program) {
	t.Helper()
	top := t.TempDir()
	pipeline, folder := filepath.Join(top, "pipeline"), filepath.Join(top, "scratch", "run")
	for path, text := range map[string]string{
		filepath.Join(pipeline, "data", "deliveries.csv"):    secret,
		filepath.Join(pipeline, ".venv", "lib", "module.py"): "installed\n",
		filepath.Join(top, "scratch", "future.tmp"):          secret,
		filepath.Join(top, "readable.txt"):                   "readable\n",
		filepath.Join(folder, "program.sh"):                  "#!/bin/sh\necho carried\n",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return pipeline, feature.Program{
		Folder: folder, Hidden: []string{pipeline, filepath.Join(pipeline, "data", "deliveries.csv"), filepath.Dir(folder)},
		Timeout: time.Minute, MaxFile: 1 << 20,
	}
}

// told are the variables of the world around.
func told(name string) string {
	return map[string]string{"PATH": "/usr/local/bin:/usr/bin:/bin", "GITHUB_TOKEN": "ghs_secret", "HOME": "/root"}[name]
}

func start(t *testing.T, p feature.Program, script string) feature.Exit {
	t.Helper()
	if script != "" {
		p.Run = []string{"sh", "-c", script}
	}
	exit, err := program.Starter(told)(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return exit
}

// A program reads what is installed and what it is given, and nothing of the
// pipeline; it writes its own folder alone.
func TestProgramsAreConfined(t *testing.T) {
	pipeline, p := world(t)
	top := filepath.Dir(pipeline)
	if err := os.Symlink(filepath.Join(pipeline, "data"), filepath.Join(top, "link")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		script string
		may    bool
	}{
		{"cat program.sh", true},
		{"cat " + top + "/readable.txt", true},
		{"cat /proc/self/status", true},
		{"echo x > /dev/null", true},
		{"echo x > new && mkdir folder && mv new folder/new && rm -r folder", true},
		{"echo x > $TMPDIR/a && echo x > $HOME/a", true},
		{"ls " + pipeline + "/data", true},
		{"cat " + pipeline + "/data/deliveries.csv", false},
		{"cat " + top + "/link/deliveries.csv", false},
		{"cat /proc/self/cwd/../../pipeline/data/deliveries.csv", false},
		{"cat ../../pipeline/data/deliveries.csv", false},
		{"sh -c 'sh -c \"cat " + pipeline + "/data/deliveries.csv\"'", false},
		{"ln " + pipeline + "/data/deliveries.csv mine && cat mine", false},
		{"cat " + pipeline + "/.venv/lib/module.py", false},
		{"cat ../future.tmp", false},
		{"cat /proc/$PPID/environ", false},
		{"echo x > " + pipeline + "/data/deliveries.csv", false},
		{"echo x > " + pipeline + "/new", false},
		{"echo x > " + top + "/readable.txt", false},
		{"echo x > " + top + "/new", false},
		{"rm " + top + "/readable.txt", false},
		{"mkdir " + top + "/new", false},
		{"mv program.sh " + top + "/program.sh", false},
		{"chmod +x program.sh && ./program.sh", true},
	} {
		exit := start(t, p, c.script)
		for _, made := range []string{".home", ".tmp"} {
			if err := os.RemoveAll(filepath.Join(p.Folder, made)); err != nil {
				t.Fatal(err)
			}
		}
		if done := exit.Code == 0; done != c.may || strings.Contains(exit.Said, secret) {
			t.Errorf("%s: %+v, want it allowed: %t", c.script, exit, c.may)
		}
	}
	if text, err := os.ReadFile(filepath.Join(pipeline, "data", "deliveries.csv")); err != nil || string(text) != secret {
		t.Errorf("the source is now %q, %v", text, err)
	}
}

// An environment inside the pipeline's folder can be read, and the data beside it
// cannot.
func TestAnEnvironmentInThePipelinesFolderCanBeRead(t *testing.T) {
	pipeline, p := world(t)
	python := filepath.Join(pipeline, ".venv", "bin", "python")
	if err := os.MkdirAll(filepath.Dir(python), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/bin/sh", python); err != nil {
		t.Fatal(err)
	}
	p.Run = []string{python, "-c", "cat " + pipeline + "/.venv/lib/module.py; cat " + pipeline + "/data/deliveries.csv"}
	if exit := start(t, p, ""); exit.Said != "installed\n" || exit.Code == 0 {
		t.Errorf("%+v", exit)
	}
}

// linecook itself stays free: what confines a program binds one thread, which is
// given up, and never the main one, by which a program could look into linecook.
func TestConfinementBindsNoOtherThread(t *testing.T) {
	pipeline, _ := world(t)
	held, free := make(chan struct{}), make(chan struct{})
	for range 50 {
		_, p := world(t)
		p.Hidden = append(p.Hidden, pipeline)
		if exit := start(t, p, "cat /proc/"+strconv.Itoa(os.Getpid())+"/environ"); exit.Code == 0 {
			t.Fatal("a program has read linecook's environment")
		}
	}
	var group sync.WaitGroup
	for range 100 { // more than there are threads
		group.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			if _, err := os.ReadFile(filepath.Join(pipeline, "data", "deliveries.csv")); err != nil {
				t.Error(err)
			}
			held <- struct{}{}
			<-free
		})
	}
	for range 100 {
		<-held
	}
	close(free)
	group.Wait()
}

func TestTheEnvironmentIsTheSameEverywhere(t *testing.T) {
	_, p := world(t)
	p.Run = []string{"env"}
	lines := strings.Split(strings.TrimSpace(start(t, p, "").Said), "\n")
	slices.Sort(lines)
	folder, err := filepath.EvalSymlinks(p.Folder)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"HOME=" + folder + "/.home", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "PATH=/usr/local/bin:/usr/bin:/bin",
		"PYTHONHASHSEED=0", "TMPDIR=" + folder + "/.tmp", "TZ=UTC",
	}
	// dash adds its own PWD where a script is run; env is run as it is.
	if !slices.Equal(lines, want) {
		t.Errorf("the program is told\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

func TestHowProgramsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		change func(*feature.Program)
		want   func(feature.Exit) bool
	}{
		"well":                  {"echo said; echo complained >&2", nil, func(e feature.Exit) bool { return e == feature.Exit{Said: "said\n", Complained: "complained\n"} }},
		"with an exit code":     {"exit 3", nil, func(e feature.Exit) bool { return e.Code == 3 && e.Signal == "" }},
		"by a signal":           {"kill -SEGV $$", nil, func(e feature.Exit) bool { return e.Signal == "SIGSEGV" }},
		"when its time is over": {"echo begun >&2; sleep 600", func(p *feature.Program) { p.Timeout = 5 * time.Second }, func(e feature.Exit) bool { return e.TimedOut && e.Complained == "begun\n" }},
		"ignoring signals":      {"trap '' TERM INT HUP; while :; do sleep 600; done", func(p *feature.Program) { p.Timeout = 300 * time.Millisecond }, func(e feature.Exit) bool { return e.TimedOut }},
		"writing too much":      {"while [ $(ulimit -f) = unlimited ]; do :; done; head -c 3000000 /dev/zero > output.csv", nil, func(e feature.Exit) bool { return e.Code != 0 || e.Signal == "SIGXFSZ" }},
		"saying too much": {"head -c 200000 /dev/zero | tr '\\0' a; head -c 200000 /dev/zero | tr '\\0' b >&2; echo end >&2", nil, func(e feature.Exit) bool {
			return len(e.Said) == 64<<10 && len(e.Complained) == 4<<10 && strings.HasSuffix(e.Complained, "bbend\n")
		}},
		"complaining in no language": {"printf 'a\\377b' >&2; exit 1", nil, func(e feature.Exit) bool { return e.Complained == "a?b" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, p := world(t)
			if c.change != nil {
				c.change(&p)
			}
			if exit := start(t, p, c.script); !c.want(exit) {
				t.Errorf("code %d, signal %q, timed out %t, said %d bytes %.20q, complained %d bytes %.20q", exit.Code, exit.Signal, exit.TimedOut, len(exit.Said), exit.Said, len(exit.Complained), exit.Complained)
			}
		})
	}
}

// What a program leaves running ends with it.
func TestTheWholeGroupIsKilled(t *testing.T) {
	for name, script := range map[string]string{
		"after it has ended":    "sleep 600 & echo $! > child",
		"when its time is over": "sleep 600 & echo $! > child; wait",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, p := world(t)
			p.Timeout = 5 * time.Second // in which it begins, however busy the machine is
			start(t, p, script)
			child := written(filepath.Join(p.Folder, "child"))
			for running(child) { // for ever, if nobody has killed it
				runtime.Gosched()
			}
		})
	}
}

// running says whether a process is there and no corpse.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(status), ") Z ")
}

func TestACancelledRunEndsItsProgram(t *testing.T) {
	_, p := world(t)
	p.Run = []string{"sh", "-c", "echo $$ > begun; mv begun pid; exec sleep 600"}
	why := errors.New("somebody pressed a key")
	ctx, cancel := context.WithCancelCause(t.Context())
	var child int
	go func() {
		child = written(filepath.Join(p.Folder, "pid"))
		cancel(why)
	}()
	if _, err := program.Starter(told)(ctx, p); !errors.Is(err, why) {
		t.Errorf("error %v, want %v", err, why)
	}
	for running(child) { // for ever, if nobody has killed it
		runtime.Gosched()
	}
}

// written waits for a file with a number.
func written(path string) int {
	for {
		if text, err := os.ReadFile(path); err == nil {
			number, _ := strconv.Atoi(strings.TrimSpace(string(text)))
			return number
		}
		runtime.Gosched()
	}
}

// A program fetches nothing: what it would get might be another thing tomorrow.
func TestProgramsOpenNoConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, p := world(t)
	p.Run = []string{"python3", "-c", "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])))", strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)}
	if exit := start(t, p, ""); exit.Code == 0 || !strings.Contains(exit.Complained, "PermissionError") {
		t.Errorf("%+v", exit)
	}
}

func TestProgramsThatAreNotThere(t *testing.T) {
	for name, words := range map[string][]string{
		"by its name":                 {"no-such-program"},
		"by its path":                 {"/no/such/program"},
		"for want of a right":         {"/etc/passwd"},
		"for want of another program": {"broken.sh"},
		"for being no program":        {"text"},
	} {
		t.Run(name, func(t *testing.T) {
			_, p := world(t)
			for file, text := range map[string]string{"broken.sh": "#!/no/such/shell\n", "text": "text\n"} {
				if err := os.WriteFile(filepath.Join(p.Folder, file), []byte(text), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if !strings.Contains(words[0], "no-such") && !filepath.IsAbs(words[0]) {
				words[0] = filepath.Join(p.Folder, words[0])
			}
			p.Run = words
			if exit, err := program.Starter(told)(t.Context(), p); !errors.Is(err, feature.ErrNoProgram) {
				t.Errorf("%+v, error %v", exit, err)
			}
		})
	}
}
