package githubregistry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/registry"
)

// maxRounds bounds how often a publication looks anew at what is there, after a
// request whose outcome nobody knows or that somebody else was quicker than.
const maxRounds = 4

// Register implements registry.Registry.
func (r *Registry) Register(ctx context.Context, reg registry.Registration, archive []byte) (registry.Registration, error) {
	reg, err := registry.CheckRegister(reg, archive)
	if err != nil {
		return registry.Registration{}, err
	}
	b, err := bundle.OpenBytes(archive)
	if err != nil {
		return registry.Registration{}, err
	}
	for range maxRounds {
		registered, failed := r.register(ctx, reg, b, archive)
		if failed == nil || !lookAgain(failed) {
			return registered, failed
		}
		err = failed
	}
	// What was in the way in the last round may be the version, published.
	registered, missing := r.existing(ctx, reg)
	if errors.Is(missing, registry.ErrNotFound) {
		return registry.Registration{}, err
	}
	return registered, missing
}

// existing is the registration of a version that is there already, or fails with
// registry.ErrNotFound.
func (r *Registry) existing(ctx context.Context, reg registry.Registration) (registry.Registration, error) {
	tag := registry.VersionTag(reg.Name, reg.Version)
	existing, err := r.registration(ctx, reg.Name, reg.Version)
	if err != nil {
		return registry.Registration{}, fmt.Errorf("registering %s: %w", tag, err)
	}
	r.tidy(ctx, tag)
	return registry.CheckSame(existing.registration, reg)
}

// lookAgain says that what is there may be other than what was thought: a draft
// that another run has published takes no more files.
func lookAgain(err error) bool {
	if errors.Is(err, registry.ErrCorrupt) || errors.Is(err, registry.ErrConflict) {
		return false
	}
	return slices.ContainsFunc([]error{github.ErrUnknownOutcome, github.ErrExists, github.ErrNotFound, github.ErrRefused, errIncomplete}, func(target error) bool {
		return errors.Is(err, target)
	})
}

// errIncomplete: a draft does not hold what was sent to it.
var errIncomplete = errors.New("incomplete release")

// register looks what is there and does what is missing.
func (r *Registry) register(ctx context.Context, reg registry.Registration, b *bundle.Bundle, archive []byte) (registry.Registration, error) {
	existing, err := r.existing(ctx, reg)
	if !errors.Is(err, registry.ErrNotFound) {
		return existing, err
	}
	tag := registry.VersionTag(reg.Name, reg.Version)
	fail := func(err error) (registry.Registration, error) {
		return registry.Registration{}, fmt.Errorf("registering %s: %w", tag, err)
	}
	if err := r.tag(ctx, tag, reg, b); err != nil {
		return fail(err)
	}
	drafts, err := r.drafts(ctx, tag)
	if err != nil {
		return fail(err)
	}
	draft, err := r.draft(ctx, tag, reg, b, drafts)
	if err != nil {
		return fail(err)
	}
	reg = r.adopt(ctx, draft, reg)
	files, err := r.files(reg, b, archive)
	if err != nil {
		return fail(err)
	}
	if err := r.fill(ctx, draft, files); err != nil {
		return fail(err)
	}
	release, err := r.publish(ctx, draft, files)
	if errors.Is(err, github.ErrExists) {
		// Somebody published the version since we looked, and this draft is in the
		// way of nobody but people.
		r.discard(ctx, draft)
	}
	if err != nil {
		return fail(err)
	}
	for _, other := range drafts {
		if other.ID != release.ID {
			r.discard(ctx, other)
		}
	}
	return reg, nil
}

// tag makes sure that the version's tag stands for the commit that was trained.
// On a push of the tag it exists, annotated or not, and is adopted.
func (r *Registry) tag(ctx context.Context, tag string, reg registry.Registration, b *bundle.Bundle) error {
	commit := b.Manifest.Code.Commit
	if commit == "" {
		commit = r.Commit
	}
	if commit == "" {
		return fmt.Errorf("the bundle names no commit to tag: train it in a clone of the repository")
	}
	ref, err := r.Client.Ref(ctx, "tags/"+tag)
	if errors.Is(err, github.ErrNotFound) {
		return r.createTag(ctx, github.Tag{Name: tag, Message: tag + "\n\nbundle " + reg.BundleID, Commit: commit, By: author, Email: authorEmail, At: reg.RegisteredAt})
	}
	if err != nil {
		return err
	}
	has, err := r.Client.CommitOf(ctx, ref)
	if err != nil {
		return err
	}
	if has != commit {
		return fmt.Errorf("the tag stands for the commit %s, and the bundle was trained at %s: a version never changes, choose the next: %w", has, commit, registry.ErrConflict)
	}
	return nil
}

// The author of tags is the tool; their messages say who asked for them.
const (
	author      = "linecook"
	authorEmail = "linecook@users.noreply.github.com"
)

func (r *Registry) createTag(ctx context.Context, t github.Tag) error {
	object, err := r.Client.CreateTag(ctx, t)
	if err != nil {
		return err
	}
	return r.Client.CreateRef(ctx, github.Ref{Name: "tags/" + t.Name, SHA: object.SHA})
}

// drafts are the drafts of a tag that linecook began.
func (r *Registry) drafts(ctx context.Context, tag string) ([]github.Release, error) {
	releases, err := r.Client.Releases(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(releases, func(release github.Release) bool {
		_, ours := marked(release.Body)
		return !release.Draft || release.Tag != tag || !ours
	}), nil
}

// draft adopts the draft that an earlier run began for this bundle, or begins
// one.
func (r *Registry) draft(ctx context.Context, tag string, reg registry.Registration, b *bundle.Bundle, drafts []github.Release) (github.Release, error) {
	for _, draft := range drafts {
		if id, _ := marked(draft.Body); id == reg.BundleID {
			return draft, nil
		}
	}
	version, err := registry.ParseVersion(reg.Version)
	if err != nil {
		return github.Release{}, err
	}
	return r.Client.CreateRelease(ctx, github.Release{
		Tag: tag, Name: reg.Name + " " + reg.Version, Body: notes(reg, b), Draft: true, Prerelease: len(version.Pre) > 0,
	})
}

// adopt takes over when and by whom a draft was begun, where it says so whole.
func (r *Registry) adopt(ctx context.Context, draft github.Release, reg registry.Registration) registry.Registration {
	record, err := r.asset(ctx, draft, registrationFile)
	if err != nil {
		return reg
	}
	begun, err := registry.DecodeRegistration(record)
	if err != nil || begun.Name != reg.Name || begun.Version != reg.Version || begun.BundleID != reg.BundleID || begun.ArchiveSHA256 != reg.ArchiveSHA256 {
		return reg
	}
	return begun
}

// fill brings a draft's files to what they should be: it deletes what broke off
// or is another file, and sends what is missing. Then it looks at all of them.
func (r *Registry) fill(ctx context.Context, draft github.Release, files []file) error {
	there := draft.Assets
	for _, a := range there {
		if !slices.ContainsFunc(files, func(f file) bool { return same(a, f) }) {
			if err := r.Client.DeleteAsset(ctx, a.ID); err != nil {
				return err
			}
		}
	}
	for _, f := range files {
		if slices.ContainsFunc(there, func(a github.Asset) bool { return same(a, f) }) {
			continue
		}
		_, err := r.Client.Upload(ctx, draft, github.File{Name: f.name, Size: int64(len(f.content)), Open: func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(f.content)), nil
		}})
		if err != nil {
			return err
		}
	}
	there, err := r.Client.Assets(ctx, draft.ID)
	if err != nil {
		return err
	}
	if err := complete(there, files); err != nil {
		return err
	}
	return r.compare(ctx, there, files)
}

// compare downloads what GitHub gives no digest of.
func (r *Registry) compare(ctx context.Context, assets []github.Asset, files []file) error {
	for _, a := range assets {
		if a.Digest != "" {
			continue
		}
		content, err := r.Client.Download(ctx, a)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(files, func(f file) bool { return f.name == a.Name && bytes.Equal(f.content, content) }) {
			// Nothing of it can be told apart from what was meant, so it goes.
			return errors.Join(fmt.Errorf("GitHub does not hold %s as it was sent: %w", a.Name, errIncomplete), r.Client.DeleteAsset(ctx, a.ID))
		}
	}
	return nil
}

// complete fails unless assets are exactly files, in name, size and digest.
func complete(assets []github.Asset, files []file) error {
	for _, f := range files {
		if !slices.ContainsFunc(assets, func(a github.Asset) bool { return same(a, f) }) {
			return fmt.Errorf("GitHub does not hold %s as it was sent: %w", f.name, errIncomplete)
		}
	}
	if len(assets) != len(files) {
		return fmt.Errorf("the release holds %d files, and %d were sent: %w", len(assets), len(files), errIncomplete)
	}
	return nil
}

// publish makes a complete draft visible, and looks at what became of it.
func (r *Registry) publish(ctx context.Context, draft github.Release, files []file) (github.Release, error) {
	draft.Draft = false
	release, err := r.Client.UpdateRelease(ctx, draft)
	if err != nil {
		return github.Release{}, err
	}
	if err := complete(release.Assets, files); err != nil {
		return github.Release{}, fmt.Errorf("the release %s was published and somebody changed it meanwhile; delete it and run this again: %w: %w", release.URL, registry.ErrCorrupt, err)
	}
	return release, nil
}

// tidy discards the drafts that runs left which were slower than another.
func (r *Registry) tidy(ctx context.Context, tag string) {
	drafts, err := r.drafts(ctx, tag)
	if err != nil {
		r.Warn(fmt.Sprintf("drafts of the release %s may be left over: %v", tag, err))
	}
	for _, draft := range drafts {
		r.discard(ctx, draft)
	}
}

// discard deletes a draft of ours that nobody needs any more.
func (r *Registry) discard(ctx context.Context, draft github.Release) {
	if err := r.Client.DeleteRelease(ctx, draft.ID); err != nil {
		r.Warn(fmt.Sprintf("a draft of the release %s is left over: %v", draft.Tag, err))
	}
}
