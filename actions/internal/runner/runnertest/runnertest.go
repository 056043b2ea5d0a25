// Package runnertest is a model of how the GitHub Actions runner reads what a
// step writes, after actions/runner src/Runner.Common/ActionCommand.cs and
// src/Runner.Worker/FileCommandManager.cs. Tests judge by it, not by what the
// writer believes.
package runnertest

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// A Command is one workflow command that the runner would obey.
type Command struct {
	Name       string
	Properties map[string]string
	Data       string
}

var registered = []string{
	"add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group",
	"internal-set-repo-path", "notice", "remove-matcher", "save-state", "set-env", "set-output",
	"stop-commands", "warning",
}

// ReadLog returns the commands that the runner would find in a step's log.
func ReadLog(log string) []Command {
	var found []Command
	// .NET's StreamReader.ReadLine ends a line at LF, CR and CRLF.
	lines := strings.FieldsFunc(log, func(c rune) bool { return c == '\n' || c == '\r' })
	for _, line := range lines {
		if c, ok := parseV2(line); ok {
			found = append(found, c)
		} else if c, ok := parseV1(line); ok {
			found = append(found, c)
		}
	}
	return found
}

// parseV2 reads ::name key=value,key=value::data after leading white space.
func parseV2(line string) (Command, bool) {
	// Invisible characters that some .NET versions trim are trimmed here too.
	line = strings.TrimLeftFunc(line, func(c rune) bool {
		return unicode.IsSpace(c) || c == '\u200b' || c == '\ufeff'
	})
	rest, ok := strings.CutPrefix(line, "::")
	if !ok {
		return Command{}, false
	}
	info, data, ok := strings.Cut(rest, "::")
	if !ok {
		return Command{}, false
	}
	name, properties, _ := strings.Cut(info, " ")
	if !slices.Contains(registered, strings.ToLower(name)) {
		return Command{}, false
	}
	c := Command{Name: strings.ToLower(name), Properties: map[string]string{}, Data: unescape(data, false)}
	for _, property := range strings.Split(strings.TrimSpace(properties), ",") {
		if key, value, ok := strings.Cut(property, "="); ok {
			c.Properties[key] = unescape(value, true)
		}
	}
	return c, true
}

// parseV1 reads the legacy ##[name key=value;]data, which may stand anywhere in
// a line.
func parseV1(line string) (Command, bool) {
	_, rest, ok := strings.Cut(line, "##[")
	if !ok {
		return Command{}, false
	}
	info, data, ok := strings.Cut(rest, "]")
	if !ok {
		return Command{}, false
	}
	name, _, _ := strings.Cut(info, " ")
	if !slices.Contains(registered, strings.ToLower(name)) {
		return Command{}, false
	}
	return Command{Name: strings.ToLower(name), Data: data}, true
}

func unescape(text string, property bool) string {
	if property {
		text = strings.NewReplacer("%3A", ":", "%2C", ",").Replace(text)
	}
	text = strings.NewReplacer("%0D", "\r", "%0A", "\n").Replace(text)
	return strings.ReplaceAll(text, "%25", "%")
}

// ReadFile returns what the runner would take from GITHUB_OUTPUT or GITHUB_ENV.
func ReadFile(text string) (map[string]string, error) {
	values := map[string]string{}
	for len(text) > 0 {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		if line == "" {
			continue
		}
		equals, heredoc := strings.Index(line, "="), strings.Index(line, "<<")
		switch {
		case heredoc >= 0 && (equals < 0 || heredoc < equals):
			key, delimiter := line[:heredoc], line[heredoc+2:]
			if key == "" || delimiter == "" {
				return nil, fmt.Errorf("invalid format %q", line)
			}
			var value []string
			for closed := false; !closed; {
				if text == "" {
					return nil, fmt.Errorf("delimiter %q not found", delimiter)
				}
				line, text, _ = strings.Cut(text, "\n")
				if closed = line == delimiter; !closed {
					value = append(value, line)
				}
			}
			values[key] = strings.Join(value, "\n")
		case equals > 0:
			values[line[:equals]] = line[equals+1:]
		default:
			return nil, fmt.Errorf("invalid format %q", line)
		}
	}
	return values, nil
}
