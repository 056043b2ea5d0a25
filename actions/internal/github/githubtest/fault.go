package githubtest

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// A Fault stands in the way of a request.
type Fault struct {
	// Method and Path (a regular expression) choose the request; the first one
	// that fits meets the fault, once. With Nth it is the one of that number
	// since the server's start or Forget, which counts from 1.
	Method, Path string
	Nth          int
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
	// Starter leaves of an upload an asset without its content.
	Starter bool
	// Spoilt changes the content of an asset on its way, in either direction; the
	// request is answered as if nothing had happened.
	Spoilt bool
}

// Fail declares faults, each to be met once, in order.
func (s *Server) Fail(faults ...Fault) { s.locked(func() { s.faults = append(s.faults, faults...) }) }

// Hung receives a value when a request begins to hang.
func (s *Server) Hung() <-chan struct{} { return s.hung }

// A Kind is a way in which any request may fail.
type Kind struct {
	Name  string
	Fault Fault
	// Fits says which requests can fail so; nil is every one.
	Fits func(request string) bool
	// Passes says that it is over when the client tries again, or looks at what
	// has become of the request: no verb may end because of it.
	Passes bool
}

// IsUpload says that a request, as Requests has it, stores an asset.
func IsUpload(request string) bool { return strings.HasPrefix(request, "POST uploads:") }

// IsTransfer says that a request carries an asset, in either direction.
func IsTransfer(request string) bool {
	return IsUpload(request) || strings.HasPrefix(request, "GET downloads:")
}

// Kinds are the ways in which a request is made to fail.
func Kinds() []Kind {
	limit := `{"message":"API rate limit exceeded for installation ID 1."}`
	secondary := `{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}`
	return []Kind{
		{"500", Fault{Status: 500}, nil, true},
		{"502", Fault{Status: 502}, nil, true},
		{"502 but stored", Fault{Status: 502, Stored: true}, nil, true},
		{"502 and a starter", Fault{Status: 502, Starter: true}, IsUpload, true},
		{"503", Fault{Status: 503}, nil, true},
		{"403 primary", Fault{Status: 403, Body: limit, Header: map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1767225700"}}, nil, true},
		{"403 secondary", Fault{Status: 403, Body: secondary}, nil, true},
		{"429 Retry-After", Fault{Status: 429, Body: secondary, Header: map[string]string{"Retry-After": "7"}}, nil, true},
		{"429", Fault{Status: 429, Body: `{"message":"Too Many Requests"}`}, nil, true},
		{"401", Fault{Status: 401}, nil, false},
		{"404", Fault{Status: 404}, nil, false},
		{"422", Fault{Status: 422, Body: `{"message":"Validation Failed"}`}, nil, false},
		{"timeout before", Fault{Hang: true}, nil, true},
		{"timeout after", Fault{Hang: true, Stored: true}, nil, true},
		{"reset", Fault{}, nil, true},
		{"reset but stored", Fault{Stored: true}, nil, true},
		{"cut off", Fault{Stored: true, Cut: true}, nil, true},
		{"wrong digest", Fault{Spoilt: true}, IsTransfer, true},
	}
}

// fault takes the declared fault that fits the request that was just counted.
func (s *Server) fault(method, path string) (Fault, bool) {
	i := slices.IndexFunc(s.faults, func(f Fault) bool {
		if f.Nth > 0 {
			return f.Nth == len(s.requests)
		}
		return f.Method == method && regexp.MustCompile(f.Path).MatchString(path)
	})
	if i < 0 {
		return Fault{}, false
	}
	fault := s.faults[i]
	s.faults = slices.Delete(s.faults, i, i+1)
	return fault, true
}

func (f Fault) carriesOut() bool { return f.Stored || f.Starter || f.Spoilt }

// spoil changes what an upload that was carried out has left.
func (f Fault) spoil(s *Server, x *exchange, a *answer) {
	if a.status != http.StatusCreated || !f.Starter && !f.Spoilt {
		return
	}
	release, _ := s.release(x.id("release_id"))
	asset := release.Assets[len(release.Assets)-1]
	if f.Starter {
		asset.Content, asset.State = nil, "starter"
		return
	}
	asset.Content = flip(asset.Content)
	a.body = s.showAsset(release, asset)
}

func flip(content []byte) []byte {
	spoilt := slices.Clone(content)
	if len(spoilt) > 0 {
		spoilt[len(spoilt)/2] ^= 1
	}
	return spoilt
}

// fail answers a request that met a fault; a is what it was carried out to.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, fault Fault, a answer) {
	switch {
	case fault.Hang:
		select {
		case s.hung <- struct{}{}:
		default:
		}
		<-r.Context().Done()
	case fault.Spoilt:
		s.write(w, a, false)
	case fault.Cut:
		s.write(w, a, true)
	case fault.Status == 0:
		panic(http.ErrAbortHandler)
	default:
		a = answer{status: fault.Status, header: fault.Header, body: json.RawMessage(fault.Body)}
		if fault.Body == "" {
			a.body = map[string]string{"message": http.StatusText(fault.Status)}
		}
		s.write(w, a, false)
	}
}
