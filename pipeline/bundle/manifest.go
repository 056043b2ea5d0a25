package bundle

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/pipeline/canonical"
)

// Format names the form of the manifest. What a reader does not know it
// refuses; a new form gets a new name.
const Format = "linecook.bundle/v1"

// ManifestPath is the first entry of the archive.
const ManifestPath = "manifest.json"

// A Role says what a member is for.
type Role string

// The roles. A bundle has exactly one member for each, and of input contracts
// one or more.
const (
	RoleModel          Role = "model"           // the fitted model
	RolePrepare        Role = "prepare"         // the fitted encoders
	RoleFeatures       Role = "features"        // the feature definitions
	RoleInputContract  Role = "input-contract"  // what the model may be fed
	RoleOutputContract Role = "output-contract" // what it promises to give
	RoleProfile        Role = "profile"         // what the training data looked like
	RoleEvaluation     Role = "evaluation"      // how well it did on later data
	RoleConfig         Role = "config"          // pipeline.yaml as it was
)

// roles is the closed list.
var roles = []Role{
	RoleModel, RolePrepare, RoleFeatures, RoleInputContract, RoleOutputContract,
	RoleProfile, RoleEvaluation, RoleConfig,
}

// A Manifest is a bundle's table of contents and its origin.
type Manifest struct {
	Format string `json:"format"`
	// Name is the pipeline's, Version a semantic version without a leading v.
	Name    string `json:"name"`
	Version string `json:"version"`
	// Until is the logical cut-off of training: nothing known later was used. A
	// date (2006-01-02) or a timestamp (RFC 3339).
	Until     string              `json:"until"`
	Members   []Member            `json:"members"` // sorted by path
	Sources   []SourceFingerprint `json:"sources"` // sorted by name
	Snapshot  Snapshot            `json:"snapshot"`
	Code      Code                `json:"code"`
	Toolchain Toolchain           `json:"toolchain"`
	// Seed is text in JSON, whose numbers do not hold 64 bits.
	Seed uint64 `json:"seed,string"`
}

// A Member binds one file of the bundle.
type Member struct {
	Path   string `json:"path"`
	Role   Role   `json:"role"`
	SHA256 string `json:"sha256"` // "sha256:" and 64 hex digits
	Size   int64  `json:"size"`   // bytes
}

// A SourceFingerprint says which data a source held when it was read.
type SourceFingerprint struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // of the content; "sha256:" and 64 hex digits
	Rows   int64  `json:"rows"`
	Files  int    `json:"files"`
}

// A Snapshot says which feature table the model was fitted to.
type Snapshot struct {
	Digest  string `json:"digest"` // "sha256:" and 64 hex digits
	Rows    int64  `json:"rows"`
	Columns int    `json:"columns"`
}

// Code says which commit of the user's repository trained the model; Commit is
// empty outside a repository.
type Code struct {
	Commit string `json:"commit"`
	Dirty  bool   `json:"dirty"`
}

// A Toolchain says which programs trained the model.
type Toolchain struct {
	Linecook string `json:"linecook"`
	Go       string `json:"go"`
	DuckDB   string `json:"duckdb"`
	Platform string `json:"platform"` // like linux/amd64
}

// Validate checks the whole manifest: what it says and what it needs to say.
func (m Manifest) Validate() error {
	if m.Format != Format {
		return fmt.Errorf("the bundle has the format %q and this linecook reads %q: use the linecook that wrote it, or train again", m.Format, Format)
	}
	if err := CheckName("bundle name", m.Name); err != nil {
		return err
	}
	if _, err := ParseVersion(m.Version); err != nil {
		return err
	}
	if _, err := time.Parse(time.DateOnly, m.Until); err != nil {
		if _, err := time.Parse(time.RFC3339, m.Until); err != nil {
			return fmt.Errorf("until is %q: write a date like 2013-08-31 or a timestamp like 2013-08-31T00:00:00Z", m.Until)
		}
	}
	if !canonical.IsDigest(m.Snapshot.Digest) {
		return fmt.Errorf("the snapshot's digest %q is not sha256: and 64 hex digits", m.Snapshot.Digest)
	}
	if m.Snapshot.Rows < 1 || m.Snapshot.Columns < 1 {
		return fmt.Errorf("the snapshot has %d rows and %d columns: no model is fitted to that", m.Snapshot.Rows, m.Snapshot.Columns)
	}
	if err := validateSources(m.Sources); err != nil {
		return err
	}
	return validateMembers(m.Members)
}

func validateSources(sources []SourceFingerprint) error {
	if len(sources) == 0 {
		return fmt.Errorf("the manifest names no source: a model that learned from nothing cannot be traced")
	}
	for i, s := range sources {
		switch {
		case s.Name == "":
			return fmt.Errorf("source %d of the manifest has no name", i+1)
		case i > 0 && s.Name <= sources[i-1].Name:
			return fmt.Errorf("source %q is in the manifest twice or out of order", s.Name)
		case !canonical.IsDigest(s.SHA256):
			return fmt.Errorf("source %q has the digest %q, which is not sha256: and 64 hex digits", s.Name, s.SHA256)
		case s.Rows < 0 || s.Files < 1:
			return fmt.Errorf("source %q has %d rows in %d files", s.Name, s.Rows, s.Files)
		}
	}
	return nil
}

func validateMembers(members []Member) error {
	if len(members) > MaxMembers {
		return fmt.Errorf("the manifest has %d members and may have %d", len(members), MaxMembers)
	}
	count := map[Role]int{}
	lower := map[string]string{ManifestPath: ManifestPath}
	total := int64(0)
	for i, m := range members {
		if err := checkPath(m.Path); err != nil {
			return err
		}
		if i > 0 && m.Path <= members[i-1].Path {
			return fmt.Errorf("member %q is in the manifest twice or out of order", m.Path)
		}
		if other, taken := lower[strings.ToLower(m.Path)]; taken {
			return fmt.Errorf("members %q and %q would be one file on a system that ignores case", other, m.Path)
		}
		lower[strings.ToLower(m.Path)] = m.Path
		if !slices.Contains(roles, m.Role) {
			return fmt.Errorf("member %q has the unknown role %q; known are %q", m.Path, m.Role, roles)
		}
		if count[m.Role]++; count[m.Role] > 1 && m.Role != RoleInputContract {
			return fmt.Errorf("member %q is the second with the role %q, and there may be one", m.Path, m.Role)
		}
		if !canonical.IsDigest(m.SHA256) {
			return fmt.Errorf("member %q has the digest %q, which is not sha256: and 64 hex digits", m.Path, m.SHA256)
		}
		if m.Size < 1 || m.Size > MaxMemberSize {
			return fmt.Errorf("member %q has %d bytes; it may have 1 to %d", m.Path, m.Size, MaxMemberSize)
		}
		if total += m.Size; total > MaxTotalSize {
			return fmt.Errorf("the members have more than %d bytes together, which a bundle may not", MaxTotalSize)
		}
	}
	for _, m := range members {
		for dir := path.Dir(m.Path); dir != "."; dir = path.Dir(dir) {
			if file, taken := lower[strings.ToLower(dir)]; taken {
				return fmt.Errorf("member %q is inside %q, which is a file", m.Path, file)
			}
		}
	}
	for _, role := range roles {
		if count[role] == 0 {
			return fmt.Errorf("no member has the role %q, which every bundle needs", role)
		}
	}
	return nil
}

// pathForm leaves no room for what file systems read in different ways: back
// slashes, colons, leading or trailing dots, spaces, anything beyond ASCII. The
// length is what USTAR holds in its name field alone.
var pathForm = regexp.MustCompile(`^[A-Za-z0-9_-]([A-Za-z0-9._-]*[A-Za-z0-9_-])?(/[A-Za-z0-9_-]([A-Za-z0-9._-]*[A-Za-z0-9_-])?)*$`)

const maxPath = 100

func checkPath(p string) error {
	if !pathForm.MatchString(p) || len(p) > maxPath || !fs.ValidPath(p) || !filepath.IsLocal(p) {
		return fmt.Errorf("the member path %q is not plain: use letters, digits, dots, hyphens, underscores and single slashes, at most %d, no part beginning or ending with a dot", p, maxPath)
	}
	return nil
}

// parseManifest reads and validates the bytes of manifest.json.
func parseManifest(data []byte) (Manifest, error) {
	// The format decides how the rest is to be read, so it is read first.
	var form struct {
		Format string `json:"format"`
	}
	if err := json.Unmarshal(data, &form); err != nil {
		return Manifest{}, fmt.Errorf("%s: %w", ManifestPath, err)
	}
	if form.Format != Format {
		return Manifest{}, Manifest{Format: form.Format}.Validate()
	}
	if err := canonical.Check(data); err != nil {
		return Manifest{}, fmt.Errorf("%s: %w", ManifestPath, err)
	}
	var m Manifest
	if err := canonical.Unmarshal(data, &m); err != nil {
		return Manifest{}, fmt.Errorf("%s: %w", ManifestPath, err)
	}
	if err := m.Validate(); err != nil {
		return Manifest{}, fmt.Errorf("%s: %w", ManifestPath, err)
	}
	// A key left out would read as its zero value: writing the manifest again
	// must give the same bytes.
	again, err := canonical.Marshal(m)
	if err != nil {
		return Manifest{}, fmt.Errorf("%s: %w", ManifestPath, err)
	}
	if string(again) != string(data) {
		return Manifest{}, fmt.Errorf("%s does not state every key of the form %s: write it with linecook, do not edit it", ManifestPath, Format)
	}
	return m, nil
}
