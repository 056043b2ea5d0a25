//go:build linux

package program_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/actions/internal/program"
	"github.com/linecook-ml/linecook/pipeline/feature"
)

// victimVariable makes the test binary a process that runs a program in the
// folder that it names, to be killed meanwhile.
const victimVariable = "LINECOOK_TEST_FOLDER"

func TestMain(m *testing.M) {
	if folder := os.Getenv(victimVariable); folder != "" {
		exit, err := program.Starter(os.Getenv)(context.Background(), feature.Program{
			Run: []string{"sh", "-c", "echo $$ > begun; mv begun pid; exec sleep 600"}, Folder: folder, Timeout: time.Hour, MaxFile: 1 << 20,
		})
		fmt.Fprintln(os.Stderr, exit, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// A linecook that is killed takes its programs with it.
func TestKilled(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	_, p := world(t)
	victim := exec.CommandContext(t.Context(), self)
	victim.Env = append(os.Environ(), victimVariable+"="+p.Folder)
	said, err := victim.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan string)
	go func() {
		line, _ := bufio.NewReader(said).ReadString('\n')
		ended <- line
	}()
	var text []byte
	for text == nil {
		select {
		case line := <-ended:
			t.Fatalf("the victim has ended: %s", line)
		default:
			runtime.Gosched()
			text, _ = os.ReadFile(p.Folder + "/pid")
		}
	}
	child, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if !running(child) {
		t.Fatal("the program does not run")
	}
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-ended
	if err := victim.Wait(); err == nil {
		t.Fatal("the victim ended well")
	}
	for running(child) { // for ever, if nobody has killed it
		runtime.Gosched()
	}
}
