package promotion_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/canonical"
	ledgerdir "github.com/linecook-ml/linecook/pipeline/ledger/dir"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/promotion/promotiontest"
	"github.com/linecook-ml/linecook/pipeline/registry"
	registrydir "github.com/linecook-ml/linecook/pipeline/registry/dir"
)

// chained is a history of five events on two stages.
func chained(t *testing.T) []registry.Assignment {
	t.Helper()
	versions, runs := registrydir.Open(t.TempDir()), ledgerdir.Open(t.TempDir())
	for _, version := range []string{"1.0.0", "1.1.0"} {
		promotiontest.Register(t, versions, version, nil)
	}
	for i, step := range []struct{ version, stage string }{{"1.0.0", "dev"}, {"1.0.0", "staging"}, {"1.1.0", "dev"}, {"1.1.0", "staging"}, {"1.0.0", "dev"}} {
		_, event, err := promotion.Promote(ctx, versions, runs, decider{allowed: true}, stages, request(t, step.version, step.stage, "2013-10-0"+string(rune('2'+i))))
		if err != nil || event == nil {
			t.Fatal(event, err)
		}
	}
	history, err := versions.History(ctx, promotiontest.Pipeline)
	if err != nil {
		t.Fatal(err)
	}
	return history
}

func TestEachEventListsThoseBeforeIt(t *testing.T) {
	links, err := promotion.Chain(chained(t))
	if err != nil {
		t.Fatal(err)
	}
	tags := []string{"flight-delay#dev#1", "flight-delay#dev#2", "flight-delay#dev#3", "flight-delay#staging#1", "flight-delay#staging#2"}
	for i, want := range [][]int{{1, 2, 3, 4}, {2, 4}, nil, {1, 2, 4}, {2}} {
		if l := links[i]; l.Event.Tag() != tags[i] || !slices.Equal(l.ListedBy, want) || len(l.Problems)+len(l.Breaks) > 0 {
			t.Errorf("%s is listed by %v, want %v; %q, %v", l.Event.Tag(), l.ListedBy, want, l.Problems, l.Breaks)
		}
	}
}

func TestAChainThatWasTamperedWith(t *testing.T) {
	// edit changes an event's record so that it still agrees with the event.
	edit := func(t *testing.T, a *registry.Assignment, change func(*promotion.Record)) {
		t.Helper()
		var record promotion.Record
		if err := canonical.Unmarshal(a.Decision, &record); err != nil {
			t.Fatal(err)
		}
		change(&record)
		text, err := canonical.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		a.Decision = text
	}
	for _, c := range []struct {
		name   string
		tamper func(*testing.T, []registry.Assignment) []registry.Assignment
		says   string
	}{
		{"another reason", func(_ *testing.T, h []registry.Assignment) []registry.Assignment { h[3].Reason = "other"; return h }, "staging#2: its record lists flight-delay#staging#1 with the digest"},
		{"another version", func(_ *testing.T, h []registry.Assignment) []registry.Assignment {
			h[2].Version = "1.1.0"
			return h
		}, "dev#3: the event's version is 1.1.0, and its record decided on 1.0.0"},
		{"another actor", func(_ *testing.T, h []registry.Assignment) []registry.Assignment { h[2].Actor = "mallory"; return h }, "the event's actor is mallory"},
		{"the last of a stage removed", func(_ *testing.T, h []registry.Assignment) []registry.Assignment { return h[:4] }, "dev#3: its record lists flight-delay#staging#2, which is not there"},
		{"a record that lists less", func(t *testing.T, h []registry.Assignment) []registry.Assignment {
			edit(t, &h[2], func(r *promotion.Record) { r.Evidence.History = r.Evidence.History[:1] })
			return h
		}, "dev#3: its record does not list flight-delay#dev#2"},
		{"a denial", func(t *testing.T, h []registry.Assignment) []registry.Assignment {
			edit(t, &h[2], func(r *promotion.Record) { r.Allowed = false })
			return h
		}, "its record is a denial"},
		{"a rehearsal", func(t *testing.T, h []registry.Assignment) []registry.Assignment {
			edit(t, &h[2], func(r *promotion.Record) { r.Evidence.Origin.Kind = promotion.OriginRehearsal })
			return h
		}, "of a rehearsal"},
		{"dated back", func(t *testing.T, h []registry.Assignment) []registry.Assignment {
			h[2].At = h[2].At.AddDate(0, 0, -30)
			edit(t, &h[2], func(r *promotion.Record) { r.At = h[2].At })
			return h
		}, "dev#3: it is dated before flight-delay#dev#1"},
		{"no decision", func(_ *testing.T, h []registry.Assignment) []registry.Assignment {
			h[2].Decision = []byte(`{"Allowed":true}`)
			return h
		}, "its record is no decision"},
	} {
		t.Run(c.name, func(t *testing.T) {
			links, err := promotion.Chain(c.tamper(t, chained(t)))
			if err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, l := range links {
				for _, problem := range l.Problems {
					found = append(found, l.Event.Tag()+": "+problem)
				}
				for _, b := range l.Breaks {
					found = append(found, l.Event.Tag()+": "+b.Says)
				}
			}
			if text := strings.Join(found, "\n"); !strings.Contains(text, c.says) {
				t.Errorf("found\n%s", text)
			}
		})
	}
}
