package github

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// An Asset is a file of a release.
type Asset struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Size int64  `json:"size"` // bytes
	// Digest is "sha256:" and hexadecimal; empty where GitHub has none.
	Digest string `json:"digest"`
	// State is uploaded, or starter where an upload broke off.
	State string `json:"state"`
}

// Complete says that the upload came to its end.
func (a Asset) Complete() bool { return a.State == "uploaded" }

// A File is what Upload sends. Open is called once for each attempt.
type File struct {
	Name string
	Size int64 // bytes
	Open func() (io.ReadCloser, error)
}

// assetName is what GitHub keeps as it is; it replaces other characters.
var assetName = regexp.MustCompile(`^[A-Za-z0-9_+@-][A-Za-z0-9._+@-]*$`)

// Assets returns the files of a release, those whose upload broke off too.
func (c *Client) Assets(ctx context.Context, release int64) ([]Asset, error) {
	return list[Asset](ctx, c, fmt.Sprintf("/releases/%d/assets", release), "the release's assets")
}

// Upload adds a file to a release. It is sent once: after ErrUnknownOutcome it
// may be there, whole or as a starter that must be deleted before the next try.
// It is ErrExists where the name is taken.
func (c *Client) Upload(ctx context.Context, release Release, file File) (Asset, error) {
	if !assetName.MatchString(file.Name) || strings.HasSuffix(file.Name, ".") {
		return Asset{}, fmt.Errorf("the asset's name %q would be changed by GitHub: use letters, digits, '.', '_', '+', '@' and '-'", file.Name)
	}
	target, err := c.uploadURL(release.UploadURL)
	if err != nil {
		return Asset{}, err
	}
	target.RawQuery = url.Values{"name": {file.Name}}.Encode()
	body, err := file.Open()
	if err != nil {
		return Asset{}, fmt.Errorf("open %s to upload it: %w", file.Name, err)
	}
	request, err := c.api.NewUploadRequest(target.String(), body, file.Size, "application/octet-stream")
	if err != nil {
		return Asset{}, fmt.Errorf("upload %s: %w", file.Name, err)
	}
	request.GetBody = file.Open
	var uploaded Asset
	_, err = c.api.Do(expecting(ctx, transfer{bytes: file.Size, host: target.Host}), request, &uploaded)
	if err != nil {
		return Asset{}, explain(err, "upload %s to the release %s", file.Name, release.Tag)
	}
	return uploaded, nil
}

// uploadURL is the address that a release names for its uploads, without the
// template's tail. The token goes there, so it must be the server's own: the
// API's host, as Enterprise Server has it, or the one beside it, as github.com
// has it.
func (c *Client) uploadURL(template string) (*url.URL, error) {
	address, _, _ := strings.Cut(template, "{")
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("GitHub names an upload address that is none: %w", err)
	}
	base := c.api.BaseURL
	beside := "uploads." + strings.TrimPrefix(base.Host, "api.")
	own := parsed.Host == base.Host || strings.HasPrefix(base.Host, "api.") && parsed.Host == beside || isLoopback(base.Hostname()) && isLoopback(parsed.Hostname())
	if parsed.Scheme != base.Scheme || !own || parsed.User != nil {
		return nil, fmt.Errorf("GitHub names the upload address %s, which is not of %s: the token does not go there", address, base.Host)
	}
	return parsed, nil
}

// Download returns the content of an asset. It is as long as the asset says, or
// an error.
func (c *Client) Download(ctx context.Context, a Asset) ([]byte, error) {
	request, err := c.api.NewRequest(http.MethodGet, fmt.Sprintf("repos/%s/%s/releases/assets/%d", c.owner, c.name, a.ID), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/octet-stream")
	var content bytes.Buffer
	if _, err := c.api.Do(expecting(ctx, transfer{bytes: a.Size}), request, &content); err != nil {
		return nil, explain(err, "download %s", a.Name)
	}
	if int64(content.Len()) != a.Size {
		return nil, fmt.Errorf("download %s: %d bytes came, and it has %d", a.Name, content.Len(), a.Size)
	}
	return content.Bytes(), nil
}

// DeleteAsset deletes a file of a release that is not immutable.
func (c *Client) DeleteAsset(ctx context.Context, id int64) error {
	return c.remove(ctx, fmt.Sprintf("/releases/assets/%d", id))
}
