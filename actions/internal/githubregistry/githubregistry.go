// Package githubregistry keeps a registry in a GitHub repository.
//
//  1. A registration is the tag name@vX.Y.Z and a release under it: the bundle,
//     its manifest, its model card, digests of them all, and the record of the
//     registration. The release is a draft until every file is there and is what
//     was sent; a draft that an interrupted run left is finished by the next.
//  2. A stage event is the annotated tag name#stage#N, as GTO writes it, on the
//     commit of the version; its message holds the event with the decision. Git
//     refuses a name that is taken, so of two promotions at once one wins.
//  3. Each event is shown to people as a deployment, which holds its digest. What
//     is missing there is added with the next event.
//  4. Reading trusts nothing: every file is held against its digest, every event
//     against its name, and a history with a gap is refused.
//  5. Who may push could push an event. Confirm and Audit hold events against what
//     nobody can push: the run that decided, its deployment, and the records of
//     the events that came after.
//
// What was published and what happened never change, so a Registry reads each
// of them once, and an event once for all runs that share a folder. It needs the right to write contents and deployments.
package githubregistry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/registry"
)

// Options of a Registry.
type Options struct {
	Client *github.Client
	// Repository is owner/name, for messages.
	Repository string
	// Commit is where a version is tagged whose bundle names no commit.
	Commit string
	// Log is a page that explains events to people, or empty.
	Log string
	// Promoters are the workflows whose runs promote, or promoted once; none is the
	// package's Promoters.
	Promoters []string
	// File is the pipeline's, where a workflow promotes several and its run-name
	// says which.
	File string
	// Cache is a folder that keeps events from run to run, or empty.
	Cache string
	// Statement makes the in-toto statement that travels with a bundle, whose
	// archive has that name and digest; nil makes none.
	Statement func(name, digest string) ([]byte, error)
	// Warn is told what went wrong and matters to people only; nil is nobody.
	Warn func(string)
}

// Registry is a registry.Registry in a GitHub repository.
type Registry struct {
	Options

	mu         sync.Mutex
	registered map[string]published           // by tag
	known      map[string]registry.Assignment // events, by the name of the tag's object
}

// published is a registration together with its release.
type published struct {
	registration registry.Registration
	release      github.Release
}

// New returns the registry of the client's repository.
func New(o Options) *Registry {
	if o.Warn == nil {
		o.Warn = func(string) {}
	}
	return &Registry{Options: o, registered: map[string]published{}, known: map[string]registry.Assignment{}}
}

// Registrations implements registry.Registry.
func (r *Registry) Registrations(ctx context.Context, name string) ([]registry.Registration, error) {
	if err := bundle.CheckName("bundle name", name); err != nil {
		return nil, err
	}
	releases, err := r.Client.Releases(ctx)
	if err != nil {
		return nil, err
	}
	var regs []registry.Registration
	for _, release := range releases {
		of, version, err := registry.ParseVersionTag(release.Tag)
		if err != nil || of != name || release.Draft {
			continue // another release of the repository, or one that is not finished
		}
		p, err := r.read(ctx, name, version, release)
		if err != nil {
			return nil, err
		}
		regs = append(regs, p.registration)
	}
	return regs, registry.SortRegistrations(regs)
}

// Fetch implements registry.Registry.
func (r *Registry) Fetch(ctx context.Context, name, version string) (*bundle.Bundle, registry.Registration, error) {
	p, err := r.registration(ctx, name, version)
	if err != nil {
		return nil, registry.Registration{}, err
	}
	archive, err := r.asset(ctx, p.release, ArchiveName(name, version))
	if err != nil {
		return nil, registry.Registration{}, err
	}
	b, err := registry.VerifyFetch(p.registration, archive)
	if err != nil {
		return nil, registry.Registration{}, err
	}
	return b, p.registration, nil
}

// registration finds a version, or fails with ErrNotFound.
func (r *Registry) registration(ctx context.Context, name, version string) (published, error) {
	if err := registry.CheckVersion(name, version); err != nil {
		return published{}, err
	}
	tag := registry.VersionTag(name, version)
	r.mu.Lock()
	known, found := r.registered[tag]
	r.mu.Unlock()
	if found {
		return known, ctx.Err()
	}
	release, err := r.Client.ReleaseByTag(ctx, tag)
	if errors.Is(err, github.ErrNotFound) {
		return published{}, fmt.Errorf("%s is not registered in %s: %w", tag, r.Repository, registry.ErrNotFound)
	}
	if err != nil {
		return published{}, err
	}
	return r.read(ctx, name, version, release)
}

// read takes the record of a registration from its published release.
func (r *Registry) read(ctx context.Context, name, version string, release github.Release) (published, error) {
	record, err := r.asset(ctx, release, registrationFile)
	if err != nil {
		return published{}, err
	}
	reg, err := registry.DecodeRegistration(record)
	if err != nil {
		return published{}, fmt.Errorf("%s of the release %s: %w", registrationFile, release.Tag, err)
	}
	if reg.Name != name || reg.Version != version {
		return published{}, fmt.Errorf("%s of the release %s registers %s: %w", registrationFile, release.Tag, registry.VersionTag(reg.Name, reg.Version), registry.ErrCorrupt)
	}
	archive := ArchiveName(name, version)
	if !slices.ContainsFunc(release.Assets, func(a github.Asset) bool {
		return a.Name == archive && a.Complete() && a.Size == reg.Size && (a.Digest == "" || a.Digest == reg.ArchiveSHA256)
	}) {
		return published{}, fmt.Errorf("the release %s does not hold the %s of %d bytes and the digest %s that was registered: %w", release.Tag, archive, reg.Size, reg.ArchiveSHA256, registry.ErrCorrupt)
	}
	p := published{reg, release}
	r.mu.Lock()
	r.registered[release.Tag] = p
	r.mu.Unlock()
	return p, nil
}

// maxDownloads bounds how often a file is fetched that does not come as GitHub
// says it is.
const maxDownloads = 3

// asset downloads a file of a published release and holds it against the digest
// that GitHub has of it.
func (r *Registry) asset(ctx context.Context, release github.Release, name string) ([]byte, error) {
	i := slices.IndexFunc(release.Assets, func(a github.Asset) bool { return a.Name == name })
	if i < 0 || !release.Assets[i].Complete() {
		return nil, fmt.Errorf("the release %s has no complete %s: it was not published by linecook, or somebody changed it: %w", release.Tag, name, registry.ErrCorrupt)
	}
	a := release.Assets[i]
	if a.Size > bundle.MaxArchiveSize {
		return nil, fmt.Errorf("%s of the release %s has %d bytes and may have %d: %w", name, release.Tag, a.Size, bundle.MaxArchiveSize, registry.ErrCorrupt)
	}
	for range maxDownloads {
		content, err := r.Client.Download(ctx, a)
		if err != nil {
			return nil, err
		}
		if a.Digest == "" || canonical.DigestBytes(content) == a.Digest {
			return content, nil
		}
	}
	return nil, fmt.Errorf("%s of the release %s does not come with the digest %s that GitHub has of it: %w", name, release.Tag, a.Digest, registry.ErrCorrupt)
}

// marker begins the notes of a release of ours and names its bundle.
func marker(bundleID string) string { return "<!-- linecook " + bundleID + " -->" }

// marked returns the bundle id that notes begin with.
func marked(notes string) (bundleID string, ours bool) {
	first, _, _ := strings.Cut(strings.ReplaceAll(notes, "\r\n", "\n"), "\n")
	bundleID = strings.TrimSuffix(strings.TrimPrefix(first, "<!-- linecook "), " -->")
	return bundleID, canonical.IsDigest(bundleID) && first == marker(bundleID)
}

// same says that GitHub holds this content under this name, as far as it says
// what it holds: older Enterprise Servers give no digests.
func same(a github.Asset, f file) bool {
	return a.Complete() && a.Name == f.name && a.Size == int64(len(f.content)) && (a.Digest == "" || a.Digest == canonical.DigestBytes(f.content))
}
