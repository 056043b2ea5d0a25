package githubtest

import (
	"net/http"
	"slices"
	"unicode/utf8"
)

// A Comment is one of the server's.
type Comment struct {
	ID     int64
	Number int
	Author string
	Bot    bool
	Body   string
	at     string
}

// An Issue is one of the server's.
type Issue struct {
	Number      int
	Title, Body string
	Author      string
	Closed      bool
	Labels      []string
	at          string
}

const maxComment = 65536

// Say adds a comment that somebody wrote.
func (s *Server) Say(number int, author string, isBot bool, body string) (c Comment) {
	s.locked(func() { c = s.add(number, author, isBot, body) })
	return c
}

// Comments are those of a pull request or an issue, oldest first.
func (s *Server) Comments(number int) (of []Comment) {
	s.locked(func() {
		for _, c := range s.comments {
			if c.Number == number {
				of = append(of, c)
			}
		}
	})
	return of
}

// Issues are copies of all issues, oldest first.
func (s *Server) Issues() (all []Issue) {
	s.locked(func() {
		for _, i := range s.issues {
			all = append(all, *i)
		}
	})
	return all
}

func (s *Server) add(number int, author string, isBot bool, body string) Comment {
	c := Comment{ID: s.id(), Number: number, Author: author, Bot: isBot, Body: body, at: s.now()}
	s.comments = append(s.comments, c)
	return c
}

func (s *Server) showComment(c Comment) any {
	author := s.user(c.Author).(map[string]any)
	author["type"] = "User"
	if c.Bot {
		author["type"] = "Bot"
	}
	return map[string]any{
		"id": c.ID, "node_id": nodeID("IC", c.ID), "body": c.Body, "user": author, "created_at": c.at, "updated_at": s.now(),
		"url": s.url("/issues/comments/%d", c.ID), "issue_url": s.url("/issues/%d", c.Number), "html_url": web("/pull/%d#issuecomment-%d", c.Number, c.ID),
	}
}

// numbered says that there is an issue or a pull request of that number.
func (s *Server) numbered(number int64) bool {
	_, found := s.pull(number)
	return found || slices.ContainsFunc(s.issues, func(i *Issue) bool { return int64(i.Number) == number })
}

func (s *Server) listComments(x *exchange) answer {
	number := x.id("issue_number")
	if !s.numbered(number) {
		return notFound()
	}
	var of []Comment
	for _, c := range s.comments {
		if int64(c.Number) == number {
			of = append(of, c)
		}
	}
	return page(s, x, of, s.showComment)
}

func (s *Server) createComment(x *exchange) answer {
	number := x.id("issue_number")
	if !s.numbered(number) {
		return notFound()
	}
	words, taken := s.words(x)
	if !taken {
		return invalid("IssueComment", "body", "custom", "body is blank or too long (maximum is 65536 characters)")
	}
	return answer{status: http.StatusCreated, body: s.showComment(s.add(int(number), x.caller, x.caller == Bot, words))}
}

func (s *Server) updateComment(x *exchange) answer {
	words, taken := s.words(x)
	if !taken {
		return invalid("IssueComment", "body", "custom", "body is blank or too long (maximum is 65536 characters)")
	}
	for i, c := range s.comments {
		if c.ID == x.id("comment_id") {
			s.comments[i].Body = words
			return answer{status: http.StatusOK, body: s.showComment(s.comments[i])}
		}
	}
	return notFound()
}

// words are the text of a comment that is sent.
func (s *Server) words(x *exchange) (string, bool) {
	var fields struct {
		Body string `json:"body"`
	}
	x.decode(&fields)
	return fields.Body, fields.Body != "" && utf8.RuneCountInString(fields.Body) <= maxComment
}

func (s *Server) showIssue(i *Issue) any {
	labels := []any{}
	for _, label := range i.Labels {
		labels = append(labels, map[string]any{"name": label})
	}
	state, closed := "open", any(nil)
	if i.Closed {
		state, closed = "closed", s.now()
	}
	address := s.url("/issues/%d", i.Number)
	return map[string]any{
		"id": i.Number, "node_id": nodeID("I", i.Number), "number": i.Number, "url": address, "html_url": web("/issues/%d", i.Number),
		"comments_url": address + "/comments", "events_url": address + "/events", "labels_url": address + "/labels{/name}", "repository_url": s.url(""),
		"state": state, "closed_at": closed, "title": i.Title, "body": i.Body, "user": s.user(i.Author), "labels": labels,
		"assignee": nil, "milestone": nil, "locked": false, "comments": 0, "created_at": i.at, "updated_at": i.at,
	}
}

func (s *Server) listIssues(x *exchange) answer {
	var found []*Issue
	for _, i := range slices.Backward(s.issues) {
		state := x.query.Get("state")
		open := state == "" || state == "open"
		label := x.query.Get("labels")
		if (state == "all" || open == !i.Closed) && (label == "" || slices.Contains(i.Labels, label)) {
			found = append(found, i)
		}
	}
	return page(s, x, found, s.showIssue)
}

func (s *Server) createIssue(x *exchange) answer {
	var fields struct {
		Title  string   `json:"title"`
		Body   string   `json:"body"`
		Labels []string `json:"labels"`
	}
	x.decode(&fields)
	if fields.Title == "" {
		return invalid("Issue", "title", "missing_field", "")
	}
	number := 1
	for s.numbered(int64(number)) {
		number++
	}
	i := &Issue{Number: number, Title: fields.Title, Body: fields.Body, Author: x.caller, Labels: fields.Labels, at: s.now()}
	s.issues = append(s.issues, i)
	return answer{status: http.StatusCreated, body: s.showIssue(i)}
}

func (s *Server) updateIssue(x *exchange) answer {
	var fields struct {
		Title *string `json:"title"`
		Body  *string `json:"body"`
		State *string `json:"state"`
	}
	x.decode(&fields)
	for _, i := range s.issues {
		if int64(i.Number) == x.id("issue_number") {
			i.Title, i.Body = or(fields.Title, i.Title), or(fields.Body, i.Body)
			i.Closed = or(fields.State, map[bool]string{true: "closed", false: "open"}[i.Closed]) == "closed"
			return answer{status: http.StatusOK, body: s.showIssue(i)}
		}
	}
	return notFound()
}
