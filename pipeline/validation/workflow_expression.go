package validation

import (
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/report"
)

// untrustedContexts are the values whose text whoever opens an issue, a pull
// request or a discussion chooses, or who pushes to a fork; "*" is any member.
// After GitHub's "Script injections" and actionlint's list.
var untrustedContexts = []string{
	"github.event.issue.title", "github.event.issue.body",
	"github.event.pull_request.title", "github.event.pull_request.body",
	"github.event.pull_request.head.ref", "github.event.pull_request.head.label",
	"github.event.pull_request.head.repo.default_branch", "github.event.pull_request.head.repo.description",
	"github.event.pull_request.head.repo.homepage",
	"github.event.comment.body", "github.event.review.body", "github.event.review_comment.body",
	"github.event.discussion.title", "github.event.discussion.body",
	"github.event.pages.*.page_name",
	"github.event.commits.*.message", "github.event.commits.*.author.email", "github.event.commits.*.author.name",
	"github.event.commits.*.committer.email", "github.event.commits.*.committer.name",
	"github.event.head_commit.message", "github.event.head_commit.author.email", "github.event.head_commit.author.name",
	"github.event.head_commit.committer.email", "github.event.head_commit.committer.name",
	"github.event.workflow_run.head_branch", "github.event.workflow_run.display_title",
	"github.event.workflow_run.head_commit.message", "github.event.workflow_run.head_commit.author.email",
	"github.event.workflow_run.head_commit.author.name", "github.event.workflow_run.pull_requests.*.head.ref",
	"github.head_ref",
}

// inputContexts are chosen by who calls the workflow or the action, which is
// not always who wrote it.
var inputContexts = []string{"inputs.*", "github.event.inputs.*"}

// untrustedContext says how serious it is to write a context into a program. An
// object that holds an untrusted value, as in toJSON(github.event), counts.
func untrustedContext(context []string) (report.Severity, bool) {
	for _, list := range []struct {
		names    []string
		severity report.Severity
	}{{untrustedContexts, report.Error}, {inputContexts, report.Warning}} {
		for _, name := range list.names {
			if overlap(context, strings.Split(name, ".")) {
				return list.severity, true
			}
		}
	}
	return "", false
}

// overlap says that one path leads to, or through, the other.
func overlap(context, path []string) bool {
	for i := range min(len(context), len(path)) {
		if context[i] != path[i] && context[i] != "*" && path[i] != "*" {
			return false
		}
	}
	return true
}

// expressions are the insides of ${{ … }} in a text. A text in quotes inside one
// may hold its end.
func expressions(text string) []string {
	var found []string
	for {
		_, rest, ok := strings.Cut(text, "${{")
		if !ok {
			return found
		}
		end, quoted := -1, false
		for i := 0; i < len(rest); i++ {
			if rest[i] == '\'' {
				quoted = !quoted
			}
			if !quoted && strings.HasPrefix(rest[i:], "}}") {
				end = i
				break
			}
		}
		if end < 0 {
			return append(found, rest)
		}
		found = append(found, rest[:end])
		text = rest[end+2:]
	}
}

// contexts are the values that an expression names, each as its path in lower
// case: GitHub's names have no case, and a.b, a['b'] and a.*.b are one notation.
func contexts(expression string) [][]string {
	var found [][]string
	for i := 0; i < len(expression); {
		switch c := expression[i]; {
		case c == '\'':
			i += quotedLength(expression[i:])
		case isNameStart(c):
			path, n, inner := readPath(expression[i:])
			if rest := strings.TrimLeft(expression[i+n:], " \t\n"); !strings.HasPrefix(rest, "(") || len(path) > 1 {
				found = append(found, path)
			}
			found = append(found, inner...)
			i += n
		default:
			i++
		}
	}
	return found
}

// readPath reads a name and the members behind it. It returns the path, how long
// its text is, and the contexts that stand inside its brackets.
func readPath(text string) (path []string, length int, inner [][]string) {
	n := nameLength(text)
	path = []string{strings.ToLower(text[:n])}
	for n < len(text) {
		rest := strings.TrimLeft(text[n:], " \t\n")
		skipped := len(text) - n - len(rest)
		switch {
		case strings.HasPrefix(rest, ".*"):
			path = append(path, "*")
			n += skipped + 2
		case strings.HasPrefix(rest, "."):
			member := strings.TrimLeft(rest[1:], " \t\n")
			m := nameLength(member)
			if m == 0 {
				return path, n, inner
			}
			path = append(path, strings.ToLower(member[:m]))
			n += skipped + len(rest) - len(member) + m
		case strings.HasPrefix(rest, "["):
			end := closing(rest)
			index := strings.TrimSpace(rest[1:end])
			if len(index) > 1 && index[0] == '\'' && quotedLength(index) == len(index) {
				path = append(path, strings.ToLower(strings.ReplaceAll(index[1:len(index)-1], "''", "'")))
			} else {
				path = append(path, "*")
				inner = append(inner, contexts(index)...)
			}
			n += skipped + min(end+1, len(rest))
		default:
			return path, n, inner
		}
	}
	return path, n, inner
}

// closing is where the bracket that begins text ends, or the text's end.
func closing(text string) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\'':
			i += quotedLength(text[i:]) - 1
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(text)
}

// quotedLength is the length of the quoted text that begins text; a quote is
// doubled inside it.
func quotedLength(text string) int {
	for i := 1; i < len(text); i++ {
		if text[i] != '\'' {
			continue
		}
		if i+1 < len(text) && text[i+1] == '\'' {
			i++
			continue
		}
		return i + 1
	}
	return len(text)
}

func isNameStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}

func nameLength(text string) int {
	end := slices.IndexFunc([]byte(text), func(c byte) bool { return !isNameStart(c) && (c < '0' || c > '9') && c != '-' })
	if end < 0 {
		return len(text)
	}
	return end
}
