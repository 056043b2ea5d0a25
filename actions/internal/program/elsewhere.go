//go:build !linux

package program

import (
	"errors"
	"os"
	"os/exec"

	"github.com/linecook-ml/linecook/pipeline/feature"
)

// confined runs nothing: without Landlock a program could read what it must not.
func confined(*exec.Cmd, feature.Program) error {
	return errors.New("features of the form command need Landlock, which confines a program to what it is given; run linecook on Linux, in a container for instance")
}

func signalOf(*os.ProcessState) string { return "" }
