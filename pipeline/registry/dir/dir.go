// Package dir keeps a registry in a folder.
//
//		<root>/<name>/versions/<version>/bundle.tar.zst
//		<root>/<name>/versions/<version>/registration.json
//		<root>/<name>/stages/<stage>/000001.json
//
//	 1. A registration is prepared in a hidden folder beside its place and takes
//	    its name in one step, so that a version is there with both files or not
//	    at all.
//	 2. An event is a file with the next number, created only if nobody has
//	    created it.
//	 3. Reading skips what an interrupted write left and refuses everything else
//	    that it does not know.
//
// Any number of processes may share the folder, if its file system has atomic
// rename and hard links.
package dir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/internal/atomicfile"
	"github.com/linecook-ml/linecook/pipeline/registry"
)

const (
	bundleFile       = "bundle.tar.zst"
	registrationFile = "registration.json"
)

// Registry is a registry.Registry in a folder.
type Registry struct {
	root string
}

// Open returns the registry under root, which need not exist: the first
// registration makes it.
func Open(root string) *Registry {
	return &Registry{root: root}
}

func (r *Registry) versions(name string) string { return filepath.Join(r.root, name, "versions") }
func (r *Registry) stages(name string) string   { return filepath.Join(r.root, name, "stages") }

// BundlePath returns where the archive of a version is, for people and for
// bundle.OpenExpect.
func (r *Registry) BundlePath(name, version string) string {
	return filepath.Join(r.versions(name), version, bundleFile)
}

// Register implements registry.Registry.
func (r *Registry) Register(ctx context.Context, reg registry.Registration, archive []byte) (registry.Registration, error) {
	if err := ctx.Err(); err != nil {
		return registry.Registration{}, err
	}
	reg, err := registry.CheckRegister(reg, archive)
	if err != nil {
		return registry.Registration{}, err
	}
	existing, err := r.registration(reg.Name, reg.Version)
	if err == nil {
		return registry.CheckSame(existing, reg)
	}
	if !errors.Is(err, registry.ErrNotFound) {
		return registry.Registration{}, err
	}
	err = r.store(reg, archive)
	if errors.Is(err, fs.ErrExist) {
		// Somebody registered the version since we looked.
		if existing, err = r.registration(reg.Name, reg.Version); err == nil {
			return registry.CheckSame(existing, reg)
		}
	}
	if err != nil {
		return registry.Registration{}, fmt.Errorf("registering %s: %w", registry.VersionTag(reg.Name, reg.Version), err)
	}
	return reg, nil
}

// store prepares the folder of a version and gives it its name.
func (r *Registry) store(reg registry.Registration, archive []byte) error {
	record, err := registry.EncodeRegistration(reg)
	if err != nil {
		return err
	}
	if err := atomicfile.MkdirAll(r.versions(reg.Name), 0o755); err != nil {
		return err
	}
	path := filepath.Join(r.versions(reg.Name), reg.Version)
	temp := atomicfile.TempName(path)
	if err := os.Mkdir(temp, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(temp) // nothing once it has its name
	if err := os.WriteFile(filepath.Join(temp, bundleFile), archive, 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(temp, registrationFile), record, 0o644); err != nil {
		return err
	}
	return atomicfile.RenameDir(temp, path)
}

// registration reads one registration, or fails with ErrNotFound.
func (r *Registry) registration(name, version string) (registry.Registration, error) {
	if err := registry.CheckVersion(name, version); err != nil {
		return registry.Registration{}, err
	}
	folder := filepath.Join(r.versions(name), version)
	// The folder is looked at first: it gets its name with both files in it, so
	// that one without a registration is broken and not just being registered.
	if _, err := os.Lstat(folder); errors.Is(err, fs.ErrNotExist) {
		return registry.Registration{}, fmt.Errorf("%s is not registered in %s: %w", registry.VersionTag(name, version), r.root, registry.ErrNotFound)
	}
	path := filepath.Join(folder, registrationFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return registry.Registration{}, fmt.Errorf("%s is there without %s: remove the folder and register the version again: %w", folder, registrationFile, registry.ErrCorrupt)
	}
	if err != nil {
		return registry.Registration{}, fmt.Errorf("reading a registration: %w", err)
	}
	reg, err := registry.DecodeRegistration(data)
	if err != nil {
		return registry.Registration{}, fmt.Errorf("%s: %w", path, err)
	}
	if reg.Name != name || reg.Version != version {
		return registry.Registration{}, fmt.Errorf("%s registers %s: %w", path, registry.VersionTag(reg.Name, reg.Version), registry.ErrCorrupt)
	}
	return reg, nil
}

// Registrations implements registry.Registry.
func (r *Registry) Registrations(ctx context.Context, name string) ([]registry.Registration, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := bundle.CheckName("bundle name", name); err != nil {
		return nil, err
	}
	entries, err := atomicfile.Names(r.versions(name))
	if err != nil {
		return nil, fmt.Errorf("reading the registry: %w", err)
	}
	var regs []registry.Registration
	for _, version := range entries {
		reg, err := r.registration(name, version)
		if err != nil {
			return nil, err
		}
		regs = append(regs, reg)
	}
	return regs, registry.SortRegistrations(regs)
}

// Fetch implements registry.Registry.
func (r *Registry) Fetch(ctx context.Context, name, version string) (*bundle.Bundle, registry.Registration, error) {
	if err := ctx.Err(); err != nil {
		return nil, registry.Registration{}, err
	}
	reg, err := r.registration(name, version)
	if err != nil {
		return nil, registry.Registration{}, err
	}
	archive, err := readBounded(r.BundlePath(name, version), reg.Size)
	if err != nil {
		return nil, registry.Registration{}, fmt.Errorf("fetching %s: %w: %w", registry.VersionTag(name, version), registry.ErrCorrupt, err)
	}
	b, err := registry.VerifyFetch(reg, archive)
	if err != nil {
		return nil, registry.Registration{}, fmt.Errorf("%s: %w", r.BundlePath(name, version), err)
	}
	return b, reg, nil
}

// Assign implements registry.Registry.
func (r *Registry) Assign(ctx context.Context, a registry.Assignment) (registry.Assignment, error) {
	reg, err := r.registration(a.Name, a.Version)
	if err != nil {
		return registry.Assignment{}, err
	}
	history, err := r.History(ctx, a.Name)
	if err != nil {
		return registry.Assignment{}, err
	}
	if a, err = registry.CheckAssign(a, history, reg); err != nil {
		return registry.Assignment{}, err
	}
	record, err := registry.EncodeAssignment(a)
	if err != nil {
		return registry.Assignment{}, err
	}
	folder := filepath.Join(r.stages(a.Name), a.Stage)
	if err := atomicfile.MkdirAll(folder, 0o755); err != nil {
		return registry.Assignment{}, fmt.Errorf("assigning to %s: %w", a.Stage, err)
	}
	err = atomicfile.WriteNew(filepath.Join(folder, eventFile(a.Sequence)), record, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return registry.Assignment{}, registry.TakenError(a)
	}
	if err != nil {
		return registry.Assignment{}, fmt.Errorf("assigning to %s: %w", a.Stage, err)
	}
	return a, nil
}

// History implements registry.Registry.
func (r *Registry) History(ctx context.Context, name string) ([]registry.Assignment, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := bundle.CheckName("bundle name", name); err != nil {
		return nil, err
	}
	stages, err := atomicfile.Names(r.stages(name))
	if err != nil {
		return nil, fmt.Errorf("reading the registry: %w", err)
	}
	var history []registry.Assignment
	for _, stage := range stages {
		folder := filepath.Join(r.stages(name), stage)
		events, err := atomicfile.Names(folder)
		if err != nil {
			return nil, fmt.Errorf("reading the registry: %w", err)
		}
		for _, event := range events {
			a, err := readEvent(filepath.Join(folder, event))
			if err != nil {
				return nil, err
			}
			if a.Name != name || a.Stage != stage || eventFile(a.Sequence) != event {
				return nil, fmt.Errorf("%s records the event %s: %w", filepath.Join(folder, event), a.Tag(), registry.ErrCorrupt)
			}
			history = append(history, a)
		}
	}
	return registry.CheckHistory(name, history)
}

func eventFile(sequence int) string {
	return fmt.Sprintf("%06d.json", sequence)
}

func readEvent(path string) (registry.Assignment, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return registry.Assignment{}, fmt.Errorf("reading an event: %w", err)
	}
	a, err := registry.DecodeAssignment(data)
	if err != nil {
		return registry.Assignment{}, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

// readBounded reads a file that should have size bytes.
func readBounded(path string, size int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() != size {
		return nil, fmt.Errorf("%s has %d bytes, and %d were registered", path, info.Size(), size)
	}
	return os.ReadFile(path)
}
