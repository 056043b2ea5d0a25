package dir_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/registry"
	"github.com/linecook-ml/linecook/pipeline/registry/dir"
	"github.com/linecook-ml/linecook/pipeline/registry/registrytest"
)

func TestConformance(t *testing.T) {
	registrytest.Run(t, func(t *testing.T) func() registry.Registry {
		root := filepath.Join(t.TempDir(), "not", "there", "yet")
		return func() registry.Registry { return dir.Open(root) }
	})
}

var noon = time.Date(2013, 9, 1, 12, 0, 0, 0, time.UTC)

// filled returns a registry with two versions, the first of which is on prod.
func filled(t *testing.T) (root string, r *dir.Registry) {
	t.Helper()
	root = t.TempDir()
	r = dir.Open(root)
	var first registry.Registration
	for _, version := range []string{"1.1.0", "1.0.0"} {
		_, archive := registrytest.Archive(t, version, version)
		reg, err := r.Register(t.Context(), registry.Registration{Name: registrytest.Name, Version: version, RegisteredAt: noon, Actor: "trainer"}, archive)
		if err != nil {
			t.Fatal(err)
		}
		first = reg
	}
	if _, err := r.Assign(t.Context(), event(first, 1)); err != nil {
		t.Fatal(err)
	}
	return root, r
}

func event(reg registry.Registration, sequence int) registry.Assignment {
	return registry.Assignment{
		Name: reg.Name, Stage: "prod", Sequence: sequence, Version: reg.Version, BundleID: reg.BundleID,
		At: noon, Actor: "promoter", Decision: json.RawMessage(`{"allow":true}`),
	}
}

func TestLayout(t *testing.T) {
	root, r := filled(t)
	var got []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(root, path)
			got = append(got, filepath.ToSlash(rel))
		}
		return err
	})
	want := []string{
		"flight-delay/stages/prod/000001.json",
		"flight-delay/versions/1.0.0/bundle.tar.zst",
		"flight-delay/versions/1.0.0/registration.json",
		"flight-delay/versions/1.1.0/bundle.tar.zst",
		"flight-delay/versions/1.1.0/registration.json",
	}
	if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, %v", got, err)
	}
	reg := registration(t, r, "1.0.0")
	if _, err := bundle.OpenExpect(r.BundlePath(registrytest.Name, "1.0.0"), reg.BundleID); err != nil {
		t.Error(err)
	}
}

func registration(t *testing.T, r *dir.Registry, version string) registry.Registration {
	t.Helper()
	_, reg, err := r.Fetch(t.Context(), registrytest.Name, version)
	if err != nil {
		t.Fatal(err)
	}
	return reg
}

// What a killed process leaves behind is not seen, and not in the way.
func TestCrashLeftoversAreIgnored(t *testing.T) {
	root, r := filled(t)
	versions := filepath.Join(root, "flight-delay", "versions")
	half := filepath.Join(versions, ".2.0.0.ABC.tmp")
	if err := os.Mkdir(half, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		filepath.Join(half, "bundle.tar.zst"),
		filepath.Join(versions, ".DS_Store"),
		filepath.Join(root, "flight-delay", "stages", "prod", ".000002.json.ABC.tmp"),
	} {
		if err := os.WriteFile(path, []byte("half"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// A stage whose folder was made and whose event was not.
	if err := os.Mkdir(filepath.Join(root, "flight-delay", "stages", "dev"), 0o755); err != nil {
		t.Fatal(err)
	}
	regs, err := r.Registrations(t.Context(), registrytest.Name)
	if err != nil || len(regs) != 2 {
		t.Errorf("%v, %v", regs, err)
	}
	history, err := r.History(t.Context(), registrytest.Name)
	if err != nil || len(history) != 1 {
		t.Errorf("%v, %v", history, err)
	}
	_, archive := registrytest.Archive(t, "2.0.0", "two")
	reg, err := r.Register(t.Context(), registry.Registration{Name: registrytest.Name, Version: "2.0.0", RegisteredAt: noon, Actor: "trainer"}, archive)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Assign(t.Context(), event(reg, 2)); err != nil {
		t.Error(err)
	}
}

// Who looks for a version while it is being registered finds it whole or not
// at all, and never a broken registry.
func TestARegistrationAppearsWhole(t *testing.T) {
	r := dir.Open(t.TempDir())
	const versions = 40
	version := func(i int) string { return fmt.Sprintf("1.0.%d", i) }
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for i := range versions {
				for {
					_, _, err := r.Fetch(ctx, registrytest.Name, version(i))
					if err == nil {
						break
					}
					if !errors.Is(err, registry.ErrNotFound) {
						t.Errorf("looking for %s: %v", version(i), err)
						return
					}
				}
			}
		})
	}
	for i := range versions {
		_, archive := registrytest.Archive(t, version(i), version(i))
		if _, err := r.Register(t.Context(), registry.Registration{Name: registrytest.Name, Version: version(i), RegisteredAt: noon, Actor: "trainer"}, archive); err != nil {
			t.Error(err)
			stop()
			break
		}
	}
	readers.Wait()
	stop()
}

func TestRegisterLeavesNothingWhenItLoses(t *testing.T) {
	root, r := filled(t)
	_, archive := registrytest.Archive(t, "1.0.0", "other")
	if _, err := r.Register(t.Context(), registry.Registration{Name: registrytest.Name, Version: "1.0.0", RegisteredAt: noon, Actor: "trainer"}, archive); !errors.Is(err, registry.ErrConflict) {
		t.Error(err)
	}
	entries, err := os.ReadDir(filepath.Join(root, "flight-delay", "versions"))
	if err != nil || len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
}

// Every change to what is stored is found, and the error names the file.
func TestTampering(t *testing.T) {
	edit := func(old, changed string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			edited := bytes.Replace(data, []byte(old), []byte(changed), 1)
			if bytes.Equal(edited, data) {
				t.Fatalf("%s does not hold %q", path, old)
			}
			if err := os.WriteFile(path, edited, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	put := func(content func(t *testing.T) []byte) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			if err := os.WriteFile(path, content(t), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(t *testing.T, path string) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	flip := func(t *testing.T, path string) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)/2] ^= 1
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const (
		archive = "flight-delay/versions/1.0.0/bundle.tar.zst"
		record  = "flight-delay/versions/1.0.0/registration.json"
		event   = "flight-delay/stages/prod/000001.json"
	)
	for _, c := range []struct {
		name string
		path string
		do   func(t *testing.T, path string)
		file string // what the error names
	}{
		{"a flipped bit in the archive", archive, flip, "bundle.tar.zst"},
		{"another bundle of the same version", archive, put(func(t *testing.T) []byte { _, a := registrytest.Archive(t, "1.0.0", "9.9.9"); return a }), "bundle.tar.zst"},
		{"no archive", archive, remove, "bundle.tar.zst"},
		{"no registration", record, remove, "1.0.0"},
		{"an empty registration", record, put(func(*testing.T) []byte { return nil }), "registration.json"},
		{"another version in the registration", record, edit(`"1.0.0"`, `"1.1.0"`), "registration.json"},
		{"a formatted registration", record, edit(`{`, "{\n  "), "registration.json"},
		{"another digest in the registration", record, edit(`"archive_sha256":"sha256:`, `"archive_sha256":"sha256:0`), "registration.json"},
		{"an empty event", event, put(func(*testing.T) []byte { return nil }), "000001.json"},
		{"another sequence in the event", event, edit(`"sequence":1`, `"sequence":2`), "000001.json"},
		{"another stage in the event", event, edit(`"prod"`, `"staging"`), "000001.json"},
		{"a later event without the first", filepath.Dir(event) + "/000003.json", put(func(*testing.T) []byte { return []byte("{}") }), "000003.json"},
		{"a file of somebody else", filepath.Dir(event) + "/notes.txt", put(func(*testing.T) []byte { return []byte("hello") }), "notes.txt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root, r := filled(t)
			c.do(t, filepath.Join(root, filepath.FromSlash(c.path)))
			_, _, err := r.Fetch(t.Context(), registrytest.Name, "1.0.0")
			if err == nil {
				_, err = r.History(t.Context(), registrytest.Name)
			}
			if !errors.Is(err, registry.ErrCorrupt) || !strings.Contains(err.Error(), c.file) {
				t.Errorf("got %v; want ErrCorrupt that names %s", err, c.file)
			}
		})
	}
}
