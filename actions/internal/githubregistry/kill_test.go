package githubregistry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"testing"

	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/actions/internal/github/githubtest"
	"github.com/linecook-ml/linecook/actions/internal/githubregistry"
)

// killVariable makes the test binary a process that carries out one verb, to be
// killed on the way.
const (
	killVariable   = "LINECOOK_TEST_VERB"
	commitVariable = "LINECOOK_TEST_COMMIT"
)

func TestMain(m *testing.M) {
	if name := os.Getenv(killVariable); name != "" {
		os.Exit(victim(name))
	}
	os.Exit(m.Run())
}

// victim carries out a verb as a command would.
func victim(name string) int {
	client, err := github.New(github.FromEnvironment(os.Getenv))
	if err == nil {
		r := githubregistry.New(githubregistry.Options{Client: client, Repository: githubtest.Repository, Commit: os.Getenv(commitVariable)})
		err = called(name).run(context.Background(), bystander{}, r)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// A bystander is the test of a process that is none.
type bystander struct{ testing.TB }

func (bystander) Helper()                  {}
func (bystander) Cleanup(func())           {}
func (bystander) Context() context.Context { return context.Background() }
func (bystander) TempDir() string {
	dir, err := os.MkdirTemp("", "linecook")
	if err != nil {
		panic(err)
	}
	return dir
}
func (bystander) Fatal(values ...any) { panic(fmt.Sprint(values...)) }

// TestKilled kills the process with SIGKILL at every request that writes, once
// before it arrives and once after it was carried out. What is left is the old
// state or the new one, and the next run ends well.
func TestKilled(t *testing.T) {
	for _, v := range verbs {
		if v.old == v.new {
			continue
		}
		t.Run(v.name, func(t *testing.T) {
			prepared := githubtest.New(t)
			prepared.Immutable()
			v.prepare(t, prepared)
			recorded := prepared.Copy(t)
			v.clean(t, recorded)
			writes := 0
			for _, request := range recorded.Requests() {
				if request[:len(http.MethodGet)] != http.MethodGet {
					writes++
				}
			}
			if writes < 5 {
				t.Fatalf("only %d requests write", writes)
			}
			for nth := 1; nth <= writes; nth++ {
				for _, done := range []bool{false, true} {
					t.Run(fmt.Sprintf("%d %s", nth, map[bool]string{false: "before", true: "after"}[done]), func(t *testing.T) {
						kill(t, v, prepared.Copy(t), nth, done)
					})
				}
			}
		})
	}
}

func kill(t *testing.T, v verb, s *githubtest.Server, nth int, done bool) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = []string{
		killVariable + "=" + v.name, commitVariable + "=" + s.Head(""), "GITHUB_API_URL=" + s.URL(), "GITHUB_TOKEN=" + githubtest.Token,
		"GITHUB_REPOSITORY=" + githubtest.Repository, "TMPDIR=" + t.TempDir(),
	}
	started, ended := make(chan struct{}), make(chan error, 1)
	written := 0
	s.Watch(func(e githubtest.Event) bool {
		if e.Method == http.MethodGet {
			return true
		}
		if !e.Done {
			written++
		}
		if written != nth || e.Done != done {
			return true
		}
		<-started // it may be quicker than Start
		if err := command.Process.Kill(); err != nil {
			t.Errorf("%s %s: %v", e.Method, e.Path, err)
		}
		ended <- command.Wait()
		return false
	})
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	close(started)
	var exit *exec.ExitError
	if err := <-ended; !errors.As(err, &exit) || exit.Exited() {
		t.Fatalf("it was not killed: %v", err)
	}
	s.Watch(nil)
	if trouble := wrong(s, false); trouble != "" {
		t.Error(trouble)
	}
	left := state(t, s)
	if left != v.old && left != v.new {
		t.Errorf("it leaves %s", left)
	}
	// What people were not shown yet is said.
	if again := v.run(t.Context(), t, open(t, s, func(o *githubregistry.Options) { o.Warn = func(string) {} })); again != nil {
		t.Errorf("the next run ends with %v", again)
	}
	if trouble := wrong(s, true) + shown(s); trouble != "" {
		t.Error(trouble)
	}
	if got := state(t, s); got != v.new {
		t.Errorf("the next run leaves %s", got)
	}
}
