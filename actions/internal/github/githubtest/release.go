package githubtest

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// A Release is one of the server's.
type Release struct {
	ID         int64
	Tag        string
	Commitish  string
	Name, Body string
	Draft      bool
	Prerelease bool
	Latest     bool
	Immutable  bool
	Author     string
	CreatedAt  string
	// PublishedAt is empty for a draft.
	PublishedAt string
	Assets      []*Asset
}

// Published is a digest of all refs and releases.
func (s *Server) Published() string {
	sum := sha1.New()
	s.locked(func() {
		_, _ = fmt.Fprintln(sum, s.refs)
		for _, r := range s.releases {
			release := *r
			release.Assets = nil
			_, _ = fmt.Fprintln(sum, release)
			for _, a := range r.Assets {
				_, _ = fmt.Fprintln(sum, *a)
			}
		}
	})
	return hex.EncodeToString(sum.Sum(nil))
}

// An Asset is a file of a release.
type Asset struct {
	ID      int64
	Name    string
	State   string // uploaded, or starter where an upload broke off
	Content []byte
	at      string
	by      string
}

// Releases are copies of all releases, drafts too, oldest first.
func (s *Server) Releases() (all []Release) {
	s.locked(func() {
		for _, r := range s.releases {
			one := *r
			one.Assets = nil
			for _, a := range r.Assets {
				asset := *a
				one.Assets = append(one.Assets, &asset)
			}
			all = append(all, one)
		}
	})
	return all
}

// AddRelease publishes a release that somebody made by hand, or drafts it.
func (s *Server) AddRelease(r Release) {
	s.locked(func() {
		r.ID, r.CreatedAt, r.Author = s.id(), s.now(), Person
		if !r.Draft {
			r.PublishedAt = s.now()
		}
		for _, a := range r.Assets {
			a.ID, a.at, a.by = s.id(), s.now(), Person
			if a.State == "" {
				a.State = "uploaded"
			}
		}
		s.releases = append(s.releases, &r)
	})
}

// Swap replaces the content of a published asset, as somebody could where
// releases are not immutable.
func (s *Server) Swap(tag, name string, content []byte) {
	s.locked(func() {
		for _, r := range s.releases {
			for _, a := range r.Assets {
				if r.Tag == tag && a.Name == name {
					a.Content = content
					return
				}
			}
		}
		s.t.Errorf("no asset %s of %s to swap", name, tag)
	})
}

// unsafe is what GitHub replaces in the name of an asset.
var unsafe = regexp.MustCompile(`[^A-Za-z0-9\-_+@.]+`)

func (s *Server) release(id int64) (*Release, bool) {
	i := slices.IndexFunc(s.releases, func(r *Release) bool { return r.ID == id })
	if i < 0 {
		return nil, false
	}
	return s.releases[i], true
}

// published is the release that a tag shows to everybody.
func (s *Server) published(tag string) (*Release, bool) {
	i := slices.IndexFunc(s.releases, func(r *Release) bool { return r.Tag == tag && !r.Draft })
	if i < 0 {
		return nil, false
	}
	return s.releases[i], true
}

// locks says that a tag belongs to an immutable release.
func (s *Server) locks(tag string) bool {
	r, found := s.published(tag)
	return found && r.Immutable
}

func (s *Server) showRelease(r *Release) any {
	assets := []any{}
	for _, a := range r.Assets {
		assets = append(assets, s.showAsset(r, a))
	}
	address := s.url("/releases/%d", r.ID)
	uploads := s.servers[uploadHost].URL + "/repos/" + Repository
	if s.enterprise {
		uploads = s.servers[apiHost].URL + "/api/uploads/repos/" + Repository
	}
	var published any
	page := web("/releases/tag/untagged-%d", r.ID)
	if !r.Draft {
		published, page = r.PublishedAt, web("/releases/tag/%s", r.Tag)
	}
	return map[string]any{
		"id": r.ID, "node_id": nodeID("RE", r.ID), "url": address, "html_url": page, "assets_url": address + "/assets",
		"upload_url":  fmt.Sprintf("%s/releases/%d/assets{?name,label}", uploads, r.ID),
		"tarball_url": address + "/tarball", "zipball_url": address + "/zipball", "author": s.user(r.Author),
		"tag_name": r.Tag, "target_commitish": r.Commitish, "name": r.Name, "body": r.Body, "draft": r.Draft, "prerelease": r.Prerelease,
		"immutable": r.Immutable, "created_at": r.CreatedAt, "published_at": published, "assets": assets,
	}
}

func (s *Server) showAsset(r *Release, a *Asset) any {
	var digest any
	if a.State == "uploaded" && !s.digestless {
		sum := sha256.Sum256(a.Content)
		digest = "sha256:" + hex.EncodeToString(sum[:])
	}
	return map[string]any{
		"id": a.ID, "node_id": nodeID("RA", a.ID), "name": a.Name, "label": "", "state": a.State, "size": len(a.Content), "digest": digest,
		"content_type": "application/octet-stream", "download_count": 0, "uploader": s.user(a.by), "created_at": a.at, "updated_at": a.at,
		"url": s.url("/releases/assets/%d", a.ID), "browser_download_url": web("/releases/download/%s/%s", r.Tag, a.Name),
	}
}

// listReleases shows the newest first, drafts only to those who may write.
func (s *Server) listReleases(x *exchange) answer {
	var shown []*Release
	for _, r := range slices.Backward(s.releases) {
		if !r.Draft || !s.readOnly {
			shown = append(shown, r)
		}
	}
	return page(s, x, shown, s.showRelease)
}

func (s *Server) getRelease(x *exchange) answer {
	r, found := s.release(x.id("release_id"))
	if !found || r.Draft && s.readOnly {
		return notFound()
	}
	return answer{status: http.StatusOK, body: s.showRelease(r)}
}

// releaseByTag finds no drafts.
func (s *Server) releaseByTag(x *exchange) answer {
	r, found := s.published(x.path["tag"])
	if !found {
		return notFound()
	}
	return answer{status: http.StatusOK, body: s.showRelease(r)}
}

// releaseFields are those that creation and change have in common.
type releaseFields struct {
	Tag        *string `json:"tag_name"`
	Commitish  *string `json:"target_commitish"`
	Name       *string `json:"name"`
	Body       *string `json:"body"`
	Draft      *bool   `json:"draft"`
	Prerelease *bool   `json:"prerelease"`
	MakeLatest *string `json:"make_latest"`
}

const maxReleaseBody = 125000

// apply changes r as the fields say, or refuses.
func (s *Server) apply(r *Release, fields releaseFields) (answer, bool) {
	if fields.Body != nil && len([]rune(*fields.Body)) > maxReleaseBody {
		return invalid("Release", "body", "custom", "body is too long (maximum is 125000 characters)"), false
	}
	if r.Immutable && (fields.Tag != nil && *fields.Tag != r.Tag || fields.Draft != nil && *fields.Draft) {
		return message(http.StatusUnprocessableEntity, "The release is immutable"), false
	}
	tag := or(fields.Tag, r.Tag)
	publishes := r.Draft && !or(fields.Draft, r.Draft)
	other, taken := s.published(tag)
	switch {
	case publishes && taken && other != r:
		return invalid("Release", "tag_name", "already_exists", ""), false
	case publishes && slices.Contains(s.burnt, tag):
		return message(http.StatusUnprocessableEntity, "The tag was used by an immutable release"), false
	}
	r.Tag, r.Commitish = tag, or(fields.Commitish, r.Commitish)
	r.Name, r.Body, r.Prerelease = or(fields.Name, r.Name), or(fields.Body, r.Body), or(fields.Prerelease, r.Prerelease)
	if publishes {
		if s.refs["refs/tags/"+r.Tag] == "" {
			commit, found := s.resolve(r.Commitish)
			if !found {
				return invalid("Release", "target_commitish", "invalid", ""), false
			}
			s.refs["refs/tags/"+r.Tag] = commit.sha
		}
		r.Draft, r.PublishedAt, r.Immutable = false, s.now(), s.immutable
		r.Latest = or(fields.MakeLatest, "true") != "false"
	}
	return answer{}, true
}

func or[T any](value *T, otherwise T) T {
	if value == nil {
		return otherwise
	}
	return *value
}

func (s *Server) createRelease(x *exchange) answer {
	var fields releaseFields
	x.decode(&fields)
	if or(fields.Tag, "") == "" {
		return invalid("Release", "tag_name", "missing_field", "")
	}
	r := &Release{ID: s.id(), Commitish: DefaultBranch, Draft: true, Author: x.caller, CreatedAt: s.now()}
	if fields.Draft == nil {
		fields.Draft = new(bool)
	}
	if refusal, taken := s.apply(r, fields); !taken {
		return refusal
	}
	s.releases = append(s.releases, r)
	return answer{status: http.StatusCreated, body: s.showRelease(r)}
}

func (s *Server) updateRelease(x *exchange) answer {
	r, found := s.release(x.id("release_id"))
	if !found {
		return notFound()
	}
	var fields releaseFields
	x.decode(&fields)
	if refusal, taken := s.apply(r, fields); !taken {
		return refusal
	}
	return answer{status: http.StatusOK, body: s.showRelease(r)}
}

func (s *Server) deleteRelease(x *exchange) answer {
	r, found := s.release(x.id("release_id"))
	if !found {
		return notFound()
	}
	if r.Immutable {
		s.burnt = append(s.burnt, r.Tag)
	}
	s.releases = slices.DeleteFunc(s.releases, func(other *Release) bool { return other == r })
	return answer{status: http.StatusNoContent}
}

func (s *Server) listAssets(x *exchange) answer {
	r, found := s.release(x.id("release_id"))
	if !found {
		return notFound()
	}
	return page(s, x, r.Assets, func(a *Asset) any { return s.showAsset(r, a) })
}

func (s *Server) uploadAsset(x *exchange) answer {
	r, found := s.release(x.id("release_id"))
	if !found {
		return notFound()
	}
	name := strings.Trim(unsafe.ReplaceAllString(x.query.Get("name"), "."), ".")
	switch {
	case x.r.ContentLength < 0 || x.r.Header.Get("Content-Type") == "":
		return message(http.StatusBadRequest, "Bad Content-Length or Content-Type")
	case len(x.body) == 0 || name == "":
		return invalid("ReleaseAsset", "size", "custom", "size is zero, or there is no name")
	case r.Immutable:
		return message(http.StatusUnprocessableEntity, "Cannot upload assets to an immutable release.")
	case slices.ContainsFunc(r.Assets, func(a *Asset) bool { return a.Name == name }):
		return invalid("ReleaseAsset", "name", "already_exists", "")
	}
	a := &Asset{ID: s.id(), Name: name, State: "uploaded", Content: x.body, at: s.now(), by: x.caller}
	r.Assets = append(r.Assets, a)
	return answer{status: http.StatusCreated, body: s.showAsset(r, a)}
}

func (s *Server) asset(id int64) (*Release, *Asset) {
	for _, r := range s.releases {
		for _, a := range r.Assets {
			if a.ID == id {
				return r, a
			}
		}
	}
	return nil, nil
}

// getAsset describes an asset, or sends whoever asks for its content to where
// contents are.
func (s *Server) getAsset(x *exchange) answer {
	r, a := s.asset(x.id("asset_id"))
	if a == nil || r.Draft && s.readOnly {
		return notFound()
	}
	if x.r.Header.Get("Accept") != "application/octet-stream" {
		return answer{status: http.StatusOK, body: s.showAsset(r, a)}
	}
	if a.State != "uploaded" {
		return notFound()
	}
	where := fmt.Sprintf("%s/%d?signature=%d", s.servers[downloadHost].URL, a.ID, a.ID*7919)
	return answer{status: http.StatusFound, header: map[string]string{"Location": where}, body: raw(nil)}
}

// download is the store behind GitHub: its addresses are signed, and a token is
// none of its business.
func (s *Server) download(r *http.Request, fault Fault) answer {
	if r.Header.Get("Authorization") != "" {
		s.t.Errorf("%s gets a token", r.URL)
	}
	var id, signature int64
	if _, err := fmt.Sscanf(r.URL.RequestURI(), "/%d?signature=%d", &id, &signature); err != nil || signature != id*7919 {
		return message(http.StatusForbidden, "AuthenticationFailed")
	}
	_, a := s.asset(id)
	if a == nil {
		return notFound()
	}
	if fault.Spoilt {
		return answer{status: http.StatusOK, body: raw(flip(a.Content))}
	}
	return answer{status: http.StatusOK, body: raw(a.Content)}
}

func (s *Server) deleteAsset(x *exchange) answer {
	r, a := s.asset(x.id("asset_id"))
	switch {
	case a == nil:
		return notFound()
	case r.Immutable:
		return message(http.StatusUnprocessableEntity, "Cannot delete assets from an immutable release.")
	}
	r.Assets = slices.DeleteFunc(r.Assets, func(other *Asset) bool { return other == a })
	return answer{status: http.StatusNoContent}
}
