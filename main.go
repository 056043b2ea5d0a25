// Command linecook runs tabular machine learning as two production lines: one
// that trains, rarely and carefully, and one that scores, every day.
package main

import (
	"os"
	"time"

	"github.com/linecook-ml/linecook/actions"
)

func main() {
	os.Exit(actions.Main(os.Args[1:], os.Stdout, os.Stderr, os.Getenv, time.Now))
}
