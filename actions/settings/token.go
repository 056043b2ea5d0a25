package settings

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/actions/internal/github"
)

// soon is how long before its end a token is a finding: a week to make another.
const soon = 7 * 24 * time.Hour

const (
	remedyNewToken = "make another and hand it over as GITHUB_TOKEN: gh auth refresh, or Settings, Developer settings on GitHub"
	remedyRights   = "use a token of somebody who administers the repository: a fine-grained one with Administration, Actions, Contents, Deployments and Environments to read, or a classic one with the scope repo"
)

// tokenCheck looks at the token itself: what it may not do, the other checks
// cannot see.
func tokenCheck(client *github.Client, now time.Time) check {
	return check{"token", "GitHub accepts the token", func(ctx context.Context) (string, []string, string, error) {
		access, err := client.Access(ctx)
		switch {
		case errors.Is(err, github.ErrToken):
			return "", []string{"it has expired, was revoked or is mistyped: " + err.Error()}, remedyNewToken, nil
		case errors.Is(err, github.ErrNotFound):
			return "", []string{"it does not see the repository that GITHUB_REPOSITORY names: " + err.Error()}, remedyRights, nil
		case err != nil:
			return "", nil, "", err
		case !access.Expires.IsZero() && access.Expires.Sub(now) < soon:
			return "", []string{"it expires on " + access.Expires.Format(time.RFC3339)}, remedyNewToken, nil
		}
		if lacks := lacking(access); len(lacks) > 0 {
			return "", lacks, remedyRights, nil
		}
		return describe(access), nil, "", nil
	}}
}

// lacking is what the token may not do and must, to see what is checked. Of an
// app's GitHub does not say it: what that may not see is unknown by itself.
func lacking(a github.Access) []string {
	var lacks []string
	if !a.Admin && !a.Installation {
		lacks = append(lacks, "who it belongs to may not administer the repository, only "+rights(a))
	}
	if a.Scopes != nil && !slices.Contains(a.Scopes, "repo") {
		lacks = append(lacks, "it is a classic one without the scope repo, and has "+cmp.Or(strings.Join(a.Scopes, ", "), "none"))
	}
	return lacks
}

func rights(a github.Access) string {
	switch {
	case a.Installation:
		return "do what its app was given"
	case a.Admin:
		return "administer it"
	case a.Write:
		return "write to it"
	}
	return "read it"
}

func describe(a github.Access) string {
	text := "it may " + rights(a)
	if a.Scopes != nil {
		text += "; its scopes are " + strings.Join(a.Scopes, ", ")
	}
	if !a.Expires.IsZero() {
		text += "; it expires on " + a.Expires.Format(time.RFC3339)
	}
	return text
}
