package github_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/actions/internal/github"
)

const (
	headSHA = "1111111111111111111111111111111111111111"
	baseSHA = "2222222222222222222222222222222222222222"
	payload = `{"action":"opened","number":7,"pull_request":{"number":7,
		"head":{"sha":"` + headSHA + `","repo":{"full_name":"octo/flights"}},
		"base":{"sha":"` + baseSHA + `","repo":{"full_name":"octo/flights"}}}}`
)

func readEvent(t *testing.T, name, text string) (github.PullRequest, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return github.ReadEvent(func(key string) string {
		return map[string]string{"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": path, "GITHUB_REPOSITORY": "octo/flights"}[key]
	})
}

func TestEvents(t *testing.T) {
	tests := []struct {
		name, event string
		change      []string
		want        github.PullRequest
		fails       string
	}{
		{"own branch", "pull_request", nil, github.PullRequest{Number: 7, Head: headSHA, Base: baseSHA}, ""},
		{"fork", "pull_request", []string{`"` + headSHA + `","repo":{"full_name":"octo/flights"}`, `"` + headSHA + `","repo":{"full_name":"eve/flights"}`},
			github.PullRequest{Number: 7, Fork: true, Head: headSHA, Base: baseSHA}, ""},
		{"fork that is gone", "pull_request", []string{`"` + headSHA + `","repo":{"full_name":"octo/flights"}`, `"` + headSHA + `","repo":null`},
			github.PullRequest{Number: 7, Fork: true, Head: headSHA, Base: baseSHA}, ""},
		{"case of a name", "pull_request", []string{`"` + baseSHA + `","repo":{"full_name":"octo/flights"}`, `"` + baseSHA + `","repo":{"full_name":"Octo/Flights"}`},
			github.PullRequest{Number: 7, Head: headSHA, Base: baseSHA}, ""},
		{"no number", "pull_request", []string{`"number":7,
`, "\n"}, github.PullRequest{}, "pull_request.number is missing"},
		{"case of a key", "pull_request", []string{`"number":7,
`, `"Number":7,` + "\n"}, github.PullRequest{}, "pull_request.number is missing"},
		{"number as text", "pull_request", []string{`"number":7,
`, `"number":"7",` + "\n"}, github.PullRequest{}, "pull_request.number"},
		{"number with a fraction", "pull_request", []string{`"number":7,
`, `"number":7.5,` + "\n"}, github.PullRequest{}, "pull_request.number"},
		{"number zero", "pull_request", []string{`"number":7,
`, `"number":0,` + "\n"}, github.PullRequest{}, "pull_request.number is 0"},
		{"no commit", "pull_request", []string{headSHA, "main"}, github.PullRequest{}, "no commit"},
		{"option for a commit", "pull_request", []string{baseSHA, "--upload-pack=evil"}, github.PullRequest{}, "no commit"},
		{"another repository", "pull_request", []string{`"` + baseSHA + `","repo":{"full_name":"octo/flights"}`, `"` + baseSHA + `","repo":{"full_name":"octo/trains"}`},
			github.PullRequest{}, "octo/trains"},
		{"not JSON", "pull_request", []string{"{", "["}, github.PullRequest{}, "GITHUB_EVENT_PATH"},
		{"pull request is text", "pull_request", []string{`"pull_request":{`, `"pull_request":"x","other":{`}, github.PullRequest{}, "pull_request is no object"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := payload
			if test.change != nil {
				if !strings.Contains(text, test.change[0]) {
					t.Fatalf("%q is not in the payload", test.change[0])
				}
				text = strings.Replace(text, test.change[0], test.change[1], 1)
			}
			got, err := readEvent(t, test.event, text)
			if test.fails == "" && (err != nil || got != test.want) {
				t.Errorf("%+v, %v", got, err)
			}
			if test.fails != "" && (err == nil || errors.Is(err, github.ErrNoPullRequest) || !strings.Contains(err.Error(), test.fails)) {
				t.Errorf("error %v, want %q", err, test.fails)
			}
		})
	}
}

func TestOtherEventsAreNoPullRequest(t *testing.T) {
	for _, event := range []string{"", "push", "pull_request_target", "workflow_dispatch", "PULL_REQUEST"} {
		if _, err := readEvent(t, event, payload); !errors.Is(err, github.ErrNoPullRequest) {
			t.Errorf("%q: %v", event, err)
		}
	}
	missing := func(key string) string {
		return map[string]string{"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": "does/not/exist"}[key]
	}
	if _, err := github.ReadEvent(missing); err == nil || errors.Is(err, github.ErrNoPullRequest) {
		t.Errorf("a missing file: %v", err)
	}
}

func FuzzEvent(f *testing.F) {
	f.Add(payload)
	f.Add(`{"pull_request":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := readEvent(t, "pull_request", text)
		if err == nil && (got.Number < 1 || len(got.Head) < 40 || len(got.Base) < 40) {
			t.Errorf("%+v", got)
		}
	})
}
