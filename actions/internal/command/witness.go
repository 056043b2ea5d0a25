package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/linecook-ml/linecook/actions/internal/attestation"
	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/actions/internal/witness"
	"github.com/linecook-ml/linecook/pipeline/promotion"
)

// Witness asks GitHub who approved a bundle and which workflow built it; nil
// where there is no token or no repository to ask about. Signed statements are
// verified against the trusted roots in the file roots. Without one, a runner of
// github.com asks GitHub's own program for them, when there is something to
// verify; elsewhere nobody can verify anything.
func (a *App) Witness(ctx context.Context, roots string) (promotion.Witness, error) {
	if a.Getenv("GITHUB_TOKEN") == "" || a.Repository() == "" {
		return nil, nil
	}
	client, err := a.Client()
	if err != nil {
		return nil, UsageError(err)
	}
	w := &witness.GitHub{Client: client}
	options := attestation.Options{Server: a.Getenv("GITHUB_SERVER_URL")}
	switch {
	case roots != "":
		verifier, err := attestation.Open(roots, options)
		if err != nil {
			return nil, UsageError(fmt.Errorf("--trusted-root: %w", err))
		}
		w.Verify = verifier.Verify
	case a.Getenv("GITHUB_ACTIONS") == "true" && options.Server == github.PublicServer:
		asked := sync.OnceValues(func() (*attestation.Verifier, error) { return a.askForRoots(ctx, options) })
		w.Verify = func(statement []byte, digest string) (promotion.Provenance, error) {
			verifier, err := asked()
			if err != nil {
				return promotion.Provenance{}, err
			}
			return verifier.Verify(statement, digest)
		}
	}
	return w, nil
}

// rootsPatience bounds what GitHub's program may take to fetch the roots.
const rootsPatience = time.Minute

// askForRoots takes the trusted roots from `gh attestation trusted-root`, which
// GitHub's runners have. An error says what to do instead.
func (a *App) askForRoots(ctx context.Context, o attestation.Options) (*attestation.Verifier, error) {
	const command = "gh attestation trusted-root"
	fail := func(err error) (*attestation.Verifier, error) {
		return nil, fmt.Errorf("%w; name a file with the trusted roots by --trusted-root", err)
	}
	path, err := exec.LookPath("gh")
	if err != nil {
		return fail(errors.New("there is no gh on this runner to ask for the trusted roots"))
	}
	deadline := a.GitHub.Deadline
	if deadline == nil {
		deadline = context.WithTimeout
	}
	ctx, cancel := deadline(ctx, rootsPatience)
	defer cancel()
	gh := exec.CommandContext(ctx, path, "attestation", "trusted-root")
	gh.Env = append(gh.Environ(), "GH_TOKEN="+a.Getenv("GITHUB_TOKEN"), "GH_PROMPT_DISABLED=1", "GH_NO_UPDATE_NOTIFIER=1")
	// What gh has started may outlive it, and hold its streams.
	gh.WaitDelay = time.Second
	roots, err := gh.Output()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return fail(fmt.Errorf("%s did not end in time", command))
	case errors.As(err, &exit):
		said, _, _ := strings.Cut(strings.TrimSpace(string(exit.Stderr)), "\n")
		return fail(fmt.Errorf("%s failed: %s", command, cmp.Or(said, err.Error())))
	case err != nil:
		return fail(fmt.Errorf("%s failed: %w", command, err))
	}
	verifier, err := attestation.Parse("what "+command+" printed", roots, o)
	if err != nil {
		return fail(err)
	}
	return verifier, nil
}
