// Command stub stands in for linecook: it reports what the actions handed to it and
// leaves a file in the home folder, so that what lies between workflow and
// command can be tested in seconds.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	if os.Getenv("LINECOOK_VERSION") == "6.6.6" {
		os.Exit(1) // a denial
	}
}

func run(verb string) error {
	environment := os.Environ()
	slices.Sort(environment)
	for _, variable := range environment {
		if strings.HasPrefix(variable, "LINECOOK_") {
			fmt.Printf("stub %s %s\n", verb, variable)
		}
	}
	output, err := os.OpenFile(os.Getenv("GITHUB_OUTPUT"), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	for _, key := range []string{
		"findings", "errors", "checks", "clean", "sarif", "junit", "version", "bundle-id", "archive", "allowed", "denials", "outcome", "rows", "path",
	} {
		fmt.Fprintf(output, "%s=%s-of-%s\n", key, key, verb)
	}
	if err := output.Close(); err != nil {
		return err
	}
	if verb == "validate" {
		return nil
	}
	if verb == "train" {
		if err := os.WriteFile("archive-of-train", []byte("a bundle\n"), 0o644); err != nil {
			return err
		}
	}
	file := filepath.Join(".linecook", "runs", verb+"-"+os.Getenv("LINECOOK_TO")+os.Getenv("LINECOOK_DATE"))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(verb+"\n"), 0o644)
}
