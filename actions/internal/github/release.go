package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// MaxReleaseBody is GitHub's limit of a release's notes, in characters.
const MaxReleaseBody = 125000

// A Release publishes files under a tag. A draft is seen by those who may write.
type Release struct {
	ID         int64     `json:"id"`
	Tag        string    `json:"tag_name"`
	Name       string    `json:"name"`
	Body       string    `json:"body"`
	Draft      bool      `json:"draft"`
	Prerelease bool      `json:"prerelease"`
	Immutable  bool      `json:"immutable"`
	URL        string    `json:"html_url"`
	UploadURL  string    `json:"upload_url"`
	Published  time.Time `json:"published_at"`
	Assets     []Asset   `json:"assets"`
}

// releaseFields are what a release is created and changed with. It is never the
// latest one: that is for the software of a repository, not for its models.
type releaseFields struct {
	Tag        string `json:"tag_name"`
	Name       string `json:"name"`
	Body       string `json:"body"`
	Draft      bool   `json:"draft"`
	Prerelease bool   `json:"prerelease"`
	MakeLatest string `json:"make_latest"`
}

func fieldsOf(r Release) releaseFields {
	return releaseFields{Tag: r.Tag, Name: r.Name, Body: r.Body, Draft: r.Draft, Prerelease: r.Prerelease, MakeLatest: "false"}
}

// ReleaseByTag returns the published release of a tag, or ErrNotFound.
func (c *Client) ReleaseByTag(ctx context.Context, tag string) (Release, error) {
	var release Release
	_, err := c.call(ctx, http.MethodGet, "/releases/tags/"+url.PathEscape(tag), nil, &release)
	if err != nil {
		return Release{}, explain(err, "look up the release %s", tag)
	}
	return release, nil
}

// Releases returns all releases, newest first, and the drafts that the token
// may see.
func (c *Client) Releases(ctx context.Context) ([]Release, error) {
	return list[Release](ctx, c, "/releases", "the releases")
}

// list reads a list to its end.
func list[T any](ctx context.Context, c *Client, path, what string) ([]T, error) {
	all := []T{}
	err := pages(ctx, c, path, what, func(some []T) { all = append(all, some...) })
	if err != nil {
		return nil, err
	}
	return all, nil
}

// pages reads the pages of a list, of which take has each.
func pages[P any](ctx context.Context, c *Client, path, what string, take func(P)) error {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	for page := 1; page <= maxPages; {
		var some P
		response, err := c.call(ctx, http.MethodGet, fmt.Sprintf("%s%sper_page=%d&page=%d", path, separator, perPage, page), nil, &some)
		if err != nil {
			return explain(err, "list %s", what)
		}
		take(some)
		if response.NextPage == 0 {
			return nil
		}
		if response.NextPage <= page {
			return fmt.Errorf("list %s: page %d points to page %d", what, page, response.NextPage)
		}
		page = response.NextPage
	}
	return fmt.Errorf("list %s: there are more than %d", what, perPage*maxPages)
}

// CreateRelease creates a release. The error is ErrUnknownOutcome where it may
// be there although no answer came: look for it in Releases.
func (c *Client) CreateRelease(ctx context.Context, r Release) (Release, error) {
	var created Release
	_, err := c.call(ctx, http.MethodPost, "/releases", fieldsOf(r), &created)
	if err != nil {
		return Release{}, explain(err, "create the release %s", r.Tag)
	}
	return created, nil
}

// UpdateRelease makes the release of r's ID what r says; a draft that is to be
// one no longer is published. It is ErrExists where the tag has another
// published release.
func (c *Client) UpdateRelease(ctx context.Context, r Release) (Release, error) {
	var updated Release
	_, err := c.call(ctx, http.MethodPatch, fmt.Sprintf("/releases/%d", r.ID), fieldsOf(r), &updated)
	if err != nil {
		return Release{}, explain(err, "update the release %s", r.Tag)
	}
	return updated, nil
}

// DeleteRelease deletes a release; its tag stays.
func (c *Client) DeleteRelease(ctx context.Context, id int64) error {
	return c.remove(ctx, fmt.Sprintf("/releases/%d", id))
}
