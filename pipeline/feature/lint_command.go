package feature

import (
	"fmt"
	"strings"
)

// commands checks each command by itself: what it is given, and that somebody
// takes what it gives. It says of which the features can be used.
func (l *linter) commands() map[string]bool {
	sound, seen := map[string]bool{}, map[string]bool{}
	for i, command := range l.plan.Commands {
		before := len(l.findings)
		if seen[command.Name] {
			l.add("feature/duplicate", l.at("commands", i, "name"), "two commands are called "+command.Name, "rename one of them")
		}
		seen[command.Name] = true
		if len(l.plan.givenBy(command)) == 0 {
			l.add("feature/command", l.at("commands", i, "name"), fmt.Sprintf("no feature takes its value from the command %s", command.Name), "name it as command of a feature, or remove it")
		}
		if len(command.Observation)+len(command.Reads) == 0 {
			l.add("feature/command", l.at("commands", i), fmt.Sprintf("command %s is given nothing to work with", command.Name), "name columns under observation, or sources under reads")
		}
		l.inputs(i, command)
		sound[command.Name] = len(l.findings) == before
	}
	return sound
}

// inputs checks the columns that a command is given.
func (l *linter) inputs(i int, command Command) {
	if observations, known := l.find(l.plan.Observations.Source); known {
		position := l.at("commands", i, "observation")
		if l.columns(observations, command.Observation, position, nowhere) {
			l.refuseLate(observations, Expression{Columns: command.Observation}, "command "+command.Name, position, nowhere)
		}
		l.twice(command.Observation, "command "+command.Name, "commands", i, "observation")
	}
	seen := map[string]bool{}
	for j, input := range command.Reads {
		// Two names that differ in case alone could be one file.
		if name := strings.ToLower(input.Source); seen[name] {
			l.add("feature/command", l.at("commands", i, "reads", j, "source"), fmt.Sprintf("command %s reads source %s twice", command.Name, input.Source), "name each source once")
		} else {
			seen[name] = true
		}
		source, known := l.source(input.Source, l.at("commands", i, "reads", j, "source"))
		if !known {
			continue
		}
		if strings.ContainsAny(source.Name, `/\`) {
			l.add("feature/command", l.at("commands", i, "reads", j, "source"), fmt.Sprintf("command %s reads source %s, which no file can be called", command.Name, source.Name), "rename the source")
		}
		columns := l.at("commands", i, "reads", j, "columns")
		if len(input.Columns) == 0 {
			l.add("feature/command", columns, fmt.Sprintf("command %s is given no column of source %s", command.Name, input.Source), "name the columns that it needs")
		}
		l.columns(source, input.Columns, columns, nowhere)
		l.twice(input.Columns, "command "+command.Name, "commands", i, "reads", j, "columns")
	}
}

// twice refuses a list that names a column twice.
func (l *linter) twice(columns []string, who string, path ...any) {
	seen := map[string]bool{}
	for j, name := range columns {
		if seen[strings.ToLower(name)] {
			l.add("feature/command", l.at(append(path, j)...), fmt.Sprintf("%s is given the column %s twice", who, name), "name it once")
		}
		seen[strings.ToLower(name)] = true
	}
}

// personalCommand looks at all that the feature's command is given.
func (l *linter) personalCommand(i int, d Definition) {
	for _, command := range l.plan.Commands {
		if command.Name != d.Command {
			continue
		}
		position := l.at("features", i, "command")
		observations, _ := l.find(l.plan.Observations.Source)
		for _, name := range command.Observation {
			l.refusePersonal(observations, name, d.Name, position, nowhere)
		}
		for _, input := range command.Reads {
			source, _ := l.find(input.Source)
			for _, name := range input.Columns {
				l.refusePersonal(source, name, d.Name, position, nowhere)
			}
		}
	}
}
