package github

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// maxAttempts bounds the attempts of one request.
	maxAttempts = 5
	// maxAnswer bounds an answer's body that is no asset: a page of 100 comments of
	// the greatest length in four-byte characters is below it.
	maxAnswer = 64 << 20
	// slowest is what a transfer moves in a second at least, in bytes.
	slowest = 1 << 20
	// The first pause after a fault, doubled each time, in full jitter up to it.
	firstPause = time.Second
	// silentLimit is GitHub's advice for a secondary limit that names no time.
	silentLimit = time.Minute
)

// transport is the layer that every request passes. Each answer is read to its
// end here, so that one that breaks off is a fault like a broken connection.
type transport struct {
	Options
	base *url.URL
}

func newTransport(o Options, base *url.URL) *transport {
	return &transport{Options: defaults(o), base: base}
}

// A transfer is what a request moves beside what all requests do.
type transfer struct {
	bytes int64
	// host is the server's own for uploads; it may have the token too.
	host string
}

type transferKey struct{}

func expecting(ctx context.Context, t transfer) context.Context {
	return context.WithValue(ctx, transferKey{}, t)
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body != nil {
		// Each attempt opens it anew.
		defer request.Body.Close()
	}
	if request.URL.Scheme != "https" && !isLoopback(request.URL.Hostname()) {
		return nil, fmt.Errorf("%s %s: the address is not encrypted", request.Method, request.URL)
	}
	if request.Body != nil && request.GetBody == nil {
		return nil, fmt.Errorf("%s %s: the body cannot be sent a second time", request.Method, request.URL.Path)
	}
	var waited time.Duration
	for attempt := 1; ; attempt++ {
		response, err := t.once(request)
		if request.Context().Err() != nil {
			return nil, request.Context().Err()
		}
		pause, again, limited := t.next(request, response, err, attempt)
		if !again && !limited {
			if err == nil {
				forgetRates(response)
			}
			return outcome(request, response, err)
		}
		if attempt == maxAttempts || waited+pause > t.MaxWait {
			if limited {
				return nil, fmt.Errorf("GitHub asks to wait %s before the next request; run this again later: %w", pause.Round(time.Second), ErrLimited)
			}
			return outcome(request, response, err)
		}
		if err := t.Sleep(request.Context(), pause); err != nil {
			return nil, err
		}
		waited += pause
	}
}

// next says whether an attempt's outcome allows another, and after which pause.
// A limit is answered before anything is done, so every request may follow it;
// after a fault only what does no more when it is done twice.
func (t *transport) next(request *http.Request, response *http.Response, err error, attempt int) (pause time.Duration, again, limited bool) {
	if err == nil {
		if pause, limited := t.limit(response); limited {
			return pause, false, true
		}
	}
	if creates(request) || err == nil && response.StatusCode < http.StatusInternalServerError {
		return 0, false, false
	}
	longest := firstPause << (attempt - 1)
	return time.Duration(t.Jitter() * float64(longest)), true, false
}

// creates says that sending the request twice may make two things.
func creates(request *http.Request) bool { return request.Method == http.MethodPost }

// outcome is what became of a request in the end: its answer, or an error. One
// that creates and got no answer, or one that says nothing, ends as unknown.
func outcome(request *http.Request, response *http.Response, err error) (*http.Response, error) {
	switch {
	case err != nil && creates(request):
		return nil, fmt.Errorf("%w: %w", ErrUnknownOutcome, err)
	case err != nil:
		return nil, err
	case creates(request) && response.StatusCode >= http.StatusInternalServerError:
		return nil, fmt.Errorf("%w: GitHub answered %s", ErrUnknownOutcome, response.Status)
	}
	return response, nil
}

// limit reads how long a rate limit asks to wait. GitHub signals a primary limit
// by x-ratelimit-remaining: 0 and its reset, a secondary one by Retry-After or
// by words alone, each under 403 or 429; a 403 without any of them is a refusal.
func (t *transport) limit(response *http.Response) (time.Duration, bool) {
	if response.StatusCode != http.StatusForbidden && response.StatusCode != http.StatusTooManyRequests {
		return 0, false
	}
	if text := response.Header.Get("Retry-After"); text != "" {
		if seconds, err := strconv.Atoi(text); err == nil && seconds >= 0 {
			return max(time.Duration(seconds)*time.Second, time.Second), true
		}
		if at, err := http.ParseTime(text); err == nil {
			return max(at.Sub(t.Now()), time.Second), true
		}
		return silentLimit, true
	}
	if response.Header.Get("X-RateLimit-Remaining") == "0" {
		reset, err := strconv.ParseInt(response.Header.Get("X-RateLimit-Reset"), 10, 64)
		if err != nil {
			return silentLimit, true
		}
		// The server's clock and ours differ by a little.
		return max(time.Unix(reset, 0).Sub(t.Now()), 0) + time.Second, true
	}
	words := strings.ToLower(peek(response))
	if response.StatusCode == http.StatusTooManyRequests || strings.Contains(words, "rate limit") || strings.Contains(words, "abuse detection") {
		return silentLimit, true
	}
	return 0, false
}

// peek is an answer's body, which stays to be read.
func peek(response *http.Response) string {
	body, err := io.ReadAll(response.Body)
	response.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		return ""
	}
	return string(body)
}

// forgetRates takes away what would make go-github refuse later requests by
// itself, out of reach of this layer.
func forgetRates(response *http.Response) {
	for _, name := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-RateLimit-Used", "Retry-After"} {
		response.Header.Del(name)
	}
}

// once sends one attempt and reads its whole answer within the timeout.
func (t *transport) once(original *http.Request) (*http.Response, error) {
	moves, _ := original.Context().Value(transferKey{}).(transfer)
	ctx, cancel := t.Deadline(original.Context(), t.Timeout+time.Duration(moves.bytes/slowest)*time.Second)
	defer cancel()
	longest := max(maxAnswer, moves.bytes)
	request := original.Clone(ctx)
	if original.GetBody != nil {
		body, err := original.GetBody()
		if err != nil {
			return nil, err
		}
		request.Body = body
	}
	// A redirect elsewhere must not carry the token along.
	request.Header.Del("Authorization")
	if request.URL.Scheme == t.base.Scheme && (request.URL.Host == t.base.Host || request.URL.Host == moves.host) {
		request.Header.Set("Authorization", "Bearer "+t.Token)
	}
	response, err := t.Base.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, longest+1))
	if closeErr := response.Body.Close(); err == nil {
		err = closeErr
	}
	if err == nil && int64(len(body)) > longest {
		err = fmt.Errorf("the answer is longer than %d bytes", longest)
	}
	if err != nil {
		return nil, fmt.Errorf("read the answer to %s %s: %w", original.Method, original.URL.Path, err)
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	response.Request = original
	return response, nil
}
