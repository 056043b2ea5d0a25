// Command testreport reads what go test -json prints and says what a person
// wants to know. The steps:
//
//  1. Packages are printed as they end; a failing test is printed with its output.
//  2. Every skipped test is named with its reason. A skip whose reason matches no
//     -allow pattern is a failure: a test that did not run proves nothing.
//  3. The counts are appended to a file, for the closing line of the whole run, and
//     what failed to another, for the lines before it: a log that is shown in part
//     is shown by its end.
//
// It exits 1 if anything failed, or if no test passed at all.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

// An event is one line of go test -json; see go doc test2json.
type event struct {
	Action, Package, Test, Output string
	ImportPath                    string // of a build that failed
}

func main() {
	var allowed patterns
	flag.Var(&allowed, "allow", "a pattern for the reasons of skips that are no failure; may be repeated")
	counts := flag.String("counts", "", "append the numbers of passed and failed tests to this file")
	failures := flag.String("failures", "", "append what is printed of what fails to this file")
	flag.Parse()

	var failed strings.Builder
	result, err := summarise(os.Stdin, os.Stdout, &failed, allowed)
	if err == nil && *counts != "" {
		err = appendText(*counts, fmt.Sprintf("%d %d\n", result.passed, result.failed))
	}
	if err == nil && *failures != "" && failed.Len() > 0 {
		err = appendText(*failures, failed.String())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(3)
	}
	if result.failed > 0 || result.passed == 0 {
		os.Exit(1)
	}
}

type patterns []*regexp.Regexp

func (p *patterns) String() string { return fmt.Sprint(*p) }

func (p *patterns) Set(text string) error {
	pattern, err := regexp.Compile(text)
	*p = append(*p, pattern)
	return err
}

func (p *patterns) match(text string) bool {
	for _, pattern := range *p {
		if pattern.MatchString(text) {
			return true
		}
	}
	return false
}

type result struct{ passed, failed int }

// summarise reads events from in and prints to out what happened, and to failed
// what failed.
func summarise(in io.Reader, out, failed io.Writer, allowed patterns) (result, error) {
	both := io.MultiWriter(out, failed)
	type test struct{ pkg, name string }
	output := map[test]*strings.Builder{}
	failures := map[string]int{} // failed tests by package
	var skipped []string
	var r result

	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return r, fmt.Errorf("not an event of go test -json: %q", lines.Text())
		}
		key := test{e.Package, e.Test}
		switch {
		case e.Action == "build-output":
			fmt.Fprint(both, e.Output)
		case e.Action == "output":
			if output[key] == nil {
				output[key] = &strings.Builder{}
			}
			output[key].WriteString(e.Output)
		case e.Test == "" && (e.Action == "pass" || e.Action == "skip"):
			fmt.Fprint(out, lastLine(output[key]))
		case e.Test == "" && e.Action == "fail":
			// A package that does not build, panics or runs out of time fails
			// without a failing test.
			if failures[e.Package] == 0 {
				r.failed++
			}
			fmt.Fprint(both, text(output[key]))
		case e.Action == "pass":
			r.passed++
			delete(output, key)
		case e.Action == "fail":
			r.failed++
			failures[e.Package]++
			fmt.Fprint(both, text(output[key]))
		case e.Action == "skip":
			reason := text(output[key])
			named := fmt.Sprintf("%s.%s\n%s", e.Package, e.Test, reason)
			if allowed.match(reason) {
				skipped = append(skipped, "skipped: "+named)
				break
			}
			r.failed++
			refused := "SKIPPED, which is a failure here: " + named
			skipped = append(skipped, refused)
			fmt.Fprint(failed, refused)
		}
	}
	if err := lines.Err(); err != nil {
		return r, fmt.Errorf("reading the events: %w", err)
	}
	fmt.Fprint(out, strings.Join(skipped, ""))
	if r.passed == 0 {
		fmt.Fprintln(out, "no test passed")
	}
	return r, nil
}

func text(b *strings.Builder) string {
	if b == nil {
		return ""
	}
	return b.String()
}

// lastLine is where go test says how a package went.
func lastLine(b *strings.Builder) string {
	all := strings.TrimSuffix(text(b), "\n")
	if all == "" {
		return ""
	}
	return all[strings.LastIndexByte(all, '\n')+1:] + "\n"
}

func appendText(path, text string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := file.WriteString(text); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}
