// Package github is the one client for GitHub's API.
//
//  1. New settles, from the runner's environment, which server is spoken to, as
//     whom and about which repository; a server that is not encrypted is refused.
//  2. Every request passes one layer that bounds each attempt in time, waits out
//     rate limits and tries again where that cannot do a thing twice.
//  3. What creates is sent once: an answer that was lost is ErrUnknownOutcome,
//     and the caller looks before it sends again. What can be made twice and is
//     one, a tag's object or a ref, is looked for here.
//  4. The token goes to the API and to its uploads, nowhere else; an address that
//     is not encrypted gets no request at all.
//  5. Refusals come back as errors that a caller can tell apart.
//
// ReadEvent says which pull request a job runs for.
package github

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v66/github"
)

// Errors that callers tell apart with errors.Is.
var (
	// ErrDenied: the token may not do this.
	ErrDenied = errors.New("denied")
	// ErrNotFound: there is no such thing, or the token may not see it.
	ErrNotFound = errors.New("not found")
	// ErrExists: the name is taken.
	ErrExists = errors.New("it exists already")
	// ErrRefused: GitHub does not take the request as it is.
	ErrRefused = errors.New("refused")
	// ErrUnknownOutcome: the request may have been carried out, and no answer
	// says so.
	ErrUnknownOutcome = errors.New("unknown outcome")
	// ErrLimited: a rate limit stands longer than the client waits.
	ErrLimited = errors.New("rate limit")
)

// Where github.com answers programs, and people.
const (
	PublicAPI    = "https://api.github.com"
	PublicServer = "https://github.com"
)

// Options of a Client. Zero values are those of production.
type Options struct {
	// APIURL is the server's REST address; empty is PublicAPI.
	APIURL string
	Token  string
	// Repository is owner/name.
	Repository string
	// Timeout bounds one attempt, and what it transfers may take a second more for
	// each MiB; 0 is 30 s.
	Timeout time.Duration
	// MaxWait bounds all waiting of one request; 0 is 2 minutes.
	MaxWait time.Duration
	// Base carries the requests; nil is http.DefaultTransport.
	Base http.RoundTripper
	// Now, Sleep, Jitter (in [0, 1)) and Deadline replace clock and chance in
	// tests. Deadline bounds one attempt, as context.WithTimeout does.
	Now      func() time.Time
	Sleep    func(context.Context, time.Duration) error
	Jitter   func() float64
	Deadline func(context.Context, time.Duration) (context.Context, context.CancelFunc)
}

// A Client speaks to one repository. It is safe for concurrent use.
type Client struct {
	api         *github.Client
	owner, name string
	// installation says that the token is an app's, as the runner's is, and no
	// person's.
	installation bool
}

// Repository is owner/name.
func (c *Client) Repository() string { return c.owner + "/" + c.name }

var repositoryPattern = regexp.MustCompile(`^([A-Za-z0-9-]+)/([A-Za-z0-9._-]+)$`)

// FromEnvironment are the options that a runner's environment describes:
// GITHUB_API_URL, GITHUB_TOKEN and GITHUB_REPOSITORY.
func FromEnvironment(getenv func(string) string) Options {
	return Options{APIURL: getenv("GITHUB_API_URL"), Token: getenv("GITHUB_TOKEN"), Repository: getenv("GITHUB_REPOSITORY")}
}

// New returns a client. An error names the option that cannot be used.
func New(o Options) (*Client, error) {
	repository := repositoryPattern.FindStringSubmatch(o.Repository)
	if repository == nil {
		return nil, fmt.Errorf("GITHUB_REPOSITORY %q is not owner/name", o.Repository)
	}
	if o.Token == "" {
		return nil, errors.New("GITHUB_TOKEN is empty; hand the job's token over as the input token")
	}
	// The client's own header would carry it to another line of the request.
	if strings.ContainsFunc(o.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("GITHUB_TOKEN holds a space, a line end or a character that no token has")
	}
	base, err := apiURL(o.APIURL)
	if err != nil {
		return nil, err
	}
	api := github.NewClient(&http.Client{Transport: newTransport(o, base)})
	api.BaseURL = base
	api.UserAgent = "linecook"
	// An installation's tokens begin so, on github.com and on Enterprise Server.
	return &Client{api: api, owner: repository[1], name: repository[2], installation: strings.HasPrefix(o.Token, "ghs_")}, nil
}

// apiURL is the server's address with the slash that go-github asks for.
func apiURL(text string) (*url.URL, error) {
	if text == "" {
		text = PublicAPI
	}
	base, err := url.Parse(strings.TrimSuffix(text, "/") + "/")
	if err != nil {
		return nil, fmt.Errorf("GITHUB_API_URL: %w", err)
	}
	plain := base.Scheme == "http" && isLoopback(base.Hostname())
	if base.Scheme != "https" && !plain || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, fmt.Errorf("GITHUB_API_URL %q is not an https address of an API", text)
	}
	return base, nil
}

// isLoopback allows plain HTTP to a server on this machine, as tests have it.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// explain says what was asked for when it failed, and makes the refusal one
// that callers can tell apart.
func explain(err error, format string, values ...any) error {
	if err == nil {
		return nil
	}
	what := fmt.Sprintf(format, values...)
	// The address may carry a signature that opens what it names.
	var broken *url.Error
	if errors.As(err, &broken) {
		err = broken.Err
	}
	var refused *github.ErrorResponse
	if !errors.As(err, &refused) {
		return fmt.Errorf("%s: %w", what, err)
	}
	answer := fmt.Sprintf("GitHub answered %d %s", refused.Response.StatusCode, refused.Message)
	switch refused.Response.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%s: %s: %w", what, answer, ErrDenied)
	case http.StatusNotFound:
		return fmt.Errorf("%s: %s: %w", what, answer, ErrNotFound)
	case http.StatusUnprocessableEntity:
		taken := func(e github.Error) bool { return e.Code == "already_exists" }
		if slices.ContainsFunc(refused.Errors, taken) || strings.Contains(refused.Message, "already exists") {
			return fmt.Errorf("%s: %s: %w", what, answer, ErrExists)
		}
	}
	return fmt.Errorf("%s: %s: %w", what, answer, ErrRefused)
}

func exists(format string, values ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, values...), ErrExists)
}

// isRefusal says that GitHub answered: sending the request again is no use.
func isRefusal(err error) bool {
	return errors.Is(err, ErrDenied) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrExists) || errors.Is(err, ErrLimited) || errors.Is(err, ErrRefused)
}

func isNotFound(err error) bool { return errors.Is(err, ErrNotFound) }

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func defaults(o Options) Options {
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.MaxWait == 0 {
		o.MaxWait = 2 * time.Minute
	}
	if o.Base == nil {
		o.Base = http.DefaultTransport
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.Deadline == nil {
		o.Deadline = context.WithTimeout
	}
	return o
}
