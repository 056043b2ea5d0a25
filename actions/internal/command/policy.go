package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/policy"
)

// policyFolder, beside the pipeline's file, holds a repository's own checks.
const policyFolder = "policy"

// WaiversFile holds the exceptions; it stands beside the pipeline's file.
const WaiversFile = "waivers.yaml"

// Policy is the toolkit's policy together with the repository's own checks:
// those in folder, or, where folder is empty, in policy beside the pipeline's
// file if there is one. Checks that cannot be used are a mistake in the
// configuration, never left out.
func (a *App) Policy(ctx context.Context, c *pipeline.Config, folder string) (*policy.Engine, error) {
	modules, err := ownChecks(c.Root, folder, false)
	if err != nil {
		return nil, UsageError(err)
	}
	engine, err := policy.New(ctx, policy.Options{Modules: modules})
	if err != nil && len(modules) > 0 {
		err = UsageError(err)
	}
	return engine, err
}

// PolicyModules are a repository's own checks and their tests.
func (a *App) PolicyModules(c *pipeline.Config, folder string) (map[string]string, error) {
	modules, err := ownChecks(c.Root, folder, true)
	if err != nil {
		return nil, UsageError(err)
	}
	return modules, nil
}

// ownChecks reads the Rego files of a folder and those below it. Their names start with the folder's, wherever the command runs, because
// they enter the policy's digest.
func ownChecks(root, folder string, tests bool) (map[string]string, error) {
	named := folder != ""
	if !named {
		folder = filepath.Join(root, policyFolder)
	}
	info, err := os.Stat(folder)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("--policy: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder; put checks of your own into one, as .rego files", folder)
	}
	modules := map[string]string{}
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".rego") || !tests && strings.HasSuffix(path, "_test.rego") {
			return err
		}
		relative, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		modules[filepath.Base(folder)+"/"+filepath.ToSlash(relative)] = string(text)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the checks in %s: %w", folder, err)
	}
	if named && len(modules) == 0 {
		return nil, fmt.Errorf("--policy: %s holds no .rego file", folder)
	}
	return modules, nil
}
