package registry_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/registry"
	"github.com/linecook-ml/linecook/pipeline/registry/registrytest"
)

var day = time.Date(2013, 9, 1, 0, 0, 0, 0, time.UTC)

func event(stage string, sequence int, version string, at time.Time) registry.Assignment {
	return registry.Assignment{
		Name: "flight-delay", Stage: stage, Sequence: sequence, Version: version, BundleID: canonical.DigestBytes([]byte(version)),
		At: at, Actor: "promoter", Decision: json.RawMessage(`{"allow":true}`),
	}
}

// What was in prod on a given day follows from the events alone.
func ExampleAt() {
	history := []registry.Assignment{
		event("prod", 1, "1.0.0", day),
		event("prod", 2, "1.1.0", day.AddDate(0, 0, 10)),
		event("prod", 3, "1.0.0", day.AddDate(0, 0, 12)), // rolled back
	}
	for _, days := range []int{-1, 0, 9, 10, 11, 12, 100} {
		a, ok := registry.At(history, "prod", day.AddDate(0, 0, days))
		fmt.Println(days, a.Version, ok)
	}
	// Output:
	// -1  false
	// 0 1.0.0 true
	// 9 1.0.0 true
	// 10 1.1.0 true
	// 11 1.1.0 true
	// 12 1.0.0 true
	// 100 1.0.0 true
}

func TestFoldIgnoresOtherStagesAndOrder(t *testing.T) {
	history := []registry.Assignment{
		event("prod", 2, "1.1.0", day.AddDate(0, 0, 1)),
		event("staging", 3, "1.2.0", day.AddDate(0, 0, 2)),
		event("prod", 1, "1.0.0", day),
	}
	if a, ok := registry.Current(history, "prod"); !ok || a.Version != "1.1.0" {
		t.Errorf("current: %v, %v", a, ok)
	}
	if a, ok := registry.Current(history, "dev"); ok {
		t.Errorf("current of an empty stage: %v", a)
	}
	for stage, want := range map[string]int{"prod": 3, "staging": 4, "dev": 1} {
		if got := registry.Next(history, stage); got != want {
			t.Errorf("the next event of %s is %d, want %d", stage, got, want)
		}
	}
}

// One clock that was wrong does not make the past of the others wrong: the
// sequence decides.
func TestSequenceBeatsClock(t *testing.T) {
	history := []registry.Assignment{
		event("prod", 1, "1.0.0", day.AddDate(20, 0, 0)),
		event("prod", 2, "1.1.0", day),
	}
	for _, at := range []time.Time{day, day.AddDate(30, 0, 0)} {
		if a, ok := registry.At(history, "prod", at); !ok || a.Version != "1.1.0" {
			t.Errorf("at %s: %v, %v", at, a, ok)
		}
	}
}

func TestTags(t *testing.T) {
	name, version, err := registry.ParseVersionTag(registry.VersionTag("flight-delay", "1.2.3-rc.1"))
	if err != nil || name != "flight-delay" || version != "1.2.3-rc.1" {
		t.Errorf("%s %s %v", name, version, err)
	}
	name, stage, sequence, err := registry.ParseStageTag(registry.StageTag("flight-delay", "prod", 12))
	if err != nil || name != "flight-delay" || stage != "prod" || sequence != 12 {
		t.Errorf("%s %s %d %v", name, stage, sequence, err)
	}
	for _, tag := range []string{"", "v1.2.3", "flight-delay", "flight-delay@1.2.3", "flight-delay@v1.2", "@v1.2.3", "Flight@v1.2.3", "flight-delay@v1.2.3@v1.2.3", "refs/tags/flight-delay@v1.2.3", "flight-delay@vv1.2.3"} {
		if name, version, err := registry.ParseVersionTag(tag); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", tag)) {
			t.Errorf("%q passes for %s and %s: %v", tag, name, version, err)
		}
	}
	for _, tag := range []string{"", "flight-delay#prod", "flight-delay#prod#", "flight-delay#prod#0", "flight-delay#prod#-1", "flight-delay#prod#01", "flight-delay#prod#+1", "flight-delay#prod#1#1", "#prod#1", "flight-delay##1", "Flight#prod#1", "flight-delay#Prod#1", "flight-delay#prod#99999999999999999999"} {
		if name, stage, sequence, err := registry.ParseStageTag(tag); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", tag)) {
			t.Errorf("%q passes for %s, %s and %d: %v", tag, name, stage, sequence, err)
		}
	}
}

func TestCheckHistoryFindsWhatIsMissing(t *testing.T) {
	whole := func() []registry.Assignment {
		return []registry.Assignment{event("prod", 2, "1.1.0", day), event("dev", 1, "1.0.0", day), event("prod", 1, "1.0.0", day), event("prod", 3, "1.0.0", day)}
	}
	if _, err := registry.CheckHistory("flight-delay", whole()); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(h []registry.Assignment) []registry.Assignment{
		"the first":  func(h []registry.Assignment) []registry.Assignment { return append(h[:2], h[3]) },
		"one inside": func(h []registry.Assignment) []registry.Assignment { return h[1:] },
		"one twice":  func(h []registry.Assignment) []registry.Assignment { return append(h, h[0]) },
	} {
		if _, err := registry.CheckHistory("flight-delay", change(whole())); !errors.Is(err, registry.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDecodeRefusesWhatEncodeDoesNotWrite(t *testing.T) {
	a := event("prod", 1, "1.0.0", day)
	text, err := registry.EncodeAssignment(a)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := registry.DecodeAssignment(text); err != nil || back.BundleID != a.BundleID || string(back.Decision) != string(a.Decision) {
		t.Errorf("%v, %v", back, err)
	}
	for _, c := range []struct{ name, old, new string }{
		{"space", `,"at"`, `, "at"`},
		{"unknown key", `{"actor"`, `{"aaa":1,"actor"`},
		{"case variant", `"reason"`, `"Reason"`},
		{"missing key", `"actor":"promoter",`, ``},
		{"missing reason", `"reason":"",`, ``},
		{"sequence as text", `"sequence":1`, `"sequence":"1"`},
		{"sequence zero", `"sequence":1`, `"sequence":0`},
		{"sequence as a fraction", `"sequence":1`, `"sequence":1.5`},
		{"null decision", `{"allow":true}`, `null`},
		{"empty decision", `{"allow":true}`, `{}`},
		{"another zone", `00:00Z`, `00:00+00:00`},
		{"no time", `2013-09-01`, `0001-01-01`},
		{"cut off", `"}`, ``},
	} {
		edited := strings.Replace(string(text), c.old, c.new, 1)
		if edited == string(text) {
			t.Fatalf("%s changes nothing in %s", c.name, text)
		}
		if _, err := registry.DecodeAssignment([]byte(edited)); !errors.Is(err, registry.ErrCorrupt) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A compressed file can change and still hold the same bundle. What was
// published is bound byte by byte, so that it is refused all the same.
func TestVerifyFetchBindsTheCompressedBytes(t *testing.T) {
	id, archive := registrytest.Archive(t, "1.0.0", "one")
	reg, err := registry.CheckRegister(registry.Registration{Name: registrytest.Name, Version: "1.0.0", RegisteredAt: day, Actor: "trainer"}, archive)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := registry.VerifyFetch(reg, archive); err != nil || b.ID != id {
		t.Fatalf("%v", err)
	}
	// The unused bit of the frame header's descriptor (RFC 8878, 3.1.1.1.1.3).
	archive[4] ^= 1 << 4
	if b, err := bundle.OpenBytes(archive); err != nil || b.ID != id {
		t.Fatalf("the change was meant to be idle: %v", err)
	}
	if _, err := registry.VerifyFetch(reg, archive); !errors.Is(err, registry.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	text, err := registry.EncodeAssignment(event("prod", 1, "1.0.0", day))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"name":"a","version":"1.0.0"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if a, err := registry.DecodeAssignment(text); err == nil {
			if again, err := registry.EncodeAssignment(a); err != nil || string(again) != string(text) {
				t.Fatalf("%s became %s, %v", text, again, err)
			}
		} else if !errors.Is(err, registry.ErrCorrupt) {
			t.Fatal(err)
		}
		if r, err := registry.DecodeRegistration(text); err == nil {
			if again, err := registry.EncodeRegistration(r); err != nil || string(again) != string(text) {
				t.Fatalf("%s became %s, %v", text, again, err)
			}
		}
	})
}
