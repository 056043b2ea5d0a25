package command

import "github.com/linecook-ml/linecook/actions/internal/github"

// Repository is the one on GitHub that the environment names, as owner/name.
func (a *App) Repository() string { return a.Getenv("GITHUB_REPOSITORY") }

// Client speaks to that repository. An error names the variable that cannot be
// used.
func (a *App) Client() (*github.Client, error) {
	o, environment := a.GitHub, github.FromEnvironment(a.Getenv)
	o.APIURL, o.Token, o.Repository = environment.APIURL, environment.Token, environment.Repository
	return github.New(o)
}
