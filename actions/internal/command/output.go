package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/linecook-ml/linecook/pipeline"
)

// An Output is a file that a command writes where a flag says.
type Output struct {
	Flag, Path string
	// NewFolder says that its folder is made where it is missing.
	NewFolder bool
}

// CheckOutputs refuses, before any work is done, files that could not be written
// and those that hold what the pipeline is made of, or the other's output. What
// an earlier run wrote is written anew. Outputs without a path are none.
func (a *App) CheckOutputs(outputs ...Output) error {
	var parts []pipeline.Part
	// Where the pipeline's file cannot be read, the command ends for that.
	if text, err := os.ReadFile(a.pipeline); err == nil {
		root := filepath.Dir(a.pipeline)
		parts = append(pipeline.Parts(a.PipelineFile(), text),
			pipeline.Part{What: "the waivers", Root: root, Pattern: WaiversFile},
			pipeline.Part{What: "a file of the policy", Root: root, Pattern: policyFolder + "/*"})
	}
	for i, output := range outputs {
		if output.Path == "" {
			continue
		}
		if err := output.check(parts); err != nil {
			return UsageError(err)
		}
		for _, other := range outputs[:i] {
			if other.Path != "" && (pipeline.Part{Root: ".", Pattern: other.Path}).Names(output.Path) {
				return UsageError(fmt.Errorf("%s and %s both write %s; name two files", other.Flag, output.Flag, output.Path))
			}
		}
	}
	return nil
}

func (o Output) check(parts []pipeline.Part) error {
	if info, err := os.Stat(o.Path); err == nil && info.IsDir() {
		return fmt.Errorf("%s: %s is a folder; name a file", o.Flag, o.Path)
	}
	for _, part := range parts {
		if part.Names(o.Path) {
			place := ""
			if part.Position.Line > 0 {
				place = " (" + part.Position.String() + ")"
			}
			return fmt.Errorf("%s: %s is %s%s, and no place for an output; name another file", o.Flag, o.Path, part.What, place)
		}
	}
	folder := filepath.Dir(o.Path)
	info, err := os.Stat(folder)
	for o.NewFolder && errors.Is(err, fs.ErrNotExist) && filepath.Dir(folder) != folder {
		folder = filepath.Dir(folder)
		info, err = os.Stat(folder)
	}
	switch {
	case err != nil:
		return fmt.Errorf("%s: %s is no folder that is there; make it, or name another", o.Flag, folder)
	case !info.IsDir():
		return fmt.Errorf("%s: %s is a file; name a folder", o.Flag, folder)
	}
	return nil
}
