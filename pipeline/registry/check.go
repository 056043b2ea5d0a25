package registry

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/canonical"
)

// CheckRegister verifies archive and holds reg against it. It returns reg as it
// is to be stored. Every adapter calls it before it writes.
func CheckRegister(reg Registration, archive []byte) (Registration, error) {
	fail := func(err error) (Registration, error) {
		return Registration{}, fmt.Errorf("registering %s: %w", VersionTag(reg.Name, reg.Version), err)
	}
	b, err := bundle.OpenBytes(archive)
	if err != nil {
		return fail(err)
	}
	if b.Manifest.Name != reg.Name || b.Manifest.Version != reg.Version {
		return fail(fmt.Errorf("the archive holds %s", VersionTag(b.Manifest.Name, b.Manifest.Version)))
	}
	reg.BundleID = cmp.Or(reg.BundleID, b.ID)
	if reg.BundleID != b.ID {
		return fail(fmt.Errorf("the archive has the bundle id %s and not %s", b.ID, reg.BundleID))
	}
	digest := canonical.DigestBytes(archive)
	reg.ArchiveSHA256 = cmp.Or(reg.ArchiveSHA256, digest)
	reg.Size = cmp.Or(reg.Size, int64(len(archive)))
	if reg.ArchiveSHA256 != digest || reg.Size != int64(len(archive)) {
		return fail(fmt.Errorf("the archive has %d bytes with the digest %s, and not %d with %s", len(archive), digest, reg.Size, reg.ArchiveSHA256))
	}
	reg.RegisteredAt = reg.RegisteredAt.UTC().Round(0)
	if err := reg.validate(); err != nil {
		return fail(err)
	}
	return reg, nil
}

// CheckSame decides what registering reg means when existing has the version.
func CheckSame(existing, reg Registration) (Registration, error) {
	if existing.BundleID != reg.BundleID {
		return Registration{}, fmt.Errorf("registering %s: the version exists since %s with the bundle id %s, and this bundle is %s: a version never changes, choose the next: %w",
			VersionTag(reg.Name, reg.Version), existing.RegisteredAt.Format("2006-01-02"), existing.BundleID, reg.BundleID, ErrConflict)
	}
	return existing, nil
}

// CheckAssign holds a against the history of its name and the registration of
// its version. It returns a as it is to be stored. Every adapter calls it
// before it writes; the write itself must still refuse a sequence that is taken.
func CheckAssign(a Assignment, history []Assignment, reg Registration) (Assignment, error) {
	fail := func(err error) (Assignment, error) {
		return Assignment{}, fmt.Errorf("assigning %s to %s: %w", VersionTag(a.Name, a.Version), a.Stage, err)
	}
	decision, err := canonical.Transform(a.Decision)
	if err != nil {
		return fail(fmt.Errorf("the decision record: %w", err))
	}
	a.Decision = decision
	a.At = a.At.UTC().Round(0)
	if err := a.validate(); err != nil {
		return fail(err)
	}
	if reg.Name != a.Name || reg.Version != a.Version || reg.BundleID != a.BundleID {
		return fail(fmt.Errorf("the bundle id is %s, and %s is registered with %s: %w", a.BundleID, VersionTag(reg.Name, reg.Version), reg.BundleID, ErrConflict))
	}
	current, assigned := Current(history, a.Stage)
	if a.Sequence != current.Sequence+1 {
		return Assignment{}, TakenError(a)
	}
	if assigned && current.BundleID == a.BundleID {
		return fail(fmt.Errorf("it is on that stage already, since %s: %w", current.At.Format("2006-01-02T15:04:05Z"), ErrConflict))
	}
	return a, nil
}

// TakenError is the ErrConflict of an assignment whose sequence is not the next.
func TakenError(a Assignment) error {
	return fmt.Errorf("assigning %s to %s: %s is not its next event, since the stage changed meanwhile: look at its history and decide again: %w",
		VersionTag(a.Name, a.Version), a.Stage, StageTag(a.Name, a.Stage, a.Sequence), ErrConflict)
}

// CheckHistory sorts the events of name and fails with ErrCorrupt unless each
// stage has the sequence 1, 2, 3, … without gap or repetition.
func CheckHistory(name string, history []Assignment) ([]Assignment, error) {
	slices.SortFunc(history, func(a, b Assignment) int {
		return cmp.Or(cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Sequence, b.Sequence))
	})
	for i, a := range history {
		want := 1
		if i > 0 && history[i-1].Stage == a.Stage {
			want = history[i-1].Sequence + 1
		}
		if a.Sequence != want {
			return nil, fmt.Errorf("the history of %s has %s where %s should stand: an event was removed or added by hand: %w",
				name, StageTag(name, a.Stage, a.Sequence), StageTag(name, a.Stage, want), ErrCorrupt)
		}
	}
	return history, nil
}

// SortRegistrations puts registrations in the order of their versions.
func SortRegistrations(regs []Registration) error {
	versions := make(map[string]bundle.Version, len(regs))
	for _, r := range regs {
		v, err := ParseVersion(r.Version)
		if err != nil {
			return err
		}
		versions[r.Version] = v
	}
	slices.SortFunc(regs, func(a, b Registration) int { return versions[a.Version].Compare(versions[b.Version]) })
	return nil
}

// VerifyFetch opens an archive that an adapter brought back and holds it
// against its registration; every mismatch is ErrCorrupt.
func VerifyFetch(reg Registration, archive []byte) (*bundle.Bundle, error) {
	fail := func(err error) (*bundle.Bundle, error) {
		return nil, fmt.Errorf("fetching %s: %w: %w", VersionTag(reg.Name, reg.Version), ErrCorrupt, err)
	}
	if digest := canonical.DigestBytes(archive); digest != reg.ArchiveSHA256 || int64(len(archive)) != reg.Size {
		return fail(fmt.Errorf("the archive has %d bytes with the digest %s, and %d with %s were registered", len(archive), digest, reg.Size, reg.ArchiveSHA256))
	}
	b, err := bundle.OpenBytes(archive)
	if err != nil {
		return fail(err)
	}
	if b.ID != reg.BundleID || b.Manifest.Name != reg.Name || b.Manifest.Version != reg.Version {
		return fail(fmt.Errorf("the archive holds %s with the id %s, and %s was registered", VersionTag(b.Manifest.Name, b.Manifest.Version), b.ID, reg.BundleID))
	}
	return b, nil
}

// CheckVersion fails unless name and version have their forms.
func CheckVersion(name, version string) error {
	if err := bundle.CheckName("bundle name", name); err != nil {
		return err
	}
	_, err := ParseVersion(version)
	return err
}

func (r Registration) validate() error {
	if err := CheckVersion(r.Name, r.Version); err != nil {
		return err
	}
	switch {
	case !canonical.IsDigest(r.BundleID):
		return fmt.Errorf("the bundle id %q is not sha256: and 64 hex digits", r.BundleID)
	case !canonical.IsDigest(r.ArchiveSHA256):
		return fmt.Errorf("the archive's digest %q is not sha256: and 64 hex digits", r.ArchiveSHA256)
	case r.Size < 1:
		return fmt.Errorf("the archive's size is %d", r.Size)
	case r.RegisteredAt.IsZero():
		return fmt.Errorf("the registration does not say when")
	case r.Actor == "":
		return fmt.Errorf("the registration does not say by whom")
	}
	return nil
}

func (a Assignment) validate() error {
	if err := CheckVersion(a.Name, a.Version); err != nil {
		return err
	}
	if err := bundle.CheckName("stage", a.Stage); err != nil {
		return err
	}
	switch {
	case a.Sequence < 1:
		return fmt.Errorf("the event's sequence is %d, and the first is 1", a.Sequence)
	case !canonical.IsDigest(a.BundleID):
		return fmt.Errorf("the bundle id %q is not sha256: and 64 hex digits", a.BundleID)
	case a.At.IsZero():
		return fmt.Errorf("the event does not say when")
	case a.Actor == "":
		return fmt.Errorf("the event does not say by whom")
	case len(a.Decision) == 0 || a.Decision[0] != '{' || string(a.Decision) == "{}":
		return fmt.Errorf("the decision record is %s, and should be a JSON object that says something", a.Decision)
	}
	return nil
}

// EncodeRegistration returns the canonical JSON that adapters store.
func EncodeRegistration(r Registration) ([]byte, error) { return canonical.Marshal(r) }

// DecodeRegistration is the inverse of EncodeRegistration; it refuses any other
// text as ErrCorrupt.
func DecodeRegistration(data []byte) (Registration, error) {
	var r Registration
	if err := decode(data, &r); err != nil {
		return Registration{}, err
	}
	if err := r.validate(); err != nil {
		return Registration{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return r, nil
}

// EncodeAssignment returns the canonical JSON that adapters store.
func EncodeAssignment(a Assignment) ([]byte, error) { return canonical.Marshal(a) }

// Digest is "sha256:" and the hexadecimal digest of what adapters store.
func (a Assignment) Digest() (string, error) {
	text, err := EncodeAssignment(a)
	if err != nil {
		return "", fmt.Errorf("digest %s: %w", a.Tag(), err)
	}
	return canonical.DigestBytes(text), nil
}

// Tag is the event's name.
func (a Assignment) Tag() string { return StageTag(a.Name, a.Stage, a.Sequence) }

// DecodeAssignment is the inverse of EncodeAssignment; it refuses any other
// text as ErrCorrupt.
func DecodeAssignment(data []byte) (Assignment, error) {
	var a Assignment
	if err := decode(data, &a); err != nil {
		return Assignment{}, err
	}
	if err := a.validate(); err != nil {
		return Assignment{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return a, nil
}

// decode reads what Encode wrote: a text that encodes to other bytes was edited
// or leaves a key out.
func decode(data []byte, into any) error {
	if err := canonical.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	again, err := canonical.Marshal(into)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if !bytes.Equal(again, data) {
		return fmt.Errorf("%w: the record is not as linecook wrote it: a key is missing or it was edited", ErrCorrupt)
	}
	return nil
}
