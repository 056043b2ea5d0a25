package atomicfile

import (
	"fmt"
	"os"
	"path/filepath"
)

// Move puts a finished file at path, replacing what is there, and makes the
// folder if need be. The file must be on the same disk. Readers see the old
// file or the new one.
func Move(temp, path string) error {
	if err := MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := syncFile(temp); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("move into place: %w", err)
	}
	return syncDir(filepath.Dir(path))
}
