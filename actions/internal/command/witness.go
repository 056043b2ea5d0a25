package command

import (
	"fmt"

	"github.com/linecook-ml/linecook/actions/internal/attestation"
	"github.com/linecook-ml/linecook/actions/internal/witness"
	"github.com/linecook-ml/linecook/pipeline/promotion"
)

// Witness asks GitHub who approved a bundle and which workflow built it; nil
// where there is no token or no repository to ask about. Signed statements are
// verified against the trusted roots in the file roots; without one nobody can
// verify them.
func (a *App) Witness(roots string) (promotion.Witness, error) {
	if a.Getenv("GITHUB_TOKEN") == "" || a.Repository() == "" {
		return nil, nil
	}
	client, err := a.Client()
	if err != nil {
		return nil, UsageError(err)
	}
	w := &witness.GitHub{Client: client}
	if roots != "" {
		verifier, err := attestation.Open(roots, attestation.Options{Server: a.Getenv("GITHUB_SERVER_URL")})
		if err != nil {
			return nil, UsageError(fmt.Errorf("--trusted-root: %w", err))
		}
		w.Verify = verifier.Verify
	}
	return w, nil
}
