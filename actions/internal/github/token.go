package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-github/v66/github"
)

// ErrToken means that GitHub does not know the token, or no longer.
var ErrToken = errors.New("GitHub does not accept the token")

// Access is what the client's token may do, as far as GitHub says it.
type Access struct {
	// Installation says that the token is an app's, as a job's own is.
	Installation bool
	// Admin and Write are what the person it belongs to may do in the repository,
	// which a token may do less of.
	Admin, Write bool
	// Scopes are those of a classic personal token; nil is one that has none, as
	// every other kind.
	Scopes []string
	// Expires is zero where GitHub does not say.
	Expires time.Time
}

// Access asks about the token, in one request. A token that GitHub does not
// accept is ErrToken, a repository that it does not see ErrNotFound.
func (c *Client) Access(ctx context.Context) (Access, error) {
	var repository struct {
		Permissions struct {
			Admin bool `json:"admin"`
			Push  bool `json:"push"`
		} `json:"permissions"`
	}
	response, err := c.call(ctx, http.MethodGet, "", nil, &repository)
	var refused *github.ErrorResponse
	if errors.As(err, &refused) && refused.Response.StatusCode == http.StatusUnauthorized {
		return Access{}, fmt.Errorf("%w: %s", ErrToken, refused.Message)
	}
	if err != nil {
		return Access{}, explain(err, "look up the repository %s/%s", c.owner, c.name)
	}
	may := repository.Permissions
	a := Access{Installation: c.installation, Admin: may.Admin, Write: may.Push, Expires: response.TokenExpiration.UTC()}
	if named, classic := response.Header["X-Oauth-Scopes"]; classic {
		a.Scopes = strings.FieldsFunc(strings.Join(named, ","), func(r rune) bool { return r == ',' || r == ' ' })
	}
	return a, nil
}
