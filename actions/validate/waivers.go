package validate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// waivers reads the exceptions; nil where there is no file. A file that cannot
// be used is a mistake in the configuration: it is not known what it was to let
// pass.
func waivers(app *command.App, c *pipeline.Config) (*contract.WaiverFile, error) {
	path := filepath.Join(c.Root, command.WaiversFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, command.UsageError(fmt.Errorf("the waivers cannot be read: %w", err))
	}
	file, findings := contract.ParseWaivers(filepath.ToSlash(path), text)
	if file != nil {
		return file, nil
	}
	if err := app.Findings(findings); err != nil {
		return nil, err
	}
	return nil, command.UsageError(fmt.Errorf("%s cannot be used: %s", filepath.ToSlash(path), report.Count(findings)))
}
