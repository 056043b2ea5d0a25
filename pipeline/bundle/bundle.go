// Package bundle holds the versioned artifact: everything that a model
// remembers, in one file, bound by digests.
//
//  1. Training hands over the members: the model, the fitted encoders, the
//     feature definitions, the contracts, the profile, the evaluation, the
//     configuration. All of it is data; what is code in the feature definitions,
//     a user's queries and commands, is text that a person can review.
//  2. Write binds each member by size and SHA-256 in a manifest, as canonical
//     JSON. The digest of the manifest's bytes is the bundle's id.
//  3. The manifest and the members, sorted by path, become a USTAR archive
//     with zero times and owners, compressed with Zstandard. The same members
//     give the same archive on every machine; but compressors change between
//     releases, so the compressed bytes never are an identity.
//  4. Open verifies everything before it returns anything: one compressed
//     frame, regular files only, plain paths, the manifest canonical and known,
//     each member present, expected, of its size and its digest, and not one
//     byte besides. It holds the bundle in memory and writes nothing.
//  5. OpenExpect also refuses a bundle that verifies but is another one than
//     was registered or promoted.
package bundle

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/linecook-ml/linecook/pipeline/canonical"
)

// A File is a member on its way into a bundle or out of one.
type File struct {
	Path string
	Role Role
	Data []byte
}

// A Bundle has been verified. It cannot be changed.
type Bundle struct {
	// ID is the digest of the manifest: "sha256:" and 64 hex digits.
	ID       string
	Manifest Manifest
	files    []File // sorted by path
}

// Member returns a copy of the member at path, or nil if there is none; a
// member is never empty.
func (b *Bundle) Member(path string) []byte {
	for _, f := range b.files {
		if f.Path == path {
			return bytes.Clone(f.Data)
		}
	}
	return nil
}

// ByRole returns copies of the members that play role, sorted by path: at least
// one for each role there is.
func (b *Bundle) ByRole(role Role) []File {
	var files []File
	for _, f := range b.files {
		if f.Role == role {
			f.Data = bytes.Clone(f.Data)
			files = append(files, f)
		}
	}
	return files
}

// Data returns a copy of the member that plays role: the only one, or of the
// input contracts the first.
func (b *Bundle) Data(role Role) []byte {
	files := b.ByRole(role)
	if len(files) == 0 {
		return nil
	}
	return files[0].Data
}

// A Difference is one thing in which two bundles differ. A or B is empty where
// only the other has it.
type Difference struct {
	// Item is like "member model.json", "source flights" or "seed".
	Item string `json:"item"`
	A    string `json:"a,omitempty"`
	B    string `json:"b,omitempty"`
}

// Compare tells why two bundles have different ids, sorted by item. It is empty
// exactly when the ids are equal.
func Compare(a, b *Bundle) []Difference {
	left, right := items(a.Manifest), items(b.Manifest)
	var differences []Difference
	for item, value := range left {
		if right[item] != value {
			differences = append(differences, Difference{item, value, right[item]})
		}
	}
	for item, value := range right {
		if _, both := left[item]; !both {
			differences = append(differences, Difference{item, "", value})
		}
	}
	slices.SortFunc(differences, func(x, y Difference) int { return cmp.Compare(x.Item, y.Item) })
	return differences
}

// items spells out every leaf of a manifest, so that Compare misses none.
func items(m Manifest) map[string]string {
	items := map[string]string{
		"format":             m.Format,
		"name":               m.Name,
		"version":            m.Version,
		"until":              m.Until,
		"seed":               strconv.FormatUint(m.Seed, 10),
		"snapshot digest":    m.Snapshot.Digest,
		"snapshot rows":      strconv.FormatInt(m.Snapshot.Rows, 10),
		"snapshot columns":   strconv.Itoa(m.Snapshot.Columns),
		"code commit":        m.Code.Commit,
		"code dirty":         strconv.FormatBool(m.Code.Dirty),
		"toolchain linecook": m.Toolchain.Linecook,
		"toolchain go":       m.Toolchain.Go,
		"toolchain duckdb":   m.Toolchain.DuckDB,
		"toolchain platform": m.Toolchain.Platform,
	}
	for _, f := range m.Members {
		items["member "+f.Path] = fmt.Sprintf("%s (%s, %d bytes)", f.SHA256, f.Role, f.Size)
	}
	for _, s := range m.Sources {
		items["source "+s.Name] = fmt.Sprintf("%s (%d rows, %d files)", s.SHA256, s.Rows, s.Files)
	}
	return items
}

// id names a manifest by its canonical bytes.
func id(manifest []byte) string {
	return canonical.DigestBytes(manifest)
}
