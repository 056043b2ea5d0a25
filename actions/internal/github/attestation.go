package github

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// An Attestation is a statement that somebody signed about a digest, with what
// is needed to verify it: a Sigstore bundle. Nothing of it is verified here.
type Attestation struct {
	Bundle json.RawMessage `json:"bundle"`
}

// Attestations returns what the repository holds about a digest, "sha256:" and
// hexadecimal; none is not an error.
func (c *Client) Attestations(ctx context.Context, digest string) ([]Attestation, error) {
	var found struct {
		Attestations []Attestation `json:"attestations"`
	}
	_, err := c.call(ctx, http.MethodGet, "/attestations/"+url.PathEscape(digest)+"?per_page=100", nil, &found)
	if err = explain(err, "list the attestations of %s", digest); err != nil && !isNotFound(err) {
		return nil, err
	}
	return found.Attestations, nil
}
