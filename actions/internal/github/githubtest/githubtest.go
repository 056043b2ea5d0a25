// Package githubtest is a GitHub for tests: one repository with its state,
// behind the requests that linecook sends.
//
//  1. A request must be one of the declared routes, with its token, its headers,
//     its query and a body of known fields; every other one fails the test.
//  2. Request and answer are held against GitHub's own OpenAPI description,
//     which the environment variable LINECOOK_GITHUB_OPENAPI names.
//  3. A request changes the state as GitHub would, unless a Fault that a test
//     has declared stands in the way.
//  4. At the test's end every declared fault must have been met.
//
// Uploads and downloads have hosts of their own, as on github.com.
package githubtest

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// What every server knows.
const (
	Repository    = "octo/flights"
	DefaultBranch = "main"
	Token         = "ghs_test"
	// PersonToken is a token of the person called Person, who administers the
	// repository.
	PersonToken = "ghp_test"
	Person      = "ada"
	// Bot is who Token belongs to.
	Bot = "github-actions[bot]"
)

// Budget is how many requests an hour the runner's token has.
const Budget = 1000

// A host is one of the names that GitHub answers under.
type host string

const (
	apiHost      host = "api"
	uploadHost   host = "uploads"
	downloadHost host = "downloads"
)

// A Server is one GitHub with one repository. Its state may be looked at and
// changed through its methods only.
type Server struct {
	t       testing.TB
	servers map[host]*httptest.Server
	checker *checker

	mu       sync.Mutex
	faults   []Fault
	requests []string
	watch    func(Event) bool
	hung     chan struct{}
	state
}

// A state is what a server knows, apart from what tests do to it.
type state struct {
	clock time.Time
	next  int64

	readOnly   bool
	enterprise bool
	private    bool
	immutable  bool
	digestless bool
	left       int // requests until the primary limit

	objects      map[string]object
	refs         map[string]string // refs/… to the object's name
	branches     map[string]*branch
	releases     []*Release
	burnt        []string // tags of immutable releases that were deleted
	deployments  []*Deployment
	environments []*environment
	comments     []Comment
	issues       []*Issue
	pulls        []*Pull
	people       map[string]string // login to permission
	rulesets     []map[string]any
	workflows    []string
	dispatches   []Dispatch
	scheduled    []Workflow
	runs         []*Run
	rights       string // what a job's token may by default; empty is write
	attestations []attestation
	scopes       string // of a person's token, where it is a classic one
	expires      time.Time
}

// clone copies all that requests change in place; the rest is replaced whole.
func (s state) clone() state {
	s.objects, s.refs, s.people = maps.Clone(s.objects), maps.Clone(s.refs), maps.Clone(s.people)
	s.branches = maps.Clone(s.branches)
	s.releases, s.deployments = copies(s.releases), copies(s.deployments)
	for _, r := range s.releases {
		r.Assets = copies(r.Assets)
	}
	for _, d := range s.deployments {
		d.Statuses = slices.Clone(d.Statuses)
	}
	s.environments, s.issues, s.pulls, s.runs = copies(s.environments), copies(s.issues), copies(s.pulls), copies(s.runs)
	s.comments, s.rulesets, s.dispatches = slices.Clone(s.comments), slices.Clone(s.rulesets), slices.Clone(s.dispatches)
	return s
}

func copies[T any](all []*T) []*T {
	cloned := make([]*T, len(all))
	for i, one := range all {
		value := *one
		cloned[i] = &value
	}
	return cloned
}

// New starts a server that has these pull requests, and stops it with the test.
func New(t testing.TB, pulls ...int) *Server {
	t.Helper()
	s := start(t, state{
		clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), next: 1000, left: Budget,
		objects: map[string]object{}, refs: map[string]string{}, branches: map[string]*branch{}, people: map[string]string{Person: "admin"},
	})
	s.Commit(Commit{Message: "begin", Author: Person, Files: map[string]string{"README.md": "flights\n"}})
	for _, number := range pulls {
		s.AddPull(Pull{Number: number, Author: Person})
	}
	return s
}

// Copy starts another server with the state that this one has now.
func (s *Server) Copy(t testing.TB) *Server {
	t.Helper()
	var now state
	s.locked(func() { now = s.clone() })
	return start(t, now)
}

func start(t testing.TB, begins state) *Server {
	t.Helper()
	s := &Server{t: t, servers: map[host]*httptest.Server{}, checker: newChecker(t), hung: make(chan struct{}, 1), state: begins}
	for _, name := range []host{apiHost, uploadHost, downloadHost} {
		s.servers[name] = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(name, w, r) }))
	}
	t.Cleanup(func() {
		for _, server := range s.servers {
			server.CloseClientConnections()
			server.Close()
		}
		for _, fault := range s.faults {
			t.Errorf("no request met the fault %+v", fault)
		}
	})
	return s
}

// URL is the server's address, for GITHUB_API_URL.
func (s *Server) URL() string {
	if s.enterprise {
		return s.servers[apiHost].URL + "/api/v3"
	}
	return s.servers[apiHost].URL
}

// Enterprise makes the server one that a company runs: the API and its uploads
// are paths of one host.
func (s *Server) Enterprise() { s.locked(func() { s.enterprise = true }) }

// ReadOnly takes the right to write away from the token, as a fork's has it.
func (s *Server) ReadOnly() { s.locked(func() { s.readOnly = true }) }

// Private makes the repository private.
func (s *Server) Private() { s.locked(func() { s.private = true }) }

// Immutable makes releases immutable from their publication on.
func (s *Server) Immutable() { s.locked(func() { s.immutable = true }) }

// Digestless makes the server one that gives no digests of assets, as older
// Enterprise Servers.
func (s *Server) Digestless() { s.locked(func() { s.digestless = true }) }

// Scope makes the person's token a classic one with these scopes.
func (s *Server) Scope(scopes string) { s.locked(func() { s.scopes = scopes }) }

// Expire sets when the person's token ends.
func (s *Server) Expire(at time.Time) { s.locked(func() { s.expires = at }) }

// Left sets how many requests remain until the primary limit answers.
func (s *Server) Left(requests int) { s.locked(func() { s.left = requests }) }

// Requests are the requests so far, as "GET /path?query"; those to another host
// than the API's have its name before the path.
func (s *Server) Requests() (all []string) {
	s.locked(func() { all = slices.Clone(s.requests) })
	return all
}

// Forget empties the list of requests, and begins anew to count them.
func (s *Server) Forget() { s.locked(func() { s.requests = nil }) }

// An Event is a request at the moment when it arrived, or when it has just been
// carried out and is not answered yet.
type Event struct {
	Method, Path string
	Done         bool
}

// Watch calls f on every event. Where f is false for a request that arrives, the
// request is lost on its way: it is not carried out and not answered.
func (s *Server) Watch(f func(Event) bool) { s.locked(func() { s.watch = f }) }

// locked runs f while no request changes the state.
func (s *Server) locked(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// id is the next number of a thing.
func (s *Server) id() int64 {
	s.next++
	return s.next
}

// now is the server's clock, which goes on by a second with each request.
func (s *Server) now() string { return stamp(s.clock) }

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// page answers one page of a list.
func page[T any](s *Server, x *exchange, all []T, show func(T) any) answer {
	size, number := min(x.number("per_page", 30), 100), x.number("page", 1)
	from, to := min((number-1)*size, len(all)), min(number*size, len(all))
	shown := []any{}
	for _, item := range all[from:to] {
		shown = append(shown, show(item))
	}
	a := answer{status: http.StatusOK, header: map[string]string{}, body: shown}
	if to < len(all) {
		next := *x.r.URL
		query := next.Query()
		query.Set("page", fmt.Sprint(number+1))
		a.header["Link"] = fmt.Sprintf(`<%s%s?%s>; rel="next"`, s.servers[apiHost].URL, next.EscapedPath(), query.Encode())
	}
	return a
}

// url is the address of a thing below the repository.
func (s *Server) url(format string, values ...any) string {
	return s.URL() + "/repos/" + Repository + fmt.Sprintf(format, values...)
}

// web is the page of a thing, for people.
func web(format string, values ...any) string {
	return "https://github.com/" + Repository + fmt.Sprintf(format, values...)
}

func nodeID(kind string, id any) string { return fmt.Sprintf("%s_%v", kind, id) }

// sha names a git object as git does.
func sha(kind string, content []byte) string {
	sum := sha1.Sum(append(fmt.Appendf(nil, "%s %d\x00", kind, len(content)), content...))
	return hex.EncodeToString(sum[:])
}

// user is somebody in an answer.
func (s *Server) user(login string) any {
	if login == "" {
		return nil
	}
	kind := "User"
	if strings.HasSuffix(login, "[bot]") {
		kind = "Bot"
	}
	address := s.URL() + "/users/" + login
	user := map[string]any{
		"login": login, "id": userID(login), "node_id": nodeID("U", userID(login)), "type": kind, "site_admin": false, "gravatar_id": "",
		"url": address, "html_url": "https://github.com/" + login, "avatar_url": "https://avatars.example.com/" + login,
	}
	for _, name := range []string{"events", "followers", "following", "gists", "organizations", "received_events", "repos", "starred", "subscriptions"} {
		user[name+"_url"] = address + "/" + name
	}
	return user
}

func userID(login string) int64 {
	id := int64(0)
	for _, b := range []byte(login) {
		id = id*31%999983 + int64(b)
	}
	return id + 1
}

func (s *Server) showUser(x *exchange) answer {
	if x.caller == Bot {
		return message(http.StatusForbidden, "Resource not accessible by integration")
	}
	user := s.user(x.caller).(map[string]any)
	for _, name := range []string{"bio", "blog", "company", "email", "hireable", "location", "name"} {
		user[name] = nil
	}
	for _, name := range []string{"followers", "following", "public_gists", "public_repos"} {
		user[name] = 0
	}
	user["created_at"], user["updated_at"], user["user_view_type"] = s.now(), s.now(), "public"
	return answer{status: http.StatusOK, body: user}
}

// text is JSON of what can have no other form.
func text(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
