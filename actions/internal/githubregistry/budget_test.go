package githubregistry_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/actions/internal/github/githubtest"
	"github.com/linecook-ml/linecook/actions/internal/githubregistry"
	"github.com/linecook-ml/linecook/pipeline/registry"
)

// What each command asks of GitHub where nothing fails, as docs/github.md says
// it: the runner's token has 1,000 requests an hour.
func TestBudgetOfRequests(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "github.md"))
	if err != nil {
		t.Fatal(err)
	}
	pushed := func(_ testing.TB, s *githubtest.Server) { s.Tag(tag, s.Head(""), "of a person") }
	publish := func(t *testing.T, r registry.Registry) error { return publishOne(t.Context(), t, r, "1.0.0", "one") }
	// People and provenance are asked about as well: docs/policy.md counts that.
	const approved, attested, protected = 5, 2, 1
	finished := func(t testing.TB, s *githubtest.Server) { mustRegister(t, open(t, s), "1.0.0", "one") }
	for _, c := range []struct {
		says    string // the page's row, from its beginning
		prepare func(testing.TB, *githubtest.Server)
		run     func(*testing.T, registry.Registry) error
		want    int // with one page of releases
	}{
		{"| `train`, on a pushed annotated tag | 12, and 1 more for each 100 releases |", pushed, publish, 12 + 1},
		{"| `train`, where there is no tag | 13, and 1 more for each 100 releases |", nil, publish, 13 + 1},
		{"| `train` again, when all is done | 2, and 1 more for each 100 releases |", finished, publish, 2 + 1},
		{"| `promote`, where the stage is empty | 14, and 1 for each new event |", func(t testing.TB, s *githubtest.Server) {
			prepareVersions(t, s)
		}, func(t *testing.T, r registry.Registry) error {
			return promote(t.Context(), t, r, "1.0.0", noon)
		}, 14 + approved + attested + protected},
		{"| `promote`, where the stage has a champion | 23, and 1 for each new event |", prepareStages, func(t *testing.T, r registry.Registry) error {
			return promote(t.Context(), t, r, "1.1.0", noon.Add(time.Hour))
		}, 23 + 1 + approved + attested + protected},
		{"| `score` | 9, and 1 for each new event |", prepareStages, func(t *testing.T, r registry.Registry) error {
			return called("score").run(t.Context(), t, r)
		}, 9 + 1},
		{"| `registry list` | 1, and 1 for each 100 releases, each version and each new event |", prepareStages, func(t *testing.T, r registry.Registry) error {
			return called("list").run(t.Context(), t, r)
		}, 1 + 1 + 2 + 1},
		{"| `registry history`, `current`, `at` | 1, and 1 for each new event |", prepareStages, func(t *testing.T, r registry.Registry) error {
			_, err := r.History(t.Context(), name)
			return err
		}, 1 + 1},
		{"| `registry audit` | 4, and 1 more for each further 100 deployments, 2 for each event, and 1 for each new event |", prepareStages, func(t *testing.T, r registry.Registry) error {
			return called("audit").run(t.Context(), t, r)
		}, 4 + 2 + 1},
	} {
		t.Run(strings.Split(c.says, " |")[0], func(t *testing.T) {
			if !strings.Contains(string(page), c.says+"\n") {
				t.Errorf("docs/github.md does not say %s", c.says)
			}
			s := githubtest.New(t)
			if c.prepare != nil {
				c.prepare(t, s)
			}
			s.Forget()
			// On a runner a statement travels with the bundle.
			r := open(t, s, func(o *githubregistry.Options) {
				o.Statement = func(string, string) ([]byte, error) { return []byte("{}\n"), nil }
			})
			if err := c.run(t, r); err != nil {
				t.Fatal(err)
			}
			var counted []string
			for _, request := range s.Requests() {
				if !strings.Contains(request, " downloads:") {
					counted = append(counted, request)
				}
			}
			if len(counted) != c.want {
				t.Errorf("%d requests, and %d are stated:\n%s", len(counted), c.want, strings.Join(counted, "\n"))
			}
		})
	}
}

// What confirming takes, which is most of it, where there is more to be confirmed.
func TestBudgetOfConfirmations(t *testing.T) {
	for _, c := range []struct {
		name   string
		more   func(*past)
		stages []string
		want   int
	}{
		{"one stage", func(*past) {}, []string{"prod"}, 5},
		{"an empty stage", func(*past) {}, []string{"canary"}, 1},
		{"every stage", func(*past) {}, nil, 5 + 2},
		{"many deployments", func(p *past) { p.repeat("prod#1", 250) }, []string{"prod"}, 5 + 2},
		{"a commit that is not the last", func(p *past) { p.s.Commit(githubtest.Commit{Author: "ada", Message: "later"}) }, nil, 5 + 2 + 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPast(t)
			c.more(p)
			r := p.open()
			history, err := r.History(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			p.s.Forget()
			if err := r.Confirm(p.s.Now())(t.Context(), name, history, c.stages...); err != nil {
				t.Fatal(err)
			}
			if requests := p.s.Requests(); len(requests) != c.want {
				t.Errorf("%d requests, and %d are stated:\n%s", len(requests), c.want, strings.Join(requests, "\n"))
			}
		})
	}
}
