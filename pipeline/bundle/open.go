package bundle

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/canonical"
)

// Write makes a bundle of m and files, writes it to w and returns its id. m
// needs no Format and no Members, which are computed; neither files nor
// m.Sources need be sorted. Nothing is written unless everything is valid.
func Write(w io.Writer, m Manifest, files []File) (id string, err error) {
	id, archive, err := Build(m, files)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(archive); err != nil {
		return "", fmt.Errorf("writing bundle %s@v%s: %w", m.Name, m.Version, err)
	}
	return id, nil
}

// Build is Write into memory.
func Build(m Manifest, files []File) (bundleID string, archive []byte, err error) {
	files = byPath(files)
	m.Format = Format
	m.Members = make([]Member, 0, len(files))
	for _, f := range files {
		m.Members = append(m.Members, Member{
			Path:   f.Path,
			Role:   f.Role,
			SHA256: canonical.DigestBytes(f.Data),
			Size:   int64(len(f.Data)),
		})
	}
	m.Sources = slices.Clone(m.Sources)
	slices.SortStableFunc(m.Sources, func(a, b SourceFingerprint) int { return strings.Compare(a.Name, b.Name) })
	if err := m.Validate(); err != nil {
		return "", nil, fmt.Errorf("bundle %s@v%s: %w", m.Name, m.Version, err)
	}
	manifest, err := canonical.Marshal(m)
	if err != nil {
		return "", nil, fmt.Errorf("bundle %s@v%s: %w", m.Name, m.Version, err)
	}
	if len(manifest) > MaxManifestSize {
		return "", nil, fmt.Errorf("bundle %s@v%s: the manifest has %d bytes and may have %d: use fewer members or sources", m.Name, m.Version, len(manifest), MaxManifestSize)
	}
	packed, err := pack(manifest, files)
	if err != nil {
		return "", nil, fmt.Errorf("bundle %s@v%s: %w", m.Name, m.Version, err)
	}
	archive, err = compress(packed)
	if err != nil {
		return "", nil, fmt.Errorf("bundle %s@v%s: %w", m.Name, m.Version, err)
	}
	return id(manifest), archive, nil
}

// Open reads a bundle and verifies all of it. An error means that nothing in it
// may be used.
func Open(r io.Reader) (*Bundle, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxArchiveSize+1))
	if err != nil {
		return nil, fmt.Errorf("reading a bundle: %w", err)
	}
	if len(data) > MaxArchiveSize {
		return nil, fmt.Errorf("opening a bundle: the file has more than the %d bytes that one may have", MaxArchiveSize)
	}
	archive, err := decompress(data)
	if err != nil {
		return nil, fmt.Errorf("opening a bundle: %w", err)
	}
	b, err := unpack(archive)
	if err != nil {
		return nil, fmt.Errorf("opening a bundle: %w", err)
	}
	return b, nil
}

// OpenBytes is Open for an archive in memory.
func OpenBytes(archive []byte) (*Bundle, error) {
	return Open(bytes.NewReader(archive))
}

// OpenFile is Open for the file at path.
func OpenFile(path string) (*Bundle, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening a bundle: %w", err)
	}
	defer file.Close()
	b, err := Open(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// OpenExpect is OpenFile for a bundle whose id is known from its registration
// or its promotion, and refuses any other.
func OpenExpect(path, id string) (*Bundle, error) {
	b, err := OpenFile(path)
	if err != nil {
		return nil, err
	}
	if b.ID != id {
		return nil, fmt.Errorf("%s is whole, but it is the bundle %s@v%s with the id %s, and %s was expected: somebody put another file there",
			path, b.Manifest.Name, b.Manifest.Version, b.ID, id)
	}
	return b, nil
}
