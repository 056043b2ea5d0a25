package command

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/githubregistry"
	"github.com/linecook-ml/linecook/actions/internal/provenance"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/registry"
	registrydir "github.com/linecook-ml/linecook/pipeline/registry/dir"
)

// The registries that --registry chooses from.
const (
	registryDir    = "dir"
	registryGitHub = "github"
)

// Registry is the one that --registry names: a folder below linecook's home, or
// the releases and tags of the repository that the environment describes.
func (a *App) Registry() (registry.Registry, error) {
	if a.opened != nil {
		return a.opened, nil
	}
	var err error
	switch a.registry {
	case registryDir:
		a.opened = a.folder()
	case registryGitHub:
		a.opened, err = a.gitHubRegistry()
	default:
		err = UsageError(fmt.Errorf("--registry %q is unknown; use %s or %s", a.registry, registryDir, registryGitHub))
	}
	return a.opened, err
}

func (a *App) folder() *registrydir.Registry {
	return registrydir.Open(filepath.Join(a.home, "registry"))
}

func (a *App) gitHubRegistry() (registry.Registry, error) {
	client, err := a.Client()
	if err != nil {
		return nil, UsageError(fmt.Errorf("--registry %s: %w", registryGitHub, err))
	}
	o := githubregistry.Options{
		Client: client, Repository: a.Repository(), Commit: a.Getenv("GITHUB_SHA"),
		Promoters: a.promoters, File: path.Clean(filepath.ToSlash(a.pipeline)),
		Cache: filepath.Join(a.home, "cache", "github", "events"),
		Warn:  func(text string) { _, _ = fmt.Fprintf(a.Err, "warning: %s\n", text) },
	}
	if provenance.OnRunner(a.Getenv) {
		o.Log = fmt.Sprintf("%s/%s/actions/runs/%s", strings.TrimSuffix(a.Getenv("GITHUB_SERVER_URL"), "/"), a.Repository(), a.Getenv("GITHUB_RUN_ID"))
		o.Statement = func(name, digest string) ([]byte, error) { return provenance.Statement(a.Getenv, name, digest) }
	}
	return githubregistry.New(o), nil
}

// PromoterFlag adds --promoter to a command that looks at who promoted.
func (a *App) PromoterFlag(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&a.promoters, "promoter", nil, "the workflow whose runs promote, where the registry is github; again for one that did once (default "+strings.Join(githubregistry.Promoters, " or ")+")")
}

// Confirmation asks GitHub whether events are what happened, where the registry
// is there; a folder has nobody to ask, and there it is nil.
// Events that are hidden from it are not missed.
func (a *App) Confirmation(now time.Time, hidden ...string) registry.Confirmation {
	if r, ok := a.opened.(*githubregistry.Registry); ok {
		return r.Confirm(now, hidden...)
	}
	return nil
}

// Unwitnessed says that an event which is made here could not be confirmed: the
// registry is on GitHub, and this is none of its runs.
func (a *App) Unwitnessed(origin promotion.Origin) bool {
	return a.registry == registryGitHub && origin.Kind != promotion.OriginGitHub
}

// Show makes good what an interrupted run left of what people are shown of a
// stage, where the registry shows it anywhere.
func (a *App) Show(ctx context.Context, name, stage string) {
	if r, ok := a.opened.(*githubregistry.Registry); ok {
		r.Show(ctx, name, stage)
	}
}

// Archive is where a registered bundle's archive stands for the steps that
// follow: where the registry keeps it, or in a copy in the runner's temporary
// folder.
func (a *App) Archive(reg registry.Registration, archive []byte) (string, error) {
	if a.registry == registryDir {
		return a.folder().BundlePath(reg.Name, reg.Version), nil
	}
	temporary := a.Getenv("RUNNER_TEMP")
	if temporary == "" {
		temporary = os.TempDir()
	}
	path := filepath.Join(temporary, "linecook", githubregistry.ArchiveName(reg.Name, reg.Version))
	return path, WriteFile(path, archive)
}
