// Package githubtest is a GitHub for tests: one repository with its state,
// behind the requests that linecook sends.
//
//  1. A request must be one of the declared routes, with its token, its headers,
//     its query and a body of known fields; every other one fails the test.
//  2. It changes the state as GitHub would, unless a Fault that a test has
//     declared stands in the way.
//  3. At the test's end every declared fault must have been met.
package githubtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// What every server knows.
const (
	Repository = "octo/flights"
	Token      = "ghs_test"
	// PersonToken is a token of the person called Person.
	PersonToken = "ghp_test"
	Person      = "ada"
	bot         = "github-actions[bot]"
)

// A Comment is one of the server's.
type Comment struct {
	ID     int64
	Number int
	Author string
	Bot    bool
	Body   string
}

// A Fault stands in the way of a request.
type Fault struct {
	// Method and Path (a regular expression) choose the request; the first one
	// that fits meets the fault, once.
	Method, Path string
	// Status, Header and Body are answered; Status 0 breaks the connection.
	Status int
	Header map[string]string
	Body   string
	// Stored carries the request out all the same.
	Stored bool
	// Cut ends the answer in its middle.
	Cut bool
	// Hang answers nothing until the client goes away.
	Hang bool
}

// A Server is one GitHub with one repository.
type Server struct {
	t      testing.TB
	server *httptest.Server
	pulls  []int

	mu       sync.Mutex
	next     int64
	comments []Comment
	faults   []Fault
	requests []string
	readOnly bool
}

// New starts a server that has these pull requests, and stops it with the test.
func New(t testing.TB, pulls ...int) *Server {
	t.Helper()
	s := &Server{t: t, pulls: pulls, next: 1000}
	s.server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(func() {
		s.server.Close()
		for _, fault := range s.faults {
			t.Errorf("no request met the fault %+v", fault)
		}
	})
	return s
}

// URL is the server's address, for GITHUB_API_URL.
func (s *Server) URL() string { return s.server.URL }

// Fail declares faults, each to be met once, in order.
func (s *Server) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// ReadOnly takes the right to write away from the token, as a fork's has it.
func (s *Server) ReadOnly() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readOnly = true
}

// Say adds a comment that somebody wrote.
func (s *Server) Say(number int, author string, isBot bool, body string) Comment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(number, author, isBot, body)
}

// Comments are those of a pull request, oldest first.
func (s *Server) Comments(number int) []Comment {
	s.mu.Lock()
	defer s.mu.Unlock()
	var of []Comment
	for _, c := range s.comments {
		if c.Number == number {
			of = append(of, c)
		}
	}
	return of
}

// Requests are the requests so far, as "GET /path?query".
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func (s *Server) add(number int, author string, isBot bool, body string) Comment {
	s.next++
	c := Comment{ID: s.next, Number: number, Author: author, Bot: isBot, Body: body}
	s.comments = append(s.comments, c)
	return c
}

// An answer is what a route gives back.
type answer struct {
	status int
	header map[string]string
	body   any
}

// A route is one declared request.
type route struct {
	method  string
	path    *regexp.Regexp
	query   []string // parameters that may stand in the query
	handles func(s *Server, caller string, path []string, query url.Values, body []byte) answer
}

const inRepository = `^/repos/` + Repository

var routes = []route{
	{http.MethodGet, regexp.MustCompile(inRepository + `/issues/(\d+)/comments$`), []string{"page", "per_page"}, (*Server).listComments},
	{http.MethodPost, regexp.MustCompile(inRepository + `/issues/(\d+)/comments$`), nil, (*Server).createComment},
	{http.MethodPatch, regexp.MustCompile(inRepository + `/issues/comments/(\d+)$`), nil, (*Server).updateComment},
	{http.MethodGet, regexp.MustCompile(`^/user$`), nil, (*Server).user},
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	s.mu.Lock()
	s.requests = append(s.requests, r.Method+" "+r.URL.RequestURI())
	fault, failed := s.fault(r)
	var a answer
	if !failed || fault.Stored {
		a = s.answer(r, body)
	}
	s.mu.Unlock()
	switch {
	case failed && fault.Hang:
		<-r.Context().Done()
	case failed && fault.Cut:
		s.write(w, a, true)
	case failed && fault.Status == 0:
		panic(http.ErrAbortHandler)
	case failed:
		a = answer{status: fault.Status, header: fault.Header, body: json.RawMessage(fault.Body)}
		if fault.Body == "" {
			a.body = map[string]string{"message": http.StatusText(fault.Status)}
		}
		s.write(w, a, false)
	default:
		s.write(w, a, false)
	}
}

// fault takes the declared fault that fits the request.
func (s *Server) fault(r *http.Request) (Fault, bool) {
	i := slices.IndexFunc(s.faults, func(f Fault) bool {
		return f.Method == r.Method && regexp.MustCompile(f.Path).MatchString(r.URL.Path)
	})
	if i < 0 {
		return Fault{}, false
	}
	fault := s.faults[i]
	s.faults = slices.Delete(s.faults, i, i+1)
	return fault, true
}

func (s *Server) answer(r *http.Request, body []byte) answer {
	caller := ""
	switch r.Header.Get("Authorization") {
	case "Bearer " + Token:
		caller = bot
	case "Bearer " + PersonToken:
		caller = Person
	default:
		return message(http.StatusUnauthorized, "Bad credentials")
	}
	if r.Header.Get("X-GitHub-Api-Version") == "" || r.Header.Get("User-Agent") == "" {
		s.t.Errorf("%s %s lacks its API version or its user agent", r.Method, r.URL)
	}
	for _, route := range routes {
		path := route.path.FindStringSubmatch(r.URL.Path)
		if path == nil || route.method != r.Method {
			continue
		}
		for name := range r.URL.Query() {
			if !slices.Contains(route.query, name) {
				s.t.Errorf("%s %s has a parameter %s that was not declared", r.Method, r.URL.Path, name)
			}
		}
		if r.Method != http.MethodGet && s.readOnly {
			return message(http.StatusForbidden, "Resource not accessible by integration")
		}
		return route.handles(s, caller, path[1:], r.URL.Query(), body)
	}
	s.t.Errorf("%s %s was not declared", r.Method, r.URL)
	return message(http.StatusNotImplemented, "not declared")
}

func (s *Server) write(w http.ResponseWriter, a answer, cut bool) {
	text, err := json.Marshal(a.body)
	if err != nil {
		s.t.Errorf("an answer is no JSON: %v", err)
	}
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(a.status)
	if cut {
		_, _ = w.Write(text[:len(text)/2])
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(text)
}

func message(status int, text string) answer {
	return answer{status: status, body: map[string]string{"message": text, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(status)}}
}

func (s *Server) user(caller string, _ []string, _ url.Values, _ []byte) answer {
	if caller == bot {
		return message(http.StatusForbidden, "Resource not accessible by integration")
	}
	return answer{status: http.StatusOK, body: map[string]any{"login": caller, "type": "User"}}
}

func (s *Server) comment(c Comment) map[string]any {
	kind := "User"
	if c.Bot {
		kind = "Bot"
	}
	return map[string]any{
		"id": c.ID, "body": c.Body, "user": map[string]any{"login": c.Author, "type": kind},
		"html_url": fmt.Sprintf("https://github.com/%s/pull/%d#issuecomment-%d", Repository, c.Number, c.ID),
	}
}

func (s *Server) listComments(_ string, path []string, query url.Values, _ []byte) answer {
	number, ok := s.pull(path[0])
	if !ok {
		return message(http.StatusNotFound, "Not Found")
	}
	size, page := 30, 1
	for name, into := range map[string]*int{"per_page": &size, "page": &page} {
		if text := query.Get(name); text != "" {
			value, err := strconv.Atoi(text)
			if err != nil || value < 1 {
				s.t.Errorf("%s is %q", name, text)
				value = 1
			}
			*into = value
		}
	}
	size = min(size, 100)
	shown := []any{}
	of := 0
	for _, c := range s.comments {
		if c.Number != number {
			continue
		}
		if of >= (page-1)*size && of < page*size {
			shown = append(shown, s.comment(c))
		}
		of++
	}
	a := answer{status: http.StatusOK, header: map[string]string{}, body: shown}
	if of > page*size {
		a.header["Link"] = fmt.Sprintf(`<%s/repos/%s/issues/%d/comments?per_page=%d&page=%d>; rel="next"`, s.server.URL, Repository, number, size, page+1)
	}
	return a
}

func (s *Server) createComment(caller string, path []string, _ url.Values, body []byte) answer {
	number, ok := s.pull(path[0])
	if !ok {
		return message(http.StatusNotFound, "Not Found")
	}
	text, refused := s.body(body)
	if refused != nil {
		return *refused
	}
	return answer{status: http.StatusCreated, body: s.comment(s.add(number, caller, caller == bot, text))}
}

func (s *Server) updateComment(_ string, path []string, _ url.Values, body []byte) answer {
	text, refused := s.body(body)
	if refused != nil {
		return *refused
	}
	for i, c := range s.comments {
		if strconv.FormatInt(c.ID, 10) == path[0] {
			s.comments[i].Body = text
			return answer{status: http.StatusOK, body: s.comment(s.comments[i])}
		}
	}
	return message(http.StatusNotFound, "Not Found")
}

// body is the text of a comment that is sent.
func (s *Server) body(sent []byte) (string, *answer) {
	var fields struct {
		Body *string `json:"body"`
	}
	decoder := json.NewDecoder(strings.NewReader(string(sent)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&fields); err != nil {
		s.t.Errorf("a comment is sent as %s: %v", sent, err)
	}
	if fields.Body == nil || *fields.Body == "" || len([]rune(*fields.Body)) > 65536 {
		a := message(http.StatusUnprocessableEntity, "Body is blank or too long (maximum is 65536 characters)")
		return "", &a
	}
	return *fields.Body, nil
}

func (s *Server) pull(text string) (int, bool) {
	number, err := strconv.Atoi(text)
	return number, err == nil && slices.Contains(s.pulls, number)
}
