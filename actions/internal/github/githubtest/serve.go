package githubtest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An exchange is one request on its way to an answer.
type exchange struct {
	s      *Server
	r      *http.Request
	caller string
	path   map[string]string // by the names in the route's template
	query  url.Values
	body   []byte
}

// An answer is what a route gives back: JSON, or bytes as they are.
type answer struct {
	status int
	header map[string]string
	body   any
}

// number is a parameter of the query.
func (x *exchange) number(name string, otherwise int) int {
	value := x.query.Get(name)
	if value == "" {
		return otherwise
	}
	number, err := strconv.Atoi(value)
	if err != nil || number < 1 {
		x.s.t.Errorf("%s is %q", name, value)
		return otherwise
	}
	return number
}

// id is a number in the path; 0 is none that exists.
func (x *exchange) id(name string) int64 {
	id, err := strconv.ParseInt(x.path[name], 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// decode reads the body into fields that name everything it may hold.
func (x *exchange) decode(into any) {
	decoder := json.NewDecoder(bytes.NewReader(x.body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		x.s.t.Errorf("%s %s is sent with %s: %v", x.r.Method, x.r.URL.Path, x.body, err)
	}
}

// A route is one declared request; its template is that of the description.
type route struct {
	host     host
	method   string
	template string
	query    []string // parameters that may stand in the query
	handle   func(s *Server, x *exchange) answer

	path  *regexp.Regexp
	names []string
}

var parameter = regexp.MustCompile(`\{(\w+)\}`)

// compile makes the template a pattern. A ref and a file's path have slashes.
func (r route) compile() route {
	pattern := parameter.ReplaceAllStringFunc(r.template, func(name string) string {
		r.names = append(r.names, strings.Trim(name, "{}"))
		switch name {
		case "{owner}":
			return "(" + strings.Split(Repository, "/")[0] + ")"
		case "{repo}":
			return "(" + strings.Split(Repository, "/")[1] + ")"
		case "{ref}", "{path}", "{branch}":
			return "(.+)"
		}
		return "([^/]+)"
	})
	r.path = regexp.MustCompile("^" + pattern + "$")
	return r
}

func (s *Server) serve(name host, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	path := r.URL.Path
	if s.enterprise && name == apiHost {
		if rest, found := strings.CutPrefix(path, "/api/uploads"); found {
			name, path = uploadHost, rest
		} else {
			path = strings.TrimPrefix(path, "/api/v3")
		}
	}
	s.mu.Lock()
	s.clock = s.clock.Add(time.Second)
	label := r.URL.RequestURI()
	if name != apiHost {
		label = string(name) + ":" + label
	}
	s.requests = append(s.requests, r.Method+" "+label)
	fault, failed := s.fault(r.Method, path)
	watch := s.watch
	s.mu.Unlock()

	if watch != nil && !watch(Event{Method: r.Method, Path: path}) {
		panic(http.ErrAbortHandler)
	}
	s.mu.Lock()
	var a answer
	if !failed || fault.carriesOut() {
		a = s.answer(name, path, r, body, fault)
	}
	s.mu.Unlock()
	if watch != nil {
		watch(Event{Method: r.Method, Path: path, Done: true})
	}
	if failed {
		s.fail(w, r, fault, a)
		return
	}
	s.write(w, a, false)
}

// answer finds the route of a request and carries it out.
func (s *Server) answer(name host, path string, r *http.Request, body []byte, fault Fault) answer {
	if name == downloadHost {
		return s.download(r, fault)
	}
	x := &exchange{s: s, r: r, query: r.URL.Query(), body: body, path: map[string]string{}}
	switch r.Header.Get("Authorization") {
	case "Bearer " + Token:
		x.caller = Bot
	case "Bearer " + PersonToken:
		x.caller = Person
	default:
		return message(http.StatusUnauthorized, "Bad credentials")
	}
	if r.Header.Get("X-GitHub-Api-Version") == "" || r.Header.Get("User-Agent") == "" {
		s.t.Errorf("%s %s lacks its API version or its user agent", r.Method, r.URL)
	}
	if s.left--; s.left < 0 {
		return limited()
	}
	for _, route := range routes {
		found := route.path.FindStringSubmatch(path)
		if found == nil || route.method != r.Method || route.host != name {
			continue
		}
		for i, name := range route.names {
			x.path[name] = found[i+1]
		}
		for parameter := range x.query {
			if !slices.Contains(route.query, parameter) {
				s.t.Errorf("%s %s has a parameter %s that was not declared", r.Method, path, parameter)
			}
		}
		s.checker.request(route, x)
		var a answer
		if r.Method != http.MethodGet && s.readOnly {
			a = message(http.StatusForbidden, "Resource not accessible by integration")
		} else {
			a = route.handle(s, x)
			fault.spoil(s, x, &a)
		}
		s.checker.answer(route, x, a)
		return a
	}
	s.t.Errorf("%s %s on the host %s was not declared", r.Method, path, name)
	return message(http.StatusNotImplemented, "not declared")
}

// write sends an answer, or its first half.
func (s *Server) write(w http.ResponseWriter, a answer, cut bool) {
	content, kind := encode(a)
	var left int
	var now time.Time
	s.locked(func() { left, now = s.left, s.clock })
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Ratelimit-Limit", strconv.Itoa(Budget))
	w.Header().Set("X-Ratelimit-Remaining", strconv.Itoa(max(left, 0)))
	w.Header().Set("X-Ratelimit-Reset", strconv.FormatInt(now.Add(time.Hour).Unix(), 10))
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	if a.status == http.StatusNoContent {
		w.Header().Del("Content-Type")
		w.WriteHeader(a.status)
	} else {
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		w.WriteHeader(a.status)
		if cut {
			content = content[:len(content)/2]
		}
		_, _ = w.Write(content)
	}
	if cut {
		panic(http.ErrAbortHandler)
	}
}

func encode(a answer) (content []byte, kind string) {
	if raw, ok := a.body.(raw); ok {
		return raw, "application/octet-stream"
	}
	return text(a.body), "application/json; charset=utf-8"
}

// raw is an answer's body that is no JSON.
type raw []byte

func message(status int, text string) answer {
	return answer{status: status, body: map[string]any{"message": text, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(status)}}
}

func notFound() answer { return message(http.StatusNotFound, "Not Found") }

// invalid is what GitHub says of a field that it does not take.
func invalid(resource, field, code, words string) answer {
	a := message(http.StatusUnprocessableEntity, "Validation Failed")
	a.body.(map[string]any)["errors"] = []any{map[string]any{"resource": resource, "field": field, "code": code, "message": words}}
	return a
}

func limited() answer {
	a := message(http.StatusForbidden, "API rate limit exceeded for installation ID 1.")
	a.header = map[string]string{"X-RateLimit-Remaining": "0"}
	return a
}
