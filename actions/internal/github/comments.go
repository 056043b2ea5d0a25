package github

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-github/v66/github"
)

// MaxComment is GitHub's limit of a comment, in characters.
const MaxComment = 65536

const (
	perPage = 100
	// maxPages bounds how many comments are looked through; past it a comment of
	// ours cannot be ruled out.
	maxPages = 50
)

// A Comment stands below an issue or a pull request.
type Comment struct {
	ID     int64
	Author string
	// Bot says that an app wrote it, as the runner's token does.
	Bot  bool
	Body string
	URL  string
}

func commentOf(c *github.IssueComment) Comment {
	return Comment{ID: c.GetID(), Author: c.GetUser().GetLogin(), Bot: c.GetUser().GetType() == "Bot", Body: c.GetBody(), URL: c.GetHTMLURL()}
}

// Comments returns every comment of an issue or pull request, oldest first.
func (c *Client) Comments(ctx context.Context, number int) ([]Comment, error) {
	var all []Comment
	options := &github.IssueListCommentsOptions{ListOptions: github.ListOptions{PerPage: perPage, Page: 1}}
	for range maxPages {
		page, response, err := c.api.Issues.ListComments(ctx, c.owner, c.name, number, options)
		if err != nil {
			return nil, explain(err, "list the comments of pull request %d", number)
		}
		for _, comment := range page {
			all = append(all, commentOf(comment))
		}
		if response.NextPage == 0 {
			return all, nil
		}
		if response.NextPage <= options.Page {
			return nil, fmt.Errorf("list the comments of pull request %d: page %d points to page %d", number, options.Page, response.NextPage)
		}
		options.Page = response.NextPage
	}
	return nil, fmt.Errorf("pull request %d has more than %d comments", number, perPage*maxPages)
}

// CreateComment adds a comment. The error is ErrUnknownOutcome where it may
// stand there although no answer came.
func (c *Client) CreateComment(ctx context.Context, number int, body string) (Comment, error) {
	created, _, err := c.api.Issues.CreateComment(ctx, c.owner, c.name, number, &github.IssueComment{Body: &body})
	if err != nil {
		return Comment{}, explain(err, "comment on pull request %d", number)
	}
	return commentOf(created), nil
}

// UpdateComment replaces a comment's text.
func (c *Client) UpdateComment(ctx context.Context, id int64, body string) (Comment, error) {
	updated, _, err := c.api.Issues.EditComment(ctx, c.owner, c.name, id, &github.IssueComment{Body: &body})
	if err != nil {
		return Comment{}, explain(err, "update comment %d", id)
	}
	return commentOf(updated), nil
}

// An Outcome says what became of a comment that is kept in one place.
type Outcome string

// The outcomes.
const (
	Created   Outcome = "created"
	Updated   Outcome = "updated"
	Unchanged Outcome = "unchanged"
	// Absent: there is no comment, and none was to be created.
	Absent Outcome = "absent"
	// Superseded: a later run has written the comment already.
	Superseded Outcome = "superseded"
)

// A Standing comment is one that is kept in one place: it is found again by its
// first line, which no reader sees.
type Standing struct {
	// Marker names the comment among others: letters, digits, '.', '/', ':', '_'
	// and single '-'.
	Marker string
	// Run orders writers: the comment of a greater run is left alone.
	Run  int64
	Body string
	// OnlyUpdate creates nothing where there is no comment yet.
	OnlyUpdate bool
}

var (
	markerPattern = regexp.MustCompile(`^[A-Za-z0-9./:_-]+$`)
	runPattern    = regexp.MustCompile(`^<!-- run (\d{1,18}) -->$`)
)

func (s Standing) first() string { return "<!-- " + s.Marker + " -->" }

func (s Standing) text() string {
	return fmt.Sprintf("%s\n<!-- run %d -->\n%s", s.first(), s.Run, s.Body)
}

// runOf is the run that wrote a comment with this marker; false is another
// comment.
func (s Standing) runOf(body string) (int64, bool) {
	lines := strings.SplitN(strings.ReplaceAll(body, "\r\n", "\n"), "\n", 3)
	if lines[0] != s.first() {
		return 0, false
	}
	if len(lines) < 2 {
		return 0, true
	}
	match := runPattern.FindStringSubmatch(lines[1])
	if match == nil {
		return 0, true
	}
	run, err := strconv.ParseInt(match[1], 10, 64)
	return run, err == nil
}

// Overhead is how many characters a standing comment has beside its body.
func (s Standing) Overhead() int { return len(s.text()) - len(s.Body) }

// PutComment brings the one comment of that marker up to date. It looks before
// it creates, and looks again where the answer to a creation was lost. Only a
// comment of the token's own kind counts: anybody can write our marker, and the
// words of others are not ours to replace.
func (c *Client) PutComment(ctx context.Context, number int, s Standing) (Comment, Outcome, error) {
	if !markerPattern.MatchString(s.Marker) || strings.Contains(s.Marker, "--") {
		return Comment{}, "", fmt.Errorf("the marker %q may hold letters, digits, '.', '/', ':', '_' and single '-' only", s.Marker)
	}
	login, err := c.login(ctx)
	if err != nil {
		return Comment{}, "", err
	}
	existing, found, err := c.standing(ctx, number, s, login)
	if err != nil {
		return Comment{}, "", err
	}
	if found {
		return c.refresh(ctx, existing, s)
	}
	if s.OnlyUpdate {
		return Comment{}, Absent, nil
	}
	created, err := c.CreateComment(ctx, number, s.text())
	if !errors.Is(err, ErrUnknownOutcome) {
		return created, Created, err
	}
	// Of an answer that was lost, the comment itself tells.
	existing, found, lookErr := c.standing(ctx, number, s, login)
	switch {
	case lookErr != nil:
		return Comment{}, "", errors.Join(err, lookErr)
	case found:
		return existing, Created, nil
	}
	created, err = c.CreateComment(ctx, number, s.text())
	return created, Created, err
}

func (c *Client) refresh(ctx context.Context, existing Comment, s Standing) (Comment, Outcome, error) {
	if run, _ := s.runOf(existing.Body); run > s.Run {
		return existing, Superseded, nil
	}
	if strings.ReplaceAll(existing.Body, "\r\n", "\n") == s.text() {
		return existing, Unchanged, nil
	}
	updated, err := c.UpdateComment(ctx, existing.ID, s.text())
	return updated, Updated, err
}

// standing finds the oldest of the token's own comments with the marker.
func (c *Client) standing(ctx context.Context, number int, s Standing, login string) (Comment, bool, error) {
	comments, err := c.Comments(ctx, number)
	if err != nil {
		return Comment{}, false, err
	}
	i := slices.IndexFunc(comments, func(comment Comment) bool {
		own := comment.Bot
		if login != "" {
			own = strings.EqualFold(comment.Author, login)
		}
		_, ours := s.runOf(comment.Body)
		return own && ours
	})
	if i < 0 {
		return Comment{}, false, nil
	}
	return comments[i], true, nil
}

// login is who a person's token belongs to. The token of an installation cannot
// ask; what it writes is an app's.
func (c *Client) login(ctx context.Context) (string, error) {
	if c.installation {
		return "", nil
	}
	user, _, err := c.api.Users.Get(ctx, "")
	if err != nil {
		return "", explain(err, "ask whose token this is")
	}
	return user.GetLogin(), nil
}
