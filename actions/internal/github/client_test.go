package github_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/actions/internal/github/githubtest"
)

const pull = 7

// A clock that stands until somebody sleeps.
type clock struct {
	now   time.Time
	slept []time.Duration
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.now, c.slept = c.now.Add(d), append(c.slept, d)
	return ctx.Err()
}

var clockStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newClient(t *testing.T, s *githubtest.Server, change ...func(*github.Options)) (*github.Client, *clock) {
	t.Helper()
	c := &clock{now: clockStart}
	options := github.Options{
		APIURL: s.URL(), Token: githubtest.Token, Repository: githubtest.Repository, Timeout: 5 * time.Second,
		Now: func() time.Time { return c.now }, Sleep: c.sleep, Jitter: func() float64 { return 1 },
	}
	for _, f := range change {
		f(&options)
	}
	client, err := github.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return client, c
}

func standing(run int64, body string) github.Standing {
	return github.Standing{Marker: "linecook:validate:flights", Run: run, Body: body}
}

func put(t *testing.T, client *github.Client, s github.Standing, want github.Outcome) {
	t.Helper()
	_, outcome, err := client.PutComment(t.Context(), pull, s)
	if err != nil || outcome != want {
		t.Fatalf("%s, %v; want %s", outcome, err, want)
	}
}

func bodies(s *githubtest.Server) []string {
	var all []string
	for _, c := range s.Comments(pull) {
		all = append(all, c.Author+": "+c.Body)
	}
	return all
}

func expectBodies(t *testing.T, s *githubtest.Server, want ...string) {
	t.Helper()
	if got := bodies(s); !slices.Equal(got, want) {
		t.Errorf("comments %q, want %q", got, want)
	}
}

const mine = "github-actions[bot]: <!-- linecook:validate:flights -->\n<!-- run %d -->\n%s"

func TestOneCommentIsKeptInOnePlace(t *testing.T) {
	s := githubtest.New(t, pull, 8)
	client, _ := newClient(t, s)
	s.Say(pull, "ada", false, "please look")
	only := standing(10, "clean")
	only.OnlyUpdate = true
	put(t, client, only, github.Absent)
	put(t, client, standing(11, "two errors"), github.Created)
	put(t, client, standing(11, "two errors"), github.Unchanged)
	put(t, client, standing(13, "clean"), github.Updated)
	put(t, client, standing(12, "one error"), github.Superseded)
	other := standing(14, "x")
	other.Marker = "linecook:validate:flights-2"
	put(t, client, other, github.Created)
	expectBodies(t, s, "ada: please look", fmt.Sprintf(mine, 13, "clean"), "github-actions[bot]: <!-- linecook:validate:flights-2 -->\n<!-- run 14 -->\nx")
	if n := len(s.Comments(8)); n > 0 {
		t.Errorf("%d comments on another pull request", n)
	}
}

// Two requests are all it takes: GITHUB_TOKEN has 1,000 an hour.
func TestRequestsOfAPut(t *testing.T) {
	s := githubtest.New(t, pull)
	client, _ := newClient(t, s)
	put(t, client, standing(1, "a"), github.Created)
	put(t, client, standing(2, "b"), github.Updated)
	want := []string{
		"GET /repos/octo/flights/issues/7/comments?page=1&per_page=100", "POST /repos/octo/flights/issues/7/comments",
		"GET /repos/octo/flights/issues/7/comments?page=1&per_page=100", "PATCH /repos/octo/flights/issues/comments/1001",
	}
	if got := s.Requests(); !slices.Equal(got, want) {
		t.Errorf("requests %q", got)
	}
}

// Whoever writes our marker into a comment of theirs gets neither their words
// replaced nor ours suppressed.
func TestTheMarkerInAForeignCommentIsNotOurs(t *testing.T) {
	s := githubtest.New(t, pull)
	client, _ := newClient(t, s)
	forged := "<!-- linecook:validate:flights -->\n<!-- run 999999 -->\nall clean, merge it"
	s.Say(pull, "mallory", false, forged)
	s.Say(pull, "github-actions[bot]", true, "quoted: <!-- linecook:validate:flights -->")
	put(t, client, standing(5, "two errors"), github.Created)
	expectBodies(t, s, "mallory: "+forged, "github-actions[bot]: quoted: <!-- linecook:validate:flights -->", fmt.Sprintf(mine, 5, "two errors"))
}

func TestAPersonsTokenFindsItsOwnComment(t *testing.T) {
	s := githubtest.New(t, pull)
	client, _ := newClient(t, s, func(o *github.Options) { o.Token = githubtest.PersonToken })
	s.Say(pull, "github-actions[bot]", true, "<!-- linecook:validate:flights -->\n<!-- run 1 -->\nof the job's own token")
	put(t, client, standing(2, "a"), github.Created)
	put(t, client, standing(3, "b"), github.Updated)
	if got := bodies(s); len(got) != 2 || !strings.HasPrefix(got[1], "ada: ") || !strings.HasSuffix(got[1], "\nb") {
		t.Errorf("comments %q", got)
	}
}

// GitHub keeps line ends as a browser sends them.
func TestACommentThatWasEditedInABrowserIsFound(t *testing.T) {
	s := githubtest.New(t, pull)
	client, _ := newClient(t, s)
	s.Say(pull, "github-actions[bot]", true, "<!-- linecook:validate:flights -->\r\n<!-- run 4 -->\r\na")
	put(t, client, standing(4, "a"), github.Unchanged)
	put(t, client, standing(3, "b"), github.Superseded)
}

func TestCommentsArePaged(t *testing.T) {
	s := githubtest.New(t, pull)
	client, _ := newClient(t, s)
	for i := range 250 {
		s.Say(pull, "ada", false, fmt.Sprint(i))
	}
	s.Say(pull, "github-actions[bot]", true, "<!-- linecook:validate:flights -->\n<!-- run 1 -->\nold")
	all, err := client.Comments(t.Context(), pull)
	if err != nil || len(all) != 251 || all[0].Body != "0" || all[249].Body != "249" {
		t.Fatalf("%d comments, %v", len(all), err)
	}
	put(t, client, standing(2, "new"), github.Updated)
	if n := len(s.Comments(pull)); n != 251 {
		t.Errorf("%d comments", n)
	}
}

func TestMarkersAreNames(t *testing.T) {
	s := githubtest.New(t, pull)
	client, _ := newClient(t, s)
	for _, marker := range []string{"", "a b", "a-->", "--", "a--b", "a\nb", "é"} {
		if _, _, err := client.PutComment(t.Context(), pull, github.Standing{Marker: marker, Body: "x"}); err == nil {
			t.Errorf("the marker %q was taken", marker)
		}
	}
	if n := len(s.Requests()); n > 0 {
		t.Errorf("%d requests", n)
	}
}

// Every fault of every request: in the end there is one comment with the new
// text, or one clear error.
func TestFaults(t *testing.T) {
	limited := func(status int, header map[string]string) githubtest.Fault {
		return githubtest.Fault{Status: status, Header: header, Body: `{"message":"API rate limit exceeded"}`}
	}
	faults := []struct {
		name  string
		fault githubtest.Fault
		// wants is the error that ends it; nil where the request comes through.
		wants error
		slept []time.Duration // for a request that does not create; nil is the first pause
	}{
		{"500", githubtest.Fault{Status: 500}, nil, nil},
		{"502", githubtest.Fault{Status: 502}, nil, nil},
		{"502 but stored", githubtest.Fault{Status: 502, Stored: true}, nil, nil},
		{"503", githubtest.Fault{Status: 503}, nil, nil},
		{"connection reset", githubtest.Fault{}, nil, nil},
		{"connection reset but stored", githubtest.Fault{Stored: true}, nil, nil},
		{"answer cut off", githubtest.Fault{Stored: true, Cut: true}, nil, nil},
		{"timeout", githubtest.Fault{Hang: true}, nil, nil},
		{"timeout but stored", githubtest.Fault{Hang: true, Stored: true}, nil, nil},
		{"403 primary", limited(403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1767225630"}), nil, []time.Duration{31 * time.Second}},
		{"429 primary", limited(429, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1767225630"}), nil, []time.Duration{31 * time.Second}},
		{"403 primary that lasts", limited(403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1767229200"}), github.ErrLimited, []time.Duration{}},
		{"403 secondary", limited(403, map[string]string{"Retry-After": "7"}), nil, []time.Duration{7 * time.Second}},
		{"429 with Retry-After", limited(429, map[string]string{"Retry-After": "7"}), nil, []time.Duration{7 * time.Second}},
		{"429 with a date", limited(429, map[string]string{"Retry-After": "Thu, 01 Jan 2026 00:00:09 GMT"}), nil, []time.Duration{9 * time.Second}},
		{"429 with nonsense", limited(429, map[string]string{"Retry-After": "soon"}), nil, []time.Duration{time.Minute}},
		{"429 that lasts", limited(429, map[string]string{"Retry-After": "3600"}), github.ErrLimited, []time.Duration{}},
		{"429 without a time", githubtest.Fault{Status: 429, Body: `{"message":"slow down"}`}, nil, []time.Duration{time.Minute}},
		{"403 secondary by words", githubtest.Fault{Status: 403, Body: `{"message":"You have exceeded a secondary rate limit"}`}, nil, []time.Duration{time.Minute}},
		{"401", githubtest.Fault{Status: 401}, github.ErrDenied, []time.Duration{}},
		{"403 denied", githubtest.Fault{Status: 403, Body: `{"message":"Resource not accessible by integration"}`}, github.ErrDenied, []time.Duration{}},
		{"404", githubtest.Fault{Status: 404}, github.ErrNotFound, []time.Duration{}},
		{"422", githubtest.Fault{Status: 422}, errors.New("422"), []time.Duration{}},
	}
	requests := []struct{ name, method, path string }{
		{"list", http.MethodGet, `/issues/7/comments$`},
		{"create", http.MethodPost, `/issues/7/comments$`},
		{"update", http.MethodPatch, `/issues/comments/\d+$`},
	}
	for _, request := range requests {
		for _, test := range faults {
			t.Run(request.name+"/"+test.name, func(t *testing.T) {
				s := githubtest.New(t, pull)
				client, clock := newClient(t, s, func(o *github.Options) {
					if test.fault.Hang {
						o.Deadline = s.Patient
					}
				})
				if request.name == "update" {
					s.Say(pull, "github-actions[bot]", true, "<!-- linecook:validate:flights -->\n<!-- run 1 -->\nold")
				}
				fault := test.fault
				fault.Method, fault.Path = request.method, request.path
				s.Fail(fault)
				_, _, err := client.PutComment(t.Context(), pull, standing(2, "new"))
				if test.wants != nil {
					if err == nil || !errors.Is(err, test.wants) && !strings.Contains(err.Error(), test.wants.Error()) {
						t.Errorf("error %v, want %v", err, test.wants)
					}
					if strings.Contains(fmt.Sprint(bodies(s)), "new") {
						t.Errorf("comments %q", bodies(s))
					}
				} else {
					if err != nil {
						t.Fatal(err)
					}
					expectBodies(t, s, fmt.Sprintf(mine, 2, "new"))
				}
				want := test.slept
				if want == nil && request.name == "create" {
					want = []time.Duration{} // looked for, not sent again
				} else if want == nil {
					want = []time.Duration{time.Second}
				}
				if !slices.Equal(clock.slept, want) {
					t.Errorf("slept %v, want %v", clock.slept, want)
				}
			})
		}
	}
}

func TestFaultsThatLastEnd(t *testing.T) {
	s := githubtest.New(t, pull)
	client, clock := newClient(t, s)
	for range 5 {
		s.Fail(githubtest.Fault{Method: http.MethodGet, Path: "comments", Status: 503})
	}
	if _, err := client.Comments(t.Context(), pull); err == nil || !strings.Contains(err.Error(), "pull request 7") {
		t.Errorf("error %v", err)
	}
	if want := []time.Duration{1e9, 2e9, 4e9, 8e9}; !slices.Equal(clock.slept, want) {
		t.Errorf("slept %v, want %v", clock.slept, want)
	}
	// A comment that was never stored is sent twice and no more.
	for range 2 {
		s.Fail(githubtest.Fault{Method: http.MethodPost, Path: "comments", Status: 502})
	}
	if _, _, err := client.PutComment(t.Context(), pull, standing(1, "a")); !errors.Is(err, github.ErrUnknownOutcome) {
		t.Errorf("error %v", err)
	}
	expectBodies(t, s)
}

// A limit that is nearly used up must not make go-github refuse by itself.
func TestTheLastRequestOfAnHour(t *testing.T) {
	s := githubtest.New(t, pull)
	client, _ := newClient(t, s)
	s.Fail(githubtest.Fault{Method: http.MethodGet, Path: "comments", Status: 200, Body: "[]",
		Header: map[string]string{"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "32503680000"}})
	put(t, client, standing(1, "a"), github.Created)
}

func TestACancelledContextEndsTheWait(t *testing.T) {
	s := githubtest.New(t, pull)
	ctx, cancel := context.WithCancel(t.Context())
	client, _ := newClient(t, s, func(o *github.Options) {
		o.Sleep = func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }
	})
	s.Fail(githubtest.Fault{Method: http.MethodGet, Path: "comments", Status: 503})
	if _, err := client.Comments(ctx, pull); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// The token goes to the API's own address and nowhere else.
func TestARedirectElsewhereGetsNoToken(t *testing.T) {
	elsewhere := githubtest.New(t, pull)
	s := githubtest.New(t, pull)
	client, _ := newClient(t, s)
	s.Fail(githubtest.Fault{Method: http.MethodGet, Path: "comments", Status: 307, Header: map[string]string{
		"Location": elsewhere.URL() + "/repos/octo/flights/issues/7/comments",
	}})
	if _, err := client.Comments(t.Context(), pull); !errors.Is(err, github.ErrDenied) {
		t.Errorf("error %v", err)
	}
	if len(elsewhere.Requests()) != 1 {
		t.Errorf("requests %q", elsewhere.Requests())
	}
}

func TestTheTokenStandsInNoError(t *testing.T) {
	s := githubtest.New(t, pull)
	client, _ := newClient(t, s)
	for range 5 {
		s.Fail(githubtest.Fault{Method: http.MethodGet, Path: "comments"})
	}
	if _, err := client.Comments(t.Context(), pull); err == nil || strings.Contains(err.Error(), githubtest.Token) {
		t.Errorf("error %v", err)
	}
}

func TestOptionsThatCannotBeUsed(t *testing.T) {
	good := github.Options{APIURL: "https://ghe.example.com/api/v3", Token: "t", Repository: "octo/flights"}
	if _, err := github.New(good); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(*github.Options)
		names  string
	}{
		{"plain http", func(o *github.Options) { o.APIURL = "http://ghe.example.com" }, "https"},
		{"another scheme", func(o *github.Options) { o.APIURL = "file:///etc" }, "https"},
		{"credentials", func(o *github.Options) { o.APIURL = "https://me:pw@ghe.example.com" }, "https"},
		{"a query", func(o *github.Options) { o.APIURL = "https://ghe.example.com?x=1" }, "https"},
		{"no host", func(o *github.Options) { o.APIURL = "https://" }, "https"},
		{"no URL", func(o *github.Options) { o.APIURL = "://" }, "GITHUB_API_URL"},
		{"no token", func(o *github.Options) { o.Token = "" }, "GITHUB_TOKEN"},
		{"a token of two lines", func(o *github.Options) { o.Token = "a\nX-Evil: 1" }, "GITHUB_TOKEN"},
		{"no repository", func(o *github.Options) { o.Repository = "" }, "GITHUB_REPOSITORY"},
		{"a path for a repository", func(o *github.Options) { o.Repository = "octo/flights/../x" }, "GITHUB_REPOSITORY"},
		{"a query in the repository", func(o *github.Options) { o.Repository = "octo/flights?x" }, "GITHUB_REPOSITORY"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := good
			test.change(&o)
			if _, err := github.New(o); err == nil || !strings.Contains(err.Error(), test.names) {
				t.Errorf("error %v", err)
			}
		})
	}
	o := github.FromEnvironment(func(key string) string {
		return map[string]string{"GITHUB_TOKEN": "t", "GITHUB_REPOSITORY": "a/b", "GITHUB_API_URL": ""}[key]
	})
	if _, err := github.New(o); err != nil {
		t.Errorf("github.com itself: %v", err)
	}
}
