package githubregistry

import (
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/modelcard"
	"github.com/linecook-ml/linecook/pipeline/registry"
)

// The files of a release beside the archive.
const (
	registrationFile = "registration.json"
	manifestFile     = "manifest.json" // its digest is the bundle's id
	cardFile         = "model-card.md"
	statementFile    = "provenance.intoto.jsonl"
	sumsFile         = "SHA256SUMS" // for sha256sum --check
)

// ArchiveName is the file of a bundle: it tells the bundles of several releases apart in a folder.
func ArchiveName(name, version string) string { return name + "-" + version + ".tar.zst" }

// A file of a release.
type file struct {
	name    string
	content []byte
}

// files are what a release holds, in the order in which they are sent.
func (r *Registry) files(reg registry.Registration, b *bundle.Bundle, archive []byte) ([]file, error) {
	record, err := registry.EncodeRegistration(reg)
	if err != nil {
		return nil, err
	}
	manifest, err := canonical.Marshal(b.Manifest)
	if err != nil {
		return nil, err
	}
	files := []file{
		{registrationFile, record},
		{ArchiveName(reg.Name, reg.Version), archive},
		{manifestFile, manifest},
		{cardFile, []byte(modelcard.Markdown(b, github.MaxReleaseBody))},
	}
	if r.Statement != nil {
		statement, err := r.Statement(ArchiveName(reg.Name, reg.Version), reg.ArchiveSHA256)
		if err != nil {
			return nil, fmt.Errorf("state where %s comes from: %w", registry.VersionTag(reg.Name, reg.Version), err)
		}
		files = append(files, file{statementFile, statement})
	}
	return append(files, file{sumsFile, sums(files)}), nil
}

// sums are the digests of files in the form of sha256sum.
func sums(files []file) []byte {
	lines := make([]string, len(files))
	for i, f := range files {
		lines[i] = strings.TrimPrefix(canonical.DigestBytes(f.content), "sha256:") + "  " + f.name + "\n"
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[64:], b[64:]) })
	return []byte(strings.Join(lines, ""))
}

// notes are the release's text: the marker that no reader sees, how to use the
// release, and the model card.
func notes(reg registry.Registration, b *bundle.Bundle) string {
	head := fmt.Sprintf("%s\nThe bundle is in %s. `sha256sum --check %s` verifies the files of this release. Events that put it on a stage are the tags %s#STAGE#N.\n\n",
		marker(reg.BundleID), ArchiveName(reg.Name, reg.Version), sumsFile, reg.Name)
	return head + modelcard.Markdown(b, github.MaxReleaseBody-len(head))
}
